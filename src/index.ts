/**
 * Wirepact as a library: what the command does, a program can do. Nothing here prints, exits or keeps state between calls.
 *
 *     const run = check({
 *       captures: ["span.pcap"],
 *       models: ["opswat-sdp"],
 *       bind: { gateway: "10.20.0.5" },
 *       set: { region: "us" },
 *     });
 *     for await (const finding of run) console.log(finding.verdict, finding.title, finding.reason);
 *     const { result, exitCode } = await run;
 *
 * Errors that are a caller's carry messages for people, and speak of options by the names that the command gives them:
 * `UsageError`; `ProblemsError`, which has every problem of a model, site or binding with file, line and column;
 * `StoreError`, from a database. A capture that cannot be read is no error: it is in `result.captures[].damage`, what was
 * read before it is judged, and `exitCode` is 3.
 */
import { DECODERS } from "../decoders/index.ts";
import type { Decoder } from "./decode/decoder.ts";
import { UsageError } from "./errors.ts";
import { loadJudging, type OnWarning, unjudged } from "./judging.ts";
import type { Model, Site } from "./model/types.ts";
import { type Progress, type RunOutcome, run } from "./pipeline.ts";
import { explain as explainPage } from "./report/explain.ts";
import { type Finding, findingsOf } from "./report/findings.ts";
import { type FormName, loadForm } from "./report/forms.ts";
import { makePen } from "./report/pen.ts";
import type { RunResult } from "./report/result.ts";
import { type TextOptions, textReport as textPage } from "./report/text.ts";
import { quote } from "./words.ts";

export { DECODERS } from "../decoders/index.ts";
export type { RealmPart, Span } from "./capture/realm-parts.ts";
export { Cursor, escapeBytes, Fault } from "./decode/cursor.ts";
export {
  type ByteSet,
  type Context,
  DATAGRAM_DONE,
  DATAGRAM_MORE,
  type DatagramResult,
  type Decoder,
  type Emit,
  type FieldDoc,
  type Form,
  type GlanceShape,
  STREAM_DONE,
  STREAM_MORE,
  STREAM_NEXT,
  STREAM_NO,
} from "./decode/decoder.ts";
export type * from "./decode/facts.ts";
export { ANSWER_TO_ANY, OPERATION_CLASSES } from "./decode/facts.ts";
export { ProblemsError, problemLines, UsageError } from "./errors.ts";
export { type OnWarning, type ReadModelOptions, readModel, readSite } from "./judging.ts";
export {
  type Binding,
  type Bound,
  type BoundHost,
  bindRoles,
  formatModelTable,
  lintDocument,
  lintModel,
  type ModelRow,
  modelSchema,
  type ParameterSetting,
  type ShippedModel,
  shippedModels,
  showModel,
  type TableFormat,
} from "./model/index.ts";
export type { Schema } from "./model/schema.ts";
export type * from "./model/types.ts";
export type { Progress, RunOutcome } from "./pipeline.ts";
export { type Aspect, type Change, type Diff, type Difference, diffOf } from "./report/diff.ts";
export { type Drift, driftOf } from "./report/drift.ts";
export { exitCodeOf, type RunExitCode } from "./report/exit.ts";
export { type Found, find } from "./report/explain.ts";
export { type Finding, findingsOf, type Said } from "./report/findings.ts";
export { FORM_NAMES, type FormName } from "./report/forms.ts";
export { jsonReport } from "./report/json.ts";
export type * from "./report/result.ts";
export { type Headline, headline } from "./report/summary.ts";
export type { DriverName } from "./store/driver.ts";
export { storeRun } from "./store/keep.ts";
export { type OpenOptions, openStore } from "./store/open.ts";
export {
  type CheckpointWriter,
  type DepartingRow,
  type LookupHead,
  type Moves,
  type ObservationPart,
  type ObservationParts,
  type PartChange,
  type RestHead,
  type RestText,
  type RunWriter,
  type Store,
  type StoredObservation,
  StoreError,
} from "./store/store.ts";
export { VERSION } from "./version.ts";

export interface ReadOptions {
  /**
   * Capture files in pcap, pcapng or snoop, as they are or packed with gzip or zstd; `-` is the process's standard input.
   * Several are read in time order. `realm` names the part of the network that a capture is from, where addresses overlap.
   */
  captures: readonly (string | { path: string; realm?: string })[];
  /** What is kept as the run's command when it is stored; `wirepact.check` or `wirepact.observe` unless given. */
  command?: string;
  /** Threads to read with, which never changes the result; as many as are worth it unless given. */
  jobs?: number;
  /**
   * Decoders of the program's own, tried before the built-in ones; one thread reads then. Their ids are new ones, of lower-case
   * letters, digits and hyphens; they are the `app` of what is recognised, and rules of models that were read for them may
   * name them.
   */
  decoders?: readonly Decoder[];
  /** Called after each block that was read: some 4 MiB of a file. */
  onProgress?: (progress: Progress) => void;
  /** Ends the reading. The promise still resolves, with what was read until then and `result.run.status` `interrupted`. */
  signal?: AbortSignal;
}

