/**
 * When two messages say the same but for the number that pairs them: a decoder tells it in a table of shapes, and a message
 * whose like was read in full before is counted, not read. Here the table becomes words that two can read: `liken` below,
 * and the compiled walk (`flow/wasm/glance.ts`), which has them in the arena.
 *
 *     the first bytes of a message    id  id  ==  ==  ==  ..  ==
 *     masked, in little-endian words  00  00  ff  ff │ ff  00  ff           compared with those of messages met before
 *
 * What is compared need not be looked at: had it been wrong, the first message of its like would not have been learned.
 */
import type { GlanceShape } from "./decoder.ts";

/** Words of a shape, which is the index of its first. */
export const SHAPE_WORDS = 32;
/** Byte of the message where its length stands; 1 or 2 bytes of it, 2 + LITTLE; bytes of the message that it does not count. */
export const LENGTH_AT = 0;
export const LENGTH_BYTES = 1;
export const LITTLE = 4;
export const BESIDE = 2;
/** Byte that says what the message is; a bit for each of its values that may be counted, in 8 words. */
export const CODE_AT = 3;
export const CODES = 4;
/** Bytes that every message of the shape has; 1 where others may follow. */
export const SIZE = 12;
export const OPEN = 13;
/** Where the four bytes of the id are, the highest first. A shape with fewer has `NO_BYTE`, which is 0, in the places of the first. */
export const ID = 14;
export const NO_BYTE = -1;
/** Words that are compared, and their masks. */
export const COMPARED = 18;
export const MASKS = 19;
export const MOST_COMPARED = 12;

/** What a message is like: its id; the shape's number, from 1 on; how many words are compared; the words. */
export const LIKE_ID = 0;
export const LIKE_SHAPE = 1;
export const LIKE_COUNT = 2;
export const LIKE_WORDS = 3;
export const LIKE_LENGTH = LIKE_WORDS + MOST_COMPARED;

/** All shapes of all decoders. */
export class Shapes {
  /** One behind the other, `SHAPE_WORDS` each. */
  readonly words: Int32Array;
  /** By decoder: which of them it has, by what its state must be. */
  readonly #of: readonly (readonly { mask: number; is: number; shape: number }[])[];

  constructor(tables: readonly (readonly GlanceShape[] | undefined)[]) {
    const all = tables.flatMap((table) => table ?? []);
    this.words = new Int32Array(all.length * SHAPE_WORDS);
    for (const [i, shape] of all.entries()) this.words.set(wordsOf(shape), i * SHAPE_WORDS);
    let next = 0;
    this.#of = tables.map((table = []) => table.map(({ state }) => ({ ...state, shape: next++ * SHAPE_WORDS })));
  }

  /** The shape of a direction's messages, by its decoder and state; -1 where they have none. */
  find(decoder: number, state: number): number {
    for (const { mask, is, shape } of this.#of[decoder]!) if ((state & mask) === is) return shape;
    return -1;
  }

  /** The number that tells it from all others, from 1 on. */
  number(shape: number): number {
    return shape / SHAPE_WORDS + 1;
  }

  /** The length of the message at `off`, where it is of that shape and all here: then `like` says what it is like. Else 0. */
  liken(shape: number, buf: Uint8Array, off: number, len: number, like: Int32Array): number {
    const { words } = this;
    const size = words[shape + SIZE]!;
    if (len < size) return 0;
    const code = buf[off + words[shape + CODE_AT]!]!;
    if (((words[shape + CODES + (code >>> 5)]! >>> (code & 31)) & 1) === 0) return 0;
    const length = this.#lengthOf(shape, buf, off);
    if (length > len || (words[shape + OPEN] === 0 ? length !== size : length < size)) return 0;
    let id = 0;
    for (let i = shape + ID; i < shape + ID + 4; i++) id = (id << 8) | (words[i]! < 0 ? 0 : buf[off + words[i]!]!);
    like[LIKE_ID] = id;
    like[LIKE_SHAPE] = this.number(shape);
    const count = words[shape + COMPARED]!;
    like[LIKE_COUNT] = count;
    for (let i = 0, at = off; i < count; i++, at += 4) {
      const word = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
      like[LIKE_WORDS + i] = word & words[shape + MASKS + i]!;
    }
    return length;
  }

  #lengthOf(shape: number, buf: Uint8Array, off: number): number {
    const at = off + this.words[shape + LENGTH_AT]!;
    const how = this.words[shape + LENGTH_BYTES]!;
    const first = buf[at]!;
    const said = how === 1 ? first : how === 2 ? (first << 8) | buf[at + 1]! : first | (buf[at + 1]! << 8);
    return said + this.words[shape + BESIDE]!;
  }
}

/** Throws where a table makes no sense: decoders are part of the program, and a test builds all of them. */
function wordsOf(shape: GlanceShape): Int32Array {
  const { length, code, id } = shape;
  const bytes = shape.bytes.split(" ");
  const open = bytes.at(-1) === "...";
  if (open) bytes.pop();
  const inside = (at: number): boolean => at >= 0 && at < bytes.length;
  const sound =
    bytes.length > 0 &&
    bytes.length <= MOST_COMPARED * 4 &&
    bytes.every((byte) => byte === "==" || byte === "id" || byte === "..") &&
    [length.at, length.at + length.bytes - 1, code.at, ...id].every(inside) &&
    id.length <= 4 &&
    bytes.every((byte, at) => byte !== "id" || id.includes(at));
  if (!sound) throw new Error(`a shape that makes no sense: ${shape.bytes}`);
  const words = new Int32Array(SHAPE_WORDS);
  words[LENGTH_AT] = length.at;
  words[LENGTH_BYTES] = length.bytes === 1 ? 1 : 2 + (length.order === "little" ? LITTLE : 0);
  words[BESIDE] = length.beside;
  words[CODE_AT] = code.at;
  for (const value of code.of) words[CODES + (value >>> 5)]! |= 1 << (value & 31);
  words[SIZE] = bytes.length;
  words[OPEN] = +open;
  words.fill(NO_BYTE, ID, ID + 4);
  words.set(id, ID + 4 - id.length);
  bytes.forEach((byte, at) => {
    if (byte !== "==") return;
    words[MASKS + (at >>> 2)]! |= 0xff << ((at & 3) * 8);
    words[COMPARED] = (at >>> 2) + 1;
  });
  return words;
}
