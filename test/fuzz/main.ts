/**
 * `npm run fuzz -- --for 10m`, `--frames N`, `--once`, `--only NAME` (as often as wanted), `--from N`, `--jobs N`, `--keep FOLDER`,
 * or `--seed NAME:NUMBER` to repeat one. Each batch runs in a child with a ceiling on its memory and its time; what fails is repeated
 * by itself, cut down and written to `fixtures/fuzz` or the folder that is given, or to `.cache/fuzz` where bytes of others are in it.
 * `--once` is the same work whenever and wherever it is done: every target, by a few inputs from number 1 on. Exit code 1 where
 * anything failed; all that did stands at the end once more.
 * A run that is stopped (Ctrl-C, SIGTERM) says what it has done all the same.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseDuration } from "../../src/model/values.ts";
import { KEPT, writeInput } from "./kept.ts";
import { minimise } from "./minimise.ts";
import { Random } from "./random.ts";
import { MEMORY_ALLOWED } from "./target.ts";
import { targetNamed, targetNames } from "./targets.ts";

const CHILD = fileURLToPath(new URL("child.js", import.meta.url));
const FOREIGN = ".cache/fuzz";
/** Inputs that a child is given: enough that its start is little of its time. */
const SHARE: Record<string, number> = {
  program: 150,
  bulk: 100,
  container: 2_500,
  model: 150,
  site: 500,
  decoder: 300_000,
};
/** Of each target, where all are tried once. */
const ONCE_SHARE: Record<string, number> = {
  program: 100,
  bulk: 6,
  container: 1_500,
  model: 100,
  site: 300,
  decoder: 10_000,
};
/** Of a long run's: a start and warming up cost a decoder's child a second. */
const LONG_SHARE: Record<string, number> = { decoder: 2_000_000 };
const LONG_RUN_MS = 1_800_000;
/** What goes through the whole program as a capture of frames. */
const WHOLE = new Set(["program", "bulk"]);
/** Milliseconds that a child may take for it; where it is not done by then, the next one goes on from where its share ends. */
const SHARE_MS = 300_000;
/** Seconds on the clock after which a child that says nothing is hung; far above its ceiling of processor time. */
const SILENT_SEC = 120;
const TRIES = 400;
/** Characters of a kept input that a failure shows: enough to write it down from a log. */
const SHOWN = 1_500;

interface Failure {
  target: string;
  number: number;
  why: string;
}

/** Somebody asked for an end. */
let stopped = false;
const stop = (): void => {
  stopped = true;
};

const { values } = parseArgs({
  options: {
    for: { type: "string" },
    once: { type: "boolean", default: false },
    keep: { type: "string", default: KEPT },
    frames: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    from: { type: "string" },
    seed: { type: "string" },
    jobs: { type: "string", default: "1" },
  },
});

if (values.seed === undefined) process.exitCode = await fuzz();
else await repeat(values.seed);

