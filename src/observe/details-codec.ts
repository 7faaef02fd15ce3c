/**
 * What flows said, as bytes. A part holds about 1,000 flows; each fact and each byte that waits stands in it once:
 *
 *     { facts:   [fact, …],   what was said, whoever said it
 *       said:    base64,      of each flow: how many words; then a message each, little-endian, as below
 *       bytes:   base64,      what is unfinished, one piece behind the other
 *       details: [[n, …], …]  what else there is of the part's n-th flow, where there is anything
 *
 *     dir | capture × 2 · frame · sec · nsec · how many facts · their numbers …
 *
 * Most flows of a capture say what others said, so a part is a fifth of what it would be as JSON. What is read from it
 * stays so: a flow's sightings are made when somebody asks for them, because as objects a million flows' would take 700 MB.
 */
import { type FlowDetail, NEITHER, newDetail, type Pair } from "../decode/details.ts";
import type { Fact, Sighting } from "../decode/facts.ts";
import { type PlainTally, plainTally, richTally } from "../decode/tally-plain.ts";
import { type Segment, Stream } from "../flow/stream.ts";
import type { Cap } from "../limits.ts";

export interface DetailsPart {
  facts: Fact[];
  said: string;
  bytes: string;
  count: number;
  details: [index: number, detail: PlainDetail][];
}

/** Place and length in the part's bytes. */
type Stretch = [at: number, length: number];

/** A sighting with its fact by number. */
type Told = Omit<Sighting, "fact"> & { fact: number };

type PlainSegment = Omit<Segment, "bytes"> & { bytes: Stretch };

