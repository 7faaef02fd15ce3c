/**
 * The cheap half of an operation tally: messages whose like has been read before. A decoder's `glance` gives three numbers
 * for such a message; the first two stand for its kind, the third pairs it with its answer. Here the first two lead to the
 * kind's place, and requests wait as numbers until they are answered, which is nearly always at once. No object is
 * touched: the counts are handed over when somebody asks for them.
 *
 *     places  key a · key b · count · flags     open addressing; learned from what the long way has said
 *     young   id · frame · sec · nsec · place   the newest requests of one direction, the oldest first
 *
 * Everything else (failures, first answers, ids used twice, another direction asking) goes the long way, before which what
 * waits here is handed over to the tally's own stacks; `test/decode/glances.test.ts` holds both ways together.
 */
import { isLater, type OperationKind } from "./tally-kinds.ts";

/** Requests that wait here at most. Masters pipeline 16 at most; and as many stand in a segment of short ones. */
const YOUNG = 128;
/** Kinds that are known here at most; further ones go the long way. */
const MOST_KINDS = 2_048;
const FIRST_PLACES = 32;

/** Words of a place, which is the index of its first. */
const WORDS = 4;
const B = 1;
const COUNT = 2;
const FLAGS = 3;
const USED = 1;
const REQUEST = 2;
/** A request of it has been answered before. */
const ANSWERED = 4;

/** Words of a young request. */
const YOUNG_WORDS = 5;
const FRAME = 1;
const SEC = 2;
const NSEC = 3;
const PLACE = 4;

export class Glances {
  #places = new Int32Array(FIRST_PLACES * WORDS);
  #kinds: (OperationKind | null)[] = new Array(FIRST_PLACES).fill(null);
  #mask = FIRST_PLACES - 1;
  #known = 0;
  #young = EMPTY;
  /** Who sent the young ones. */
  #asker: 0 | 1 = 0;
  #first = 0;
  #end = 0;

  /** The place of the kind that these numbers stand for; -1 where none was learned. */
  find(dir: 0 | 1, a: number, b: number): number {
    const key = (a << 1) | dir;
    const places = this.#places;
    for (let slot = slotOf(key, b) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = slot * WORDS;
      if (places[place + FLAGS] === 0) return -1;
      if (places[place] === key && places[place + B] === b) return place;
    }
  }

