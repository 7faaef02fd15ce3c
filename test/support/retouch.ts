/**
 * Captured frames changed in ways that change no verdict: copied on another path, cut into other segments, given to other
 * hosts. Lengths and checksums are made right again. What is not Ethernet, or no TCP where that is asked for, stays.
 */
import type { Frame } from "../../src/capture/frame.ts";
import { FIN, type Packet, RST, SYN, TCP, UDP } from "../../src/dissect/packet.ts";
import { concat } from "./hex.ts";
import { innermostOf, packetOf } from "./judged.ts";
import { copyFrame } from "./observe.ts";
import { sum16, u16, u32 } from "./packets.ts";

export const PATHS = ["vlan", "macs", "ttl"] as const;
export type OtherPath = (typeof PATHS)[number];

/** The same packet once more, `usec` later (below 5,000), on another VLAN, MAC pair or TTL; null where it has none. */
export function copyOf(frame: Frame, path: OtherPath, usec: number): Frame | null {
  const p = packetOf(frame);
  if (p === null || frame.linkType !== 1) return null;
  const copy = copyFrame(frame);
  const { family, netOff } = outermost(p);
  const net = netOff - frame.off;
  if (path === "vlan") {
    copy.buf = concat([copy.buf.slice(0, 12), u16(0x8100), u16(77), copy.buf.slice(12)]);
    copy.capLen += 4;
    copy.wireLen += 4;
  } else if (path === "macs") {
    copy.buf.set([0x02, 0, 0, 0, 0, 0x11, 0x02, 0, 0, 0, 0, 0x12], 0);
  } else if (family === 4) {
    copy.buf[net + 8]! -= 1;
    checkIpv4(copy.buf, net);
  } else {
    copy.buf[net + 7]! -= 1;
  }
  const nsec = frame.nsec + usec * 1000;
  copy.sec = frame.sec + Math.floor(nsec / 1e9);
  copy.nsec = nsec % 1e9;
  return copy;
}

/** A TCP segment cut into pieces at these offsets of its payload; the frame alone where it is none, or has no payload. */
export function split(frame: Frame, cuts: readonly number[]): Frame[] {
  const payload = payloadOf(frame);
  const places = [...new Set(cuts)].filter((at) => at > 0 && at < payload.length).sort((a, b) => a - b);
  if (places.length === 0) return [frame];
  return [0, ...places].map((from, i) => {
    const to = places[i] ?? payload.length;
    return withPayload(frame, from, payload.slice(from, to), to === payload.length ? 0 : FIN, i);
  });
}

/** Runs of segments that follow each other in one direction, each made one; it stands where the last of them stood. */
export function coalesced(frames: readonly Frame[], most: number): Frame[] {
  const result: (Frame | null)[] = [...frames];
  const open = new Map<string, { at: number; next: number; pieces: Uint8Array[]; first: Frame }>();
  frames.forEach((frame, at) => {
    const p = packetOf(frame);
    if (p === null || p.proto !== TCP || p.outer !== null || frame.capLen !== frame.wireLen) return;
    const [there, back] = [`${endOf(p, true)} ${endOf(p, false)}`, `${endOf(p, false)} ${endOf(p, true)}`];
    open.delete(back); // an answer between two segments: what follows it may not be said before it
    const { seq, payWire, tcpFlags } = p;
    if (payWire === 0 || (tcpFlags & (SYN | FIN | RST)) !== 0) {
      open.delete(there);
      return;
    }
    const payload = payloadOf(frame);
    const run = open.get(there);
    if (run === undefined || run.next !== (seq | 0) || run.pieces.length >= most) {
      open.set(there, { at, next: (seq + payWire) | 0, pieces: [payload], first: frame });
      return;
    }
    run.pieces.push(payload);
    run.next = (seq + payWire) | 0;
    const whole = withPayload(run.first, 0, concat(run.pieces), 0, 0);
    whole.sec = frame.sec;
    whole.nsec = frame.nsec;
    whole.number = frame.number;
    result[run.at] = null;
    result[at] = whole;
    run.at = at;
  });
  return result.filter((frame) => frame !== null);
}

/** The frame between other hosts: IPv4 addresses of 10/8 become ones that no case binds. Null where it is not IPv4. */
export function betweenOthers(frame: Frame): Frame | null {
  const p = packetOf(frame);
  if (p === null || p.outer !== null || p.family !== 4) return null;
  if (frame.linkType !== 1 || frame.capLen !== frame.wireLen) return null;
  const [net, transport] = [p.netOff - frame.off, p.transportOff - frame.off];
  const { proto } = p;
  const other = copyFrame(frame);
  for (const at of [net + 12, net + 16]) if (other.buf[at] === 10) other.buf[at + 1]! += 100;
  checkIpv4(other.buf, net);
  if (proto === TCP) checkTransport(other.buf, net, transport, 16);
  else if (proto === UDP) other.buf.set([0, 0], transport + 6); // none: IPv4 allows that
  return other;
}

