/** Changes of a frame that know its layers: a header, a length, an address, or what is inside, its lengths put right or not. */

import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

/** Where the layers of a plain Ethernet frame begin; -1 where there is none. */
interface Layers {
  ip: number;
  transport: number;
  payload: number;
  protocol: number;
}

const ETHERNET_BYTES = 14;

/** A frame of Ethernet changed; `messages` are payloads to put in place of its own. */
export function mutateFrame(frame: Uint8Array, random: Random, messages: readonly Uint8Array[]): Uint8Array {
  const layers = layersOf(frame);
  if (layers.payload < 0 || random.once(8)) return mutate(frame, random, messages);
  const { ip, transport, payload } = layers;
  switch (random.below(5)) {
    case 0:
      return joined(mutate(frame.subarray(0, ip), random, []), frame.subarray(ip));
    case 1:
      return joined(
        frame.subarray(0, ip),
        mutate(frame.subarray(ip, transport), random, []),
        frame.subarray(transport),
      );
    case 2:
      return joined(
        frame.subarray(0, transport),
        mutate(frame.subarray(transport, payload), random, []),
        frame.subarray(payload),
      );
    case 3: {
      const message = messages.length === 0 ? frame.subarray(payload) : random.pick(messages);
      const inside = random.once(2) ? message : mutate(message, random, messages);
      return withLengths(joined(frame.subarray(0, payload), inside), layers);
    }
    default: {
      const inside = mutate(frame.subarray(payload), random, messages);
      const whole = joined(frame.subarray(0, payload), inside);
      return random.once(4) ? whole : withLengths(whole, layers);
    }
  }
}

function layersOf(frame: Uint8Array): Layers {
  const none = { ip: -1, transport: -1, payload: -1, protocol: -1 };
  const at = (offset: number): number => frame[offset] ?? 0;
  let ip = ETHERNET_BYTES;
  while (at(ip - 2) === 0x81 && at(ip - 1) === 0 && ip < frame.length) ip += 4; // VLAN tags
  const version = at(ip) >> 4;
  const transport = version === 4 ? ip + 4 * (at(ip) & 15) : ip + 40;
  const protocol = version === 4 ? at(ip + 9) : at(ip + 6);
  if ((version !== 4 && version !== 6) || transport >= frame.length) return none;
  const payload = transport + (protocol === 6 ? 4 * (at(transport + 12) >> 4) : 8);
  return payload > frame.length || payload < transport ? none : { ip, transport, payload, protocol };
}

/** IP's and UDP's lengths as the bytes now are. */
function withLengths(frame: Uint8Array, { ip, transport, protocol }: Layers): Uint8Array {
  const v4 = frame[ip]! >> 4 === 4;
  put16(frame, v4 ? ip + 2 : ip + 4, v4 ? frame.length - ip : frame.length - ip - 40);
  if (protocol === 17) put16(frame, transport + 4, frame.length - transport);
  return frame;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 255;
  bytes[at + 1] = value & 255;
}

function joined(...pieces: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
