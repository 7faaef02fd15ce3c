/**
 * An observation as bytes: parts that a store keeps in order and gives back, so that a database can be judged again like
 * the captures it was made from.
 *
 *     meta     JSON: format, realms, decoder ids, captures, counters
 *     ipv6     the address table, 16 bytes a number
 *     hosts    how far away addresses are, and their next hops: pairs, as `packPairs` has them
 *     flows    blocks of rows, little-endian words, as in `flow/row.ts`
 *     details  what about 1,000 flows each said (`details-codec.ts`)
 *     quotes   JSON: ICMP errors
 *     departed JSON: a conversation that left a live run's memory (`departed.ts`); these come last
 */
import type { CaptureInfo } from "../capture/frame.ts";
import type { Decoder } from "../decode/decoder.ts";
import type { SenderSums } from "../decode/senders.ts";
import type { Edge } from "../flow/copies.ts";
import type { Reset } from "../flow/distances.ts";
import type { Quote } from "../flow/quotes.ts";
import * as R from "../flow/row.ts";
import { CHUNK_ROWS } from "../flow/table.ts";
import type { FlowTracker } from "../flow/tracker.ts";
import { type Cap, CapCounter } from "../limits.ts";
import { DEPARTED, type ObservationPart } from "../store/store.ts";
import { decodeDeparted, putBack } from "./departed.ts";
import { DetailsReader, packDetails } from "./details-codec.ts";
import type { KeptFrame, OpenDatagram } from "./fragment-seam.ts";
import type { Neighbour } from "./neighbours.ts";
import { newObservation, type Observation } from "./observation.ts";
import { packPairs, unpackPairs } from "./varint.ts";

/** Changes when the parts' layout does; another format is refused, never guessed at. */
export const FORMAT = 6;

const DETAILS_PER_PART = 1_000;

/** Numbers of the two parts of hosts. */
const ANSWERS = 0;
const HOPS = 1;

interface Meta {
  format: number;
  /** Rows in all. */
  flows: number;
  realms: readonly string[];
  decoders: string[];
  captures: readonly CaptureInfo[];
  counters: Record<string, number>;
  caps: [Cap, number][];
  notPackets: [string, number][];
  etherTypes: [number, number][];
  linkTypes: [string, number][];
  repeats: [number, { packets: number; bytes: number; withId: number }][];
  weights?: [number, number][];
  heads: [number, Edge[]][];
  tails: [number, Edge[]][];
  resets?: Reset[];
  senders?: [number, SenderSums][];
  fragments?: PlainDatagram[];
  neighbours?: Neighbour[];
}

/**
 * Empty parts are left out. `told`: what the last flows said, encoded already (`detailsIn`), of so many flows: nothing has been added
 * to them since.
 */
export function* encodeObservation(seen: Observation, told: ToldParts = NONE_TOLD): Generator<ObservationPart> {
  for (const part of allParts(seen, told)) if (part.data.length > 0) yield part;
}

/** What flows said, as parts that stay as they are. */
export interface ToldParts {
  flows: number;
  parts: readonly Uint8Array[];
}
const NONE_TOLD: ToldParts = { flows: 0, parts: [] };

/** What an observation's flows said, of its parts. */
export function detailsIn(parts: readonly ObservationPart[]): Uint8Array[] {
  return parts.filter(({ kind }) => kind === "details").map(({ data }) => data);
}

