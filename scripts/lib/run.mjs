// Runs another program for the scripts: its output goes to a log, the console hears what it is at, and of a failure the
// last lines are kept, because the cause stands there.
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const TAIL_LINES = 30;
const HEARTBEAT_MS = 15_000;

/** How long ago `since` (milliseconds, of `Date.now()`) was: `8.1 s`. */
export const elapsed = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/**
 * Runs `command` to its end and never throws: a program that can't be started ends with code 127.
 * `log` is the file that gets all output; `say` hears a line every 15 s; `onLine` sees each line and may return a few words
 * for what is being done, which the next such line quotes.
 * @returns {Promise<{ code: number, tail: string[] }>} the exit code (128 where a signal ended it), the last lines printed
 */
export function runLogged(command, args, { log, say, onLine, env = process.env, cwd = ROOT }) {
  mkdirSync(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const tail = [];
  const started = Date.now();
  let doing = "";
  let rest = "";
  const take = (line) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    doing = onLine?.(line) ?? doing;
  };
  const heart = setInterval(() => say(`  still at it after ${elapsed(started)}${doing && `: ${doing}`}`), HEARTBEAT_MS);
  return new Promise((done) => {
    let ended = false;
    const end = (code) => {
      if (ended) return;
      ended = true;
      clearInterval(heart);
      if (rest) take(rest);
      file.end(() => done({ code, tail }));
    };
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        file.write(text);
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines) take(line);
      });
    }
    child.on("error", (error) => {
      rest = `${command}: ${error.message}`;
      end(127);
    });
    child.on("close", (code) => end(code ?? 128));
  });
}

/** Runs a short program and gives its output, or null where it is not there or fails. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    cwd: ROOT,
    ...options,
  });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Where a program stands on `path`; null where it is not. */
export function which(program, path = process.env.PATH ?? "") {
  const folders = path.split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file)) ?? null;
}

/**
 * How to run npm under the very Node that runs this script, whatever PATH says: the npm that started us, the one beside
 * our Node, else the one on PATH.
 * @returns {{ command: string, args: string[] }}
 */
export function npm() {
  const beside = join(dirname(dirname(process.execPath)), "lib/node_modules/npm/bin/npm-cli.js");
  const own = process.env.npm_execpath;
  const cli = own && /npm-cli\.c?js$/.test(own) ? own : beside;
  return existsSync(cli) ? { command: process.execPath, args: [cli] } : { command: "npm", args: [] };
}

/** The environment for children: our own Node first on PATH, so that install scripts use it too. */
export function childEnv(extra = {}) {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`, ...extra };
}

/** The words of a command line: split at spaces, but for what stands in single or double quotes. */
export function wordsOf(line) {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}

/** A word as it can be typed into a shell. */
export const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
