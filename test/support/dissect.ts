/** Frames through the dissector, and what became of them as one line that reads well in a test. */
import { formatIpv4, formatIpv6Bytes } from "../../src/address.ts";
import { Frame } from "../../src/capture/frame.ts";
import { type DissectOptions, Dissector } from "../../src/dissect/dissect.ts";
import { DISSECT_NAMES, hasPorts, NO_IP, PACKET, Packet, TUNNELS } from "../../src/dissect/packet.ts";

/** Bytes that do not belong to the frame stand on both sides of it. */
const AROUND = 64;

export interface FrameOptions {
  linkType?: number;
  /** Bytes on the wire; as many as are there unless given. */
  wireLen?: number;
  /** What the bytes around the frame are. */
  around?: number;
  sec?: number;
  nsec?: number;
  realm?: number;
}

/** A dissector with the record that it fills. */
export class Bench {
  readonly packet = new Packet();
  readonly dissector: Dissector;

  constructor(options: DissectOptions = {}) {
    this.dissector = new Dissector(this.packet, options);
  }

  /** The dissect code. Throws where a packet's payload lies outside of its buffer, or of the frame that it came with. */
  code(data: Uint8Array, options: FrameOptions = {}): number {
    const frame = frameOf(data, options);
    const code = this.dissector.dissect(frame, options.realm ?? 0);
    if (code !== PACKET) return code;
    const p = this.packet;
    const inFrame = p.buf === frame.buf;
    const [from, to] = inFrame ? [AROUND, AROUND + data.length] : [0, p.buf.length];
    for (const [what, off, length] of [
      ["payload", p.payOff, p.payLen],
      ["source", p.srcOff, p.family === 4 ? 4 : 16],
      ["destination", p.dstOff, p.family === 4 ? 4 : 16],
      ["network header", p.netOff, p.family === 4 ? 20 : 40],
    ] as const) {
      if (length < 0) throw new Error(`${what} of ${length} bytes`);
      if (length > 0 && (off < from || off + length > to)) throw new Error(`${what} lies outside`);
    }
    if (p.payLen > p.payWire) throw new Error(`${p.payLen} bytes of payload, ${p.payWire} of them on the wire`);
    if (p.path < 0 || p.path > 0xfff) throw new Error(`path ${p.path} is no 12 bits`);
    return code;
  }

  /** `udp 192.0.2.1:40000 > 198.51.100.2:53 "hi"`, with what is special behind it; or the code's name. */
  line(data: Uint8Array, options: FrameOptions = {}): string {
    const code = this.code(data, options);
    const p = this.packet;
    if (code === NO_IP) return `no-ip ${p.etherType < 0 ? "none" : p.etherType.toString(16)}`;
    if (code !== PACKET) return DISSECT_NAMES[code]!;
    const ports = hasPorts(p.proto);
    const end = (off: number, port: number): string => {
      const address = p.family === 4 ? formatIpv4(word(p.buf, off)) : formatIpv6Bytes(p.buf, off);
      return !ports ? address : p.family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
    };
    const words = [PROTOCOLS[p.proto] ?? `proto-${p.proto}`, end(p.srcOff, p.srcPort), ">", end(p.dstOff, p.dstPort)];
    if (p.proto === 1 || p.proto === 58) words.push(`type ${p.icmpType}`);
    if (p.payWire > 0) words.push(JSON.stringify(Buffer.from(payloadOf(p)).toString("latin1")));
    if (p.payLen < p.payWire) words.push(`cut ${p.payWire - p.payLen}`);
    if (p.vlan !== 0) words.push(`vlan ${p.vlan}`);
    if (p.tunnel !== 0) words.push(`in ${TUNNELS[p.tunnel]}`);
    if (p.fragment) words.push("fragment");
    if (p.pieces !== 1) words.push(`${p.pieces} pieces`);
    if (p.offload) words.push("offload");
    return words.join(" ");
  }
}

const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp" };

export function frameOf(data: Uint8Array, options: FrameOptions = {}): Frame {
  const frame = new Frame();
  frame.buf = new Uint8Array(data.length + 2 * AROUND).fill(options.around ?? 0);
  frame.buf.set(data, AROUND);
  frame.off = AROUND;
  frame.capLen = data.length;
  frame.wireLen = options.wireLen ?? data.length;
  frame.linkType = options.linkType ?? 1;
  frame.sec = options.sec ?? 1_764_000_000;
  frame.nsec = options.nsec ?? 0;
  return frame;
}

export const payloadOf = (p: Packet): Uint8Array => p.buf.subarray(p.payOff, p.payOff + p.payLen);

/** What a fresh dissector says of one frame. */
export const dissected = (data: Uint8Array, options: FrameOptions = {}): string => new Bench().line(data, options);

const word = (buf: Uint8Array, off: number): number =>
  ((buf[off]! << 24) | (buf[off + 1]! << 16) | (buf[off + 2]! << 8) | buf[off + 3]!) >>> 0;
