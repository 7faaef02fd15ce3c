/**
 * Fragments → datagrams (RFC 791 section 3.2, RFC 8200 section 4.5).
 *
 * Every fragment is a packet of its flow with its own bytes; the payload goes to the decoders when the last one has come.
 * So a flow's packets and bytes are right whether a datagram completes or not:
 *
 *     1st  ─▶ a packet of the flow, without payload          (its ports are known)
 *     2nd  ─▶ the same
 *     last ─▶ a packet of the flow with the whole payload, dissected from the datagram's own buffer
 *
 * What comes before the transport header waits and is counted with the fragment that brings it. Tunnels wait until all is
 * there, because only then is it known whose packet it is.
 *
 * Where fragments overlap, the bytes that came first stay. Overlaps that differ, or that stick out, are counted. A datagram
 * whose fragments differ is never put together (RFC 5722 asks for that): which bytes its receiver took no capture tells.
 *
 *             0         40                                   a datagram's buffer
 *             ├─────────┼─────────┬────────────┬──────────┐
 *             │ header  │ [0, 40) │    hole    │ [72, 99) │   ranges: [0, 40, 72, 99], sorted, not touching
 *             └─────────┴─────────┴────────────┴──────────┘
 */
import { COPY_WITHIN_NSEC, gapNsec } from "../flow/copies.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import { BufferPool } from "./buffer-pool.ts";
import { extensionHeaders, transport } from "./ip.ts";
import { ACK, CUT, FRAGMENT, FRAGMENT_COPY, MALFORMED, PACKET, type Packet, TCP } from "./packet.ts";

/** Room for the IP header (without options) before the payload, so that addresses and payload are in one buffer. */
const HEADROOM = 40;
const LARGEST = 65_535;

interface Datagram {
  /** Ends, identification and (IPv4) protocol, as text. */
  key: string;
  /** Fragments that contradicted earlier ones, or overlapped them in part. */
  overlaps: number;
  buf: Uint8Array;
  /** What the payload begins with: the IP protocol, or for IPv6 the next header, known with the first fragment. */
  next: number;
  /** IP protocol of the transport header. */
  proto: number;
  ranges: number[];
  /** Two fragments brought different bytes for the same place, or different ends. */
  differs: boolean;
  /** Its length, once the last fragment was seen; -1 before. */
  total: number;
  /** Payload from here on was cut off by the capture. */
  cutAt: number;
  /** Fragments that wait for the transport header, and their bytes on the wire. */
  held: number;
  heldBytes: number;
  state: typeof PENDING | typeof KNOWN | typeof DONE;
  /** What the transport header said. */
  srcPort: number;
  dstPort: number;
  checksum: number;
  seq: number;
  ack: number;
  tcpFlags: number;
  icmpType: number;
  icmpCode: number;
  /** Of the fragment that began it, see `Packet.path`. */
  path: number;
  /** Time it began, later that of its last fragment; and where in the datagram that one stood. */
  sec: number;
  nsec: number;
  completedBy: number;
}
/** What others may see of it. */
export type FragmentedDatagram = Readonly<Pick<Datagram, "key" | "overlaps" | "state">>;

export const PENDING = 0; // the transport header is not there yet
const KNOWN = 1;
export const DONE = 2; // kept for a moment, to tell copies of its fragments

export class Fragments {
  readonly #caps: CapCounter;
  /** By realm, ends, identification and (IPv4) protocol; oldest first. */
  readonly #datagrams = new Map<string, Datagram>();
  readonly #pool = new BufferPool(HEADROOM, LIMITS.fragmentBytes);
  /** Buffers of datagrams that the current packet may lie in. */
  readonly #lent: Uint8Array[] = [];

