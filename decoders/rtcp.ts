/**
 * RTCP: how sound and pictures get through, as their ends report to each other.
 * RFC 3550 section 6; feedback RFC 4585, extended reports RFC 3611, reduced size RFC 5506.
 *
 *     packet: │ 2 │P│ count 5 │ type 1 │ length 2, words without the first │ SSRC 4 │ … │     one behind the other
 *     types: 200 sender's report, 201 receiver's, 202 description, 203 goodbye, 204 application, 205, 206 feedback, 207 XR
 *
 * Several packets have to fill the datagram exactly, the first a report as long as its count says. Encrypted (SRTCP, RFC
 * 3711 section 3.4) only the first one's head is in clear; then the mark and index near the end have to be there.
 *
 * Does not cover: what is reported, feedback that stands alone.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import type { Decoder } from "../src/decode/decoder.ts";

const TYPES = new Map([
  [200, "SR"],
  [201, "RR"],
  [202, "SDES"],
  [203, "BYE"],
  [204, "APP"],
  [205, "RTPFB"],
  [206, "PSFB"],
  [207, "XR"],
]);
const REPORTS = new Map([
  [200, 6],
  [201, 1],
]);
const BLOCK_WORDS = 6;
const PADDED = 0x20;
/** Behind the index of four bytes stands a tag of ten (RFC 3711 section 4.2), or nothing (RFC 7714 section 9.2). */
const INDEX_FROM_END = [14, 4];

export const rtcp: Decoder = {
  id: "rtcp",
  title: "RTP Control Protocol",
  specs: ["RFC 3550", "RFC 3611", "RFC 3711", "RFC 4585", "RFC 5506"],
  ports: {},
  fields: [
    { field: "rtcp.packet", about: "a kind of packet in the first datagram: SR, RR, SDES …" },
    { field: "rtcp.ssrc", about: "the reporting source, hexadecimal" },
  ],
  opens: { datagram: [[0x80, 0xbf]] },
  forms: {
    datagram: [
      { first: [[0x80, 0xbf]], least: 8, bytes: [[1, 0xff, Math.min(...REPORTS.keys()), Math.max(...REPORTS.keys())]] },
    ],
  },
  everyMessage: false,

  looksDatagram(buf, off, len) {
    return len >= 8 && buf[off]! >> 6 === 2 && REPORTS.has(buf[off + 1]!);
  },

  datagram(c, emit) {
    if (c.cutOff > 0) return false;
    const packets = packetsOf(c) ?? encryptedOf(c);
    if (packets === null) return false;
    c.skip(4);
    const ssrc = c.hex(4);
    for (const value of new Set(packets)) emit({ kind: "field", field: "rtcp.packet", value });
    emit({ kind: "field", field: "rtcp.ssrc", value: ssrc });
    emit({ kind: "message", what: "oneway", id: ssrc });
    return true;
  },
};

/** The names of the packets that fill the datagram; null where they don't. */
function packetsOf(c: Cursor): string[] | null {
  const names: string[] = [];
  for (let at = c.start; at < c.end; ) {
    const name = TYPES.get(c.buf[at + 1]!);
    const length = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    if (name === undefined || c.buf[at]! >> 6 !== 2) return null;
    const head = names.length === 0 ? REPORTS.get(c.buf[at + 1]!) : undefined;
    // A report may have an extension of its profile behind its blocks.
    if (head !== undefined && length < head + BLOCK_WORDS * (c.buf[at]! & 31)) return null;
    at += 4 * (length + 1);
    if (at > c.end || ((c.buf[at - 4 * (length + 1)]! & PADDED) !== 0 && at < c.end)) return null;
    names.push(name);
  }
  return names;
}

/** The name of the report at the head of SRTCP; null where it is none. */
function encryptedOf(c: Cursor): string[] | null {
  const type = c.buf[c.start + 1]!;
  const length = (c.buf[c.start + 2]! << 8) | c.buf[c.start + 3]!;
  if (length !== REPORTS.get(type)! + BLOCK_WORDS * (c.buf[c.start]! & 31)) return null;
  const least = c.start + 4 * (length + 1);
  return INDEX_FROM_END.some((back) => c.end - back >= least && isIndex(c, c.end - back)) ? [TYPES.get(type)!] : null;
}

/** The bit that says "encrypted", and how many were sent before: few enough that it can't be chance. */
const isIndex = (c: Cursor, at: number): boolean => c.buf[at] === 0x80 && c.buf[at + 1]! < 0x10;
