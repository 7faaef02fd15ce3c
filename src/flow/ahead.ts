/**
 * A thread that is one block ahead of the walk: it reads the next block of a plain file, and makes an entry of each of its
 * records (`wasm/entry.ts`), with which the walk begins to look up rows.
 *
 *     thread ahead   block 2, its entries │ block 3, its entries │ …
 *     first thread   walks block 1        │ walks block 2        │ …
 *
 * An entry depends on its record and on nothing else. So where none is made (a record claims too much, another file is read
 * meanwhile), or the thread is no more, the walk makes its own, with the same result.
 */
import type { Worker } from "node:worker_threads";
import type { AheadTask } from "./ahead-thread.ts";
import * as Words from "./ahead-words.ts";
import type { Arena } from "./arena.ts";

const { ASKED, CAME, DONE, FREE, MADE, OVER, STATE, WAITS } = Words;

/** Seen from this folder and from that of the bundled program's pieces, which is beside it. */
const THREAD = new URL("../flow/ahead-thread.js", import.meta.url);
/** Milliseconds in which nothing else has its turn while a block is waited for, which usually is there. */
const WAIT_MS = 5;
/** Asked so often before it sleeps: waking up takes longer. */
const LOOKS = 1000;
/** MB: next to nothing is allocated. */
const HEAP = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };

/** What to read. Places are bytes in the arena. */
export interface BlockAsked {
  file: number;
  /** Where in the file. */
  place: number;
  at: number;
  length: number;
  entriesAt: number;
  /** Entries at most. */
  room: number;
  /** Nanoseconds in a unit of the records' fractions. */
  unit: number;
  /** The bytes that stand before it in the file: from a record's beginning on, and their end. */
  before: number;
  beforeEnd: number;
}

export class Ahead {
  readonly #words: Int32Array;
  #task: AheadTask | null = null;
  #worker: Worker | null = null;
  /** Wakes who waits for a message. */
  #wake: (() => void) | null = null;

  constructor(arena: Arena) {
    this.#words = new Int32Array(arena.buffer, Words.AHEAD, Words.AHEAD_WORDS);
  }

  /** What the thread is begun with, once somebody wants it. */
  prepare(task: AheadTask): void {
    this.#task = task;
  }

  /** Whether it may be asked. The first call begins the thread, where one may be had. */
  ready(): boolean {
    if (this.#task !== null) this.#begin(this.#task);
    return Atomics.load(this.#words, STATE) === FREE;
  }

  #begin(task: AheadTask): void {
    this.#task = null;
    const threads = process.getBuiltinModule("node:worker_threads");
    try {
      const worker = new threads.Worker(THREAD, { workerData: task, resourceLimits: HEAP });
      worker.unref(); // it holds up no end
      worker.on("message", () => this.#wake?.());
      worker.on("error", () => this.#over()); // it does without
      worker.on("exit", () => this.#over());
      this.#worker = worker;
    } catch {
      this.#over();
    }
  }

  ask(block: BlockAsked): void {
    const words = this.#words;
    words[Words.FILE] = block.file;
    words[Words.PLACE] = block.place | 0;
    words[Words.PLACE + 1] = Math.floor(block.place / 2 ** 32);
    words[Words.INTO] = block.at;
    words[Words.LENGTH] = block.length;
    words[Words.ENTRIES] = block.entriesAt;
    words[Words.ROOM] = block.room;
    words[Words.UNIT] = block.unit;
    words[Words.BEFORE] = block.before;
    words[Words.BEFORE_END] = block.beforeEnd;
    words[WAITS] = 0;
    Atomics.store(words, STATE, ASKED);
    Atomics.notify(words, STATE);
  }

  /** Bytes that came; below 0 where they could not be read. */
  answer(): number | Promise<number> {
    const words = this.#words;
    for (let i = 0; i < LOOKS && this.#isBusy; i++);
    if (this.#isBusy) Atomics.wait(words, STATE, ASKED, WAIT_MS);
    return this.#isBusy ? this.#later() : this.#came();
  }

  /** Entries made of what came last. */
  get made(): number {
    return this.#words[MADE]!;
  }

  /** Nothing more will be asked. */
  close(): void {
    this.#over();
    Atomics.notify(this.#words, STATE);
  }

  get #isBusy(): boolean {
    return Atomics.load(this.#words, STATE) === ASKED;
  }

  /** Of a slow disk: others have their turn. */
  async #later(): Promise<number> {
    this.#worker?.ref();
    while (this.#isBusy) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      Atomics.store(this.#words, WAITS, 1);
      if (this.#isBusy) await woken;
    }
    this.#wake = null;
    this.#worker?.unref();
    return this.#came();
  }

  #came(): number {
    if (Atomics.compareExchange(this.#words, STATE, DONE, FREE) !== DONE) return -1;
    return this.#words[CAME]!;
  }

  #over(): void {
    Atomics.store(this.#words, STATE, OVER);
    this.#wake?.();
  }
}
