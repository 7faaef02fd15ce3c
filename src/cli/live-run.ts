/** What surrounds a live run: rights given up, database, signals, what is told meanwhile, the report at its end. */

import { isatty } from "node:tty";
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "../errors.ts";
import type { Opened } from "../live/engines.ts";
import { EvidenceFolder } from "../live/evidence.ts";
import { EvidenceQueue } from "../live/evidence-queue.ts";
import { type Finding, FindingLog } from "../live/findings.ts";
import { JudgedEnds } from "../live/judged-ends.ts";
import { atticOf, closeKilledRuns, Keeper } from "../live/keeper.ts";
import { loadNative } from "../live/libpcap.ts";
import { Notifier } from "../live/notify.ts";
import { become, noNewPrivileges, userFor } from "../live/rights.ts";
import { type LiveHooks, type LiveOptions, type LiveOutcome, runLive } from "../live/run.ts";
import { findingLine, LiveScreen, statusLine } from "../live/status.ts";
import { collectEarly } from "../memory.ts";
import type { Site } from "../model/types.ts";
import type { RunOptions } from "../pipeline.ts";
import type { FormName } from "../report/forms.ts";
import { jsonConversation, jsonText } from "../report/json.ts";
import { penFor } from "../report/pen.ts";
import type { RunResult } from "../report/result.ts";
import { number } from "../report/words.ts";
import type { Store } from "../store/store.ts";
import { openForWriting } from "./database.ts";
import { EXIT_INTERNAL, reportError, warn } from "./errors.ts";
import { commandLine, quoted } from "./execute.ts";
import { type ReportOutput, reportOutput } from "./output.ts";
import { Printer } from "./print.ts";

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
  /** The options that say what traffic is held against, as `check` takes them too. */
  heldAgainst: readonly string[];
}

const STDERR = 2;
/** Milliseconds that storing may wait for another program's lock: while it runs, and at its end. */
const LOCK_MS = 250;
const END_LOCK_TRIES = 5;
/** Findings of one judgement that are told line by line: who reads along reads no more. */
const MOST_LINES = 100;
/** Judged conversations that are read from the database for the report: 3 KB each. */
const MOST_READ_BACK = 20_000;

