/**
 * SMB: which shares of a host are opened, in which version of the protocol, signed or encrypted.
 * [MS-CIFS] and [MS-SMB] (version 1), [MS-SMB2] (2 and 3); the NetBIOS session and datagram services RFC 1002 chapter 4.
 *
 *     over TCP    ┌────────┬───────────┐    message 00, request 81 (called and calling name), agreed 82, refused 83, alive 85
 *                 │ type 1 │ length 3  │    │ FF S M B │ command 1 │ status 4 │ flags 1 │ flags 2 │ … 32 bytes │ words │ bytes
 *                 └────────┴───────────┘    │ FE S M B │ 64 │ credit 2 │ status 4 │ command 2 │ … 64 bytes │ body
 *     over UDP    names of both ends, then a message to a mailslot     FD S M B: encrypted    FC S M B: compressed
 *
 * The marks and the lengths prove it; without a message, the two names of a session request. Reading ends where files
 * begin to be read or written, or where all is encrypted.
 *
 * Does not cover: files, pipes and what is called through them, who logs in, messages of version 1 behind the first in one.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import { leftBehind } from "./shared/hole.ts";
import { readNetbiosName, withoutKind } from "./shared/netbios-name.ts";
import { looksLikeSmb, message, tellMailslot } from "./shared/smb-message.ts";

const SESSION = { message: 0, request: 0x81, agreed: 0x82, refused: 0x83, retarget: 0x84, alive: 0x85 } as const;
const HEAD_LENGTH = 4;
/** Behind the head of a session request: two names of 34 bytes each, without scopes. */
const REQUEST_LENGTH = 68;
const DATAGRAM = { unique: 0x10, group: 0x11, broadcast: 0x12 } as const;
const DATAGRAM_HEAD = 14;
const NAME_PLACE = 34;
const DATAGRAM_PORT = 138;

export const smb: Decoder = {
  id: "smb",
  title: "Server Message Block, with NetBIOS sessions and datagrams",
  specs: ["MS-CIFS", "MS-SMB", "MS-SMB2", "RFC 1002"],
  ports: { tcp: [445, 139], udp: [DATAGRAM_PORT] },
  fields: [
    { field: "smb.version", about: "the version in use: 1, 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1" },
    { field: "smb.offered", about: "the versions that the client offers, with commas; of version 1 its dialects" },
    { field: "smb.signing", about: "what the sender says about signatures: enabled or required" },
    { field: "smb.encrypted", about: "whether messages are encrypted: yes" },
    { field: "smb.share", about: "a share that the client opens, as `\\\\host\\share`" },
    { field: "smb.called", about: "the host's name that a session is asked for" },
    { field: "smb.mailslot", about: "of a datagram: the mailslot that it is for" },
  ],
  everyMessage: true,
  opens: { datagram: [[0x10, 0x12]], stream: [0, 0x81, 0x82] },

  looksDatagram(buf, off, len) {
    const type = buf[off]!;
    return len >= DATAGRAM_HEAD + 2 * NAME_PLACE + 32 && type >= DATAGRAM.unique && type <= DATAGRAM.broadcast;
  },

  datagram: mailslot,

  looksStream(buf, off, len) {
    const type = buf[off]!;
    if (type === SESSION.message) return len <= HEAD_LENGTH || looksLikeSmb(buf, off + HEAD_LENGTH, len - HEAD_LENGTH);
    if (type === SESSION.request) return len < 4 || (buf[off + 2] === 0 && buf[off + 3] === REQUEST_LENGTH);
    return type === SESSION.agreed && (len < 2 || buf[off + 1] === 0);
  },

  stream(c, emit, at) {
    let left = at.started ? (at.state ?? 0) : 0;
    left = leftBehind(at, left);
    if (left < 0) return STREAM_DONE;
    at.state = Math.max(0, left - c.left);
    return left > 0 ? Math.min(left, c.left) : session(c, emit, at);
  },
};

/** One message of the session service. */
function session(c: Cursor, emit: Emit, at: Context): number {
  c.part = "session";
  const type = c.u8();
  const length = c.u24();
  switch (type) {
    case SESSION.message:
      return inside(c, emit, at, length);
    case SESSION.request:
      return request(c, emit, at, length);
    case SESSION.agreed:
    case SESSION.refused:
    case SESSION.retarget:
      if (!at.started && (length !== 0 || !(at.peerStarted || leadsToMessage(c)))) return STREAM_NO;
      emit({ kind: "role", sender: "server", why: `NetBIOS session answer ${type.toString(16)}` });
      c.skip(length);
      return c.at;
    case SESSION.alive:
      if (at.started) return c.at;
      return STREAM_NO;
    default:
      return at.started ? c.bad("no NetBIOS session message") : STREAM_NO;
  }
}

/** Four bytes of an agreement are no proof by themselves: a message has to follow. */
function leadsToMessage(c: Cursor): boolean {
  const begun = c.pos;
  c.skip(HEAD_LENGTH);
  c.need(4);
  const proved = c.buf[begun] === SESSION.message && looksLikeSmb(c.buf, c.pos, c.left);
  c.pos = begun;
  return proved;
}

/** What is read of an SMB message; the rest of its bytes is passed over as it comes. */
function inside(c: Cursor, emit: Emit, at: Context, length: number): number {
  const begun = c.pos;
  c.need(4);
  if (!looksLikeSmb(c.buf, c.pos, c.left)) return at.started ? c.bad("no SMB message") : STREAM_NO;
  const goesOn = message(c, emit, length, !at.started);
  if (!goesOn) return STREAM_DONE;
  at.state = length - (c.pos - begun);
  return c.at;
}

/** RFC 1002 section 4.3.2: the name of the host, and of the client. */
function request(c: Cursor, emit: Emit, at: Context, length: number): number {
  if (length !== REQUEST_LENGTH) return at.started ? c.bad("no session request") : STREAM_NO;
  const called = readNetbiosName(c);
  const calling = readNetbiosName(c);
  if (called === null || calling === null) return at.started ? c.bad("no NetBIOS name") : STREAM_NO;
  emit({ kind: "role", sender: "client", why: "NetBIOS session request" });
  emit({ kind: "field", field: "smb.called", value: called });
  emit({ kind: "asset", what: "name", value: withoutKind(calling), source: "NetBIOS session request" });
  return c.at;
}

/** A datagram for a mailslot, which announces a host or asks for one (RFC 1002 section 4.4). */
function mailslot(c: Cursor, emit: Emit, _at: Context): boolean {
  c.skip(DATAGRAM_HEAD);
  const source = readNetbiosName(c);
  const target = source === null ? null : readNetbiosName(c);
  if (source === null || target === null || !looksLikeSmb(c.buf, c.pos, c.left)) return false;
  return tellMailslot(c, withoutKind(source), emit);
}
