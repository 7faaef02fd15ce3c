/**
 * Which of many addresses, prefixes and ranges hold an address, without walking all of them. Ranges may lie in each other
 * and overlap, so the answer is a list:
 *
 *     first   10.0.0.0   10.0.0.0   10.0.4.0   192.0.2.0     sorted
 *     last    10.0.0.9   10.255..   10.0.4.255 192.0.2.255
 *     reach   10.0.0.9   10.255..   10.255..   192.0.2.255   the largest `last` so far
 *
 * From the last range that begins at or before the address one walks back for as long as something reaches it.
 */
import type { AddressFamily } from "../address.ts";
import { rangeHas } from "../model/ranges.ts";
import type { AddressRange } from "../model/types.ts";

interface Entry<Value> {
  range: AddressRange;
  reach: string;
  value: Value;
}

export class AddressIndex<Value> {
  readonly #families = new Map<AddressFamily, Entry<Value>[]>();

  constructor(ranges: Iterable<readonly [AddressRange, Value]>) {
    for (const [range, value] of ranges) {
      const entries = this.#families.get(range.family);
      const entry = { range, reach: range.last, value };
      if (entries === undefined) this.#families.set(range.family, [entry]);
      else entries.push(entry);
    }
    for (const entries of this.#families.values()) {
      entries.sort((a, b) => (a.range.first < b.range.first ? -1 : a.range.first > b.range.first ? 1 : 0));
      let reach = "";
      for (const entry of entries) {
        if (entry.reach > reach) reach = entry.reach;
        entry.reach = reach;
      }
    }
  }

  /** Values of the ranges that hold an address in hex form, in no order. */
  at(family: AddressFamily, hex: string): Value[] {
    const entries = this.#families.get(family) ?? [];
    const found: Value[] = [];
    for (let i = lastBefore(entries, hex); i >= 0 && entries[i]!.reach >= hex; i--) {
      const { range, value } = entries[i]!;
      if (rangeHas(range, family, hex)) found.push(value);
    }
    return found;
  }
}

/** Whether some of many ranges holds an IPv4 address: for who asks for each of a hundred thousand, by its 32 bits. */
export class Ipv4Set {
  /** First and last address of each, apart from each other and in order. */
  readonly #bounds: Float64Array;

  constructor(ranges: Iterable<AddressRange>) {
    const all: [number, number][] = [];
    for (const { family, first, last } of ranges)
      if (family === 4) all.push([Number.parseInt(first, 16), Number.parseInt(last, 16)]);
    all.sort((a, b) => a[0] - b[0]);
    const apart: number[] = [];
    for (const [first, last] of all) {
      if (apart.length > 0 && first <= apart.at(-1)!) apart[apart.length - 1] = Math.max(apart.at(-1)!, last);
      else apart.push(first, last);
    }
    this.#bounds = Float64Array.from(apart);
  }

  /** `word`: signed or unsigned. */
  has(word: number): boolean {
    const address = word >>> 0;
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bounds[middle]! < address) low = middle + 1;
      else high = middle;
    }
    // Within a range the bound behind it is a last one.
    return low < bounds.length && ((low & 1) === 1 || bounds[low] === address);
  }
}

/** Index of the last entry that begins at or before the address; -1 where none does. */
function lastBefore(entries: readonly Entry<unknown>[], hex: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.range.first <= hex) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
