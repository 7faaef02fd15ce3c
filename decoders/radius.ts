/**
 * RADIUS: a network device asks a server whether a user may come in, and reports what the user did.
 * RFC 2865, 2866 (accounting), 5176 (changes from the server's side), 5997 (Status-Server).
 *
 *     ┌──────┬────┬────────┬──────────────────┬──────────────────────────────────┐
 *     │ code │ id │ length │ authenticator 16 │ attribute: type 1, length 1, value ×
 *     └──────┴────┴────────┴──────────────────┴──────────────────────────────────┘
 *
 * Code, length and the chain of attributes have to agree; away from its ports the length has to be the datagram's and one
 * attribute has to be there. Passwords and what is hidden with them are never told.
 *
 * Does not cover: EAP inside, attributes of vendors, whether the authenticators hold, RADIUS over TLS.
 */
import { formatIpv4 } from "../src/address.ts";
import type { Cursor } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";

const PORTS = [1812, 1813, 1645, 1646, 3799];
const HEADER_LENGTH = 20;
const LONGEST = 4096;

interface Code {
  name: string;
  what: "request" | "response";
  failed?: true;
}
const CODES = new Map<number, Code>([
  [1, { name: "Access-Request", what: "request" }],
  [2, { name: "Access-Accept", what: "response" }],
  [3, { name: "Access-Reject", what: "response", failed: true }],
  [4, { name: "Accounting-Request", what: "request" }],
  [5, { name: "Accounting-Response", what: "response" }],
  [11, { name: "Access-Challenge", what: "response" }],
  [12, { name: "Status-Server", what: "request" }],
  [40, { name: "Disconnect-Request", what: "request" }],
  [41, { name: "Disconnect-ACK", what: "response" }],
  [42, { name: "Disconnect-NAK", what: "response", failed: true }],
  [43, { name: "CoA-Request", what: "request" }],
  [44, { name: "CoA-ACK", what: "response" }],
  [45, { name: "CoA-NAK", what: "response", failed: true }],
]);

const NAS_ADDRESS = 4;
/** Attributes that are told, by their type. */
const TOLD = new Map([
  [1, "user"],
  [NAS_ADDRESS, "nas-address"],
  [18, "reply-message"],
  [30, "called-station"],
  [31, "calling-station"],
  [32, "nas-identifier"],
]);

export const radius: Decoder = {
  id: "radius",
  title: "Remote Authentication Dial-In User Service",
  specs: ["RFC 2865", "RFC 2866", "RFC 5176", "RFC 5997"],
  ports: { udp: PORTS },
  fields: [
    { field: "radius.code", about: "Access-Request, Access-Accept, Accounting-Request …" },
    { field: "radius.user", about: "the user's name" },
    { field: "radius.nas-address", about: "the address that the asking device says it has" },
    { field: "radius.nas-identifier", about: "the asking device's name" },
    { field: "radius.called-station", about: "where the user came in: a number, or an access point's address" },
    { field: "radius.calling-station", about: "where the user came from: a number, or a hardware address" },
    { field: "radius.reply-message", about: "the server's words for the user" },
  ],
  opens: {
    datagram: [
      [1, 5],
      [11, 12],
      [40, 45],
    ],
  },
  forms: { datagram: [{ first: [...CODES.keys()], least: HEADER_LENGTH, fits: { at: 2, more: 0 } }] },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    if (len < HEADER_LENGTH || !CODES.has(buf[off]!)) return false;
    const length = (buf[off + 2]! << 8) | buf[off + 3]!;
    return length >= HEADER_LENGTH && length <= LONGEST;
  },

  datagram(c, emit, at) {
    const code = CODES.get(c.u8())!;
    const id = String(c.u8());
    const length = c.u16();
    if (!attributesHold(c, length, !isOnPort(at))) return false;
    c.skip(16);
    emit({ kind: "role", sender: code.what === "request" ? "client" : "server", why: `RADIUS ${code.name}` });
    emit({ kind: "field", field: "radius.code", value: code.name });
    emit({ kind: "message", what: code.what, id, ...(code.failed ? { failed: true } : {}) });
    const missing = length - (c.end - c.start);
    tellAttributes(c, missing > 0 ? c.end : c.start + length, emit);
    if (missing > 0) c.short(missing);
    return true;
  },
};

const isOnPort = (at: Context): boolean => PORTS.includes(at.senderPort) || PORTS.includes(at.receiverPort);

/** Whether attributes fill the length, as far as the capture shows it. */
function attributesHold(c: Cursor, length: number, strict: boolean): boolean {
  const whole = c.end - c.start + c.cutOff;
  if (length > whole || (strict && (length !== whole || length === HEADER_LENGTH))) return false;
  let at = c.start + HEADER_LENGTH;
  const end = c.start + length;
  while (at < end) {
    if (at + 2 > c.end) return c.cutOff > 0;
    if (c.buf[at] === 0 || c.buf[at + 1]! < 2) return false;
    at += c.buf[at + 1]!;
  }
  return at === end;
}

function tellAttributes(c: Cursor, end: number, emit: Emit): void {
  while (c.pos < end) {
    c.part = "attribute";
    const type = c.u8();
    c.part = `attribute ${type}`;
    const length = c.u8() - 2;
    const name = TOLD.get(type);
    if (name === undefined || length === 0) {
      c.skip(length);
      continue;
    }
    const value = type === NAS_ADDRESS && length === 4 ? formatIpv4(c.u32()) : c.text(length);
    emit({ kind: "field", field: `radius.${name}`, value });
    if (name === "nas-identifier") emit({ kind: "asset", what: "name", value, source: "RADIUS NAS-Identifier" });
  }
}