type PlainStream = [
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

interface PlainDetail {
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

const FROM_START = 1;
const HANDED = 2;

export function plainDetails(details: readonly FlowDetail[]): DetailsPart {
  const part = new PartWriter();
  return part.write(details);
}

class PartWriter {
  readonly #facts: Fact[] = [];
  /** By the fact itself, and by what it says. */
  readonly #known = new Map<Fact, number>();
  readonly #texts = new Map<string, number>();
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  readonly #words: number[] = [];

  write(details: readonly FlowDetail[]): DetailsPart {
    const others: DetailsPart["details"] = [];
    for (const [index, detail] of details.entries()) {
      const other = this.#detail(detail);
      if (Object.keys(other).length > 0) others.push([index, other]);
    }
    const bytes = Buffer.concat(this.#pieces, this.#length).toString("base64");
    const words = Int32Array.from(this.#words);
    const said = Buffer.from(words.buffer).toString("base64");
    return { facts: this.#facts, said, bytes, count: details.length, details: others };
  }

  #detail(detail: FlowDetail): PlainDetail {
    const plain: PlainDetail = {};
    if (detail.sightings.length <= MOST_IN_WORDS && detail.sightings.every(fitsWords)) this.#say(detail.sightings);
    else {
      this.#words.push(0);
      plain.told = detail.sightings.map((sighting) => ({ ...sighting, fact: this.#fact(sighting.fact) }));
    }
    if (detail.operations !== null) plain.operations = plainTally(detail.operations);
    if (detail.dropped > 0) plain.dropped = detail.dropped;
    if (detail.undecoded > 0) plain.undecoded = detail.undecoded;
    if (detail.cut !== null) plain.cut = detail.cut;
    const segments = (list: readonly Segment[] | null) => list?.map((segment) => this.#segment(segment)) ?? null;
    if (detail.streams.some((stream) => stream !== null))
      plain.streams = detail.streams.map((stream) => (stream === null ? null : this.#stream(stream)));
    if (detail.datagrams.some((kept) => kept !== null)) plain.datagrams = detail.datagrams.map(segments);
    if (detail.heads.some((head) => head !== null)) plain.heads = detail.heads.map(segments);
    return plain;
  }

  #say(sightings: readonly Sighting[]): void {
    const words = this.#words;
    const from = words.push(0);
    let last: Sighting | null = null;
    let count = 0;
    for (const sighting of sightings) {
      const { dir, capture, frame, sec, nsec } = sighting;
      const fact = this.#fact(sighting.fact);
      if (last === null || !isSameMessage(last, sighting))
        count = words.push(capture * 2 + dir, frame, sec, nsec, 0) - 1;
      words.push(fact);
      words[count]!++;
      last = sighting;
    }
    words[from - 1] = words.length - from;
  }

  #fact(fact: Fact): number {
    const known = this.#known.get(fact);
    if (known !== undefined) return known;
    const text = JSON.stringify(fact);
    let number = this.#texts.get(text);
    if (number === undefined) {
      number = this.#facts.push(fact) - 1;
      this.#texts.set(text, number);
    }
    this.#known.set(fact, number);
    return number;
  }

  #stream(stream: Stream): PlainStream {
    const { base, decoder, cutOff, conflicts, state, lost, parts, pending } = stream;
    const data = this.#bytes(stream.data.subarray(0, stream.length));
    const flags = (stream.fromStart ? FROM_START : 0) | (stream.handed ? HANDED : 0);
    const waiting = pending.map((segment) => this.#segment(segment));
    return [base, data, decoder, flags, cutOff, conflicts, state, lost, parts, waiting];
  }

  #segment(segment: Segment): PlainSegment {
    return { ...segment, bytes: this.#bytes(segment.bytes) };
  }

  #bytes(bytes: Uint8Array): Stretch {
    const at = this.#length;
    if (bytes.length > 0) this.#pieces.push(bytes);
    this.#length += bytes.length;
    return [at, bytes.length];
  }
}

/** Facts of a flow that are kept as words: they are made objects each time that somebody asks for them. */
const MOST_IN_WORDS = 64;

function fitsWords({ beside, mac, parts, capture, frame, sec, nsec }: Sighting): boolean {
  if (beside !== undefined || mac !== undefined || parts !== undefined) return false;
  return isWord(frame) && isWord(sec) && isWord(nsec) && capture < 0x4000_0000;
}
const isWord = (value: number): boolean => value >>> 0 === value;

function isSameMessage(a: Sighting, b: Sighting): boolean {
  return a.frame === b.frame && a.dir === b.dir && a.capture === b.capture && a.sec === b.sec && a.nsec === b.nsec;
}

/** Facts that flows of many parts share. Beyond that they are begun anew: it saves memory and changes nothing. */
const MOST_SHARED = 65_536;

/** Reads the parts of one observation. */
export class DetailsReader {
  readonly #shared = new Map<string, Fact>();
  #bytes: Uint8Array = NO_BYTES;

  read(part: DetailsPart): FlowDetail[] {
    const facts = part.facts.map((fact) => this.#sharedOne(fact));
    this.#bytes = part.bytes === "" ? NO_BYTES : Buffer.from(part.bytes, "base64");
    const bytes = new Uint8Array(Buffer.from(part.said, "base64")); // a copy begins at a word
    const words = new Int32Array(bytes.buffer, 0, bytes.length >>> 2);
    const details: StoredDetail[] = [];
    for (let at = 0; details.length < part.count; at += 1 + words[at]!)
      details.push(new StoredDetail(words, at, facts));
    for (const [index, plain] of part.details) this.#add(details[index]!, plain, facts);
    return details;
  }

  #sharedOne(fact: Fact): Fact {
    const text = JSON.stringify(fact);
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size >= MOST_SHARED) this.#shared.clear();
    this.#shared.set(text, fact);
    return fact;
  }

  #add(detail: StoredDetail, plain: PlainDetail, facts: readonly Fact[]): void {
    const segment = (one: PlainSegment): Segment => ({ ...one, bytes: this.#copy(one.bytes) });
    const pair = <From, To>([low = null, high = null]: (From | null)[], rich: (from: From) => To): Pair<To> => [
      low === null ? null : rich(low),
      high === null ? null : rich(high),
    ];
    const list = (segments: PlainSegment[]): Segment[] => segments.map(segment);
    if (plain.told !== undefined) detail.sightings = plain.told.map((one) => ({ ...one, fact: facts[one.fact]! }));
    if (plain.operations !== undefined) detail.operations = richTally(plain.operations);
    detail.dropped = plain.dropped ?? 0;
    detail.undecoded = plain.undecoded ?? 0;
    detail.cut = plain.cut ?? null;
    if (plain.streams !== undefined) detail.streams = pair(plain.streams, (stream) => this.#stream(stream, segment));
    if (plain.datagrams !== undefined) detail.datagrams = pair(plain.datagrams, list);
    if (plain.heads !== undefined) detail.heads = pair(plain.heads, list);
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

const NO_BYTES = new Uint8Array(0);

/** The details of one part, for flows that may go on: with sightings of their own. */
export function ownDetails(part: DetailsPart): FlowDetail[] {
  return new DetailsReader().read(part).map((stored) => {
    const { operations, dropped, undecoded, cut, streams, datagrams, heads } = stored;
    const sightings = [...stored.sightings];
    return { ...newDetail(), sightings, operations, dropped, undecoded, cut, streams, datagrams, heads };
  });
}

/** A flow's detail of which the sightings are words until somebody asks for them. */
class StoredDetail implements FlowDetail {
  operations: FlowDetail["operations"] = null;
  dropped = 0;
  undecoded = 0;
  cut: Cap | null = null;
  streams: FlowDetail["streams"] = NEITHER;
  datagrams: FlowDetail["datagrams"] = NEITHER;
  heads: FlowDetail["heads"] = NEITHER;
  ledger: FlowDetail["ledger"] = null;
  shared = false;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #facts: readonly Fact[];
  #own: Sighting[] | null = null;

  constructor(words: Int32Array, at: number, facts: readonly Fact[]) {
    this.#words = words;
    this.#at = at;
    this.#facts = facts;
  }

  /** Made anew each time, but for the flow that was asked last: a pass over all flows asks each of them several times. */
  get sightings(): Sighting[] {
    if (this.#own !== null) return this.#own;
    if (lastAsked !== this) {
      lastSightings = sightingsOf(this.#words, this.#at, this.#facts);
      lastAsked = this;
    }
    return lastSightings;
  }

  set sightings(own: Sighting[]) {
    this.#own = own;
  }

  says(kind: Fact["kind"]): boolean {
    if (this.#own !== null) return true;
    const words = this.#words;
    const end = this.#at + 1 + words[this.#at]!;
    for (let at = this.#at + 1; at < end; ) {
      const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
      for (let i = at + HEAD_WORDS; i < next; i++) if (this.#facts[words[i]!]!.kind === kind) return true;
      at = next;
    }
    return false;
  }
}
let lastAsked: StoredDetail | null = null;
let lastSightings: Sighting[] = [];

/** What the words from `at` on say: see the drawing. */
function sightingsOf(words: Int32Array, from: number, facts: readonly Fact[]): Sighting[] {
  const sightings: Sighting[] = [];
  const end = from + 1 + words[from]!;
  for (let at = from + 1; at < end; ) {
    const place = words[at]!;
    const dir = (place & 1) as 0 | 1;
    const [capture, frame, sec] = [place >>> 1, words[at + 1]! >>> 0, words[at + 2]! >>> 0];
    const nsec = words[at + 3]! >>> 0;
    const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
    for (let i = at + HEAD_WORDS; i < next; i++)
      sightings.push({ fact: facts[words[i]!]!, dir, capture, frame, sec, nsec });
    at = next;
  }
  return sightings;
}
/** Words of a message before its facts. */
const HEAD_WORDS = 5;
