/**
 * One interface read by libpcap, which writes a capture file into our memory by itself:
 *
 *     kernel ring ─▶ pcap_dispatch ─▶ pcap_dump ─▶ a stream over a slab ─▶ the reader that files have too
 *                    (in C: JavaScript runs once a block, not once a packet)
 *
 *     0        24                                        used                        end
 *     | header | record | record | record | … | record   |  room for `count` of the longest |
 */
import { setTimeout as sleep } from "node:timers/promises";
import { FILE_HEADER, RECORD_HEADER } from "../capture/pcap-header.ts";
import { CaptureError, UsageError } from "../errors.ts";
import { missingInterface, missingRights } from "./advice.ts";
import type { LiveCounts, LiveRequest, LiveSource } from "./engine.ts";
import { compileFilter } from "./filter.ts";
import { onlyArrivals, takeNoMore } from "./kernel-socket.ts";
import { ERROR_BYTES, errorText, type Native, type Pointer } from "./libpcap.ts";
import { isLoopback, linkIsUp } from "./link.ts";

/** Bytes after which a block goes to the reader: what is in the processor's cache is read fastest. */
const BLOCK = 1 << 20;
/** Milliseconds that the kernel may keep packets back to hand them over together, and between looks while nothing comes. */
const HAND_OVER_MS = 50;
const LOOK_MS = 10;
const IDLE_LOOK_MS = 25;
/** Looks in vain after which an interface counts as idle. */
const IDLE_LOOKS = 100;
/** A kernel block that is not full is handed over after this at the latest. */
const HANDED_OVER_MS = 3 * HAND_OVER_MS;
const MOST_DRAIN_MS = 500;
const MOST_LEAVING_MS = 1000;
/** Milliseconds between looks at what the interface is called, and at one that is down. */
const WATCH_MS = 500;
const DOWN_MS = 100;

/** A run gives its rights up once it reads, so it cannot open anything any more. */
const AGAIN = "one that comes back under that name is another interface, and only a new run has the rights to open it";

const NANOSECONDS = 1;
const LINUX_SLL2 = 276;
const UNBUFFERED = 2;
const ERROR = { noSuchDevice: -5, permission: -8, notUp: -9, promiscPermission: -11 } as const;

export class PcapSource implements LiveSource {
  readonly interface: string;
  readonly size = null;
  readonly cut = false;
  bytesRead = 0;
  gone: string | null = null;
  onNotice: (message: string) => void = () => {};
  readonly #native: Native;
  readonly #pcap: Pointer;
  readonly #memory: Pointer;
  readonly #slab: Uint8Array;
  readonly #stream: Pointer;
  readonly #dumper: Pointer;
  /** Bytes of the longest record. */
  readonly #record: number;
  #used: number = FILE_HEADER;
  #read = 0;
  #closed = false;
  #stoppedAt = 0;
  #drainMs = MOST_DRAIN_MS;
  /** Packets that have to be handed on before all that came until the stop has been; infinite where that is not known. */
  #due = Number.POSITIVE_INFINITY;
  #down = false;
  readonly #index: number;
  #name: string;
  #watchedAt = performance.now();
  readonly #raw = new Uint8Array(32);
  readonly #counts: LiveCounts = { dropped: 0, droppedByInterface: 0 };
  readonly #last = { received: 0, dropped: 0, byInterface: 0 };
  /** What the kernel took, what it lost of it included, and packets that were handed on. */
  #received = 0;
  #delivered = 0;

