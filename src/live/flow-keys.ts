/** Whose packet a frame holds: a hash for each frame, cheap, and a key that no other flow has for those that are wanted. */
import { u16be, u32be } from "../capture/bytes.ts";
import type { Frame } from "../capture/frame.ts";
import { Dissector } from "../dissect/dissect.ts";
import { ACK, PACKET, Packet, RST, SYN, TCP, UDP } from "../dissect/packet.ts";

const ETHERNET = 1;
const COOKED = 113;
const COOKED_2 = 276;
const MORE_OR_OFFSET = 0x3fff;
/** Where TCP has its flags, and UDP's bytes. */
const FLAGS = 13;
const UDP_HEADER = 8;

/** The last frame that was asked for: what kind of packet it holds. */
export class FlowKeys {
  readonly #packet = new Packet();
  readonly #dissector: Dissector;
  /** Of TCP, else 0. */
  flags = 0;
  /** Of IPv4, else 0; `family`: 0 where it holds no packet. */
  family = 0;
  from = 0;
  to = 0;
  /** Set by `of` alone. */
  seq = 0;

  constructor(vxlanPorts: readonly number[] = []) {
    this.#dissector = new Dissector(this.#packet, { vxlanPorts });
  }

  get isTcp(): boolean {
    return this.#packet.proto === TCP;
  }

  /** Whether it begins a connection. */
  get begins(): boolean {
    return (this.flags & (SYN | ACK)) === SYN;
  }

  /** Whether it begins, answers or refuses a connection. */
  get decides(): boolean {
    return (this.flags & (SYN | RST)) !== 0;
  }

  /** The same for both directions of a flow, of an inner one where it is a tunnel's. Called for every frame: nothing is allocated. */
  hash(frame: Frame): number {
    const { buf, linkType } = frame;
    const end = frame.off + frame.capLen;
    this.flags = 0;
    this.from = 0;
    this.to = 0;
    let at = frame.off;
    if (linkType === ETHERNET) {
      at += 12;
      while (at + 4 < end && isTag(buf, at)) at += 4;
      at += 2;
    } else if (linkType === COOKED_2) at += 20;
    else if (linkType === COOKED) at += 16;
    const version = at < end ? buf[at]! >> 4 : 0;
    if (version === 4 && at + 20 <= end && (u16be(buf, at + 6) & MORE_OR_OFFSET) === 0) {
      const proto = buf[at + 9]!;
      const from = at + ((buf[at]! & 15) << 2);
      if (this.#isPlain(proto, buf, from, end)) {
        this.family = 4;
        this.from = u32be(buf, at + 12);
        this.to = u32be(buf, at + 16);
        return mixed(this.from ^ this.to, u16be(buf, from) ^ u16be(buf, from + 2), proto);
      }
    } else if (version === 6 && at + 40 <= end) {
      const proto = buf[at + 6]!;
      if (this.#isPlain(proto, buf, at + 40, end)) {
        this.family = 6;
        return mixed(between(buf, at + 8, at + 24), u16be(buf, at + 40) ^ u16be(buf, at + 42), proto);
      }
    }
    return this.#dissected(frame);
  }

  /** The same for both directions of a flow and for no other; null where it is in none, as most fragments of datagrams. */
  of(frame: Frame): string | null {
    const p = this.#packet;
    this.flags = 0;
    if (this.#dissector.dissect(frame) !== PACKET || p.fragment) return null;
    this.flags = p.proto === TCP ? p.tcpFlags : 0;
    this.seq = p.seq;
    const one = this.#end(p.src, p.srcOff, p.srcPort);
    const other = this.#end(p.dst, p.dstOff, p.dstPort);
    return `${p.proto} ${one < other ? `${one} ${other}` : `${other} ${one}`}`;
  }

  /** A transport that can be told without taking the frame apart. */
  #isPlain(proto: number, buf: Uint8Array, at: number, end: number): boolean {
    if (proto === TCP) {
      if (at + FLAGS >= end) return false;
      this.flags = buf[at + FLAGS]!;
      return true;
    }
    if (proto !== UDP || at + UDP_HEADER > end) return false;
    return !this.#isTunnel(u16be(buf, at)) && !this.#isTunnel(u16be(buf, at + 2));
  }

  #isTunnel(port: number): boolean {
    return (this.#packet.tunnelBits[port >>> 5]! & (1 << (port & 31))) !== 0;
  }

  /** What is neither plain TCP nor UDP; frames that are in no flow are told apart by their first bytes. */
  #dissected(frame: Frame): number {
    const p = this.#packet;
    this.family = 0;
    if (this.#dissector.dissect(frame) !== PACKET)
      return mixed(frame.capLen >= 16 ? u32be(frame.buf, frame.off + 12) : 0, 0, frame.linkType);
    if (p.proto === TCP) this.flags = p.tcpFlags;
    this.family = p.family;
    if (p.family === 4) {
      this.from = p.src;
      this.to = p.dst;
    }
    const addresses = p.family === 4 ? p.src ^ p.dst : between(p.buf, p.srcOff, p.dstOff);
    return mixed(addresses, p.srcPort ^ p.dstPort, p.proto);
  }

  #end(address: number, off: number, port: number): string {
    const { family, buf } = this.#packet;
    if (family === 4) return `${address >>> 0}:${port}`;
    let text = "";
    for (let i = off; i < off + 16; i += 2) text += String.fromCharCode(u16be(buf, i));
    return `${text}:${port}`;
  }
}

/** Of two IPv6 addresses, the same in either order. */
function between(buf: Uint8Array, one: number, other: number): number {
  let all = 0;
  for (let i = 0; i < 16; i += 4) all ^= Math.imul(u32be(buf, one + i) ^ u32be(buf, other + i), 2 * i + 1);
  return all;
}

function isTag(buf: Uint8Array, at: number): boolean {
  const type = u16be(buf, at);
  return type === 0x8100 || type === 0x88a8;
}

function mixed(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x51ed, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
