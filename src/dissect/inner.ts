/**
 * One step into a tunnel. The inner packet is the packet: it takes the outer one's place in the record, which stays beside it
 * as `outer`, because whoever opens a tunnel talks to its other end. Where the inner one cannot be read, the outer one is put
 * back and counts as itself, so that a port or a protocol number alone claims nothing.
 *
 * Rare, so clarity wins: the outer packet is saved whole, and the inner layer is called through a function value.
 */
import { LIMITS } from "../limits.ts";
import { ETHER, FRAGMENT, NO_IP, PACKET, Packet, TOO_DEEP } from "./packet.ts";

/** A layer: `off` to `end` are captured bytes, `wire` is how many there were from `off` on the wire. Returns a dissect code. */
export type Layer = (p: Packet, buf: Uint8Array, off: number, end: number, wire: number) => number;

const OUTER: readonly Packet[] = Array.from({ length: LIMITS.layers }, () => new Packet());

/**
 * Reads `layer` at `off`, within the payload of `p`, as the inside of a tunnel of this kind (an index into `TUNNELS`).
 * `frames`: the inner layer has EtherTypes, so one that holds no IP (ARP) was read all the same. `network`: where the tunnel's
 * header has a network's identifier of 24 bits, below 0 where it has none.
 */
export function inside(
  p: Packet,
  kind: number,
  layer: Layer,
  buf: Uint8Array,
  off: number,
  frames: boolean,
  network = -1,
): number {
  const end = p.payOff + p.payLen;
  if (off > end) return PACKET;
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  const outer = OUTER[p.depth]!;
  outer.copy(p);
  outer.buf = buf;
  outer.carries = kind;
  const wire = p.payWire - (off - p.payOff);
  enter(p, kind);
  p.outer = outer;
  p.pieces = 1;
  p.fragment = false;
  p.linkOff = -1;
  p.realmNamed = false;
  if (network >= 0 && p.realmTags !== null) p.realmTags.identified(p, buf, network);
  const code = layer(p, buf, off, end, wire);
  if (code === PACKET || code === FRAGMENT || code === TOO_DEEP || ((code === NO_IP || code === ETHER) && frames))
    return code;
  p.copy(outer);
  return PACKET;
}

/** As `through`, into a tunnel of this kind. */
export function enter(p: Packet, kind: number): void {
  through(p, kind);
  p.tunnel = kind;
}

/** Counts a layer and makes it part of the path, so that a packet and its copy in a tunnel are told apart. */
export function through(p: Packet, mark: number): void {
  p.special = true;
  p.depth++;
  p.path = (p.path * 31 + mark + 1) & 0xfff;
}
