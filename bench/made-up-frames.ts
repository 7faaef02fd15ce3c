/** Frames made up in memory, by kind of traffic, and an interface that hands them out; no rights needed. */
import { MadeUpSource, MOST_AT_ONCE, RECORD_HEADER } from "./made-up-source.ts";

const ETHERNET = 14;
const IP = 20;
export const [ICMP, TCP, UDP] = [1, 6, 17];
export const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16];
const LARGEST_FRAME = 600;

/** Who sends it and who gets it: addresses as numbers, ports. */
export interface Ends {
  from: number;
  to: number;
  fromPort: number;
  toPort: number;
  ttl?: number;
}

export const address = (a: number, b: number, c: number, d: number): number =>
  ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;

export const turned = ({ from, to, fromPort, toPort }: Ends): Ends => ({
  ...{ from: to, to: from, fromPort: toPort, toPort: fromPort },
});

export function udp(ends: Ends, payload: Uint8Array): Uint8Array {
  const segment = new Uint8Array(8 + payload.length);
  const view = new DataView(segment.buffer);
  view.setUint16(0, ends.fromPort);
  view.setUint16(2, ends.toPort);
  view.setUint16(4, segment.length);
  segment.set(payload, 8);
  return ipv4(ends, UDP, segment);
}

export function tcp(ends: Ends, flags: number, seq: number, ack: number, payload: Uint8Array = NOTHING): Uint8Array {
  const segment = new Uint8Array(20 + payload.length);
  const view = new DataView(segment.buffer);
  view.setUint16(0, ends.fromPort);
  view.setUint16(2, ends.toPort);
  view.setUint32(4, seq);
  view.setUint32(8, ack);
  view.setUint16(12, (5 << 12) | flags);
  view.setUint16(14, 64_240);
  segment.set(payload, 20);
  const pseudo = words(addressBytes(ends)) + TCP + segment.length;
  view.setUint16(16, checksum(pseudo + words(segment)));
  return ipv4(ends, TCP, segment);
}

export function icmp(ends: Ends, type: number, code: number, rest: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + rest.length);
  message.set([type, code]);
  message.set(rest, 8);
  new DataView(message.buffer).setUint16(2, checksum(words(message)));
  return ipv4(ends, ICMP, message);
}

/** A question who has an address, or an announcement of one's own. */
export function arp(mac: number, own: number, asked: number): Uint8Array {
  const frame = new Uint8Array(60);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  setMac(view, 6, mac);
  view.setUint16(12, 0x0806);
  frame.set([0, 1, 8, 0, 6, 4, 0, 1], ETHERNET);
  setMac(view, 22, mac);
  view.setUint32(28, own);
  view.setUint32(38, asked);
  return frame;
}

function ipv4(ends: Ends, protocol: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(Math.max(60, ETHERNET + IP + payload.length));
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
  if (ends.to >>> 28 === 14) frame.set([1, 0, 0x5e, (ends.to >>> 16) & 0x7f, (ends.to >>> 8) & 0xff, ends.to & 0xff]);
  if (ends.to === 0xffff_ffff) frame.fill(0xff, 0, 6);
  view.setUint16(ETHERNET + 2, IP + payload.length);
  view.setUint16(ETHERNET + 4, ipId++ & 0xffff);
  frame.set([ends.ttl ?? 64, protocol], ETHERNET + 8);
  view.setUint32(ETHERNET + 12, ends.from);
  view.setUint32(ETHERNET + 16, ends.to);
  view.setUint16(ETHERNET + 10, checksum(words(frame.subarray(ETHERNET, ETHERNET + IP))));
  frame.set(payload, ETHERNET + IP);
  return frame;
}
let ipId = 0;
const NOTHING = new Uint8Array(0);

function setMac(view: DataView, at: number, mac: number): void {
  view.setUint16(at, 0x0200);
  view.setUint32(at + 2, mac);
}

function addressBytes({ from, to }: Ends): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, from);
  new DataView(bytes.buffer).setUint32(4, to);
  return bytes;
}

function words(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return 0xffff - folded;
}

/** So many frames belong to each episode, and an episode begins so many times a second. */
export interface Script {
  episode(number: number, perSecond: number): readonly Uint8Array[];
  frames: number;
  perSecond: number;
  beganMs: number;
}

/** Between two frames of an episode. */
const APART_MS = 3;

/** Frames of one episode after another, as many as are due. */
export class MadeUpFrames extends MadeUpSource {
  readonly #script: Script;
  #episode: readonly Uint8Array[] = [];

  constructor(script: Script, due: number) {
    super(due);
    this.#script = script;
  }

  protected fill(into: Uint8Array, at: number, view: DataView): number {
    const last = view.byteLength - RECORD_HEADER - LARGEST_FRAME;
    let end = 0;
    for (let i = 0; i < MOST_AT_ONCE && this.sent < this.due && end <= last; i++) {
      const frame = this.#next();
      const { frames, perSecond, beganMs } = this.#script;
      const number = this.sent++;
      const ms = beganMs + (Math.floor(number / frames) * 1000) / perSecond + (number % frames) * APART_MS;
      view.setUint32(end, Math.floor(ms / 1000), true);
      view.setUint32(end + 4, Math.floor((ms % 1000) * 1e6), true);
      view.setUint32(end + 8, frame.length, true);
      view.setUint32(end + 12, frame.length, true);
      into.set(frame, at + end + RECORD_HEADER);
      end += RECORD_HEADER + frame.length;
    }
    return end;
  }

  #next(): Uint8Array {
    const { frames, episode, perSecond } = this.#script;
    const place = this.sent % frames;
    if (place === 0) this.#episode = episode(this.sent / frames, perSecond);
    return this.#episode[place]!;
  }
}
