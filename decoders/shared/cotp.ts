/**
 * The ISO transport on top of TCP that S7, MMS and RDP use: TPKT (RFC 1006) around COTP (X.224, RFC 905), class 0.
 *
 *     ┌────┬────┬────────┬────┬──────┬──────────────┬───────────┐
 *     │ 03 │ 00 │ length │ LI │ TPDU │ fixed, and   │ user data │    TPDU: e0 connect, d0 confirm, f0 data,
 *     │    │    │ 2      │ 1  │ 1    │ parameters   │           │    80 disconnect, 70 error
 *     └────┴────┴────────┴────┴──────┴──────────────┴───────────┘
 *      TPKT: whole length       LI: bytes that follow, before the user data
 *
 * A data TPDU that is not the last of its message (EOT bit off) is followed by those that complete it. Some devices
 * send empty ones of that kind to keep the connection up; they join with the next message and change nothing.
 */
import { Cursor } from "../../src/decode/cursor.ts";

export const TPKT = { length: 4, version: 3 } as const;
export const TPDU = {
  connect: 0xe0,
  confirm: 0xd0,
  data: 0xf0,
  disconnect: 0x80,
  error: 0x70,
  expedited: 0x10,
} as const;
const EOT = 0x80;
const PARAMETER = { size: 0xc0, calling: 0xc1, called: 0xc2 } as const;
/** A message in several TPDUs; longer than any of the protocols that we read allow. */
const LONGEST = 96 << 10;
const DATA_HEAD = TPKT.length + 3;

export interface Tsdu {
  /** The TPDU's code; `data` where it is a message, however many TPDUs carried it. */
  code: number;
  /** Called and calling TSAP of a connection's request and confirmation; empty where they are not said. */
  calling: Uint8Array;
  called: Uint8Array;
  /** What a data TPDU carries; of a request and its confirmation what stands in their variable part, whatever it is. */
  body: Cursor;
  /** Of a disconnect: why. */
  reason: number;
}

/** Bytes of the TPKT that begins at `off`; 0 where none does, -1 where that can't be told yet. Allocates nothing. */
export function tpktSize(buf: Uint8Array, off: number, len: number): number {
  if (len < 1) return -1;
  if (buf[off] !== TPKT.version) return 0;
  if (len < 2) return -1;
  if (buf[off + 1] !== 0) return 0;
  if (len < 4) return -1;
  const size = (buf[off + 2]! << 8) | buf[off + 3]!;
  if (size < TPKT.length + 2) return 0;
  if (len < 6) return -1;
  const indicator = buf[off + 4]!;
  return indicator >= 2 && indicator <= size - TPKT.length - 1 && isTpdu(buf[off + 5]!, indicator) ? size : 0;
}

/** A code of class 0 with the header that it needs. */
function isTpdu(code: number, indicator: number): boolean {
  if (code === TPDU.data) return indicator === 2;
  const high = code & 0xf0;
  if (high === TPDU.connect || high === TPDU.confirm || code === TPDU.disconnect) return indicator >= 6;
  return code === TPDU.error && indicator >= 4;
}

/**
 * Bytes of the message that begins at `off`: one TPKT, or all those of a message in several data TPDUs. 0 where none
 * begins here, -1 where more bytes are needed to tell. Allocates nothing.
 */
export function tsduSize(buf: Uint8Array, off: number, len: number): number {
  let at = 0;
  for (;;) {
    const size = tpktSize(buf, off + at, len - at);
    if (size <= 0) return size === 0 && at > 0 ? at : size; // what does not go on ends there: its TPDUs are told
    const first = at;
    at += size;
    if (buf[off + first + 5] !== TPDU.data) return first === 0 ? at : first;
    if (len - first < DATA_HEAD) return -1;
    if ((buf[off + first + 6]! & EOT) !== 0 || at > LONGEST) return at;
    if (at >= len) return -1;
  }
}

