/**
 * tcpdump or dumpcap as a child process: it holds the rights, so that the process with the decoders needs none. Where
 * libpcap cannot be loaded, or where this user may run dumpcap and not capture by itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StreamSource } from "../capture/source.ts";
import { CaptureError, UsageError } from "../errors.ts";
import { CHILD_RIGHTS } from "./advice.ts";
import type { LiveCounts, LiveEngine, LiveRequest, LiveSource } from "./engine.ts";

interface Program {
  name: string;
  arguments(request: LiveRequest): string[];
  /** What it counted, from what it says at its end; null where it does not say it. */
  counts(said: string, request: LiveRequest): Pick<LiveCounts, "dropped" | "received"> | null;
}

/** Neither gets its immediate mode: with a large snap length the kernel's buffer then holds a few hundred frames. */
const PROGRAMS: readonly Program[] = [
  {
    name: "tcpdump",
    arguments: ({ interface: name, snapLength, bufferBytes, promiscuous, filter }) => [
      ...["-i", name, "-w", "-", "-U", "-n", "--time-stamp-precision=nano", "-s", `${snapLength}`],
      ...["-B", `${Math.max(1, Math.floor(bufferBytes / 1024))}`, ...(promiscuous ? [] : ["-p"])],
      ...(filter === "" ? [] : ["--", filter]),
    ],
    // What it received counts what the kernel dropped, and what was still in the kernel's buffer when the signal came.
    counts: (said, { interface: name }) => {
      const times = LOOPBACK.test(name) ? 2 : 1;
      const count = (what: string): number => Number(new RegExp(`(\\d+) packets? ${what}`).exec(said)?.[1]) / times;
      const [received, dropped] = [Math.ceil(count("received by filter")), Math.ceil(count("dropped by kernel"))];
      if (Number.isNaN(dropped)) return null;
      return name === "any" || Number.isNaN(received) ? { dropped } : { dropped, received };
    },
  },
  {
    name: "dumpcap",
    arguments: ({ interface: name, snapLength, bufferBytes, promiscuous, filter }) => [
      ...["-q", "-P", "-w", "-", "-i", name, "-s", `${snapLength}`],
      ...["-B", `${Math.max(1, Math.ceil(bufferBytes / (1 << 20)))}`, ...(promiscuous ? [] : ["-p"])],
      ...(filter === "" ? [] : ["-f", filter]),
    ],
    counts: (said) => {
      const [, dropped] = /received\/dropped on interface .*?: \d+\/(\d+)/.exec(said) ?? [];
      return dropped === undefined ? null : { dropped: Number(dropped) };
    },
  },
];

/** Its packets come twice, going out and coming in: both count as received, and one is passed over. On "any" nobody says how many. */
const LOOPBACK = /^lo\d*$/;

/** What a program says on its way is kept up to this; what it says at its end stands last. */
const MOST_SAID = 8192;
const KILL_AFTER_MS = 1500;

/** `only`: the program to use; else the first that starts. */
export function childEngine(only?: string): LiveEngine {
  const programs = PROGRAMS.filter(({ name }) => only === undefined || name === only);
  return {
    name: "child",
    limits:
      "a child process captures: what it lost is known only once it has ended; what it has not handed over when it is stopped, " +
      "of up to a second, counts as lost (on any, and by dumpcap, it is not counted)",
    async open(requests: readonly LiveRequest[]): Promise<LiveSource[]> {
      const failures: string[] = [];
      for (const program of programs) {
        const sources: ChildSource[] = [];
        try {
          for (const request of requests) sources.push(await ChildSource.start(program, request));
          return sources;
        } catch (error) {
          for (const source of sources) await source.close();
          if (error instanceof UsageError) throw error; // as wrong for the next one
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
      const mayNot = failures.some((failure) => /permi(?:ssion|tted)/i.test(failure));
      throw new CaptureError("no child process captures:", [
        ...failures.map((failure) => `  ${failure}`),
        ...(mayNot ? CHILD_RIGHTS : []),
      ]);
    },
  };
}

class ChildSource implements LiveSource {
  readonly interface: string;
  readonly size = null;
  readonly cut = false;
  gone: string | null = null;
  onNotice: (message: string) => void = () => {};
  readonly #child: ChildProcess;
  readonly #program: Program;
  readonly #stream: StreamSource;
  readonly #ended: Promise<number | null>;
  /** A first chunk shows that it captures. */
  #first: Uint8Array | null = null;
  #said = "";
  #stopped = false;
  readonly #counts: LiveCounts = { dropped: null, droppedByInterface: 0 };

  private constructor(program: Program, request: LiveRequest) {
    this.interface = request.interface;
    this.#program = program;
    // Its own group: a Ctrl-C is for us, who end it when the time has come.
    const child = spawn(program.name, program.arguments(request), {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    this.#stream = new StreamSource(child.stdout as Readable);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-MOST_SAID);
    });
    this.#ended = new Promise((resolve) => {
      child.on("error", (error) => {
        this.#said += error.message;
        resolve(null);
      });
      child.on("close", (code) => {
        Object.assign(this.#counts, program.counts(this.#said, request));
        resolve(code);
      });
    });
  }

  /** Resolves once it hands out a capture; rejects with what it said where it does not. */
  static async start(program: Program, request: LiveRequest): Promise<ChildSource> {
    const source = new ChildSource(program, request);
    const into = new Uint8Array(64 << 10);
    const count = await Promise.race([source.#stream.read(into, 0, into.length), source.#ended.then(() => 0)]);
    if (count > 0) {
      source.#first = into.slice(0, count);
      return source;
    }
    await source.#ended;
    const said = source.#lastWords();
    if (/syntax error|filter|unknown host|unknown port/i.test(said)) {
      throw new UsageError(`-f: ${program.name} does not take this filter: ${said}\n  ${request.filter}`);
    }
    throw new CaptureError(`${program.name}: ${said}`);
  }

  get bytesRead(): number {
    return this.#stream.bytesRead - (this.#first?.length ?? 0);
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    if (this.#first !== null) {
      const part = this.#first.subarray(0, length);
      into.set(part, at);
      this.#first = part.length < this.#first.length ? this.#first.subarray(part.length) : null;
      return part.length;
    }
    const count = await this.#stream.read(into, at, length);
    if (count === 0) {
      await this.#ended;
      if (!this.#stopped && this.gone === null) {
        this.gone = `${this.#program.name} on ${this.interface} ended by itself: ${this.#lastWords()}`;
        this.onNotice(this.gone);
      }
    }
    return count;
  }

  stop(): void {
    this.#stopped = true;
    this.#child.kill("SIGINT");
    setTimeout(() => this.#child.kill("SIGKILL"), KILL_AFTER_MS).unref();
  }

  counts(): LiveCounts {
    return this.#counts;
  }

  async close(): Promise<void> {
    this.stop();
    await this.#stream.close();
    await this.#ended;
  }

  /** What it said, without what it says when all is well. */
  #lastWords(): string {
    const lines = this.#said
      .split("\n")
      .map((line) => line.replace(`${this.#program.name}: `, "").trim())
      .filter((line) => line !== "" && !/^(listening on|Capturing on|File:|verbose output|\d+ packets )/.test(line));
    return lines.slice(0, 3).join(" ") || "it said nothing";
  }
}
