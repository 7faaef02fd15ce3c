/** One interface that another program captures from, which writes a pcap stream. */
import { ReplaySource, StreamSource } from "../capture/source.ts";
import type { LiveCounts, LiveRequest, LiveSource } from "./engine.ts";
import { RelayedProgram } from "./relay.ts";

export interface CapturingProgram {
  /** As people know it. */
  readonly name: string;
  /** Where it is no program of that name: what to start, and the words before its own. */
  readonly started?: readonly [string, ...string[]];
  arguments(request: LiveRequest): string[];
  /** What a line of its standard error means to people, where it is not for them; empty for nothing. */
  inWords?(line: string): string;
  /** What it counted, from what it says at its end; null where it does not say it. */
  counts(said: string, request: LiveRequest): Pick<LiveCounts, "dropped" | "received"> | null;
  /** What to tell of one that does not begin to capture, from what it said. */
  refusal(said: string, request: LiveRequest): Error | Promise<Error>;
}

/** A pcap header is handed over at once; one that is not shows that nothing is captured. */
const FIRST_BYTES = 64 << 10;
/** Exit codes above tell of a signal. */
const SIGNALLED = 128;
/** What they say when all is well. */
const ALL_WELL = /^(listening on|Capturing on|File:|verbose output|\d+ packets )/;

export class ChildSource implements LiveSource {
  readonly interface: string;
  readonly size = null;
  readonly cut = false;
  gone: string | null = null;
  onNotice: (message: string) => void = () => {};
  readonly #program: CapturingProgram;
  readonly #running: RelayedProgram;
  readonly #bytes: ReplaySource;
  #stopped = false;
  readonly #counts: LiveCounts = { dropped: null, droppedByInterface: 0 };

  private constructor(program: CapturingProgram, name: string, running: RelayedProgram, bytes: ReplaySource) {
    this.interface = name;
    this.#program = program;
    this.#running = running;
    this.#bytes = bytes;
  }

  /** Resolves once it hands out a capture; rejects with its refusal where it does not. */
  static async start(program: CapturingProgram, request: LiveRequest): Promise<ChildSource> {
    const [command, ...words] = program.started ?? [program.name];
    const running = new RelayedProgram(command, [...words, ...program.arguments(request)]);
    const stream = new StreamSource(running.stdout);
    const into = new Uint8Array(FIRST_BYTES);
    const count = await Promise.race([stream.read(into, 0, into.length), running.ended.then(() => 0)]);
    if (count === 0) {
      running.release();
      const code = await running.ended; // and with it all that it said
      throw await program.refusal(lastWords(program, running.said, code), request);
    }
    const source = new ChildSource(program, request.interface, running, new ReplaySource(into.slice(0, count), stream));
    void running.ended.then(() => Object.assign(source.#counts, program.counts(running.said, request)));
    return source;
  }

  get bytesRead(): number {
    return this.#bytes.bytesRead;
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    const count = await this.#next(into, at, length);
    if (count > 0) return count;
    this.#running.release();
    const code = await this.#running.ended;
    if (!this.#stopped && this.gone === null) {
      const why = lastWords(this.#program, this.#running.said, code);
      this.gone = `${this.#program.name} on ${this.interface} ended by itself: ${why}`;
      this.onNotice(this.gone);
    }
    return 0;
  }

  async #next(into: Uint8Array, at: number, length: number): Promise<number> {
    try {
      return await this.#bytes.read(into, at, length);
    } catch (error) {
      if (this.#stopped) return 0; // it did not end when it was told to, and was left
      throw error;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#running.stop();
  }

  counts(): LiveCounts {
    return this.#counts;
  }

  async close(): Promise<void> {
    this.stop();
    this.#running.release();
    await this.#bytes.close();
    await this.#running.ended;
  }
}

/** What it said, without what it says when all is well. */
function lastWords({ name, inWords }: CapturingProgram, said: string, code: number | null): string {
  const lines = said
    .split("\n")
    .map((line) => line.replace(`${name}: `, "").trim())
    .filter((line) => !ALL_WELL.test(line))
    .map((line) => inWords?.(line) ?? line)
    .filter((line) => line !== "");
  if (lines.length > 0) return lines.slice(0, 3).join(" ");
  if (code !== null && code > SIGNALLED) return `signal ${code - SIGNALLED} ended it`;
  return "it said nothing";
}
