/**
 * Writes captures for tests: classic pcap and pcapng, whole files or block by block.
 * The plain way, one field after another, so that the readers are held against something simple.
 *
 *     writePcap([{ data: hex`…`, sec: 1_700_000_000, nsec: 5_000 }], { nanos: true })
 *
 * Classic: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html
 * pcapng:  https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
 */
import { ascii, concat } from "./hex.ts";

/** One frame to write. Time is capture time; what is left out is 0, and `wireLen` is then the length of `data`. */
export interface FrameToWrite {
  data: Uint8Array;
  sec?: number;
  nsec?: number;
  wireLen?: number;
  /** pcapng only: index into `interfaces`. */
  interface?: number;
}

export interface PcapOptions {
  /** LINKTYPE_ value; Ethernet (1) unless given. */
  linkType?: number;
  /** Nanosecond magic; else microseconds, and what is finer is cut. */
  nanos?: boolean;
  bigEndian?: boolean;
  snapLength?: number;
  /** Another magic number, for the modified variants. */
  magic?: number;
  /** Bytes that a modified variant has behind each record header; all zero. */
  recordExtra?: number;
}

/** A whole classic pcap file. */
export function writePcap(frames: Iterable<FrameToWrite>, options: PcapOptions = {}): Uint8Array {
  const { linkType = 1, nanos = false, bigEndian = false, snapLength = 262_144, recordExtra = 0 } = options;
  const out = fieldsOf(bigEndian);
  const pieces = [
    concat([
      out.u32(options.magic ?? (nanos ? 0xa1b23c4d : 0xa1b2c3d4)),
      out.u16(2), // version 2.4
      out.u16(4),
      out.u32(0), // zone and accuracy, always 0
      out.u32(0),
      out.u32(snapLength),
      out.u32(linkType),
    ]),
  ];
  for (const { data, sec = 0, nsec = 0, wireLen = data.length } of frames) {
    pieces.push(out.u32(sec), out.u32(nanos ? nsec : Math.floor(nsec / 1000)), out.u32(data.length), out.u32(wireLen));
    pieces.push(new Uint8Array(recordExtra), data);
  }
  return concat(pieces);
}

export interface PcapngInterface {
  linkType?: number;
  snapLength?: number;
  /** `if_tsresol` as its byte stands in the file: 6 is microseconds, 9 nanoseconds, 0x80 | n is 2 to the -n. */
  tsresol?: number;
  /** `if_tsoffset`: seconds that every time of this interface has to be raised by. */
  tsoffset?: number;
}

export interface PcapngOptions {
  bigEndian?: boolean;
  /** One Ethernet interface with nanoseconds unless given. */
  interfaces?: PcapngInterface[];
}

/** A whole pcapng file of one section: header, interfaces, one enhanced packet block a frame. */
export function writePcapng(frames: Iterable<FrameToWrite>, options: PcapngOptions = {}): Uint8Array {
  const blocks = new PcapngBlocks(options.bigEndian ?? false);
  const interfaces = options.interfaces ?? [{ tsresol: 9 }];
  const pieces = [blocks.section(), ...interfaces.map((description) => blocks.interface(description))];
  for (const frame of frames) pieces.push(blocks.enhancedPacket(frame, interfaces[frame.interface ?? 0] ?? {}));
  return concat(pieces);
}

/** The ticks of an interface's clock at a time: whole seconds above `tsoffset` times the resolution, plus the rest. */
export function ticks({ sec = 0, nsec = 0 }: FrameToWrite, { tsresol = 6, tsoffset = 0 }: PcapngInterface): bigint {
  const perSecond = tsresol & 0x80 ? 2n ** BigInt(tsresol & 0x7f) : 10n ** BigInt(tsresol);
  return BigInt(sec - tsoffset) * perSecond + (BigInt(nsec) * perSecond) / 1_000_000_000n;
}

/** Builds the blocks of one section in one byte order; `concat` them to a file. */
export class PcapngBlocks {
  readonly out: Fields;
  constructor(bigEndian = false) {
    this.out = fieldsOf(bigEndian);
  }

