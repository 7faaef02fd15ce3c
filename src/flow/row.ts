/**
 * One flow is one row of 32 signed 32-bit words: 128 bytes, two cache lines. Every packet writes the first line; the
 * second is written when a flow begins and by what is rare. (Separate arrays, one a field, were slower: each
 * packet then misses the cache once a field.)
 *
 *      0        4        8        12       16       20       24       28       32 … byte
 *     ┌────────┬────────┬────────┬────────┬────────┬────────┬────────┬────────┐
 *     │ LOW    │ HIGH   │ PORTS  │ META   │ STATE  │packets0│packets1│ bytes0 │
 *     ├────────┼────────┼────────┼────────┼────────┼────────┼────────┼────────┤
 *     │ bytes1 │lastSec0│lastNs0 │lastSec1│lastNs1 │ PRINT  │ next0  │ next1  │
 *     ╞════════╪════════╪════════╪════════╪════════╪════════╪════════╪════════╡
 *     │firstS0 │firstNs0│firstS1 │firstNs1│ frame0 │ frame1 │captures│bytesHi │
 *     ├────────┼────────┼────────┼────────┼────────┼────────┼────────┼────────┤
 *     │ start0 │ start1 │ TRIES  │ VLANS  │ SYNFRM │ ACKFRM │ DETAIL │        │
 *     └────────┴────────┴────────┴────────┴────────┴────────┴────────┴────────┘
 *
 * The two ends are in address order (then port order), so a flow has the same row whichever way its first packet went,
 * and direction 0 is from the lower end to the higher. LOW and HIGH are the address itself for IPv4, else its number in
 * the `AddressTable`.
 */
export const ROW_WORDS = 32;

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
/** As LAST, of the first packet. */
export const FIRST = 16;
/** Frame number of the first packet of each direction. */
export const FRAME = 20;
/** Capture of that frame: direction 0 in the low half, 1 in the high. */
export const CAPTURES = 22;
/** Bits 32 to 47 of the byte counts: direction 0 in the low half, 1 in the high. */
export const BYTES_HIGH = 23;
/** TCP: sequence number of the first byte (the SYN's own where it was seen). */
export const START = 24;
/** Datagrams (or mid-stream segments) that no decoder took: direction 0 in the low half, 1 in the high. */
export const TRIES = 26;
/** Of the first packet of each direction, 0 in the low half, 1 in the high: innermost VLAN id, and tunnel in the top 4 bits. */
export const VLANS = 27;
/** Within a half of VLANS: an index into the dissector's `TUNNELS`. */
export const TUNNEL_SHIFT = 12;
/** TCP: frame of the first SYN, and of the first RST or, without one, of the SYN-ACK. */
export const SYN_FRAME = 28;
export const ANSWER_FRAME = 29;
/** Not TCP: frame of the second packet of each direction, in the same two words. */
export const SECOND = 28;
/** Index + 1 into the details: facts and unfinished streams; 0 where there are none. */
export const DETAIL = 30;

/** Bits of STATE. Where a bit has a direction, shift it left by that. */
export const S_FEED = 1 << 0; // payload of this direction still goes to the decoders
export const S_SYN = 1 << 2;
export const S_SYNACK = 1 << 4;
export const S_FIN = 1 << 6;
export const S_RST = 1 << 8;
export const S_DATA = 1 << 10; // payload bytes were seen
export const S_ACK = 1 << 12; // a packet with ACK and neither SYN nor RST
export const S_SEQ = 1 << 14; // START and NEXT hold
export const S_MIDSTREAM = 1 << 16; // (no direction) began without a SYN
export const S_QUOTED = 1 << 18; // an ICMP error quoted a packet of this direction
export const S_REPEAT = 1 << 20; // (no direction) identical packets on one path, see `copies.ts`
/** ICMP has no handshake: the same bits say who sent the question and who the answer. */
export const S_ASKED = S_SYN;
export const S_ANSWERED = S_SYNACK;
/** Identified application: index + 1 into the decoders, 8 bits from here. */
export const APP_SHIFT = 24;

export const FAMILY_ETH = 1;