  isRequest(place: number): boolean {
    return (this.#places[place + FLAGS]! & REQUEST) !== 0;
  }

  learn(dir: 0 | 1, a: number, b: number, kind: OperationKind): void {
    if (this.#known >= MOST_KINDS || this.find(dir, a, b) >= 0) return;
    this.#known++;
    if (this.#known * 2 > this.#mask) this.#grow();
    this.#put((a << 1) | dir, b, kind);
  }

  #put(key: number, b: number, kind: OperationKind): number {
    const places = this.#places;
    let slot = slotOf(key, b) & this.#mask;
    while (places[slot * WORDS + FLAGS] !== 0) slot = (slot + 1) & this.#mask;
    const place = slot * WORDS;
    places[place] = key;
    places[place + B] = b;
    places[place + FLAGS] = USED | (kind.role === "request" ? REQUEST : 0);
    this.#kinds[slot] = kind;
    return place;
  }

  #grow(): void {
    const places = this.#places;
    const kinds = this.#kinds;
    const moved = new Int32Array(places.length);
    this.#places = new Int32Array(places.length * 2);
    this.#kinds = new Array(kinds.length * 2).fill(null);
    this.#mask = kinds.length * 2 - 1;
    for (let slot = 0, place = 0; slot < kinds.length; slot++, place += WORDS) {
      const kind = kinds[slot]!;
      if (kind === null) continue;
      const to = this.#put(places[place]!, places[place + B]!, kind);
      this.#places[to + COUNT] = places[place + COUNT]!;
      moved[place] = to;
    }
    for (let at = this.#first * YOUNG_WORDS + PLACE; at < this.#end * YOUNG_WORDS; at += YOUNG_WORDS)
      this.#young[at] = moved[this.#young[at]!]!;
  }

  /** Adds what was counted here to the kinds themselves. */
  handOverCounts(): void {
    const places = this.#places;
    for (let slot = 0, at = COUNT; slot < this.#kinds.length; slot++, at += WORDS) {
      if (places[at] === 0) continue;
      this.#kinds[slot]!.count += places[at]!;
      places[at] = 0;
    }
  }

  /** Requests that wait here. */
  get waiting(): number {
    return this.#end - this.#first;
  }

  /** Who sent them. */
  get asker(): 0 | 1 {
    return this.#asker;
  }

  /** A request that waits; false where the other direction's wait here, one of this id does, or there is no room. */
  ask(dir: 0 | 1, id: number, place: number, frame: number, sec: number, nsec: number): boolean {
    if (this.#first === this.#end) {
      if (this.#young === EMPTY) this.#young = new Int32Array(YOUNG * YOUNG_WORDS);
      this.#first = 0;
      this.#end = 0;
      this.#asker = dir;
    } else if (this.#asker !== dir || this.#youngOf(id) >= 0) {
      return false;
    }
    if (this.#end === YOUNG && !this.#close()) return false;
    const young = this.#young;
    const at = this.#end++ * YOUNG_WORDS;
    young[at] = id;
    young[at + FRAME] = frame;
    young[at + SEC] = sec;
    young[at + NSEC] = nsec;
    young[at + PLACE] = place;
    this.#places[place + COUNT]!++;
    return true;
  }

  /** A successful answer to a request that waits here, is not later, and whose like was answered before; else false. */
  answer(dir: 0 | 1, id: number, place: number, sec: number, nsec: number): boolean {
    if (this.#asker === dir) return false;
    const which = this.#youngOf(id);
    if (which < 0) return false;
    const young = this.#young;
    const at = which * YOUNG_WORDS;
    if (isLater(young[at + SEC]!, young[at + NSEC]!, sec, nsec) || !this.#wasAnswered(young[at + PLACE]!)) return false;
    if (which === this.#first) this.#first++;
    else young.copyWithin(at, at + YOUNG_WORDS, this.#end-- * YOUNG_WORDS);
    this.#places[place + COUNT]!++;
    return true;
  }

  /** Whether the first answer to a kind of request, which is kept, was read before. */
  #wasAnswered(place: number): boolean {
    if ((this.#places[place + FLAGS]! & ANSWERED) !== 0) return true;
    if (this.#kinds[place / WORDS]!.answerFrame === null) return false;
    this.#places[place + FLAGS]! |= ANSWERED;
    return true;
  }

  /** Hands over what waits, the oldest first, and forgets it. */
  empty(push: (id: number, kind: OperationKind, frame: number, sec: number, nsec: number) => void): void {
    const young = this.#young;
    for (let at = this.#first * YOUNG_WORDS; at < this.#end * YOUNG_WORDS; at += YOUNG_WORDS) {
      const kind = this.#kinds[young[at + PLACE]! / WORDS]!;
      push(young[at]!, kind, young[at + FRAME]!, young[at + SEC]!, young[at + NSEC]!);
    }
    this.#first = 0;
    this.#end = 0;
  }

  /** The newest first: that one is nearly always meant. */
  #youngOf(id: number): number {
    for (let i = this.#end - 1; i >= this.#first; i--) if (this.#young[i * YOUNG_WORDS] === id) return i;
    return -1;
  }

  /** Moves what waits to the front; false where that makes no room. */
  #close(): boolean {
    if (this.#first === 0) return false;
    this.#young.copyWithin(0, this.#first * YOUNG_WORDS, this.#end * YOUNG_WORDS);
    this.#end -= this.#first;
    this.#first = 0;
    return true;
  }
}

function slotOf(key: number, b: number): number {
  const hash = Math.imul(key, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

const EMPTY = new Int32Array(0);
