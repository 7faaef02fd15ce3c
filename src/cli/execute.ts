/** What `check` and `observe` have in common: read, judge, store, print, and the exit code of all that. */

import { isLong, sizesOf, totalOf } from "../jobs/sizes.ts";
import { beginYoung } from "../memory.ts";
import type { RunOptions, RunOutcome } from "../pipeline.ts";
import { makeProgress } from "../progress.ts";
import type { FormName } from "../report/forms.ts";
import { judgedCount } from "../report/packed-rows.ts";
import { bytes, duration, number, plural } from "../report/words.ts";
import { beginRun, storeRun } from "../store/keep.ts";
import type { RunWriter, Store } from "../store/store.ts";
import { nowMs } from "../time.ts";
import { refuseOverwrite } from "./captures.ts";
import { DEFAULT_DATABASE, openForWriting } from "./database.ts";
import { EXIT_INTERNAL, isQuiet, reportError, tell, warn } from "./errors.ts";
import { reportOutput } from "./output.ts";
import { Printer } from "./print.ts";
import { sizeOption } from "./sizes.ts";

/** Options that say where results go; commander fills in the defaults. */
export interface ResultOptions {
  filter?: string;
  jobs?: string;
  keepPackets?: string;
  keepSize?: string;
  db?: string;
  format: FormName;
  out?: string;
  all?: boolean;
}

/** What the two commands say of a run; where results go and who is told of progress is the same for both. */
export type Task = Omit<RunOptions, "onProgress" | "ready" | "onRead" | "signal" | "command">;
export type Pipeline = (options: RunOptions) => Promise<RunOutcome>;

/** The pipeline with its decoders is loaded once the arguments have been found to be right. */
const loadPipeline = async (): Promise<Pipeline> => (await import("../pipeline.ts")).run;

export async function execute(task: Task, options: ResultOptions, load = loadPipeline): Promise<number> {
  const inputs = task.captures.map((capture) => capture.path);
  const sources = [...task.models.map((model) => model.source), ...(task.site?.source ? [task.site.source] : [])];
  const database = options.db ?? DEFAULT_DATABASE;
  refuseOverwrite("--db", database, [...inputs, ...sources]);
  refuseOverwrite("--out", options.out, [...inputs, ...sources, database]);
  const output = await reportOutput(options.out);
  const evidence = await evidenceAsked(options);
  tellTask(task);
  const sizes = sizesOf(inputs);
  if (sizes === null || isLong(totalOf(sizes))) beginYoung(); // of few bytes it costs more to ask V8 for it
  // Made while the pipeline is loaded and the captures are opened; nothing is read before it is there.
  const keeping = new Keeping(options.db);
  await keeping.underWay;
  try {
    const reading = stopwatch();
    const outcome = await readAndJudge({ ...task, ready: keeping.store, onRead: keeping.begin }, await load());
    tellOutcome(outcome.result, reading());
    const storing = stopwatch();
    const printer = await Printer.of(output, { format: options.format, all: options.all ?? false });
    // The text is short: it is made while SQLite's thread is at work. Other forms are made as they are printed.
    const stored = await keeping.keep(outcome, () => {
      if (options.format === "text") printer.make(outcome.result, database);
    });
    if (stored === "stored") tell(`stored in ${database} as run ${outcome.result.run.run_id} in ${storing()}`);
    if (evidence !== null) await evidence(outcome.result, task);
    keeping.close().catch(() => undefined); // SQLite's thread puts the file together while the report is made; told at the end
    const printing = stopwatch();
    await printer.print(outcome.result, stored === "stored" ? database : null);
    tell(`${options.format} ${options.out === undefined ? "printed" : `written to ${options.out}`} in ${printing()}`);
    tell(`exit code ${outcome.exitCode}; at most ${bytes(process.resourceUsage().maxRSS * 1024)} of memory`);
    return stored === "failed" ? EXIT_INTERNAL : outcome.exitCode;
  } finally {
    await keeping.close();
  }
}

/** The database that a run goes to. Storing may fail after an hour of reading: that is said, and the report comes all the same. */
class Keeping {
  readonly store: Promise<Store | null>;
  /** SQLite's own thread is at work, or all is done or has failed. */
  readonly underWay: Promise<unknown>;
  #begun: Promise<RunWriter> | null = null;
  #kept = false;
  #closing: Promise<void> | null = null;

