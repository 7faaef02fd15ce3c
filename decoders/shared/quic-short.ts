/**
 * QUIC behind its handshake: packets with a short header, which only their two ends can read (RFC 9000 section 17.3.1).
 *
 *     ┌─1─┬─1─┬────── 6 ─────┬──────────────────┬───────────────────────────────┐
 *     │ 0 │ 1 │ five protected│ connection id n  │ protected number, sealed data │      n is known to the ends alone
 *     └───┴───┴───────────────┴──────────────────┴───────────────────────────────┘
 *
 * One such packet looks like anything. Several of a direction show what header protection (RFC 9001 section 5.4) makes of
 * them, where the receiver chose an id of some length: the same id in each, low bits of the first byte that jump, and no
 * byte behind the id that stays. A protocol that counts, tells the time or repeats a length shows it there.
 */

import type { Form } from "../../src/decode/decoder.ts";
import { hasForm } from "../../src/decode/forms.ts";

const FORM = 0xc0;
const SHORT = 0x40;
const PROTECTED = 0x1f;
/** A first byte, a packet number and the tag (RFC 9001 section 5.4.2 asks for as much to protect it). */
const SHORTEST = 21;
/** Ids as servers choose them: 8 bytes, so that they are hard to guess, to 20, and an accidental equal byte behind. */
const SHORTEST_ID = 8;
const LONGEST_ID = 20 + 1;
/** Different bytes among the first eight of an id: fewer are a number or text. */
const RANDOM_ID = 5;
/** Packets that it takes, and how many different values their protected bits have at least (of 32). */
export const SHORTS_ENOUGH = 4;
const DIFFERENT_BITS = 3;
/** A byte that rises by less than this from packet to packet is a counter's lowest. */
const COUNTING = 16;
/** Bytes behind the id in which no place may hold the same in all packets. */
const SEALED = 8;
/** What is read of each: no byte behind these. */
export const SHORTS_READ = 1 + LONGEST_ID + SEALED;

/** A short header looks like anything with the right two bits; text, of which that is true as well, it is not. */
export const SHORT_FORM: Form = {
  first: [[SHORT, SHORT | (~FORM & 0xff)]],
  least: SHORTEST,
  some: [1, SHORTEST, 0x80],
};

export const isShort = (buf: Uint8Array, off: number, len: number): boolean => hasForm(SHORT_FORM, buf, off, len, true);

/** What all of them begin with behind their first byte, where it can be a connection id; null where none can. */
export function commonId(packets: readonly Uint8Array[]): Uint8Array | null {
  const first = packets[0]!;
  let end = Math.min(...packets.map((packet) => packet.length), 1 + LONGEST_ID + 1);
  for (const packet of packets) {
    let at = 1;
    while (at < end && packet[at] === first[at]) at++;
    end = at;
  }
  const id = first.subarray(1, end);
  if (packets.length > 1 && (id.length < SHORTEST_ID || id.length > LONGEST_ID)) return null;
  return new Set(id.subarray(0, SHORTEST_ID)).size >= RANDOM_ID ? id : null;
}

/** True where nothing but the id stays from packet to packet, and nothing counts behind it. */
export function isSealed(packets: readonly Uint8Array[], id: Uint8Array): boolean {
  if (new Set(packets.map((packet) => packet[0]! & PROTECTED)).size < DIFFERENT_BITS) return false;
  const from = 1 + id.length;
  const steps = packets.slice(1).map((packet, i) => (packet[from]! - packets[i]![from]!) & 0xff);
  if (steps.every((step) => step < COUNTING)) return false;
  for (let at = from; at < from + SEALED; at++) {
    const byte = packets[0]![at];
    if (byte === undefined || packets.every((packet) => packet[at] === byte)) return false;
  }
  return true;
}
