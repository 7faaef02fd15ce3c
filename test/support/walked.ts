/** Captures read with the compiled walk and without, and everything that came of it: the two must be the same. */

import { plainTally } from "../../src/decode/tally-plain.ts";
import { countersOf } from "../../src/observe/codec.ts";
import type { Observation, ObserverOptions } from "../../src/observe/observation.ts";
import { concat, hex } from "./hex.ts";
import { observeFile, told } from "./observe.ts";
import { bytes, u16 } from "./packets.ts";
import { adu } from "./reads.ts";
import type { Line } from "./talk.ts";

export function everything(seen: Observation): unknown {
  const { table } = seen.flows;
  const { details } = seen.identified;
  return {
    ...{ told: told(seen), counters: countersOf(seen), info: { ...seen.captures[0], size: null } },
    rows: table.chunks.map((chunk) => [...chunk.subarray(0, 2048 * Math.ceil(table.count / 64))]),
    heads: details.map(({ heads }) => heads.map((head) => head?.map(({ frame }) => frame))),
    tallies: details.map(({ operations }) => operations && plainTally(operations)),
    streams: details.map(({ streams }) =>
      streams.map((stream) => stream && [stream.base, stream.length, stream.state]),
    ),
  };
}

async function* pieces(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.slice(at, at + size);
}

export const readWalked = (data: Uint8Array, size: number, options: ObserverOptions) =>
  observeFile("-", { watch: 0, ...options }, pieces(data, size));

/** How many frames the walk has taken while something was done. */
export async function walked(act: () => Promise<unknown>): Promise<number> {
  const { FastPath } = await import("../../src/flow/fast.ts");
  const { run } = FastPath.prototype;
  let frames = 0;
  FastPath.prototype.run = function (...args) {
    const count = run.apply(this, args);
    frames += count;
    return count;
  };
  try {
    await act();
  } finally {
    FastPath.prototype.run = run;
  }
  return frames;
}

export const series = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
export const question = (i: number, at: number): Uint8Array => adu(i & 0xffff, 1, concat([hex`03`, u16(at), u16(1)]));
export const reply = (i: number): Uint8Array => adu(i & 0xffff, 1, bytes(3, 2, i & 255, 7));
export const exchange = (i: number, at: number): Line[] => [
  [">", question(i, at)],
  ["<", reply(i)],
];
