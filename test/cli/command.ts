/** Runs the compiled command line as a user's shell would. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  input?: Uint8Array;
  env?: Record<string, string>;
}

export function wirepact(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const { NO_COLOR: _no, FORCE_COLOR: _force, COLUMNS: _columns, ...inherited } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: options.cwd,
      env: { ...inherited, LC_ALL: "C.UTF-8", ...options.env },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => {}); // a command that ends early leaves its input unread
    child.stdin.end(options.input);
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
    );
  });
}

/** A folder of its own for a test, gone afterwards. */
export function scratch(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-cli-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
