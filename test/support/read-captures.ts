/** Reads captures to their end for tests, every frame copied out of the slab. */

import { type CaptureInfo, type CaptureReader, NEXT_FRAME } from "../../src/capture/frame.ts";
import { type CaptureInput, type OpenOptions, openCaptures } from "../../src/capture/open.ts";

export interface ReadFrame {
  /** Bytes in hex: what differs reads well in a failed test. */
  data: string;
  sec: number;
  nsec: number;
  wireLen: number;
  linkType: number;
  number: number;
  capture: number;
}

export interface WhatWasRead {
  frames: ReadFrame[];
  captures: readonly CaptureInfo[];
  /** Of the first capture. */
  info: CaptureInfo;
  warnings: string[];
}

/** All frames that a reader gives. Throws where it claims bytes that are not in its slab. */
export async function drain(reader: CaptureReader): Promise<ReadFrame[]> {
  const frames: ReadFrame[] = [];
  while (await reader.more()) {
    while (reader.next() === NEXT_FRAME) {
      const { buf, off, capLen, sec, nsec, wireLen, linkType, number, capture } = reader.frame;
      if (off < 0 || off + capLen > buf.length) throw new Error(`frame ${number} lies outside of its slab`);
      if (wireLen < capLen || nsec < 0 || nsec >= 1e9) throw new Error(`frame ${number} contradicts itself`);
      const data = Buffer.from(buf.subarray(off, off + capLen)).toString("hex");
      frames.push({ data, sec, nsec, wireLen, linkType, number, capture });
    }
  }
  await reader.close();
  return frames;
}

export async function readFiles(inputs: CaptureInput[], options: OpenOptions = {}): Promise<WhatWasRead> {
  const warnings: string[] = [];
  const reader = await openCaptures(inputs, { ...options, onWarning: (message) => warnings.push(message) });
  const frames = await drain(reader);
  return { frames, captures: reader.captures, info: reader.captures[0]!, warnings };
}

export const readFile = (path: string): Promise<WhatWasRead> => readFiles([{ path }]);

/** Reads bytes as if they came over standard input, cut into chunks of the sizes given; the rest in one. */
export function readBytes(
  bytes: Uint8Array,
  chunkSizes: number[] = [],
  options: OpenOptions = {},
): Promise<WhatWasRead> {
  return readFiles([{ path: "-" }], { ...options, stdin: chunked(bytes, chunkSizes) });
}

async function* chunked(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) return;
    yield bytes.slice(at, at + size);
    at += size;
  }
  if (at < bytes.length) yield bytes.slice(at);
}
