/** A stream that becomes another protocol's: both directions, in whatever pieces, with holes, and where nothing follows. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { flowLines } from "../support/flows.ts";
import { numbered } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { alert, clientHello, connection, type Line, serverHello, upRecords } from "../support/talk.ts";

const FROM = "10.0.0.1:40000";
const TO = "10.0.0.2:2500";
const GREETING: Line = ["<", ascii("220 mail.rollout.example ESMTP\r\n")];
const EHLO: Line = [">", ascii("EHLO gw7\r\n")];
const OFFER: Line = ["<", ascii("250-mail.rollout.example\r\n250 STARTTLS\r\n")];
const START: Line = [">", ascii("STARTTLS\r\n")];
const READY: Line = ["<", ascii("220 go ahead\r\n")];
const TALK = [GREETING, EHLO, OFFER, START, READY];
const HELLO = clientHello("mail.rollout.example");

/** The flow in a line, what runs inside it, the names sent, the TLS version chosen, and how many sides came up. */
function said(seen: Observation): string {
  const facts = seen.identified.details.flatMap(({ sightings }) => sightings.map(({ fact }) => fact));
  const words = facts.flatMap((fact): (string | number)[] => {
    if (fact.kind === "inner") return [fact.app];
    if (fact.kind === "name") return [fact.name];
    return fact.kind === "field" && fact.field === "tls.version" ? [fact.value] : [];
  });
  const ups = facts.filter((fact) => fact.kind === "up").length;
  const [flow = ""] = flowLines(seen);
  return [...flow.split(" ").filter((_, i) => i === 4 || i === 6), ...words, ups].join(" ");
}
const told = (lines: readonly Line[]): string => said(observe(numbered(connection(FROM, TO, 0, lines))));
const pieces = (side: "<" | ">", data: Uint8Array, size: number): Line[] =>
  Array.from({ length: Math.ceil(data.length / size) }, (_, i) => [side, data.slice(i * size, (i + 1) * size)]);

const UPGRADED = "established smtp tls mail.rollout.example tls 771 2";

test("from STARTTLS on the stream is read by the decoder of TLS, and stays the mail's", (t) => {
  t.is(told([...TALK, [">", HELLO], ["<", serverHello()], [">", upRecords()], ["<", upRecords()]]), UPGRADED);
});

test("in whatever pieces it comes", (t) => {
  const client = concat([ascii("EHLO gw7\r\nSTARTTLS\r\n"), HELLO, upRecords()]);
  const server = concat(
    [GREETING[1], OFFER[1], READY[1], serverHello(), upRecords()].map((part) => part as Uint8Array),
  );
  for (const size of [1, 7, 50, 1000])
    t.is(told([...pieces(">", client, size), ...pieces("<", server, size)]), UPGRADED);
});

test("an alert before they had agreed is a failure, whatever was said in clear before", (t) => {
  t.is(told([...TALK, [">", HELLO], ["<", alert(40)]]), "failed smtp tls mail.rollout.example tls 0");
});

test("a refused upgrade changes nothing", (t) => {
  const lines: Line[] = [
    ["<", ascii("454 not now\r\n")],
    [">", ascii("MAIL FROM:<>\r\n")],
    ["<", ascii("250 fine\r\n")],
  ];
  t.is(told([GREETING, EHLO, OFFER, START, ...lines]), "established smtp 0");
});

test("what only begins like the other protocol ends the direction and says nothing", (t) => {
  t.is(
    told([...TALK, [">", concat([HELLO.slice(0, 5), new Uint8Array(HELLO.length).fill(0x2e)])]]),
    "established smtp 0",
  );
});

test("a hello with a hole before it is no beginning", (t) => {
  const frames = connection(FROM, TO, 0, [...TALK, [">", HELLO.slice(0, 40)], [">", HELLO.slice(40)], [">", HELLO]]);
  t.is(said(observe(numbered(frames.toSpliced(8, 1)))), "established smtp 0");
});

test("cut between the agreement and the hello, and within the hello, two slices say what the whole says", (t) => {
  const frames = numbered(
    connection(FROM, TO, 0, [
      ...TALK,
      ...pieces(">", HELLO, 60),
      ["<", serverHello()],
      [">", upRecords()],
      ["<", upRecords()],
    ]),
  );
  for (let at = 1; at < frames.length; at++) {
    const slices = [frames.slice(0, at), frames.slice(at)].map((part) => observe(part));
    t.is(said(mergeObservations(slices, DECODERS)), UPGRADED, `cut before frame ${at + 1}`);
  }
});
