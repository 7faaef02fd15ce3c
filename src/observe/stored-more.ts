/**
 * What stored flows have beside the words of what they said (`details-codec.ts`): what is left of their streams as numbers
 * (`stored-streams.ts`), and what few have as text, of each flow that has any
 *
 *     how far from the one before · bytes of its text · JSON, UTF-8
 *
 * Both stay bytes until somebody asks for them: as objects they take ten times the room.
 */
import { type FlowDetail, newDetail, type Pair } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { type PlainTally, richTally } from "../decode/tally-plain.ts";
import { type Segment, Stream } from "../flow/stream.ts";
import type { Cap } from "../limits.ts";
import type { StoredFacts } from "./stored-facts.ts";
import { FROM_START, HANDED, SOME, StoredStreams, WAITING } from "./stored-streams.ts";
import { NumberReader, NumberWriter } from "./varint.ts";

/** Place and length in the part's bytes. */
export type Stretch = [at: number, length: number];

/** A sighting with its fact by number. */
type Told = Omit<Sighting, "fact"> & { fact: number };

export type PlainSegment = Omit<Segment, "bytes"> & { bytes: Stretch };

export type PlainStream = [
  base: number,
  data: Stretch,
  decoder: number,
  /** FROM_START and HANDED. */
  flags: number,
  cutOff: number,
  conflicts: number,
  state: number,
  lost: number,
  parts: number[],
  pending: PlainSegment[],
];

export interface PlainDetail {
  /** In place of words: of a flow that said very much, or something that has more to it than a message's words hold. */
  told?: Told[];
  operations?: PlainTally;
  dropped?: number;
  undecoded?: number;
  cut?: Cap;
  /** Of two of which one has segments that wait. */
  streams?: (PlainStream | null)[];
  datagrams?: (PlainSegment[] | null)[];
  heads?: (PlainSegment[] | null)[];
}

/** A bit for each of a flow's properties that is not as it is in nearly all. */
export const MORE = {
  told: 1 << 0,
  operations: 1 << 1,
  dropped: 1 << 2,
  undecoded: 1 << 3,
  cut: 1 << 4,
  streams: 1 << 5,
  datagrams: 1 << 6,
  heads: 1 << 7,
} as const satisfies Record<keyof PlainDetail, number>;
/** Something waits in its streams: see `waits`. */
export const WAITS = 1 << 8;

export class MoreWriter {
  readonly #pieces: Uint8Array[] = [];
  #last = 0;

  /** What a flow of the part has, in their order. */
  add(index: number, plain: PlainDetail | null): void {
    if (plain === null) return;
    const text = Buffer.from(JSON.stringify(plain));
    const numbers = new NumberWriter(16); // two numbers, which stay until the part is whole
    numbers.write(index - this.#last);
    numbers.write(text.length);
    this.#pieces.push(numbers.take(), text);
    this.#last = index;
  }

  /** All that was added. */
  take(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }
}

export class StoredMore {
  /** By flow of the part: its bits; 0 of one that has nothing more. */
  readonly bits: Uint16Array;
  readonly #streams: StoredStreams;
  readonly #others: Buffer;
  readonly #bytes: Uint8Array;
  /** By flow: where its text begins, and where it ends; null where none has one. */
  readonly #begins: Uint32Array | null = null;
  readonly #ends: Uint32Array | null = null;

