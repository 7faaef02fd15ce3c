/** Where a report goes: standard output, or a file that is replaced only once the new one is whole. */
import { once } from "node:events";
import {
  accessSync,
  constants,
  createWriteStream,
  fstatSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { systemReason, UsageError } from "../errors.ts";
import { fileAt } from "../store/select.ts";
import { EXIT_INTERNAL } from "./errors.ts";

/** Writing failed on the way: exit code 5. What was at `--out` before is untouched. */
export class OutputError extends Error {
  override name = "StoreError";
  readonly exitCode = EXIT_INTERNAL;
}

export interface ReportOutput {
  /** The stream's terminal, if it is one; an `--out` file never is. */
  readonly terminal: { isTTY?: boolean; columns?: number };
  write(pieces: Iterable<string>): Promise<void>;
}

/** `out` undefined: standard output. Checked before any capture is read, so that an hour's work is not lost to a typing error. */
export async function reportOutput(out: string | undefined): Promise<ReportOutput> {
  if (out === undefined) {
    if (isPlain(fstatSync(STANDARD_OUTPUT))) return { terminal: {}, write: writePlainly };
    return { terminal: process.stdout, write: (pieces) => writeTo(process.stdout, pieces) };
  }
  const target = outTarget(out);
  return {
    terminal: {},
    write: (pieces) => (target.replace ? replaceFile(target.path, pieces) : writeFile(target.path, pieces, false)),
  };
}

const STANDARD_OUTPUT = 1;
/** Of `null`, `zero` and `full` on Linux, which are no terminals. */
const MEMORY_DEVICES = 1;

function isPlain(output: Stats): boolean {
  return output.isFile() || output.isFIFO() || (output.isCharacterDevice() && output.rdev >> 8 === MEMORY_DEVICES);
}

/**
 * As `writeTo`, to what Node's streams write to at once, too: a file or a pipe. They are not needed for it, and to load them takes
 * a tenth of a short run. Where a pipe's other end has it refuse to wait, they are.
 */
async function writePlainly(pieces: Iterable<string>): Promise<void> {
  const left = pieces[Symbol.iterator]();
  for (let next = left.next(); !next.done; next = left.next()) {
    const bytes = Buffer.from(next.value);
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(STANDARD_OUTPUT, bytes, at);
      } catch (error) {
        if (isBrokenPipe(error)) return;
        if (!isFull(error)) throw new OutputError(`the report could not be written: ${systemReason(error)}`);
        await writeTo(process.stdout, after(bytes.subarray(at), left));
        return;
      }
    }
  }
}

/** What is left of a piece, and of the pieces behind it. */
function* after(rest: Uint8Array, left: Iterator<string>): Generator<string | Uint8Array> {
  yield rest;
  for (let next = left.next(); !next.done; next = left.next()) yield next.value;
}

/** A symbolic link stays one: its target is replaced. Devices and pipes are written to as they are. */
function outTarget(out: string): { path: string; replace: boolean } {
  const there = fileAt(out);
  const path = there === null ? out : realpathSync(out);
  if (there?.isDirectory()) throw new UsageError(`--out ${out}: it is a folder; name a file in it`);
  if (there !== null && !there.isFile()) return { path, replace: false };
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`--out ${out}: nothing can be written to its folder: ${systemReason(error)}`);
  }
  return { path, replace: true };
}

async function replaceFile(path: string, pieces: Iterable<string>): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeFile(beside, pieces, true);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error instanceof OutputError ? error : new OutputError(`--out ${path}: not written: ${systemReason(error)}`);
  }
}

/** `durable`: on the disk before it returns. Devices and pipes know no such thing. */
async function writeFile(path: string, pieces: Iterable<string>, durable: boolean): Promise<void> {
  const stream = createWriteStream(path, { flush: durable });
  await writeTo(stream, pieces);
  stream.end();
  try {
    await once(stream, "close");
  } catch (error) {
    throw new OutputError(`${path}: not written: ${systemReason(error)}`);
  }
}

/**
 * Piece by piece, no faster than the reader takes them. A reader that goes away (`| head`) is no failure: the rest is
 * not made.
 */
export async function writeTo(stream: Writable, pieces: Iterable<string | Uint8Array>): Promise<void> {
  let failed: unknown = null;
  const onError = (error: unknown): void => {
    failed = error;
  };
  stream.on("error", onError);
  const closed = once(stream, "close").catch(onError); // one listener, however often it is waited for
  try {
    for (const piece of pieces) {
      if (!stream.write(piece)) await Promise.race([once(stream, "drain"), closed]).catch(onError);
      if (failed !== null || stream.destroyed) break;
    }
    // The last pieces may still be on their way: an empty write ends after them, and brings their error if there is one.
    if (failed === null && !stream.destroyed) {
      await new Promise<void>((resolve) => {
        stream.write("", (error) => {
          if (error) failed = error;
          resolve();
        });
      });
    }
  } finally {
    stream.off("error", onError);
    stream.on("error", () => {}); // a pipe may break once more while the process ends
  }
  if (failed === null || isBrokenPipe(failed)) return;
  throw new OutputError(`the report could not be written: ${systemReason(failed)}`);
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");
}
