/** Operations by a glance: the same counts as the long way's, whatever is sent and however it is cut into segments. */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { Cursor } from "../../src/decode/cursor.ts";
import type { Context, Decoder, GlanceShape } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { LIKE_COUNT, LIKE_ID, LIKE_LENGTH, LIKE_SHAPE, LIKE_WORDS, Shapes } from "../../src/decode/likeness.ts";
import { OperationTally } from "../../src/decode/tally.ts";
import { isGrave } from "../../src/decode/tally-kinds.ts";
import { plainTally } from "../../src/decode/tally-plain.ts";
import { LIMITS } from "../../src/limits.ts";
import { countersOf } from "../../src/observe/codec.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { numbered } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { u16 } from "../support/packets.ts";
import { adu, answerPdu, fated, few, linesOf, message, PLAIN, questionPdu, said } from "../support/reads.ts";
import { connection, type Line } from "../support/talk.ts";

const GLANCING = DECODERS.filter((decoder) => decoder.glances !== undefined);
/** The same decoders, and none has shapes for glances. */
const READING: readonly Decoder[] = DECODERS.map((decoder) => {
  const { glances: _, ...rest } = decoder;
  return rest;
});

function everything(seen: Observation): unknown {
  const { table } = seen.flows;
  const tallies = seen.identified.details.map(({ operations }) => operations && plainTally(operations));
  return { told: told(seen), counters: countersOf(seen), row: [...table.chunks[0]!.subarray(0, 32 << 6)], tallies };
}

test("a flow that is read by glances has said the same as one that is read in full", (t) => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 40 }), fc.constantFrom(0, 3), fc.boolean(), (all, missing, fast) => {
      const frames = connection("192.0.2.1:40000", "192.0.2.2:502", 10, [...PLAIN, ...linesOf(all)]);
      const shown = numbered(fated(frames, all).slice(missing));
      const options = { fastPath: fast, watch: 0 };
      t.deepEqual(everything(observe(shown, options)), everything(observe(shown, options, READING)));
    }),
    { numRuns: 150 },
  );
});

test("long pipelines, a device that never answers, and many targets", (t) => {
  const ask = (i: number, at = 0): Uint8Array => adu(i, 1, concat([hex`03`, u16(at), u16(1)]));
  const reply = (i: number): Uint8Array => adu(i, 1, hex`03 02 00 07`);
  const series = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const talks: Line[][] = [
    series(20).flatMap((): Line[] => [
      [">", concat(series(100).map((i) => ask(i)))],
      ["<", concat(series(100).map(reply))],
    ]),
    series(20).flatMap((): Line[] => [
      [">", concat(series(60).map((i) => ask(i)))],
      ["<", concat(series(60).map(reply).reverse())],
    ]),
    series(1_500).map((i): Line => [">", ask(i)]),
    series(3_000).flatMap((i): Line[] => [
      [">", ask(i, i % 2_500)],
      ["<", reply(i)],
    ]),
  ];
  for (const talk of talks) {
    const frames = numbered(connection("192.0.2.1:40000", "192.0.2.2:502", 10, [...PLAIN, ...talk]));
    t.deepEqual(everything(observe(frames, { watch: 0 })), everything(observe(frames, { watch: 0 }, READING)));
  }
});

test("glances are taken at all: of a thousand reads few are read in full", (t) => {
  let read = 0;
  const counted = DECODERS.map((decoder) =>
    decoder.id !== "modbus"
      ? decoder
      : {
          ...decoder,
          stream(...args: Parameters<NonNullable<Decoder["stream"]>>): number {
            read++;
            return decoder.stream!(...args);
          },
        },
  );
  const talk = Array.from({ length: 1_000 }, (_, i): Line[] => [
    [">", adu(i, 1, hex`03 00 28 00 01`)],
    ["<", adu(i, 1, hex`03 02 00 07`)],
  ]).flat();
  const seen = observe(numbered(connection("192.0.2.1:40000", "192.0.2.2:502", 10, talk)), { watch: 0 }, counted);
  t.true(read < 100, `${read} messages were read in full`);
  const [detail] = seen.identified.details;
  t.is(
    detail!.operations!.kinds.reduce<number>((sum, kind) => sum + kind.count, LIMITS.operationsApart),
    2_000,
  );
});

/** What a decoder says of bytes in a state, or null where it reads no whole message. */
function saidBy(
  decoder: Decoder,
  data: Uint8Array,
  state: number,
): { facts: Fact[]; took: number; state: number } | null {
  const facts: Fact[] = [];
  const at: Context = {
    ...{ transport: "tcp", senderPort: 40_000, receiverPort: 502, sec: 0, nsec: 0 },
    ...{ started: true, fromStart: true, peerStarted: true, state, lost: 0 },
  };
  try {
    const took = decoder.stream!(new Cursor().set(data, 0, data.length, 0), (fact) => facts.push(fact), at);
    return took < 0 ? null : { facts, took, state: at.state ?? 0 };
  } catch {
    return null;
  }
}

