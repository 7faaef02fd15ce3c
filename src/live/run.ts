/**
 * A live run: frames to an observer as they come, and between them what falls due.
 *
 *     sources ─▶ reader ─▶ observer ┬─▶ every moment: judged, new findings told
 *                                   └─▶ every interval: judged, and written down whole
 */
import { setImmediate } from "node:timers/promises";
import { DECODERS } from "../../decoders/index.ts";
import { type Frame, NEXT_FRAME } from "../capture/frame.ts";
import { KeptJudgements } from "../conform/kept.ts";
import { CapCounter } from "../limits.ts";
import { collectLess, HeapWatch } from "../memory.ts";
import { encodeObservation } from "../observe/codec.ts";
import { DEFAULT_REALM, type Observation, Observer } from "../observe/observation.ts";
import { partsOf } from "../observe/site-parts.ts";
import { judgeInSteps, type RunOptions, type RunOutcome } from "../pipeline.ts";
import { exitCodeOf } from "../report/exit.ts";
import type { RunResult } from "../report/result.ts";
import { inTurns } from "../steps.ts";
import type { Moves } from "../store/store.ts";
import { Ager } from "./age.ts";
import { Attic, type AtticHooks } from "./attic.ts";
import type { LiveEngine, LiveSource } from "./engine.ts";
import { STANDS } from "./findings.ts";
import { LiveReader } from "./reader.ts";

export interface LiveOptions extends Omit<RunOptions, "captures" | "onProgress"> {
  sources: readonly LiveSource[];
  /** What the sources were asked to let through, in libpcap's language; everything, where it is not given. */
  captureFilter?: string;
  /** What captures, and what it cannot tell; both stand in the result. */
  engine: Pick<LiveEngine, "name" | "limits">;
  realm: string | null;
  /** Milliseconds after which it ends by itself; null: never. */
  forMs: number | null;
  /** Frames after which it ends by itself; null: never. */
  count: number | null;
  /** Milliseconds between checkpoints. */
  checkpointMs: number;
  /** Milliseconds between two looks for what may leave memory; `AGE_MS` where it is not given. */
  ageMs?: number;
  /** What says when memory runs low; V8's own numbers, where it is not given. */
  heap?: Pick<HeapWatch, "low">;
  hooks: LiveHooks;
}

/** What a live run tells while it runs. */
export interface LiveHooks {
  status(status: LiveStatus): void;
  /** Judged anew. `whole`: at a checkpoint or at the end, so that what is missing may be told too. */
  judged(result: RunResult, whole: boolean): void;
  /** To be written down, with what leaves the run; true where it was. What it throws ends the run. */
  checkpoint(result: RunResult, seen: Observation, moves: Moves | undefined): Promise<boolean>;
  /** Where conversations leave for, and come back from; null: all of them stay. */
  attic: (AtticHooks & { stay?: number }) | null;
  /** Something that whoever runs it should know. */
  notice(message: string): void;
  /** A frame that was observed, for whoever keeps some; `telling`: what it says was noted down. */
  frame: ((frame: Frame, telling: boolean) => void) | null;
  /** What is held against the traffic from now on, where it was loaded anew; null where nothing changed. */
  reloaded(): Pick<RunOptions, "models" | "background" | "site" | "bindings"> | null;
  /** The command that judges all that is in the database by that. */
  judgesAll(): string;
}

export interface LiveStatus {
  seconds: number;
  packets: number;
  /** In the last second or so. */
  packetsPerSecond: number;
  dropped: number | null;
  droppedByInterface: number;
  flows: number;
}

/** Milliseconds between looks at the clock while nothing comes, between status lines, and between two judgements. */
const TICK_MS = 200;
const STATUS_MS = 1000;
const JUDGE_MS = 1000;
const AGE_MS = 5000;
/** Milliseconds of judging after which signals and timers have their turn. */
const TURN_MS = 50;
/** Judging may take this part of the time, so that a large observation is judged less often rather than packets lost. */
const JUDGE_SHARE = 1 / 20;
const CHECKPOINT_SHARE = 1 / 10;

export interface LiveOutcome extends RunOutcome {
  seen: Observation;
  /** To be written with the result. */
  moves: Moves | undefined;
}

const STALE =
  "Who plays which role is another now: conversations that have left for the database keep the verdicts of before.";

export async function runLive(options: LiveOptions): Promise<LiveOutcome> {
  const startedAt = new Date().toISOString().replace(/\.(\d{3})Z$/, ".$1000Z");
  const caps = new CapCounter();
  const realm = options.realm ?? DEFAULT_REALM;
  const reader = await LiveReader.open(options.sources, realm, partsOf(options.site, realm), caps);
  if (options.captureFilter) for (const capture of reader.captures) capture.filteredBy(options.captureFilter);
  const observer = new Observer(reader.captures, DECODERS, caps, { vxlanPorts: options.site?.vxlan ?? [] });
  const run = new LiveRun(options, reader, observer, startedAt);
  try {
    await run.toItsEnd();
  } finally {
    await reader.close();
  }
  collectLess();
  const seen = observer.observation;
  const result = (await run.judge("finished"))!;
  const exitCode = exitCodeOf(result, options.strict);
  result.run.exit_code = exitCode;
  return { result, observation: () => encodeObservation(seen), exitCode, seen, moves: run.moves };
}