/** Runs it to its end and returns the exit code. Everything is open by now, so the first thing is to give up the rights. */
export async function carryOut(
  opened: Opened,
  task: LiveTask,
  where: WhereTo,
  reload: () => Promise<Judging>,
): Promise<number> {
  let store: Store | null = null;
  let run: Surroundings | null = null;
  collectEarly();
  try {
    const notifier = await giveUpRights(where.user);
    const output = await reportOutput(where.out);
    store = await openForWriting(where.db, { busyTimeoutMs: LOCK_MS });
    const killed = store === null ? [] : await tellOfKilledRuns(store);
    const { keepPackets } = where;
    const evidence = keepPackets === undefined ? null : await EvidenceFolder.open(keepPackets, task.keepBytes);
    run = new Surroundings(opened, task, where, output, store, reload, evidence, notifier, killed);
    return await run.toItsEnd();
  } finally {
    for (const source of opened.sources) await source.close();
    await store?.close();
    // All is written. As who is hung up on ends; Node's own end would abort, having no terminal to set back.
    if (run?.hungUp === true) process.kill(process.pid, "SIGHUP");
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

/**
 * A run goes on behind one that was killed as a run of its own: what fell between the two was never seen, and a verdict
 * must not look as if it had been. Returns the killed ones.
 */
async function tellOfKilledRuns(store: Store): Promise<number[]> {
  const killed = await closeKilledRuns(store);
  for (const { run_id, last_time } of killed) {
    const until = last_time === null ? "before it had written anything" : `what it saw until ${last_time} is there`;
    warn(`run ${run_id} of ${store.path} was killed: ${until}. A new run goes on from here`);
  }
  return killed.flatMap(({ run_id, last_time }) => (last_time === null ? [] : [run_id]));
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
  readonly #evidence: EvidenceQueue | null;
  /** Runs that were killed before this one, until it has been said how to judge them together with it. */
  #killed: readonly number[];
  #judging: Judging;
  #reloaded: Judging | null = null;
  #lost = 0;
  /** As of the last judgement. */
  #conversations = 0;
  #storeFailed = false;
  /** What stands in the database, as a sentence; empty while nothing does. */
  #stands = "";
  #last = false;
  /** Its terminal is gone, and its user with it. */
  hungUp = false;

  constructor(
    opened: Opened,
    task: LiveTask,
    where: WhereTo,
    output: ReportOutput,
    store: Store | null,
    reload: () => Promise<Judging>,
    evidence: EvidenceFolder | null,
    notifier: Notifier,
    killed: readonly number[],
  ) {
    this.#killed = killed;
    this.#notifier = notifier;
    this.#task = task;
    const tell = (text: string): void => this.#screen.line(text);
    this.#evidence =
      evidence === null ? null : new EvidenceQueue(evidence, tell, task.site?.vxlan, this.#judgedEnds(task));
    this.#opened = opened;
    const { models, background, site, bindings } = task;
    this.#judging = { models, background, site, bindings };
    this.#where = where;
    this.#output = output;
    this.#store = store;
    this.#reload = reload;
    this.#findings = new FindingLog(task.strict);
    this.#keeper = store === null ? null : new Keeper(store);
  }

  /** Of whom there may be findings; null: of anybody. */
  #judgedEnds({ bindings }: Judging): JudgedEnds | null {
    return this.#task.scope === "all" ? null : JudgedEnds.of(bindings.bindings);
  }

  async toItsEnd(): Promise<number> {
    const { sources, engine } = this.#opened;
    for (const source of sources) source.onNotice = (message) => this.#screen.line(message);
    const terminal = isatty(STDERR);
    const signals: [NodeJS.Signals, () => void][] = [
      ["SIGINT", () => this.#end()],
      ["SIGTERM", () => this.#end()],
      ["SIGHUP", () => void (terminal && !isatty(STDERR) ? this.#hangUp() : this.#loadAnew())],
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
      this.#notifier.close();
      for (const [name, handler] of signals) process.off(name, handler);
    }
  }

  /** A second signal does not wait for anything; what the last checkpoint wrote is whole. */
  #end(): void {
    if (this.#stop.signal.aborted) process.exit(EXIT_INTERNAL);
    this.#stop.abort();
    this.#notifier.stopping();
  }

  #hangUp(): void {
    this.hungUp = true;
    if (!this.#stop.signal.aborted) this.#end();
  }

  async #loadAnew(): Promise<void> {
    try {
      const judging = await this.#reload();
      refuseWhatIsRead(judging.site, this.#task.site);
      const isSame = isDeepStrictEqual(judging, this.#judging);
      this.#screen.line(`Models and site are loaded anew${isSame ? ": nothing in them has changed" : ""}.`);
      if (isSame) return; // what has left memory was judged by nothing else
      this.#judging = judging;
      this.#reloaded = judging;
      if (this.#evidence !== null) this.#evidence.judged = this.#judgedEnds(judging);
    } catch (error) {
      this.#screen.line("Models and site stay as they were:");
      reportError(error, (line) => this.#screen.line(line));
    }
  }

  #hooks(): LiveHooks {
    return {
      frame: this.#evidence === null ? null : (frame, telling) => this.#evidence?.take(frame, telling),
      status: (status) => {
        const lost = (status.dropped ?? 0) + status.droppedByInterface;
        if (lost > this.#lost) this.#screen.line(`${lost - this.#lost} packets were lost (${lost} in all)`);
        this.#lost = lost;
        const line = statusLine(status, this.#conversations, this.#findings.count);
        this.#screen.status(line);
        this.#notifier.status = line.trim();
      },
      notice: (message) => this.#screen.line(message),
      judged: (result, whole) => {
        this.#conversations = Number(result.quality.conversations ?? 0);
        this.#tell(result, whole);
      },
      checkpoint: (...what) => this.#checkpoint(...what),
      attic: this.#attic(),
      judgesAll: () => this.#judgesAll([this.#keeper?.run ?? null]),
      reloaded: () => {
        const judging = this.#reloaded;
        this.#reloaded = null;
        return judging;
      },
    };
  }

  #attic(): LiveHooks["attic"] {
    return this.#keeper === null ? null : atticOf(this.#keeper, this.#findings);
  }

  #tell(result: RunResult, whole: boolean): void {
    if (result.run.models.length === 0) return;
    const { found, withdrawn } = this.#findings.judged(result, whole, this.#last);
    for (const finding of withdrawn) this.#print("withdrawn", finding);
    const lines = this.#where.format === "json" ? found : found.slice(0, MOST_LINES);
    for (const finding of lines) this.#print("finding", finding);
    if (lines.length < found.length)
      this.#screen.line(`and ${number(found.length - lines.length)} more findings at once, which the report has`);
    this.#evidence?.add(found, result.captures);
  }

  #print(event: "finding" | "withdrawn", finding: Finding): void {
    if (this.#where.format === "json") {
      const { kind, row } = finding;
      this.#line({ event, kind, ...("conversation_id" in row ? jsonConversation(row) : row) });
      return;
    }
    this.#screen.line(`${event === "withdrawn" ? "no longer: " : ""}${findingLine(finding, this.#arrow)}`);
  }

  /** One line of NDJSON, at once; with `--out` all of them come at the end. */
  #line(value: object): void {
    this.#lines.push(`${jsonText(value)}\n`);
    if (this.#where.out === undefined) for (const line of this.#lines.splice(0)) process.stdout.write(line);
  }
  readonly #lines: string[] = [];
  readonly #arrow = penFor(process.stderr, process.env).glyphs.arrow;

  /** A checkpoint that fails is told of and tried again at the next one: what the last one wrote stands. */
  async #checkpoint(...[result, seen, moves]: Parameters<LiveHooks["checkpoint"]>): Promise<boolean> {
    if (this.#keeper === null) return false;
    try {
      await this.#keeper.checkpoint(result, seen, moves, this.#stop.signal);
      this.#tellOfBoth(result);
      this.#stands = `run ${result.run.run_id} of ${this.#where.database} holds what was seen until ${result.run.last_time}`;
      if (this.#storeFailed) this.#screen.line("The database could be written again; nothing is missing in it.");
      this.#storeFailed = false;
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted && error === this.#stop.signal.reason) return false; // the end writes all of it
      if (!isStoreError(error)) throw error;
      if (!this.#storeFailed)
        this.#screen.line(`wirepact: warning: not written, tried again at the next checkpoint: ${error.message}`);
      this.#storeFailed = true;
      return false;
    }
  }

  /** Once this run has a number. */
  #tellOfBoth({ run }: RunResult): void {
    if (this.#killed.length === 0 || run.run_id === null) return;
    const command = this.#judgesAll([...this.#killed, run.run_id]);
    this.#killed = [];
    this.#screen.line(`This is run ${run.run_id}. As one with what was killed: ${command}`);
  }

  #judgesAll(runs: readonly (number | null)[]): string {
    const { database, heldAgainst } = this.#where;
    const inputs = runs.map((id) => quoted(id === null ? database : `${database}@${id}`));
    return ["wirepact check", ...inputs, ...heldAgainst.map(quoted)].join(" ");
  }

  async #finish(outcome: LiveOutcome): Promise<number> {
    const { result, exitCode } = outcome;
    this.#notifier.stopping();
    this.#screen.clear();
    this.#last = true;
    this.#tell(result, true);
    await this.#evidence?.end();
    const { format, all = false, database } = this.#where;
    const printer = await Printer.of(this.#output, { format, all });
    const stored = await this.#storeAtEnd(outcome, () => {
      if (format === "text" && result.departed === undefined) printer.make(result, database);
    });
    if (format === "json") {
      const { run, captures, rules, quality } = result;
      this.#line({ event: "end", run, captures, rules, quality });
      if (this.#where.out !== undefined) await this.#output.write(this.#lines);
    } else {
      const shown = stored ? await this.#withDeparted(result) : result;
      await printer.print(shown, stored && this.#store !== null ? database : null);
    }
    return stored ? exitCode : EXIT_INTERNAL;
  }

  /** With what is in the database alone, as long as that is not too much to be held at once; else it is said. */
  async #withDeparted(result: RunResult): Promise<RunResult> {
    const { departed, run } = result;
    if (departed === undefined || this.#store === null || run.run_id === null) return result;
    const database = quoted(this.#where.database);
    const says: string[] = [];
    let shown = result;
    if (departed.judged <= MOST_READ_BACK) shown = await this.#store.read(run.run_id);
    else
      says.push(
        `${number(departed.judged)} judged conversations that fell silent are counted here and not listed: wirepact report ${database} has all.`,
      );
    if (departed.lookups !== undefined)
      says.push(
        `${number(departed.lookups.count)} look-ups of names that no document has are not listed: wirepact observe ${database}@${run.run_id} has all.`,
      );
    return { ...shown, run: { ...shown.run, warnings: [...shown.run.warnings, ...says] } };
  }

  async #storeAtEnd({ result, seen, moves }: LiveOutcome, meanwhile: () => void): Promise<boolean> {
    if (this.#keeper === null) return true;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#keeper.checkpoint(result, seen, moves, undefined, meanwhile);
        this.#tellOfBoth(result);
        return true;
      } catch (error) {
        if (isStoreError(error) && attempt < END_LOCK_TRIES && /locked/.test(error.message)) continue;
        reportError(error, (line) => process.stderr.write(`${line}\n`));
        if (this.#stands !== "") warn(this.#stands);
        return false;
      }
    }
  }
}

/** Realms and tunnels' ports are told apart while packets are read, so that those of the beginning hold to the end. */
function refuseWhatIsRead(site: Site | null, before: Site | null): void {
  for (const key of ["realms", "vxlan"] as const) {
    if (isDeepStrictEqual(site?.[key] ?? [], before?.[key] ?? [])) continue;
    throw new UsageError(
      `${site?.source ?? "the site"}: ${key}: is another than when the run began, and flows are told apart while packets are read: ` +
        "end the run and start it again, or set it back",
    );
  }
}

function isStoreError(error: unknown): error is Error {
  return error instanceof Error && error.name === "StoreError";
}
