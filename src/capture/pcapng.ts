import { LIMITS } from "../limits.ts";
import { u32be, u32le } from "./bytes.ts";
import { NEXT_FRAME, NEXT_WAIT } from "./frame.ts";
import { Input, type InputParts } from "./input.ts";
import { PcapngInterface } from "./pcapng-interface.ts";
import { addHosts } from "./pcapng-names.ts";
import { filterText, findOption, signed64, unsigned64 } from "./pcapng-options.ts";

/**
 * The blocks of a pcapng file. Specification: draft-ietf-opsawg-pcapng, section 3 (blocks) and 4 (their types).
 *
 *      0        4        8                      length-4   length
 *     +--------+--------+----------------------+----------+
 *     | type   | length | body, 4-byte aligned | length   |
 *     +--------+--------+----------------------+----------+
 *
 * A section header opens a section, in a byte order of its own, and voids the interfaces of the one before. Section
 * lengths are not followed: they may be missing, and blocks say themselves where they end, twice. Unknown blocks and
 * decryption secrets are skipped.
 */
const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simplePacket: 3,
  names: 4,
  statistics: 5,
  enhancedPacket: 6,
} as const;
/** Blocks without a packet that tshark nevertheless numbers as frames: custom, systemd journal, Sysdig events. */
const NUMBERED = [0x0bad, 0x40000bad, 9, 0x204, 0x216, 0x221];

const BYTE_ORDER = 0x1a2b3c4d;
const MIN_BLOCK = 12;
const BODY = 8;

/** Where the fields of a packet block stand, from its start; the obsolete one has only its first word different. */
const PACKET = { interface: 8, drops: 10, high: 12, low: 16, capLen: 20, wireLen: 24, data: 28 } as const;
const SIMPLE = { wireLen: 8, data: 12 } as const;
const INTERFACE = { linkType: 8, snapLength: 12, options: 16 } as const;
const STATISTICS = { interface: 8, options: 20 } as const;
const SECTION = { byteOrder: 8, major: 12, minor: 14 } as const;

const OPTION = { resolution: 9, filter: 11, offset: 14, packetDrops: 4, interfaceDrops: 5, systemDrops: 7 } as const;
/** More options than any writer puts behind a packet: beyond it a cut block is a broken one. */
const MOST_OPTIONS = 256 << 10;
const MICROSECONDS = 6;
/** What the obsolete packet block says where it doesn't know how many were lost. */
const DROPS_UNKNOWN = 0xffff;

/** Whether a section header stands at `at`: the same four bytes in both byte orders. */
export function isPcapng(buf: Uint8Array, at: number, end: number): boolean {
  return end - at >= 4 && u32le(buf, at) === BLOCK.section;
}

export class PcapngInput extends Input {
  #bigEndian = false;
  #interfaces: PcapngInterface[] = [];
  /** Frames and what else tshark numbers like frames. */
  #number = 0;

  constructor(parts: InputParts) {
    super(parts);
    this.info.format = `pcapng${parts.packed}`;
  }

  next(): number {
    const { slab } = this;
    for (;;) {
      const { pos, end } = slab;
      if (pos + MIN_BLOCK > end) return NEXT_WAIT;
      const type = this.#u32(pos);
      if (type === BLOCK.section && !this.#byteOrder(pos)) {
        return this.damaged(pos + SECTION.byteOrder, "A section header has no byte-order mark (1a2b3c4d)");
      }
      const length = this.#u32(pos + 4);
      if (length < MIN_BLOCK) {
        return this.damaged(pos + 4, `A block claims ${length} bytes, where the smallest has ${MIN_BLOCK}`);
      }
      const whole = length + (-length & 3); // some writers give the length without its padding
      if (whole > end - pos) return this.waitFor(whole, blockName(type));
      const again = this.#u32(pos + whole - 4);
      if (again !== length) {
        const text = `${blockName(type)} has ${length} bytes by its first length and ${again} by its last`;
        return this.damaged(pos, text);
      }
      const did = this.#block(type, pos, pos + whole - 4);
      if (did !== SKIPPED) return did === DELIVERED ? NEXT_FRAME : NEXT_WAIT;
      slab.pos = pos + whole;
    }
  }

