/**
 * Which of a controller's devices (its registers, relays, inputs) a MELSEC request is about, for people: `D100×10`.
 * Mitsubishi SH-080008 and SH-080956: in binary a number, lowest byte first, and a code; in letters the code's own, then the number.
 *
 *     0401, 1401 batch           device, count 2
 *     0403, 1402 random          words 1, double words 1, then of each its device (1402: and what is written); 1402 of bits: how many 1
 *     0406, 1406 blocks          of words 1, of bits 1, then of each its device and count 2 (1406: and what is written)
 *     subcommands 2 and 3 (iQ-R) devices have a number of 4 bytes and a code of 2, others 3 and 1
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import { DEVICES, HEXADECIMAL } from "./melsec-codes.ts";
import { joinTargets, MOST_TARGETS } from "./operation.ts";

const BATCH = [0x0401, 0x1401];
const RANDOM_READ = 0x0403;
const RANDOM_WRITE = 0x1402;
const BLOCKS = [0x0406, 0x1406];
const BLOCK_WRITE = 0x1406;
/** Subcommands without the extension that lets other devices choose. */
const MOST_PLAIN = 3;

const deviceName = (name: string, first: number, count: number): string =>
  `${name}${HEXADECIMAL.includes(name) ? first.toString(16).toUpperCase() : first}${count > 1 ? `×${count}` : ""}`;

/** A binary request's devices, `at` bytes from the cursor, as far as the bytes go; null for a command on no devices. Throws nothing. */
export function devicesAt(c: Cursor, at: number, command: number, sub: number): string | null {
  if (sub > MOST_PLAIN) return null;
  const data = new Devices(c, at, sub >= 2);
  if (BATCH.includes(command)) return data.batch();
  if (command === RANDOM_READ || command === RANDOM_WRITE)
    return data.random(command === RANDOM_WRITE, (sub & 1) === 1);
  return BLOCKS.includes(command) ? data.blocks(command === BLOCK_WRITE) : null;
}

class Devices {
  readonly #c: Cursor;
  #at: number;
  readonly #wide: boolean;

  constructor(c: Cursor, at: number, wide: boolean) {
    this.#c = c;
    this.#at = c.pos + at;
    this.#wide = wide;
  }

  batch(): string | null {
    const named = this.#device(true);
    return named === null ? null : joinTargets([named]);
  }

  random(writes: boolean, bits: boolean): string | null {
    const words = this.#number(1);
    const doubles = bits ? 0 : this.#number(1);
    return this.#list(words + doubles, false, (i) => (!writes ? 0 : bits ? (this.#wide ? 2 : 1) : i < words ? 2 : 4));
  }

  blocks(writes: boolean): string | null {
    return this.#list(this.#number(1) + this.#number(1), true, (_, count) => (writes ? count * 2 : 0));
  }

  /** So many devices, each with so many bytes of values behind it. */
  #list(count: number, counted: boolean, values: (i: number, count: number) => number): string | null {
    const named: string[] = [];
    for (let i = 0; i < count && named.length < MOST_TARGETS; i++) {
      const device = this.#device(counted);
      if (device === null) break;
      named.push(device);
      this.#at += values(i, counted ? this.#last : 1);
    }
    return joinTargets(named, count > named.length);
  }

  /** The count that stood behind the last device. */
  #last = 0;

  #device(counted: boolean): string | null {
    const size = (this.#wide ? 6 : 4) + (counted ? 2 : 0);
    if (this.#at + size > this.#c.end) return null;
    const first = this.#number(this.#wide ? 4 : 3);
    const code = this.#number(this.#wide ? 2 : 1);
    this.#last = counted ? this.#number(2) : 1;
    return deviceName(DEVICES.get(code) ?? `device 0x${code.toString(16)} `, first, this.#last);
  }

  /** Lowest byte first; 0 where the bytes end. */
  #number(bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (this.#c.buf[this.#at + i] ?? 0);
    this.#at += bytes;
    return value;
  }
}

/** `D*0001000002`, which is `D100×2`: code 2, number 6, count 4. Null for other commands, and where the letters are none of that. */
export function devicesInLetters(c: Cursor, at: number, command: number, sub: number): string | null {
  if (!BATCH.includes(command) || sub > 1 || c.left < at + 12) return null;
  const code = String.fromCharCode(c.buf[c.pos + at]!, c.buf[c.pos + at + 1]!)
    .replace("*", "")
    .toUpperCase();
  if (![...DEVICES.values()].includes(code)) return null;
  const first = lettersAt(c, at + 2, 6, HEXADECIMAL.includes(code) ? 16 : 10);
  const count = lettersAt(c, at + 8);
  return first < 0 || count < 0 ? null : deviceName(code, first, count);
}

/** A number in four letters, or so many, of hexadecimal or another base; -1 where they are none. Some clients write small ones. */
export function lettersAt(c: Cursor, at: number, count = 4, base = 16): number {
  let value = 0;
  for (let i = c.pos + at; i < c.pos + at + count; i++) {
    const letter = c.buf[i]! | 0x20; // of digits, that changes nothing
    const digit =
      c.buf[i]! >= 0x30 && c.buf[i]! <= 0x39 ? letter - 0x30 : letter >= 0x61 && letter <= 0x66 ? letter - 87 : base;
    if (digit >= base) return -1;
    value = value * base + digit;
  }
  return value;
}
