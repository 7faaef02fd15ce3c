/** Forms rule out what no decoder would read: so nothing that one reads may be without its form. */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { Attempt } from "../../src/decode/attempt.ts";
import { type Context, type Decoder, STREAM_NO } from "../../src/decode/decoder.ts";
import { gateOf, gatesOf, hasForm } from "../../src/decode/forms.ts";
import { hintsOf } from "../../src/decode/hints.ts";
import { Packet } from "../../src/dissect/packet.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";

const hints = hintsOf(DECODERS);
/** A port that suggests nobody, in either transport. */
const STRANGE = Array.from({ length: 9 }, (_, i) => 40_001 + 2_003 * i).filter(
  (port) => hints.udp[port] === 0 && hints.tcp[port] === 0,
);

/** Messages of a decoder as they are, cut short, with bytes changed, and bytes of no kind. */
function messages(fixtures: readonly Fixture[]): fc.Arbitrary<{ bytes: Uint8Array; at: Context | null }> {
  const anything = fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 96 }), at: fc.constant(null) });
  if (fixtures.length === 0) return anything;
  const changes = fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 3 });
  const changed = fc
    .tuple(fc.constantFrom(...fixtures), changes, fc.option(fc.integer({ min: 1, max: 64 })))
    .map(([{ bytes: whole, at }, bytes, length]) => {
      const copy = whole.slice(0, length ?? whole.length);
      for (const [place, value] of bytes) if (place < copy.length) copy[place] = value;
      return { bytes: copy, at };
    });
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: anything });
}

function strangers(attempt: Attempt, at: Context | null, transport: "udp" | "tcp", port: number): void {
  Object.assign(attempt.context, at ?? {}, { transport, senderPort: port, receiverPort: port + 2 });
  Object.assign(attempt.context, { started: false, peerStarted: false, before: [], state: 0, lost: 0 });
}

function acceptsDatagram(decoder: Decoder, bytes: Uint8Array, at: Context | null, port: number): boolean {
  const attempt = new Attempt();
  strangers(attempt, at, "udp", port);
  const p = new Packet();
  p.payLen = bytes.length;
  if (decoder.looksDatagram?.(bytes, 0, bytes.length) !== true) return false;
  return attempt.datagram(decoder, bytes, p, 0) !== false;
}

function acceptsStream(decoder: Decoder, bytes: Uint8Array, at: Context | null, port: number): boolean {
  const attempt = new Attempt();
  strangers(attempt, at, "tcp", port);
  attempt.context.fromStart = true;
  if (decoder.looksStream?.(bytes, 0, bytes.length) !== true) return false;
  return attempt.stream(decoder, bytes, 0, bytes.length, 0) !== STREAM_NO;
}

for (const decoder of DECODERS) {
  const { forms } = decoder;
  if (forms === undefined) continue;
  for (const kind of ["datagram", "stream"] as const) {
    const own = forms[kind];
    if (own === undefined) continue;
    const accepts = kind === "datagram" ? acceptsDatagram : acceptsStream;

    test(`${decoder.id}: every ${kind} that is read has one of its forms`, (t) => {
      const transport = kind === "datagram" ? "udp" : "tcp";
      const fixtures = fixturesOf(decoder.id).filter(({ at, cutOff }) => at.transport === transport && cutOff === 0);
      const property = fc.property(messages(fixtures), fc.constantFrom(...STRANGE), ({ bytes, at }, port) => {
        if (!accepts(decoder, bytes, at, port)) return;
        const formed = own.some((form) => hasForm(form, bytes, 0, bytes.length, kind === "datagram"));
        t.true(formed, Buffer.from(bytes).toString("hex"));
      });
      t.notThrows(() => fc.assert(property, { numRuns: 5_000 }));
      if (kind === "stream") return;
      for (const { at, bytes, title } of fixtures)
        if (accepts(decoder, bytes, at, STRANGE[0]!))
          t.true(
            own.some((form) => hasForm(form, bytes, 0, bytes.length, true)),
            title,
          );
    });
  }
}

test("the table of all forms is small enough for the memory that the walk has for it", (t) => {
  const { datagram, later, stream } = gatesOf(DECODERS);
  t.true(
    datagram.length + later.length + stream.length <= 24 << 10,
    `${datagram.length} + ${later.length} + ${stream.length}`,
  );
});

test("a table names for each first byte the forms that may begin with it, behind those that any byte may begin", (t) => {
  const table = gateOf([
    { first: [5, [7, 8]], least: 300, bytes: [[2, 0xf0, 0x10, 0x30]], fits: { at: 4, more: 2 } },
    { first: [8] },
    { first: [[0, 255]], some: [1, 3, 0x80] },
  ]);
  const listAt = (first: number): Uint8Array => table.subarray(table[2 * first]! | (table[2 * first + 1]! << 8));
  const form = [300 & 255, 300 >> 8, 4, 2, 0, 0, 0, 1, 2, 0xf0, 0x10, 0x30];
  t.deepEqual([...table.subarray(512, 521)], [1, 3, 0, 255, 0, 1, 3, 0x80, 0]);
  t.deepEqual([...listAt(5).subarray(0, 13)], [1, ...form]);
  t.deepEqual([...listAt(8).subarray(0, 21)], [2, ...form, 1, 0, 255, 0, 0, 0, 0, 0]);
  t.is(listAt(9)[0], 0);
});
