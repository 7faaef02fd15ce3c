/**
 * What flows said, as bytes. A part holds about 1,000 flows; each fact, each text and each byte that waits stands in it once:
 *
 *     head     8 words, little-endian: how many flows; how many facts; bytes of each of the next six
 *     facts    lengths, texts, facts: what was said, whoever said it (`facts-codec.ts`)
 *     said     of each flow: how many messages; then a message each, as below
 *     streams  of each flow what is left of its two streams, where anything is of any (`stored-streams.ts`)
 *     bytes    what is unfinished, one piece behind the other
 *     more     to the end: what else there is of a flow, where there is anything (`stored-more.ts`)
 *
 *     dir | capture × 2 · frame · sec · nsec · how many facts · their numbers …
 *
 * Numbers of a message take as many bytes as they need (`varint.ts`): frame and second say how far they are from the message
 * before, most nanoseconds are whole microseconds, and a fact is its number, plus one, or 0 where it is the next after the largest
 * before. What is read from it stays so, as words: a flow's sightings are made when somebody asks for them, because as objects a
 * million flows' would take 700 MB.
 */
import type { Decoder } from "../decode/decoder.ts";
import { type FlowDetail, newDetail, type Pair } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { leftOpenings } from "../decode/openings.ts";
import { plainTally } from "../decode/tally-plain.ts";
import type { Segment, Stream } from "../flow/stream.ts";
import { FactWriter } from "./facts-codec.ts";
import { type Part, StoredDetail } from "./stored-detail.ts";
import { SharedFacts, StoredFacts } from "./stored-facts.ts";
import {
  MoreWriter,
  type PlainDetail,
  type PlainSegment,
  type PlainStream,
  StoredMore,
  type Stretch,
} from "./stored-more.ts";
import { flagsOf, StreamsWriter } from "./stored-streams.ts";
import { NumberReader, NumberWriter } from "./varint.ts";

/** A part of these flows. */
export function packDetails(details: readonly FlowDetail[]): Uint8Array {
  return new PartWriter().write(details);
}

const HEAD_BYTES = 32;
/** Of the head's words, the first that is a number of bytes. */
const FIRST_LENGTH = 2;
const STRETCHES = 6;

class PartWriter {
  readonly #facts = new FactWriter();
  /** The number of the next fact that no message has said yet. */
  #next = 0;
  readonly #streams = new StreamsWriter();
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  readonly #said = new NumberWriter();
  #frame = 0;
  #sec = 0;

