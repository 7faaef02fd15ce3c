/** Every decoder says of its fixtures what stands beside them, wherever they are cut and on whatever port. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Context, Decoder } from "../../src/decode/decoder.ts";
import { type Fact, OPERATION_CLASSES } from "../../src/decode/facts.ts";
import { decodeDatagram, decodeStream, type Outcome } from "../support/decode.ts";
import { describe, type Fixture, fixturesOf, refresh } from "../support/decoder-fixtures.ts";
import { equal } from "../support/equal.ts";

const REFRESH = process.env.UPDATE_FIXTURES === "1";
/** Ports that suggest no protocol at all. */
const STRANGE = { senderPort: 40_321, receiverPort: 41_234 };

function decode(
  d: Decoder,
  f: Fixture,
  length = f.bytes.length,
  at: Context = f.at,
  cutOff = f.cutOff,
  around = 0,
): Outcome {
  const read = f.at.transport === "tcp" ? decodeStream : decodeDatagram;
  return read(d, f.bytes.subarray(0, length), at, cutOff, around);
}

/** Whether a DNS response failed may stand in its last record (EDNS), so a cut one is held to the rest of what it says. */
const header = (fact: Fact): Fact =>
  fact.kind === "message" && fact.what === "response" ? { ...fact, failed: false } : fact;
/**
 * A cut operation has to be told all the same: what it is about may stand behind the cut, and then it may count for more
 * than it is, and never for less.
 */
function isLessOf(part: Fact, whole: Fact): boolean {
  if (part.kind !== "operation" || whole.kind !== "operation") return false;
  const same = (key: "protocol" | "role" | "code" | "operation"): boolean => part[key] === whole[key];
  if (!same("protocol") || !same("role") || !same("code") || !same("operation")) return false;
  if (part.id !== null && part.id !== whole.id) return false;
  if (part.target !== null && whole.target?.startsWith(part.target) !== true) return false;
  const ranks: readonly string[] = [...OPERATION_CLASSES, "unknown"];
  return ranks.indexOf(part.class) >= ranks.indexOf(whole.class) && (!part.failed || whole.failed);
}
/** Their messages end where the datagram ends, behind any option: a shorter one is another message, and whole. */
const OPEN_ENDED = ["dhcpv6", "syslog", "tftp", "ike", "rtp", "rtcp", "sctp"];
/** Fixture and decoder: an endpoint mapper that answers neither from nor to 135 is a PROFINET device's, whatever it says. */
const TAKEN_ON_STRANGE_PORTS: ReadonlySet<string> = new Set([
  "dcerpc response profinet-cm",
  "dcerpc reject profinet-cm",
]);
const isProblem = (fact: { kind: string }): boolean => fact.kind === "problem";