export interface CheckOptions extends ReadOptions {
  /** Shipped models by name, model files by path, or what `readModel` gave. None: those that the site names. */
  models?: readonly (string | Model)[];
  /** A site file's path, or what `readSite` gave. */
  site?: string | Site;
  /** Who plays which role: `{ gateway: "10.20.0.5", client: ["10.30.0.0/16", "10.31.0.7+fd00::7"] }`; over the site's. */
  bind?: Readonly<Record<string, string | readonly string[]>>;
  /** The models' parameters: `{ region: "us" }`; over the site's. */
  set?: Readonly<Record<string, string>>;
  /** `all`: judge conversations too in which neither end plays a role. Unless given: `judged`. */
  scope?: "judged" | "all";
  /** What is not proved counts as drift too: in `exitCode`, not in the verdicts. */
  strict?: boolean;
  /** Whether roles that are not bound may be worked out from the traffic; true unless given. */
  infer?: boolean;
  /** Whether the shipped model of what every host needs (name resolution, DHCP, echo) applies; true unless given. */
  background?: boolean;
  /** Seconds that a host must have been seen before a rule of its may be called missing; 300 unless given. */
  minSpanSec?: number;
  /** The moment that decides waivers; the last packet's unless given. */
  asOf?: Date;
  /** Told of what is doubtful in a model, a site or a binding; what is wrong rejects. */
  onWarning?: OnWarning;
}

/**
 * A run under way: a promise of its outcome, and its findings one by one. They come once all is read, the worst first, because
 * most of what is said rests on the whole capture; waived ones are among them, with `waived`. Without a model there are none.
 */
export interface Run extends Promise<RunOutcome>, AsyncIterable<Finding> {}

function runOf(outcome: Promise<RunOutcome>, strict: boolean): Run {
  return Object.assign(outcome, {
    async *[Symbol.asyncIterator](): AsyncGenerator<Finding> {
      yield* findingsOf((await outcome).result, strict);
    },
  });
}

/**
 * Captures held against models: the command `check`. Resolves to the result (verdicts with their evidence), the exit code
 * that the command would end with, and what was seen, for a store; `for await` gives the findings instead. Rejects with
 * UsageError, before anything is read, where a model, site, role, address, parameter or decoder is wrong.
 */
export function check(options: CheckOptions): Run {
  return runOf(checked(options), options.strict ?? false);
}

async function checked(options: CheckOptions): Promise<RunOutcome> {
  const from = reading(options, "wirepact.check");
  const { models = [], site = null, bind = {}, set = {}, background = true, minSpanSec = 300, asOf } = options;
  const { scope = "judged", strict = false, infer = true } = options;
  if (!(minSpanSec >= 0)) throw new UsageError(`minSpanSec: found ${minSpanSec}, expected seconds such as 300`);
  if (Number.isNaN(asOf?.getTime())) throw new UsageError("asOf: found an invalid Date, expected a moment");
  const judging = await loadJudging(
    {
      models,
      site,
      bind: Object.entries(bind).map(([role, values]) => `${role}=${[values].flat().join(",")}`),
      set: Object.entries(set).map(([parameter, value]) => `${parameter}=${value}`),
      background,
      decoders: options.decoders ?? [],
    },
    options.onWarning,
  );
  return run({
    ...from,
    ...judging,
    scope,
    strict,
    infer,
    minSpanSec,
    asOf: asOf === undefined ? null : { sec: Math.floor(asOf.getTime() / 1000), nsec: 0 },
  });
}

/** What is on the wire, without a model: the command `observe`. Conversations are in `result.rest`, without a verdict. */
export function observe(options: ReadOptions): Run {
  return runOf(observed(options), false);
}

async function observed(options: ReadOptions): Promise<RunOutcome> {
  return run({ ...reading(options, "wirepact.observe"), ...unjudged() });
}

function reading(options: ReadOptions, command: string) {
  const { jobs, decoders = [], onProgress, signal } = options;
  refuseDecoders(decoders);
  if (options.captures.length === 0) throw new UsageError("captures: none given, expected at least one file");
  return {
    captures: options.captures.map((capture) => (typeof capture === "string" ? { path: capture } : capture)),
    command: options.command ?? command,
    ...(jobs === undefined ? {} : { jobs }),
    ...(decoders.length === 0 ? {} : { decoders: [...decoders, ...DECODERS] }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Decoders of a program's own: a flow's state has room for 255 in all. */
const MOST_DECODERS = 128;

function refuseDecoders(decoders: readonly Decoder[]): void {
  if (decoders.length > MOST_DECODERS)
    throw new UsageError(`decoders: found ${decoders.length}, expected ${MOST_DECODERS} at most`);
  const taken = new Set(DECODERS.map(({ id }) => id));
  for (const { id } of decoders) {
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(id))
      throw new UsageError(`decoders: found the id ${quote(id)}, expected lower-case letters, digits and hyphens`);
    if (taken.has(id)) throw new UsageError(`decoders: two are called ${quote(id)}; choose another id for your own`);
    taken.add(id);
  }
}

export interface PageOptions {
  /** Columns that no line but a command to copy goes beyond; 100 unless given, 40 at least. */
  width?: number;
  /** ANSI colours; none unless given. */
  color?: boolean;
  /** The database that holds the run, for the commands that the page names; none unless given. */
  database?: string;
  /** Everything, not only the first of a kind. */
  all?: boolean;
}

/** The report in any form that `--format` knows, in pieces: HTML, JUnit, SARIF, CSV and the others. */
export async function report(result: RunResult, form: FormName, options: PageOptions = {}): Promise<Iterable<string>> {
  return (await loadForm(form))(result, pageOf(options));
}

/** The report for people, as `--format text` prints it: one text that ends with a newline. */
export function textReport(result: RunResult, options: PageOptions = {}): string {
  return textPage(result, pageOf(options));
}

/**
 * The whole story of one conversation (its id or the beginning of it) or one rule (`RULE` or `MODEL/RULE`). Throws
 * UsageError where nothing goes by that id, with the nearest one, or several things do.
 */
export function explain(result: RunResult, id: string, options: PageOptions = {}): string {
  return explainPage(result, id, pageOf(options));
}

function pageOf({ width = 100, color = false, database, all = false }: PageOptions): TextOptions {
  return { pen: makePen(Math.max(40, width), color), database: database ?? null, all };
}
