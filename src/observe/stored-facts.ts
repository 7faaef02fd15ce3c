/**
 * Facts that a database holds (`facts-codec.ts`): they stay bytes, and one is made an object when somebody asks for it. What is kept of
 * each is its kind, where it begins, and how many texts there were before it, because a text that comes first says only that it is new.
 */
import { ipv4WordIn } from "../address.ts";
import { CLAIM, claimOf } from "../decode/claims.ts";
import { type AnswersTold, FACT_BITS, type NameNumbers } from "../decode/details.ts";
import type { AnswerFact, DnsRecord, Fact, MessageFact, NameFact, RoleFact } from "../decode/facts.ts";
import {
  ANSWER,
  FAILED,
  FIELD,
  INNER,
  MESSAGE,
  NAME,
  NUMBER_FIELD,
  OTHER,
  QUERY,
  ROLE,
  UP,
  WHATS,
} from "./facts-codec.ts";
import { isByRequest } from "./parts.ts";
import { NumberReader } from "./varint.ts";

/** By kind as it is written; OTHER says its own. */
const BITS: readonly number[] = [];
for (const [kind, name] of [
  [UP, "up"],
  [ROLE, "role"],
  [NAME, "name"],
  [QUERY, "query"],
  [ANSWER, "answer"],
  [MESSAGE, "message"],
  [FIELD, "field"],
  [NUMBER_FIELD, "field"],
  [INNER, "inner"],
] as const)
  (BITS as number[])[kind] = FACT_BITS[name];

const NO_NAMES = new Int32Array(0);

/** How a name was sent: in a certificate, by the client, or by a request of it, of which the next may name another host. */
export const SENT = { inCertificate: 1, byClient: 2, byRequest: 3 } as const;

function howSent(source: string): number {
  if (source === "certificate") return SENT.inCertificate;
  return isByRequest(source) ? SENT.byRequest : SENT.byClient;
}

/** Facts that parts share, so that what says the same in many of them is one object. Questions, answers and names that clients sent are not among them. */
export class SharedFacts {
  readonly #known = new Map<string, Fact>();

  of(fact: Fact): Fact {
    const key = keyOf(fact);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_SHARED) this.#known.clear();
    this.#known.set(key, fact);
    return fact;
  }
}

/** Beyond that they are begun anew: it saves memory and changes nothing. */
const MOST_SHARED = 65_536;

/** Whether many parts have it. */
function isShared(fact: Fact): boolean {
  if (fact.kind === "name") return fact.source === "certificate";
  return fact.kind !== "query" && fact.kind !== "answer" && fact.kind !== "message";
}

/** The length of the first text keeps two facts from having one key. */
function keyOf(fact: Fact): string {
  switch (fact.kind) {
    case "up":
      return "up";
    case "role":
      return `role ${fact.sender} ${fact.why}`;
    case "field":
      return `${typeof fact.value} ${fact.field.length} ${fact.field}${fact.value}`;
    case "inner":
      return `inner ${fact.app}`;
    case "name":
      return `name ${fact.source} ${fact.name}`;
    default:
      return JSON.stringify(fact);
  }
}

export class StoredFacts {
  /** By fact: the bit of its kind; and what it claims (`claimOf`), or of a name how it was sent. */
  readonly bits: Uint16Array;
  readonly tells: Uint8Array;
  readonly #begins: Uint32Array;
  /** By fact: texts that were new before it. */
  readonly #told: Uint32Array;
  readonly #numbers: NumberReader;
  readonly #texts: string;
  readonly #textEnds: Uint32Array;
  readonly #shared: SharedFacts;
  /** Those that were made and may be asked for again. */
  readonly #made: Fact[] = [];
  /** Texts that were new before the one that is read. */
  #next = 0;
  /** Numbers of names by fact, and who gave them. */
  #names = NO_NAMES;
  #namedBy: NameNumbers | null = null;

