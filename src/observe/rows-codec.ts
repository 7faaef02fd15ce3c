/**
 * Rows of flows as bytes, a third of what they take in memory. A part holds the rows of one chunk of the table, one behind the
 * other; of each word stands how far it is from what the row's other words, or rows above it, let one expect:
 *
 *     how many rows, and where the last stretch begins: 4 bytes each, little-endian
 *     codes     2 bits a word, four words a byte, the lowest bits first
 *     values    0 to 4 bytes a word, as its code says, little-endian, signed ones in turns: 0, -1, 1, -2 …
 *
 *     code       0             1         2         3
 *     number     as expected   1 byte    2 bytes   4 bytes
 *     time       as expected   2 bytes   3 bytes   4 bytes    (1 and 2: microseconds)
 *
 * What is compared with is the row above, as rows are in the order in which flows began, the newest row of the same protocol, and the
 * newest of the same protocol and service (`alike`), for traffic of one service looks alike.
 */
import { TCP } from "../dissect/packet.ts";
import * as Row from "../flow/row.ts";
import { CHUNK_ROWS } from "../flow/table.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time.
const { ANSWER_FRAME, BLOCK_WORDS, BORN, BYTES, BYTES_HIGH, CAPTURES, DETAIL, FIRST, FRAME, HALF, HIGH, LAST } = Row;
const { LOW, META, NEXT, PACKETS, PORTS, PRINT, START, STATE, SYN_FRAME, TRIES, VLANS } = Row;
const { S_MIDSTREAM, S_RST, S_SYN, S_SYNACK } = Row;
/** S_RST or S_SYNACK, in either direction. */
const ANSWERED = S_RST | S_SYNACK;

const HEAD_BYTES = 8;
/** Ports are two values. */
const VALUES = 2 * HALF + 1;
const VALUE_BYTES = 4;
const THOUSAND = 1_000;
const SERVICES = 1 << 12;
const PROTOCOLS = 1 << 8;

/** The first rows of a chunk. */
export function packRows(words: Int32Array, rows: number): Uint8Array {
  const coder = new RowWriter(words, rows);
  walkRows(coder, coder.words, rows);
  return coder.take();
}

/** The rows of a part, in blocks as in a chunk. Throws where it is none. */
export function unpackRows(part: Uint8Array): { words: Int32Array; rows: number } {
  const coder = new RowReader(part);
  walkRows(coder, coder.words, coder.rows);
  return { words: coder.words.subarray(BLOCK_WORDS), rows: coder.rows };
}

/**
 * Writes or reads one word after the other, all in one order. Both work on rows that stand behind a block of zeros: what has
 * nothing above it is compared with that.
 */
interface RowCoder {
  number(at: number, expected: number): void;
  time(at: number, expected: number): void;
  /** Both halves of a word. */
  halves(at: number, high: number, low: number): void;
}

function walkRows(coder: RowCoder, words: Int32Array, rows: number): void {
  const newest = new Int32Array(PROTOCOLS);
  const services = new Int32Array(SERVICES);
  let above = 0;
  for (let row = 0; row < rows; row++) {
    const at = BLOCK_WORDS + Row.placeOf(row);
    coder.number(at + META, words[above + META]!);
    const proto = words[at + META]! & 0xff;
    const before = newest[proto]!;
    const ports = words[before + PORTS]!;
    coder.halves(at + PORTS, ports >>> 16, ports & 0xffff);
    const service = serviceOf(proto, words[at + PORTS]!);
    walkRow(coder, words, at, above, before, services[service]!);
    newest[proto] = at;
    services[service] = at;
    above = at;
  }
}

/** Two services of one place are taken for one: then less is as expected, and nothing wrong. */
function serviceOf(proto: number, ports: number): number {
  const [low, high] = [ports >>> 16, ports & 0xffff];
  return Math.imul((proto << 16) | (low < high ? low : high), 0x9e3779b1) >>> 20;
}

