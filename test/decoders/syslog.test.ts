/** What fixtures can't show of syslog: what counts on its port only, other text, and the priority's bounds. */
import test from "ava";
import { syslog } from "../../decoders/syslog.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const is = (text: string, at = away): boolean => decodeDatagram(syslog, ascii(text), at).recognised;

test("a priority and a time prove it on any port", (t) => {
  t.true(is("<34>Oct 11 22:14:15 gw7 su: failed"));
  t.true(is("<34>1 2003-10-11T22:14:15.003Z gw7 su - ID47 - failed"));
  t.true(is("<189>29: *Apr 13 09:12:48.448: %SYS-5-CONFIG_I"), "as Cisco writes it");
  t.true(is("<189>: 2026 Nov 21 20:00:00 UTC: %ETHPORT-5-IF_UP: up"), "as its switches do");
  t.true(is("<189>45: gw7: *Mar  1 00:00:53.503: %LINK-3-UPDOWN: down"));
  t.true(is("<14>2026-11-21 20:00:00,123 gw7 rollout: up"), "as Python does");
  t.false(is("<34>su: failed"));
  t.true(is("<34>su: failed", datagramAt(40_001, 514)), "on its port a priority is enough");
});

test("devices that leave the time out are known by what only logs begin with", (t) => {
  t.true(is("<166>%ASA-6-302013: Built outbound TCP connection"));
  t.true(is("<134>CEF:0|Vendor|Gateway|1|100|up|5|"));
  t.true(is("<134>LEEF:1.0|Vendor|Gateway|1|up|"));
  t.true(is("<189>date=2026-11-21 time=20:00:00 devname=gw7"));
  for (const text of ["<134>CEF: 0|", "<1>%d-%s", "<189>date=soon", "<34>a: b: c: d: %X-1-Y: z"])
    t.false(is(text), text);
});

test("a zero byte or a line's end behind the text is none of it", (t) => {
  const on = datagramAt(40_001, 514);
  t.true(is("<14>up\0", on));
  t.true(is("<14>up\n\0", on));
  t.false(is("<14>\0\0", on));
  t.false(is("<14>u\0p", on));
});

test("what is no priority, and what is XML", (t) => {
  const on = datagramAt(40_001, 514);
  for (const text of [
    "<192>Oct 11 22:14:15 gw7 a",
    "<034>Oct 11 22:14:15 gw7 a",
    "<>Oct 11",
    "<xml/>",
    "34 Oct 11 22:14:15",
  ])
    t.false(is(text, on), text);
});

test("over TCP a count or a line's end frames it, and text of others does not pass", (t) => {
  const stream = (text: string, port = 41_000): unknown => {
    const said = decodeStream(syslog, ascii(text), streamAt(40_001, port));
    return said.facts.flatMap((f) => (f.kind === "field" && f.field === "syslog.framing" ? [f.value] : []))[0];
  };
  t.is(stream("34 <34>Oct 11 22:14:15 gw7 su: failed"), "octet-counted");
  t.is(stream("<34>Oct 11 22:14:15 gw7 su: failed\n"), "newline");
  t.is(stream("<34>Oct 11 22:14:15 gw7 su: failed\0<34>"), "nul");
  t.is(stream("<34>Oct 11 22:14:15 gw7 su: fail"), undefined);
  t.is(stream("220 mail.rollout.example ESMTP\r\n", 601), undefined);
  t.is(stream("<stream:stream xmlns='jabber:client'>\n", 601), undefined);
});
