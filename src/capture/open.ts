/**
 * Opens captures: finds out where the bytes come from, how they are packed, and which format they are in.
 */
import { createReadStream, type Stats, statSync } from "node:fs";
import type { Ahead } from "../flow/ahead.ts";
import type { Arena } from "../flow/arena.ts";
import { CapCounter } from "../limits.ts";
import { type CaptureInfo, type CaptureReader, Frame, NEXT_WAIT } from "./frame.ts";
import { type InputParts, sentence } from "./input.ts";
import { advance, type Lane, MergedReader } from "./merge.ts";
import { PcapInput } from "./pcap.ts";
import { isPcap, readPcapHeader } from "./pcap-header.ts";
import { isPcapng, PcapngInput } from "./pcapng.ts";
import type { RealmPart } from "./realm-parts.ts";
import { whatItIs } from "./recognize.ts";
import { blockBytes, Slab } from "./slab.ts";
import { isSnoop, readSnoopHeader, SnoopInput } from "./snoop.ts";
import { type ByteSource, type Chunks, FileSource, ReplaySource, StreamSource } from "./source.ts";
import { Tally } from "./tally.ts";
import { packingOf, UnpackSource } from "./unpack.ts";

export interface CaptureInput {
  /** A file, a named pipe, or `-` for standard input. */
  path: string;
  /** The part of the network that its addresses belong to; empty unless given. */
  realm?: string;
  /** What of it is in other realms. */
  parts?: readonly RealmPart[];
  /** A file is read to here and no further, in bytes; to its end unless given. */
  size?: number;
}

export interface OpenOptions {
  /** Counts the limits that were hit. */
  caps?: CapCounter;
  /** Told of what ends nothing but should be known: a last record that is cut. One sentence without a full stop. */
  onWarning?: (message: string, capture: CaptureInfo) => void;
  /** Read for `-` in place of the process's standard input. */
  stdin?: Chunks;
  /** Memory to read into. */
  arena?: Arena | null;
  /** The thread that reads ahead, once it is there. */
  ahead?: Ahead | null;
  /** For tests: bytes to read at a time. */
  block?: number;
}

/**
 * Opens captures in pcap (all variants but Ixia's), pcapng or snoop, as they are or packed with gzip or zstd, and reads
 * them as one: in time order across them, in file order within each.
 *
 * Never rejects because of an input: what can't be read, or is no capture, has `damage` in its `CaptureInfo`, with a
 * sentence that says what it is instead, and the others are read all the same. Memory is bounded whatever the inputs
 * hold: one slab for each that is being read, the smaller the more there are (`blockBytes`), unless a record needs more.
 */
export async function openCaptures(inputs: readonly CaptureInput[], options: OpenOptions = {}): Promise<CaptureReader> {
  const tallies = inputs.map(({ path, realm, parts }) => new Tally(path, realm ?? "", parts));
  const opener = new Opener(options, inputs);
  if (tallies.length === 1) return opener.open(tallies[0]!, 0);

  const lanes: Lane[] = [];
  for (const [order, info] of tallies.entries()) {
    const lane = await opener.lane(info, order);
    if (lane !== null) lanes.push(lane);
  }
  return new MergedReader(tallies, lanes);
}

/** Of more inputs than this that are read at once, the further ones are not kept open. */
const KEPT_OPEN = 64;
/** A file's first frame is looked for in blocks of the smallest size. */
const PEEK = Number.POSITIVE_INFINITY;
/** What is needed to tell a format, and to say what a file is that has none. */
const SNIFF_BYTES = 4096;

class Opener {
  readonly #caps: CapCounter;
  readonly #warn: InputParts["warn"];
  readonly #stdin: OpenOptions["stdin"];
  readonly #arena: Arena | null;
  readonly #ahead: Ahead | null;
  readonly #block: number | undefined;
  readonly #inputs: readonly CaptureInput[];

  constructor(options: OpenOptions, inputs: readonly CaptureInput[]) {
    const { caps = new CapCounter(), onWarning = () => {}, stdin, arena = null, ahead = null, block } = options;
    this.#caps = caps;
    this.#warn = onWarning;
    this.#stdin = stdin;
    this.#arena = arena;
    this.#ahead = ahead;
    this.#block = block;
    this.#inputs = inputs;
  }