class LiveRun {
  #options: LiveOptions;
  readonly #reader: LiveReader;
  readonly #observer: Observer;
  readonly #startedAt: string;
  readonly #began = performance.now();
  #stopping = false;
  #statusAt = 0;
  #statusPackets = 0;
  #judgeAt = 0;
  #checkpointAt = 0;
  readonly #ager: Ager;
  readonly #kept = new KeptJudgements();
  readonly #attic: Attic | null;
  #agedAt = performance.now();
  readonly #heap: Pick<HeapWatch, "low">;
  #heapAt = 0;
  /** Frames when it was last judged, and judgements that are still due where none has come since. */
  #judgedFrames = 0;
  #unsettled = 0;
  /** Milliseconds between checkpoints, as they were asked for or told last. */
  #toldApart: number;
  #writtenFrames = -1;
  /** Something else is judged by, and what has left memory is still to be held against it. */
  #isBehind = false;

  constructor(options: LiveOptions, reader: LiveReader, observer: Observer, startedAt: string) {
    this.#options = options;
    this.#reader = reader;
    this.#observer = observer;
    this.#startedAt = startedAt;
    this.#toldApart = options.checkpointMs;
    this.#heap = options.heap ?? new HeapWatch();
    this.#ager = new Ager(observer.observation);
    const { attic } = options.hooks;
    const { observation } = observer;
    this.#attic = attic === null ? null : new Attic(observation, this.#kept, this.#ager, attic, attic.stay);
    this.#judgeAt = this.#began + JUDGE_MS;
    this.#checkpointAt = this.#began + options.checkpointMs;
    this.#statusAt = this.#began;
  }

