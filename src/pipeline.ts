/**
 * The whole story on one page:
 *
 *     open ─▶ dissect ─▶ flow ─▶ decode ─▶ observe ─▶ conform ─▶ a result, which others store and print
 *
 * `run` opens the captures, shows every frame to an observer, and holds what it saw against the models. Nothing here
 * prints, stores or exits.
 */
import { setImmediate } from "node:timers/promises";
import { DECODERS } from "../decoders/index.ts";
import { FilteredReader, type FrameFilter } from "./capture/filtered.ts";
import type { CaptureInfo, CaptureReader } from "./capture/frame.ts";
import { openCaptures } from "./capture/open.ts";
import { conformInSteps, describe } from "./conform/conform.ts";
import type { KeptJudgements } from "./conform/kept.ts";
import type { Decoder } from "./decode/decoder.ts";
import { Ahead } from "./flow/ahead.ts";
import { Arena } from "./flow/arena.ts";
import type { Helpers } from "./jobs/helpers.ts";
import { isShareable, isWorthAhead, jobsFor, shareLanes } from "./jobs/plan.ts";
import { isLong, sizesOf, totalOf } from "./jobs/sizes.ts";
import { CapCounter } from "./limits.ts";
import { collectEarly, HeapWatch } from "./memory.ts";
import type { Bound } from "./model/bind.ts";
import type { Model, Site } from "./model/types.ts";
import { collectAssets } from "./observe/assets.ts";
import { noteBeside } from "./observe/beside.ts";
import { encodeObservation } from "./observe/codec.ts";
import { atEnd } from "./observe/ends.ts";
import { mergeObservations } from "./observe/merge.ts";
import { DEFAULT_REALM, type Observation, Observer } from "./observe/observation.ts";
import { qualityOf } from "./observe/quality.ts";
import { partsOf, refuseOtherRealms } from "./observe/site-parts.ts";
import { uniteShares } from "./observe/union.ts";
import { exitCodeOf, type RunExitCode } from "./report/exit.ts";
import { lookupRowsOf, withLookups } from "./report/lookup-rows.ts";
import { packedOf, withJudged } from "./report/packed-rows.ts";
import type { CaptureRow, RunInfo, RunResult } from "./report/result.ts";
import { atOnce, inTurns, type Steps } from "./steps.ts";
import { type DatabaseRef, findDatabase } from "./store/select.ts";
import type { ObservationParts } from "./store/store.ts";
import { formatInstant, type Instant, nowMs } from "./time.ts";
import { VERSION } from "./version.ts";

export interface RunOptions {
  captures: readonly { path: string; realm?: string }[];
  /** None: the traffic is described and nothing is judged. */
  models: readonly Model[];
  background: Model | null;
  bindings: Bound;
  site: Site | null;
  /** `all`: judge conversations too in which neither end plays a role. */
  scope: "judged" | "all";
  /** Whether roles may be inferred where they are not bound. */
  infer: boolean;
  /** Seconds that a host must have been seen before something of it may be called missing. */
  minSpanSec: number;
  /** Decides waivers; null: the last packet's time. */
  asOf: Instant | null;
  strict: boolean;
  /** Threads to read with; as many as are worth it, where it is not given. */
  jobs?: number;
  /** As typed, for the run's row. */
  command: string;
  /** Frames of files that it lets through are looked at, all others are only counted. */
  filter?: FrameFilter;
  /** Those that read; the built-in ones, where it is not given. Others are not known to other threads: one reads then. */
  decoders?: readonly Decoder[];
  onProgress?: (progress: Progress) => void;
  /** Waited for when the captures are open, before anything of them is read. */
  ready?: Promise<unknown>;
  /** Called, and waited for, between reading and judging. What was seen does not change any more: storing it may begin. */
  onRead?: (run: RunInfo, observation: RunOutcome["observation"]) => Promise<void>;
  /** Stops the reading; what was read is judged. */
  signal?: AbortSignal;
}

