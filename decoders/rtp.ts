/**
 * RTP: sound and pictures on their way.
 * RFC 3550; its place beside others on one port RFC 7983 and 5761.
 *
 *     ┌──┬─┬─┬──┬─┬──────────────┬──────────┬───────────┬──────┬──────────┬─────────────────┐
 *     │ 2│P│X│CC│M│ payload type │ sequence │ timestamp │ SSRC │ CSRC × CC│ extension, media│
 *     └──┴─┴─┴──┴─┴──────7───────┴────2─────┴─────4─────┴──4───┴──────────┴─────────────────┘
 *
 * A single packet shows next to nothing. Three of one source and type with sequence numbers that rise by little and
 * timestamps that do not fall prove it; the other direction of a flow that is known needs one.
 *
 * Does not cover: media, which is encrypted as a rule; which call it belongs to; header extensions.
 */
import { type Context, DATAGRAM_MORE, type DatagramResult, type Decoder } from "../src/decode/decoder.ts";

const HEADER_LENGTH = 12;
/** RTCP's packets have their types here (RFC 5761 section 4). */
const RTCP_FIRST = 64;
const RTCP_LAST = 95;
const ENOUGH = 3;
const MOST_KEPT = 4;
const MOST_LOST = 32;
/** Of a clock of 90 kHz, the fastest in use: ten seconds. */
const LONGEST_STEP = 900_000;

export const rtp: Decoder = {
  id: "rtp",
  title: "Real-time Transport Protocol",
  specs: ["RFC 3550", "RFC 5761", "RFC 7983"],
  ports: {},
  fields: [
    { field: "rtp.payload-type", about: "0 to 127: 0 and 8 are telephone sound, 96 and above are agreed elsewhere" },
    { field: "rtp.ssrc", about: "the source, hexadecimal" },
  ],
  opens: { datagram: [[0x80, 0xbf]] },
  forms: {
    // By how many sources contribute, which stand behind the header.
    datagram: Array.from({ length: 16 }, (_, sources) => ({
      first: [0x80, 0x90, 0xa0, 0xb0].map((first) => first | sources),
      least: HEADER_LENGTH + Math.max(1, 4 * sources),
    })),
  },
  everyMessage: false,

  looksDatagram(buf, off, len) {
    if (len < HEADER_LENGTH + 1 || buf[off]! >> 6 !== 2) return false;
    const type = buf[off + 1]! & 0x7f;
    return type < RTCP_FIRST || type > RTCP_LAST;
  },

  datagram(c, emit, at) {
    const here = c.buf.subarray(c.start, c.end);
    // Contributing sources, extension and padding have to fit.
    if (HEADER_LENGTH + 4 * (here[0]! & 15) > c.left + c.cutOff || ssrcOf(here) === 0) return false;
    const result = judge(here, at);
    if (result !== true) return result;
    const ssrc = ssrcOf(here).toString(16).padStart(8, "0");
    emit({ kind: "field", field: "rtp.payload-type", value: here[1]! & 0x7f });
    emit({ kind: "field", field: "rtp.ssrc", value: ssrc });
    emit({ kind: "message", what: "oneway", id: ssrc });
    return true;
  },
};

/** Several sources may share a flow: those before count that are of this one's. */
function judge(here: Uint8Array, at: Context): DatagramResult {
  if (at.peerStarted) return true;
  const before = at.before ?? [];
  const row = [...before.filter((bytes) => isSameSource(bytes, here)), here];
  const rising = row.every((bytes, i) => i === 0 || follows(row[i - 1]!, bytes));
  if (rising && row.length >= ENOUGH) return true;
  return rising && before.length < MOST_KEPT ? DATAGRAM_MORE : false;
}

const isSameSource = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length >= HEADER_LENGTH && ssrcOf(a) === ssrcOf(b) && (a[1]! & 0x7f) === (b[1]! & 0x7f) && a[0]! >> 6 === 2;

function follows(a: Uint8Array, b: Uint8Array): boolean {
  const step = (sequenceOf(b) - sequenceOf(a)) & 0xffff;
  const time = (word(b, 4) - word(a, 4)) >>> 0;
  return step > 0 && step <= MOST_LOST && time <= LONGEST_STEP;
}

const sequenceOf = (bytes: Uint8Array): number => (bytes[2]! << 8) | bytes[3]!;
const ssrcOf = (bytes: Uint8Array): number => word(bytes, 8);
const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
