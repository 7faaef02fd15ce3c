/** Rows again, of kinds and of what fills their gaps (`kinds.ts`). What has no gaps is one value for all rows of its kind. */
import { formatInstant } from "../time.ts";
import { END, FIRST_OTHER, GAP, KIND_COLUMNS, type KindColumn, VALUE } from "./kind-text.ts";
import type { ConversationRow, Verdict } from "./result.ts";

/** What fills gaps. */
export type Values = readonly unknown[];

/** What stands between the gaps of a column, and the places of what fills these. */
export type Pieces = readonly (string | number)[];

/** Makes a value of what fills its gaps. */
type Fill = (values: Values) => unknown;

/** A value without gaps, or how it is made. */
type Part = { fill: Fill } | { value: unknown };

/** Gaps at places that are the same in each kind. */
const PLACES = new Map<string, number>([
  [GAP.initiator, VALUE.initiator],
  [GAP.responder, VALUE.responder],
  [GAP.port, VALUE.port],
  [GAP.flows, VALUE.flows],
]);
const GAPS = new RegExp(`[${Object.values(GAP).join("")}]`, "g");
const QUOTED_PEER = `"${GAP.peer}"`;
const QUOTED_SERVER = `"${GAP.server}"`;
const SERVER = KIND_COLUMNS.indexOf("server_name");
const PEER = KIND_COLUMNS.indexOf("peer_name");
const WAIVED = KIND_COLUMNS.indexOf("waived");

/** A kind, taken apart: of each of its columns the pieces, as `KIND_COLUMNS` has them in order. */
export class Kind {
  readonly columns: readonly Pieces[];
  readonly verdict: Verdict | null;
  readonly isWaived: boolean;
  /** True where some text has what JSON escapes by its number: not every reader of SQLite shows that. */
  readonly isEscaped: boolean;
  /** The first place of values that stand in the order of their gaps. */
  readonly #nextAt: number;
  #parts: readonly Part[] | null = null;

  constructor(columns: readonly Pieces[]) {
    this.columns = columns;
    this.verdict = parsed(columns[0]!) as Verdict | null; // the first of `KIND_COLUMNS`
    this.isWaived = parsed(columns[WAIVED]!) !== null; // a site's words: without gaps
    this.isEscaped = columns.some((pieces) =>
      pieces.some((piece) => typeof piece === "string" && piece.includes("\\u")),
    );
    const [server, peer] = [columns[SERVER]![1], columns[PEER]![1]];
    this.#nextAt = FIRST_OTHER + (peer === undefined ? 0 : 1) + (server === undefined || server === peer ? 0 : 1);
  }

  static ofText(text: string): Kind {
    const columns = text.split(END);
    const [hasPeer, hasServer] = [columns[PEER] === QUOTED_PEER, columns[SERVER] === QUOTED_SERVER];
    const serverAt = FIRST_OTHER + (hasPeer ? 1 : 0);
    let next = serverAt + (hasServer ? 1 : 0);
    const placeOf = (gap: string): number => {
      if (gap === GAP.peer) return FIRST_OTHER;
      return gap === GAP.server ? serverAt : (PLACES.get(gap) ?? next++);
    };
    return new Kind(columns.map((column) => piecesOf(column, placeOf)));
  }

  /** Whether what a column says is the same in all rows of this kind. */
  isFixed(column: KindColumn): boolean {
    return this.columns[KIND_COLUMNS.indexOf(column)]!.length === 1;
  }

  /** The name that was asked for, and the one that is known of the far end. */
  namesOf(values: Values): [server: string | null, peer: string | null] {
    const parts = this.#takenApart();
    return [made(parts[SERVER]!, values), made(parts[PEER]!, values)] as [string | null, string | null]; // columns of a row
  }

  #takenApart(): readonly Part[] {
    this.#parts ??= this.columns.map((pieces) =>
      pieces.length === 1 ? { value: parsed(pieces) } : { fill: fillOf(pieces, this.#nextAt) },
    );
    return this.#parts;
  }

