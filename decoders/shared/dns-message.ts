/**
 * The wire form of DNS and its kin (mDNS, LLMNR): header, names, questions, records (RFC 1035 section 4). Reading only;
 * what a message means, and whether it is one at all, is the decoder's to say.
 *
 *      0                   1
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *     ├───────────────────────────────┤
 *     │              id               │ 0
 *     │Q│ opcode│A T R R Z A C│ rcode │ 2
 *     │ questions     │ answers       │ 4, 6
 *     │ authorities   │ additional    │ 8, 10
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";
import { isPlain, lower, sameText } from "../../src/decode/texts.ts";
import { LIMITS } from "../../src/limits.ts";

export interface DnsHeader {
  id: number;
  response: boolean;
  opcode: number;
  /** The AA bit: the sender is an authority for the name. LLMNR has its C bit there: a conflict. */
  authoritative: boolean;
  /** RD or RA: recursion is wanted, or to be had. LLMNR has its T bit at the first: a tentative name. */
  recursion: boolean;
  /** The TC bit: the message was cut to fit (RFC 2181 section 9). */
  truncated: boolean;
  /** The one bit that must be zero (RFC 1035 calls three of them Z; DNSSEC took the other two). */
  zero: boolean;
  /** The four bits of the header; EDNS may add eight above them. */
  rcode: number;
  questions: number;
  answers: number;
  authorities: number;
  additional: number;
}

export const HEADER_LENGTH = 12;
/** The root name, type and class; the root name, type, class, TTL and a data length. */
export const SHORTEST_QUESTION = 5;
export const SHORTEST_RECORD = 11;

export function readHeader(c: Cursor): DnsHeader {
  c.part = "header";
  const id = c.u16();
  const flags = c.u16();
  return {
    id,
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    recursion: (flags & 0x0180) !== 0,
    truncated: (flags & 0x0200) !== 0,
    zero: (flags & 0x0040) === 0,
    rcode: flags & 15,
    questions: c.u16(),
    answers: c.u16(),
    authorities: c.u16(),
    additional: c.u16(),
  };
}

export interface Question {
  name: string;
  type: number;
  class: number;
}

export function readQuestion(c: Cursor, part: string): Question {
  c.part = part;
  return { name: readName(c), type: c.u16(), class: c.u16() };
}

export interface RecordHead {
  name: string;
  type: number;
  class: number;
  ttl: number;
  /** Bytes of data that follow. */
  length: number;
}

export function readRecordHead(c: Cursor, part: string): RecordHead {
  c.part = part;
  return { name: readName(c), type: c.u16(), class: c.u16(), ttl: c.u32(), length: c.u16() };
}

const DOT = 0x2e;
const LONGEST_NAME = 255; // RFC 1035 section 2.3.4, length bytes included

/**
 * Reads a name and leaves the cursor behind it; the root is `.`. Lower case; a dot within a label is `\x2e`, a backslash
 * `\\`, other bytes outside printable ASCII `\xNN`, so that two different names never read alike.
 *
 * Ends by construction: a pointer must lead to before the labels that it ends, and from then on only the bytes before
 * those labels may be read, so that what is left shrinks with every jump.
 */
export function readName(c: Cursor): string {
  let written = 0;
  let length = 1;
  let labels = 0;
  let at = c.pos; // where we read
  let from = at; // where this run of labels began
  let end = c.end; // what this run may read up to
  let after = -1; // where the name ends in its own place, once a pointer was met
  for (;;) {
    if (at >= end) after < 0 ? c.short(at - c.pos + 1) : c.bad("a name runs into the pointer that led to it");
    const head = c.buf[at]!;
    if (head === 0) break;
    if (head >= 0xc0) {
      if (at + 2 > end) after < 0 ? c.short(at - c.pos + 2) : c.bad("a name runs into the pointer that led to it");
      const target = c.start + (((head & 0x3f) << 8) | c.buf[at + 1]!);
      if (after < 0) after = at + 2;
      if (target >= from) c.bad("a name's pointer does not lead backwards");
      if (target < c.start + HEADER_LENGTH) c.bad("a name's pointer leads into the header");
      end = from;
      from = target;
      at = target;
      if (++labels > LIMITS.dnsLabels) c.bad(`a name of more than ${LIMITS.dnsLabels} labels and pointers`);
      continue;
    }
    if (head >= 0x40) c.bad("a label of a reserved kind");
    if (at + 1 + head > end) after < 0 ? c.short(at - c.pos + 1 + head) : c.bad("a label runs into its own pointer");
    length += head + 1;
    if (length > LONGEST_NAME) c.bad(`a name of more than ${LONGEST_NAME} bytes`);
    if (++labels > LIMITS.dnsLabels) c.bad(`a name of more than ${LIMITS.dnsLabels} labels and pointers`);
    written = writeLabel(c.buf, at + 1, at + 1 + head, written);
    at += head + 1;
  }
  c.pos = after < 0 ? at + 1 : after;
  return written === 0 ? "." : sameText(TEXT, 0, written);
}

/** A name's text while it is read: of each byte four at most. */
const TEXT = new Uint8Array(4 * LONGEST_NAME);

/** Writes a label behind what is there, and a dot between the two; returns the end. */
function writeLabel(buf: Uint8Array, from: number, to: number, end: number): number {
  let at = end;
  if (at > 0) TEXT[at++] = DOT;
  for (let i = from; i < to; i++) {
    const byte = buf[i]!;
    if (byte !== DOT && isPlain(byte)) {
      TEXT[at++] = lower(byte);
      continue;
    }
    const text = byte === DOT ? "\\x2e" : escapeBytes(buf, i, i + 1);
    for (let j = 0; j < text.length; j++) TEXT[at++] = text.charCodeAt(j);
  }
  return at;
}
