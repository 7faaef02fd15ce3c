/**
 * The cheap half of an operation tally: messages whose like has been read before (`likeness.ts`). What a message is like
 * leads to its kind's place, and requests wait as numbers until they are answered, which is nearly always at once. No object
 * is touched: the counts are handed over when somebody asks for them.
 *
 *     places  shape and direction · count · flags · hash · compared words    open addressing; learned from the long way
 *     young   id · frame · sec · nsec · place                                the newest requests of one direction, the oldest first
 *
 * Everything else (failures, first answers, ids used twice, another direction asking) goes the long way, before which what
 * waits here is handed over to the tally's own stacks; `test/decode/glances.test.ts` holds both ways together. Both tables
 * may stand in the arena, where the compiled walk does what `find`, `ask` and `answer` do (`flow/wasm/glance.ts`).
 */
import { SEED } from "../flow/addresses.ts";
import * as L from "../flow/ledger.ts";
import type { Piece, Room } from "../flow/room.ts";
import { LIMITS } from "../limits.ts";
import { LIKE_COUNT, LIKE_SHAPE, LIKE_WORDS } from "./likeness.ts";
import { isLater, type OperationKind } from "./tally-kinds.ts";

/** Requests that wait here at most. Masters pipeline 16 at most; and as many stand in a segment of short ones. */
const YOUNG = 128;
const FIRST_PLACES = 32;

/** Words of a place, which is the index of its first. */
const PLACE_WORDS = 16;
const COUNT = 1;
const FLAGS = 2;
const HASH = 3;
const COMPARED = 4;
const REQUEST = 1;
/** A request of it has been answered before. */
const ANSWERED = 2;

/** Words of a young request. */
const YOUNG_WORDS = 5;
const FRAME = 1;
const SEC = 2;
const NSEC = 3;
const PLACE = 4;

export class Glances {
  #places: Int32Array = new Int32Array(FIRST_PLACES * PLACE_WORDS);
  #kinds: (OperationKind | null)[] = new Array(FIRST_PLACES).fill(null);
  #mask = FIRST_PLACES - 1;
  #known = 0;
  #young: Int32Array = EMPTY;
  /** Who sent the young ones. */
  #asker: 0 | 1 = 0;
  #first = 0;
  #end = 0;
  /** The ledger that the young stand in, and where the places stand in the arena; null where they don't. */
  #ledger: Int32Array | null = null;
  #piece: Piece | null = null;
  #room: Room | null = null;

  /** The place of the kind that such messages are of; -1 where none was learned. */
  find(dir: 0 | 1, like: Int32Array): number {
    const head = headOf(dir, like[LIKE_SHAPE]!);
    const count = like[LIKE_COUNT]!;
    const places = this.#places;
    for (let slot = hashOf(head, like) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = slot * PLACE_WORDS;
      if (places[place] === 0) return -1;
      if (places[place] !== head) continue;
      let i = 0;
      while (i < count && places[place + COMPARED + i] === like[LIKE_WORDS + i]) i++;
      if (i === count) return place;
    }
  }

