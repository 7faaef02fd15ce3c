/**
 * Captures to begin from: those of the cases, each with the command that judges it, those of every format, and third-party
 * ones where they stand beside the project (`../shared/captures`), which lend frames and never become fixtures.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type CaptureReader, NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";

export const CORPUS = "../shared/captures";
/** Bytes of a corpus file that is read whole for its frames. */
const MOST_FILE = 1 << 20;
/** Frames taken of one file. */
const MOST_FRAMES = 400;

export interface Sample {
  data: Uint8Array;
  sec: number;
  nsec: number;
  linkType: number;
}

/** Files whose frames are kept in memory. */
const MOST_KEPT = 64;
const kept = new Map<string, Sample[]>();

/** Frames of a file, as many as are taken of one; none where it is no capture. */
export async function samplesOf(path: string): Promise<readonly Sample[]> {
  const samples = kept.get(path) ?? (await read(path));
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(path, samples);
  return samples;
}

async function read(path: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  let reader: CaptureReader;
  try {
    reader = await openCaptures([{ path }]);
  } catch {
    return samples;
  }
  while (samples.length < MOST_FRAMES && (await reader.more())) {
    while (samples.length < MOST_FRAMES && reader.next() === NEXT_FRAME) {
      const { buf, off, capLen, sec, nsec, linkType } = reader.frame;
      samples.push({ data: buf.slice(off, off + capLen), sec, nsec, linkType });
    }
  }
  await reader.close();
  return samples;
}

/** Third-party captures, sorted; none where the corpus is not here. */
export function corpusFiles(): string[] {
  if (!existsSync(CORPUS)) return [];
  return readdirSync(CORPUS, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(pcap|pcapng|cap|snoop)(\.gz)?$/.test(name))
    .sort()
    .map((name) => join(CORPUS, name))
    .filter((path) => statSync(path).size <= MOST_FILE);
}

/** The messages of every decoder's fixtures: what is put into frames of any kind. */
export function fixtureMessages(): Uint8Array[] {
  return readdirSync("fixtures/decoders", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => fixturesOf(name).map((fixture) => fixture.bytes));
}

export function formatFiles(): { name: string; bytes: Uint8Array }[] {
  return readdirSync("fixtures/capture")
    .filter((name) => /\.(pcap|pcapng|snoop)(\.gz|\.zst)?$/.test(name))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join("fixtures/capture", name)) }));
}