  /** Any block: type, body padded to 4 bytes, and its length before and after. */
  block(type: number, ...body: Uint8Array[]): Uint8Array {
    const inner = padded(concat(body));
    const length = this.out.u32(inner.length + 12);
    return concat([this.out.u32(type), length, inner, length]);
  }

  section(major = 1, minor = 0): Uint8Array {
    const { u16, u32 } = this.out;
    const unknownLength = u32(0xffffffff);
    return this.block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(major), u16(minor), unknownLength, unknownLength);
  }

  interface({ linkType = 1, snapLength = 0, tsresol, tsoffset }: PcapngInterface = {}): Uint8Array {
    const { u16, u32, u64 } = this.out;
    const options: [number, Uint8Array][] = [];
    if (tsresol !== undefined) options.push([9, Uint8Array.of(tsresol)]);
    if (tsoffset !== undefined) options.push([14, u64(BigInt(tsoffset))]);
    return this.block(1, u16(linkType), u16(0), u32(snapLength), this.options(options));
  }

  enhancedPacket(
    frame: FrameToWrite,
    description: PcapngInterface = {},
    options: [number, Uint8Array][] = [],
  ): Uint8Array {
    const { u32 } = this.out;
    return this.block(6, u32(frame.interface ?? 0), this.timed(frame, description), this.options(options));
  }

  /** The obsolete Packet Block, with its count of packets lost before this one. */
  obsoletePacket(frame: FrameToWrite, description: PcapngInterface = {}, drops = 0): Uint8Array {
    const { u16 } = this.out;
    return this.block(2, u16(frame.interface ?? 0), u16(drops), this.timed(frame, description));
  }

  simplePacket({ data, wireLen = data.length }: FrameToWrite): Uint8Array {
    return this.block(3, this.out.u32(wireLen), data);
  }

  /** Name resolution records: address bytes and their name. */
  names(records: [address: Uint8Array, name: string][]): Uint8Array {
    const { u16 } = this.out;
    const body = records.map(([address, name]) => {
      const value = concat([address, ascii(`${name}\0`)]);
      return concat([u16(address.length === 4 ? 1 : 2), u16(value.length), padded(value)]);
    });
    return this.block(4, ...body, u16(0), u16(0));
  }

  /** Interface statistics: what `isb_ifdrop` says was lost. */
  statistics(index: number, drops: number): Uint8Array {
    const { u32, u64 } = this.out;
    return this.block(5, u32(index), u32(0), u32(0), this.options([[5, u64(BigInt(drops))]]));
  }

  options(list: [number, Uint8Array][]): Uint8Array {
    if (list.length === 0) return new Uint8Array(0);
    const { u16 } = this.out;
    const written = list.map(([code, value]) => concat([u16(code), u16(value.length), padded(value)]));
    return concat([...written, u16(0), u16(0)]);
  }

  private timed(frame: FrameToWrite, description: PcapngInterface): Uint8Array {
    const { u32 } = this.out;
    const time = BigInt.asUintN(64, ticks(frame, description));
    const lengths = [u32(frame.data.length), u32(frame.wireLen ?? frame.data.length)];
    return concat([u32(Number(time >> 32n)), u32(Number(time & 0xffffffffn)), ...lengths, padded(frame.data)]);
  }
}

interface Fields {
  u16(value: number): Uint8Array;
  u32(value: number): Uint8Array;
  u64(value: bigint): Uint8Array;
}

function fieldsOf(bigEndian: boolean): Fields {
  const field = (size: number, fill: (view: DataView) => void): Uint8Array => {
    const view = new DataView(new ArrayBuffer(size));
    fill(view);
    return new Uint8Array(view.buffer);
  };
  return {
    u16: (value) => field(2, (view) => view.setUint16(0, value, !bigEndian)),
    u32: (value) => field(4, (view) => view.setUint32(0, value, !bigEndian)),
    u64: (value) => field(8, (view) => view.setBigUint64(0, BigInt.asUintN(64, value), !bigEndian)),
  };
}

const padded = (bytes: Uint8Array): Uint8Array => concat([bytes, new Uint8Array(-bytes.length & 3)]);
