/** Random numbers that a seed repeats on any machine (mulberry32), and the choices that mutations are made of. */
export class Random {
  #state = 0;

  /** Any text is a seed: `decoder/dns:17`. */
  constructor(seed: string) {
    this.begin(seed);
  }

  /** Begins again with another seed. */
  begin(seed: string): this {
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#state = hash | 0;
    return this;
  }

  /** A whole number from 0 to `count` - 1; 0 where `count` is no more than 1. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * count);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of them; the list has at least one. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Small numbers mostly: half of them 0, a quarter 1, and so on up to `most`. */
  few(most: number): number {
    let count = 0;
    while (count < most && this.once(2)) count++;
    return count;
  }
}
