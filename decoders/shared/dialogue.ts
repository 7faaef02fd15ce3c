/**
 * Text protocols in which one side says commands and the other answers, a line each (SMTP, FTP, POP3, IMAP).
 *
 *     server  220 mail.rollout.example ESMTP CRLF        client  EHLO gw7.rollout.example CRLF
 *
 * Some of their words are the same: `220` opens SMTP and FTP, `USER` comes in FTP and POP3. So a direction's first lines
 * are weighed one by one until a line proves whose they are; a line that only fits is kept waiting for the next one, or
 * for the other direction to be known. Once that is decided the direction is read line by line.
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";
import {
  type ByteSet,
  type Context,
  type Form,
  STREAM_DONE,
  STREAM_MORE,
  STREAM_NEXT,
  STREAM_NO,
} from "../../src/decode/decoder.ts";
import { tls } from "../tls.ts";

/** What a line says about whose it is. */
export type Weight = "proves" | "fits" | "no";

/** Beyond this a line is no line: RFC 5321 has 512 bytes, RFC 9051 suggests 8192, FTP says nothing. */
const LONGEST_LINE = 8192;
/** First lines, and bytes of them, in which a protocol has to prove itself. */
const FIRST_LINES = 12;
const FIRST_BYTES = 4096;
const LONGEST_TEXT = 200; // of what a report shows
const FIRST_RECORD = 20; // the types of TLS records, and what begins a hello of SSL 2.0
const LAST_RECORD = 24;
const V2_HELLO = 0x80;
const LF = 10;
const CR = 13;
const TAB = 9;

/**
 * Whether a direction's first lines are a protocol's: the length of the first of them, or STREAM_NO, or STREAM_MORE
 * while they only fit (from a connection's start on). Where the other direction is known already, one line that fits is enough. `line` is the number of
 * the line that is weighed.
 */
export function provedBy(c: Cursor, at: Context, weigh: (text: string, line: number) => Weight): number {
  const begun = c.pos;
  let first = 0;
  for (let line = 0; line < FIRST_LINES; line++) {
    const end = c.find(LF);
    // Amid a connection nothing is waited for: the next segment may begin with a better line, or with another protocol.
    if (end < 0) {
      return !at.fromStart || c.end - begun > FIRST_BYTES || !isText(c.buf, c.pos, c.end) ? STREAM_NO : STREAM_MORE;
    }
    if (!isText(c.buf, c.pos, end)) return STREAM_NO;
    const weight = weigh(lineText(c.buf, c.pos, end), line);
    c.pos = end + 1;
    if (line === 0) first = c.pos - begun;
    if (weight === "no" || c.pos - begun > FIRST_BYTES) return STREAM_NO;
    if (weight === "proves" || at.peerStarted) {
      c.pos = begun;
      return first;
    }
  }
  return STREAM_NO;
}

/**
 * The next line of a direction that is known, without its end; the cursor stands behind it. A number where there is none,
 * for `stream` to return: TLS begins here (STREAM_NEXT), or what comes is no text, such as a protected session
 * (STREAM_DONE). Faults short while the line is not whole.
 */
export function nextLine(c: Cursor, at: Context): string | number {
  c.part = "line";
  if (beginsTls(c)) {
    at.next = tls.id;
    return STREAM_NEXT;
  }
  const end = c.find(LF);
  const stop = end < 0 ? c.end : end;
  if (!isText(c.buf, c.pos, stop) || stop - c.pos > LONGEST_LINE) return STREAM_DONE;
  if (stop === c.end) c.short(c.left + 1);
  const text = lineText(c.buf, c.pos, end);
  c.pos = end + 1;
  return text;
}

/** Whether TLS begins at the cursor. Faults short where its first bytes do not tell yet; no text begins with them. */
export function beginsTls(c: Cursor): boolean {
  if (c.left === 0) return false;
  const first = c.buf[c.pos]!;
  if (first < V2_HELLO && (first < FIRST_RECORD || first > LAST_RECORD)) return false; // nothing stands before it here
  if (tls.looksStream?.(c.buf, c.pos, c.left) !== true) return false;
  c.need(first >= V2_HELLO ? 3 : 2);
  return true;
}

/** Mechanisms of SASL that send a password as it is (RFC 4616; LOGIN was never written down). */
export const inClear = (mechanism: string): boolean => /^(?:PLAIN|LOGIN)$/i.test(mechanism);

/** Text for a report, bounded. */
export const bounded = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;

function lineText(buf: Uint8Array, from: number, end: number): string {
  return escapeBytes(buf, from, end > from && buf[end - 1] === CR ? end - 1 : end);
}

/** Whether a reply may begin here, as far as the bytes go: three digits, of which the first is at most `most`, and what follows them. */
export function beginsReply(buf: Uint8Array, off: number, len: number, most: number): boolean {
  if (buf[off]! <= ZERO || buf[off]! > ZERO + most) return false;
  for (let i = 1; i < Math.min(len, 3); i++) if (buf[off + i]! < ZERO || buf[off + i]! > NINE) return false;
  return len < 4 || buf[off + 3] === SPACE || buf[off + 3] === HYPHEN || endsLine(buf[off + 3]!);
}

/** Whether a command may begin here: a word of `least` to `most` letters and digits, the first a letter, and what follows it. */
export function beginsCommand(buf: Uint8Array, off: number, len: number, least: number, most: number): boolean {
  let i = 0;
  while (i < len && i < most && (isLetter(buf[off + i]!) || (i > 0 && isDigit(buf[off + i]!)))) i++;
  return i === len || (i >= least && (buf[off + i] === SPACE || endsLine(buf[off + i]!)));
}

/** The forms of both (`decode/forms.ts`). */
export const replyForm = (most: number): Form => ({
  first: [[ZERO + 1, ZERO + most]],
  bytes: [
    [1, 0xff, ZERO, NINE],
    [2, 0xff, ZERO, NINE],
    [3, 0xff, LF, HYPHEN],
  ],
});
export const commandForms = (least: number, most: number): Form[] =>
  Array.from({ length: most - least + 1 }, (_, more) => ({
    first: LETTERS,
    bytes: [
      ...Array.from({ length: least + more - 1 }, (_, i) => [i + 1, 0xff, ZERO, LAST_LETTER] as const),
      [least + more, 0xff, LF, SPACE],
    ],
  }));

const SPACE = 0x20;
const HYPHEN = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LAST_LETTER = 0x7a;
const LETTERS: ByteSet = [
  [0x41, 0x5a],
  [0x61, LAST_LETTER],
];
const isDigit = (b: number): boolean => b >= ZERO && b <= NINE;
const isLetter = (b: number): boolean => (b & 0xdf) >= 0x41 && (b & 0xdf) <= 0x5a;
const endsLine = (b: number): boolean => b === CR || b === LF;

/** No control codes but blanks and line ends; bytes beyond ASCII are text in some language. */
function isText(buf: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const b = buf[i]!;
    if ((b < 0x20 && b !== TAB && b !== CR) || b === 0x7f) return false;
  }
  return true;
}