async function fuzz(): Promise<number> {
  const begun = Date.now();
  const duration = values.for === undefined ? null : parseDuration(values.for);
  const frames = values.frames === undefined ? Number.POSITIVE_INFINITY : Number(values.frames);
  const isCounted = values.once || values.frames !== undefined;
  const endAt = begun + (duration ?? (isCounted ? Number.POSITIVE_INFINITY : 60_000));
  const names = targetNames().filter(
    (name) => values.only.length === 0 || values.only.some((word) => name.startsWith(word)),
  );
  if (names.length === 0 || Number.isNaN(frames))
    throw new Error("nothing to do: --only names no target, or --frames no number");
  // Where nothing is said, every run tries numbers of its own; a failure names the one that it was.
  const from = Number(values.from ?? (values.once ? 1 : begun % 1_000_000_000));
  const counts = new Map<string, { inputs: number; frames: number; seconds: number }>();
  const failures: Failure[] = [];
  const known = new Set<string>();
  const told: string[] = [];
  const next = values.once ? oneByOne(names) : roundRobin(names, from);
  let total = 0;
  const rounds = new Map<string, number>();
  const isLong = (duration ?? 0) >= LONG_RUN_MS;
  const shares = values.once ? ONCE_SHARE : isLong ? { ...SHARE, ...LONG_SHARE } : SHARE;
  const mostMs = values.once ? Number.POSITIVE_INFINITY : SHARE_MS;
  process.on("SIGINT", stop).on("SIGTERM", stop);
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  report();
  return failures.length === 0 ? 0 : 1;

  async function work(): Promise<void> {
    while (!stopped && Date.now() < endAt && total < frames) {
      const name = next();
      if (name === null) return;
      const share = shares[name.split("/")[0]!]!;
      const round = rounds.get(name) ?? 0;
      rounds.set(name, round + 1);
      const start = Date.now();
      const done = await runChild(name, from + round * share, share, Math.min(endAt - start, mostMs));
      total += done.frames;
      const sum = counts.get(name) ?? { inputs: 0, frames: 0, seconds: 0 };
      counts.set(name, {
        inputs: sum.inputs + done.inputs,
        frames: sum.frames + done.frames,
        seconds: sum.seconds + (Date.now() - start) / 1000,
      });
      for (const failure of done.failures) await keep(failure);
    }
  }

  async function keep(failure: Failure): Promise<void> {
    const kind = `${failure.target} ${shape(failure.why)}`;
    failures.push(failure);
    if (known.has(kind)) return;
    known.add(kind);
    const seed = `${failure.target}:${failure.number}`;
    const kept = await cutDown(failure).catch((error: unknown) => `not, because ${error}`);
    const input = existsSync(kept) ? readFileSync(kept, "utf8").trimEnd().slice(0, SHOWN).replaceAll("\n", "\n  ") : "";
    const why = failure.why.split("\n").slice(0, 8).join("\n  ");
    told.push(
      `FAILED ${seed}\n  ${why}\n  again: npm run fuzz -- --seed ${seed}\n  kept, cut down: ${kept}\n  ${input}`,
    );
    console.log(told.at(-1));
  }

  function report(): void {
    console.log("target                     inputs      frames   seconds");
    for (const [name, { inputs, frames, seconds }] of [...counts].sort()) {
      console.log(
        `${name.padEnd(24)} ${String(inputs).padStart(8)} ${String(frames).padStart(11)} ${seconds.toFixed(0).padStart(9)}`,
      );
    }
    console.log(
      `${total} frames and messages in ${((Date.now() - begun) / 60_000).toFixed(1)} min, ${failures.length} failures of ${known.size} kinds`,
    );
    if (told.length > 0) console.log(["", "Once more what failed:", ...told].join("\n"));
  }
}

/** Each of them once. */
function oneByOne(names: readonly string[]): () => string | null {
  const left = names.values();
  return () => left.next().value ?? null;
}

/** Every second turn is the whole program's, where it is among them. The first is another with each run, so that short ones reach all. */
function roundRobin(names: readonly string[], from: number): () => string {
  const whole = names.filter((name) => WHOLE.has(name));
  const others = names.filter((name) => !WHOLE.has(name));
  let turn = 2 * (from % 1_000);
  return () => {
    const half = turn++ >> 1;
    const isWhole = whole.length > 0 && (others.length === 0 || turn % 2 === 0);
    const list = isWhole ? whole : others;
    return list[(whole.length === 0 || others.length === 0 ? turn - 1 : half) % list.length]!;
  };
}

interface Done {
  inputs: number;
  frames: number;
  failures: Failure[];
}