  /** The datagram that the last fragment belonged to, until somebody takes note of it; null where there was no room for it. */
  latest: FragmentedDatagram | null = null;
  /** Datagrams begun and never completed, so far. */
  incomplete = 0;
  /** Fragments whose bytes contradict earlier ones, or overlap them in part. */
  overlaps = 0;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** Takes the fragment that `p` is, and says what it makes of the frame: a dissect code. */
  add(p: Packet, realm: number, sec: number, nsec: number): number {
    while (this.#lent.length > 0) this.#pool.give(this.#lent.pop()!);
    this.#expire(sec);
    return this.#add(p, realm, sec, nsec);
  }

  #add(p: Packet, realm: number, sec: number, nsec: number): number {
    const from = p.fragmentOffset;
    const to = from + p.payWire;
    if (to > LARGEST) return MALFORMED;
    p.ipId = (p.fragmentId ^ (from >>> 3)) & 0xffff; // each fragment has a print of its own, see `flow/copies.ts`
    const d = this.#find(p, realm, sec, nsec);
    this.latest = d;
    if (d === null) return FRAGMENT;
    if (d.state === DONE) return this.#again(d, p);
    if (from === 0) d.next = p.proto;
    if (d.state === PENDING && p.path !== d.path && isThere(d, p, from, to)) return FRAGMENT_COPY;
    if (!this.#insert(d, p, from, to)) {
      this.overlaps++;
      d.overlaps++;
    }
    if (d.state === PENDING) {
      d.held++;
      d.heldBytes += p.ipBytes;
    }
    if (d.total >= 0 && !d.differs && d.ranges[0] === 0 && d.ranges[1]! >= d.total)
      return this.#complete(d, p, realm, sec, nsec);
    if (d.state === PENDING && !this.#learn(d, p)) return FRAGMENT;
    return asPiece(d, p, false);
  }

  /** Its datagram, a new one where there is none; null where there is no room for it. */
  #find(p: Packet, realm: number, sec: number, nsec: number): Datagram | null {
    const key = keyOf(p, realm);
    const known = this.#datagrams.get(key);
    if (known !== undefined) {
      if (known.state !== DONE || gapNsec(known.sec, known.nsec, sec, nsec) <= COPY_WITHIN_NSEC) return known;
      this.#drop(key, known);
    }
    while (this.#datagrams.size >= LIMITS.fragmentDatagrams) this.#evict("fragmentDatagrams");
    const length = p.fragmentOffset + p.payWire;
    let buf = this.#pool.take(length);
    while (buf === null && this.#datagrams.size > 0) {
      this.#evict("fragmentBytes");
      buf = this.#pool.take(length);
    }
    if (buf === null) return null;
    this.incomplete++;
    const d: Datagram = {
      key: key.slice(key.indexOf(" ") + 1),
      overlaps: 0,
      buf,
      next: p.proto,
      proto: p.proto,
      ranges: [],
      differs: false,
      total: -1,
      cutAt: LARGEST,
      held: 0,
      heldBytes: 0,
      state: PENDING,
      srcPort: 0,
      dstPort: 0,
      checksum: 0,
      seq: 0,
      ack: 0,
      tcpFlags: 0,
      icmpType: 0,
      icmpCode: 0,
      path: p.path,
      sec,
      nsec,
      completedBy: -1,
    };
    this.#datagrams.set(key, d);
    return d;
  }

  /** Puts the fragment's bytes where nothing is yet; false where it overlaps what is there otherwise than by repeating it. */
  #insert(d: Datagram, p: Packet, from: number, claimed: number): boolean {
    let to = claimed;
    let clean = true;
    const { ranges } = d;
    const last = ranges.length > 0 ? ranges[ranges.length - 1]! : 0;
    if (!p.moreFragments && d.total < 0 && to >= last) d.total = to;
    else if (!p.moreFragments && d.total !== to) clean = false; // another end than the one that came first
    if (d.total >= 0 && to > d.total) {
      to = d.total;
      clean = false;
    }
    if (!clean) d.differs = true;
    if (to <= from) return clean;
    if (HEADROOM + to > d.buf.length && !this.#enlarge(d, to)) return clean;
    let at = from;
    let first = 0; // ranges before it end before the fragment begins
    let after = 0; // ranges from it on begin behind the fragment's end
    for (let i = 0; i < ranges.length; i += 2) {
      const begin = ranges[i]!;
      const end = ranges[i + 1]!;
      if (end < from) first = i + 2;
      if (begin <= to) after = i + 2;
      if (end <= at || begin >= to) continue;
      if (begin > at) fill(d, p, at, begin);
      const upTo = end < to ? end : to;
      const differs = !same(d, p, begin > at ? begin : at, upTo);
      if (differs) d.differs = true;
      if (begin > from || end < to || differs) clean = false;
      at = upTo;
    }
    if (after === first && ranges.length >= LIMITS.fragmentHoles * 2) {
      this.#caps.hit("fragmentHoles");
      return clean;
    }
    if (at < to) fill(d, p, at, to);
    const begin = after > first && ranges[first]! < from ? ranges[first]! : from;
    const end = after > first && ranges[after - 1]! > to ? ranges[after - 1]! : to;
    ranges.splice(first, after - first, begin, end);
    return clean;
  }

  #enlarge(d: Datagram, length: number): boolean {
    const larger = this.#pool.take(length);
    if (larger === null) {
      this.#caps.hit("fragmentBytes");
      return false;
    }
    larger.set(d.buf);
    this.#pool.give(d.buf);
    d.buf = larger;
    return true;
  }

