/**
 * The npm package `cap`, for whoever has it installed already. It hands over a packet at a time as `(bytes, truncated)`
 * and nothing else: no time from the kernel, no count of what was lost, no length on the wire beyond what it captured.
 * It copes with about 50,000 packets a second, and ends the whole process where the interface goes down.
 */

import { FILE_HEADER, RECORD, RECORD_HEADER } from "../capture/pcap-header.ts";
import { CaptureError, UsageError } from "../errors.ts";
import { missingRights } from "./advice.ts";
import type { LiveCounts, LiveEngine, LiveRequest, LiveSource } from "./engine.ts";

/** What is used of it. */
interface Cap {
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  setMinBytes?(bytes: number): void;
  on(event: "packet", listener: (bytes: number, truncated: boolean) => void): void;
  close(): void;
}

const LINK_TYPES: Readonly<Record<string, number>> = { ETHERNET: 1, NULL: 0, RAW: 101, LINKTYPE_LINUX_SLL: 113 };
/** Packets wait here for the reader; beyond it they are lost, and counted. */
const MOST_WAITING = 32 << 20;
const SNAP = 65_535;

/** UsageError where the package is not installed or was built for another Node. */
export async function capEngine(): Promise<LiveEngine> {
  const Make = await loadCap();
  return {
    name: "cap",
    limits:
      "the package cap hands over no timestamps of the kernel (times are those of arrival in this process) and no count of " +
      "what was lost; frames longer than 65,535 bytes are cut; where the interface goes down it aborts the process, and what the " +
      "last checkpoint wrote is what is left",
    async open(requests: readonly LiveRequest[]): Promise<LiveSource[]> {
      return requests.map((request) => new CapSource(new Make(), request));
    },
  };
}

async function loadCap(): Promise<new () => Cap> {
  const name: string = "cap"; // an optional peer: its types need not be there
  try {
    const loaded: { Cap?: new () => Cap; default?: { Cap?: new () => Cap } } = await import(name);
    const found = loaded.Cap ?? loaded.default?.Cap;
    if (found !== undefined) return found;
    throw new Error("it has no Cap");
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UsageError(
      `--engine cap: the package cap does not load (${why}). It is built where it is installed and for one version of Node: ` +
        "npm install cap@0.2.1 with its build script allowed, a compiler and libpcap-dev; or leave --engine out",
    );
  }
}

class CapSource implements LiveSource {
  readonly interface: string;
  readonly size = null;
  readonly cut = false;
  bytesRead = 0;
  readonly gone = null;
  onNotice: (message: string) => void = () => {};
  readonly #cap: Cap;
  readonly #buffer = Buffer.alloc(SNAP);
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #stopped = false;
  #wake: () => void = () => {};
  readonly #counts: LiveCounts = { dropped: null, droppedByInterface: 0 };

  constructor(cap: Cap, request: LiveRequest) {
    this.interface = request.interface;
    this.#cap = cap;
    let linkType: string;
    try {
      linkType = cap.open(request.interface, request.filter, request.bufferBytes, this.#buffer);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      if (/filter|syntax error|unknown (?:host|port|network)/i.test(said))
        throw new UsageError(`-f: cap does not take this filter: ${said}\n  ${request.filter}`);
      throw /permi(?:ssion|tted)/i.test(said)
        ? missingRights(request.interface, said)
        : new CaptureError(`${request.interface}: cap says: ${said} (wirepact live --list-interfaces)`);
    }
    cap.setMinBytes?.(0);
    this.#push(fileHeader(LINK_TYPES[linkType] ?? 1));
    cap.on("packet", (bytes, truncated) => this.#packet(bytes, truncated));
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#waiting.length === 0) {
      if (this.#stopped) return 0;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    let count = 0;
    while (count < length && this.#waiting.length > 0) {
      const [first] = this.#waiting as [Uint8Array];
      const part = first.subarray(0, length - count);
      into.set(part, at + count);
      count += part.length;
      if (part.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(part.length);
    }
    this.#waitingBytes -= count;
    this.bytesRead += count;
    return count;
  }

  stop(): void {
    if (!this.#stopped) this.#cap.close();
    this.#stopped = true;
    this.#wake();
  }

  counts(): LiveCounts {
    return this.#counts;
  }

  async close(): Promise<void> {
    this.stop();
  }

  #packet(bytes: number, truncated: boolean): void {
    if (this.#waitingBytes > MOST_WAITING) {
      this.#counts.dropped = (this.#counts.dropped ?? 0) + 1;
      return;
    }
    const now = performance.timeOrigin + performance.now();
    const record = new Uint8Array(RECORD_HEADER + bytes);
    const view = new DataView(record.buffer);
    view.setUint32(RECORD.sec, Math.floor(now / 1000), true);
    view.setUint32(RECORD.fraction, Math.floor((now % 1000) * 1e6), true);
    view.setUint32(RECORD.capLen, bytes, true);
    view.setUint32(RECORD.wireLen, truncated ? bytes + 1 : bytes, true);
    record.set(this.#buffer.subarray(0, bytes), RECORD_HEADER);
    this.#push(record);
  }

  #push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#wake();
  }
}

/** A pcap file header, nanoseconds, little-endian. */
function fileHeader(linkType: number): Uint8Array {
  const header = new Uint8Array(FILE_HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b23c4d, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP, true);
  view.setUint32(20, linkType, true);
  return header;
}