/** What reading needs of them. */
export type ReadingOptions = Pick<
  RunOptions,
  "captures" | "jobs" | "filter" | "decoders" | "onProgress" | "ready" | "signal"
> &
  Partial<Pick<RunOptions, "site">>;

export interface Progress {
  packets: number;
  bytesRead: number;
  /** Null where an input's size is not known. */
  bytesTotal: number | null;
  conversations: number;
}

export interface RunOutcome {
  result: RunResult;
  /** What was seen, in parts that a store can keep. */
  observation: () => ObservationParts;
  exitCode: RunExitCode;
}

/** Flows whose rows take a gigabyte. V8 would leave 60 MB of garbage beside them, which a report of JSON is made of; collecting it costs no time there. */
const HUGE = 1 << 23;
/** What is stored meanwhile needs its turns. */
const JUDGING_TURN_MS = 5;

export async function run(options: RunOptions): Promise<RunOutcome> {
  const startedAt = new Date().toISOString().replace(/\.(\d{3})Z$/, ".$1000Z");
  const { seen, interrupted, stored } = await observeAll(options);
  const { table } = seen.flows;
  table.ended();
  if (table.count >= HUGE) collectEarly();
  const observation = stored ?? ((): ObservationParts => encodeObservation(seen));
  await options.onRead?.(runInfo(options, startedAt, interrupted), observation);
  const steps = judgeInSteps(seen, options, startedAt, interrupted);
  const result = options.onRead === undefined ? atOnce(steps) : (await inTurns(steps, JUDGING_TURN_MS, () => false))!;
  const exitCode = exitCodeOf(result, options.strict);
  result.run.exit_code = exitCode;
  return { result, observation, exitCode };
}

/** What all inputs show together, captures and databases. */
export async function observeAll(options: ReadingOptions): Promise<{
  seen: Observation;
  interrupted: boolean;
  /** Its parts, where a database or other threads have just them: nobody has to put them together again. */
  stored: (() => ObservationParts) | null;
}> {
  const { files, databases } = await sortInputs(options.captures);
  const { decoders = DECODERS, ready } = options;
  if (files.length === 0) await ready;
  let interrupted = false;
  const observations: Observation[] = [];
  let stored: (() => ObservationParts) | null = null;
  for (const database of databases) {
    const { readObserved } = await import("./store/observed.ts");
    const read = await readObserved(database, decoders);
    refuseOtherRealms(read.seen, database.path, options.site ?? null);
    observations.push(read.seen);
    stored = read.parts;
  }
  if (files.length > 0) {
    const read = await readFiles(files, options);
    interrupted = read.interrupted;
    observations.push(read.observation);
    stored = read.stored;
  }
  if (observations.length === 1) return { seen: observations[0]!, interrupted, stored };
  return { seen: mergeObservations(observations, decoders), interrupted, stored: null };
}

/** A Wirepact database may stand where a capture does: what it observed is judged again, without the packets. */
async function sortInputs(inputs: RunOptions["captures"]): Promise<{
  files: { path: string; realm: string }[];
  databases: DatabaseRef[];
}> {
  const files: { path: string; realm: string }[] = [];
  const databases: DatabaseRef[] = [];
  for (const { path, realm } of inputs) {
    const database = path === "-" ? null : findDatabase(path);
    if (database === null) files.push({ path, realm: realm ?? DEFAULT_REALM });
    else databases.push(database);
  }
  return { files, databases };
}