/** All but the first two words of a row, each behind those that say what to expect of it. */
function walkRow(coder: RowCoder, words: Int32Array, at: number, above: number, before: number, alike: number): void {
  const tcp = (words[at + META]! & 0xff) === TCP;
  coder.number(at + STATE, words[alike + STATE]!);
  coder.number(at + LOW, words[alike + LOW]!);
  coder.number(at + HIGH, words[alike + HIGH]!);
  coder.number(at + PACKETS, words[alike + PACKETS]!);
  coder.number(at + PACKETS + 1, words[alike + PACKETS + 1]!);
  coder.number(at + BYTES, words[alike + BYTES]!);
  coder.number(at + BYTES + 1, words[alike + BYTES + 1]!);
  coder.number(at + BYTES_HIGH, words[alike + BYTES_HIGH]!);
  coder.number(at + CAPTURES, words[alike + CAPTURES]!);
  coder.number(at + VLANS, words[alike + VLANS]!);
  const state = words[at + STATE]!;
  const low = words[at + PACKETS]! !== 0;
  const high = words[at + PACKETS + 1]! !== 0;
  const led = words[above + PACKETS]! !== 0 ? 0 : 1;
  if (low) walkTimes(coder, words, at, 0, above + FIRST + led * 2, words[above + FRAME + led]!);
  else walkSilent(coder, words, at, 0, alike);
  if (!high) walkSilent(coder, words, at, 1, alike);
  else if (low) walkTimes(coder, words, at, 1, at + FIRST, words[at + FRAME]!);
  else walkTimes(coder, words, at, 1, above + FIRST + led * 2, words[above + FRAME + led]!);
  const frame = words[at + FRAME + (low ? 0 : 1)]!;
  coder.number(at + BORN, frame + words[above + BORN]! - words[above + FRAME + led]!);
  for (let dir = 0; dir < 2; dir++) {
    coder.number(at + START + dir, tcp ? 0 : words[alike + START + dir]!);
    coder.number(at + NEXT + dir, tcp ? words[at + START + dir]! : words[alike + NEXT + dir]!);
  }
  coder.number(at + SYN_FRAME, tcp ? markedFrame(words, at, state, S_SYN) : secondFrame(words, at, 0));
  coder.number(at + ANSWER_FRAME, tcp ? markedFrame(words, at, state, ANSWERED) : secondFrame(words, at, 1));
  const tries = words[alike + TRIES]!;
  const counts = !tcp || (state & S_MIDSTREAM) !== 0 || tries === 0;
  coder.number(at + TRIES, counts ? tries : Math.max(words[at + FRAME]!, words[at + FRAME + 1]!));
  const detail = words[before + DETAIL]!;
  coder.number(at + DETAIL, detail === 0 ? 0 : detail + 1);
  coder.number(at + PRINT, 0);
}

/** Times and first frame of a direction with packets. `like`: the place of a first time. */
function walkTimes(coder: RowCoder, words: Int32Array, at: number, dir: number, like: number, frame: number): void {
  const first = at + FIRST + dir * 2;
  coder.number(first, words[like]!);
  coder.time(first + 1, words[like + 1]!);
  coder.number(at + LAST + dir * 2, words[first]!);
  coder.time(at + LAST + dir * 2 + 1, words[first + 1]!);
  coder.number(at + FRAME + dir, frame);
}

/** One without packets has a next hop in the place of its first time, and nothing else. */
function walkSilent(coder: RowCoder, words: Int32Array, at: number, dir: number, alike: number): void {
  coder.number(at + FIRST + dir * 2, words[alike + FIRST + dir * 2]!);
  coder.number(at + FIRST + dir * 2 + 1, words[alike + FIRST + dir * 2 + 1]!);
  coder.number(at + LAST + dir * 2, 0);
  coder.number(at + LAST + dir * 2 + 1, 0);
  coder.number(at + FRAME + dir, 0);
}

/** The first frame of the direction that the state marks with one of these bits. */
function markedFrame(words: Int32Array, at: number, state: number, marks: number): number {
  if ((state & marks) !== 0) return words[at + FRAME]!;
  return (state & (marks << 1)) !== 0 ? words[at + FRAME + 1]! : 0;
}

function secondFrame(words: Int32Array, at: number, dir: number): number {
  return words[at + PACKETS + dir]! > 1 ? words[at + FRAME + dir]! : 0;
}

class RowWriter implements RowCoder {
  readonly words: Int32Array;
  readonly #bytes: Uint8Array;
  #codesAt = HEAD_BYTES;
  #codes = 0;
  #shift = 0;
  readonly #valuesAt: number;
  #at: number;

