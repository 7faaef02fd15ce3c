/** Captures observed in tests: whole, or cut into slices of one capture point. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DECODERS } from "../../decoders/index.ts";
import { type CaptureInfo, type Frame, NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import type { RealmPart } from "../../src/capture/realm-parts.ts";
import type { Chunks } from "../../src/capture/source.ts";
import { describe } from "../../src/conform/conform.ts";
import type { Decoder } from "../../src/decode/decoder.ts";
import { Arena } from "../../src/flow/arena.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { type Observation, Observer, type ObserverOptions } from "../../src/observe/observation.ts";

/** A frame that outlives its slab. */
export function copyFrame(frame: Frame): Frame {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(frame)) as Frame, frame);
  copy.buf = frame.buf.slice(frame.off, frame.off + frame.capLen);
  copy.off = 0;
  return copy;
}

export async function readFrames(path: string): Promise<Frame[]> {
  const reader = await openCaptures([{ path }]);
  const frames: Frame[] = [];
  while (await reader.more()) while (reader.next() === NEXT_FRAME) frames.push(copyFrame(reader.frame));
  await reader.close();
  return frames;
}

/** What of the capture a site puts into other realms. */
interface Parts {
  parts?: readonly RealmPart[];
}

/** What an observer says of frames that come as one capture. */
export function observe(
  frames: readonly Frame[],
  { parts = [], ...options }: ObserverOptions & Parts = {},
  decoders: readonly Decoder[] = DECODERS,
): Observation {
  const first = frames[0];
  const last = frames.at(-1);
  const info: CaptureInfo = {
    path: "test.pcap",
    realm: "default",
    ...(parts.length > 0 && { parts }),
    format: "pcap",
    linkTypes: [],
    snapLength: 0,
    packets: frames.length,
    bytes: 0,
    framesCut: 0,
    drops: null,
    pauses: [],
    filters: [],
    cut: false,
    damage: null,
    firstSec: first?.sec ?? 0,
    firstNsec: first?.nsec ?? 0,
    lastSec: last?.sec ?? 0,
    lastNsec: last?.nsec ?? 0,
    hosts: [],
    size: null,
  };
  const observer = new Observer([info], decoders, undefined, options);
  for (const frame of frames) observer.frame(frame);
  return observer.observation;
}

/** As the program reads a long capture: into an arena, block by block, common packets without a frame. */
export async function observeFile(
  path: string,
  { parts = [], block, ...options }: ObserverOptions & Parts & { block?: number },
  stdin?: Chunks,
): Promise<Observation> {
  const arena = options.arena === undefined ? Arena.make(ARENA_PAGES) : options.arena;
  const { ahead = null } = options;
  const reader = await openCaptures([{ path, realm: "default", parts }], {
    arena,
    ahead,
    ...(stdin && { stdin }),
    ...(block !== undefined && { block }),
  });
  const observer = new Observer(reader.captures, DECODERS, undefined, { ...options, arena });
  while (await reader.more()) observer.block(reader);
  return observer.observation;
}

/** 32 MiB: room for some slabs and 196,608 rows. */
const ARENA_PAGES = 512;

/** What people read of an observation, frame numbers left out, in an order of its own. */
export function told(seen: Observation): { conversations: unknown[]; lookups: unknown[] } {
  const { rest, lookups } = describe(atEnd(seen));
  const conversations = [...rest.rows()].map(({ names, operations, evidence: _, ...row }) => ({
    ...row,
    names: names.map(({ name, source }) => `${source} ${name}`).sort(),
    operations: operations.map(({ first_frame: _f, first_capture_id: _c, ...operation }) => operation),
  }));
  return {
    conversations: conversations.sort(by((row) => row.conversation_id)),
    lookups: lookups
      .map(({ first_frame: _f, first_capture_id: _c, ...lookup }) => lookup)
      .sort(by((row) => JSON.stringify(row))),
  };
}

function by<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

/** Every capture of the end-to-end cases. */
export function caseCaptures(): string[] {
  return readdirSync("fixtures/cases", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join("fixtures/cases", name)).map((file) => join("fixtures/cases", name, file)))
    .filter((file) => /\.pcap(ng)?$/.test(file));
}
