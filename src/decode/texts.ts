/**
 * Short texts off the wire that come again and again, names above all: each is made once and found by its bytes from then on.
 * A million conversations with 50,000 names have 50,000 texts, and finding one takes a third of the time of making it.
 *
 * A slot holds the last text that its hash led to, so that memory has a bound whatever comes.
 */
import { escapeBytes } from "./cursor.ts";

const SLOTS = 1 << 15;
/** Longer ones rarely repeat. */
const LONGEST = 128;
const known: (string | undefined)[] = new Array<string | undefined>(SLOTS);

/** Whether `escapeBytes` leaves a byte as it is. */
export const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && byte !== 0x5c;

/** A byte of ASCII in lower case. */
export const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);

/** The text of bytes of ASCII. */
export function sameText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > LONGEST) return made(bytes, from, to);
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const there = known[slot];
  if (there !== undefined && isText(there, bytes, from, to)) return there;
  const text = made(bytes, from, to);
  known[slot] = text;
  return text;
}

function made(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

function isText(text: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = from; i < to; i++) if (text.charCodeAt(i - from) !== bytes[i]) return false;
  return true;
}

/** As `escapeBytes`. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  for (let i = from; i < to; i++) if (!isPlain(bytes[i]!)) return escapeBytes(bytes, from, to);
  return sameText(bytes, from, to);
}

const LOWERED = new Uint8Array(LONGEST);

/** As `escapeBytes`, in lower case. */
export function nameOf(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > LONGEST) return escapeBytes(bytes, from, to).toLowerCase();
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (!isPlain(byte)) return escapeBytes(bytes, from, to).toLowerCase();
    LOWERED[i - from] = lower(byte);
  }
  return sameText(LOWERED, 0, to - from);
}
