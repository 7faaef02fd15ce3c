/**
 * IKE: two gateways agree on the keys of an IPsec tunnel.
 * Version 2 RFC 7296, version 1 RFC 2408 and 2409; on port 4500 behind four zero bytes (RFC 3948).
 *
 *     ┌────────────────┬────────────────┐
 *     │ initiator's SPI│ responder's SPI│ 0, 8
 *     ├──────┬─────────┼──────────┬─────┴─┬────────────┬────────┐
 *     │ next │ version │ exchange │ flags │ message id │ length │ 16
 *     └──────┴─────────┴──────────┴───────┴────────────┴────────┘
 *     payload: next 1, flags 1, length 2, body; a chain until next is 0, or until one that is encrypted
 *
 * Version, exchange, flags and the length of the whole have to agree; of messages in clear the chain of payloads too.
 *
 * Does not cover: what is encrypted, which suites are agreed, ESP beside it on port 4500.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import type { Decoder, Emit } from "../src/decode/decoder.ts";

const HEADER_LENGTH = 28;
const MARKER_LENGTH = 4;
const V1 = 1;
const FLAG_V1 = { encrypted: 1 } as const;
const FLAG_V2 = { initiator: 0x08, higher: 0x10, response: 0x20 } as const;
const EXCHANGES_V1 = new Map([
  [0, "none"],
  [1, "base"],
  [2, "main mode"],
  [3, "authentication only"],
  [4, "aggressive mode"],
  [5, "informational"],
  [6, "transaction"],
  [32, "quick mode"],
  [33, "new group mode"],
]);
const EXCHANGES_V2 = new Map([
  [34, "IKE_SA_INIT"],
  [35, "IKE_AUTH"],
  [36, "CREATE_CHILD_SA"],
  [37, "INFORMATIONAL"],
  [38, "IKE_SESSION_RESUME"],
  [43, "IKE_INTERMEDIATE"],
  [44, "IKE_FOLLOWUP_KE"],
]);
const SA_INIT = 34;
const PAYLOAD = { notify: 41, encrypted: 46, encryptedFragment: 53 } as const;
const HIGHEST_PAYLOAD = 54;
const PAYLOADS_V1 = 21;
/** Drafts and vendors of version 1 (NAT traversal, fragments). */
const PRIVATE_PAYLOADS = 128;
const ERRORS = new Map([
  [1, "UNSUPPORTED_CRITICAL_PAYLOAD"],
  [4, "INVALID_IKE_SPI"],
  [5, "INVALID_MAJOR_VERSION"],
  [7, "INVALID_SYNTAX"],
  [9, "INVALID_MESSAGE_ID"],
  [11, "INVALID_SPI"],
  [14, "NO_PROPOSAL_CHOSEN"],
  [17, "INVALID_KE_PAYLOAD"],
  [24, "AUTHENTICATION_FAILED"],
  [35, "NO_ADDITIONAL_SAS"],
  [38, "TS_UNACCEPTABLE"],
]);
const FIRST_STATUS = 16_384; // notify types from here on report no error (RFC 7296 section 3.10.1)
const WITH_ANOTHER_GROUP = 17; // leads on: the initiator tries again with the group that is named

