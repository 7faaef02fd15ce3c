/**
 * Which decoders may want a message, by its first byte: unknown payload is offered to a handful of them, not to all. It
 * only spares calls of `looksDatagram` and `looksStream`, which decide.
 */
import { ANY_BYTE, type ByteSet, type Decoder, eachByte, isOnlyEther } from "./decoder.ts";

/** By first byte: indices of decoders, in the registry's order. */
export type Openings = readonly (readonly number[])[];

export interface AllOpenings {
  datagram: Openings;
  stream: Openings;
}
const OPENINGS = new WeakMap<readonly Decoder[], AllOpenings>();

/** Made once for a list of decoders. */
export function openingsOf(decoders: readonly Decoder[]): AllOpenings {
  const known = OPENINGS.get(decoders);
  if (known !== undefined) return known;
  const openings = {
    datagram: byFirstByte(
      decoders.map((d) => (d.looksDatagram === undefined || isOnlyEther(d) ? NONE : (d.opens?.datagram ?? ANY_BYTE))),
    ),
    stream: byFirstByte(decoders.map((d) => (d.looksStream === undefined ? NONE : (d.opens?.stream ?? ANY_BYTE)))),
  };
  OPENINGS.set(decoders, openings);
  return openings;
}

/** First bytes of what somebody may read though nobody has accepted it (`Decoder.left`). */
export function leftOpenings(decoders: readonly Decoder[]): ReadonlySet<number> {
  const bytes = new Set<number>();
  for (const { left, opens } of decoders)
    if (left !== undefined) eachByte(opens?.stream ?? ANY_BYTE, (byte) => void bytes.add(byte));
  return bytes;
}

const NONE: ByteSet = [];

function byFirstByte(sets: readonly ByteSet[]): Openings {
  const lists: number[][] = Array.from({ length: 256 }, () => []);
  sets.forEach((set, index) => {
    eachByte(set, (byte) => {
      if (lists[byte]!.at(-1) !== index) lists[byte]!.push(index);
    });
  });
  return lists;
}
