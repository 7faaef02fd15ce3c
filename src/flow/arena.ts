/**
 * One memory for all that the compiled walk (`wasm/walk.ts`) touches: the slabs that files are read into, the flow table's
 * index, and its rows.
 *
 *      0        72 KiB                    a quarter                                       end
 *      ┌────────┬─────────────────────────┬──────────────────────────────────────────────┐
 *      │ walk's │ slabs, indexes  ──▶     │ rows, one behind the other                   │
 *      └────────┴─────────────────────────┴──────────────────────────────────────────────┘
 *
 * It is asked for whole and never grows, because growing would cut off every view of it. The system gives memory for what
 * is touched, so what is asked for costs only addresses. Nobody shares it; but of memory that could be shared V8 does not reckon
 * that its 3 GiB weigh on the heap, looks through which it would otherwise begin at once and again and again. Where something finds no room, it lives in memory of its own, and
 * the packets of which it is a part go the usual way.
 */

/** What Node has of WebAssembly, as far as it is used here; `lib` names it only beside a browser's objects. */
interface WebAssemblyApi {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => { readonly buffer: SharedArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** Null where Node was started without it (`--jitless`). */
export function webAssembly(): WebAssemblyApi | null {
  return (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly ?? null;
}

const PAGE = 64 << 10;
/** Sizes to ask for, in pages: the first has room for `LIMITS.flows`; the others for machines that refuse it. */
const SIZES = [49_152, 16_384, 4_096];
/** The walk's own: results, a batch of entries, bits of ports, answers, forms. */
const OWN = 72 << 10;
/** Large arrays of the usual kind begin so many bytes into a page, which `Slab` and `FlowTable` reckon with. */
const INTO_PAGE = 16;
const LINE = 64;

export class Arena {
  readonly memory: { readonly buffer: SharedArrayBuffer };
  readonly buffer: SharedArrayBuffer;
  /** Where rows begin and end. */
  readonly rows: number;
  readonly end: number;
  #next = OWN;
  /** What was given back, by size. */
  readonly #free = new Map<number, number[]>();

  private constructor(memory: { readonly buffer: SharedArrayBuffer }) {
    this.memory = memory;
    this.buffer = memory.buffer;
    this.end = memory.buffer.byteLength;
    this.rows = Math.floor(this.end / PAGE / 4) * PAGE;
  }

  /** Null where the machine or Node refuses. `pages`: of 64 KiB, for tests. */
  static make(pages?: number): Arena | null {
    const wasm = webAssembly();
    if (wasm === null) return null;
    for (const size of pages === undefined ? SIZES : [pages]) {
      try {
        return new Arena(new wasm.Memory({ initial: size, maximum: size, shared: true }));
      } catch {
        // Refused: addresses are limited (`ulimit -v`, a small container). Less may be had.
      }
    }
    return null;
  }

  /** Bytes for a slab or an index, 16 bytes into a page; -1 where there is no room. What was given back is not cleared. */
  take(bytes: number): number {
    const back = this.#free.get(bytes)?.pop();
    if (back !== undefined) return back;
    const at = this.#next + INTO_PAGE;
    if (at + bytes > this.rows) return -1;
    this.#next = Math.ceil((at + bytes) / 4096) * 4096;
    return at;
  }

  /** As `take`, for so many times 64 bytes, each of them a line of the processor's cache. */
  takeLines(count: number): number {
    const at = this.take(count * LINE + LINE - INTO_PAGE);
    return at < 0 ? -1 : at + LINE - INTO_PAGE;
  }

  giveLinesBack(at: number, count: number): void {
    this.giveBack(at - LINE + INTO_PAGE, count * LINE + LINE - INTO_PAGE);
  }

  /**
   * Addresses for what grows where it stands, from 16 bytes into a page on: as many as it may come to take, or half of what is left; null where
   * there are not even `least`. They take no memory until they are touched, and nobody has touched them.
   */
  reserve(least: number, most: number): { at: number; end: number } | null {
    const left = Math.floor((this.rows - this.#next) / 2 / 4096) * 4096;
    const bytes = Math.max(least, Math.min(most, left));
    const at = this.#next + INTO_PAGE;
    if (at + bytes > this.rows) return null;
    this.#next = Math.ceil((at + bytes) / 4096) * 4096;
    return { at, end: at + bytes };
  }

  giveBack(at: number, bytes: number): void {
    const of = this.#free.get(bytes);
    if (of === undefined) this.#free.set(bytes, [at]);
    else of.push(at);
  }
}
