/** Requests by second of capture time, for the peak of a flow. The newest second is counted beside the others until it is over. */
import * as L from "../flow/ledger.ts";
import { LIMITS } from "../limits.ts";

export class Seconds {
  readonly #over = new Map<number, number>();
  #newest = 0;
  #inNewest = 0;
  /** Whether there is room for it. */
  #hasRoom = true;

  /** One more request. */
  add(sec: number): void {
    if (sec !== this.#newest) this.#turnTo(sec);
    this.#inNewest++;
  }

  /** All of them; bounded, the first seconds stay. */
  get all(): Map<number, number> {
    this.#putDown();
    return this.#over;
  }

  /** From now on the walk counts them, in a ledger. */
  lend(words: Int32Array): void {
    words[L.SECOND] = this.#newest;
    words[L.IN_SECOND] = this.#inNewest;
    words[L.TURNS] = 0;
  }

  takeBack(words: Int32Array): void {
    for (let at = L.TURNS_AT / 4, end = at + words[L.TURNS]! * 2; at < end; at += 2) {
      this.#inNewest = words[at]!;
      this.#turnTo(words[at + 1]!);
    }
    this.#inNewest = words[L.IN_SECOND]!;
  }

  #turnTo(sec: number): void {
    this.#putDown();
    this.#newest = sec;
    this.#hasRoom = this.#over.has(sec) || this.#over.size < LIMITS.operationSeconds;
  }

  #putDown(): void {
    if (this.#inNewest === 0) return;
    if (this.#hasRoom) this.#over.set(this.#newest, (this.#over.get(this.#newest) ?? 0) + this.#inNewest);
    this.#inNewest = 0;
  }
}
