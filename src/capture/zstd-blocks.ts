/**
 * Cuts a zstd stream into its pieces: frame headers, blocks, checksums, skippable frames (RFC 8878, section 3.1).
 *
 * Neither decoder can be left alone with a stream. Node's stops after the first of several frames and takes a cut one
 * for whole, both in silence. `fzstd` takes what memory a frame header asks for, and unpacks all it is given at once;
 * handed one piece at a time it gives at most 128 KiB for each, and a header's wish can be refused first.
 */
import { u32le } from "./bytes.ts";

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const CHECKSUM = 4;
const RUN_OF_ONE_BYTE = 1;
/** RFC 8878, section 3.1.1.2.4: no block is larger, packed or unpacked. */
const BLOCK_BYTES = 128 << 10;
/** The window that zstd's own decoder accepts unless told otherwise (`--long=27`). */
const WINDOW_BYTES = 128 << 20;

export interface ZstdPiece {
  bytes: Uint8Array;
  /** A frame begins with it. */
  first: boolean;
}

export class ZstdBlocks {
  #held: Uint8Array = new Uint8Array(0);
  #state: "frame" | "block" | "checksum" | "skip" = "frame";
  #skip = 0;
  #hasChecksum = false;

  /** True between frames, the only place where a stream may end. */
  get whole(): boolean {
    return this.#state === "frame" && this.#held.length === 0;
  }

  /** Adds bytes; returns the pieces that are whole now, in order. Throws an Error for people where they are no zstd. */
  push(chunk: Uint8Array): ZstdPiece[] {
    const bytes = new Uint8Array(this.#held.length + chunk.length);
    bytes.set(this.#held);
    bytes.set(chunk, this.#held.length);
    const pieces: ZstdPiece[] = [];
    let at = 0;
    for (;;) {
      const length = this.#pieceLength(bytes, at);
      if (length < 0 || at + length > bytes.length) break;
      // Skippable frames hold no data, so the decoder gets none of them.
      const skipped = this.#state === "skip" || (this.#state === "frame" && isSkippable(bytes, at));
      if (!skipped) pieces.push({ bytes: bytes.subarray(at, at + length), first: this.#state === "frame" });
      this.#pass(bytes, at, length);
      at += length;
      if (at === bytes.length) break;
    }
    this.#held = bytes.slice(at);
    return pieces;
  }

  /** Length of the piece at `at`; -1 where too little is there to say. */
  #pieceLength(bytes: Uint8Array, at: number): number {
    const there = bytes.length - at;
    switch (this.#state) {
      case "checksum":
        return CHECKSUM;
      case "skip":
        return Math.min(there, this.#skip);
      case "block": {
        if (there < 3) return -1;
        const { size } = blockHeader(bytes, at);
        if (size > BLOCK_BYTES) throw new Error(`A zstd block claims ${size} bytes, where ${BLOCK_BYTES} are the most`);
        return 3 + size;
      }
      case "frame":
        return there < 5 ? -1 : frameHeaderLength(bytes, at);
    }
  }

  #pass(bytes: Uint8Array, at: number, length: number): void {
    switch (this.#state) {
      case "checksum":
        this.#state = "frame";
        break;
      case "skip":
        this.#skip -= length;
        if (this.#skip === 0) this.#state = "frame";
        break;
      case "block":
        if (blockHeader(bytes, at).last) this.#state = this.#hasChecksum ? "checksum" : "frame";
        break;
      case "frame":
        this.#enterFrame(bytes, at, length);
        break;
    }
  }

  #enterFrame(bytes: Uint8Array, at: number, length: number): void {
    if (isSkippable(bytes, at)) {
      this.#skip = u32le(bytes, at + 4);
      this.#state = this.#skip === 0 ? "frame" : "skip";
      return;
    }
    const window = windowBytes(bytes, at, length);
    if (window > WINDOW_BYTES) {
      throw new Error(
        `The zstd stream wants ${window} bytes of memory, more than ${WINDOW_BYTES}: pack it without --long`,
      );
    }
    this.#hasChecksum = (bytes[at + 4]! & 4) !== 0;
    this.#state = "block";
  }
}

function isSkippable(bytes: Uint8Array, at: number): boolean {
  return (u32le(bytes, at) & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

/** Section 3.1.1.2: last-block flag, type, size; a run of one repeated byte takes one byte, whatever its size. */
function blockHeader(bytes: Uint8Array, at: number): { last: boolean; size: number } {
  const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  const type = (header >> 1) & 3;
  return { last: (header & 1) !== 0, size: type === RUN_OF_ONE_BYTE ? 1 : header >> 3 };
}

/** Section 3.1.1.1: how many bytes the fields take that the descriptor announces. */
function frameHeaderLength(bytes: Uint8Array, at: number): number {
  if (isSkippable(bytes, at)) return bytes.length - at < 8 ? -1 : 8;
  if (u32le(bytes, at) !== FRAME_MAGIC) throw new Error("What follows a zstd frame is no zstd frame");
  const { window, dictionary, content } = headerFields(bytes[at + 4]!);
  const length = 5 + window + dictionary + content;
  return bytes.length - at < length ? -1 : length;
}

function headerFields(descriptor: number): { window: number; dictionary: number; content: number } {
  const single = (descriptor >> 5) & 1;
  return {
    window: 1 - single,
    dictionary: [0, 1, 2, 4][descriptor & 3]!,
    content: [single, 2, 4, 8][descriptor >> 6]!,
  };
}

/** Section 3.1.1.1.2: the window; in a single segment it is the content's size. */
function windowBytes(bytes: Uint8Array, at: number, length: number): number {
  const { window, content } = headerFields(bytes[at + 4]!);
  if (window === 1) {
    const descriptor = bytes[at + 5]!;
    const base = 2 ** (10 + (descriptor >> 3));
    return base + (base / 8) * (descriptor & 7);
  }
  const from = at + length - content;
  let size = content === 2 ? 256 : 0;
  for (let i = 0; i < content; i++) size += bytes[from + i]! * 256 ** i;
  return size;
}