/** The frame with IPv4 addresses called otherwise wherever they stand, as bytes or as text of the same length (FTP's has commas). */
export function renamed(frame: Frame, names: ReadonlyMap<string, string>): Frame {
  const arp = frame.linkType === 1 ? arpAt(frame) : -1;
  if (arp >= 0) return calledOtherwise(frame, arp, names);
  const p = innermostOf(frame);
  if (p === null || p.family !== 4 || frame.linkType !== 1) return frame;
  const [net, transport] = [p.netOff - frame.off, p.transportOff - frame.off];
  const { proto } = p;
  const around = headersAround(p).map(({ family, netOff }) => ({ family, at: netOff - frame.off }));
  const other = calledOtherwise(frame, Math.min(net, ...around.map(({ at }) => at)), names);
  for (const { family, at } of around) if (family === 4) checkIpv4(other.buf, at);
  if (frame.capLen !== frame.wireLen) return other;
  checkIpv4(other.buf, net);
  if (proto === TCP) checkTransport(other.buf, net, transport, 16);
  else if (proto === UDP) other.buf.set([0, 0], transport + 6); // none: IPv4 allows that
  return other;
}

/** Where an ARP message begins in a frame of Ethernet, with a VLAN or without; -1 in others. */
function arpAt({ buf, off, capLen }: Frame): number {
  const typeAt = capLen >= 18 && buf[off + 12] === 0x81 && buf[off + 13] === 0 ? 16 : 12;
  return capLen >= 42 && buf[off + typeAt] === 8 && buf[off + typeAt + 1] === 6 ? typeAt + 2 : -1;
}

/** A copy of the frame in which addresses from the byte `first` on are others. */
function calledOtherwise(frame: Frame, first: number, names: ReadonlyMap<string, string>): Frame {
  const other = copyFrame(frame);
  const text = Buffer.from(other.buf.buffer, other.buf.byteOffset, other.buf.length);
  for (const [from, to] of names) {
    const forms = (name: string): Buffer[] => [
      Buffer.from(name),
      Buffer.from(name.replaceAll(".", ",")),
      Buffer.from(name.split(".").map(Number)),
    ];
    for (const [i, old] of forms(from).entries()) {
      const next = forms(to)[i]!;
      for (let at = text.indexOf(old, first); at >= 0; at = text.indexOf(old, at + old.length)) text.set(next, at);
    }
  }
  return other;
}

/** The packets that a tunnel's came in, from within. */
function headersAround(p: Packet): Packet[] {
  const all: Packet[] = [];
  for (let outer = p.outer; outer !== null; outer = outer.outer) all.push(outer);
  return all;
}

const outermost = (p: Packet): Packet => headersAround(p).at(-1) ?? p;

function payloadOf(frame: Frame): Uint8Array {
  const p = packetOf(frame);
  if (p === null || p.proto !== TCP || p.outer !== null) return new Uint8Array(0);
  if (frame.linkType !== 1 || p.payLen !== p.payWire) return new Uint8Array(0);
  return p.buf.slice(p.payOff, p.payOff + p.payLen);
}

/** The frame with another payload that begins `skip` bytes later in the stream. */
function withPayload(frame: Frame, skip: number, payload: Uint8Array, without: number, which: number): Frame {
  const p = packetOf(frame)!;
  const [net, transport, pay] = [p.netOff - frame.off, p.transportOff - frame.off, p.payOff - frame.off];
  const piece = copyFrame(frame);
  piece.buf = concat([piece.buf.slice(0, pay), payload]);
  piece.capLen = piece.wireLen = piece.buf.length;
  piece.buf.set(u32((p.seq + skip) >>> 0), transport + 4);
  piece.buf[transport + 13]! &= ~without;
  if (p.family === 4) {
    piece.buf.set(u16(piece.buf.length - net), net + 2);
    piece.buf.set(u16((p.ipId + which * 7919) & 0xffff || 1), net + 4);
    checkIpv4(piece.buf, net);
  } else {
    piece.buf.set(u16(piece.buf.length - net - 40), net + 4);
  }
  checkTransport(piece.buf, net, transport, 16);
  return piece;
}

function checkIpv4(buf: Uint8Array, net: number): void {
  const length = (buf[net]! & 15) * 4;
  buf.set([0, 0], net + 10);
  buf.set(u16(sum16(buf.subarray(net, net + length))), net + 10);
}

function checkTransport(buf: Uint8Array, net: number, transport: number, at: number): void {
  const v4 = buf[net]! >> 4 === 4;
  const addresses = v4 ? buf.subarray(net + 12, net + 20) : buf.subarray(net + 8, net + 40);
  const segment = buf.subarray(transport);
  segment.set([0, 0], at);
  segment.set(u16(sum16(concat([addresses, u32(TCP), u32(segment.length), segment]))), at);
}

function endOf(
  p: { family: number; buf: Uint8Array; srcOff: number; dstOff: number; srcPort: number; dstPort: number },
  source: boolean,
): string {
  const off = source ? p.srcOff : p.dstOff;
  return `${Buffer.from(p.buf.subarray(off, off + (p.family === 4 ? 4 : 16))).toString("hex")}:${source ? p.srcPort : p.dstPort}`;
}