/** A child's share; a crash or a hang is repeated step by step to find its number. */
async function runChild(target: string, from: number, count: number, ms: number, careful = false): Promise<Done> {
  const args = [target, String(from), String(count), careful ? "careful" : ""];
  const { lines, ended } = await child(args, ms);
  const done: Done = { inputs: 0, frames: 0, failures: [] };
  let at = from;
  for (const line of lines) {
    const [word, number = "", ...rest] = line.split(" ");
    if (word === "at") {
      at = Number(number);
      done.frames = Number(rest[0]);
    }
    if (word === "ok") done.frames = Number(number);
    if (word === "failed")
      done.failures.push({ target, number: Number(number), why: String(JSON.parse(rest.join(" "))) });
  }
  done.inputs = lines.some((line) => line.startsWith("ok ")) ? count : at - from;
  if (ended === "done" || ended === "time is up") return done;
  if (careful) done.failures.push({ target, number: at, why: ended });
  else {
    const again = await runChild(target, at, from + count - at, 2 * SILENT_SEC * 1000, true);
    const why = `${ended} (in this batch; not when it was repeated)`;
    if (again.failures.length > 0) done.failures.push(...again.failures);
    // Silence that is not repeated is a machine that had no time; whoever dies but once died all the same.
    else if (ended.startsWith("hung")) console.log(`${target}:${at}: ${why}`);
    else done.failures.push({ target, number: at, why });
  }
  return done;
}

/** What a child said, and how it ended: `done`, `time is up`, or what became of it. */
function child(args: readonly string[], ms: number): Promise<{ lines: string[]; ended: string }> {
  // Half of the memory for V8's heap: buffers are outside of it.
  const heap = `--max-old-space-size=${MEMORY_ALLOWED / 2 / (1 << 20)}`;
  const fuzzer = spawn(process.execPath, [heap, CHILD, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const heard = { out: "", errors: "", last: Date.now() };
  let ended = "";
  const deadline = Date.now() + ms;
  const watch = setInterval(() => {
    if (Date.now() - heard.last > SILENT_SEC * 1000) ended = `hung: nothing done in ${SILENT_SEC} s`;
    if (stopped) ended ||= "time is up";
    if (ended !== "") fuzzer.kill("SIGKILL");
  }, 250);
  fuzzer.stdout.on("data", (chunk: Buffer) => {
    heard.out += chunk;
    heard.last = Date.now();
    // Between batches only, so that a hang is not taken for the end of the time.
    if (heard.last <= deadline || ended !== "") return;
    ended = "time is up";
    fuzzer.kill("SIGKILL");
  });
  fuzzer.stderr.on("data", (chunk: Buffer) => {
    heard.errors = (heard.errors + chunk).slice(-4_000);
  });
  return new Promise((resolve) => {
    fuzzer.on("close", (code, signal) => {
      clearInterval(watch);
      // Ctrl-C reaches the child too.
      if (stopped) ended ||= "time is up";
      const died = code === 0 ? "done" : `ended by ${signal ?? `exit code ${code}`}: ${heard.errors.trim()}`;
      resolve({ lines: heard.out.split("\n").filter((line) => line !== ""), ended: ended === "" ? died : ended });
    });
  });
}

/** Numbers and addresses in a message differ from one failure to the next of the same kind. */
function shape(why: string): string {
  return why
    .split("\n")
    .slice(0, 2)
    .join(" ")
    .replace(/[\d.]+/g, "N");
}

/** Writes the smallest input that fails in the same way; what killed a child is kept whole. */
async function cutDown({ target: name, number, why }: Failure): Promise<string> {
  const target = await targetNamed(name);
  const made = await target.make(new Random(`${name}:${number}`));
  const input = target.split?.(made) ?? made;
  const folder = input.own ? values.keep : FOREIGN;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replace("/", "-")}-${number}.json`);
  const isThrown = !/^(hung|ended|\d+ bytes held)/.test(why);
  const fails = async (smaller: typeof input): Promise<boolean> => {
    try {
      await target.try(smaller);
      return false;
    } catch (error) {
      return shape(String(error instanceof Error ? error.stack : error)) === shape(why);
    }
  };
  const smallest = isThrown ? await minimise(input, fails, TRIES, WHOLE.has(name) ? 1 : 0) : input;
  writeFileSync(path, writeInput(smallest, `${name}:${number}`, why.split("\n")[0]!));
  return path;
}

async function repeat(seed: string): Promise<void> {
  const colon = seed.lastIndexOf(":");
  const target = await targetNamed(seed.slice(0, colon));
  const messages = await target.try(await target.make(new Random(seed)));
  console.log(`${seed}: ${messages} frames or messages, nothing broke`);
}
