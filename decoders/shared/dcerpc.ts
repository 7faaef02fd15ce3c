/**
 * DCE/RPC's headers, for whoever reads what stands on them. DCE 1.1 RPC (C706) chapter 12, [MS-RPCE] section 2.2.
 *
 *     over streams                                            datagrams
 *     ┌───┬─────┬──────┬───────┬──────┬────────┬──────┬──────┐ ┌───┬──────┬───────┬──────┬────────┬───────────┬──────────┬ …
 *     │ 5 │ 0,1 │ type │ flags │ drep │ length │ auth │ call │ │ 4 │ type │ flags │ drep │ serial │ object    │ interface│
 *     └─1─┴──1──┴──1───┴───1───┴──4───┴───2────┴──2───┴──4───┘ └─1─┴──1───┴───2───┴──3───┴───1────┴── UUID 16 ┴─ UUID 16 ┴ …
 *     … ┬─────────────┬───────┬───────────┬──────────┬───────────┬───────┬────────┬──────────┬──────┬────────┐
 *       │ activity    │ boot  │ interface │ sequence │ operation │ hints │ length │ fragment │ auth │ serial │
 *     … ┴─ UUID 16 ───┴───4───┴─ version 4┴────4─────┴─────2─────┴──2+2──┴───2────┴────2─────┴──1───┴───1────┘
 *
 * The data representation `drep` says in which order every number behind it stands, those of UUIDs included.
 */
import type { Cursor } from "../../src/decode/cursor.ts";

export const CO = {
  request: 0,
  response: 2,
  fault: 3,
  bind: 11,
  bindAck: 12,
  bindNak: 13,
  alterContext: 14,
  alterContextResponse: 15,
  auth3: 16,
  shutdown: 17,
  cancel: 18,
  orphaned: 19,
} as const;
export const CL = {
  request: 0,
  ping: 1,
  response: 2,
  fault: 3,
  working: 4,
  noCall: 5,
  reject: 6,
  ack: 7,
  cancel: 8,
  fragmentAck: 9,
  cancelAck: 10,
} as const;

export const CO_HEADER_LENGTH = 16;
export const CL_HEADER_LENGTH = 80;
const CO_VERSION = 5;
const CL_VERSION = 4;

/** Flags of a stream's message: the first and the last fragment of a call, and an object's UUID in a request. */
export const CO_FLAG = { first: 1, last: 2, object: 0x80 } as const;
/** First flags of a datagram: fragments, of them the last; no fragment's acknowledgement, no answer at all, repeatable. */
export const CL_FLAG = { lastFragment: 2, fragment: 4, noFragmentAck: 8, maybe: 16, idempotent: 32 } as const;

/** [MS-RPCE] 2.2.1.1: of a stream's message; `little` as in `readUuid`. */
export interface CoHeader {
  type: number;
  flags: number;
  little: boolean;
  /** Bytes of the whole fragment, header included. */
  length: number;
  /** Bytes of the credentials at its end, without the 8 in front of them. */
  authLength: number;
  call: number;
}

/** C706 section 12.5.2: of a datagram. */
export interface ClHeader {
  type: number;
  flags: number;
  little: boolean;
  serial: number;
  object: string;
  interface: string;
  /** Pairs a call with its answer, whatever port that comes from. */
  activity: string;
  interfaceVersion: number;
  sequence: number;
  operation: number;
  /** Bytes behind the header. */
  length: number;
  fragment: number;
}

/** Byte order in the first byte's upper half, ASCII or EBCDIC in its lower; then the form of floats, 0 to 3. */
const isDrep = (order: number, float: number): boolean => (order & 0xee) === 0 && float <= 3;

/** Whether a stream's message may begin here, as far as the bytes go. Allocates nothing. */
export function looksLikeCo(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off] !== CO_VERSION || (len > 1 && buf[off + 1]! > 1)) return false;
  if (len > 2 && !isCoType(buf[off + 2]!)) return false;
  if (len > 4 && !isDrep(buf[off + 4]!, len > 5 ? buf[off + 5]! : 0)) return false;
  return (len <= 6 || buf[off + 6] === 0) && (len <= 7 || buf[off + 7] === 0);
}

const isCoType = (type: number): boolean =>
  type === CO.request || type === CO.response || type === CO.fault || (type >= CO.bind && type <= CO.orphaned);

/** Whether a datagram may be one; all of its header has to be there. Allocates nothing. */
export function looksLikeCl(buf: Uint8Array, off: number, len: number): boolean {
  if (len < CL_HEADER_LENGTH || buf[off] !== CL_VERSION || buf[off + 1]! > CL.cancelAck) return false;
  return (buf[off + 2]! & 0x81) === 0 && (buf[off + 3]! & 0xfc) === 0 && isDrep(buf[off + 4]!, buf[off + 5]!);
}

/** Reads a stream's header; null where its lengths contradict each other. Only where `looksLikeCo`. */
export function readCoHeader(c: Cursor): CoHeader | null {
  c.part = "header";
  c.skip(2);
  const type = c.u8();
  const flags = c.u8();
  const little = c.u32() >>> 28 === 1;
  const length = readU16(c, little);
  const authLength = readU16(c, little);
  const call = readU32(c, little);
  const auth = authLength === 0 ? 0 : authLength + 8;
  if (!isCoType(type) || CO_HEADER_LENGTH + auth > length) return null;
  return { type, flags, little, length, authLength, call };
}

/** Reads a datagram's header. Only where `looksLikeCl`. */
export function readClHeader(c: Cursor): ClHeader {
  c.part = "header";
  c.skip(1);
  const type = c.u8();
  const flags = c.u8();
  c.skip(1);
  const little = c.u8() >> 4 === 1;
  c.skip(2);
  const serialHigh = c.u8();
  const object = readUuid(c, little);
  const iface = readUuid(c, little);
  const activity = readUuid(c, little);
  c.skip(4);
  const interfaceVersion = readU32(c, little);
  const sequence = readU32(c, little);
  const operation = readU16(c, little);
  c.skip(4);
  const length = readU16(c, little);
  const fragment = readU16(c, little);
  c.skip(1);
  const serial = (serialHigh << 8) | c.u8();
  return {
    type,
    flags,
    little,
    serial,
    object,
    interface: iface,
    activity,
    interfaceVersion,
    sequence,
    operation,
    length,
    fragment,
  };
}

/** `4b324fc8-1670-01d3-1278-5a47bf6ee188`: three numbers in the representation's order, then bytes as they stand. */
export function readUuid(c: Cursor, little: boolean): string {
  const first = readU32(c, little).toString(16).padStart(8, "0");
  const second = readU16(c, little).toString(16).padStart(4, "0");
  const third = readU16(c, little).toString(16).padStart(4, "0");
  return `${first}-${second}-${third}-${c.hex(2)}-${c.hex(6)}`;
}

export const readU16 = (c: Cursor, little: boolean): number => (little ? c.u16le() : c.u16());
export const readU32 = (c: Cursor, little: boolean): number => (little ? c.u32le() : c.u32());

/** Where a host's interfaces are asked for, Windows' as PROFINET's. */
export const ENDPOINT_MAPPER = "e1af8308-5d1f-11c9-91a4-08002b14a0fa";

/** PROFINET's interfaces: device, controller, supervisor, parameter server (IEC 61158-6-10). */
export const isProfinet = (uuid: string): boolean => /^dea0000[1-4]-6c97-11d1-8271-00a02442df7d$/.test(uuid);
