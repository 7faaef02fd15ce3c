/**
 * RTCP: how sound and pictures get through, as their ends report to each other.
 * RFC 3550 section 6; feedback RFC 4585, extended reports RFC 3611, reduced size RFC 5506.
 *
 *     packet: │ 2 │P│ count 5 │ type 1 │ length 2, words without the first │ SSRC 4 │ … │     one behind the other
 *     types: 200 sender's report, 201 receiver's, 202 description, 203 goodbye, 204 application, 205, 206 feedback, 207 XR
 *
 * Several packets have to fill the datagram exactly, the first a report as long as its count says.
 *
 * Does not cover: what is reported, feedback that stands alone, SRTCP.
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

export const rtcp: Decoder = {
  id: "rtcp",
  title: "RTP Control Protocol",
  specs: ["RFC 3550", "RFC 3611", "RFC 4585", "RFC 5506"],
  ports: {},
  fields: [
    { field: "rtcp.packet", about: "a kind of packet in the first datagram: SR, RR, SDES …" },
    { field: "rtcp.ssrc", about: "the reporting source, hexadecimal" },
  ],
  everyMessage: false,

  looksDatagram(buf, off, len) {
    return len >= 8 && len % 4 === 0 && buf[off]! >> 6 === 2 && REPORTS.has(buf[off + 1]!);
  },

  datagram(c, emit) {
    const packets = packetsOf(c);
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
  return c.cutOff === 0 && names.length > 0 ? names : null;
}
