/**
 * Who says of which address that it is theirs: the sender of each ARP request and answer (RFC 826; announcements and
 * gratuitous answers of RFC 5227 among them), and of IPv6 who says so by Neighbour Discovery (`neighbour-discovery.ts`). It is
 * a claim and no more: anybody on the link can send one, so every MAC address that was claimed for an address is kept beside
 * the others, each with the first frame that said so.
 *
 *     hardware type 1 │ protocol 0800 │ 6 │ 4 │ operation │ sender MAC │ sender IPv4 │ target MAC │ target IPv4
 *     0               │ 2             │ 4 │ 5 │ 6         │ 8          │ 14          │ 18         │ 24
 *
 * Not covered: the target's half of a message (its sender's guess), RARP, ARP over links
 * without Ethernet's addresses.
 */
import type { ParsedAddress } from "../address.ts";
import type { Frame } from "../capture/frame.ts";
import type { Packet } from "../dissect/packet.ts";
import { type CapCounter, LIMITS } from "../limits.ts";

export const ETHERTYPE_ARP = 0x0806;

/** One MAC address claimed for one address. Plain data: it is stored as it is. */
export interface Neighbour {
  realm: number;
  /** IPv4, as 32 bits; 0 where it is an IPv6 address. */
  address: number;
  /** IPv6, as 32 hex digits. */
  ipv6?: string;
  /** 12 hex digits. */
  mac: string;
  /** The VLAN of the first frame that said so, where it has one. */
  vlan?: number;
  /** The first frame that said so. */
  capture: number;
  frame: number;
  sec: number;
  nsec: number;
  lastSec: number;
  lastNsec: number;
  /** The last frame that said so; absent where that is the first one. */
  last?: { capture: number; frame: number };
  /**
   * The first frame in which it asked or announced by that address, which nobody does in another's name: answers are also
   * given for others (RFC 1027, RFC 4389).
   */
  own?: Said;
  /** It says that it is a router, or has the MAC address that several share. */
  router?: true;
}

/** Of a claim, what its frame says. */
export type Claimed = Pick<Neighbour, "realm" | "address" | "ipv6" | "mac" | "vlan" | "router">;

/** Where and when something was said. */
interface Said {
  capture: number;
  frame: number;
  sec: number;
  nsec: number;
}

const LENGTH = 28;

export class Neighbours {
  readonly claims = new Map<string, Neighbour>();
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** An ARP message; what is cut, or of other lengths than Ethernet's and IPv4's, says nothing. */
  take(frame: Frame, { buf, payOff: at, payLen, vlan }: Packet, realm: number): void {
    if (payLen < LENGTH) return;
    if (u32(buf, at) !== 0x00010800 || buf[at + 4] !== 6 || buf[at + 5] !== 4 || buf[at + 6] !== 0) return;
    const operation = buf[at + 7]!;
    const address = u32(buf, at + 14);
    // A probe asks before it has an address (RFC 5227 2.1.1), and groups are nobody.
    if ((operation !== 1 && operation !== 2) || address === 0 || (buf[at + 8]! & 1) !== 0) return;
    const mac = hex(buf, at + 8);
    if (mac === "000000000000") return;
    this.said(frame, { realm, address, mac, vlan }, operation === 1 || address === u32(buf, at + 24));
  }

  /** A frame that claims an address. `own`: in its own name. */
  said(frame: Frame, { vlan = 0, ...what }: Claimed, own: boolean): void {
    const { capture, number, sec, nsec } = frame;
    const said = { capture, frame: number, sec, nsec };
    const claim: Neighbour = { ...what, ...said, lastSec: sec, lastNsec: nsec };
    if (vlan !== 0) claim.vlan = vlan;
    if (own) claim.own = said;
    if (SHARED_MAC.test(what.mac)) claim.router = true;
    this.add(claim);
  }

  /** Whether a MAC address, as hex digits, was claimed for an address of IP. */
  has(realm: number, { family, hex }: ParsedAddress, mac: string): boolean {
    return this.claims.has(`${realm}/${family === 6 ? hex : Number.parseInt(hex, 16)}/${mac}`);
  }

  /** One more time that it was said, or what another slice heard: the order does not matter. */
  add(claim: Neighbour): void {
    const key = `${claim.realm}/${claim.ipv6 ?? claim.address}/${claim.mac}`;
    const known = this.claims.get(key);
    if (known === undefined) {
      if (this.claims.size >= LIMITS.neighbours) this.#caps.hit("neighbours");
      else this.claims.set(key, claim);
      return;
    }
    if (claim.router === true) known.router = true;
    const { own } = claim;
    if (own !== undefined && (known.own === undefined || before(own.sec, own.nsec, known.own.sec, known.own.nsec)))
      known.own = own;
    if (before(claim.sec, claim.nsec, known.sec, known.nsec)) {
      known.last ??= { capture: known.capture, frame: known.frame };
      known.capture = claim.capture;
      known.frame = claim.frame;
      known.sec = claim.sec;
      known.nsec = claim.nsec;
      if (claim.vlan === undefined) delete known.vlan;
      else known.vlan = claim.vlan;
    }
    if (before(known.lastSec, known.lastNsec, claim.lastSec, claim.lastNsec)) {
      known.lastSec = claim.lastSec;
      known.lastNsec = claim.lastNsec;
      known.last = claim.last ?? { capture: claim.capture, frame: claim.frame };
    }
  }
}

/** MAC addresses of routers that stand in for each other: VRRP (RFC 9568 section 7.3), HSRP. */
const SHARED_MAC = /^(?:00005e000[12]|00000c07ac|00000c9ff)/;

const before = (sec: number, nsec: number, thanSec: number, thanNsec: number): boolean =>
  sec < thanSec || (sec === thanSec && nsec < thanNsec);

const u32 = (buf: Uint8Array, at: number): number =>
  ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0;

/** Bytes as hex digits: a MAC address's six unless told otherwise. */
export function hex(buf: Uint8Array, at: number, length = 6): string {
  let text = "";
  for (let i = 0; i < length; i++) text += buf[at + i]!.toString(16).padStart(2, "0");
  return text;
}
