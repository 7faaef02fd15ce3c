/** What fixtures can't show of XMPP: other XML, older streams, and what is never told. */
import test from "ava";
import { xmpp } from "../../decoders/xmpp.ts";
import type { Outcome } from "../support/decode.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const AWAY = streamAt(40_001, 41_000);
const say = (text: string, at = AWAY): Outcome => decodeStream(xmpp, ascii(text), at);
const OPEN =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='rollout.example'>";

test("a stream's tag proves it, other XML does not", (t) => {
  t.true(say(OPEN).recognised);
  t.true(say(`<?xml version='1.0'?>\n${OPEN}`).recognised);
  t.true(say('<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:server">').recognised);
  for (const text of [
    "<?xml version='1.0'?><soap:Envelope>",
    "<stream:stream>",
    "<iq xmlns='jabber:client'/>",
    "<script>",
    `<?xml version='1.0'?>${" ".repeat(20)}`,
    `<?xml ${"x".repeat(9000)}`,
  ])
    t.false(say(text).recognised, text.slice(0, 40));
});

test("amid a connection a stanza needs a namespace of XMPP's", (t) => {
  const amid = { ...AWAY, fromStart: false };
  t.true(say("<iq type='get'><query xmlns='jabber:iq:roster'/></iq>", amid).recognised);
  t.true(say("<presence xmlns='jabber:client'/>", amid).recognised);
  t.false(say("<message>hello</message>", amid).recognised);
  t.false(say("<iq type='get'><query xmlns='urn:other'/></iq>", amid).recognised);
});

test("credentials and stanzas are told nobody", (t) => {
  const said = say(
    `${OPEN}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGd3NwBz</auth><iq to='gw7'/>`,
  );
  t.is(said.end, "done");
  t.notRegex(JSON.stringify(said.facts), /AGd3|gw7/);
  t.regex(JSON.stringify(said.facts), /"xmpp.auth","value":"PLAIN"/);
});
