/**
 * One flow is one row of 32 signed 32-bit words in two halves, a cache line each. Every packet writes the hot half; the
 * cold one is written when a flow begins and by what is rare.
 *
 *      0        4        8        12       16       20       24       28       32 … byte
 *     ┌────────┬────────┬────────┬────────┬────────┬────────┬────────┬────────┐
 *     │ LOW    │ HIGH   │ PORTS  │ META   │ STATE  │packets0│packets1│ bytes0 │
 *     ├────────┼────────┼────────┼────────┼────────┼────────┼────────┼────────┤ hot
 *     │ bytes1 │lastSec0│lastNs0 │lastSec1│lastNs1 │ PRINT  │ next0  │ next1  │
 *     ╞════════╪════════╪════════╪════════╪════════╪════════╪════════╪════════╡
 *     │firstS0 │firstNs0│firstS1 │firstNs1│ frame0 │ frame1 │captures│bytesHi │
 *     ├────────┼────────┼────────┼────────┼────────┼────────┼────────┼────────┤ cold
 *     │ start0 │ start1 │ TRIES  │ VLANS  │ SYNFRM │ ACKFRM │ DETAIL │ BORN   │
 *     └────────┴────────┴────────┴────────┴────────┴────────┴────────┴────────┘
 *
 * Rows stand in blocks of 64: a page of hot halves, then a page of cold ones, so that the packets of many flows touch
 * half as many pages (the processor remembers the places of about 2,000). A row is named by the place of its hot half,
 * `at`; every field is a constant distance from there, the cold ones a page further. (Separate arrays, one a field, were
 * slower: each packet then misses the cache once a field.)
 *
 * The two ends are in address order (then port order), so a flow has the same row whichever way its first packet went,
 * and direction 0 is from the lower end to the higher. LOW and HIGH are the address itself for IPv4, else its number in
 * the `AddressTable`.
 */
/** Words of a half, rows of a block, and words of a block. */
export const HALF = 16;
export const BLOCK_ROWS = 64;
export const BLOCK_WORDS = BLOCK_ROWS * HALF * 2;
/** From a row's hot half to its cold one. */
const COLD = BLOCK_ROWS * HALF;
/** Words of an array that holds one row alone, at 0. */
export const ROW_SPAN = COLD + HALF;

/** The place of a row in an array of blocks. */
export function placeOf(row: number): number {
  return ((row >>> 6) << 11) | ((row & 63) << 4);
}

/** Copies both halves of a row. */
export function copyRow(from: Int32Array, fromAt: number, to: Int32Array, toAt: number): void {
  for (let word = 0; word < HALF; word++) {
    to[toAt + word] = from[fromAt + word]!;
    to[toAt + COLD + word] = from[fromAt + COLD + word]!;
  }
}

/** The 32 words of a row, hot half first. */
export function rowWords(from: Int32Array, at: number): number[] {
  return [...from.subarray(at, at + HALF), ...from.subarray(at + COLD, at + COLD + HALF)];
}

/** What `rowWords` gave, as a row again. */
export function writeRow(words: readonly number[], to: Int32Array, at: number): void {
  for (let word = 0; word < HALF; word++) {
    to[at + word] = words[word] ?? 0;
    to[at + COLD + word] = words[HALF + word] ?? 0;
  }
}

/** Makes both halves of a row zero. */
export function clearRow(words: Int32Array, at: number): void {
  words.fill(0, at, at + HALF);
  words.fill(0, at + COLD, at + COLD + HALF);
}

