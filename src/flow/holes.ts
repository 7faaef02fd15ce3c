/**
 * Segments that a capture lacks. A segment beyond the highest byte seen leaves a hole; where the missing ones come later
 * (sent again, because they were lost before the capture's place, or overtaken) the hole is filled, and the capture lost
 * nothing. Only what is never filled, though the stream goes on behind it, is missing in the capture.
 *
 *     seen ──────────▶│ hole │◀──── seen ────▶
 *                   from     to
 */
import { type CapCounter, LIMITS } from "../limits.ts";

interface Hole {
  /** Sequence numbers, 32 bits, of its first byte and of the one behind it. */
  from: number;
  to: number;
}

/** Holes of one direction that are remembered: a stream with more is no stream. */
const MOST = 16;

export class Holes {
  /** Holes there ever were, and those that were filled. */
  opened = 0;
  filled = 0;
  /** By flow × 2 + direction. Only of what is being read: neither stored nor merged. */
  readonly #open = new Map<number, Hole[]>();
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** What is missing. */
  get left(): number {
    return Math.max(0, this.opened - this.filled);
  }

  /** True where this flow has holes that may still be filled. */
  has(flow: number): boolean {
    return this.#open.has(flow << 1) || this.#open.has((flow << 1) | 1);
  }

  open(key: number, from: number, to: number): void {
    this.opened++;
    const holes = this.#open.get(key);
    if (holes !== undefined) {
      if (holes.length < MOST) holes.push({ from, to });
      else holes[MOST - 1]!.to = to; // all that is between is as good as missing
    } else if (this.#open.size < LIMITS.streamHoles) this.#open.set(key, [{ from, to }]);
    else this.#caps.hit("streamHoles");
  }

  /** A segment from `seq` up to `next` comes late. True where the last hole of this direction is filled by it. */
  late(key: number, seq: number, next: number): boolean {
    const holes = this.#open.get(key);
    if (holes === undefined) return false;
    for (let i = holes.length - 1; i >= 0; i--) {
      const hole = holes[i]!;
      if (((seq - hole.to) | 0) >= 0 || ((next - hole.from) | 0) <= 0) continue;
      const before = ((seq - hole.from) | 0) > 0;
      const behind = ((hole.to - next) | 0) > 0;
      if (before && behind) {
        // It stands amid the hole: what is left on both sides counts as the one that it was.
        hole.from = next;
      } else if (before) hole.to = seq;
      else if (behind) hole.from = next;
      else {
        holes.splice(i, 1);
        this.filled++;
      }
    }
    return holes.length === 0 && this.#open.delete(key);
  }

  /** Flows were given other numbers. */
  renumbered(): void {
    this.#open.clear();
  }
}
