/** Wall time and peak memory of a command, and what several runs of it say together. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Measurement {
  /** Seconds from start to end, start-up included. */
  seconds: number;
  /** Processor seconds of all its threads, user and system; null where this machine does not tell. */
  cpuSeconds: number | null;
  /** Largest resident set in MB (10⁶ bytes); null where this machine does not tell. */
  peakMB: number | null;
  exitCode: number;
  /** The last line that it wrote to standard error; empty where there was none. */
  lastWords: string;
}

const GNU_TIME = "/usr/bin/time";
const POLL_MS = 20;

/** How peak memory is learned here, for the report. */
export function memoryMethod(): "GNU time" | "/proc" | "none" {
  if (process.platform !== "linux") return "none";
  return existsSync(GNU_TIME) ? "GNU time" : "/proc";
}

/** Runs a command to its end, its output thrown away. One that can't be started has exit code 127. */
export function measure(command: readonly string[]): Promise<Measurement> {
  const method = memoryMethod();
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const note = join(folder, "peak");
  const [program, ...args] =
    method === "GNU time" ? [GNU_TIME, "-q", "-f", "%M %U %S", "-o", note, ...command] : command;
  return new Promise((resolve) => {
    const started = process.hrtime.bigint();
    const child = spawn(program!, args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-2_000);
    });
    let polled: number | null = null;
    const poll = setInterval(() => {
      if (method === "/proc" && child.pid) polled = highWater(child.pid) ?? polled;
    }, POLL_MS);
    const end = (exitCode: number): void => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      clearInterval(poll);
      const told = existsSync(note) ? readFileSync(note, "utf8").trim().split(" ").map(Number) : [];
      rmSync(folder, { recursive: true, force: true });
      const [kilobytes, user, system] = told;
      const peak = kilobytes === undefined ? polled : kilobytes * 1_024;
      resolve({
        seconds,
        cpuSeconds: user === undefined || system === undefined ? null : user + system,
        peakMB: peak === null ? null : peak / 1e6,
        exitCode,
        lastWords: errors.trim().split("\n").pop() ?? "",
      });
    };
    child.on("error", () => end(127));
    child.on("close", (code) => end(code ?? 128));
  });
}

/** A process's own high-water mark in bytes; what it grew by after the last look, at most 20 ms, is missed. */
function highWater(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
  } catch {
    return null; // it has just ended
  }
}

/** The middle value; of an even number of values the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Reads a file once, so that every program finds it in the page cache. */
export async function warm(path: string): Promise<void> {
  const { createReadStream } = await import("node:fs");
  for await (const _ of createReadStream(path, { highWaterMark: 4 << 20 }));
}