  /** Looks for the transport header in what is there from the beginning on. */
  #learn(d: Datagram, p: Packet): boolean {
    if (d.ranges[0] !== 0) return false;
    p.fragment = true;
    const code = readTransport(d, p, Math.min(d.ranges[1]!, d.cutAt), d.total < 0 ? LARGEST : d.total);
    if (code !== PACKET) return false;
    d.state = KNOWN;
    remember(d, p);
    p.pieces = d.held;
    p.heldBytes = d.heldBytes - p.ipBytes;
    p.released += d.held - 1;
    return true;
  }

  /** The whole datagram: its payload lies in its own buffer, which is the packet's until the next one. */
  #complete(d: Datagram, p: Packet, realm: number, sec: number, nsec: number): number {
    this.incomplete--;
    const waited = d.state === PENDING;
    d.state = DONE;
    d.sec = sec;
    d.nsec = nsec;
    d.completedBy = p.fragmentOffset;
    const { buf } = d;
    this.#lent.push(buf);
    d.buf = NO_BYTES;
    const header = p.family === 4 ? 20 : 40;
    buf.set(p.buf.subarray(p.netOff, p.netOff + header), HEADROOM - header);
    p.buf = buf;
    p.linkOff = -1;
    p.netOff = HEADROOM - header;
    p.srcOff = p.family === 4 ? HEADROOM - 8 : 8;
    p.dstOff = p.family === 4 ? HEADROOM - 4 : 24;
    p.pieces = 1;
    p.fragment = false;
    if (waited) {
      p.pieces = d.held;
      p.heldBytes = d.heldBytes - p.ipBytes;
    }
    const code = readWhole(d, p, buf);
    if (code === PACKET && p.netOff < HEADROOM) {
      remember(d, p);
    } else {
      d.srcPort = -1; // another packet's datagram
    }
    if (waited && code !== CUT && code !== MALFORMED) p.released += d.held - 1;
    return code === FRAGMENT ? this.#add(p, realm, sec, nsec) : code;
  }

  /** A fragment of a datagram that was complete a moment ago: it came by another mirror, or was sent twice. */
  #again(d: Datagram, p: Packet): number {
    return d.srcPort < 0 ? FRAGMENT_COPY : asPiece(d, p, p.fragmentOffset === d.completedBy);
  }

  /** Ends datagrams that began too long ago. */
  #expire(sec: number): void {
    for (const [key, d] of this.#datagrams) {
      if (sec - d.sec <= LIMITS.fragmentSec) return;
      this.#drop(key, d);
    }
  }

  /** Gives the oldest up to make room. */
  #evict(cap: "fragmentDatagrams" | "fragmentBytes"): void {
    for (const [key, d] of this.#datagrams) {
      if (d.state !== DONE) this.#caps.hit(cap);
      this.#drop(key, d);
      return;
    }
  }

  #drop(key: string, d: Datagram): void {
    this.#datagrams.delete(key);
    if (d.buf.length > 0) this.#pool.give(d.buf);
  }
}