function* allParts(seen: Observation, told: ToldParts): Generator<ObservationPart> {
  const { flows, identified } = seen;
  const meta: Meta = {
    format: FORMAT,
    flows: flows.table.count,
    realms: seen.realms,
    decoders: seen.decoders.map((decoder) => decoder.id),
    captures: seen.captures,
    counters: countersOf(seen),
    caps: [...seen.caps.hits],
    notPackets: [...seen.notPackets],
    etherTypes: [...seen.etherTypes],
    linkTypes: [...seen.linkTypes],
    repeats: [...flows.repeatsOf],
    weights: [...flows.weights],
    heads: [...flows.watch.heads],
    tails: [...flows.watch.tails],
    resets: flows.distances.resets,
    senders: [...identified.senders.by],
    neighbours: [...seen.neighbours.claims.values()],
    fragments: seen.fragments.open.map((one) => ({
      ...one,
      frames: one.frames.map((frame) => ({ ...frame, bytes: base64(frame.bytes) })),
    })),
  };
  yield { kind: "meta", seq: 0, data: encode(meta) };
  const addresses = new Int32Array(flows.ipv6.count * 4);
  for (let i = 0; i < flows.ipv6.count; i++) for (let w = 0; w < 4; w++) addresses[i * 4 + w] = flows.ipv6.word(i, w);
  yield { kind: "ipv6", seq: 0, data: new Uint8Array(addresses.buffer) };
  yield { kind: "hosts", seq: ANSWERS, data: packPairs(flows.distances.answers) };
  yield { kind: "hosts", seq: HOPS, data: packPairs(flows.hops.known) };
  for (let chunk = 0; chunk * CHUNK_ROWS < flows.table.count; chunk++) {
    const rows = Math.min(CHUNK_ROWS, flows.table.count - chunk * CHUNK_ROWS);
    const words = flows.table.chunks[chunk]!;
    const bytes = Math.ceil(rows / R.BLOCK_ROWS) * R.BLOCK_WORDS * 4;
    yield { kind: "flows", seq: chunk, data: new Uint8Array(words.buffer, words.byteOffset, bytes) };
  }
  const { details } = identified;
  const untold = details.length - told.flows;
  let seq = 0;
  for (let from = 0; from < untold; from += DETAILS_PER_PART)
    yield {
      kind: "details",
      seq: seq++,
      data: packDetails(details.slice(from, Math.min(untold, from + DETAILS_PER_PART))),
    };
  for (const data of told.parts) yield { kind: "details", seq: seq++, data };
  yield { kind: "quotes", seq: 0, data: encode(flows.quotes) };
  const ttls = flows.ttls.stored();
  if (ttls.length > 1) yield { kind: "ttls", seq: 0, data: new Uint8Array(ttls.buffer) };
}

/**
 * The observation again. Throws with what was found and expected where the parts are of another format. `areOurs`: nobody else has the
 * parts' bytes, so that rows may stay where they are.
 */
export async function decodeObservation(
  parts: AsyncIterable<ObservationPart> | Iterable<ObservationPart>,
  decoders: readonly Decoder[],
  areOurs = false,
): Promise<Observation> {
  let meta: Meta | null = null;
  const caps = new CapCounter();
  const captures: CaptureInfo[] = [];
  const realms: string[] = [];
  const seen = newObservation(captures, realms, decoders, caps);
  const { flows, identified } = seen;
  const details = new DetailsReader(decoders);
  for await (const { kind, seq, data } of parts) {
    if (kind === "meta") {
      meta = decode(data) as Meta;
      if (meta.format !== FORMAT)
        throw new Error(
          `its observation is of format ${meta.format}, and this Wirepact reads ${FORMAT}: judge it by the version that wrote it, or check its captures again`,
        );
    } else if (kind === "ipv6") {
      const words = wordsOf(data);
      for (let i = 0; i + 3 < words.length; i += 4)
        flows.ipv6.of(words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!);
    } else if (kind === "hosts") {
      for (const [key, value] of unpackPairs(data))
        if (seq === HOPS) flows.hops.note(key, value);
        else flows.distances.answered(key, value);
    } else if (kind === "flows") {
      addRows(flows, wordsOf(data), meta!.flows, areOurs);
    } else if (kind === "details") {
      for (const detail of details.read(data)) identified.details.push(detail);
    } else if (kind === "quotes") {
      flows.quotes.push(...(decode(data) as Quote[]));
    } else if (kind === "ttls") {
      flows.ttls.restore(wordsOf(data));
    } else if (kind === DEPARTED) {
      putBack(seen, decodeDeparted(data));
    }
  }
  if (meta === null) throw new Error("the run holds no observation");
  const apps = meta.decoders.map((id) => decoders.findIndex((decoder) => decoder.id === id) + 1);
  renumberApps(flows, apps);
  for (const [cap, hits] of meta.caps) caps.hit(cap, hits);
  for (const [key, value] of meta.repeats) flows.repeatsOf.set(key, value);
  for (const [key, value] of meta.weights ?? []) flows.weights.set(key, value);
  for (const reset of meta.resets ?? []) flows.distances.add(reset);
  for (const [key, sums] of meta.senders ?? []) identified.senders.add(key, sums);
  for (const [key, value] of meta.heads) flows.watch.heads.set(key, value);
  flows.watch.keptTails = new Map(meta.tails);
  for (const one of meta.fragments ?? []) {
    const frames = one.frames.map((frame) => ({ ...frame, bytes: bytesOf(frame.bytes) }));
    seen.fragments.restore([{ ...one, frames }]);
  }
  for (const claim of meta.neighbours ?? []) seen.neighbours.add(claim);
  captures.push(
    ...meta.captures.map((capture) => ({ ...capture, pauses: capture.pauses ?? [], filters: capture.filters ?? [] })),
  );
  realms.push(...meta.realms);
  for (const name of ["notPackets", "etherTypes", "linkTypes"] as const) {
    for (const [key, value] of meta[name]) (seen[name] as Map<string | number, number>).set(key, value);
  }
  setCounters(seen, meta.counters);
  return seen;
}