  protected leftOver(): void {
    const { slab } = this;
    const there = slab.end - slab.pos;
    const claimed = there < BODY ? MIN_BLOCK : this.#u32(slab.pos + 4);
    if (there >= PACKET.data && this.#u32(slab.pos) === BLOCK.enhancedPacket) {
      const capLen = this.#u32(slab.pos + PACKET.capLen);
      const options = claimed - PACKET.data - capLen - 4;
      if (options < 0 || options > MOST_OPTIONS) {
        const text = `A packet of ${capLen} bytes stands in a block that claims ${claimed}, and the file has ${there} left`;
        this.damaged(slab.pos, text);
        return;
      }
    }
    this.cut(`The file ends in a block, ${there} of its ${claimed} bytes; it was left out`);
  }

  /** One whole block, whose body ends at `end`. */
  #block(type: number, at: number, end: number): number {
    switch (type) {
      case BLOCK.enhancedPacket:
        return this.#packet(at, end, this.#u32(at + PACKET.interface));
      case BLOCK.packet:
        return this.#packet(at, end, this.#u16(at + PACKET.interface), this.#u16(at + PACKET.drops));
      case BLOCK.simplePacket:
        return this.#simplePacket(at, end);
      case BLOCK.interface:
        return this.#interface(at, end);
      case BLOCK.section:
        return this.#section(at, end);
      case BLOCK.statistics:
        return this.#statistics(at, end);
      case BLOCK.names:
        addHosts(this.info.hosts, this.slab.buf, at + BODY, end, this.#bigEndian, this.caps);
        return SKIPPED;
      default:
        if (NUMBERED.includes(type)) this.#number++;
        return SKIPPED;
    }
  }

  /** Section 4.3, and A for the obsolete block, which carries `lost`: how many went before this one. */
  #packet(at: number, end: number, index: number, lost = DROPS_UNKNOWN): number {
    if (end < at + PACKET.data) return this.#tooShort(at, "packet");
    const from = this.#interfaces[index];
    if (from === undefined) return this.#noInterface(at, index);
    const capLen = this.#u32(at + PACKET.capLen);
    const dataEnd = at + PACKET.data + ((capLen + 3) & ~3);
    if (capLen > end - (at + PACKET.data)) {
      this.damaged(at + PACKET.capLen, `A packet of ${capLen} bytes stands in a block with ${end - at - PACKET.data}`);
      return BROKEN;
    }
    from.setTime(this.frame, this.#u32(at + PACKET.high), this.#u32(at + PACKET.low));
    if (lost !== DROPS_UNKNOWN) this.#lost(from, lost);
    else if (dataEnd < end) this.#packetOptions(from, dataEnd, end);
    return this.#deliver(from, at + PACKET.data, capLen, this.#u32(at + PACKET.wireLen), end);
  }

