/** Pseudo-random numbers and bytes that are the same everywhere: xorshift32 from a fixed seed. */

const POOL_BYTES = 1 << 20;
const LONGEST_COPY = 2_048;
/**
 * The first byte of each payload. It opens none of the protocols that are told by content: not a TLS record, not STUN
 * (top bits 01), not NTP (version 7), not RTP, QUIC, WireGuard or OpenVPN.
 */
const OPENING = 0x7a;

export class RandomPool {
  #state = 0x9e3779b9;
  readonly #bytes = new Uint8Array(POOL_BYTES + LONGEST_COPY);
  /** `#sums[i]`: the first i 16-bit words of the pool added up, so that a slice's checksum is one subtraction. */
  readonly #sums = new Float64Array((POOL_BYTES + LONGEST_COPY) / 2 + 1);

  constructor() {
    const words = new DataView(this.#bytes.buffer);
    for (let i = 0; i < this.#bytes.length; i += 4) words.setUint32(i, this.next());
    for (let i = 0; i + 1 < this.#sums.length; i++) this.#sums[i + 1] = this.#sums[i]! + words.getUint16(2 * i);
  }

  /** An unsigned 32-bit number. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** A number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + (this.next() % (most - least + 1));
  }

  /**
   * Copies 1 to 2,048 random bytes to `to` at `at`, the first one fixed, from a place in the pool that differs each time.
   * @returns the sum of their big-endian 16-bit words, an odd last byte padded with zero, as checksums take it
   */
  copy(to: Uint8Array, at: number, length: number): number {
    const from = (this.next() % (POOL_BYTES / 2)) * 2;
    to.set(this.#bytes.subarray(from, from + length), at);
    to[at] = OPENING;
    const whole = this.#sums[(from + (length & ~1)) / 2]! - this.#sums[from / 2]!;
    const odd = length & 1 ? this.#bytes[from + length - 1]! << 8 : 0;
    return whole + odd + ((OPENING - this.#bytes[from]!) << 8);
  }
}
