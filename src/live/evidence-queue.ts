/** Findings of a live run whose packets are still to be written, one after the other, beside all else. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "../capture/frame.ts";
import { systemReason } from "../errors.ts";
import type { CaptureRow } from "../report/result.ts";
import { number } from "../report/words.ts";
import type { EvidenceFolder } from "./evidence.ts";
import type { Finding } from "./findings.ts";
import { FrameRing } from "./frame-ring.ts";

/** Milliseconds that the end of a run waits for what is still to be written. */
const MOST_WAITING_MS = 500;

export class EvidenceQueue {
  readonly #folder: Pick<EvidenceFolder, "keep">;
  readonly #tell: (text: string) => void;
  readonly #ring = new FrameRing();
  #waiting: { finding: Finding; captures: readonly CaptureRow[] }[] = [];
  #done = 0;
  #working: Promise<void> | null = null;
  #failed = false;

  constructor(folder: Pick<EvidenceFolder, "keep">, tell: (text: string) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  /** Every frame, before it is asked for. */
  take(frame: Frame): void {
    this.#ring.take(frame);
  }

  /** Begins to write them; what cannot be written is said once. */
  add(found: readonly Finding[], captures: readonly CaptureRow[]): void {
    for (const finding of found) this.#waiting.push({ finding, captures });
    if (this.#waiting.length > 0) this.#working ??= this.#work();
  }

  /** Waits for them, but not for long: a run ends when it is told to. What is not written by then is said. */
  async end(waitMs: number = MOST_WAITING_MS): Promise<void> {
    if (this.#working === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    await Promise.race([this.#working, sleep(waitMs, undefined, { signal }).catch(() => {})]);
    stop.abort();
    const left = this.#waiting.splice(this.#done + 1).length;
    if (left > 0) this.#tell(`wirepact: warning: ${leftOut(left)}`);
    await this.#working; // the one that is being written
  }

  async #work(): Promise<void> {
    for (; this.#done < this.#waiting.length; this.#done++) {
      const { finding, captures } = this.#waiting[this.#done]!;
      try {
        await this.#folder.keep(finding, captures, (ref) => this.#ring.find(ref.capture_id, ref.frame));
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

function leftOut(count: number): string {
  const whose = count === 1 ? "the packets of 1 finding are" : `the packets of ${number(count)} findings are`;
  return `${whose} not kept: writing them would have held up the end`;
}
