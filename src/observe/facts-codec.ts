/**
 * Facts as numbers, and their texts once: what a part of an observation says (`details-codec.ts`). They are read by `stored-facts.ts`.
 *
 *     lengths   1 where the texts are UTF-16 because UTF-8 would change them, else 0; then how many characters each has
 *     texts     all of them, one behind the other
 *     facts     of each its kind, and what its kind has, in the order of `PROPERTIES`
 *
 * A text is the number of one that was there before, plus one, or 0 for the next new one. A fact of no kind below, or with more
 * to it than its kind has, is JSON in a text: what a decoder may say one day is kept as well.
 */
import type { AnswerFact, Fact, MessageFact } from "../decode/facts.ts";
import { NumberWriter } from "./varint.ts";

export const OTHER = 0;
export const UP = 1;
export const ROLE = 2;
export const NAME = 3;
export const QUERY = 4;
export const ANSWER = 5;
export const MESSAGE = 6;
export const FIELD = 7;
export const NUMBER_FIELD = 8;
export const INNER = 9;

/** In the order in which they are read back: whoever compares facts as JSON finds them as decoders made them. */
const PROPERTIES: Readonly<Partial<Record<Fact["kind"], readonly string[]>>> = {
  up: ["kind"],
  role: ["kind", "sender", "why"],
  name: ["kind", "source", "name"],
  query: ["kind", "id", "name", "type"],
  answer: ["kind", "id", "name", "type", "rcode", "partial", "records"],
  message: ["kind", "what", "id", "failed"],
  field: ["kind", "field", "value"],
  inner: ["kind", "app"],
};
const RECORD: readonly string[] = ["name", "type", "ttl", "data", "echPublicName"];
/** Properties that may be missing. */
const OPTIONAL: ReadonlySet<string> = new Set(["failed", "echPublicName"]);

export const WHATS = ["request", "response", "oneway"] as const;
/** Of a message, whether it failed: not said, denied, said. */
export const FAILED = [undefined, false, true] as const;
/** Ids of messages with so many digits at most stand as numbers. */
const ID_DIGITS = 9;

export class FactWriter {
  readonly #texts = new Map<string, number>();
  readonly #facts = new NumberWriter();
  /** By kind and first text, then by the rest of what they say. */
  readonly #known = new Map<number, Map<number, number>>();
  /** What many flows said in one object. */
  readonly #shared = new Map<Fact, number>();
  #count = 0;
  /** Texts that stand in what is written. */
  #told = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** The number of a fact, counted up from 0; what says the same has the same, but for questions and answers. */
  add(fact: Fact): number {
    const { kind } = fact;
    // Of these nearly each is an object of its own.
    if (kind === "name" || kind === "query" || kind === "answer" || kind === "message") return this.#add(fact);
    const known = this.#shared.get(fact);
    if (known !== undefined) return known;
    const number = this.#add(fact);
    this.#shared.set(fact, number);
    return number;
  }

