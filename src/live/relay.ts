/**
 * A program that captures, which this process may not signal any more once it has given up root's rights. So a shell that
 * was started with it, and has its rights, stands between, and knows two words:
 *
 *     this process ──stop, end──▶ sh ──SIGTERM, SIGKILL──▶ tcpdump
 *          ▲                                                  │
 *          └───────────────────── a capture ──────────────────┘
 *
 * Where this process is gone, whatever ended it, the shell ends the program: none goes on capturing for nobody.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** `kill` only ever meets the program or what is left of it: its number is free for others after `wait` alone. */
const SCRIPT = `
command -v "$1" >/dev/null || { echo "it is not installed" >&2; exit 127; }
"$@" </dev/null &
program=$!
exec >&-
while read -r word; do
  case $word in
    stop) kill -TERM "$program" ;;
    end) kill -KILL "$program" ;;
  esac 2>/dev/null
done
kill -TERM "$program" 2>/dev/null
wait "$program"
`;

/** Milliseconds that a program has to end by itself, and after which nobody waits for what it still has open. */
const END_AFTER_MS = 1500;
const LEAVE_AFTER_MS = 10_000;
/** What a program says on its way is kept up to this; what it says at its end stands last. */
const MOST_SAID = 8192;

export class RelayedProgram {
  readonly stdout: Readable;
  /** Its standard error's end. */
  said = "";
  /** Its exit code (behind 128 a signal's number), once all that it said has been read; null where there is none. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #leave: () => void = () => {};
  #stopped = false;

  constructor(name: string, words: readonly string[]) {
    // Its own group: a Ctrl-C is for us, who end it when the time has come.
    const child = spawn("/bin/sh", ["-c", SCRIPT, "sh", name, ...words], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    this.stdout = child.stdout;
    child.stdin.on("error", () => {}); // it has ended before it was told to
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.said = (this.said + text).slice(-MOST_SAID);
    });
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => {
        this.said += error.message;
        resolve(null);
      });
      child.on("close", resolve);
      this.#leave = () => resolve(null);
    });
  }

  /** It ends, and hands out what it still has; where it does not, it is ended, and at last left alone. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#child.stdin.write("stop\n");
    setTimeout(() => this.#child.stdin.write("end\n"), END_AFTER_MS).unref();
    setTimeout(() => this.close(), LEAVE_AFTER_MS).unref();
  }

  /** Its capture has ended: the shell may go. */
  release(): void {
    this.#child.stdin.end();
  }

  /** Nothing more is read from it, and nobody waits for it. */
  close(): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    this.#child.unref();
    this.#leave();
  }
}