  write(details: readonly FlowDetail[]): Uint8Array {
    const more = new MoreWriter();
    for (let i = 0; i < details.length; i++) more.add(i, this.#detail(details[i]!));
    const stretches = [...this.#facts.take(), this.#said.take(), this.#streams.take(), Buffer.concat(this.#pieces)];
    const lengths = stretches.map((stretch) => stretch.length);
    const head = Buffer.from(Uint32Array.of(details.length, this.#facts.count, ...lengths).buffer);
    return Buffer.concat([head, ...stretches, more.take()]);
  }

  /** What it has beside its words and its streams; null where that is nothing. */
  #detail(detail: FlowDetail): PlainDetail | null {
    const { sightings, operations, dropped, undecoded, cut, streams, datagrams, heads } = detail;
    const plain: PlainDetail = {};
    const messages = messagesIn(sightings);
    if (messages >= 0) this.#say(sightings, messages);
    else {
      this.#said.write(0);
      plain.told = sightings.map((sighting) => ({ ...sighting, fact: this.#facts.add(sighting.fact) }));
    }
    const [low, high] = streams;
    if (!this.#streams.add(low, high, this.#bytes))
      plain.streams = [low, high].map((stream) => (stream === null ? null : this.#stream(stream)));
    if (operations !== null) plain.operations = plainTally(operations);
    if (dropped > 0) plain.dropped = dropped;
    if (undecoded > 0) plain.undecoded = undecoded;
    if (cut !== null) plain.cut = cut;
    if (isAny(datagrams)) plain.datagrams = datagrams.map((kept) => this.#segments(kept));
    if (isAny(heads)) plain.heads = heads.map((head) => this.#segments(head));
    return Object.keys(plain).length === 0 ? null : plain;
  }

  #say(sightings: readonly Sighting[], messages: number): void {
    const said = this.#said;
    said.write(messages);
    for (let from = 0, to = 0; from < sightings.length; from = to) {
      const first = sightings[from]!;
      const { dir, capture, frame, sec, nsec } = first;
      for (to = from + 1; to < sightings.length && isSameMessage(first, sightings[to]!); ) to++;
      said.write(capture * 2 + dir);
      said.writeSigned(frame - this.#frame);
      said.writeSigned(sec - this.#sec);
      said.write(nsec % 1_000 === 0 ? (nsec / 1_000) * 2 : nsec * 2 + 1);
      said.write(to - from);
      for (let i = from; i < to; i++) this.#sayFact(this.#facts.add(sightings[i]!.fact));
      this.#frame = frame;
      this.#sec = sec;
    }
  }

  #sayFact(fact: number): void {
    this.#said.write(fact === this.#next ? 0 : fact + 1);
    if (fact >= this.#next) this.#next = fact + 1;
  }

  #stream(stream: Stream): PlainStream {
    const { base, decoder, cutOff, conflicts, state, lost, parts, pending } = stream;
    const data = this.#bytes(stream.data.subarray(0, stream.length));
    const waiting = pending.map((segment) => this.#segment(segment));
    return [base, data, decoder, flagsOf(stream), cutOff, conflicts, state, lost, parts, waiting];
  }

  #segments(list: readonly Segment[] | null): PlainSegment[] | null {
    return list?.map((segment) => this.#segment(segment)) ?? null;
  }

  #segment(segment: Segment): PlainSegment {
    return { ...segment, bytes: this.#bytes(segment.bytes) };
  }

  readonly #bytes = (bytes: Uint8Array): Stretch => {
    if (bytes.length === 0) return [0, 0];
    const at = this.#length;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    return [at, bytes.length];
  };
}

const isAny = (pair: Pair<unknown>): boolean => pair[0] !== null || pair[1] !== null;

/** Facts of a flow that are kept as words: they are made objects each time that somebody asks for them. */
const MOST_IN_WORDS = 64;

function fitsWords(one: Sighting): boolean {
  const { capture, frame, sec, nsec } = one;
  return !hasMore(one) && isWord(frame) && isWord(sec) && isWord(nsec) && capture < 0x4000_0000;
}
const hasMore = ({ beside, mac, parts }: Sighting): boolean =>
  beside !== undefined || mac !== undefined || parts !== undefined;
const isWord = (value: number): boolean => value >>> 0 === value;

/** How many messages these are of; -1 where they are too many, or do not fit words. */
function messagesIn(sightings: readonly Sighting[]): number {
  if (sightings.length > MOST_IN_WORDS) return -1;
  let messages = 0;
  for (let i = 0; i < sightings.length; i++) {
    const one = sightings[i]!;
    if (i > 0 && isSameMessage(sightings[i - 1]!, one) && !hasMore(one)) continue;
    if (!fitsWords(one)) return -1;
    messages++;
  }
  return messages;
}

/** Whether two sightings are of one message. */
function isSameMessage(a: Sighting, b: Sighting): boolean {
  return a.frame === b.frame && a.dir === b.dir && a.capture === b.capture && a.sec === b.sec && a.nsec === b.nsec;
}

/** Reads the parts of one observation. */
export class DetailsReader {
  readonly #shared = new SharedFacts();
  readonly #left: ReadonlySet<number>;

  /** `decoders`: those that may read what is left when all is read. */
  constructor(decoders: readonly Decoder[] = []) {
    this.#left = leftOpenings(decoders);
  }

  /** Throws where they are no part. */
  read(part: Uint8Array): FlowDetail[] {
    const all = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    const word = (i: number): number => all.readUInt32LE(i * 4);
    const [count, known] = [word(0), word(1)];
    let at = HEAD_BYTES;
    const stretches: Buffer[] = [];
    for (let i = 0; i < STRETCHES; i++) {
      const end = at + word(FIRST_LENGTH + i);
      stretches.push(all.subarray(at, end));
      at = end;
    }
    const [lengths, texts, told, said, streams, bytes] = stretches as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
    const facts = new StoredFacts(known, lengths, texts, told, this.#shared);
    const others = all.subarray(at);
    const isMore = streams.length + others.length > 0;
    const more = isMore ? new StoredMore({ streams, others, bytes }, count, this.#left) : null;
    const inPart: Part = { facts, more, ...wordsOf(said, count, facts.bits) };
    const details: StoredDetail[] = [];
    for (let i = 0; i < count; i++) details.push(new StoredDetail(inPart, i));
    if (more !== null) for (const [i, told] of more.told(facts)) details[i]!.sightings = told;
    return details;
  }
}

/** What flows said, as words: of each how many there are, then the messages; where each flow's begin, and the kinds of its facts. */
function wordsOf(said: Uint8Array, count: number, bits: Uint16Array): Pick<Part, "words" | "begins" | "kinds"> {
  const begins = new Uint32Array(count);
  const kinds = new Uint16Array(count);
  const most = count + said.length;
  if (scratch.length < most) scratch = new Int32Array(2 * most);
  const words = scratch;
  const numbers = new NumberReader(said);
  let at = 0;
  let [frame, sec, next] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const begin = at++;
    let told = 0;
    for (let messages = numbers.read(); messages > 0 && !numbers.ended; messages--) {
      words[at++] = numbers.read();
      frame += numbers.readSigned();
      sec += numbers.readSigned();
      const nsec = numbers.read();
      words[at++] = frame;
      words[at++] = sec;
      words[at++] = nsec % 2 === 0 ? (nsec / 2) * 1_000 : (nsec - 1) / 2;
      const facts = numbers.read();
      words[at++] = facts;
      for (let n = 0; n < facts && !numbers.ended; n++) {
        const known = numbers.read();
        const fact = known === 0 ? next : known - 1;
        words[at++] = fact;
        told |= bits[fact]!;
        if (fact >= next) next = fact + 1;
      }
    }
    begins[i] = begin;
    kinds[i] = told;
    words[begin] = at - begin - 1;
  }
  return { words: words.slice(0, at), begins, kinds };
}
/** What a part's words are put together in. */
let scratch = new Int32Array(0);

/** The details of one part, for flows that may go on: with sightings of their own. */
export function ownDetails(part: Uint8Array): FlowDetail[] {
  return new DetailsReader().read(part).map((stored) => {
    const { operations, dropped, undecoded, cut, streams, datagrams, heads } = stored;
    const sightings = [...stored.sightings];
    return { ...newDetail(), sightings, operations, dropped, undecoded, cut, streams, datagrams, heads };
  });
}