  #add(fact: Fact): number {
    if (!isPlain(fact)) return this.#other(fact);
    switch (fact.kind) {
      case "up":
        return this.#find(UP, 0, 0) ?? this.#begin(UP);
      case "role":
        return this.#pair(ROLE, fact.sender, fact.why);
      case "name":
        return this.#pair(NAME, fact.source, fact.name);
      case "query":
        return this.#query(fact.id, fact.name, fact.type);
      case "answer":
        return this.#answer(fact);
      case "message":
        return this.#message(fact);
      case "field":
        if (typeof fact.value === "string") return this.#pair(FIELD, fact.field, fact.value);
        return this.#counted(fact.field, fact.value);
      case "inner":
        return this.#single(INNER, fact.app);
      default:
        return this.#other(fact);
    }
  }

  /** Lengths, texts and facts. */
  take(): [lengths: Uint8Array, texts: Uint8Array, facts: Uint8Array] {
    const texts = [...this.#texts.keys()];
    const all = texts.join("");
    const narrow = Buffer.from(all);
    const isWide = narrow.length !== all.length && narrow.toString() !== all;
    const lengths = new NumberWriter();
    lengths.write(isWide ? 1 : 0);
    for (const text of texts) lengths.write(text.length);
    return [lengths.take(), isWide ? Buffer.from(all, "utf16le") : narrow, this.#facts.take()];
  }

  #query(id: number, name: string, type: string): number {
    const number = this.#begin(QUERY);
    this.#facts.write(id);
    this.#put(this.#text(name));
    this.#put(this.#text(type));
    return number;
  }

  #answer({ id, name, type, rcode, partial, records }: AnswerFact): number {
    const facts = this.#facts;
    const number = this.#begin(ANSWER);
    facts.write(id * 2 + (partial ? 1 : 0));
    this.#put(this.#text(name));
    this.#put(this.#text(type));
    this.#put(this.#text(rcode));
    facts.write(records.length);
    for (const { name, type, ttl, data, echPublicName } of records) {
      this.#put(this.#text(name));
      this.#put(this.#text(type));
      facts.write(ttl * 2 + (echPublicName === undefined ? 0 : 1));
      this.#put(this.#text(data));
      if (echPublicName !== undefined) this.#put(this.#text(echPublicName));
    }
    return number;
  }

  #message({ what, id, failed }: MessageFact): number {
    const short = shortNumber(id);
    const how = FAILED.indexOf(failed) * WHATS.length + WHATS.indexOf(what);
    const text = short < 0 ? this.#text(id) : 0;
    const known = this.#find(MESSAGE, how, short < 0 ? -1 - text : short);
    if (known !== undefined) return known;
    const number = this.#begin(MESSAGE);
    this.#facts.write(how * 2 + (short < 0 ? 1 : 0));
    if (short < 0) this.#put(text);
    else this.#facts.write(short);
    return number;
  }

  #counted(field: string, value: number): number {
    const name = this.#text(field);
    const known = this.#find(NUMBER_FIELD, name, value);
    if (known !== undefined) return known;
    const number = this.#begin(NUMBER_FIELD);
    this.#put(name);
    this.#facts.write(value);
    return number;
  }

  #pair(kind: number, first: string, second: string): number {
    const [one, other] = [this.#text(first), this.#text(second)];
    const known = this.#find(kind, one, other);
    if (known !== undefined) return known;
    const number = this.#begin(kind);
    this.#put(one);
    this.#put(other);
    return number;
  }

  #single(kind: number, only: string): number {
    const text = this.#text(only);
    const known = this.#find(kind, 0, text);
    if (known !== undefined) return known;
    const number = this.#begin(kind);
    this.#put(text);
    return number;
  }

  #other(fact: Fact): number {
    return this.#single(OTHER, JSON.stringify(fact));
  }

  /** The fact that says the same; where there is none, the next one will be found. */
  #find(kind: number, first: number, rest: number): number | undefined {
    const key = first * 16 + kind;
    let alike = this.#known.get(key);
    if (alike === undefined) {
      alike = new Map();
      this.#known.set(key, alike);
    }
    const known = alike.get(rest);
    if (known === undefined) alike.set(rest, this.#count);
    return known;
  }

  #begin(kind: number): number {
    this.#facts.write(kind);
    return this.#count++;
  }

  #text(text: string): number {
    let number = this.#texts.get(text);
    if (number === undefined) {
      number = this.#texts.size;
      this.#texts.set(text, number);
    }
    return number;
  }

  #put(text: number): void {
    this.#facts.write(text === this.#told ? 0 : text + 1);
    if (text === this.#told) this.#told++;
  }
}

/** Whether it is of a kind that has numbers of its own, and nothing else to it. */
function isPlain(fact: Fact): boolean {
  const properties = PROPERTIES[fact.kind];
  if (properties === undefined || !hasOnly(fact, properties)) return false;
  if (fact.kind === "field") return typeof fact.value === "string" || isCount(fact.value);
  if (fact.kind === "query") return isCount(fact.id);
  if (fact.kind !== "answer") return true;
  return isCount(fact.id) && fact.records.every((one) => hasOnly(one, RECORD) && isCount(one.ttl));
}

/** Whether a thing has just these properties, in this order. */
function hasOnly(thing: object, properties: readonly string[]): boolean {
  let at = 0;
  for (const property in thing) if (property !== properties[at++]) return false;
  return at === properties.length || (at === properties.length - 1 && OPTIONAL.has(properties[at]!));
}

/** Small enough to be doubled. */
const LARGEST_COUNT = 2 ** 51;

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < LARGEST_COUNT && !Object.is(value, -0);
}

/** The number that a text is the plain decimal form of, where that is short; else -1. */
function shortNumber(text: string): number {
  const { length } = text;
  if (length === 0 || length > ID_DIGITS || (length > 1 && text.charCodeAt(0) === ZERO)) return -1;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
const ZERO = 0x30;
