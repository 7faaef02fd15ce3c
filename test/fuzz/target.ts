/**
 * What is fuzzed: a target makes the input of any number, and tries an input. The same number always makes the same input
 * (as long as the samples are the same), so `NAME:NUMBER` is all that a failure needs to be repeated.
 */
import type { Random } from "./random.ts";

/** Bytes in parts that make sense by themselves (datagrams, frames, blocks, lines), so that a failure can be cut down. */
export interface Input {
  target: string;
  /** What the target needs to know beside the bytes, as JSON; a name of a case, ports, a time. */
  about: string;
  parts: Uint8Array[];
  /** Made of this project's own fixtures alone, so that it may become one. */
  own: boolean;
}

export interface Target {
  readonly name: string;
  /** Inputs to a batch: some 100 ms of work. */
  readonly batch: number;
  make(random: Random): Input | Promise<Input>;
  /** The same input in more parts, where making them each time would cost; for cutting a failure down. */
  split?(input: Input): Input;
  /**
   * Tries inputs of these numbers without making each a value of its own, as fast as it can be done; `failed` is told those
   * that show a fault. Resolves to the frames or messages tried.
   */
  sweep?(from: number, count: number, failed: (number: number, error: unknown) => void): number;
  /** Rejects, or throws, where the input shows a fault of the program. Resolves to the frames or messages that it held. */
  try(input: Input): Promise<number> | number;
}

/** A promise of the program that an input broke. */
export class Broken extends Error {
  override name = "Broken";
}

/** Processor seconds that an input may take: five for 10,000 frames, and what one start of everything costs. */
export function secondsAllowed(frames: number): number {
  return 3 + frames / 2_000;
}
/** Bytes of memory that a child may come to hold, for whatever it is given to read. */
export const MEMORY_ALLOWED = 1 << 30;