/** What `dataAt` says where it has no offset: more bytes may bring one; none can. */
export const DATA_MORE = -1;
export const DATA_NONE = -2;

/**
 * Offset of the first byte of user data, behind a connection's request or confirmation and behind data TPDUs that carry
 * nothing: what runs on top of COTP is only told there. Allocates nothing.
 */
export function dataAt(buf: Uint8Array, off: number, len: number): number {
  for (let at = 0; ; ) {
    const size = tpktSize(buf, off + at, len - at);
    if (size <= 0) return size === 0 ? DATA_NONE : DATA_MORE;
    const code = buf[off + at + 5]!;
    if (code === TPDU.data && size > DATA_HEAD) return len - at > DATA_HEAD ? off + at + DATA_HEAD : DATA_MORE;
    if (code === TPDU.error || code === TPDU.disconnect) return DATA_NONE;
    at += size;
  }
}

/** Reads the TPKTs between the cursor's position and its end, which `tsduSize` measured; a cut one as far as it goes. */
export function readTsdu(c: Cursor, cut: boolean): Tsdu {
  const tsdu: Tsdu = { code: 0, calling: NONE, called: NONE, body: c, reason: 0 };
  const pieces: Uint8Array[] = [];
  do {
    c.part = "TPKT";
    c.skip(2);
    const length = c.u16() - TPKT.length;
    const outer = c.enter(cut ? Math.min(length, c.left) : length, "COTP");
    const indicator = c.u8();
    const code = c.u8();
    tsdu.code = code === TPDU.data ? code : code & 0xf0;
    if (tsdu.code === TPDU.data) {
      const head = c.u8();
      if ((head & EOT) !== 0 && pieces.length === 0) return whole(c, outer, tsdu);
      pieces.push(c.bytes(c.left));
    } else {
      readHead(c, tsdu, indicator);
    }
    c.leave(outer);
  } while (c.left > 0);
  if (tsdu.code === TPDU.data) tsdu.body = cursorOver(join(pieces));
  return tsdu;
}

/** The common case, one TPDU: nothing is copied. */
function whole(c: Cursor, outer: number, tsdu: Tsdu): Tsdu {
  tsdu.body = new Cursor().set(c.buf, c.pos, c.left);
  tsdu.body.enter(c.left, "COTP data");
  c.leave(outer);
  return tsdu;
}

function readHead(c: Cursor, tsdu: Tsdu, indicator: number): void {
  const outer = c.enter(indicator - 1, "COTP head");
  c.skip(4); // references of destination and source; of an error the cause
  if (tsdu.code === TPDU.disconnect) tsdu.reason = c.u8();
  else if (tsdu.code === TPDU.connect || tsdu.code === TPDU.confirm) {
    c.skip(1); // class and options
    const variable = c.bytes(c.left);
    tsdu.body = cursorOver(variable);
    readParameters(variable, tsdu);
  }
  c.leave(outer);
}

/** Code, length and value, one behind the other. RDP puts its cookie in their place; then there are none. */
function readParameters(bytes: Uint8Array, tsdu: Tsdu): void {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const next = at + 2 + bytes[at + 1]!;
    if (next > bytes.length) return;
    if (bytes[at] === PARAMETER.calling) tsdu.calling = bytes.slice(at + 2, next);
    else if (bytes[at] === PARAMETER.called) tsdu.called = bytes.slice(at + 2, next);
    at = next;
  }
}

/** A TSAP for people: as text where it is one, else in hexadecimal. */
export function tsapText(tsap: Uint8Array): string {
  const text = tsap.length > 2 && tsap.every((b) => b >= 0x20 && b < 0x7f);
  return text ? String.fromCharCode(...tsap).trim() : Array.from(tsap, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** A cursor whose end no further byte can move: what is read past it contradicts the lengths around it. */
function cursorOver(bytes: Uint8Array): Cursor {
  const c = new Cursor().set(bytes, 0, bytes.length);
  c.enter(bytes.length, "COTP data");
  return c;
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

const NONE = new Uint8Array(0);
