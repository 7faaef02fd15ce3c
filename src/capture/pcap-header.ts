/**
 * The file header of classic pcap, and which of its variants the records follow.
 * Specification: draft-ietf-opsawg-pcap, sections 4 (file header) and 5 (record).
 *
 *      0        4       6       8        12       16       20       24
 *     +--------+-------+-------+--------+--------+--------+--------+
 *     | magic  | major | minor | zone   | accur. | snaplen| link   |  records…
 *     +--------+-------+-------+--------+--------+--------+--------+
 *
 * Variants that share these 24 bytes: nanoseconds (magic a1b23c4d); lengths in the other order (before version 2.3,
 * and DG/UX's version 543.0); record headers of 24 or 28 bytes, by patches to libpcap of 1999 (magic a1b2cd34, and
 * one that kept a1b2c3d4); record headers of 20 bytes (Nokia). Those that no field tells apart are told by which size
 * makes sense of the first records. Ixia's variants are refused by name.
 */
import { LIMITS } from "../limits.ts";
import { u16be, u16le, u32be, u32le } from "./bytes.ts";

export const FILE_HEADER = 24;
const AT = { magic: 0, major: 4, minor: 6, snapLength: 16, linkType: 20 } as const;

export const RECORD_HEADER = 16;
export const RECORD = { sec: 0, fraction: 4, capLen: 8, wireLen: 12 } as const;

export interface PcapHeader {
  format: "pcap" | "pcap-ns" | "pcap-modified";
  bigEndian: boolean;
  nanos: boolean;
  snapLength: number;
  linkType: number;
  /** Bytes before each record's data, and where in them the two lengths stand. */
  recordHeader: number;
  capLenAt: number;
  wireLenAt: number;
}

const MICROS = 0xa1b2c3d4;
const NANOS = 0xa1b23c4d;
const KUZNETZOV = 0xa1b2cd34;
const IXIA = [0x1c0001ac, 0x1c0001ab];
const MAGICS = [MICROS, NANOS, KUZNETZOV, ...IXIA];

/** Whether the first four bytes are those of a classic pcap, in either byte order, whatever its variant. */
export function isPcap(buf: Uint8Array, at: number, end: number): boolean {
  return end - at >= 4 && (MAGICS.includes(u32le(buf, at)) || MAGICS.includes(u32be(buf, at)));
}

/**
 * Reads the header at `at`, where `isPcap` holds; bytes up to `end` are there, and help to tell variants apart.
 * A header that can't be followed gives the reason as a sentence.
 */
export function readPcapHeader(buf: Uint8Array, at: number, end: number): PcapHeader | string {
  if (end - at < FILE_HEADER)
    return `A pcap file's header has ${FILE_HEADER} bytes and this file ends after ${end - at}`;
  const bigEndian = MAGICS.includes(u32be(buf, at));
  const u16 = bigEndian ? u16be : u16le;
  const u32 = bigEndian ? u32be : u32le;
  const magic = u32(buf, at + AT.magic);
  if (IXIA.includes(magic)) {
    return "This is Ixia's variant of pcap, which is not read here; convert it: editcap -F pcap IN OUT";
  }
  const major = u16(buf, at + AT.major);
  const minor = u16(buf, at + AT.minor);
  const swapped = (major === 2 && minor < 3) || major === 543;
  // Unlike a pcapng block, nothing in a record says twice where it ends: another layout can't be noticed, so refuse.
  if (major !== 2 && major !== 543) return `This is pcap version ${major}.${minor}, and only version 2 is known`;

  const header: PcapHeader = {
    format: magic === NANOS ? "pcap-ns" : magic === KUZNETZOV ? "pcap-modified" : "pcap",
    bigEndian,
    nanos: magic === NANOS,
    snapLength: u32(buf, at + AT.snapLength),
    // The upper half has flags: whether frames end with their check sequence, and its length.
    linkType: u32(buf, at + AT.linkType) & 0xffff,
    recordHeader: magic === KUZNETZOV ? 24 : RECORD_HEADER,
    capLenAt: swapped ? RECORD.wireLen : RECORD.capLen,
    wireLenAt: swapped ? RECORD.capLen : RECORD.wireLen,
  };
  const others = magic === KUZNETZOV ? [28] : magic === MICROS ? [24, 20] : [];
  const records = at + FILE_HEADER;
  if (makesSense(header, header.recordHeader, buf, records, end) === "no") {
    const better = others.find((size) => makesSense(header, size, buf, records, end) === "yes");
    if (better !== undefined) return { ...header, format: "pcap-modified", recordHeader: better };
  }
  return header;
}

/** Records that have to make sense before a variant is believed; chance does not make three. */
const ENOUGH = 3;
/** Seconds within which the first records of a capture nearly always lie; bytes that are no time rarely do. */
const DAY = 86_400;

/**
 * Whether the first records make sense if their headers have `size` bytes; what is not all there proves nothing.
 * A "no" for the format that the magic says costs nothing unless another size gets a "yes".
 */
function makesSense(
  header: PcapHeader,
  size: number,
  buf: Uint8Array,
  from: number,
  end: number,
): "yes" | "no" | "unknown" {
  const u32 = header.bigEndian ? u32be : u32le;
  const perSecond = header.nanos ? 1_000_000_000 : 1_000_000;
  let at = from;
  for (let count = 0; count < ENOUGH; count++) {
    if (at === end) return "yes";
    if (end - at < size) return "unknown";
    const capLen = u32(buf, at + header.capLenAt);
    const wireLen = u32(buf, at + header.wireLenAt);
    if (capLen > LIMITS.recordBytes || capLen > wireLen || u32(buf, at + RECORD.fraction) >= perSecond) return "no";
    if (Math.abs(u32(buf, at) - u32(buf, from)) > DAY) return "no";
    at += size + capLen;
    if (at > end) return "unknown";
  }
  return "yes";
}
