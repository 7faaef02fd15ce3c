/** Whether a packet is of a host that is bound by its address: of these there are findings, and most of a span port's traffic is of others. */
import type { Binding } from "../model/bind.ts";

export class JudgedEnds {
  /** Bound IPv4 addresses: the first and the last of each range, in order, none touching another. */
  readonly #ranges: Float64Array;
  /** Whether an IPv6 address is bound; of these it is not asked which. */
  readonly withIpv6: boolean;

  private constructor(ranges: Float64Array, withIpv6: boolean) {
    this.#ranges = ranges;
    this.withIpv6 = withIpv6;
  }

  /** Null where that cannot be told from addresses: nobody is bound, or somebody by a name or by a MAC address. */
  static of(bindings: readonly Binding[]): JudgedEnds | null {
    const hosts = bindings.flatMap(({ hosts }) => hosts).filter(({ internet }) => !internet);
    const addresses = hosts.flatMap((host) => host.addresses);
    if (addresses.length === 0 || hosts.some(({ name }) => name !== null)) return null;
    if (addresses.some(({ family }) => family === "mac")) return null;
    const ranges: [number, number][] = addresses
      .filter(({ family }) => family === 4)
      .map(({ first, last }): [number, number] => [Number.parseInt(first, 16), Number.parseInt(last, 16)])
      .sort((a, b) => a[0] - b[0]);
    const joined: number[] = [];
    for (const [first, last] of ranges) {
      const before = joined.at(-1);
      if (before !== undefined && first <= before + 1) joined[joined.length - 1] = Math.max(before, last);
      else joined.push(first, last);
    }
    return new JudgedEnds(Float64Array.from(joined), ranges.length < addresses.length);
  }

  /** Of an IPv4 address, as a word. Asked for every packet: nothing is allocated. */
  has(word: number): boolean {
    const address = word >>> 0;
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length >>> 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle * 2 + 1]! < address) low = middle + 1;
      else high = middle;
    }
    return low * 2 < ranges.length && ranges[low * 2]! <= address;
  }
}
