/**
 * The npm package `cap` in a process of its own, because it ends its process where the interface goes down:
 *
 *     node cap-child.js INTERFACE BUFFER_BYTES SNAP_LENGTH FILTER
 *
 * Writes a pcap stream to standard output until SIGTERM. Where it does not begin, it says why in one line and exits with 1.
 */
import { FILE_HEADER, RECORD, RECORD_HEADER } from "../capture/pcap-header.ts";

/** What is used of it. */
interface Cap {
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  setMinBytes?(bytes: number): void;
  on(event: "packet", listener: (bytes: number, truncated: boolean) => void): void;
  close(): void;
}

/** What its refusal begins with where the package is the reason (`cap-engine.ts`). */
const DOES_NOT_LOAD = "the package cap does not load";
const LINK_TYPES: Readonly<Record<string, number>> = {
  ...{ ETHERNET: 1, NULL: 0, RAW: 101, LINKTYPE_LINUX_SLL: 113, IEEE802_11_RADIO: 127 },
};
/** What it captures of a packet at most. */
const MOST_BYTES = 65_535;

const [device = "", bufferBytes = "", snapLength = "", filter = ""] = process.argv.slice(2);
const buffer = Buffer.alloc(Math.min(Number(snapLength), MOST_BYTES));
let waiting: Uint8Array[] = [];

try {
  capture(new (await loadCap())());
} catch (error) {
  process.stderr.write(`${String(error instanceof Error ? error.message : error).replaceAll("\n", " ")}\n`);
  process.exitCode = 1;
}

async function loadCap(): Promise<new () => Cap> {
  const name: string = "cap"; // an optional peer: its types need not be there
  try {
    const loaded: { Cap?: new () => Cap; default?: { Cap?: new () => Cap } } = await import(name);
    const found = loaded.Cap ?? loaded.default?.Cap;
    if (found !== undefined) return found;
    throw new Error("it has no Cap");
  } catch (error) {
    throw new Error(`${DOES_NOT_LOAD} (${error instanceof Error ? error.message : String(error)})`);
  }
}

function capture(cap: Cap): void {
  const linkType = cap.open(device, filter, Number(bufferBytes), buffer);
  cap.setMinBytes?.(0);
  process.stdout.on("error", () => cap.close()); // nobody reads any more
  process.stdout.write(fileHeader(LINK_TYPES[linkType] ?? numberIn(linkType)));
  cap.on("packet", (bytes, truncated) => {
    if (waiting.push(record(bytes, truncated)) === 1) setImmediate(handOver);
  });
  process.on("SIGTERM", () => {
    cap.close();
    handOver();
  });
}

/** `Unknown linktype 276`: the others have no name here. */
function numberIn(linkType: string): number {
  const [number] = /\d+$/.exec(linkType) ?? [];
  if (number === undefined) throw new Error(`it gives frames of a kind that it does not name: ${linkType}`);
  return Number(number);
}

/** It waits where nobody reads, and packets wait in the kernel meanwhile. */
function handOver(): void {
  const all = waiting;
  waiting = [];
  if (all.length > 0) process.stdout.write(Buffer.concat(all));
}

/** With the time of its arrival here, because the kernel's is not handed over; and one byte more than is there, where it was cut. */
function record(bytes: number, truncated: boolean): Uint8Array {
  const now = performance.timeOrigin + performance.now();
  const made = new Uint8Array(RECORD_HEADER + bytes);
  const view = new DataView(made.buffer);
  view.setUint32(RECORD.sec, Math.floor(now / 1000), true);
  view.setUint32(RECORD.fraction, Math.floor((now % 1000) * 1e6), true);
  view.setUint32(RECORD.capLen, bytes, true);
  view.setUint32(RECORD.wireLen, truncated || bytes === MOST_BYTES ? bytes + 1 : bytes, true);
  made.set(buffer.subarray(0, bytes), RECORD_HEADER);
  return made;
}

/** A pcap file header, nanoseconds, little-endian. */
function fileHeader(linkType: number): Uint8Array {
  const header = new Uint8Array(FILE_HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b23c4d, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, buffer.length, true);
  view.setUint32(20, linkType, true);
  return header;
}