/** Everything that is a plain count, under one name each: merged by adding, stored by name. */
export function countersOf(seen: Observation): Record<string, number> {
  const { flows, identified } = seen;
  return {
    frames: seen.frames,
    offloads: seen.offloads,
    clockSteps: seen.clockSteps,
    clockJumps: seen.clockJumps,
    clockBackSec: seen.clockBackSec,
    fragmentsIncomplete: seen.fragmentsIncomplete,
    fragmentOverlaps: seen.fragmentOverlaps,
    copies: flows.watch.copies,
    repeats: flows.repeats,
    gaps: flows.holes.opened,
    filled: flows.holes.filled,
    outOfOrder: flows.outOfOrder,
    untracked: flows.untracked,
    badChecksums: identified.counts.badChecksums,
    partialChecksums: identified.counts.partialChecksums,
    malformed: identified.counts.malformed,
    cutMessages: identified.counts.cutMessages,
    conflicts: identified.counts.conflicts,
  };
}

export function setCounters(seen: Observation, counters: Record<string, number>): void {
  const { flows, identified } = seen;
  const of = (name: string) => counters[name] ?? 0;
  seen.frames = of("frames");
  seen.offloads = of("offloads");
  seen.clockSteps = of("clockSteps");
  seen.clockJumps = of("clockJumps");
  seen.clockBackSec = of("clockBackSec");
  seen.fragmentsIncomplete = of("fragmentsIncomplete");
  seen.fragmentOverlaps = of("fragmentOverlaps");
  flows.watch.copies = of("copies");
  flows.repeats = of("repeats");
  flows.holes.opened = of("gaps");
  flows.holes.filled = of("filled");
  flows.outOfOrder = of("outOfOrder");
  flows.untracked = of("untracked");
  identified.counts.badChecksums = of("badChecksums");
  identified.counts.partialChecksums = of("partialChecksums");
  identified.counts.malformed = of("malformed");
  identified.counts.cutMessages = of("cutMessages");
  identified.counts.conflicts = of("conflicts");
}

/** Rows of one part, until there are `total` of them. */
function addRows({ table }: FlowTracker, words: Int32Array, total: number, areOurs: boolean): void {
  const rows = Math.floor(words.length / R.BLOCK_WORDS) * R.BLOCK_ROWS;
  table.restore(words, Math.min(rows, total - table.count), areOurs);
}

/** Decoders may have been added since: a row's application is an index into the list of its time. */
function renumberApps(flows: FlowTracker, apps: readonly number[]): void {
  for (let flow = 0; flow < flows.table.count; flow++) {
    const row = flows.table.rows(flow);
    const at = flows.table.at(flow) + R.STATE;
    const app = row[at]! >>> R.APP_SHIFT;
    if (app !== 0) row[at] = (row[at]! & ((1 << R.APP_SHIFT) - 1)) | ((apps[app - 1] ?? 0) << R.APP_SHIFT);
  }
}

interface PlainDatagram extends Omit<OpenDatagram, "frames"> {
  frames: (Omit<KeptFrame, "bytes"> & { bytes: string })[];
}
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function decode(data: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(data));
}

function wordsOf(data: Uint8Array): Int32Array {
  if (data.byteOffset % 4 === 0) return new Int32Array(data.buffer, data.byteOffset, data.byteLength >>> 2);
  const copy = new Uint8Array(data); // a store's buffer need not be aligned to words
  return new Int32Array(copy.buffer, 0, copy.byteLength >>> 2);
}