  /** What `FactWriter` wrote: `count` facts. Throws where it is something else. */
  constructor(count: number, lengths: Uint8Array, texts: Buffer, facts: Uint8Array, shared: SharedFacts) {
    if (count > facts.length) throw new Error("a part of the observation is damaged");
    const ends = new NumberReader(lengths);
    this.#texts = texts.toString(ends.read() === 1 ? "utf16le" : "utf8");
    this.#textEnds = textEnds(ends, lengths.length);
    const bytes = new Uint8Array(facts); // the part's other bytes need not stay
    this.#numbers = new NumberReader(bytes);
    this.#shared = shared;
    this.bits = new Uint16Array(count);
    this.tells = new Uint8Array(count);
    this.#begins = new Uint32Array(count);
    this.#told = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      this.#begins[i] = this.#numbers.at;
      this.#told[i] = this.#next;
      this.#tell(i, bytes[this.#numbers.at]!);
    }
  }

  /** Over a fact of this kind; what is asked of many flows is found out here, once for all that say it. */
  #tell(i: number, kind: number): void {
    this.bits[i] = BITS[kind] ?? FACT_BITS.up;
    if (kind === OTHER || kind === ROLE) {
      const fact = this.#make(i);
      this.bits[i] = FACT_BITS[fact.kind];
      this.tells[i] = claimOf(fact);
    } else if (kind === NAME) {
      this.#numbers.read(); // its kind
      this.tells[i] = howSent(this.#text());
      this.#skipText();
    } else {
      if (this.bits[i] === FACT_BITS.up) this.tells[i] = CLAIM.up;
      this.#skip();
    }
  }

  /** The fact of a number, as the decoder said it. */
  of(fact: number): Fact {
    return this.#made[fact] ?? this.#make(fact);
  }

  /** The number of the name that it says, asked for once. */
  nameOf(fact: number, numbers: NameNumbers): number {
    if (this.#namedBy !== numbers) {
      this.#namedBy = numbers;
      this.#names = new Int32Array(this.bits.length);
    }
    const known = this.#names[fact]!;
    if (known !== 0) return known;
    this.#begin(fact);
    this.#numbers.read(); // its kind
    this.#skipText();
    const name = numbers.of(this.#text());
    this.#names[fact] = name;
    return name;
  }

  /** What there is to be found of an answer, without making it. */
  tellAnswer(fact: number, told: AnswersTold): void {
    this.#begin(fact);
    this.#numbers.read(); // its kind
    this.#passAnswer(told);
  }

  /** A or AAAA. */
  #isAddressType(text: number): boolean {
    const from = text === 0 ? 0 : this.#textEnds[text - 1]!;
    const length = this.#textEnds[text]! - from;
    return (length === 1 || length === 4) && this.#texts.startsWith(length === 1 ? "A" : "AAAA", from);
  }

  #addressAt(text: number): number | string {
    const from = text === 0 ? 0 : this.#textEnds[text - 1]!;
    return ipv4WordIn(this.#texts, from, this.#textEnds[text] ?? 0) ?? this.#textOf(text);
  }

  #begin(fact: number): void {
    this.#numbers.at = this.#begins[fact]!;
    this.#next = this.#told[fact]!;
  }

  #make(number: number): Fact {
    this.#begin(number);
    const kind = this.#numbers.read();
    if (kind === OTHER) return this.#keep(number, JSON.parse(this.#text()) as Fact);
    const fact = this.#plain(kind);
    // Of questions, answers, other messages and names each is asked for by a pass or two, and they are the most.
    return isShared(fact) ? this.#keep(number, this.#shared.of(fact)) : fact;
  }

  #keep(number: number, fact: Fact): Fact {
    this.#made[number] = fact;
    return fact;
  }

  #plain(kind: number): Fact {
    switch (kind) {
      case ROLE:
        return { kind: "role", sender: this.#text() as RoleFact["sender"], why: this.#text() };
      case NAME:
        return { kind: "name", source: this.#text() as NameFact["source"], name: this.#text() };
      case QUERY:
        return { kind: "query", id: this.#numbers.read(), name: this.#text(), type: this.#text() };
      case ANSWER:
        return this.#answer();
      case MESSAGE:
        return this.#message();
      case FIELD:
        return { kind: "field", field: this.#text(), value: this.#text() };
      case NUMBER_FIELD:
        return { kind: "field", field: this.#text(), value: this.#numbers.read() };
      case INNER:
        return { kind: "inner", app: this.#text() };
      default:
        return { kind: "up" };
    }
  }

  #answer(): AnswerFact {
    const head = this.#numbers.read();
    const partial = head % 2 === 1;
    const id = partial ? (head - 1) / 2 : head / 2;
    const [name, type, rcode] = [this.#text(), this.#text(), this.#text()];
    const records: DnsRecord[] = [];
    for (let left = this.#numbers.read(); left > 0 && !this.#numbers.ended; left--) {
      const [name, type] = [this.#text(), this.#text()];
      const ttl = this.#numbers.read();
      const data = this.#text();
      if (ttl % 2 === 0) records.push({ name, type, ttl: ttl / 2, data });
      else records.push({ name, type, ttl: (ttl - 1) / 2, data, echPublicName: this.#text() });
    }
    return { kind: "answer", id, name, type, rcode, partial, records };
  }

  #message(): MessageFact {
    const head = this.#numbers.read();
    const id = head % 2 === 1 ? this.#text() : String(this.#numbers.read());
    const how = head >>> 1;
    const what = WHATS[how % WHATS.length] ?? "oneway";
    const failed = FAILED[Math.floor(how / WHATS.length)];
    return failed === undefined ? { kind: "message", what, id } : { kind: "message", what, id, failed };
  }

  #text(): string {
    return this.#textOf(this.#textNumber());
  }

  #textNumber(): number {
    const number = this.#numbers.read();
    return number > 0 ? number - 1 : this.#next++;
  }

  #textOf(text: number): string {
    return this.#texts.slice(text === 0 ? 0 : this.#textEnds[text - 1], this.#textEnds[text] ?? 0);
  }

  /** Over a fact. */
  #skip(): void {
    switch (this.#numbers.read()) {
      case ROLE:
      case NAME:
      case FIELD:
        this.#skipText();
        this.#skipText();
        return;
      case QUERY:
        this.#numbers.read();
        this.#skipText();
        this.#skipText();
        return;
      case ANSWER:
        this.#passAnswer(null);
        return;
      case MESSAGE:
        if (this.#numbers.read() % 2 === 1) this.#skipText();
        else this.#numbers.read();
        return;
      case NUMBER_FIELD:
        this.#skipText();
        this.#numbers.read();
        return;
      case INNER:
        this.#skipText();
        return;
      default:
        return;
    }
  }

  /** Over an answer, behind its kind; `told` hears what there is to be found of it. */
  #passAnswer(told: AnswersTold | null): void {
    this.#numbers.read();
    this.#skipText();
    this.#skipText();
    this.#skipText();
    for (let left = this.#numbers.read(); left > 0 && !this.#numbers.ended; left--) {
      this.#skipText();
      const type = this.#textNumber();
      const ttl = this.#numbers.read();
      const data = this.#textNumber();
      if (told !== null && this.#isAddressType(type)) told.address(this.#addressAt(data));
      if (ttl % 2 === 0) continue;
      this.#skipText();
      told?.cover();
    }
  }

  #skipText(): void {
    if (this.#numbers.read() === 0) this.#next++;
  }
}

/** Where each text ends; a length takes a byte at least. */
function textEnds(lengths: NumberReader, most: number): Uint32Array {
  const ends = new Uint32Array(most);
  let count = 0;
  for (let at = 0; !lengths.ended; ) ends[count++] = at += lengths.read();
  return ends.slice(0, count);
}