for (const decoder of DECODERS) {
  const fixtures = fixturesOf(decoder.id);

  test(`${decoder.id}: fixtures`, (t) => {
    for (const fixture of fixtures) {
      const said = describe(decode(decoder, fixture));
      if (REFRESH) refresh(fixture, said);
      else t.is(said, fixture.expected, `${fixture.file}: ${fixture.title}`);
    }
    t.true(fixtures.length > 0);
  });

  test(`${decoder.id}: what stands around a message changes nothing`, (t) => {
    for (const fixture of fixtures) {
      for (let length = 0; length <= fixture.bytes.length; length++) {
        const zeros = decode(decoder, fixture, length);
        equal(
          t,
          decode(decoder, fixture, length, fixture.at, fixture.cutOff, 0x2e),
          zeros,
          `${fixture.file} at ${length}`,
        );
        equal(
          t,
          decode(decoder, fixture, length, fixture.at, fixture.cutOff, 0xff),
          zeros,
          `${fixture.file} at ${length}`,
        );
      }
    }
  });

  test(`${decoder.id}: cut anywhere it claims no more than it read`, (t) => {
    for (const fixture of fixtures) {
      const whole = decode(decoder, fixture);
      const facts = [...whole.facts, ...whole.facts.map(header)];
      const wholeTexts = new Set(describe({ ...whole, facts, end: "none" }).split("\n"));
      for (let length = 0; length < fixture.bytes.length; length++) {
        const missing = fixture.bytes.length - length;
        for (const cutOff of fixture.at.transport !== "tcp" ? [0, missing] : [0]) {
          const part = decode(decoder, fixture, length, fixture.at, cutOff);
          t.true(part.taken <= length);
          const facts = part.facts.filter((fact) => !isProblem(fact) && fact.kind !== "answer").map(header);
          for (const fact of facts) {
            const text = describe({ recognised: true, facts: [fact], taken: 0, end: "none" }).trimEnd();
            const said = wholeTexts.has(text) || (cutOff > 0 && whole.facts.some((other) => isLessOf(fact, other)));
            t.true(said, `${fixture.file} cut at ${length}: ${text}`);
          }
          for (const fact of part.facts) {
            if (fact.kind !== "answer") continue;
            const full = whole.facts.find((other) => other.kind === "answer" && other.name === fact.name);
            t.true(full?.kind === "answer");
            if (full?.kind !== "answer") continue;
            equal(t, fact.records, full.records.slice(0, fact.records.length), `${fixture.file} cut at ${length}`);
            t.true(fact.partial || fact.records.length === full.records.length);
          }
          const waits = part.end === "more"; // for datagrams that will bring the rest
          const another = cutOff === 0 && OPEN_ENDED.includes(decoder.id);
          if (
            part.recognised &&
            !waits &&
            !another &&
            fixture.at.transport !== "tcp" &&
            whole.facts.every((fact) => !isProblem(fact))
          ) {
            const lost =
              facts.length < whole.facts.length || part.facts.some((fact) => fact.kind === "answer" && fact.partial);
            if (lost)
              t.true(
                part.facts.some((fact) => isProblem(fact) || (fact.kind === "answer" && fact.partial)),
                `${fixture.file} cut at ${length}`,
              );
          }
        }
      }
      equal(t, decode(decoder, fixture), whole, "and works afterwards");
    }
  });

  if (decoder.stream !== undefined) {
    test(`${decoder.id}: a stream says the same in whatever pieces it comes`, (t) => {
      const streams = fixtures.filter((f) => f.at.transport === "tcp" && f.at.fromStart && f.cutOff === 0);
      t.true(streams.length > 0);
      for (const f of streams) {
        const whole = decode(decoder, f);
        equal(t, decodeStream(decoder, f.bytes, f.at, 0, 0, [1]), whole, `${f.file}, byte by byte`);
        for (let first = 1; first < f.bytes.length; first++) {
          const pieces = [first, f.bytes.length];
          equal(t, decodeStream(decoder, f.bytes, f.at, 0, 0, pieces), whole, `${f.file}, cut at ${first}`);
        }
      }
    });
  }

  test(`${decoder.id}: on a port that is not its own`, (t) => {
    let known = 0;
    for (const fixture of fixtures) {
      const here = decode(decoder, fixture);
      const there = decode(decoder, fixture, fixture.bytes.length, { ...fixture.at, ...STRANGE });
      if (there.recognised) known++;
      if (there.recognised) equal(t, there.facts, here.facts, fixture.file);
    }
    t.true(known > 0, "none of its fixtures is recognised away from its ports");
  });

  test(`${decoder.id}: no other decoder takes its fixtures`, (t) => {
    for (const other of DECODERS.filter((d) => d !== decoder)) {
      for (const fixture of fixtures) {
        t.false(decode(other, fixture).recognised, `${fixture.file}: ${fixture.title} taken by ${other.id}`);
        if (TAKEN_ON_STRANGE_PORTS.has(`${decoder.id} ${fixture.title} ${other.id}`)) continue;
        const strange = decode(other, fixture, fixture.bytes.length, { ...fixture.at, ...STRANGE });
        t.false(strange.recognised, `${fixture.file}: ${fixture.title} taken by ${other.id} on strange ports`);
      }
    }
  });
}
