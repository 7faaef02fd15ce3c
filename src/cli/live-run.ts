/** What surrounds a live run: rights given up, database, signals, what is told meanwhile, the report at its end. */

import { systemReason } from "../errors.ts";
import type { Opened } from "../live/engines.ts";
import { EvidenceFolder } from "../live/evidence.ts";
import { type Finding, FindingLog } from "../live/findings.ts";
import { FrameRing } from "../live/frame-ring.ts";
import { closeKilledRuns, Keeper } from "../live/keeper.ts";
import { loadNative } from "../live/libpcap.ts";
import { Notifier } from "../live/notify.ts";
import { become, noNewPrivileges, userFor } from "../live/rights.ts";
import { type LiveHooks, type LiveOptions, runLive } from "../live/run.ts";
import { findingLine, LiveScreen, statusLine } from "../live/status.ts";
import type { RunOptions, RunOutcome } from "../pipeline.ts";
import type { FormName } from "../report/forms.ts";
import { jsonText } from "../report/json.ts";
import { penFor } from "../report/pen.ts";
import type { RunResult } from "../report/result.ts";
import type { Store } from "../store/store.ts";
import { openForWriting } from "./database.ts";
import { EXIT_INTERNAL, reportError, warn } from "./errors.ts";
import { commandLine } from "./execute.ts";
import { type ReportOutput, reportOutput } from "./output.ts";
import { printResult } from "./print.ts";

export type Judging = Pick<RunOptions, "models" | "background" | "site" | "bindings">;
export type LiveTask = Omit<LiveOptions, "sources" | "engine" | "hooks" | "command" | "signal"> & { keepBytes: number };

export interface WhereTo {
  database: string;
  /** As given on the command line: one that was asked for must open. */
  db?: string;
  format: FormName;
  out?: string;
  all?: boolean;
  user?: string;
  keepPackets?: string;
}

/** Milliseconds that storing may wait for another program's lock: while it runs, and at its end. */
const LOCK_MS = 250;
const END_LOCK_TRIES = 5;

/** Runs it to its end and returns the exit code. Everything is open by now, so the first thing is to give up the rights. */
export async function carryOut(
  opened: Opened,
  task: LiveTask,
  where: WhereTo,
  reload: () => Promise<Judging>,
): Promise<number> {
  let store: Store | null = null;
  try {
    const notifier = await giveUpRights(where.user);
    const output = await reportOutput(where.out);
    store = await openForWriting(where.db, LOCK_MS);
    if (store !== null) await tellOfKilledRuns(store);
    const { keepPackets } = where;
    const evidence = keepPackets === undefined ? null : await EvidenceFolder.open(keepPackets, task.keepBytes);
    const run = new Surroundings(opened, task, where, output, store, reload, evidence, notifier);
    return await run.toItsEnd();
  } finally {
    for (const source of opened.sources) await source.close();
    await store?.close();
  }
}

/** For good. Returns who tells systemd how it goes. */
async function giveUpRights(asked: string | undefined): Promise<Notifier> {
  const user = userFor(asked, process.env);
  if (user !== null) become(user);
  else if (process.getuid?.() === 0 && asked === undefined) {
    warn("it goes on as root; --user NAME gives the rights up once the interface is open");
  }
  const native = await loadNative().catch(() => null);
  if (native !== null) noNewPrivileges(native);
  return new Notifier(native, process.env);
}

async function tellOfKilledRuns(store: Store): Promise<void> {
  for (const { run_id, last_time } of await closeKilledRuns(store)) {
    const until = last_time === null ? "before it saw a packet" : `what it saw until ${last_time} is there`;
    warn(
      `run ${run_id} of ${store.path} was killed: ${until}. This is a new run; \`wirepact check ${store.path}@${run_id} …\` ` +
        "judges that one again, or both together",
    );
  }
}

class Surroundings {
  readonly #opened: Opened;
  readonly #task: LiveTask;
  readonly #where: WhereTo;
  readonly #output: ReportOutput;
  readonly #store: Store | null;
  readonly #reload: () => Promise<Judging>;
  readonly #screen = new LiveScreen(process.stderr);
  readonly #findings: FindingLog;
  readonly #keeper: Keeper | null;
  readonly #stop = new AbortController();
  readonly #notifier: Notifier;
  readonly #evidence: EvidenceFolder | null;
  readonly #ring: FrameRing | null;
  #kept: Promise<void> = Promise.resolve();
  #keepFailed = false;
  #reloaded: Judging | null = null;
  #lost = 0;
  #storeFailed = false;
  #last = false;

  constructor(
    opened: Opened,
    task: LiveTask,
    where: WhereTo,
    output: ReportOutput,
    store: Store | null,
    reload: () => Promise<Judging>,
    evidence: EvidenceFolder | null,
    notifier: Notifier,
  ) {
    this.#notifier = notifier;
    this.#evidence = evidence;
    this.#ring = evidence === null ? null : new FrameRing();
    this.#opened = opened;
    this.#task = task;
    this.#where = where;
    this.#output = output;
    this.#store = store;
    this.#reload = reload;
    this.#findings = new FindingLog(task.strict);
    this.#keeper = store === null ? null : new Keeper(store);
  }

