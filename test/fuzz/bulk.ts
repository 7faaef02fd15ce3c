/** Captures of tens of thousands of changed frames, written straight as a pcap: what one run of everything costs is shared by many. */
import { FRAME_ROOM, mutateFrameWithin } from "./frames.ts";
import type { Random } from "./random.ts";
import type { Sample } from "./samples.ts";
import type { Input } from "./target.ts";

const FRAMES = 50_000;
const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
/** Frames of one source in a row, at most: enough for a connection with its handshake. */
const RUN = 300;
/** Offsets of earlier records that may come again. */
const REMEMBERED = 256;

const out = new Uint8Array(48 << 20);
const view = new DataView(out.buffer);

/**
 * A pcap of frames of these captures, as far as they have the first one's link type, most of them changed; earlier frames
 * come again, late, early and under new times.
 */
export function bulkPcap(
  sources: readonly (readonly Sample[])[],
  random: Random,
  messages: readonly Uint8Array[],
  most = FRAMES,
): { bytes: Uint8Array; changed: number } {
  const linkType = sources.find((source) => source.length > 0)?.[0]?.linkType ?? 1;
  const usable = sources.filter((source) => source[0]?.linkType === linkType);
  const oneIn = random.pick([1, 1, 1, 2, 2, 4]); // few changes reach deep, many break early
  const ownTime = random.once(2);
  const step = random.pick([1, 50, 1_000, 500_000]);
  const earlier = new Int32Array(REMEMBERED);
  let { sec, usec } = { sec: 1_700_000_000, usec: 0 };
  let frames = 0;
  let changed = 0;
  let at = writeHeader(linkType);
  while (frames < most && usable.length > 0) {
    const source = random.pick(usable);
    const first = random.below(source.length);
    const last = Math.min(source.length, first + 1 + random.below(RUN));
    for (let i = first; i < last && frames < most; i++) {
      if (at + RECORD_BYTES + source[i]!.data.length + FRAME_ROOM > out.length)
        return { bytes: out.slice(0, at), changed };
      const sample = source[i]!;
      usec += random.below(step);
      if (usec >= 1_000_000) sec += Math.floor(usec / 1_000_000);
      usec %= 1_000_000;
      const from = at + RECORD_BYTES;
      let end = from;
      const again = frames > 0 && random.once(40) ? earlier[random.below(Math.min(frames, REMEMBERED))]! : 0;
      if (again > 0) {
        end += view.getUint32(again + 8, true);
        out.copyWithin(from, again + RECORD_BYTES, again + RECORD_BYTES + end - from);
      } else {
        out.set(sample.data, from);
        end += sample.data.length;
      }
      if (random.once(oneIn)) {
        end = mutateFrameWithin(out, from, end, random, messages);
        changed++;
      }
      view.setUint32(at, random.once(5_000) ? random.below(2 ** 32) : ownTime ? sample.sec : sec, true);
      view.setUint32(at + 4, ownTime ? Math.floor(sample.nsec / 1_000) : usec, true);
      view.setUint32(at + 8, end - from, true);
      view.setUint32(at + 12, end - from + (random.once(20) ? random.below(3_000) : 0), true);
      earlier[frames % REMEMBERED] = at;
      at = end;
      frames++;
    }
  }
  return { bytes: out.slice(0, at), changed };
}

function writeHeader(linkType: number): number {
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(8, 0);
  view.setUint32(12, 0);
  view.setUint32(16, 1 << 20, true);
  view.setUint32(20, linkType, true);
  return HEADER_BYTES;
}

/** How many whole records a pcap of this module holds. */
export function recordsOf(bytes: Uint8Array): number {
  return offsetsOf(bytes).length;
}

/** Header and records as parts. */
export function splitPcap(input: Input): Input {
  const bytes = input.parts[0]!;
  const records = offsetsOf(bytes).map((at, i, all) => bytes.subarray(at, all[i + 1] ?? bytes.length));
  return { ...input, parts: [bytes.subarray(0, HEADER_BYTES), ...records] };
}

function offsetsOf(bytes: Uint8Array): number[] {
  const { buffer, byteOffset, length } = bytes;
  const file = new DataView(buffer, byteOffset, length);
  const offsets: number[] = [];
  for (let at = HEADER_BYTES; at + RECORD_BYTES <= length; at += RECORD_BYTES + file.getUint32(at + 8, true))
    offsets.push(at);
  return offsets;
}