/** Reads the captures, with other threads where that is worth it; the result is the same with any number of them. */
async function readFiles(
  files: readonly { path: string; realm: string }[],
  options: ReadingOptions,
): Promise<{ observation: Observation; interrupted: boolean; stored: (() => ObservationParts) | null }> {
  const { decoders = DECODERS } = options;
  const sizes = options.filter === undefined && decoders === DECODERS ? sizesOf(files.map(({ path }) => path)) : null;
  const total = sizes === null ? null : totalOf(sizes);
  const jobs = sizes === null ? 1 : jobsFor(options.jobs, sizes);
  const inputs = files.map((file, i) => ({
    ...file,
    parts: partsOf(options.site ?? null, file.realm),
    ...(jobs > 1 && { size: sizes![i]!.size }),
  }));
  const vxlanPorts = options.site?.vxlan ?? [];
  // Of a stream nobody knows how long it gets; a filter looks at frames one by one.
  const arena = options.filter === undefined && (total === null || isLong(total)) ? Arena.make() : null;
  const ahead = arena !== null && jobs === 1 && isWorthAhead(total) ? new Ahead(arena) : null;
  const caps = new CapCounter();
  const opened = await openCaptures(inputs, { caps, arena, ahead });
  const reader = options.filter === undefined ? opened : new FilteredReader(opened, options.filter);
  const masks = shareLanes(isShareable(reader.captures) ? jobs : 1);
  const helpers =
    masks.length === 1 ? null : new (await import("./jobs/helpers.ts")).Helpers(inputs, masks.slice(1), vxlanPorts);
  try {
    const observer = new Observer(reader.captures, decoders, caps, { lanes: masks[0]!, vxlanPorts, arena, ahead });
    await options.ready;
    const interrupted = await readAll(reader, observer, options, helpers);
    noteBeside(reader.captures);
    const { observation } = observer;
    if (helpers === null) return { observation, interrupted, stored: null };
    const { others, told } = await helpers.observations(decoders);
    const whole = uniteShares([observation, ...others]);
    return { observation: whole, interrupted, stored: () => encodeObservation(whole, told) };
  } finally {
    await reader.close();
    ahead?.close();
    await helpers?.close();
  }
}

/** Milliseconds after which signals and timers get their turn: reading a file never waits for anything by itself. */
const TURN_MS = 50;

/** Every frame to the observer; true where a signal ended it early. */
async function readAll(
  reader: CaptureReader,
  observer: Observer,
  options: ReadingOptions,
  helpers: Helpers | null,
): Promise<boolean> {
  const { onProgress, signal } = options;
  const { observation } = observer;
  const sizes = reader.captures.map((capture) => capture.size);
  const bytesTotal = sizes.every((size) => size !== null) ? sizes.reduce((a, b) => a! + b!, 0) : null;
  // A signal must not wait for input that may never come.
  let stop = (): void => {};
  const stopped = new Promise<false>((resolve) => {
    stop = () => resolve(false);
  });
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) stop();
  let turn = nowMs();
  let end = Number.POSITIVE_INFINITY;
  const heap = new HeapWatch();
  let low: string | null = null;
  try {
    while (
      observation.frames < end &&
      (await (signal === undefined || helpers !== null ? reader.more() : Promise.race([reader.more(), stopped])))
    ) {
      if (helpers !== null) end = helpers.tell(observation.frames);
      while (!observer.block(reader, Math.min(HeapWatch.FRAMES, end - observation.frames))) {
        low ??= heap.low();
        if (low !== null || observation.frames >= end) break;
      }
      if (nowMs() - turn > TURN_MS) {
        await setImmediate();
        turn = nowMs();
      }
      if (low !== null) {
        if (helpers === null) break;
        helpers.stop();
      }
      if (signal?.aborted === true) {
        if (helpers === null) return true;
        helpers.stop();
      }
      onProgress?.({
        packets: observation.frames,
        bytesRead: reader.bytesRead,
        bytesTotal,
        conversations: observation.flows.table.count,
      });
    }
    if (low !== null)
      for (const capture of reader.captures) capture.damage ??= { offset: reader.bytesRead, message: low };
    return signal?.aborted === true;
  } finally {
    signal?.removeEventListener("abort", stop); // a program may hold one signal for many runs
  }
}

