/**
 * Whole numbers below 2 ** 53 in as few bytes as they need: seven bits a byte, the lowest first, and the eighth where more
 * follow (LEB128, as in DWARF 4 section 7.6). Signed ones take turns: 0, -1, 1, -2, 2 …
 */

/** So many low bits fit a small integer, with the sign's beside them. */
const SMALL = 2 ** 30;
/** A number takes no more: 53 bits in sevens. */
const LONGEST = 8;

export class NumberWriter {
  #bytes: Uint8Array;
  #at = 0;

  /** `room`: bytes to begin with. */
  constructor(room = 1 << 14) {
    this.#bytes = new Uint8Array(room);
  }

  write(value: number): void {
    if (this.#at + LONGEST > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const bytes = this.#bytes;
    let rest = value;
    while (rest >= SMALL) {
      bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[this.#at++] = rest;
  }

  writeSigned(value: number): void {
    this.write(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** All that was written. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

export class NumberReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Where the next number begins. */
  get at(): number {
    return this.#at;
  }
  set at(at: number) {
    this.#at = at;
  }

  /** Whether all has been read. */
  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Behind the last number: 0. */
  read(): number {
    const bytes = this.#bytes;
    const byte = bytes[this.#at++] ?? 0;
    if (byte < 128) return byte;
    const second = bytes[this.#at++] ?? 0;
    if (second < 128) return (byte & 127) | (second << 7);
    return this.#readLong((byte & 127) | ((second & 127) << 7));
  }

  /** A number of more than two bytes, of which two were read. */
  #readLong(begun: number): number {
    const bytes = this.#bytes;
    const third = bytes[this.#at++] ?? 0;
    let value = begun | ((third & 127) << 14);
    let byte = third;
    for (let weight = 2 ** 21; byte > 127; weight *= 128) {
      byte = bytes[this.#at++] ?? 0;
      value += (byte & 127) * weight;
    }
    return value;
  }

  readSigned(): number {
    const value = this.read();
    if (value < SMALL) return (value & 1) === 0 ? value >> 1 : -((value + 1) >> 1);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** Pairs of numbers, in their order: each as far as it is from the one before. */
export function packPairs(pairs: ReadonlyMap<number, number>): Uint8Array {
  const numbers = new NumberWriter();
  let [lastKey, lastValue] = [0, 0];
  for (const [key, value] of pairs) {
    numbers.writeSigned(key - lastKey);
    numbers.writeSigned(value - lastValue);
    [lastKey, lastValue] = [key, value];
  }
  return numbers.take();
}

export function* unpackPairs(bytes: Uint8Array): Generator<[number, number]> {
  const numbers = new NumberReader(bytes);
  let [key, value] = [0, 0];
  while (!numbers.ended) {
    key += numbers.readSigned();
    value += numbers.readSigned();
    yield [key, value];
  }
}
