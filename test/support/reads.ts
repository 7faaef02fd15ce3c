/** Modbus as a sensor speaks it, and what may go wrong with it: for properties that hold two ways of reading it together. */
import fc from "fast-check";
import type { Frame } from "../../src/capture/frame.ts";
import { LIMITS } from "../../src/limits.ts";
import { concat, hex } from "./hex.ts";
import { bytes, u16 } from "./packets.ts";
import type { Line } from "./talk.ts";

export const adu = (transaction: number, unit: number, pdu: Uint8Array): Uint8Array =>
  concat([u16(transaction), u16(0), u16(pdu.length + 1), bytes(unit), pdu]);

/** Few addresses, units and transactions, so that the same comes again; and what is no read, refused, or no message. */
export const few = (...values: number[]) => fc.constantFrom(...values);
export const questionPdu = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(few(1, 2, 3, 4), few(0, 40, 0x0340), few(1, 2, 125))
      .map(([code, at, count]) => concat([bytes(code), u16(at), u16(count)])),
  },
  fc.constantFrom(hex`06 00 28 00 07`, hex`2b 0e 01 00`, hex`03 00 28 00 00`, hex`5a 01 02`, hex`08 00 04 00 00`),
);
export const answerPdu = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(few(1, 2, 3, 4), few(2, 4, 6))
      .map(([code, count]) => concat([bytes(code, count), new Uint8Array(count)])),
  },
  fc.constantFrom(hex`83 02`, hex`06 00 28 00 07`, hex`03 03 00 00 00`, hex`03 00`),
);
export const message = (pdu: fc.Arbitrary<Uint8Array>) =>
  fc.tuple(few(0, 1, 2, 3, 4), few(1, 1, 1, 2), pdu).map(([transaction, unit, body]) => adu(transaction, unit, body));

export interface Said {
  /** Some messages of one side, and where they are cut into segments. */
  side: ">" | "<";
  messages: Uint8Array[];
  cuts: number[];
  /** Sent again as they were, or with another byte; lost; late. */
  fate: "once" | "twice" | "otherwise" | "lost" | "late" | "after";
}
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Said["fate"]>("once") },
  fc.constantFrom<Said["fate"]>("twice", "otherwise", "lost", "late", "after"),
);
export const said = fc.constantFrom<">" | "<">(">", "<").chain(
  (side): fc.Arbitrary<Said> =>
    fc.record({
      side: fc.constant(side),
      messages: fc.array(message(side === ">" ? questionPdu : answerPdu), { minLength: 1, maxLength: 4 }),
      cuts: fc.array(fc.nat(40), { maxLength: 2 }),
      fate,
    }),
);

/** Some questions, each with its answer behind it, a message a segment. */
export const exchanges = fc
  .array(fc.tuple(few(1, 2, 3, 4), few(0, 40), few(1, 2), few(0, 1, 2, 3, 4)), { maxLength: 20 })
  .map((all): Said[] =>
    all.flatMap(([code, at, count, transaction]) => {
      const question = adu(transaction, 1, concat([bytes(code), u16(at), u16(count)]));
      const answer = adu(transaction, 1, code <= 2 ? bytes(code, 1, 0) : bytes(code, 2, 0, 7));
      const once = { cuts: [], fate: "once" } as const;
      return [
        { side: ">", messages: [question], ...once, cuts: [] },
        { side: "<", messages: [answer], ...once, cuts: [] },
      ];
    }),
  );

/** A plain exchange, often enough that operations are counted by kind, with every kind of read in it. */
export const PLAIN: Line[] = Array.from({ length: LIMITS.operationsApart }, (_, i): Line[] => {
  const code = 1 + (i & 3);
  const question = concat([bytes(code), u16((i >> 2) % 2 === 0 ? 0 : 40), u16(1 + ((i >> 3) & 1))]);
  const answer = code <= 2 ? bytes(code, 1, 0) : bytes(code, 2, 0, 7);
  return [
    [">", adu(i % 5, 1, question)],
    ["<", adu(i % 5, 1, answer)],
  ];
}).flat();

export function linesOf(all: readonly Said[]): Line[] {
  return all.flatMap(({ side, messages, cuts }) => {
    const data = concat(messages);
    const bounds = [...new Set([0, ...cuts.map((cut) => cut % data.length), data.length])].sort((a, b) => a - b);
    return bounds.slice(1).map((end, i): Line => [side, data.subarray(bounds[i], end)]);
  });
}

/** What becomes of frames of which the last ones carry `linesOf(all)`; numbers are to be given anew. */
export function fated(frames: readonly Frame[], all: readonly Said[]): Frame[] {
  let place = frames.length - linesOf(all).length;
  const order = frames.slice(0, place).map((frame, at) => ({ frame, at }));
  for (const one of all) {
    for (const _ of linesOf([one])) {
      const frame = frames[place]!;
      const late = one.fate === "late" ? 3.5 : one.fate === "after" ? 30 : 0;
      if (one.fate !== "lost") order.push({ frame, at: place + late });
      if (one.fate === "twice") order.push({ frame: copyOf(frame, 0), at: place + 2.5 });
      if (one.fate === "otherwise") order.push({ frame: copyOf(frame, 5), at: place + 2.5 });
      place++;
    }
  }
  return order.sort((a, b) => a.at - b.at).map(({ frame }) => frame);
}

/** The frame once more, of other data from `but` bytes before its end on: 3 becomes 6, a read a write. */
function copyOf(frame: Frame, but: number): Frame {
  const copy: Frame = Object.assign(Object.create(frame), { number: 0 });
  if (but === 0) return copy;
  copy.buf = frame.buf.slice();
  const at = Math.max(54, copy.buf.length - but);
  copy.buf[at] = copy.buf[at]! ^ 5;
  return copy;
}