export const LOW = 0;
export const HIGH = 1;
/** Lower end's port << 16 | higher end's. */
export const PORTS = 2;
/** IP protocol | family << 8 | realm << 16. Family: 4, 6, or `FAMILY_ETH`. */
export const META = 3;
export const STATE = 4;
/** Where a field has one word a direction, the second follows the first unless it says otherwise. */
export const PACKETS = 5;
/** Unsigned low words; the high halves share `BYTES_HIGH`. */
export const BYTES = 7;
/** Seconds and nanoseconds of the last packet: direction 1 is two words further. */
export const LAST = 9;
/** Fingerprint of the last packet of either direction, see `copies.ts`. */
export const PRINT = 13;
/** TCP: the highest sequence number seen so far, plus one. */
export const NEXT = 14;
/** As LAST, of the first packet; of a direction without packets the next hop of the other, see `hops.ts`. */
export const FIRST = COLD + 0;
/** Frame number of the first packet of each direction. */
export const FRAME = COLD + 4;
/** Capture of that frame: direction 0 in the low half, 1 in the high. */
export const CAPTURES = COLD + 6;
/** Bits 32 to 47 of the byte counts: direction 0 in the low half, 1 in the high. */
export const BYTES_HIGH = COLD + 7;
/** TCP: sequence number of the first byte (the SYN's own where it was seen). */
export const START = COLD + 8;
/** Datagrams (or mid-stream segments) that no decoder took: direction 0 in the low half, 1 in the high. */
export const TRIES = COLD + 10;
/**
 * TCP that did not begin mid-stream, which counts no tries, in the same word: frame of the first payload of the end that
 * opened it, or of its end without any; 0 where no packet before it said which one that is.
 */
export const WORDS_FRAME = TRIES;
/** Of the first packet of each direction, 0 in the low half, 1 in the high: innermost VLAN id, and tunnel in the top 4 bits. */
export const VLANS = COLD + 11;
/** Within a half of VLANS: an index into the dissector's `TUNNELS`. */
export const TUNNEL_SHIFT = 12;
/** TCP: frame of the first SYN, and of the first RST or, without one, of the SYN-ACK. */
export const SYN_FRAME = COLD + 12;
export const ANSWER_FRAME = COLD + 13;
/** Not TCP: frame of the second packet of each direction, in the same two words. */
export const SECOND = COLD + 12;
/**
 * Not TCP, in the words of NEXT and START: bursts, which a gap of `BURST_GAP_SEC` parts. BURST_FROM is how many packets came
 * before the burst that is under way; BURSTS the size of the largest that ended and was not the first, in the low half, and
 * of the first, in the high; both stay at 65,535.
 */
export const BURST_FROM = NEXT;
export const BURSTS = START;
/** Seconds without a packet of a direction that end a burst of it. */
export const BURST_GAP_SEC = 10;
/** Index + 1 into the details: facts and unfinished streams; 0 where there are none. */
export const DETAIL = COLD + 14;
/** How many frames had been read when the flow began, of all captures together, modulo 2 ** 32: the order of rows. */
export const BORN = COLD + 15;

/** Bits of STATE. Where a bit has a direction, shift it left by that. */
export const S_FEED = 1 << 0; // payload of this direction still goes to the decoders
export const S_SYN = 1 << 2;
export const S_SYNACK = 1 << 4;
export const S_FIN = 1 << 6;
export const S_RST = 1 << 8;
export const S_DATA = 1 << 10; // payload bytes were seen
export const S_ACK = 1 << 12; // a packet with ACK and neither SYN nor RST
export const S_SEQ = 1 << 14; // START and NEXT hold
export const S_MIDSTREAM = 1 << 16; // (no direction) began without a SYN, or its first bytes were lost
export const S_CUT = 1 << 17; // (no direction) the capture cut payload that the decoders were shown
export const S_QUOTED = 1 << 18; // an ICMP error quoted a packet of this direction
export const S_REPEAT = 1 << 20; // (no direction) identical packets on one path, see `copies.ts`
/** A datagram came that no decoder knew and that can't be a later one of a protocol whose packets only its ends can read. */
export const S_LEGIBLE = 1 << 21;
/**
 * (no direction) Bytes of its streams are missing although the streams go on behind them, see `holes.ts`. Not TCP: two points
 * saw different packets of it, and its counts are of no more than one of them said.
 */
export const S_HOLE = 1 << 23;
/** UDP has no RST: the same bit says that a datagram of this direction went to everybody on its link. */
export const S_TO_ALL = S_RST;
/** ICMP has no handshake: the same bits say who sent the question and who the answer. */
export const S_ASKED = S_SYN;
export const S_ANSWERED = S_SYNACK;
/** Identified application: index + 1 into the decoders, 8 bits from here. */
export const APP_SHIFT = 24;

export { FAMILY_ETH } from "../dissect/packet.ts";