  constructor(words: Int32Array, rows: number) {
    const blocks = Math.ceil(rows / Row.BLOCK_ROWS);
    this.words = new Int32Array((1 + blocks) * BLOCK_WORDS);
    this.words.set(words.subarray(0, blocks * BLOCK_WORDS), BLOCK_WORDS);
    this.#valuesAt = HEAD_BYTES + Math.ceil((rows * VALUES) / 4);
    this.#at = this.#valuesAt;
    this.#bytes = new Uint8Array(this.#valuesAt + rows * VALUES * VALUE_BYTES);
    const head = new DataView(this.#bytes.buffer);
    head.setUint32(0, rows, true);
    head.setUint32(4, this.#valuesAt, true);
  }

  number(at: number, expected: number): void {
    this.#write((this.words[at]! - expected) | 0);
  }

  halves(at: number, high: number, low: number): void {
    const word = this.words[at]!;
    this.#write((word >>> 16) - high);
    this.#write((word & 0xffff) - low);
  }

  time(at: number, expected: number): void {
    const off = (this.words[at]! - expected) | 0;
    const us = (off / THOUSAND) | 0;
    const value = ((us << 1) ^ (us >> 31)) >>> 0;
    if (us * THOUSAND !== off || value > 0xff_ffff) this.#put(3, (off << 1) ^ (off >> 31), 4);
    else if (value === 0) this.#code(0);
    else if (value <= 0xffff) this.#put(1, value, 2);
    else this.#put(2, value, 3);
  }

  take(): Uint8Array {
    if (this.#shift > 0) this.#bytes[this.#codesAt] = this.#codes;
    return this.#bytes.slice(0, this.#at);
  }

  #write(off: number): void {
    const value = ((off << 1) ^ (off >> 31)) >>> 0;
    if (value === 0) this.#code(0);
    else if (value <= 0xff) this.#put(1, value, 1);
    else if (value <= 0xffff) this.#put(2, value, 2);
    else this.#put(3, value, 4);
  }

  #put(code: number, value: number, width: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    // All four, whatever the width: what is too much is written over by the next.
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.#at = at + width;
    this.#code(code);
  }

  #code(code: number): void {
    this.#codes |= code << this.#shift;
    this.#shift += 2;
    if (this.#shift < 8) return;
    this.#bytes[this.#codesAt++] = this.#codes;
    this.#codes = 0;
    this.#shift = 0;
  }
}

class RowReader implements RowCoder {
  readonly words: Int32Array;
  readonly rows: number;
  readonly #bytes: Uint8Array;
  #codesAt = HEAD_BYTES;
  #codes = 0;
  #left = 0;
  #at: number;

  constructor(bytes: Uint8Array) {
    const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.rows = head.getUint32(0, true);
    if (this.rows > CHUNK_ROWS) throw new Error(`a part of ${this.rows} rows, where ${CHUNK_ROWS} is the most`);
    this.words = new Int32Array((1 + Math.ceil(this.rows / Row.BLOCK_ROWS)) * BLOCK_WORDS);
    this.#bytes = bytes;
    this.#at = head.getUint32(4, true);
  }

  number(at: number, expected: number): void {
    this.words[at] = expected + this.#read();
  }

  halves(at: number, high: number, low: number): void {
    const upper = high + this.#read();
    this.words[at] = (upper << 16) | ((low + this.#read()) & 0xffff);
  }

  time(at: number, expected: number): void {
    const code = this.#code();
    const off = code === 0 ? 0 : this.#value(code + 1);
    this.words[at] = expected + (code === 3 ? off : off * THOUSAND);
  }

  #read(): number {
    const code = this.#code();
    return code === 0 ? 0 : this.#value(code === 3 ? 4 : code);
  }

  #code(): number {
    if (this.#left === 0) {
      this.#codes = this.#bytes[this.#codesAt++] ?? 0;
      this.#left = 4;
    }
    this.#left--;
    const code = this.#codes & 3;
    this.#codes >>>= 2;
    return code;
  }

  #value(width: number): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let shift = 0; shift < width * 8; shift += 8) value |= (bytes[this.#at++] ?? 0) << shift;
    return (value >>> 1) ^ -(value & 1);
  }
}
