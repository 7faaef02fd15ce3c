/**
 * What stored flows have beside the words of what they said (`details-codec.ts`): it stays text until somebody asks for it, because what
 * is left of two streams that were read to their end is most of it, and as objects that takes ten times the room.
 */
import { type FlowDetail, isLeft, newDetail, type Pair } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { type PlainTally, richTally } from "../decode/tally-plain.ts";
import { type Segment, Stream } from "../flow/stream.ts";
import type { Cap } from "../limits.ts";
import type { StoredFacts } from "./stored-facts.ts";

/** Place and length in the part's bytes. */
export type Stretch = [at: number, length: number];

/** A sighting with its fact by number. */
type Told = Omit<Sighting, "fact"> & { fact: number };

export type PlainSegment = Omit<Segment, "bytes"> & { bytes: Stretch };

export type PlainStream = [
  base: number,
  data: Stretch,
  decoder: number,
  /** 1: from the connection's first byte on; 2: handed on. */
  flags: number,
  cutOff: number,
  conflicts: number,
  state: number,
  lost: number,
  parts: number[],
  pending: PlainSegment[],
];
export const FROM_START = 1;
export const HANDED = 2;

export interface PlainDetail {
  /** In place of words: of a flow that said very much, or something that has more to it than a message's words hold. */
  told?: Told[];
  operations?: PlainTally;
  dropped?: number;
  undecoded?: number;
  cut?: Cap;
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

/** The bits of texts that were there before: few are the first of their kind. */
export type KnownTexts = Map<string, number>;
/** Beyond that they are begun anew: it saves time and changes nothing. */
const MOST_KNOWN = 65_536;

export class StoredMore {
  /** By flow of the part: its bits; 0 of one that has nothing more. */
  readonly bits: Uint16Array;
  readonly #text: string;
  readonly #bytes: Uint8Array;
  /** By flow: where its text begins and ends. */
  readonly #begins: Uint32Array;
  readonly #ends: Uint32Array;

  /** `text`: `[[n, {…}], …]`, of the part's n-th flow; `left`: first bytes of what waits though nobody accepted it. Throws where it is something else. */
  constructor(text: string, bytes: Uint8Array, count: number, known: KnownTexts, left: ReadonlySet<number>) {
    this.#text = text;
    this.#bytes = bytes.slice(); // the part's other bytes need not stay
    this.bits = new Uint16Array(count);
    this.#begins = new Uint32Array(count);
    this.#ends = new Uint32Array(count);
    for (let at = 1; text.charCodeAt(at) === BRACKET; ) {
      const begin = text.indexOf(",", at) + 1;
      const index = Number(text.slice(at + 1, begin - 1));
      if (!(index < count)) throw new Error("a part of the observation is damaged");
      PLAIN_STREAMS.lastIndex = begin;
      const streams = PLAIN_STREAMS.exec(text);
      const end = streams === null ? endOfObject(text, begin) : PLAIN_STREAMS.lastIndex;
      this.#begins[index] = begin;
      this.#ends[index] = end;
      this.bits[index] =
        streams === null ? this.#bitsOf(text.slice(begin, end), known, left) : this.#bitsOfStreams(streams, left);
      at = end + 2;
    }
  }

  /** As `#bitsOf`, of a match of `PLAIN_STREAMS`. */
  #bitsOfStreams(match: readonly (string | undefined)[], left: ReadonlySet<number>): number {
    for (let i = 1; i < match.length; i += 2) {
      const byte = match[i] === undefined ? -1 : this.#bytes[Number(match[i])]!;
      if (byte >= 0 && match[i + 1] !== "0" && left.has(byte)) return MORE.streams | WAITS;
    }
    return MORE.streams;
  }

  #bitsOf(text: string, known: KnownTexts, left: ReadonlySet<number>): number {
    const before = known.get(text);
    if (before !== undefined) return before;
    const plain = JSON.parse(text) as PlainDetail; // written by `PartWriter`
    let bits = 0;
    for (const property of Object.keys(plain)) bits |= MORE[property as keyof PlainDetail];
    let isOwn = false;
    for (const stream of plain.streams ?? []) {
      if (stream === null) continue;
      if (this.#waits(stream, left)) bits |= WAITS;
      isOwn ||= stream[DATA][1] > 0;
    }
    if (isOwn) return bits; // its bytes stand where no other's do
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, bits);
    return bits;
  }

  #waits([, [at, length], decoder, flags, cutOff, , , , , pending]: PlainStream, left: ReadonlySet<number>): boolean {
    if (pending.length > 0) return true;
    return (
      isLeft({ length, decoder, fromStart: (flags & FROM_START) !== 0, cutOff, pending }) && left.has(this.#bytes[at]!)
    );
  }

  /** What a flow has. */
  make(index: number): FlowDetail {
    return this.#rich(this.#plain(index));
  }

  /** Flows whose sightings are not words, with these. */
  *told(facts: StoredFacts): Iterable<[index: number, sightings: Sighting[]]> {
    for (const [index, bits] of this.bits.entries())
      if ((bits & MORE.told) !== 0)
        yield [index, this.#plain(index).told!.map((one) => ({ ...one, fact: facts.of(one.fact) }))];
  }

  #plain(index: number): PlainDetail {
    return JSON.parse(this.#text.slice(this.#begins[index]!, this.#ends[index]!)) as PlainDetail; // as it was read before
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

/** Of a `PlainStream`. */
const DATA = 1;

/**
 * What nearly all have and nothing else, as `PartWriter` writes it: two streams without waiting segments. Of what nobody accepted at a
 * beginning that is whole it tells place and length.
 */
const PLAIN_STREAM = String.raw`(?:null|\[-?\d+,(?:\[(\d+),(\d+)\],-1,1,0|\[0,0\],-?\d+,\d+,\d+),\d+,-?\d+,\d+,\[[\d,]*\],\[\]\])`;
const PLAIN_STREAMS = new RegExp(String.raw`\{"streams":\[${PLAIN_STREAM},${PLAIN_STREAM}\]\}`, "y");

const [BRACKET, OPEN, CLOSE, QUOTE, BACKSLASH] = [0x5b, 0x7b, 0x7d, 0x22, 0x5c];

/** Behind the object of JSON that begins here. */
function endOfObject(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === OPEN) depth++;
    else if (char === CLOSE && --depth === 0) return at + 1;
    else if (char === QUOTE) at = endOfString(text, at);
  }
  return text.length;
}

/** The quote that ends the string of JSON that begins here. */
function endOfString(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at;
    if (char === BACKSLASH) at++;
  }
  return text.length;
}
