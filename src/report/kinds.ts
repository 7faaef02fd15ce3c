/**
 * Judged conversations told shortly. Most of what is told of one is told of thousands: the same rule, the same clauses, the same
 * words around another name. A kind is that, once: the columns of a row as JSON texts with gaps. Of each conversation there is
 * left the number of its kind and what fills the gaps, a tenth of its row.
 *
 *     kind    …"reason": "the client asked for ▢3"  "evidence": {"support":[{"capture_id":0,"frame":▢,"what":"SYN"},…
 *     values  [first, last - first, initiator, responder, port, flows, packets, bytes, names of the peer, what fills each ▢ …]
 *
 * A gap is a control character, which no JSON text has in it. A text that JSON escapes has no gaps, nor fills any: so what fills a gap
 * inside of quotes stands there as it is. `kind-rows.ts` makes rows of both again.
 */
import { RowText } from "../row-text.ts";
import { FIXED, GAP, microseconds, PIECE } from "./kind-text.ts";
import type { ConversationRow, Evidence, FrameRef } from "./result.ts";
import { Tuples } from "./tuples.ts";

/** Text that stands in JSON as it is. */
const PLAIN = /^[^\p{Cc}\p{Cs}"\\]*$/u;
/** Shorter names fill no gaps in sentences: they would be found in half of all words. */
const SHORTEST_NAME = 4;
/**
 * Pieces of text that are known, of 60 bytes or so. Beyond that everything is begun anew: what comes again is a second kind, and nothing
 * else is different.
 */
const MOST_PIECES = 65_536;

/** That operations fill a gap. */
export const OPERATIONS: unique symbol = Symbol("operations");

export class Kinds {
  /** Number of the first kind. */
  readonly first: number;
  /** Texts of kinds: columns in JSON, with gaps. */
  readonly #texts: string[] = [];
  /** Pieces of the texts of kinds, by number and by text. */
  #pieces: string[] = [];
  readonly #known = new Map<string, number>();
  /** Pieces of sentences without gaps, by the sentence itself, and of lists and objects by themselves. */
  readonly #whole = new Map<string, number>();
  readonly #captures = new Map<number, number>();
  #same = new WeakMap<object, number>();
  /** The pieces of each known kind. */
  readonly #tuples = new Tuples();

  /** Pieces of the row that is packed, and what its own sentences may name. */
  #row = new Int32Array(256);
  #count = 0;
  #into = new RowText();
  #initiator: string | null = null;
  #responder: string | null = null;
  #over: string | null = null;
  #peer: string | null = null;
  #server: string | null = null;
  /** What fills the gaps of the row that was packed last, from the peer's on: frames, names, operations; null for anything else. */
  readonly filled: (number | string | typeof OPERATIONS | null)[] = [];

  constructor(first = 0) {
    this.first = first;
    this.#beginAnew();
  }

  /** The number after the last kind's. */
  get end(): number {
    return this.first + this.#texts.length;
  }

  textOf(kind: number): string {
    return this.#texts[kind - this.first]!;
  }

  /** The number of the row's kind. What fills its gaps goes into `into`: a JSON array. */
  pack(row: ConversationRow, into: RowText): number {
    if (this.#pieces.length >= MOST_PIECES) this.#beginAnew();
    this.#into = into;
    this.#count = 0;
    const { initiator, responder, server_name, peer_name, port, flows } = row;
    this.#initiator = usable(initiator);
    this.#responder = usable(responder);
    this.#over = port === null ? null : `/${port}`;
    this.#peer = usable(peer_name);
    this.#server = server_name === peer_name ? null : usable(server_name);
    into.ascii("[");
    writeTimes(row.first_seen, row.last_seen, into);
    into.json(initiator);
    into.json(responder);
    if (port === null) into.ascii("null,");
    else into.whole(port);
    into.whole(flows);
    into.whole(row.packets);
    into.whole(row.bytes);
    this.filled.length = 0;
    for (const name of [this.#peer, this.#server]) {
      if (name === null) continue;
      into.json(name);
      this.filled.push(name);
    }

    this.#quoted(row.verdict);
    this.#column(row.realm);
    this.#column(row.transport);
    this.#column(row.app);
    this.#column(row.inner_app);
    this.#push(PIECE.end);
    this.#name(server_name);
    this.#push(PIECE.end);
    this.#name(peer_name);
    this.#column(row.outcome);
    this.#column(row.model);
    this.#column(row.rule_id);
    this.#column(row.reason_code);
    this.#push(PIECE.end);
    this.#said(row.reason);
    this.#push(PIECE.end);
    this.#evidence(row.evidence);
    this.#column(row.waived);
    this.#column(row.hint);
    this.#push(PIECE.end);
    this.#names(row.names);
    this.#push(PIECE.end);
    this.#operations(row.operations);
    this.#push(PIECE.end);
    this.#outcomes(row.outcomes, flows);
    this.#push(PIECE.end);
    this.#shared(row.fields);
    this.#push(PIECE.end);
    this.#shared(row.rules);
    this.#push(PIECE.end);
    this.#said(row.expectation);
    this.#push(PIECE.end);
    this.#said(row.found);
    into.endList();
    const known = this.#tuples.find(this.#row, this.#count);
    if (known >= 0) return known;
    let text = "";
    for (let i = 0; i < this.#count; i++) text += this.#pieces[this.#row[i]!]!;
    this.#texts.push(text);
    this.#tuples.add(this.end - 1);
    return this.end - 1;
  }

  #beginAnew(): void {
    this.#pieces = [];
    this.#known.clear();
    for (const text of Object.values(FIXED)) this.#piece(text);
    this.#captures.clear();
    this.#whole.clear();
    this.#same = new WeakMap();
    this.#tuples.clear();
  }

  #push(piece: number): void {
    if (this.#count === this.#row.length) {
      const larger = new Int32Array(2 * this.#count);
      larger.set(this.#row);
      this.#row = larger;
    }
    this.#row[this.#count++] = piece;
  }

  #piece(text: string): number {
    let piece = this.#known.get(text);
    if (piece === undefined) {
      piece = this.#pieces.push(text) - 1;
      this.#known.set(text, piece);
    }
    return piece;
  }

  #text(text: string): void {
    this.#push(this.#piece(text));
  }

  #column(text: string | null): void {
    this.#push(PIECE.end);
    this.#quoted(text);
  }

  #quoted(text: string | null): void {
    this.#push(text === null ? PIECE.none : this.#wholeOf(text));
  }

  #wholeOf(text: string): number {
    let piece = this.#whole.get(text);
    if (piece === undefined) {
      piece = this.#piece(JSON.stringify(text));
      this.#whole.set(text, piece);
    }
    return piece;
  }

  /** A sentence, with gaps where it names an end, the port or the peer. */
  #said(text: string | null): void {
    if (text === null) {
      this.#push(PIECE.none);
      return;
    }
    const whole = this.#whole.get(text);
    if (whole !== undefined) {
      this.#push(whole);
      return;
    }
    if (!PLAIN.test(text)) {
      this.#push(this.#wholeOf(text));
      return;
    }
    let said = text;
    if (this.#peer !== null) said = withGap(said, this.#peer, GAP.peer);
    if (this.#server !== null) said = withGap(said, this.#server, GAP.server);
    if (this.#responder !== null) said = withGap(said, this.#responder, GAP.responder);
    if (this.#initiator !== null) said = withGap(said, this.#initiator, GAP.initiator);
    if (this.#over !== null) said = withGap(said, this.#over, `/${GAP.port}`);
    if (said === text) this.#push(this.#wholeOf(text));
    else this.#text(`"${said}"`);
  }

  #name(name: string | null): void {
    if (name === null) this.#push(PIECE.none);
    else if (name === this.#peer) this.#push(PIECE.peer);
    else if (name === this.#server) this.#push(PIECE.server);
    else this.#quoted(name);
  }

  #evidence(evidence: Evidence | null): void {
    if (evidence === null) {
      this.#push(PIECE.none);
      return;
    }
    const { support, support_count, against, against_count, clauses, initiator_by, nearest } = evidence;
    this.#push(PIECE.support);
    this.#frames(support);
    this.#push(PIECE.supportCount);
    this.#listed(support_count, support);
    this.#push(PIECE.against);
    this.#frames(against);
    this.#push(PIECE.againstCount);
    this.#listed(against_count, against);
    this.#push(PIECE.clauses);
    let open = PIECE.clause;
    for (const { clause, result, says } of clauses) {
      this.#push(open);
      this.#quoted(clause);
      this.#push(PIECE.result);
      this.#quoted(result);
      this.#push(PIECE.says);
      this.#said(says);
      open = PIECE.nextClause;
    }
    this.#push(clauses.length === 0 ? PIECE.noClauses : PIECE.endClauses);
    this.#quoted(initiator_by);
    this.#nearest(nearest);
  }

  #frames(frames: readonly FrameRef[]): void {
    let first = true;
    for (const { capture_id, frame, what } of frames) {
      if (!first) this.#push(PIECE.comma);
      this.#push(this.#captureOf(capture_id));
      this.#push(PIECE.what);
      this.#into.whole(frame);
      this.filled.push(frame);
      this.#said(what);
      this.#push(PIECE.endBrace);
      first = false;
    }
  }

  #captureOf(capture: number): number {
    let piece = this.#captures.get(capture);
    if (piece === undefined) {
      piece = this.#piece(`{"capture_id":${capture}`);
      this.#captures.set(capture, piece);
    }
    return piece;
  }

  /** How many there are, which is nearly always how many are listed. */
  #listed(count: number, list: readonly unknown[]): void {
    if (count === list.length) {
      this.#text(String(count));
      return;
    }
    this.#push(PIECE.next);
    this.#into.whole(count);
    this.filled.push(null);
  }

  #nearest(nearest: Evidence["nearest"]): void {
    if (nearest === null) {
      this.#push(PIECE.noNearest);
      return;
    }
    this.#push(PIECE.nearest);
    this.#quoted(nearest.model);
    this.#push(PIECE.rule);
    this.#quoted(nearest.rule_id);
    this.#push(PIECE.missed);
    this.#quoted(nearest.clause);
    this.#push(PIECE.says);
    this.#said(nearest.says);
    this.#push(PIECE.endNearest);
  }

  #names(names: ConversationRow["names"]): void {
    let open = PIECE.name;
    for (const { name, source, capture_id, frame } of names) {
      this.#push(open);
      if (name === this.#peer || name === this.#server || !PLAIN.test(name)) {
        this.#name(name);
      } else {
        this.#push(PIECE.nextText);
        this.#into.json(name);
        this.filled.push(name);
      }
      this.#push(PIECE.source);
      this.#quoted(source);
      this.#push(PIECE.captureOf);
      this.#text(String(capture_id));
      this.#push(PIECE.frame);
      this.#into.whole(frame);
      this.filled.push(frame);
      open = PIECE.nextName;
    }
    this.#push(names.length === 0 ? PIECE.noList : PIECE.endNames);
  }

  /** Counts and frames all through: hardly any two are alike. */
  #operations(operations: ConversationRow["operations"]): void {
    if (operations.length === 0) {
      this.#push(PIECE.noList);
      return;
    }
    this.#push(PIECE.next);
    this.#into.text(`${JSON.stringify(operations)},`);
    this.filled.push(OPERATIONS);
  }

  #outcomes(outcomes: ConversationRow["outcomes"], flows: number): void {
    let open = PIECE.brace;
    for (const outcome in outcomes) {
      const count = outcomes[outcome as keyof typeof outcomes]!;
      this.#push(open);
      this.#quoted(outcome);
      this.#push(PIECE.colon);
      // Nearly always there is one flow, and then there is no gap to fill.
      this.#push(count === 1 ? PIECE.one : count === flows ? PIECE.flows : PIECE.next);
      if (count !== 1 && count !== flows) {
        this.#into.whole(count);
        this.filled.push(null);
      }
      open = PIECE.comma;
    }
    this.#push(open === PIECE.brace ? PIECE.noRecord : PIECE.endBrace);
  }

  /** Lists and objects that conversations share. */
  #shared(value: object): void {
    let piece = this.#same.get(value);
    if (piece === undefined) {
      piece = this.#piece(JSON.stringify(value));
      this.#same.set(value, piece);
    }
    this.#push(piece);
  }
}

/** What may fill gaps in sentences. */
function usable(text: string | null): string | null {
  return text !== null && text.length >= SHORTEST_NAME && PLAIN.test(text) ? text : null;
}

function withGap(text: string, name: string, gap: string): string {
  let at = text.indexOf(name);
  if (at < 0) return text;
  let said = "";
  let from = 0;
  for (; at >= 0; at = text.indexOf(name, from)) {
    said += text.slice(from, at) + gap;
    from = at + name.length;
  }
  return said + text.slice(from);
}

/** Two times as `formatInstant` writes them; any others as they are. */
function writeTimes(first: string, last: string, into: RowText): void {
  const from = microseconds(first);
  const to = from === null ? null : microseconds(last);
  if (from === null || to === null) {
    into.json(first);
    into.json(last);
  } else {
    into.whole(from);
    into.whole(to - from);
  }
}
