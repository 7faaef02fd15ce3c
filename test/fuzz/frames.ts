/** Changes of a frame that know its layers: a header, a length, an address, or what is inside, its lengths put right or not. */

import { mutateWithin, ROOM } from "./mutate.ts";
import type { Random } from "./random.ts";

const ETHERNET_BYTES = 14;
const TCP = 6;
const UDP = 17;
const NOTHING: readonly Uint8Array[] = [];

/** Where the layers of the frame at hand begin; `payload` is -1 where there are none. One record, filled anew for each frame. */
const layers = { ip: 0, transport: 0, payload: -1, protocol: 0, v4: true };

/** Bytes that must be free behind a frame that is changed in place: another message, and what is put into it. */
export const FRAME_ROOM = 2 * ROOM;

let scratch = new Uint8Array(4 * ROOM);

/** A changed copy of a frame of Ethernet; `messages` are payloads to put in place of its own. */
export function mutateFrame(frame: Uint8Array, random: Random, messages: readonly Uint8Array[]): Uint8Array {
  if (scratch.length < frame.length + FRAME_ROOM) scratch = new Uint8Array(frame.length + FRAME_ROOM);
  scratch.set(frame);
  return scratch.slice(0, mutateFrameWithin(scratch, 0, frame.length, random, messages));
}

/** The same in place: a frame that fills `buf` from `at` to `end`, with `FRAME_ROOM` free behind it. Returns its new end. */
export function mutateFrameWithin(
  buf: Uint8Array,
  at: number,
  end: number,
  random: Random,
  messages: readonly Uint8Array[],
): number {
  findLayers(buf, at, end);
  const { ip, transport, payload, protocol } = layers;
  if (payload < 0 || random.once(8)) return mutateWithin(buf, at, end, end, random, messages);
  switch (random.below(8)) {
    case 0:
      return mutateWithin(buf, at, ip, end, random, NOTHING);
    case 1:
      return mutateWithin(buf, ip, transport, end, random, NOTHING);
    case 2:
      return mutateWithin(buf, transport, payload, end, random, NOTHING);
    case 3:
    case 4: {
      const message = messages.length === 0 ? null : random.pick(messages);
      let newEnd = end;
      if (message !== null) {
        const fits = Math.min(message.length, ROOM);
        for (let i = 0; i < fits; i++) buf[payload + i] = message[i]!;
        newEnd = payload + fits;
      }
      if (random.once(2)) newEnd = mutateWithin(buf, payload, newEnd, newEnd, random, messages);
      putLengths(buf, newEnd);
      return newEnd;
    }
    case 5:
      // Another end, or another place in the stream: flows of others are met, holes and overlaps made.
      if (protocol === TCP && random.once(2)) {
        const number = transport + (random.once(2) ? 4 : 8);
        const moved = read32(buf, number) + random.below(4_000) - 2_000;
        put16(buf, number, (moved >>> 16) & 0xffff);
        put16(buf, number + 2, moved & 0xffff);
      } else if ((protocol === TCP || protocol === UDP) && random.once(2)) {
        put16(buf, transport + 2 * random.below(2), random.below(1 << (4 + random.below(13))));
      } else {
        buf[ip + (layers.v4 ? 12 : 8) + random.below(layers.v4 ? 8 : 32)] = random.below(256);
      }
      return end;
    default: {
      const newEnd = mutateWithin(buf, payload, end, end, random, messages);
      if (!random.once(4)) putLengths(buf, newEnd);
      return newEnd;
    }
  }
}

function findLayers(buf: Uint8Array, at: number, end: number): void {
  layers.payload = -1;
  let ip = at + ETHERNET_BYTES;
  while (ip < end && buf[ip - 2] === 0x81 && buf[ip - 1] === 0) ip += 4; // VLAN tags
  if (ip >= end) return;
  const version = buf[ip]! >> 4;
  if (version !== 4 && version !== 6) return;
  const v4 = version === 4;
  const transport = v4 ? ip + 4 * (buf[ip]! & 15) : ip + 40;
  if (transport + 13 > end) return;
  const protocol = buf[ip + (v4 ? 9 : 6)]!;
  const payload = transport + (protocol === TCP ? 4 * (buf[transport + 12]! >> 4) : 8);
  if (payload > end) return;
  layers.ip = ip;
  layers.transport = transport;
  layers.payload = payload;
  layers.protocol = protocol;
  layers.v4 = v4;
}

/** IP's and UDP's lengths as the bytes now are. */
function putLengths(buf: Uint8Array, end: number): void {
  const { ip, transport, protocol, v4 } = layers;
  put16(buf, v4 ? ip + 2 : ip + 4, v4 ? end - ip : end - ip - 40);
  if (protocol === UDP) put16(buf, transport + 4, end - transport);
}

function read32(buf: Uint8Array, at: number): number {
  return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}

function put16(buf: Uint8Array, at: number, value: number): void {
  buf[at] = (value >> 8) & 255;
  buf[at + 1] = value & 255;
}