const NO_BYTES = new Uint8Array(0);

function keyOf(p: Packet, realm: number): string {
  if (p.family === 4) return `${realm} ${p.src} ${p.dst} ${p.proto} ${p.fragmentId}`;
  let key = `${realm} ${p.fragmentId}`;
  for (let at = p.srcOff; at < p.srcOff + 32; at += 2) key += String.fromCharCode((p.buf[at]! << 8) | p.buf[at + 1]!);
  return key;
}

/** Copies what was captured of [from, to) of the datagram, and notes where the capture cut it. */
function fill(d: Datagram, p: Packet, from: number, to: number): void {
  const captured = p.fragmentOffset + p.payLen;
  const upTo = to < captured ? to : captured;
  if (upTo < to) d.cutAt = Math.min(d.cutAt, Math.max(from, upTo));
  if (upTo <= from) return;
  const source = p.payOff - p.fragmentOffset;
  d.buf.set(p.buf.subarray(source + from, source + upTo), HEADROOM + from);
}

/** True where the fragment has the same bytes in [from, to), as far as both were captured. */
function same(d: Datagram, p: Packet, from: number, to: number): boolean {
  const upTo = Math.min(to, p.fragmentOffset + p.payLen, d.cutAt);
  const source = p.payOff - p.fragmentOffset;
  for (let at = from; at < upTo; at++) if (d.buf[HEADROOM + at] !== p.buf[source + at]) return false;
  return true;
}

/** True where all of the fragment is there already, in the same bytes. */
function isThere(d: Datagram, p: Packet, from: number, to: number): boolean {
  for (let i = 0; i < d.ranges.length; i += 2) {
    if (d.ranges[i]! <= from && to <= d.ranges[i + 1]!) return to > from && same(d, p, from, to);
  }
  return false;
}

function readWhole(d: Datagram, p: Packet, buf: Uint8Array): number {
  const end = HEADROOM + Math.min(d.total, d.cutAt);
  return p.family === 4
    ? transport(p, buf, d.next, HEADROOM, end, d.total)
    : extensionHeaders(p, buf, d.next, HEADROOM, end, d.total);
}

function readTransport(d: Datagram, p: Packet, have: number, wire: number): number {
  return p.family === 4
    ? transport(p, d.buf, d.next, HEADROOM, HEADROOM + have, wire)
    : extensionHeaders(p, d.buf, d.next, HEADROOM, HEADROOM + have, wire);
}

function remember(d: Datagram, p: Packet): void {
  d.proto = p.proto;
  d.srcPort = p.srcPort;
  d.dstPort = p.dstPort;
  d.checksum = p.checksum;
  d.seq = p.seq;
  d.ack = p.ack;
  d.tcpFlags = p.tcpFlags;
  d.icmpType = p.icmpType;
  d.icmpCode = p.icmpCode;
}

/** A fragment as a packet of its flow, without payload. `whole`: with the flags that its datagram was delivered with. */
function asPiece(d: Datagram, p: Packet, whole: boolean): number {
  p.fragment = true;
  p.proto = d.proto;
  p.srcPort = d.srcPort;
  p.dstPort = d.dstPort;
  p.checksum = d.checksum;
  p.seq = d.seq;
  p.ack = d.ack;
  // SYN and FIN count once, with the whole segment.
  p.tcpFlags = d.proto === TCP && !whole ? d.tcpFlags & ACK : d.tcpFlags;
  p.icmpType = d.icmpType;
  p.icmpCode = d.icmpCode;
  p.transportOff = p.payOff;
  p.transportWire = 0;
  p.payLen = 0;
  p.payWire = 0;
  return PACKET;
}