  /** `left`: first bytes of what waits though nobody accepted it. Throws where it is something else. */
  constructor({ streams, others, bytes }: StoredBytes, count: number, left: ReadonlySet<number>) {
    this.#bytes = new Uint8Array(bytes); // the part's other bytes need not stay
    this.#streams = new StoredStreams(new Uint8Array(streams), this.#bytes, count, left);
    this.#others = Buffer.from(others);
    this.bits = new Uint16Array(count);
    const { told } = this.#streams;
    for (let i = 0; i < count; i++)
      this.bits[i] = ((told[i]! & SOME) === 0 ? 0 : MORE.streams) | ((told[i]! & WAITING) === 0 ? 0 : WAITS);
    if (others.length === 0) return;
    this.#begins = new Uint32Array(count);
    this.#ends = new Uint32Array(count);
    const numbers = new NumberReader(others);
    for (let index = 0; !numbers.ended; ) {
      index += numbers.read();
      const length = numbers.read();
      const end = numbers.at + length;
      if (!(index < count) || end > others.length) throw new Error("a part of the observation is damaged");
      this.#begins[index] = numbers.at;
      this.#ends[index] = end;
      numbers.at = end;
      this.bits[index]! |= bitsOf(this.#plain(index));
    }
  }

  /** What a flow has. */
  make(index: number): FlowDetail {
    const detail = this.#rich(this.#plain(index));
    if ((this.#streams.told[index]! & SOME) !== 0) detail.streams = this.#streams.of(index);
    return detail;
  }

  /** Flows whose sightings are not words, with these. */
  *told(facts: StoredFacts): Iterable<[index: number, sightings: Sighting[]]> {
    for (const [index, bits] of this.bits.entries())
      if ((bits & MORE.told) !== 0)
        yield [index, this.#plain(index).told!.map((one) => ({ ...one, fact: facts.of(one.fact) }))];
  }

  #plain(index: number): PlainDetail {
    const [begin, end] = [this.#begins?.[index] ?? 0, this.#ends?.[index] ?? 0];
    return end === 0 ? {} : (JSON.parse(this.#others.toString("utf8", begin, end)) as PlainDetail); // written by `PartWriter`
  }

  #rich(plain: PlainDetail): FlowDetail {
    const detail = newDetail();
    const segment = (one: PlainSegment): Segment => ({ ...one, bytes: this.#copy(one.bytes) });
    const pair = <From, To>([low = null, high = null]: (From | null)[], rich: (from: From) => To): Pair<To> => [
      low === null ? null : rich(low),
      high === null ? null : rich(high),
    ];
    const list = (segments: PlainSegment[]): Segment[] => segments.map(segment);
    if (plain.operations !== undefined) detail.operations = richTally(plain.operations);
    if (plain.dropped !== undefined) detail.dropped = plain.dropped;
    if (plain.undecoded !== undefined) detail.undecoded = plain.undecoded;
    if (plain.cut !== undefined) detail.cut = plain.cut;
    if (plain.streams !== undefined) detail.streams = pair(plain.streams, (stream) => this.#stream(stream, segment));
    if (plain.datagrams !== undefined) detail.datagrams = pair(plain.datagrams, list);
    if (plain.heads !== undefined) detail.heads = pair(plain.heads, list);
    return detail;
  }

  #stream(plain: PlainStream, segment: (one: PlainSegment) => Segment): Stream {
    const [base, data, decoder, flags, cutOff, conflicts, state, lost, parts, pending] = plain;
    const stream = new Stream(base, (flags & FROM_START) !== 0);
    if (data[1] > 0) stream.data = this.#copy(data);
    stream.length = data[1];
    stream.decoder = decoder;
    stream.handed = (flags & HANDED) !== 0;
    stream.cutOff = cutOff;
    stream.conflicts = conflicts;
    stream.state = state;
    stream.lost = lost;
    stream.parts = parts;
    stream.pending = pending.map(segment);
    return stream;
  }

  /** A copy of its own: a stream that goes on writes behind what it has. */
  #copy([at, length]: Stretch): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }
}

/** Stretches of a part. */
interface StoredBytes {
  streams: Uint8Array;
  others: Buffer;
  bytes: Uint8Array;
}

function bitsOf(plain: PlainDetail): number {
  let bits = plain.streams === undefined ? 0 : WAITS; // which is why they stand there
  for (const property of Object.keys(plain)) bits |= MORE[property as keyof PlainDetail];
  return bits;
}