/** What was seen, judged: also for an observation that comes from a database. */
export function judge(seen: Observation, options: RunOptions, startedAt: string, interrupted: boolean): RunResult {
  return atOnce(judgeInSteps(seen, options, startedAt, interrupted));
}

/** As `judge`; nothing may be added to the observation between its steps. `kept`: what a run that goes on has judged before. */
export function* judgeInSteps(
  observed: Observation,
  options: RunOptions,
  startedAt: string,
  interrupted: boolean,
  kept: KeptJudgements | null = null,
): Steps<RunResult> {
  const seen = atEnd(observed);
  const read = seen.captures.filter((capture) => capture.packets > 0);
  const lastSec = read.reduce((latest, capture) => Math.max(latest, capture.lastSec), 0);
  const damaged = seen.captures.some((capture) => capture.damage !== null);
  const info = runInfo(options, startedAt, interrupted);
  const captures = seen.captures.map(captureRow);
  if (options.models.length === 0) {
    const { rest, lookups, conversations } = describe(seen);
    const assets = collectAssets(conversations);
    const quality = qualityOf(seen, conversations);
    return { run: withTimes(info, quality), captures, judged: [], rest, rules: [], lookups, assets, quality };
  }
  const conformance = yield* conformInSteps(
    seen,
    {
      models: options.models,
      background: options.background,
      bound: options.bindings,
      site: options.site,
      scope: options.scope,
      infer: options.infer,
      minSpanSec: options.minSpanSec,
      asOfSec: options.asOf?.sec ?? lastSec,
      damaged: damaged || interrupted,
      lastSec,
    },
    kept,
  );
  const { conversations, rest, rules, bindings, parameters, warnings } = conformance;
  const assets = collectAssets(conversations);
  const quality = qualityOf(seen, conversations);
  const run = withTimes({ ...info, bindings, parameters, warnings }, quality);
  const judged = packedOf(conformance) ?? conformance.judged;
  const told = withJudged(judged, { run, captures, rest, rules, assets, quality });
  return withLookups(told, lookupRowsOf(conformance) ?? conformance.lookups);
}

/** What is known of a run before it is judged. */
function runInfo({ command, models, site }: RunOptions, startedAt: string, interrupted: boolean): RunInfo {
  return {
    run_id: null,
    status: interrupted ? "interrupted" : "finished",
    started_at: startedAt,
    command,
    wirepact: VERSION,
    models: models.map(({ name, source, document, rules }) => ({
      name,
      source,
      document: document.title,
      version: document.version,
      lines: linesOf(rules),
    })),
    site: site?.source ?? null,
    first_time: null,
    last_time: null,
    exit_code: null,
    warnings: [],
    bindings: [],
    parameters: [],
  };
}

/** Where each rule begins. */
function linesOf(rules: Model["rules"]): Record<string, number> {
  const lines: Record<string, number> = {};
  for (const { id, line } of rules) lines[id] = line;
  return lines;
}

function withTimes(info: RunInfo, quality: RunResult["quality"]): RunInfo {
  return {
    ...info,
    first_time: quality.first_time as string | null,
    last_time: quality.last_time as string | null,
  };
}

function captureRow(capture: CaptureInfo, index: number): CaptureRow {
  const empty = capture.packets === 0;
  return {
    capture_id: index,
    path: capture.path,
    realm: capture.realm,
    parts: capture.parts ?? [],
    format: capture.format,
    packets: capture.packets,
    bytes: capture.bytes,
    drops: capture.drops,
    cut: capture.cut,
    damage: damageText(capture.damage),
    first_time: empty ? null : formatInstant(capture.firstSec, capture.firstNsec),
    last_time: empty ? null : formatInstant(capture.lastSec, capture.lastNsec),
  };
}

function damageText(damage: CaptureInfo["damage"]): string | null {
  if (damage === null) return null;
  return damage.offset === 0 ? damage.message : `${damage.message} (at byte ${damage.offset})`;
}
