/**
 * The last bytes of one direction that were read already, and where its messages began: what is sent again is held against
 * them. Who hides a command sends it a second time with other bytes, or a harmless one before it that never arrives.
 *
 *     ◂──────────────── length ────────────────▸ end: the first byte that was not read yet
 *     │ message      │ message  │ message      │
 *     a bit at each start, behind all bytes; none behind `length`
 */
import { REWIND_BYTES, WINDOW } from "./ledger.ts";

export class Rewind {
  #memory: Uint8Array = new Uint8Array(REWIND_BYTES);
  /** Bytes that are kept. */
  length = 0;

  /** Goes on in other memory, of `REWIND_BYTES`. */
  moveTo(memory: Uint8Array): void {
    if (memory === this.#memory) return;
    memory.set(this.#memory);
    this.#memory = memory;
  }

  /** Goes on in memory of its own. */
  moveOut(): void {
    this.#memory = this.#memory.slice();
  }

  /** A message that was read, behind the ones before. As `keep` in `wasm/glance.ts`. */
  add(buf: Uint8Array, off: number, len: number): void {
    const kept = Math.min(len, WINDOW);
    if (this.length + kept > WINDOW) this.#forget(kept);
    const at = this.length;
    const memory = this.#memory;
    const from = off + len - kept;
    for (let i = 0; i < kept; i++) memory[at + i] = buf[from + i]!;
    if (kept === len) memory[WINDOW + (at >>> 3)]! |= 1 << (at & 7);
    this.length = at + kept;
  }

  /** Bytes were lost or passed over: what is kept is not what stands before the next ones. */
  clear(): void {
    this.#drop(this.length);
  }

  /** Makes room, for more than is needed: so it is rarely called. */
  #forget(need: number): void {
    this.#drop(this.length - Math.min(this.length, WINDOW - Math.max(need, WINDOW >> 1)));
  }

  /** The oldest `count` bytes, and up to seven more: bits move by whole bytes. */
  #drop(count: number): void {
    const bits = (count + 7) >>> 3;
    this.#memory.copyWithin(0, bits * 8, this.length);
    this.#memory.copyWithin(WINDOW, WINDOW + bits, REWIND_BYTES);
    this.#memory.fill(0, REWIND_BYTES - bits);
    this.length = Math.max(0, this.length - bits * 8);
  }

  /** Whether bytes, of which the first stands `back` before the end, are other than those kept there, as far as any are. */
  differs(back: number, buf: Uint8Array, off: number, len: number): boolean {
    const at = this.length - back;
    for (let i = Math.max(0, -at); i < len && at + i < this.length; i++)
      if (this.#memory[at + i] !== buf[off + i]) return true;
    return false;
  }

  /** How far before the end the message began in which the byte `back` before the end is; `back` where that is not kept. */
  startOf(back: number): number {
    for (let at = this.length - back; at >= 0; at--)
      if (((this.#memory[WINDOW + (at >>> 3)]! >>> (at & 7)) & 1) !== 0) return this.length - at;
    return back;
  }

  /** Copies what is kept from `back` before the end on, `count` bytes at most, to `into`; returns how many those were. */
  copy(back: number, into: Uint8Array, to: number, count: number): number {
    const at = Math.max(0, this.length - back);
    const there = Math.max(0, Math.min(count, this.length - at));
    into.set(this.#memory.subarray(at, at + there), to);
    return there;
  }
}
