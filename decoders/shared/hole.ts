/** Holes in a stream, for decoders that pass over the rest of a message by its length. */
import type { Context } from "../../src/decode/decoder.ts";

/**
 * Of `left` bytes that are passed over, those behind what the capture lacks; below zero where more is missing, and with it
 * where the next message begins.
 */
export function leftBehind(at: Context, left: number): number {
  const lost = at.lost ?? 0;
  if (lost <= left) at.lost = 0;
  return left - lost;
}