  isRequest(place: number): boolean {
    return (this.#places[place + FLAGS]! & REQUEST) !== 0;
  }

  learn(dir: 0 | 1, like: Int32Array, kind: OperationKind): void {
    if (this.#known >= LIMITS.glancedKinds || this.find(dir, like) >= 0) return;
    this.#known++;
    if (this.#known * 2 > this.#mask) this.#grow();
    const head = headOf(dir, like[LIKE_SHAPE]!);
    const words = new Int32Array(PLACE_WORDS);
    words[0] = head;
    words[FLAGS] = (kind.role === "request" ? REQUEST : 0) | (kind.answerFrame === null ? 0 : ANSWERED);
    words[HASH] = hashOf(head, like);
    words.set(like.subarray(LIKE_WORDS, LIKE_WORDS + like[LIKE_COUNT]!), COMPARED);
    this.#put(words, kind);
  }

  #put(words: Int32Array, kind: OperationKind): number {
    const places = this.#places;
    let slot = words[HASH]! & this.#mask;
    while (places[slot * PLACE_WORDS] !== 0) slot = (slot + 1) & this.#mask;
    places.set(words, slot * PLACE_WORDS);
    this.#kinds[slot] = kind;
    return slot * PLACE_WORDS;
  }

  #grow(): void {
    const places = this.#places;
    const kinds = this.#kinds;
    const moved = new Int32Array(kinds.length);
    this.#places = new Int32Array(places.length * 2);
    this.#kinds = new Array(kinds.length * 2).fill(null);
    this.#mask = kinds.length * 2 - 1;
    kinds.forEach((kind, slot) => {
      const place = slot * PLACE_WORDS;
      if (kind !== null) moved[slot] = this.#put(places.subarray(place, place + PLACE_WORDS), kind);
    });
    for (let at = this.#first * YOUNG_WORDS + PLACE; at < this.#end * YOUNG_WORDS; at += YOUNG_WORDS)
      this.#young[at] = moved[this.#young[at]! / PLACE_WORDS]!;
    if (this.#piece !== null) this.#room!.giveBack(this.#piece);
    this.#piece = null;
  }

  /** From now on the walk counts; false where there is no room for the places. */
  lend(words: Int32Array, room: Room): boolean {
    if (this.#piece === null) {
      this.#piece = room.take(this.#places.length);
      if (this.#piece === null) return false;
      this.#room = room;
      this.#piece.words.set(this.#places);
      this.#places = this.#piece.words;
    }
    if (this.#ledger !== words) {
      const young = words.subarray(L.YOUNG_AT / 4, L.YOUNG_AT / 4 + YOUNG * YOUNG_WORDS);
      young.set(this.#young);
      this.#young = young;
      this.#ledger = words;
    }
    words[L.PLACES] = this.#piece.at;
    words[L.MASK] = this.#mask;
    words[L.ASKER] = this.#asker;
    words[L.FIRST] = this.#first;
    words[L.END] = this.#end;
    return true;
  }

  /** A direction's messages are of this shape. */
  lendSide(words: Int32Array, dir: 0 | 1, shape: number): void {
    const side = dir * L.SIDE;
    const head = headOf(dir, shape);
    words[side + L.HEAD] = head;
    words[side + L.HASH] = beginHash(head);
  }

  takeBack(words: Int32Array): void {
    this.#asker = words[L.ASKER] === 0 ? 0 : 1;
    this.#first = words[L.FIRST]!;
    this.#end = words[L.END]!;
  }

  /** Out of the arena again, as before the first `lend`; what was lent has been taken back. */
  comeHome(): void {
    if (this.#ledger !== null) this.#young = this.#young.slice();
    this.#ledger = null;
    if (this.#piece === null) return;
    this.#places = this.#places.slice();
    this.#room!.giveBack(this.#piece);
    this.#piece = null;
  }

  /** Adds what was counted here to the kinds themselves. */
  handOverCounts(): void {
    const places = this.#places;
    for (let slot = 0, at = COUNT; slot < this.#kinds.length; slot++, at += PLACE_WORDS) {
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
    if (isLater(young[at + SEC]!, young[at + NSEC]!, sec, nsec)) return false;
    if ((this.#places[young[at + PLACE]! + FLAGS]! & ANSWERED) === 0) return false;
    if (which === this.#first) this.#first++;
    else young.copyWithin(at, at + YOUNG_WORDS, this.#end-- * YOUNG_WORDS);
    this.#places[place + COUNT]!++;
    return true;
  }

  /** The first answer to a kind of request, which is kept, was read. */
  answered(kind: OperationKind): void {
    for (let slot = this.#kinds.indexOf(kind); slot >= 0; slot = this.#kinds.indexOf(kind, slot + 1))
      this.#places[slot * PLACE_WORDS + FLAGS]! |= ANSWERED;
  }

  /** Hands over what waits, the oldest first, and forgets it. */
  empty(push: (id: number, kind: OperationKind, frame: number, sec: number, nsec: number) => void): void {
    const young = this.#young;
    for (let at = this.#first * YOUNG_WORDS; at < this.#end * YOUNG_WORDS; at += YOUNG_WORDS) {
      const kind = this.#kinds[young[at + PLACE]! / PLACE_WORDS]!;
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

function headOf(dir: 0 | 1, shape: number): number {
  return (shape << 1) | dir;
}

/** Seeded, as the flows' hashes: who sends the messages could else make all of them meet in one place. */
function beginHash(head: number): number {
  return SEED ^ Math.imul(head, 0xcc9e2d51);
}

function hashOf(head: number, like: Int32Array): number {
  let hash = beginHash(head);
  for (let i = LIKE_WORDS; i < LIKE_WORDS + like[LIKE_COUNT]!; i++) {
    hash = Math.imul(hash ^ like[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash;
}

const EMPTY = new Int32Array(0);