  async toItsEnd(): Promise<void> {
    const bell = new Bell(TICK_MS);
    const stop = (): void => bell.ring();
    this.#options.signal?.addEventListener("abort", stop);
    try {
      let coming = this.#reader.more();
      for (;;) {
        const came = await Promise.race([coming, bell.rings()]);
        if (came === false) return;
        if (came === true) {
          if (this.#readBlock()) return;
          coming = this.#reader.more();
          await setImmediate(); // signals and timers get their turn even where blocks come full
        }
        if (!this.#stopping) await this.#whatIsDue();
        this.#stopWhenAsked();
      }
    } finally {
      this.#options.signal?.removeEventListener("abort", stop);
      bell.end();
      this.#reader.count();
    }
  }

  get moves(): Moves | undefined {
    return this.#attic?.moves;
  }

  /** True where memory runs low: reading ends while what was read can still be judged, stored and reported. It is damage. */
  #isLow(): boolean {
    const now = performance.now();
    if (now < this.#heapAt) return false;
    this.#heapAt = now + STATUS_MS;
    const message = this.#heap.low();
    if (message === null) return false;
    for (const capture of this.#reader.captures) capture.damage ??= { offset: 0, message };
    return true;
  }

  /**
   * As it stands, with what has come back from the database: at a checkpoint and at the end whatever it is (`whole`), else what
   * is judged. Signals have their turns meanwhile; null where one asks for the end and this is not yet what it ends with.
   */
  async judge(status: RunResult["run"]["status"], whole = true): Promise<RunResult | null> {
    await this.#takeUp();
    const result = await this.#judged(status);
    if (result === null || this.#options.models.length === 0) return result;
    return (await this.#attic?.recall(whole)) === true ? this.#judged(status) : result;
  }

  /** What was loaded anew, which is held against what has left memory as well. */
  async #takeUp(): Promise<void> {
    const { models, hooks } = this.#options;
    const anew = hooks.reloaded();
    if (anew !== null) {
      this.#options = { ...this.#options, ...anew };
      this.#isBehind = models.length > 0;
      this.#writtenFrames = -1; // what is written says otherwise
      this.#judgedFrames = -1;
    }
    if (this.#isBehind) this.#isBehind = !((await this.#attic?.judgeAnew()) ?? true);
  }

  async #judged(status: RunResult["run"]["status"]): Promise<RunResult | null> {
    const { droppedByInterface } = this.#reader.count();
    const steps = judgeInSteps(
      this.#observer.observation,
      { ...this.#options, captures: [] },
      this.#startedAt,
      false,
      this.#kept,
    );
    const result = await inTurns(steps, TURN_MS, () => status === "running" && this.#isAskedToStop());
    if (result === null) return null;
    result.run.status = status;
    result.quality.interface_drops = droppedByInterface;
    const { name, limits } = this.#options.engine;
    result.quality.engine = name;
    if (limits !== null) result.run.warnings = [limits, ...result.run.warnings];
    if (this.#attic !== null) this.#sayDeparted(result, this.#attic);
    return result;
  }

  #sayDeparted(result: RunResult, attic: Attic): void {
    const { hooks } = this.#options;
    const { counts, loads } = attic;
    if (counts !== null) result.departed = counts;
    const isStale = attic.isStale();
    const before = loads.sentences();
    result.quality.judged_before = loads.before;
    if (before.length > 0) {
      const again = `All of it judged by what is loaded now: ${hooks.judgesAll()}`;
      result.run.warnings = [...result.run.warnings, ...before, again];
    }
    if (!isStale) return;
    if (before.length === 0) hooks.notice(STALE);
    else for (const sentence of before) hooks.notice(sentence);
    hooks.notice(`All of it judged by what is loaded now: ${hooks.judgesAll()}`);
  }

  /** True where enough frames have been read. */
  #readBlock(): boolean {
    const { count, hooks } = this.#options;
    const reader = this.#reader;
    const observer = this.#observer;
    const { identified } = observer.observation;
    while (reader.next() === NEXT_FRAME) {
      const { noted } = identified;
      observer.frame(reader.frame);
      if (hooks.frame !== null) hooks.frame(reader.frame, identified.noted !== noted);
      if (count !== null && observer.observation.frames >= count) return true;
    }
    return false;
  }

  #stopWhenAsked(): void {
    if (this.#stopping) return;
    const low = this.#isLow();
    if (!low && !this.#isAskedToStop()) return;
    this.#stopping = true;
    if (low)
      this.#reader.stop(0); // what waits in the kernel is lost, and counted
    else this.#reader.stop();
  }

  #isAskedToStop(): boolean {
    const { forMs, signal } = this.#options;
    return signal?.aborted === true || (forMs !== null && performance.now() - this.#began >= forMs);
  }

  async #whatIsDue(): Promise<void> {
    await this.#takeUp(); // nothing else may come for hours
    const now = performance.now();
    const spent = processorMs();
    const { hooks, checkpointMs } = this.#options;
    if (now - this.#statusAt >= STATUS_MS) this.#tellStatus(now);
    if (now - this.#agedAt >= (this.#options.ageMs ?? AGE_MS)) {
      this.#agedAt = now;
      this.#ager.age(this.#kept.documented);
    }
    const { frames } = this.#observer.observation;
    if (now >= this.#checkpointAt && frames === this.#writtenFrames) {
      this.#checkpointAt = now + checkpointMs; // what is written is still all there is
    } else if (now >= this.#checkpointAt) {
      const result = await this.#clearedResult();
      if (result === null) return;
      this.#writtenFrames = frames;
      hooks.judged(result, true);
      if (await hooks.checkpoint(result, this.#observer.observation, this.moves)) this.#attic?.written();
      const took = processorMs() - spent;
      const apart = Math.max(checkpointMs, took / CHECKPOINT_SHARE);
      if (apart > this.#toldApart * 1.5) {
        this.#toldApart = apart;
        const text = `A checkpoint takes ${seconds(took)}, so from now on they are ${seconds(apart)} apart`;
        hooks.notice(`${text}: were this process killed, so much would be lost.`);
      }
      this.#checkpointAt = now + apart;
      this.#judgeAt = performance.now() + Math.max(JUDGE_MS, took / JUDGE_SHARE);
    } else if (now >= this.#judgeAt) {
      // After the last frame it is judged a few times more: a finding is told once it has stood for some judgements.
      this.#unsettled = frames !== this.#judgedFrames ? STANDS : this.#unsettled - 1;
      if (this.#unsettled > 0) {
        const result = await this.judge("running", false);
        if (result === null) return;
        hooks.judged(result, false);
      }
      this.#judgedFrames = frames;
      this.#judgeAt = performance.now() + Math.max(JUDGE_MS, (processorMs() - spent) / JUDGE_SHARE);
    }
  }

  /** What is to be written at a checkpoint: without what leaves with it. */
  async #clearedResult(): Promise<RunResult | null> {
    const result = await this.judge("running");
    if (result === null || this.#options.models.length === 0) return result;
    return (await this.#attic?.clear(result)) === true ? this.#judged("running") : result;
  }

  #tellStatus(now: number): void {
    const { frames, flows, departed } = this.#observer.observation;
    const { dropped, droppedByInterface } = this.#reader.count();
    this.#options.hooks.status({
      seconds: (now - this.#began) / 1000,
      packets: frames,
      packetsPerSecond: Math.round(((frames - this.#statusPackets) * 1000) / (now - this.#statusAt)),
      dropped,
      droppedByInterface,
      flows: flows.table.count + (departed?.flows ?? 0),
    });
    this.#statusAt = now;
    this.#statusPackets = frames;
  }
}

/** What this process has worked: on a busy machine a judgement takes longer by the clock, and costs no more. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Rings every so often, and when somebody rings it. */
class Bell {
  #resolve: () => void = () => {};
  #rings: Promise<"bell">;
  readonly #timer: NodeJS.Timeout;

  constructor(everyMs: number) {
    this.#rings = this.#next();
    this.#timer = setInterval(() => this.ring(), everyMs);
  }

  rings(): Promise<"bell"> {
    return this.#rings;
  }

  ring(): void {
    this.#resolve();
    this.#rings = this.#next();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #next(): Promise<"bell"> {
    return new Promise((resolve) => {
      this.#resolve = () => resolve("bell");
    });
  }
}