export const ike: Decoder = {
  id: "ike",
  title: "Internet Key Exchange",
  specs: ["RFC 7296", "RFC 2408", "RFC 2409", "RFC 3948"],
  ports: { udp: [500, 4500] },
  fields: [
    { field: "ike.version", about: "1 or 2" },
    { field: "ike.exchange", about: "IKE_SA_INIT, IKE_AUTH …; of version 1 main mode, quick mode …" },
    { field: "ike.error", about: "why it was refused, as far as it is said in clear" },
  ],
  forms: {
    datagram: [
      {
        first: [[0, 255]],
        least: HEADER_LENGTH,
        bytes: [
          [17, 0xf0, V1 << 4, 2 << 4],
          [24, 0xff, 0],
          [25, 0xff, 0],
        ],
      },
      {
        first: [0],
        least: MARKER_LENGTH + HEADER_LENGTH,
        bytes: [
          [1, 0xff, 0],
          [2, 0xff, 0],
          [3, 0xff, 0],
        ],
      },
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    const at = isMarked(buf, off, len) ? off + MARKER_LENGTH : off;
    if (off + len - at < HEADER_LENGTH) return false;
    const version = buf[at + 17]! >> 4;
    return version === V1 ? EXCHANGES_V1.has(buf[at + 18]!) : version === 2 && EXCHANGES_V2.has(buf[at + 18]!);
  },

  datagram(c, emit) {
    if (isMarked(c.buf, c.pos, c.left)) c.skip(MARKER_LENGTH);
    const size = c.left + c.cutOff;
    c.part = "header";
    const first = c.hex(8) + c.hex(8);
    const next = c.u8();
    const version = c.u8() >> 4;
    const exchange = c.u8();
    const flags = c.u8();
    const id = c.u32();
    if (c.u32() !== size || first.startsWith("0000000000000000")) return false;
    const fresh = first.endsWith("0000000000000000");
    return version === V1
      ? version1(c, { next, exchange, flags, id, fresh }, emit)
      : version2(c, { next, exchange, flags, id, fresh }, emit);
  },
};

/** Four zero bytes where ESP would have its SPI, and then a header whose first SPI is not zero. */
const isMarked = (buf: Uint8Array, off: number, len: number): boolean =>
  len > MARKER_LENGTH && buf[off] === 0 && buf[off + 1] === 0 && buf[off + 2] === 0 && buf[off + 3] === 0;

interface Header {
  next: number;
  exchange: number;
  flags: number;
  id: number;
  /** The responder has not said its SPI yet. */
  fresh: boolean;
}

function version1(c: Cursor, h: Header, emit: Emit): boolean {
  if (h.flags > 7) return false;
  const encrypted = (h.flags & FLAG_V1.encrypted) !== 0;
  if (!encrypted && !chainHolds(c, h.next, 1)) return false;
  // Only the first message shows whose it is: until then the responder has no SPI.
  if (h.fresh) emit({ kind: "role", sender: "client", why: "IKE without a responder's SPI" });
  emit({ kind: "field", field: "ike.version", value: 1 });
  emit({ kind: "field", field: "ike.exchange", value: EXCHANGES_V1.get(h.exchange)! });
  emit({ kind: "message", what: h.fresh ? "request" : "oneway", id: String(h.id) });
  if (c.cutOff > 0) c.short(c.left + c.cutOff);
  return true;
}

function version2(c: Cursor, h: Header, emit: Emit): boolean {
  if ((h.flags & ~(FLAG_V2.initiator | FLAG_V2.higher | FLAG_V2.response)) !== 0) return false;
  const response = (h.flags & FLAG_V2.response) !== 0;
  if (h.fresh && h.exchange !== SA_INIT && !response) return false;
  if (!chainHolds(c, h.next, 2)) return false;
  const initiator = (h.flags & FLAG_V2.initiator) !== 0;
  emit({ kind: "role", sender: initiator ? "client" : "server", why: `IKE flag I ${initiator ? 1 : 0}` });
  emit({ kind: "field", field: "ike.version", value: 2 });
  emit({ kind: "field", field: "ike.exchange", value: EXCHANGES_V2.get(h.exchange)! });
  const error = c.cutOff > 0 ? 0 : errorOf(c, h.next);
  const failed = error !== 0 && error !== WITH_ANOTHER_GROUP ? { failed: true } : {};
  if (c.cutOff === 0) emit({ kind: "message", what: response ? "response" : "request", id: String(h.id), ...failed });
  if (error !== 0) {
    const text = ERRORS.get(error) ?? `error ${error}`;
    emit({ kind: "field", field: "ike.error", value: text });
    emit({ kind: "fault", what: "ike-notify", code: error, text });
  }
  if (c.cutOff > 0) c.short(c.left + c.cutOff);
  return true;
}

/** Whether the payloads fill the message, as far as the capture shows it. */
function chainHolds(c: Cursor, next: number, version: number): boolean {
  let type = next;
  let at = c.pos;
  while (type !== 0) {
    if (version === 2 ? type < 33 || type > HIGHEST_PAYLOAD : type > PAYLOADS_V1 && type < PRIVATE_PAYLOADS)
      return false;
    if (at + 4 > c.end) return c.cutOff > 0;
    const length = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    if (length < 4) return false;
    // The next of an encrypted payload is the first one inside of it.
    const last = version === 2 && (type === PAYLOAD.encrypted || type === PAYLOAD.encryptedFragment);
    type = last ? 0 : c.buf[at]!;
    at += length;
    if (at > c.end) return c.cutOff > 0 && at <= c.end + c.cutOff;
  }
  return version === V1 ? at <= c.end : at === c.end;
}

/** The first error among the notifications; 0 where there is none. Call it only where the chain holds. */
function errorOf(c: Cursor, next: number): number {
  let type = next;
  for (let at = c.pos; type !== 0 && type !== PAYLOAD.encrypted && type !== PAYLOAD.encryptedFragment; ) {
    const length = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    if (type === PAYLOAD.notify && length >= 8) {
      const code = (c.buf[at + 6]! << 8) | c.buf[at + 7]!;
      if (code < FIRST_STATUS) return code;
    }
    type = c.buf[at]!;
    at += length;
  }
  return 0;
}
