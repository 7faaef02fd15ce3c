/** The Internet checksum (RFC 1071) of TCP and UDP. Wrong ones discard nothing: they are counted. */
import { type Packet, TCP, UDP } from "./packet.ts";

/** True where the checksum of TCP or UDP holds, is absent (UDP over IPv4), or cannot be checked: cut frames, fragments, offload. */
export function checksumHolds(p: Packet, buf: Uint8Array): boolean {
  if (p.fragment || p.offload || p.payLen < p.payWire) return true;
  if ((p.proto !== TCP && p.proto !== UDP) || (p.proto === UDP && p.checksum === 0)) return true;
  const length = p.payOff + p.payWire - p.transportOff;
  let sum = p.proto + length;
  const addresses = p.family === 4 ? 8 : 32;
  sum = sumWords(buf, p.srcOff, p.srcOff + addresses, sum);
  sum = sumWords(buf, p.transportOff, p.transportOff + length, sum);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

/** True where the checksum field holds only the pseudo header's sum: the sender left the rest to its network card. */
export function checksumIsPartial(p: Packet, buf: Uint8Array): boolean {
  if (p.proto !== TCP && p.proto !== UDP) return false;
  const length = p.payOff + p.payWire - p.transportOff;
  let sum = sumWords(buf, p.srcOff, p.srcOff + (p.family === 4 ? 8 : 32), p.proto + length);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === p.checksum;
}

function sumWords(buf: Uint8Array, from: number, to: number, start: number): number {
  let sum = start;
  let i = from;
  for (; i + 1 < to; i += 2) sum += (buf[i]! << 8) | buf[i + 1]!;
  return i < to ? sum + (buf[i]! << 8) : sum;
}

/** First bytes of a payload that are folded. */
const FOLDED = 128;

/** In place of a checksum, for what has none of 16 bits: the first bytes, folded into as many (FNV-1a). */
export function folded(buf: Uint8Array, from: number, end: number): number {
  let h = 0x811c9dc5;
  for (let i = from, last = Math.min(end, from + FOLDED); i < last; i++) h = Math.imul(h ^ buf[i]!, 0x01000193);
  return (h ^ (h >>> 16)) & 0xffff;
}
