import { u16be, u16le, u32be, u32le } from "./bytes.ts";

/**
 * Looks for an option in a pcapng block's list (draft-ietf-opsawg-pcapng, section 3.5): code and length of two bytes
 * each, then the value, padded to 4.
 *
 * @returns the offset of the value of the first option of this code that has at least `size` bytes; -1 where there is
 * none, or the list is broken before it: an option is no reason to give up a packet.
 */
export function findOption(
  buf: Uint8Array,
  from: number,
  end: number,
  code: number,
  size: number,
  bigEndian: boolean,
): number {
  let at = from;
  while (at + 4 <= end) {
    const found = bigEndian ? u16be(buf, at) : u16le(buf, at);
    const length = bigEndian ? u16be(buf, at + 2) : u16le(buf, at + 2);
    const value = at + 4;
    if (found === 0 || value + length > end) return -1;
    if (found === code && length >= size) return value;
    at = value + ((length + 3) & ~3);
  }
  return -1;
}

/** Longer texts of filters are cut: they are told to people. */
const FILTER_BYTES = 200;
const TEXT = new TextDecoder();

/**
 * `if_filter` (section 4.2): one byte says what it is, 0 for libpcap's language and 1 for a compiled program, of which
 * nobody can tell in words what it lets through.
 */
export function filterText(buf: Uint8Array, at: number, end: number): string {
  return buf[at] === 0 ? TEXT.decode(buf.subarray(at + 1, Math.min(end, at + 1 + FILTER_BYTES))) : "a compiled program";
}

/** An unsigned 64-bit value, as near as a double comes to it. */
export function unsigned64(buf: Uint8Array, at: number, bigEndian: boolean): number {
  const high = bigEndian ? u32be(buf, at) : u32le(buf, at + 4);
  const low = bigEndian ? u32be(buf, at + 4) : u32le(buf, at);
  return high * 4_294_967_296 + low;
}

/** A signed 64-bit value, as near as a double comes to it. */
export function signed64(buf: Uint8Array, at: number, bigEndian: boolean): number {
  const high = bigEndian ? u32be(buf, at) : u32le(buf, at + 4);
  const low = bigEndian ? u32be(buf, at + 4) : u32le(buf, at);
  return (high | 0) * 4_294_967_296 + low;
}