  /** Section 4.4: no time of its own, so it has that of the frame before it; and the first interface. */
  #simplePacket(at: number, end: number): number {
    if (end < at + SIMPLE.data) return this.#tooShort(at, "simple packet");
    const from = this.#interfaces[0];
    if (from === undefined) return this.#noInterface(at, 0);
    const wireLen = this.#u32(at + SIMPLE.wireLen);
    const captured = from.snapLength === 0 ? wireLen : Math.min(wireLen, from.snapLength);
    return this.#deliver(from, at + SIMPLE.data, Math.min(captured, end - (at + SIMPLE.data)), wireLen, end);
  }

  #deliver(from: PcapngInterface, off: number, capLen: number, wireLen: number, end: number): number {
    const { frame, info } = this;
    frame.off = off;
    frame.capLen = capLen;
    frame.wireLen = wireLen < capLen ? capLen : wireLen;
    frame.linkType = from.linkType;
    frame.number = ++this.#number;
    info.count(frame.sec, frame.nsec, capLen, frame.wireLen);
    this.slab.pos = end + 4;
    return DELIVERED;
  }

  #packetOptions(from: PcapngInterface, at: number, end: number): void {
    const lost = findOption(this.slab.buf, at, end, OPTION.packetDrops, 8, this.#bigEndian);
    if (lost >= 0) this.#lost(from, unsigned64(this.slab.buf, lost, this.#bigEndian));
  }

  #lost(from: PcapngInterface, count: number): void {
    if (!Number.isSafeInteger(count)) return;
    from.dropsSeen += count;
    this.#dropsAre(from, from.dropsSeen);
  }

  /** Statistics and packets both count the same losses, so only what is above the larger count is new. */
  #dropsAre(from: PcapngInterface, drops: number): void {
    this.info.lost(Math.max(0, drops - from.drops));
    from.drops = Math.max(from.drops, drops);
  }

  /** Section 4.1. */
  #section(at: number, end: number): number {
    if (end < at + SECTION.minor + 2) return this.#tooShort(at, "section header");
    const major = this.#u16(at + SECTION.major);
    // Its blocks are read all the same: another layout would show at once in lengths that don't agree.
    if (major !== 1)
      this.warn(`A section of pcapng version ${major}.${this.#u16(at + SECTION.minor)} is read as version 1`);
    this.#interfaces = [];
    return SKIPPED;
  }

  /** Section 4.2. */
  #interface(at: number, end: number): number {
    if (end < at + INTERFACE.options) return this.#tooShort(at, "interface description");
    if (this.#interfaces.length >= LIMITS.interfaces) {
      this.caps.hit("interfaces");
      this.damaged(at, `A section describes more than ${LIMITS.interfaces} interfaces`);
      return BROKEN;
    }
    const { buf } = this.slab;
    const options = at + INTERFACE.options;
    const resolution = findOption(buf, options, end, OPTION.resolution, 1, this.#bigEndian);
    const offset = findOption(buf, options, end, OPTION.offset, 8, this.#bigEndian);
    const described = new PcapngInterface(
      this.#u16(at + INTERFACE.linkType),
      this.#u32(at + INTERFACE.snapLength),
      resolution < 0 ? MICROSECONDS : buf[resolution]!,
      offset < 0 ? 0 : signed64(buf, offset, this.#bigEndian),
    );
    this.#interfaces.push(described);
    this.info.declare(described.linkType);
    const filter = findOption(buf, options, end, OPTION.filter, 1, this.#bigEndian);
    if (filter >= 0) this.info.filteredBy(filterText(buf, filter, filter + this.#u16(filter - 2)));
    this.info.snapLength = Math.max(this.info.snapLength, described.snapLength);
    return SKIPPED;
  }

  /** Section 4.6: what the interface and the system lost since the capture's start. */
  #statistics(at: number, end: number): number {
    if (end < at + STATISTICS.options) return this.#tooShort(at, "interface statistics");
    const from = this.#interfaces[this.#u32(at + STATISTICS.interface)];
    if (from === undefined) return this.#noInterface(at, this.#u32(at + STATISTICS.interface));
    const { buf } = this.slab;
    let known = false;
    let drops = 0;
    for (const code of [OPTION.interfaceDrops, OPTION.systemDrops]) {
      const value = findOption(buf, at + STATISTICS.options, end, code, 8, this.#bigEndian);
      const count = value < 0 ? Number.NaN : unsigned64(buf, value, this.#bigEndian);
      if (!Number.isSafeInteger(count)) continue; // all ones means that nobody counted
      known = true;
      drops += count;
    }
    if (known) this.#dropsAre(from, drops);
    return SKIPPED;
  }

  /** Takes over the byte order of the section header at `at`; false where it has none. */
  #byteOrder(at: number): boolean {
    const { buf } = this.slab;
    this.#bigEndian = u32be(buf, at + SECTION.byteOrder) === BYTE_ORDER;
    return this.#bigEndian || u32le(buf, at + SECTION.byteOrder) === BYTE_ORDER;
  }

  #tooShort(at: number, what: string): number {
    this.damaged(at + 4, `The block is too short for the fields of a ${what} block`);
    return BROKEN;
  }

  #noInterface(at: number, index: number): number {
    const known = this.#interfaces.length;
    this.damaged(at + BODY, `A block belongs to interface ${index}, and its section describes ${known} (from 0 on)`);
    return BROKEN;
  }

  #u16(at: number): number {
    return this.slab.view.getUint16(at, !this.#bigEndian);
  }

  #u32(at: number): number {
    return this.slab.view.getUint32(at, !this.#bigEndian);
  }
}

/** What became of a block. */
const SKIPPED = 0;
const DELIVERED = 1;
const BROKEN = 2;

function blockName(type: number): string {
  return `A block of type 0x${type.toString(16)}`;
}
