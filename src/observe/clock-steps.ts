/**
 * Was a capture's clock set back while it was taken, or do its frames only stand in another order than that of their times?
 *
 *     time │      ╱ furthest                  time │         ╱
 *          │     ╱ ┆                               │    ╱╲  ╱   written late: caught up with
 *          │    ╱  ┆     ╱ still behind            │   ╱  ╲╱    at once
 *          │   ╱   ┆    ╱  after `STEP_FRAMES`     │  ╱
 *          └───────┴──────▶ frames                 └──────────▶ frames
 *
 * How long time stays behind tells the two apart. Frames that several queues or interfaces wrote change places with their
 * neighbours, and a few frames later time is where it was. Where it is still behind by a second `STEP_FRAMES` later, the
 * clock was set; so it was where a frame that far from the beginning is before all others.
 *
 * What follows is a bound. Whatever lies between two times of such a capture, at least their distance less all steps back
 * has passed, however often the clock was set forward as well.
 *
 * Not seen: a step among the last `STEP_FRAMES` frames that stays behind the first one; and a step forward, which looks
 * like a time without packets (`capture/pauses.ts`).
 */

/** More than the places by which queues and interfaces move a frame, few enough to be there in a small capture. */
export const STEP_FRAMES = 16;

/** Seconds of which no queue delays a frame. */
const STEP_SEC = 1;

/** Where the counts are kept: an observation. */
export interface ClockCounts {
  /** Frames whose time is before the frame before them in the same capture. */
  clockSteps: number;
  /** Times that a clock was set back, and by how many seconds in all. */
  clockJumps: number;
  clockBackSec: number;
}

/** What one capture's clock did so far. Times are seconds since 1970. */
interface Clock {
  frames: number;
  lastSec: number;
  lastNsec: number;
  least: number;
  furthest: number;
  /** Count of frames at which it is looked at again; 0 while it is not behind. */
  lookAt: number;
  /** Where it was when it fell behind, and how far it fell. */
  mark: number;
  lowest: number;
}

export class ClockSteps {
  readonly #counts: ClockCounts;
  readonly #clocks: Clock[] = [];
  #now: Clock = begun(0, 0);
  #capture = -1;

  constructor(counts: ClockCounts) {
    this.#counts = counts;
  }

  /** A frame of any capture. */
  frame(capture: number, sec: number, nsec: number): void {
    if (capture !== this.#capture) {
      this.#capture = capture;
      this.#clocks[capture] ??= begun(sec, nsec);
      this.#now = this.#clocks[capture];
    }
    const now = this.#now;
    if (sec < now.lastSec || (sec === now.lastSec && nsec < now.lastNsec)) this.#earlier(now, sec + nsec / 1e9);
    now.lastSec = sec;
    now.lastNsec = nsec;
    if (++now.frames === now.lookAt) this.#look(now);
  }

  /** How many frames of the capture at hand may be told at once by `ran`. */
  get room(): number {
    const { lookAt, frames } = this.#now;
    return lookAt === 0 ? Number.POSITIVE_INFINITY : lookAt - frames;
  }

  /** Frames of the capture at hand in the order of their times, the last of `sec`, `nsec`. */
  ran(frames: number, sec: number, nsec: number): void {
    const now = this.#now;
    now.frames += frames;
    now.lastSec = sec;
    now.lastNsec = nsec;
    if (now.frames === now.lookAt) this.#look(now);
  }

  /** Between two such frames times only rise: the furthest of all stands before one of them. */
  #earlier(now: Clock, time: number): void {
    this.#counts.clockSteps++;
    const before = now.lastSec + now.lastNsec / 1e9;
    const caughtUp = before >= now.mark;
    now.furthest = Math.max(now.furthest, before);
    if (now.frames >= STEP_FRAMES && now.least - time >= STEP_SEC) {
      now.mark = now.furthest;
      now.lowest = time;
      this.#step(now, time);
    } else if (now.lookAt !== 0 && !caughtUp) {
      now.lowest = Math.min(now.lowest, time);
    } else if (now.furthest - time >= STEP_SEC) {
      now.mark = now.furthest;
      now.lowest = time;
      now.lookAt = now.frames + 1 + STEP_FRAMES;
    }
    now.least = Math.min(now.least, time);
  }

  #look(now: Clock): void {
    const time = now.lastSec + now.lastNsec / 1e9;
    now.lookAt = 0;
    if (now.mark - time >= STEP_SEC) this.#step(now, time);
  }

  /** From here on it is `time`. */
  #step(now: Clock, time: number): void {
    this.#counts.clockJumps++;
    this.#counts.clockBackSec += Math.ceil(now.mark - now.lowest);
    now.furthest = time;
    now.lookAt = 0;
  }
}

function begun(sec: number, nsec: number): Clock {
  const least = sec + nsec / 1e9;
  return { frames: 0, lastSec: sec, lastNsec: nsec, least, furthest: least, lookAt: 0, mark: least, lowest: least };
}