  constructor(database: string | undefined) {
    let underWay = (): void => {};
    const begun = new Promise<void>((resolve) => {
      underWay = resolve;
    });
    this.store = openForWriting(database, { underWay });
    this.underWay = Promise.race([begun, this.store.catch(() => undefined)]);
  }

  /** What was read is stored while it is judged. */
  readonly begin: NonNullable<RunOptions["onRead"]> = async (run, observation) => {
    const store = await this.store;
    if (store === null) return;
    this.#begun = beginRun(store, run, observation);
    await this.#begun.catch(() => undefined); // told by `keep`
  };

  /** Null where there is no database. `meanwhile`: see `RunWriter.write`. */
  async keep(outcome: RunOutcome, meanwhile: () => void): Promise<"stored" | "failed" | null> {
    const store = await this.store;
    if (store === null) return null;
    try {
      await storeRun(store, outcome, await this.#begun, meanwhile);
      this.#kept = true;
      return "stored";
    } catch (error) {
      reportError(error, (line) => process.stderr.write(`${line}\n`));
      return "failed";
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const store = await this.store.catch(() => null);
    if (!this.#kept) await this.#begun?.then((writer) => writer.fail("failed")).catch(() => undefined);
    await store?.close();
  }
}

/** A call of what it gives says how long ago that was. */
function stopwatch(): () => string {
  const start = nowMs();
  return () => duration((nowMs() - start) / 1000);
}

function tellTask({ captures, models, background, site }: Task): void {
  for (const { name, source, rules } of models) tell(`model ${name}: ${plural(rules.length, "rule")}, from ${source}`);
  if (background !== null)
    tell(`model ${background.name}: ${plural(background.rules.length, "rule")} of what every host needs`);
  if (site !== null) tell(`site ${site.source}`);
  for (const { path, realm } of captures) tell(`capture ${path}${realm === undefined ? "" : `, realm ${realm}`}`);
}

function tellOutcome(result: RunOutcome["result"], took: string): void {
  const { captures, rest, rules } = result;
  const judged = judgedCount(result);
  for (const { path, format, packets, bytes: size, damage } of captures)
    tell(`${path}: ${format}, ${plural(packets, "packet")}, ${bytes(size)}${damage === null ? "" : `, ${damage}`}`);
  const all = plural(judged + rest.count, "conversation");
  const against = rules.length === 0 ? "" : `, ${number(judged)} of them held against ${plural(rules.length, "rule")}`;
  tell(`read and judged in ${took}: ${all}${against}`);
}

/** The first interrupt ends the reading, and what was read is judged; a second one ends the process. */
async function readAndJudge(
  task: Omit<RunOptions, "onProgress" | "signal" | "command">,
  pipeline: Pipeline,
): Promise<RunOutcome> {
  const progress = makeProgress(() => (isQuiet() ? { write: () => {} } : process.stderr));
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    return await pipeline({ ...task, command: commandLine(), onProgress: progress.update, signal: stop.signal });
  } finally {
    progress.end();
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** `--keep-packets`: what writes them once all is judged; null where nobody asked. The folder is made, or refused, before. */
async function evidenceAsked(
  options: ResultOptions,
): Promise<((result: RunOutcome["result"], task: Task) => Promise<void>) | null> {
  if (options.keepPackets === undefined) return null;
  const { EvidenceFolder, keepFromFiles } = await import("../live/evidence.ts");
  const { notHeld } = await import("../live/evidence-queue.ts");
  const folder = await EvidenceFolder.open(options.keepPackets, sizeOption("--keep-size", options.keepSize ?? "1G"));
  return async (result, { captures, strict, site }) => {
    const without = await keepFromFiles(folder, result, strict, captures, site?.vxlan);
    if (without > 0) warn(notHeld(without, WHERE_NOT));
  };
}

const WHERE_NOT =
  "their packets are in no file that can be read again (standard input and databases have none), or do not fit into --keep-size";

/** As typed, as far as a process can know it. */
export function commandLine(): string {
  return ["wirepact", ...process.argv.slice(2).map(quoted)].join(" ");
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./:@%+=,*-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
