/**
 * Judged conversations as bytes: a million are 150 MB that nobody has to walk, where as objects they are 1.2 GB that the
 * collector goes through again and again. A row is made again each time that somebody asks for it.
 *
 *     record   conversation's id, 16 digits · what fills the gaps of its kind (`kinds.ts`), a JSON array
 */
import { RowText } from "../row-text.ts";
import { Kind, type Values } from "./kind-rows.ts";
import { microseconds } from "./kind-text.ts";
import { Kinds } from "./kinds.ts";
import { compareConversations } from "./order.ts";
import type { ConversationRow, RunResult, Verdict } from "./result.ts";

/** Bytes of a block of records: a power of two, for places count in it. */
const BLOCK = 1 << 20;
export const ID_CHARS = 16;
const ID = /^[0-9a-f]{16}$/;
const NO_ID = "0".repeat(ID_CHARS);
const FIRST_ROWS = 1_024;

export class PackedRows {
  readonly kinds: Kinds;
  length = 0;
  readonly #text = new RowText();
  readonly #blocks: Buffer[] = [];
  /** By row's number: which kind it is; when it begins, in microseconds; where its record begins, as if each block were `BLOCK` long; how long it is. */
  #kindOf = new Uint32Array(FIRST_ROWS);
  #first = new Float64Array(FIRST_ROWS);
  #at = new Float64Array(FIRST_ROWS);
  #size = new Uint32Array(FIRST_ROWS);
  /** Rows whose id is none of ours. */
  readonly #others = new Map<number, ConversationRow>();
  #order: Uint32Array | null = null;
  readonly #parsed = new Map<number, Kind>();
  readonly #made = new Map<Verdict, ConversationRow[]>();

  /** `kinds`: those of rows before. */
  constructor(kinds = new Kinds()) {
    this.kinds = kinds;
  }

  static of(rows: Iterable<ConversationRow>, kinds?: Kinds): PackedRows {
    const packed = new PackedRows(kinds);
    for (const row of rows) packed.add(row);
    return packed;
  }

  /** The row's number. */
  add(row: ConversationRow): number {
    const text = this.#text;
    const from = text.length;
    if (ID.test(row.conversation_id)) {
      text.ascii(row.conversation_id);
    } else {
      text.ascii(NO_ID);
      this.#others.set(this.length, row);
    }
    const kind = this.kinds.pack(row, text);
    return this.#put(kind, microseconds(row.first_seen) ?? Number.NaN, from);
  }

  /**
   * A row of a kind that is known. `id`: 16 digits; `first`: microseconds since 1970. What fills the kind's gaps is to be written to what
   * this returns, behind the time at which it began, and `end` called.
   */
  begin(id: string, kind: number, first: number): RowText {
    const text = this.#text;
    this.#begun = { kind, first, from: text.length };
    text.ascii(id);
    text.ascii("[");
    text.whole(first);
    return text;
  }
  #begun = { kind: 0, first: 0, from: 0 };

  /** The number of the row that was begun. */
  end(): number {
    const { kind, first, from } = this.#begun;
    this.#text.endList();
    return this.#put(kind, first, from);
  }

  #put(kind: number, first: number, from: number): number {
    if (this.length === this.#size.length) this.#grow();
    const text = this.#text;
    const number = this.length++;
    this.#kindOf[number] = kind;
    this.#first[number] = first;
    this.#at[number] = this.#blocks.length * BLOCK + from;
    this.#size[number] = text.length - from;
    // A record may reach beyond the block that it begins in: then that is longer.
    if (text.length >= BLOCK) this.#blocks.push(text.takeBytes());
    return number;
  }