  /** Opens one input, of `among` that are read at once; one that can't be read gives a reader without frames. */
  async open(info: Tally, order: number, among = 1, warn = this.#warn): Promise<CaptureReader> {
    let source: ByteSource | null = null;
    try {
      source = this.#sourceOf(this.#inputs[order]!, among);
      info.size = source.size;
      return await this.#reader(info, order, source, among, warn);
    } catch (error) {
      await source?.close().catch(() => {}); // the first failure is the one to tell
      info.damage = { offset: 0, message: sentence(error) };
      return new NothingToRead(info);
    }
  }

  /** The time of an input's first frame, and how to get at it; null where it has none. */
  async lane(info: Tally, order: number): Promise<Lane | null> {
    // A file is opened twice, for its first time and for good; what it warns of is told once.
    const held: string[] = [];
    let again = false;
    const warn: InputParts["warn"] = (message) => (again ? this.#warn(message, info) : held.push(message));
    const isFile = info.path !== "-" && isRegularFile(info.path);
    const reader = await this.open(info, order, isFile ? PEEK : this.#inputs.length, warn);
    const found = await advance(reader);
    again = found && isFile;
    if (again) {
      await reader.close();
      const { sec, nsec } = reader.frame;
      info.reset();
      const open = async (running: number) => {
        const second = await this.open(info, order, running + 1);
        return (await advance(second)) ? second : null;
      };
      return { sec, nsec, order, open };
    }
    again = true;
    for (const message of held) this.#warn(message, info);
    return found ? { sec: reader.frame.sec, nsec: reader.frame.nsec, order, open: async () => reader } : null;
  }

  async #reader(
    info: Tally,
    order: number,
    plain: ByteSource,
    among: number,
    warn: InputParts["warn"],
  ): Promise<CaptureReader> {
    let source = plain;
    let slab = new Slab(this.#block ?? blockBytes(source.size, among), this.#arena, this.#ahead);
    let head = await firstBytes(slab, source);
    const packing = packingOf(head);
    if (packing !== null) {
      source = new UnpackSource(packing, new ReplaySource(slab.buf.slice(slab.pos, slab.end), plain));
      await slab.release();
      slab = new Slab(blockBytes(null, among), this.#arena);
      head = await firstBytes(slab, source);
      if (head.length < 4 && source.cut)
        throw new Error(`The ${packing} file is cut before anything could be unpacked`);
    }
    const packed = packing === null ? "" : `+${packing}`;
    const parts: InputParts = { info, packed, source, slab, caps: this.#caps, warn };
    const input = inputIn(parts, whatItIs(head, packing ?? ""));
    input.frame.capture = order;
    return input;
  }

  #sourceOf({ path, size }: CaptureInput, among: number): ByteSource {
    if (path === "-") {
      if (this.#stdin === undefined && process.stdin.isTTY) {
        throw new Error("Standard input is a terminal: send a capture to it, as in tcpdump -w - | wirepact check -");
      }
      return new StreamSource(this.#stdin ?? process.stdin);
    }
    const stats: Stats = statSync(path);
    if (stats.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" });
    if (stats.isFile()) return new FileSource(path, among <= KEPT_OPEN, size);
    return new StreamSource(createReadStream(path));
  }
}

function isRegularFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // whoever opens it says why
  }
}

/** Fills the slab with enough to tell what the input is; at its end with what there is. */
async function firstBytes(slab: Slab, source: ByteSource): Promise<Uint8Array> {
  slab.needed = SNIFF_BYTES;
  await slab.fill(source);
  return slab.buf.subarray(slab.pos, Math.min(slab.end, slab.pos + SNIFF_BYTES));
}

/** The reader of the format that the slab's first bytes show. Throws an Error for people where there is none. */
function inputIn(parts: InputParts, whatElse: string): CaptureReader {
  const { buf, pos, end } = parts.slab;
  if (isPcapng(buf, pos, end)) return new PcapngInput(parts);
  if (isPcap(buf, pos, end)) {
    const header = readPcapHeader(buf, pos, end);
    if (typeof header === "string") throw new Error(header);
    return new PcapInput(header, parts);
  }
  if (isSnoop(buf, pos, end)) {
    const linkType = readSnoopHeader(buf, pos, end);
    if (typeof linkType === "string") throw new Error(linkType);
    return new SnoopInput(linkType, parts);
  }
  throw new Error(whatElse);
}

/** Stands for an input that could not be opened. */
class NothingToRead implements CaptureReader {
  readonly captures: readonly CaptureInfo[];
  readonly frame = new Frame();
  readonly plain = null;
  readonly bytesRead = 0;

  constructor(info: CaptureInfo) {
    this.captures = [info];
  }
  next(): number {
    return NEXT_WAIT;
  }
  async more(): Promise<boolean> {
    return false;
  }
  async close(): Promise<void> {}
}