  async toItsEnd(): Promise<number> {
    const { sources, engine } = this.#opened;
    for (const source of sources) source.onNotice = (message) => this.#screen.line(message);
    const signals: [NodeJS.Signals, () => void][] = [
      ["SIGINT", () => this.#end()],
      ["SIGTERM", () => this.#end()],
      ["SIGHUP", () => void this.#loadAnew()],
    ];
    for (const [name, handler] of signals) process.on(name, handler);
    // Who read the findings has gone (`| head`): no failure, and nobody is left to run for.
    process.stdout.on("error", () => this.#stop.abort());
    process.stderr.on("error", () => {});
    const reading = sources.map((source) => source.interface).join(", ");
    this.#screen.line(`Reading ${reading} (${engine.name}). Ctrl-C ends it with the report.`);
    if (engine.limits !== null) warn(engine.limits);
    this.#notifier.ready(`reading ${reading}`);
    try {
      const outcome = await runLive({
        ...this.#task,
        sources,
        engine,
        command: commandLine(),
        signal: this.#stop.signal,
        hooks: this.#hooks(),
      });
      return await this.#finish(outcome);
    } finally {
      this.#screen.clear();
      for (const [name, handler] of signals) process.off(name, handler);
    }
  }

  /** A second signal does not wait for anything; what the last checkpoint wrote is whole. */
  #end(): void {
    if (this.#stop.signal.aborted) process.exit(EXIT_INTERNAL);
    this.#stop.abort();
  }

  async #loadAnew(): Promise<void> {
    try {
      this.#reloaded = await this.#reload();
      this.#screen.line("Models and site are loaded anew.");
    } catch (error) {
      this.#screen.line("Models and site stay as they were:");
      reportError(error, (line) => this.#screen.line(line));
    }
  }

  #hooks(): LiveHooks {
    return {
      frame: this.#ring === null ? null : (frame) => this.#ring?.take(frame),
      status: (status) => {
        const lost = (status.dropped ?? 0) + status.droppedByInterface;
        if (lost > this.#lost) this.#screen.line(`${lost - this.#lost} packets were lost (${lost} in all)`);
        this.#lost = lost;
        const line = statusLine(status, this.#findings.count);
        this.#screen.status(line);
        this.#notifier.alive(line.trim());
      },
      judged: (result, whole) => this.#tell(result, whole),
      checkpoint: (result, seen) => this.#checkpoint(result, seen),
      reloaded: () => {
        const judging = this.#reloaded;
        this.#reloaded = null;
        return judging;
      },
    };
  }

  #tell(result: RunResult, whole: boolean): void {
    if (result.run.models.length === 0) return;
    const { found, withdrawn } = this.#findings.judged(result, whole, this.#last);
    for (const finding of withdrawn) this.#print("withdrawn", finding);
    for (const finding of found) this.#print("finding", finding);
    this.#keepPackets(found, result);
  }

  /** In the background, one after the other; what cannot be written is said once. */
  #keepPackets(found: readonly Finding[], result: RunResult): void {
    const ring = this.#ring;
    const folder = this.#evidence;
    if (ring === null || folder === null) return;
    for (const finding of found) {
      this.#kept = this.#kept
        .then(() => folder.keep(finding, result.captures, (ref) => ring.find(ref.capture_id, ref.frame)))
        .catch((error: unknown) => {
          if (!this.#keepFailed) this.#screen.line(`wirepact: warning: packets are not kept: ${systemReason(error)}`);
          this.#keepFailed = true;
        });
    }
  }

  #print(event: "finding" | "withdrawn", finding: Finding): void {
    if (this.#where.format === "json") {
      this.#line({ event, kind: finding.kind, ...finding.row });
      return;
    }
    const { arrow } = penFor(process.stderr, process.env).glyphs;
    this.#screen.line(`${event === "withdrawn" ? "no longer: " : ""}${findingLine(finding, arrow)}`);
  }

  /** One line of NDJSON, at once; with `--out` all of them come at the end. */
  #line(value: object): void {
    this.#lines.push(`${jsonText(value)}\n`);
    if (this.#where.out === undefined) for (const line of this.#lines.splice(0)) process.stdout.write(line);
  }
  readonly #lines: string[] = [];

  /** A checkpoint that fails is told of and tried again at the next one: what the last one wrote stands. */
  async #checkpoint(result: RunResult, seen: Parameters<Keeper["checkpoint"]>[1]): Promise<void> {
    if (this.#keeper === null) return;
    try {
      await this.#keeper.checkpoint(result, seen);
      if (this.#storeFailed) this.#screen.line("The database could be written again; nothing is missing in it.");
      this.#storeFailed = false;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      if (!this.#storeFailed)
        this.#screen.line(`wirepact: warning: not written, tried again at the next checkpoint: ${error.message}`);
      this.#storeFailed = true;
    }
  }

  async #finish(outcome: RunOutcome & { seen: Parameters<Keeper["checkpoint"]>[1] }): Promise<number> {
    const { result, exitCode } = outcome;
    this.#notifier.stopping();
    this.#screen.clear();
    this.#last = true;
    this.#tell(result, true);
    await this.#kept;
    const stored = await this.#storeAtEnd(result, outcome.seen);
    if (this.#where.format === "json") {
      const { run, captures, rules, quality } = result;
      this.#line({ event: "end", run, captures, rules, quality });
      if (this.#where.out !== undefined) await this.#output.write(this.#lines);
    } else {
      const database = stored && this.#store !== null ? this.#where.database : null;
      await printResult(result, this.#output, { format: this.#where.format, database, all: this.#where.all ?? false });
    }
    return stored ? exitCode : EXIT_INTERNAL;
  }

  async #storeAtEnd(result: RunResult, seen: Parameters<Keeper["checkpoint"]>[1]): Promise<boolean> {
    if (this.#keeper === null) return true;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#keeper.checkpoint(result, seen);
        return true;
      } catch (error) {
        if (isStoreError(error) && attempt < END_LOCK_TRIES && /locked/.test(error.message)) continue;
        reportError(error, (line) => process.stderr.write(`${line}\n`));
        return false;
      }
    }
  }
}

function isStoreError(error: unknown): error is Error {
  return error instanceof Error && error.name === "StoreError";
}
