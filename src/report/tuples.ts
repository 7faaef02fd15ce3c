/**
 * Lists of whole numbers, each with a number of its own: a table of open addresses over one array.
 *
 *     values   … how many · the list's number · its numbers … | how many · …
 *     slots    by a hash of the list, where in `values` it is; 0 where there is none
 */
const FIRST_SLOTS = 1_024;
const FIRST_VALUES = 4_096;
/** Numbers before a list's own. */
const HEAD = 2;

export class Tuples {
  #values = new Int32Array(FIRST_VALUES);
  #slots = new Int32Array(FIRST_SLOTS);
  #end = 1;
  #count = 0;
  /** What was looked for last. */
  #list: Int32Array = new Int32Array(0);
  #length = 0;
  #slot = 0;

  clear(): void {
    this.#slots.fill(0);
    this.#end = 1;
    this.#count = 0;
  }

  /** The number of the list's first `length` numbers; -1 where they are not there. */
  find(list: Int32Array, length: number): number {
    this.#list = list;
    this.#length = length;
    const mask = this.#slots.length - 1;
    let slot = hashOf(list, 0, length) & mask;
    for (let at = this.#slots[slot]!; at !== 0; at = this.#slots[slot]!) {
      if (this.#isAt(at)) return this.#values[at + 1]!;
      slot = (slot + 1) & mask;
    }
    this.#slot = slot;
    return -1;
  }

  /** Gives a number to what `find` has just not found. */
  add(number: number): void {
    const [at, length] = [this.#end, this.#length];
    this.#end += HEAD + length;
    if (this.#end > this.#values.length) {
      const larger = new Int32Array(2 * this.#end);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[at] = length;
    this.#values[at + 1] = number;
    this.#values.set(this.#list.subarray(0, length), at + HEAD);
    this.#slots[this.#slot] = at;
    if (++this.#count * 2 > this.#slots.length) this.#grow();
  }

  #isAt(at: number): boolean {
    const [values, list, length] = [this.#values, this.#list, this.#length];
    if (values[at] !== length) return false;
    for (let i = 0; i < length; i++) if (values[at + HEAD + i] !== list[i]) return false;
    return true;
  }

  #grow(): void {
    const values = this.#values;
    this.#slots = new Int32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let at = 1; at < this.#end; at += HEAD + values[at]!) {
      let slot = hashOf(values, at + HEAD, values[at]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = at;
    }
  }
}

function hashOf(list: Int32Array, from: number, length: number): number {
  let hash = length;
  for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ list[i]!, 0x9e37_79b1) ^ (hash >>> 15);
  return hash ^ (hash >>> 16);
}
