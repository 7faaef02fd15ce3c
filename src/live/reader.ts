/** Live sources as one capture reader: whichever has a block is read next. */

import { type CaptureReader, Frame, NEXT_WAIT } from "../capture/frame.ts";
import { PcapInput } from "../capture/pcap.ts";
import { FILE_HEADER, readPcapHeader } from "../capture/pcap-header.ts";
import type { RealmPart } from "../capture/realm-parts.ts";
import { blockBytes, Slab } from "../capture/slab.ts";
import { Tally } from "../capture/tally.ts";
import { CaptureError } from "../errors.ts";
import type { CapCounter } from "../limits.ts";
import type { LiveSource } from "./engine.ts";

interface Lane {
  source: LiveSource;
  input: CaptureReader;
  info: Tally;
  /** Its next block, asked for and not here yet. */
  coming: Promise<Lane> | null;
  ended: boolean;
}

/**
 * Blocks of several interfaces follow each other as they come, so times step back by up to a block's duration from one
 * interface to the next. Nothing that is decided while reading depends on the order between interfaces.
 */
export class LiveReader implements CaptureReader {
  readonly captures: readonly Tally[];
  readonly plain = null;
  readonly #lanes: Lane[];
  #current: Lane | null = null;
  /** Lanes that still run. */
  readonly #running: Set<Lane>;

  private constructor(lanes: Lane[]) {
    this.#lanes = lanes;
    this.#running = new Set(lanes);
    this.captures = lanes.map(({ info }) => info);
  }

  /** Waits for each source's first bytes. Rejects with CaptureError where one hands out no capture. */
  static async open(
    sources: readonly LiveSource[],
    realm: string,
    parts: readonly RealmPart[],
    caps: CapCounter,
  ): Promise<LiveReader> {
    const lanes: Lane[] = [];
    for (const [order, source] of sources.entries()) {
      const info = new Tally(source.interface, realm, parts);
      const slab = new Slab(blockBytes(null, sources.length));
      slab.needed = FILE_HEADER;
      await slab.fill(source);
      const header =
        slab.end - slab.pos < FILE_HEADER ? source.gone : readPcapHeader(slab.buf, slab.pos, slab.pos + FILE_HEADER);
      if (header === null || typeof header === "string") {
        throw new CaptureError(`${source.interface}: ${header ?? "nothing came from it"}`);
      }
      const input = new PcapInput(header, { info, packed: "", source, slab, caps, warn: () => {} });
      info.format = "live";
      input.frame.capture = order;
      lanes.push({ source, input, info, coming: null, ended: false });
    }
    return new LiveReader(lanes);
  }

  get frame(): Frame {
    return this.#current?.input.frame ?? NO_FRAME;
  }
  get bytesRead(): number {
    return this.#lanes.reduce((sum, { source }) => sum + source.bytesRead, 0);
  }

  next(): number {
    return this.#current === null ? NEXT_WAIT : this.#current.input.next();
  }

  /** Resolves to false when every source was stopped or is gone. */
  async more(): Promise<boolean> {
    while (this.#running.size > 0) {
      for (const lane of this.#running) lane.coming ??= waitFor(lane);
      const lane = await Promise.race([...this.#running].map(({ coming }) => coming!));
      lane.coming = null;
      if (!lane.ended) {
        this.#current = lane;
        return true;
      }
      this.#running.delete(lane);
      const { source, info } = lane;
      // What came before is valid; that nothing more can come is damage like a file's.
      if (source.gone !== null) info.damage ??= { offset: 0, message: `${source.gone}. What came before was read` };
    }
    this.#current = null;
    return false;
  }

  /** Asks the kernel what was lost, and writes it down with each capture. */
  count(): { dropped: number | null; droppedByInterface: number } {
    let dropped: number | null = null;
    let droppedByInterface = 0;
    for (const { source, info } of this.#lanes) {
      const counts = source.counts();
      const { received = 0 } = counts;
      info.drops = counts.dropped === null ? null : Math.max(counts.dropped, received - info.packets);
      if (info.drops !== null) dropped = (dropped ?? 0) + info.drops;
      droppedByInterface += counts.droppedByInterface;
    }
    return { dropped, droppedByInterface };
  }

  /** No new packets: what is held is still read, for `drainMs` at most where it is given; then `more` resolves to false. */
  stop(drainMs?: number): void {
    for (const { source } of this.#lanes) source.stop(drainMs);
  }

  async close(): Promise<void> {
    for (const { input } of this.#lanes) await input.close();
  }
}

const NO_FRAME = new Frame();

async function waitFor(lane: Lane): Promise<Lane> {
  lane.ended = !(await lane.input.more());
  return lane;
}
