/** Inputs as files: what a failure was, how to repeat it, and its bytes in hex, part by part. */
import { hex } from "../support/hex.ts";
import type { Input } from "./target.ts";

/** Kept failures that are mended; each is tried again by the tests. */
export const KEPT = "fixtures/fuzz";

export function writeInput(input: Input, seed: string, why: string): string {
  const parts = input.parts.map((part) => Buffer.from(part).toString("hex"));
  return `${JSON.stringify({ target: input.target, seed, why, about: input.about, parts }, null, 2)}\n`;
}

export function readInput(text: string): Input {
  const { target, about, parts } = JSON.parse(text) as { target: string; about: string; parts: string[] };
  return { target, about, parts: parts.map((part) => hex(part)), own: true };
}
