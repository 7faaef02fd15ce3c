import { NEXT_FRAME, NEXT_WAIT } from "./frame.ts";
import { Input, type InputParts } from "./input.ts";
import { FILE_HEADER, type PcapHeader, RECORD, RECORD_HEADER } from "./pcap-header.ts";
import type { Slab } from "./slab.ts";

/**
 * The records of a classic pcap file (draft-ietf-opsawg-pcap, section 5):
 *
 *      0        4        8        12       16
 *     +--------+--------+--------+--------+-------------
 *     | sec    | µs, ns | capLen | wireLen| the frame …
 *     +--------+--------+--------+--------+-------------
 */
export class PcapInput extends Input {
  readonly #recordHeader: number;
  readonly #capLenAt: number;
  readonly #wireLenAt: number;
  readonly #bigEndian: boolean;
  /** Units of the fraction field in a second, and nanoseconds in a unit. */
  readonly #perSecond: number;
  readonly #unit: number;

  constructor(header: PcapHeader, parts: InputParts) {
    super(parts);
    this.#recordHeader = header.recordHeader;
    this.#capLenAt = header.capLenAt;
    this.#wireLenAt = header.wireLenAt;
    this.#bigEndian = header.bigEndian;
    this.#perSecond = header.nanos ? 1_000_000_000 : 1_000_000;
    this.#unit = header.nanos ? 1 : 1000;
    this.frame.linkType = header.linkType;
    this.info.format = `${header.format}${parts.packed}`;
    this.info.snapLength = header.snapLength;
    this.info.declare(header.linkType);
    this.slab.pos += FILE_HEADER;
    if (header.recordHeader === RECORD_HEADER && header.capLenAt === RECORD.capLen && !header.bigEndian) {
      const { slab, info, frame } = this;
      const { linkType, nanos } = header;
      if (linkType === ETHERNET && areSmall(slab)) slab.unit = this.#unit;
      this.plain = {
        slab,
        info,
        linkType,
        nanos,
        untilSec: Number.POSITIVE_INFINITY,
        get capture() {
          return frame.capture;
        },
      };
    }
  }

  next(): number {
    const { slab, frame, info } = this;
    const { view, pos, end } = slab;
    const off = pos + this.#recordHeader;
    if (off > end) return NEXT_WAIT;

    let sec: number;
    let fraction: number;
    let capLen: number;
    let wireLen: number;
    // Two branches with constant orders: V8 makes one load of each, where an order in a variable costs a branch a field.
    if (this.#bigEndian) {
      sec = view.getUint32(pos, false);
      fraction = view.getUint32(pos + RECORD.fraction, false);
      capLen = view.getUint32(pos + this.#capLenAt, false);
      wireLen = view.getUint32(pos + this.#wireLenAt, false);
    } else {
      sec = view.getUint32(pos, true);
      fraction = view.getUint32(pos + RECORD.fraction, true);
      capLen = view.getUint32(pos + this.#capLenAt, true);
      wireLen = view.getUint32(pos + this.#wireLenAt, true);
    }
    if (capLen > end - off) return this.waitFor(this.#recordHeader + capLen, `Record ${info.packets + 1}`);
    // Some writers leave the length on the wire 0; a frame is never shorter there than what was captured of it.
    if (wireLen < capLen) wireLen = capLen;
    if (fraction >= this.#perSecond) {
      // Beyond its second, or before it: some writers subtract and store a negative fraction.
      const signed = fraction | 0;
      const seconds = Math.floor(signed / this.#perSecond);
      sec += seconds;
      fraction = signed - seconds * this.#perSecond;
    }

    slab.pos = off + capLen;
    frame.off = off;
    frame.capLen = capLen;
    frame.wireLen = wireLen;
    frame.sec = sec;
    frame.nsec = fraction * this.#unit;
    info.count(sec, frame.nsec, capLen, wireLen);
    frame.number = info.packets;
    return NEXT_FRAME;
  }

  protected leftOver(): void {
    const { slab, info } = this;
    const there = slab.end - slab.pos;
    const which = `record ${info.packets + 1}`;
    if (there < this.#recordHeader) {
      this.cut(`The file ends in the header of ${which}, ${there} of ${this.#recordHeader} bytes; it was left out`);
      return;
    }
    const capLen = slab.view.getUint32(slab.pos + this.#capLenAt, !this.#bigEndian);
    const frameThere = there - this.#recordHeader;
    // Only a length that a capture may have says that the rest is missing; any other says that the file is broken.
    if (capLen > Math.max(info.snapLength, USUAL_FRAME)) {
      this.damaged(slab.pos, `Record ${info.packets + 1} claims ${capLen} bytes, and the file has ${frameThere} left`);
    } else {
      this.cut(`The file ends in ${which}, ${frameThere} of its ${capLen} bytes; it was left out`);
    }
  }
}

const ETHERNET = 1;
/** Records up to this size are walked in less time than another thread takes to wake up for a block of them. */
const SMALL = 256;
const SAMPLED = 1000;

/** Whether records are small, as far as the slab's first ones tell. */
function areSmall({ view, pos, end }: Slab): boolean {
  let at = pos;
  let count = 0;
  for (; count < SAMPLED && at + RECORD_HEADER <= end; count++)
    at += RECORD_HEADER + view.getUint32(at + RECORD.capLen, true);
  return at - pos <= count * SMALL;
}
/** libpcap's own limit for a frame of nearly every link type. */
const USUAL_FRAME = 262_144;
