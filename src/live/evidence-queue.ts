/** Findings of a live run whose packets are still to be written, one after the other, beside all else. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "../capture/frame.ts";
import { systemReason } from "../errors.ts";
import type { CaptureRow } from "../report/result.ts";
import { number } from "../report/words.ts";
import type { EvidenceFolder } from "./evidence.ts";
import type { Finding } from "./findings.ts";
import type { PacketsOf } from "./first-packets.ts";
import { FrameRing } from "./frame-ring.ts";
import type { JudgedEnds } from "./judged-ends.ts";

/** Milliseconds that the end of a run waits for what is still to be written. */
const MOST_WAITING_MS = 500;

export class EvidenceQueue {
  readonly #folder: Pick<EvidenceFolder, "keep">;
  readonly #tell: (text: string) => void;
  readonly #ring: FrameRing;
  #waiting: { finding: Finding; captures: readonly CaptureRow[] }[] = [];
  #done = 0;
  #working: Promise<void> | null = null;
  #failed = false;
  /** Findings of which no packet was held any more. */
  #without = 0;

  /** `vxlanPorts`: those that carry VXLAN beside the usual ones; `judged`: whose packets come first, null for everybody's. */
  constructor(
    folder: Pick<EvidenceFolder, "keep">,
    tell: (text: string) => void,
    vxlanPorts: readonly number[] = [],
    judged: JudgedEnds | null = null,
  ) {
    this.#folder = folder;
    this.#tell = tell;
    this.#ring = new FrameRing(vxlanPorts, judged);
  }

  set judged(judged: JudgedEnds | null) {
    this.#ring.judged = judged;
  }

  /** Every frame, before it is asked for. `telling`: whether it said something. */
  take(frame: Frame, telling: boolean): void {
    this.#ring.take(frame, telling);
  }

  /** Begins to write them; what cannot be written is said once. */
  add(found: readonly Finding[], captures: readonly CaptureRow[]): void {
    for (const finding of found) this.#waiting.push({ finding, captures });
    if (this.#waiting.length > 0) this.#working ??= this.#work();
  }

  /** Waits for them, but not for long: a run ends when it is told to. What is not written by then is said. */
  async end(waitMs: number = MOST_WAITING_MS): Promise<void> {
    await this.#written(waitMs);
    if (this.#without > 0) this.#tell(`wirepact: warning: ${notHeld(this.#without)}`);
    this.#without = 0;
  }

  async #written(waitMs: number): Promise<void> {
    if (this.#working === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    await Promise.race([this.#working, sleep(waitMs, undefined, { signal }).catch(() => {})]);
    stop.abort();
    const left = this.#waiting.splice(this.#done + 1).length;
    if (left > 0) this.#tell(`wirepact: warning: ${leftOut(left)}`);
    await this.#working; // the one that is being written
  }

  readonly #packetsOf: PacketsOf = (proof) => this.#ring.packetsOf(proof);

  async #work(): Promise<void> {
    for (; this.#done < this.#waiting.length; this.#done++) {
      const { finding, captures } = this.#waiting[this.#done]!;
      try {
        if (!(await this.#folder.keep(finding, captures, this.#packetsOf))) this.#without++;
      } catch (error) {
        if (!this.#failed) this.#tell(`wirepact: warning: packets are not kept: ${systemReason(error)}`);
        this.#failed = true;
      }
    }
    this.#waiting = [];
    this.#done = 0;
    this.#working = null;
  }
}

/** `where`: what became of them, or where they are not. */
export function notHeld(
  count: number,
  where = "what proves them was not held any more, or does not fit into --keep-size",
): string {
  return `${whose(count)} not kept: ${where}`;
}

function leftOut(count: number): string {
  return `${whose(count)} not kept: writing them would have held up the end`;
}

function whose(count: number): string {
  return count === 1 ? "the packets of 1 finding are" : `the packets of ${number(count)} findings are`;
}