  constructor(native: Native, request: LiveRequest) {
    this.#native = native;
    this.interface = request.interface;
    this.#name = request.interface;
    this.#index = request.interface === "any" ? 0 : native.c.indexOfName(request.interface);
    this.#pcap = open(native, request);
    this.#record = native.pcap.snapshot(this.#pcap) + RECORD_HEADER;
    const bytes = BLOCK + 16 * this.#record;
    this.#memory = native.allocate(bytes);
    this.#slab = native.view(this.#memory, bytes);
    const stream = native.c.memoryStream(this.#memory, bytes, "w+");
    if (stream === null) throw new CaptureError("no memory for the packets that libpcap hands over");
    // Without this the stream would write once more when the process ends, into memory that is gone by then.
    native.c.setBuffering(stream, null, UNBUFFERED, 0);
    const dumper = native.pcap.dumpFopen(this.#pcap, stream);
    if (dumper === null) throw new CaptureError(`${request.interface}: ${native.pcap.error(this.#pcap)}`);
    this.#stream = stream;
    this.#dumper = dumper;
  }

  read(into: Uint8Array, at: number, length: number): number | Promise<number> {
    return this.#read < this.#used ? this.#take(into, at, length) : this.#wait(into, at, length);
  }

  stop(drainMs: number = MOST_DRAIN_MS): void {
    if (this.#stoppedAt > 0) return;
    const closed = takeNoMore(this.#native, this.#pcap);
    this.#stoppedAt = performance.now();
    this.#drainMs = drainMs;
    const { dropped } = this.counts();
    // Where the kernel also counts what libpcap passes over, this is never reached, and draining ends by time.
    if (closed) this.#due = this.#received - (dropped ?? 0);
  }

  counts(): LiveCounts {
    if (this.#closed || this.#native.pcap.stats(this.#pcap, this.#raw) !== 0) return this.#counts;
    const words = new Uint32Array(this.#raw.buffer, 0, 3);
    // The kernel's counters are 32 bits and wrap within hours of a flood.
    this.#received += (words[0]! - this.#last.received) >>> 0;
    this.#counts.dropped! += (words[1]! - this.#last.dropped) >>> 0;
    // An interface that is gone, or has another name, counts from 0 again.
    this.#counts.droppedByInterface += Math.max(0, (words[2]! - this.#last.byInterface) | 0);
    this.#last.received = words[0]!;
    this.#last.dropped = words[1]!;
    this.#last.byInterface = words[2]!;
    return this.#counts;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.counts();
    this.#closed = true;
    this.#native.c.closeStream(this.#stream);
    this.#native.pcap.close(this.#pcap);
    this.#native.release(this.#memory);
  }

  #take(into: Uint8Array, at: number, length: number): number {
    const count = Math.min(length, this.#used - this.#read);
    into.set(this.#slab.subarray(this.#read, this.#read + count), at);
    this.#read += count;
    this.bytesRead += count;
    return count;
  }

  async #wait(into: Uint8Array, at: number, length: number): Promise<number> {
    for (let looks = 0; !this.#closed; looks++) {
      // Before the look: a process that gets no time between the two must not take what it has not looked for as not there.
      const since = this.#stoppedAt > 0 ? performance.now() - this.#stoppedAt : -1;
      const packets = this.#fill();
      if (packets > 0) {
        this.#delivered += packets;
        if (since <= this.#drainMs) return this.#take(into, at, length);
        // Draining takes too long: what is still there is lost.
        this.#counts.dropped! += packets;
        this.#read = this.#used;
      }
      if (since < 0) {
        if (packets < 0 && !this.#goesOn())
          this.stop(); // what waits can still be read
        else if (performance.now() - this.#watchedAt > WATCH_MS && !this.#watch()) this.stop();
      } else if (this.#delivered >= this.#due || (packets <= 0 && since > HANDED_OVER_MS)) {
        return 0;
      } else if (since > MOST_LEAVING_MS && this.#due === Number.POSITIVE_INFINITY) {
        return 0; // packets go on coming, and what the buffer had at the stop is long read
      }
      if (packets <= 0) await sleep(this.#down && since < 0 ? DOWN_MS : looks < IDLE_LOOKS ? LOOK_MS : IDLE_LOOK_MS);
    }
    return 0;
  }

  /** What the kernel has, up to a block. Returns the packets, or below zero what libpcap returned. */
  #fill(): number {
    const { pcap, c } = this.#native;
    c.seek(this.#stream, FILE_HEADER, 0);
    this.#used = FILE_HEADER;
    this.#read = FILE_HEADER;
    let packets = 0;
    while (this.#used < BLOCK) {
      const room = Math.floor((this.#slab.length - this.#used) / this.#record);
      const came = pcap.dispatch(this.#pcap, room, pcap.dump, this.#dumper);
      if (came <= 0) {
        if (came < 0 && packets === 0) return came;
        break;
      }
      packets += came;
      this.#used = pcap.dumpTell(this.#dumper);
    }
    if (packets > 0 && this.#down) this.#setDown(false);
    return packets;
  }

  /** After an error: false where the interface is gone for good. One that is only down is waited for. */
  #goesOn(): boolean {
    if (this.#index === 0) {
      this.gone ??= `${this.interface}: libpcap says: ${this.#native.pcap.error(this.#pcap)}`;
      return false;
    }
    // What libpcap calls gone may only be down, or have another name: it is there as long as its number is.
    return this.#watch();
  }

  #setDown(down: boolean): void {
    if (down === this.#down) return;
    this.#down = down;
    this.onNotice(`${this.#name}: ${down ? "the link went down; waiting for it" : "the link is up again"}`);
  }

  /** Notes a new name, and whether the link is up. False where the interface is not there any more. */
  #watch(): boolean {
    this.#watchedAt = performance.now();
    if (this.#index === 0) return true;
    const name = this.#native.c.nameOfIndex(this.#index, new Uint8Array(16));
    if (name === null) {
      this.gone = `The interface ${this.#name} was removed while it was read (${AGAIN})`;
      this.onNotice(this.gone);
      return false;
    }
    if (name !== this.#name) this.onNotice(`${this.#name} is called ${name} now; reading goes on`);
    this.#name = name;
    this.#setDown(!linkIsUp(this.#native, name));
    return true;
  }
}

/** An activated handle with its filter; closed again where something is wrong. */
function open(native: Native, request: LiveRequest): Pointer {
  const { pcap } = native;
  const error = new Uint8Array(ERROR_BYTES);
  const handle = pcap.create(request.interface, error);
  if (handle === null) throw new CaptureError(`${request.interface}: ${errorText(error)}`);
  try {
    pcap.setSnapLength(handle, request.snapLength);
    pcap.setPromiscuous(handle, request.promiscuous && request.interface !== "any" ? 1 : 0);
    pcap.setTimeout(handle, HAND_OVER_MS);
    pcap.setBufferSize(handle, request.bufferBytes);
    pcap.setPrecision(handle, NANOSECONDS); // where it cannot, microseconds stay, and the header says so
    const code = pcap.activate(handle);
    if (code < 0) throw activationError(native, handle, request, code);
    if (request.interface === "any") pcap.setDatalink(handle, LINUX_SLL2); // it has the interface's index; else the older form stays
    if (request.filter !== "") {
      const program = compileFilter(native, handle, request.filter);
      const set = pcap.setFilter(handle, program);
      pcap.freeCode(program);
      if (set !== 0) throw new CaptureError(`${request.interface}: the filter is refused: ${pcap.error(handle)}`);
    }
    if (isLoopback(native, request.interface)) onlyArrivals(native, handle);
    if (pcap.setNonblock(handle, 1, error) !== 0) throw new CaptureError(`${request.interface}: ${errorText(error)}`);
    return handle;
  } catch (caught) {
    pcap.close(handle);
    throw caught;
  }
}

function activationError(native: Native, handle: Pointer, request: LiveRequest, code: number): Error {
  const name = request.interface;
  const said = native.pcap.error(handle) || native.pcap.status(code);
  if (code === ERROR.noSuchDevice) return new CaptureError(missingInterface(native, name, said));
  if (code === ERROR.permission || code === ERROR.promiscPermission) return missingRights(name, said);
  if (code === ERROR.notUp) return new CaptureError(`${name} is down: ip link set ${name} up (libpcap: ${said})`);
  if (/memory|ENOMEM|buffer|ring/i.test(said)) {
    return new UsageError(
      `--buffer-size ${request.bufferBytes}: the kernel gives no buffer of that size for ${name}; ask for less, such as 64M (libpcap: ${said})`,
    );
  }
  return new CaptureError(`${name} cannot be captured from (libpcap: ${said})`);
}
