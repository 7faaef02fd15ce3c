/**
 * Packets as a pcapng file (draft-ietf-opsawg-pcapng): a section, its interfaces, and the packets with comments.
 *
 *     +------+--------+---------------+---------+--------+
 *     | type | length | body, padded  | options | length |
 *     +------+--------+---------------+---------+--------+
 */
export interface KeptPacket {
  /** Name of the interface or file that it is from. */
  from: string;
  linkType: number;
  bytes: Uint8Array;
  wireLen: number;
  sec: number;
  nsec: number;
  comment: string;
}

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
const OPTION = { end: 0, comment: 1, name: 2, resolution: 9, application: 4 } as const;
/** Nanoseconds: ten to the minus ninth. */
const RESOLUTION = 9;
/** An option's length is 16 bits. */
const MOST_TEXT = 0xffff;

/** `comment` is the section's. */
export function pcapngOf(comment: string, application: string, packets: readonly KeptPacket[]): Uint8Array {
  const head = words(BYTE_ORDER, 1, 0xffff_ffff, 0xffff_ffff); // version 1.0; the section's length is not said
  const blocks = [block(SECTION, head, [text(OPTION.comment, comment), text(OPTION.application, application)])];
  const interfaces = new Map<string, number>();
  for (const packet of packets) {
    const key = `${packet.linkType} ${packet.from}`;
    let number = interfaces.get(key);
    if (number === undefined) {
      number = interfaces.size;
      interfaces.set(key, number);
      const options = [text(OPTION.name, packet.from), option(OPTION.resolution, Uint8Array.of(RESOLUTION))];
      blocks.push(block(INTERFACE, words(packet.linkType & 0xffff, 0), options));
    }
    const time = BigInt(packet.sec) * 1_000_000_000n + BigInt(packet.nsec);
    const { bytes, wireLen } = packet;
    const body = words(number, Number(time >> 32n), Number(time & 0xffff_ffffn), bytes.length, wireLen);
    blocks.push(block(PACKET, join([body, padded(bytes)]), [text(OPTION.comment, packet.comment)]));
  }
  return join(blocks);
}

function block(type: number, body: Uint8Array, options: readonly Uint8Array[]): Uint8Array {
  const all = join([body, ...options, option(OPTION.end, new Uint8Array(0))]);
  const length = all.length + 12;
  return join([words(type, length), all, words(length)]);
}

function option(code: number, value: Uint8Array): Uint8Array {
  return join([words(code | (value.length << 16)), padded(value)]);
}

function text(code: number, value: string): Uint8Array {
  return option(code, new TextEncoder().encode(value).subarray(0, MOST_TEXT));
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}

/** Little-endian. */
function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value >>> 0, true);
  });
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