const SHAPES = new Shapes(DECODERS.map(({ glances }) => glances));

for (const decoder of GLANCING) {
  test(`${decoder.id}: of messages that are alike the same is said`, (t) => {
    const known = new Map<string, unknown>();
    let learned = 0;
    let again = 0;
    const like = new Int32Array(LIKE_LENGTH);
    const some = fc.oneof(message(questionPdu), message(answerPdu), fc.uint8Array({ minLength: 1, maxLength: 24 }));
    fc.assert(
      fc.property(
        some,
        fc.oneof({ weight: 4, arbitrary: few(5, 6) }, fc.nat(31)),
        fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 2 }),
        (whole, state, changes) => {
          const data = Uint8Array.from(whole);
          for (const [at, value] of changes) if (at < data.length) data[at] = value;
          const shape = SHAPES.find(DECODERS.indexOf(decoder), state);
          const took = shape < 0 ? 0 : SHAPES.liken(shape, data, 0, data.length, like);
          if (took === 0) return;
          const said = saidBy(decoder, data, state);
          const facts = said?.facts.map((fact) => (fact.kind === "operation" ? { ...fact, id: null } : fact));
          const all = { ...said, facts, took: (said?.took ?? 0) - took };
          const key = like.slice(LIKE_SHAPE, LIKE_WORDS + like[LIKE_COUNT]!).join();
          if (known.has(key)) again++;
          t.deepEqual(known.get(key) ?? all, all);
          known.set(key, all);
          const [first] = said?.facts ?? [];
          if (said?.facts.length !== 1 || first?.kind !== "operation" || first.failed === true) return;
          learned++;
          t.is(first.id, like[LIKE_ID]!);
          t.false(isGrave(first.class), first.operation);
        },
      ),
      { numRuns: 8_000 },
    );
    t.true(learned > 300 && again > 300, `${learned} learned, ${again} again`);
  });
}

test("a shape that makes no sense is refused when the program starts", (t) => {
  const shape: GlanceShape = {
    ...{ state: { mask: 0, is: 0 }, length: { at: 0, bytes: 1, beside: 0 } },
    ...{ code: { at: 1, of: [1] }, bytes: "== == id ...", id: [2] },
  };
  t.notThrows(() => new Shapes([[shape]]));
  const wrong: Partial<GlanceShape>[] = [
    { bytes: "== ?? id" },
    { bytes: "..." },
    { bytes: `${"== ".repeat(48)}id` },
    { bytes: "== == id id", id: [2] },
    { id: [3] },
    { code: { at: 3, of: [1] } },
    { length: { at: 2, bytes: 2, beside: 0 } },
  ];
  for (const change of wrong)
    t.throws(() => new Shapes([[{ ...shape, ...change }]]), undefined, JSON.stringify(change));
});

test("lengths in one byte and in two, in either order; more bytes only where they may follow", (t) => {
  const like = new Int32Array(LIKE_LENGTH);
  const of = (length: GlanceShape["length"], more: boolean) =>
    new Shapes([
      [
        {
          state: { mask: 1, is: 1 },
          length,
          code: { at: 2, of: [7, 200] },
          bytes: `== .. == id${more ? " ..." : ""}`,
          id: [3],
        },
      ],
    ]);
  const took = (shapes: Shapes, ...data: number[]) => shapes.liken(0, Uint8Array.from(data), 0, data.length, like);
  const one = of({ at: 0, bytes: 1, beside: 1 }, false);
  t.is(one.find(0, 2), -1);
  t.is(one.find(0, 3), 0);
  t.is(took(one, 3, 9, 200, 5), 4);
  t.deepEqual([...like.subarray(0, 4)], [5, 1, 1, (200 << 16) | 3]);
  t.is(took(one, 4, 9, 200, 5, 0), 0);
  t.is(took(one, 3, 9, 201, 5), 0);
  t.is(took(one, 3, 9, 200), 0);
  t.is(took(of({ at: 0, bytes: 2, beside: 1 }, true), 0, 5, 7, 5, 1, 1), 6);
  t.is(took(of({ at: 0, bytes: 2, beside: 1 }, true), 0, 6, 7, 5, 1, 1), 0);
  t.is(took(of({ at: 0, bytes: 2, order: "little", beside: 2 }, true), 4, 0, 7, 5, 1, 1), 6);
});

test("a tally's glance counts nothing where it says no", (t) => {
  const tally = new OperationTally();
  t.false(tally.glance(0, new Int32Array(LIKE_LENGTH), 1, 0, 0));
  t.deepEqual(plainTally(tally), plainTally(new OperationTally()));
});
