/**
 * The last bytes of one direction that were read already, and where its messages began: what is sent again is held against
 * them. Who hides a command sends it a second time with other bytes, or a harmless one before it that never arrives.
 *
 *     ◂──────────────── length ────────────────▸ end: the first byte that was not read yet
 *     │ message      │ message  │ message      │
 *     starts: 1 at each │
 */

/** Bytes kept: two of the largest messages of S7, 170 questions of Modbus. */
const WINDOW = 2_048;

export class Rewind {
  readonly #bytes = new Uint8Array(WINDOW);
  readonly #starts = new Uint8Array(WINDOW);
  /** Bytes that are kept. */
  length = 0;

  /** A message that was read, behind the ones before. */
  add(buf: Uint8Array, off: number, len: number): void {
    const kept = Math.min(len, WINDOW);
    if (this.length + kept > WINDOW) this.#forget(kept);
    const at = this.length;
    const bytes = this.#bytes;
    const from = off + len - kept;
    for (let i = 0; i < kept; i++) bytes[at + i] = buf[from + i]!;
    this.#starts.fill(0, at, at + kept);
    if (kept === len) this.#starts[at] = 1;
    this.length = at + kept;
  }

  /** Bytes were lost or passed over: what is kept is not what stands before the next ones. */
  clear(): void {
    this.length = 0;
  }

  /** Makes room, for more than is needed: so it is rarely called. */
  #forget(need: number): void {
    const keep = Math.min(this.length, WINDOW - Math.max(need, WINDOW >> 1));
    this.#bytes.copyWithin(0, this.length - keep, this.length);
    this.#starts.copyWithin(0, this.length - keep, this.length);
    this.length = keep;
  }

  /** Whether bytes, of which the first stands `back` before the end, are other than those kept there, as far as any are. */
  differs(back: number, buf: Uint8Array, off: number, len: number): boolean {
    const at = this.length - back;
    for (let i = Math.max(0, -at); i < len && at + i < this.length; i++)
      if (this.#bytes[at + i] !== buf[off + i]) return true;
    return false;
  }

  /** How far before the end the message began in which the byte `back` before the end is; `back` where that is not kept. */
  startOf(back: number): number {
    for (let at = this.length - back; at >= 0; at--) if (this.#starts[at] === 1) return this.length - at;
    return back;
  }

  /** Copies what is kept from `back` before the end on, `count` bytes at most, to `into`; returns how many those were. */
  copy(back: number, into: Uint8Array, to: number, count: number): number {
    const at = Math.max(0, this.length - back);
    const there = Math.max(0, Math.min(count, this.length - at));
    into.set(this.#bytes.subarray(at, at + there), to);
    return there;
  }
}
