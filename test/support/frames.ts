/**
 * Frames for tests, put together from what a test is about; everything else is filled in, checksums included.
 *
 *     tcpFrame({ from: "10.0.0.1:40000", to: "192.0.2.1:443", flags: "S", seq: 100, ms: 0 })
 *     udpFrame({ from: "[2001:db8::1]:40000", to: "[2001:db8::2]:53", data: dnsQuery("example.com"), ms: 5 })
 */
import { parseAddress } from "../../src/address.ts";
import { Frame } from "../../src/capture/frame.ts";
import { concat } from "./hex.ts";
import { bytes, sum16, u16, u32 } from "./packets.ts";

/** 2026-03-02 09:00 UTC. */
export const START_SEC = 1_772_442_000;

interface Wrapping {
  /** `192.0.2.1:443` or `[2001:db8::1]:443`; without a port where the transport has none. */
  from: string;
  to: string;
  /** Milliseconds after `START_SEC`. */
  ms?: number;
  ttl?: number;
  /** IPv4 identification; by itself one more with every frame made. */
  id?: number;
  vlan?: number;
  /** Last bytes of destination's and source's MAC address. */
  macs?: [number, number];
  data?: Uint8Array;
}
export interface TcpFields extends Wrapping {
  /** Letters of `SAFRP` (P: push). */
  flags?: string;
  seq?: number;
  ack?: number;
  /** Bytes of options, a multiple of four: nothing is asked for. */
  options?: number;
}

let ids = 0;

export function tcpFrame(fields: TcpFields): Frame {
  const { flags = "A", seq = 0, ack = 0, options = 0, data = new Uint8Array(0) } = fields;
  const bits = { F: 1, S: 2, R: 4, P: 8, A: 16 } as const;
  const flagByte = [...flags].reduce((all, letter) => all | bits[letter as keyof typeof bits], 0);
  const ports = concat([u16(portOf(fields.from)), u16(portOf(fields.to))]);
  const length = bytes(0x50 + options * 4, flagByte);
  const numbers = [ports, u32(seq >>> 0), u32(ack >>> 0), length, u16(64_000), u32(0)];
  return ipFrame(6, concat([...numbers, new Uint8Array(options).fill(1), data]), 16, fields);
}

export function udpFrame(fields: Wrapping): Frame {
  const { data = new Uint8Array(0) } = fields;
  const ports = concat([u16(portOf(fields.from)), u16(portOf(fields.to))]);
  return ipFrame(17, concat([ports, u16(8 + data.length), u16(0), data]), 6, fields);
}

/** ICMP or ICMPv6 by the family of the addresses; an error quotes the packet of a frame. */
export function icmpFrame(fields: Wrapping & { type: number; code?: number; quote?: Frame }): Frame {
  const v6 = familyOf(fields.from) === 6;
  const quoted = fields.quote === undefined ? new Uint8Array(0) : fields.quote.buf.slice(14 + vlanOf(fields.quote));
  const body = concat([bytes(fields.type, fields.code ?? 0, 0, 0), u32(0), fields.data ?? quoted]);
  return ipFrame(v6 ? 58 : 1, body, 2, fields);
}

/** An ARP message by which `mac` (12 hex digits) says that `address` is its own. */
export function arpFrame(fields: {
  mac: string;
  address: string;
  operation?: number;
  ms?: number;
  vlan?: number | undefined;
}): Frame {
  const { mac, address, operation = 1, ms = 0, vlan } = fields;
  const tag = vlan === undefined ? [] : [u16(0x8100), u16(vlan)];
  const sender = Uint8Array.from(Buffer.from(mac, "hex"));
  const head = bytes(0, 1, 8, 0, 6, 4, 0, operation);
  const body = concat([head, sender, addressBytes(address), new Uint8Array(6), addressBytes("10.0.0.254")]);
  return frameOfBytes(
    concat([bytes(255, 255, 255, 255, 255, 255), sender, ...tag, u16(0x0806), body, new Uint8Array(18)]),
    ms,
  );
}

function ipFrame(proto: number, segment: Uint8Array, sumAt: number, fields: Wrapping): Frame {
  const { ms = 0, ttl = 64, id = ++ids & 0xffff, vlan, macs = [1, 2] } = fields;
  const v6 = familyOf(fields.from) === 6;
  const [src, dst] = [addressBytes(fields.from), addressBytes(fields.to)];
  const pseudo = proto === 1 ? [] : [src, dst, u32(segment.length), u32(proto)];
  segment.set(u16(sum16(concat([...pseudo, segment]))), sumAt);
  const header = v6
    ? concat([bytes(0x60, 0, 0, 0), u16(segment.length), bytes(proto, ttl), src, dst])
    : concat([bytes(0x45, 0), u16(20 + segment.length), u16(id), u16(0x4000), bytes(ttl, proto), u16(0), src, dst]);
  if (!v6) header.set(u16(sum16(header)), 10);
  const tag = vlan === undefined ? [] : [u16(0x8100), u16(vlan)];
  const type = u16(v6 ? 0x86dd : 0x0800);
  const mac = (last: number) => bytes(0x00, 0x00, 0x5e, 0x00, 0x53, last);
  return frameOfBytes(concat([mac(macs[0]), mac(macs[1]), ...tag, type, header, segment]), ms);
}

export function frameOfBytes(data: Uint8Array, ms: number): Frame {
  const frame = new Frame();
  frame.buf = data;
  frame.capLen = data.length;
  frame.wireLen = data.length;
  frame.linkType = 1;
  frame.sec = START_SEC + Math.floor(ms / 1000);
  frame.nsec = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e6);
  return frame;
}

/** A frame of Ethernet and IP as fragments of so many bytes (a multiple of eight). */
export function fragments(whole: Frame, size: number, id: number): Frame[] {
  const v6 = whole.buf[12] === 0x86;
  const header = whole.buf.slice(0, v6 ? 54 : 34);
  const payload = whole.buf.subarray(header.length);
  const pieces: Frame[] = [];
  for (let from = 0; from < payload.length; from += size) {
    const data = payload.subarray(from, from + size);
    const last = from + size >= payload.length;
    const head = header.slice();
    if (v6) {
      head.set([...u16(8 + data.length), 44], 18);
      const fragment = concat([bytes(header[20]!, 0), u16(from | (last ? 0 : 1)), u32(id)]);
      pieces.push(frameOfBytes(concat([head, fragment, data]), 0));
    } else {
      head.set(u16(20 + data.length), 16);
      head.set([...u16(id), ...u16((from >> 3) | (last ? 0 : 0x2000))], 18);
      pieces.push(frameOfBytes(concat([head, data]), 0));
    }
  }
  return pieces;
}

/** The frames in the order given, numbered as a file would number them. */
export function numbered(frames: readonly Frame[]): Frame[] {
  frames.forEach((frame, i) => {
    frame.number = i + 1;
  });
  return [...frames];
}

function addressBytes(end: string): Uint8Array {
  const address = parseAddress(hostOf(end));
  if (address === null) throw new Error(`no address: ${end}`);
  return Uint8Array.from(Buffer.from(address.hex, "hex"));
}
function hostOf(end: string): string {
  if (end.startsWith("[")) return end.slice(1, end.indexOf("]"));
  return end.split(":").length === 2 ? end.split(":")[0]! : end;
}
const portOf = (end: string): number => Number(end.slice(end.lastIndexOf(":") + 1));
const familyOf = (end: string): number => (parseAddress(hostOf(end))?.family === 6 ? 6 : 4);
const vlanOf = (frame: Frame): number => (frame.buf[12] === 0x81 && frame.buf[13] === 0 ? 4 : 0);
