/**
 * ICMP errors quote the packet that they are about (RFC 792, RFC 4443 section 3). The quoted header is no traffic of its
 * own; it is a sentence about another flow, kept apart and matched to that flow when all is read.
 */
import type { Frame } from "../capture/frame.ts";
import { hasPorts, ICMP, ICMP6, type Packet } from "../dissect/packet.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import { type AddressTable, compareBytes, word } from "./addresses.ts";

export interface Quote {
  /** Key of the quoted flow, ends in address order as in its row. */
  low: number;
  high: number;
  ports: number;
  meta: number;
  /** Direction of the quoted packet. */
  dir: 0 | 1;
  /** Who sent the error: as in a row, IPv4 as a number, else an index. */
  sender: number;
  type: number;
  code: number;
  capture: number;
  frame: number;
  sec: number;
  nsec: number;
  /** Frames that had been read by then, of all captures together: the order of quotes. */
  order: number;
}

const UNREACHABLE = 3;
/** RFC 1191: the packet was too long for a link, and is sent again in shorter ones. Nobody is refused by that. */
const FRAGMENTATION_NEEDED = 4;
const TIME_EXCEEDED = 11;
const UNREACHABLE6 = 1;
const TIME_EXCEEDED6 = 3;

/** Writes down what an ICMP error quotes; other messages, what refuses nobody, and quotes too short to name a flow, are passed over. */
export function readQuote(
  into: { quotes: Quote[]; ipv6: AddressTable; now: number },
  frame: Frame,
  p: Packet,
  realm: number,
  caps: CapCounter,
): void {
  const v4 = p.proto === ICMP;
  if (
    v4
      ? p.icmpType !== UNREACHABLE && p.icmpType !== TIME_EXCEEDED
      : p.icmpType !== UNREACHABLE6 && p.icmpType !== TIME_EXCEEDED6
  ) {
    return;
  }
  if (v4 && p.icmpType === UNREACHABLE && p.icmpCode === FRAGMENTATION_NEEDED) return;
  const { buf } = p;
  const inner = p.transportOff + 8;
  const end = p.payOff + p.payLen;
  const headerLength = v4 ? (end - inner >= 20 ? (buf[inner]! & 0x0f) << 2 : 0) : 40;
  if (headerLength < 20 || end - inner < headerLength + 4 || buf[inner]! >> 4 !== (v4 ? 4 : 6)) return;
  const proto = v4 ? buf[inner + 9]! : buf[inner + 6]!;
  const at = inner + headerLength;
  if (proto === ICMP || proto === ICMP6) return; // an echo to nobody is no connection
  const ported = hasPorts(proto);
  if (into.quotes.length >= LIMITS.quotes) {
    caps.hit("quotes");
    return;
  }
  const srcPort = ported ? (buf[at]! << 8) | buf[at + 1]! : 0;
  const dstPort = ported ? (buf[at + 2]! << 8) | buf[at + 3]! : 0;
  const srcOff = v4 ? inner + 12 : inner + 8;
  const dstOff = v4 ? inner + 16 : inner + 24;
  const src = v4 ? word(buf, srcOff) : into.ipv6.ofBytes(buf, srcOff);
  const dst = v4 ? word(buf, dstOff) : into.ipv6.ofBytes(buf, dstOff);
  const sender = v4 ? p.src : into.ipv6.ofBytes(buf, p.srcOff);
  if (!v4 && (src < 0 || dst < 0 || sender < 0)) return;
  const order = v4 ? (src < dst ? -1 : src > dst ? 1 : 0) : compareBytes(buf, srcOff, dstOff, 16);
  const forward = order < 0 || (order === 0 && srcPort <= dstPort);
  into.quotes.push({
    low: forward ? src : dst,
    high: forward ? dst : src,
    ports: forward ? (srcPort << 16) | dstPort : (dstPort << 16) | srcPort,
    meta: proto | (p.family << 8) | (realm << 16),
    dir: forward ? 0 : 1,
    sender,
    type: p.icmpType,
    code: p.icmpCode,
    capture: frame.capture,
    frame: frame.number,
    sec: frame.sec,
    nsec: frame.nsec,
    order: into.now,
  });
}