  /** Puts them in the order of a result. */
  sort(): void {
    const first = this.#first;
    this.#order = Uint32Array.from({ length: this.length }, (_, number) => number).sort((a, b) => {
      const order = first[a]! - first[b]!;
      return order < 0 || order > 0 ? order : compareConversations(this.row(a), this.row(b));
    });
  }

  /** By row's number the first half of its id; null where one is none of ours. */
  idHeads(): Uint32Array | null {
    if (this.#others.size > 0) return null;
    return Uint32Array.from({ length: this.length }, (_, number) =>
      Number.parseInt(this.#part(number, 0, ID_CHARS / 2, "latin1"), 16),
    );
  }

  /** How many rows are of such kinds. */
  count(isMeant: (kind: Kind) => boolean): number {
    if (this.#counts.length !== this.kinds.end || this.#counted !== this.length) {
      this.#counts = new Uint32Array(this.kinds.end);
      for (let number = 0; number < this.length; number++) this.#counts[this.kindOf(number)]!++;
      this.#counted = this.length;
    }
    let count = 0;
    for (const [number, rows] of this.#counts.entries()) if (rows > 0 && isMeant(this.kind(number))) count += rows;
    return count;
  }
  /** By kind: its rows, of so many in all. */
  #counts = new Uint32Array(0);
  #counted = 0;

  /** Numbers of the rows of such kinds, in order. */
  *numbers(isMeant: (kind: Kind) => boolean): Iterable<number> {
    const meant: boolean[] = [];
    for (const number of this.order()) {
      const kind = this.kindOf(number);
      meant[kind] ??= isMeant(this.kind(kind));
      if (meant[kind]) yield number;
    }
  }

  countOf(verdict: Verdict): number {
    return this.count((kind) => kind.verdict === verdict);
  }

  /** Rows of a verdict, in order. They are kept: a report asks for them several times. */
  of(verdict: Verdict): readonly ConversationRow[] {
    let rows = this.#made.get(verdict);
    if (rows === undefined) {
      rows = [];
      for (const number of this.numbers((kind) => kind.verdict === verdict)) rows.push(this.row(number));
      this.#made.set(verdict, rows);
    }
    return rows;
  }

  /** Numbers of all rows, in order. */
  *order(): Iterable<number> {
    for (let place = 0; place < this.length; place++) yield this.#order?.[place] ?? place;
  }

  /** All rows in order, made one by one. */
  *rows(): Iterable<ConversationRow> {
    for (const number of this.order()) yield this.row(number);
  }

  row(number: number): ConversationRow {
    const other = this.#others.get(number);
    if (other !== undefined) return other;
    return this.kind(this.kindOf(number)).row(this.#part(number, 0, ID_CHARS, "latin1"), this.values(number));
  }

  /** What fills the gaps of a row's kind. */
  values(number: number): Values {
    return JSON.parse(this.#part(number, ID_CHARS, this.sizeOf(number), "utf8")) as Values; // as `Kinds` wrote it
  }

  kindOf(number: number): number {
    return this.#kindOf[number]!;
  }

  verdictOf(number: number): Verdict | null {
    return this.kind(this.kindOf(number)).verdict;
  }

  kind(number: number): Kind {
    let kind = this.#parsed.get(number);
    if (kind === undefined) {
      kind = Kind.ofText(this.kinds.textOf(number));
      this.#parsed.set(number, kind);
    }
    return kind;
  }

  /** True where the row has what JSON escapes by its number, or another id. */
  isOdd(number: number): boolean {
    return this.kind(this.kindOf(number)).isEscaped || this.#others.has(number) || this.#escapes(number);
  }

  #escapes(number: number): boolean {
    return this.#part(number, 0, this.sizeOf(number), "latin1").includes("\\u");
  }

  /** Bytes of a row's record. */
  sizeOf(number: number): number {
    return this.#size[number]!;
  }

  /** Copies the bytes from `from` to `to` of a row's record. */
  copy(number: number, from: number, to: number, into: Buffer, at: number): void {
    const place = this.#at[number]!;
    const begin = place % BLOCK;
    const block = this.#blocks[(place - begin) / BLOCK];
    if (block === undefined) this.#text.copy(begin + from, begin + to, into, at);
    else block.copy(into, at, begin + from, begin + to);
  }

  idOf(number: number): string {
    const other = this.#others.get(number);
    if (other !== undefined) return other.conversation_id;
    return this.#part(number, 0, ID_CHARS, "latin1");
  }

  /** A row's record from one place to another, as a text. */
  #part(number: number, from: number, to: number, encoding: "utf8" | "latin1"): string {
    const place = this.#at[number]!;
    const begin = place % BLOCK;
    const block = this.#blocks[(place - begin) / BLOCK];
    if (block === undefined) return this.#text.part(begin + from, begin + to, encoding);
    return block.toString(encoding, begin + from, begin + to);
  }

  #grow(): void {
    const rows = 2 * this.length;
    const [kinds, first, places, sizes] = [this.#kindOf, this.#first, this.#at, this.#size];
    this.#kindOf = new Uint32Array(rows);
    this.#first = new Float64Array(rows);
    this.#at = new Float64Array(rows);
    this.#size = new Uint32Array(rows);
    this.#kindOf.set(kinds);
    this.#first.set(first);
    this.#at.set(places);
    this.#size.set(sizes);
  }
}

type Judged = Pick<RunResult, "judged">;

/** Packed rows of results: whoever asks for those needs none of `judged`. A copy of a result has the rows. */
const PACKED = new WeakMap<Judged, PackedRows>();

/** The result with its judged conversations. Packed ones are made rows when somebody asks for all of them. */
export function withJudged<Result extends object>(
  rows: PackedRows | ConversationRow[],
  result: Result,
): Result & { judged: ConversationRow[] } {
  if (!(rows instanceof PackedRows)) return { ...result, judged: rows };
  const told = { ...result, judged: NO_ROWS };
  let made: ConversationRow[] | null = null;
  Object.defineProperty(told, "judged", {
    enumerable: true,
    configurable: true,
    get: () => {
      made ??= [...rows.rows()];
      return made;
    },
  });
  PACKED.set(told, rows);
  return told;
}
const NO_ROWS: ConversationRow[] = [];

/** Null where its rows are as they are. */
export function packedOf(result: Judged): PackedRows | null {
  return PACKED.get(result) ?? null;
}

/** Judged conversations one by one. */
export function judgedRows(result: Judged): Iterable<ConversationRow> {
  return packedOf(result)?.rows() ?? result.judged;
}

/** Those of a verdict, waived ones among them. */
export function judgedOf(result: Judged, verdict: Verdict): readonly ConversationRow[] {
  return packedOf(result)?.of(verdict) ?? amongRows(result.judged, verdict);
}

/** Each part of a report asks for them. */
function amongRows(judged: readonly ConversationRow[], verdict: Verdict): readonly ConversationRow[] {
  let known = BY_VERDICT.get(judged);
  if (known === undefined || known.length !== judged.length) {
    known = { length: judged.length, of: new Map() };
    BY_VERDICT.set(judged, known);
  }
  let rows = known.of.get(verdict);
  if (rows === undefined) {
    rows = judged.filter((c) => c.verdict === verdict);
    known.of.set(verdict, rows);
  }
  return rows;
}
const BY_VERDICT = new WeakMap<
  readonly ConversationRow[],
  { length: number; of: Map<Verdict, readonly ConversationRow[]> }
>();

export function judgedCount(result: Judged, verdict: Verdict | null = null): number {
  const packed = packedOf(result);
  if (verdict === null) return packed?.length ?? result.judged.length;
  return packed?.countOf(verdict) ?? judgedOf(result, verdict).length;
}

/** Findings that somebody waived, in order. */
export function waivedOf(result: Judged): ConversationRow[] {
  const packed = packedOf(result);
  if (packed === null) return result.judged.filter((c) => c.waived !== null).sort(compareConversations);
  return Array.from(
    packed.numbers((kind) => kind.isWaived),
    (number) => packed.row(number),
  );
}

/** Kinds of conversations of a verdict that nobody waived. */
export const isUnwaived =
  (verdict: Verdict) =>
  (kind: Kind): boolean =>
    kind.verdict === verdict && !kind.isWaived;

/** How many conversations of a verdict nobody waived. */
export function unwaivedCount(result: Judged, verdict: Verdict): number {
  const packed = packedOf(result);
  if (packed !== null) return packed.count(isUnwaived(verdict));
  return unwaivedOf(result, verdict).length;
}

/** The first conversation of a verdict that nobody waived. */
export function firstUnwaived(result: Judged, verdict: Verdict): ConversationRow | null {
  const packed = packedOf(result);
  if (packed === null) return unwaivedOf(result, verdict)[0] ?? null;
  for (const number of packed.numbers(isUnwaived(verdict))) return packed.row(number);
  return null;
}

/** Conversations of a verdict that nobody waived, in order. */
export function unwaivedOf(result: Judged, verdict: Verdict): readonly ConversationRow[] {
  const all = judgedOf(result, verdict);
  let known = UNWAIVED.get(all);
  if (known === undefined) {
    known = all.filter((c) => c.waived === null);
    UNWAIVED.set(all, known);
  }
  return known;
}
/** By list of all: each part of a report asks for them. */
const UNWAIVED = new WeakMap<readonly ConversationRow[], readonly ConversationRow[]>();
