import { u32be } from "./bytes.ts";
import { NEXT_FRAME, NEXT_WAIT } from "./frame.ts";
import { Input, type InputParts } from "./input.ts";

/**
 * Solaris snoop files (RFC 1761), always big-endian:
 *
 *      0          8         12        16
 *     +----------+---------+---------+  records…
 *     | "snoop"0 | version | datalink|
 *     +----------+---------+---------+
 *
 *      0         4         8        12      16      20      24            length
 *     +---------+---------+--------+-------+-------+-------+-------------+
 *     | wireLen | capLen  | length | drops | sec   | µs    | frame, pad  |
 *     +---------+---------+--------+-------+-------+-------+-------------+
 */
const FILE = { version: 8, dataLink: 12, size: 16 } as const;
const RECORD = { wireLen: 0, capLen: 4, length: 8, drops: 12, sec: 16, micros: 20, size: 24 } as const;

/** RFC 1761's data links that have a LINKTYPE_ of the same layout. */
const LINK_TYPES = new Map([
  [0, 1], // IEEE 802.3
  [2, 6], // Token Ring
  [4, 1], // Ethernet
  [8, 10], // FDDI
]);

const MAGIC = [0x73, 0x6e, 0x6f, 0x6f, 0x70, 0, 0, 0];

export function isSnoop(buf: Uint8Array, at: number, end: number): boolean {
  return end - at >= MAGIC.length && MAGIC.every((byte, index) => buf[at + index] === byte);
}

/** The LINKTYPE_ of a snoop file's header, or why it can't be followed. */
export function readSnoopHeader(buf: Uint8Array, at: number, end: number): number | string {
  if (end - at < FILE.size) return `A snoop file's header has ${FILE.size} bytes and this file ends after ${end - at}`;
  const version = u32be(buf, at + FILE.version);
  if (version !== 2) return `This is snoop version ${version}, and only version 2 is known`;
  const dataLink = u32be(buf, at + FILE.dataLink);
  return LINK_TYPES.get(dataLink) ?? `This is a snoop file of data link ${dataLink}, which has no link type in pcap`;
}

export class SnoopInput extends Input {
  constructor(linkType: number, parts: InputParts) {
    super(parts);
    this.frame.linkType = linkType;
    this.info.format = `snoop${parts.packed}`;
    this.info.declare(linkType);
    this.slab.pos += FILE.size;
  }

  next(): number {
    const { slab, frame, info } = this;
    const { view, pos, end } = slab;
    if (pos + RECORD.size > end) return NEXT_WAIT;
    const length = view.getUint32(pos + RECORD.length);
    const capLen = view.getUint32(pos + RECORD.capLen);
    if (length < RECORD.size || capLen > length - RECORD.size) {
      return this.damaged(
        pos,
        `Record ${info.packets + 1} has ${length} bytes and claims a frame of ${capLen} in them`,
      );
    }
    if (length > end - pos) return this.waitFor(length, `Record ${info.packets + 1}`);
    const micros = view.getUint32(pos + RECORD.micros);

    slab.pos = pos + length;
    frame.off = pos + RECORD.size;
    frame.capLen = capLen;
    frame.wireLen = Math.max(capLen, view.getUint32(pos + RECORD.wireLen));
    frame.sec = view.getUint32(pos + RECORD.sec) + Math.floor(micros / 1_000_000);
    frame.nsec = (micros % 1_000_000) * 1000;
    info.drops = view.getUint32(pos + RECORD.drops); // lost since the capture began
    info.count(frame.sec, frame.nsec, capLen, frame.wireLen);
    frame.number = info.packets;
    return NEXT_FRAME;
  }

  protected leftOver(): void {
    this.cut(`The file ends in record ${this.info.packets + 1}; it was left out`);
  }
}