  /** A row of this kind. Times, counts and ends are not the kind's. */
  row(id: string, values: Values): ConversationRow {
    const parts = this.#takenApart();
    const of = (place: number): unknown => made(parts[place]!, values);
    const [first, last] = [values[VALUE.first], values[VALUE.last]];
    const timed = typeof first === "number" && typeof last === "number";
    // Packed from a row, column by column.
    return {
      conversation_id: id,
      realm: of(1),
      initiator: values[VALUE.initiator],
      responder: values[VALUE.responder],
      transport: of(2),
      port: values[VALUE.port],
      app: of(3),
      inner_app: of(4),
      server_name: of(5),
      peer_name: of(6),
      outcome: of(7),
      verdict: of(0),
      model: of(8),
      rule_id: of(9),
      reason_code: of(10),
      reason: of(11),
      evidence: of(12),
      flows: values[VALUE.flows],
      packets: values[VALUE.packets],
      bytes: values[VALUE.bytes],
      first_seen: timed ? timeText(first) : first,
      last_seen: timed ? timeText(first + last) : last,
      waived: of(13),
      hint: of(14),
      names: of(15),
      operations: of(16),
      outcomes: of(17),
      fields: of(18),
      rules: of(19),
      expectation: of(20),
      found: of(21),
    } as ConversationRow;
  }
}

function piecesOf(column: string, placeOf: (gap: string) => number): Pieces {
  const pieces: (string | number)[] = [];
  let from = 0;
  for (const { 0: gap, index } of column.matchAll(GAPS)) {
    pieces.push(column.slice(from, index), placeOf(gap));
    from = index + 1;
  }
  pieces.push(column.slice(from));
  return pieces;
}

export function timeText(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  return formatInstant(seconds, (microseconds - seconds * 1_000_000) * 1_000);
}

function parsed(pieces: Pieces): unknown {
  return JSON.parse(pieces.join(""));
}

/** How a column is made whose gaps from `nextAt` on, or of flows, stand for values of their own where no quotes are around them. */
function fillOf(pieces: Pieces, nextAt: number): Fill {
  const gap = unusedIn(pieces);
  let text = "";
  const places: number[] = [];
  for (const piece of pieces) {
    if (typeof piece === "string") {
      text += piece;
    } else {
      places.push(piece);
      const bare = (piece >= nextAt || piece === VALUE.flows) && !text.endsWith('"');
      text += bare ? `"${escaped(gap)}"` : escaped(gap);
    }
  }
  const part = partOf(JSON.parse(text), String.fromCharCode(gap), places[Symbol.iterator]());
  return "fill" in part ? part.fill : () => part.value;
}

/** A character that stands nowhere in what was told, neither as it is nor as JSON escapes it. */
function unusedIn(pieces: Pieces): number {
  for (let code = 1; ; code++) {
    const isUsed = (piece: string | number): boolean =>
      typeof piece === "string" && (piece.includes(escaped(code)) || piece.includes(String.fromCharCode(code)));
    if (!pieces.some(isUsed)) return code;
  }
}

/** As JSON.stringify escapes control characters. */
const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;

/** `places`: of the gaps that come next, in order. What has none is shared by all rows. */
function partOf(value: unknown, gap: string, places: Iterator<number>): Part {
  if (typeof value === "string") return textOf(value, gap, places);
  if (typeof value !== "object" || value === null) return { value };
  const parts = Object.entries(value).map(([key, inner]): [string, Part] => [key, partOf(inner, gap, places)]);
  if (parts.every(([, part]) => "value" in part)) return { value };
  if (Array.isArray(value)) return { fill: (values) => parts.map(([, part]) => made(part, values)) };
  return {
    fill: (values) => {
      const record: Record<string, unknown> = {};
      for (const [key, part] of parts) record[key] = made(part, values);
      return record;
    },
  };
}

function textOf(text: string, gap: string, places: Iterator<number>): Part {
  if (!text.includes(gap)) return { value: text };
  const between = text.split(gap);
  const filling = between.slice(1).map(() => places.next().value as number); // one was put down for each gap
  const [only] = filling;
  if (text === gap) return { fill: (values) => values[only!] };
  return {
    fill: (values) => {
      let said = between[0]!;
      for (let i = 0; i < filling.length; i++) said += String(values[filling[i]!]) + between[i + 1]!;
      return said;
    },
  };
}

function made(part: Part, values: Values): unknown {
  return "value" in part ? part.value : part.fill(values);
}
