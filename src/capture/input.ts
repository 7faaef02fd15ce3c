import { type CapCounter, LIMITS } from "../limits.ts";
import { type CaptureInfo, type CaptureReader, Frame, NEXT_WAIT, type PlainRecords } from "./frame.ts";
import type { Slab } from "./slab.ts";
import type { ByteSource } from "./source.ts";
import type { Tally } from "./tally.ts";

/** What every reader of a format is made from. */
export interface InputParts {
  readonly info: Tally;
  /** What the format is followed by where the input is packed: `+gzip`, `+zstd`; else empty. */
  readonly packed: string;
  readonly source: ByteSource;
  /** Holds the first bytes of the input already. */
  readonly slab: Slab;
  readonly caps: CapCounter;
  readonly warn: (message: string, capture: CaptureInfo) => void;
}

/**
 * One input in one format. A subclass walks its slab in `next`; reading blocks, the end, and damage are the same for
 * all and stand here.
 *
 * `next` is the hottest code of the program: it touches each record of each capture. In it and in what it calls nothing
 * is allocated, nothing throws, each object has one shape, and fields are read with byte shifts.
 */
export abstract class Input implements CaptureReader {
  readonly captures: readonly CaptureInfo[];
  readonly frame = new Frame();
  plain: PlainRecords | null = null;
  protected readonly slab: Slab;
  protected readonly info: Tally;
  protected readonly caps: CapCounter;
  readonly #source: ByteSource;
  readonly #warn: InputParts["warn"];
  /** The slab has its first block already: the format was recognised in it. */
  #fresh = true;
  #finished = false;

  constructor(parts: InputParts) {
    this.info = parts.info;
    this.slab = parts.slab;
    this.caps = parts.caps;
    this.captures = [parts.info];
    this.#source = parts.source;
    this.#warn = parts.warn;
    this.frame.buf = parts.slab.buf;
  }

  abstract next(): number;

  /** Called at the end of the input where bytes are left that are no whole record. The format says what it was. */
  protected abstract leftOver(): void;

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  async more(): Promise<boolean> {
    if (this.#fresh) {
      this.#fresh = false;
      this.slab.readAhead(this.#source);
      return true;
    }
    if (!this.#finished) {
      try {
        const came = await this.slab.fill(this.#source);
        this.frame.buf = this.slab.buf;
        if (came > 0) {
          this.slab.readAhead(this.#source);
          return true;
        }
        this.#atEnd();
      } catch (error) {
        // Closing while a stream is waited for breaks the wait, and that is no damage.
        if (!this.#finished) this.damaged(this.slab.end, sentence(error));
      }
    }
    await this.close();
    return false;
  }

  async close(): Promise<void> {
    this.#finished = true;
    await this.slab.release();
    await this.#source.close().catch(() => {}); // nothing is lost: all that will be read was read
  }

  #atEnd(): void {
    if (this.slab.end > this.slab.pos) this.leftOver();
    else if (this.#source.cut) this.cut("The compressed file has no end; all records that could be unpacked were read");
  }

  /** The last record is not whole. Everything before it was read, so this is a warning. */
  protected cut(message: string): void {
    this.info.cut = true;
    this.warn(message);
  }

  /** Something to tell that ends nothing. */
  protected warn(message: string): void {
    this.#warn(message, this.info);
  }

  /** Writes the damage down and ends this input. Returns what `next` has to say. */
  protected damaged(at: number, message: string): number {
    const { slab } = this;
    this.info.damage = { offset: slab.offset + (at - slab.pos), message: `${message}. What stands before it was read` };
    this.#finished = true;
    slab.pos = slab.end;
    return NEXT_WAIT;
  }

  /** The record at `pos` takes `length` bytes and not all are here. Beyond the limit that is no length but damage. */
  protected waitFor(length: number, what: string): number {
    if (length > LIMITS.recordBytes) {
      this.caps.hit("recordBytes");
      return this.damaged(
        this.slab.pos,
        `${what} would take ${length} bytes, where ${LIMITS.recordBytes} are the most`,
      );
    }
    this.slab.needed = length;
    return NEXT_WAIT;
  }
}

/** What an error of the system says to people. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  switch (code) {
    case "EIO":
      return "The system could not read on here (EIO: input/output error of the disk or the network folder)";
    case "ENOENT":
      return "There is no such file";
    case "EACCES":
    case "EPERM":
      return "This user may not read it (no permission)";
    case "EISDIR":
      return "This is a folder; give the captures in it, such as FOLDER/*.pcap";
    case "ENOTDIR":
      return "There is no such file: a part of its path is no folder";
    case "EMFILE":
      return "Too many files are open in this process";
    default:
      return error.message;
  }
}
