/**
 * Conversations that nobody judged, made into rows one by one: a busy capture has millions. `chunks` is the form that the
 * store keeps (see `RestConversations` in `report/result.ts`): JSON texts put together by hand, because most rows are
 * numbers and building objects first costs several times as much.
 */
import { hasPorts } from "../dissect/packet.ts";
import type {
  ConversationOutcome,
  ConversationRow,
  NameEvidence,
  RestConversations,
  Verdict,
} from "../report/result.ts";
import { RowText } from "../row-text.ts";
import { formatInstant } from "../time.ts";
import * as C from "./conversations.ts";
import { ConversationReader, hintOf, outcomesOf, peerName, readDetails, type SharedFields } from "./details.ts";
import type { DnsEvidence } from "./dns-evidence.ts";
import { addressText, INITIATOR_BY, OUTCOMES, transportName } from "./flow-view.ts";
import { mayBeTunnel } from "./tunnels.ts";

/** Conversations of a chunk; a multiple of 8, for a bit of each. */
const CHUNK_ROWS = 1_000;
const CHUNK_BYTES = CHUNK_ROWS / 8;

/** A chunk: of a thousand conversations in a row those that nobody judged. */
export interface RestChunk {
  /** Which thousand. */
  seq: number;
  /** A bit of each that is left out, the first in the lowest of the first byte; null where none is. */
  leftOut: Uint8Array | null;
  /** How many it has, and how many the thousand has. */
  count: number;
  size: number;
  /** The first and the last of the thousand, so that a stored text is known to be of the same. */
  ends: string;
  text: () => string;
  /** The same, encoded, and what many of its rows have alike beside it. */
  bytes: () => RestBytes;
}

export interface RestBytes {
  rows: Buffer;
  alike: string;
  /** Whether any of them has operations, and whether one has what JSON escapes: looking for either takes as long as half of the writing. */
  hasOperations: boolean;
  hasEscapes: boolean;
}

/** Whether the bit of a conversation is set: then it is left out. */
export function isOut(bits: Uint8Array, i: number): boolean {
  return (bits[i >>> 3]! & (1 << (i & 7))) !== 0;
}

export class Rest implements RestConversations {
  readonly count: number;
  readonly verdict: Verdict | null;
  /**
   * True where texts say what they say whatever the models and the site: neither decides who opened a flow or what it is part of.
   * Then another run over the same observation can copy them.
   */
  readonly isPlain: boolean;
  readonly #all: C.Conversations;
  readonly #dns: DnsEvidence;
  /** A bit a conversation. */
  readonly #skip: Uint8Array;

  /** All conversations but those in `judged`. */
  constructor(
    all: C.Conversations,
    dns: DnsEvidence,
    judged: Iterable<number>,
    verdict: Verdict | null,
    isPlain = false,
  ) {
    this.#all = all;
    this.#dns = dns;
    this.verdict = verdict;
    this.isPlain = isPlain;
    this.#skip = new Uint8Array(Math.ceil(all.count / CHUNK_ROWS) * CHUNK_BYTES);
    let count = all.count;
    for (const c of judged) {
      if (this.#has(c)) count--;
      this.#skip[c >>> 3]! |= 1 << (c & 7);
    }
    this.count = count;
  }

  #has(c: number): boolean {
    return !isOut(this.#skip, c);
  }

  *rows(): Generator<ConversationRow> {
    for (let c = 0; c < this.#all.count; c++) if (this.#has(c)) yield restRow(this.#all, c, this.#dns, this.verdict);
  }

  /** A chunk of one conversation, whichever it is. */
  text(c: number): string {
    const rows = new RowWriter(this.#all, this.#dns);
    rows.write(c);
    return rows.take();
  }

  *chunks(): Generator<string> {
    for (const { text } of this.parts()) yield text();
  }

  /** Chunks that have anything, each to be asked for its text once. */
  *parts(): Generator<RestChunk> {
    const rows = new RowWriter(this.#all, this.#dns);
    for (let from = 0, seq = 0; from < this.#all.count; from += CHUNK_ROWS, seq++) {
      const bits = this.#skip.subarray(seq * CHUNK_BYTES, (seq + 1) * CHUNK_BYTES);
      const isWhole = bits.every((eight) => eight === 0);
      const end = Math.min(from + CHUNK_ROWS, this.#all.count);
      const there: number[] = [];
      for (let c = from; c < end; c++) if (isWhole || this.#has(c)) there.push(c);
      if (there.length === 0) continue;
      const id = (c: number): string => C.idText(this.#all.id(c));
      yield {
        seq,
        leftOut: isWhole ? null : bits,
        count: there.length,
        size: end - from,
        ends: `${id(from)} ${id(end - 1)}`,
        text: () => rows.of(there).take(),
        bytes: () => rows.of(there, new Alike()).takeBytes(),
      };
    }
  }
}

/** Writes compact rows. What a conversation has not is not written, and `expandCompactRow` knows what that means. */
class RowWriter {
  /** Rows written since the last time they were taken. */
  count = 0;
  /** Null: rows say all of it themselves. */
  #alike: Alike | null = null;
  #hasOperations = false;
  readonly #all: C.Conversations;
  readonly #dns: DnsEvidence;
  readonly #into = new RowText();
  readonly #reader: ConversationReader;
  /** Applications by index + 1. */
  readonly #apps: readonly (string | null)[];
  /** JSON, each with its comma: outcomes with no verdict behind them, which all have alike. */
  readonly #outcomes: readonly string[];

  constructor(all: C.Conversations, dns: DnsEvidence) {
    this.#all = all;
    this.#dns = dns;
    this.#reader = new ConversationReader(all, dns);
    this.#apps = [null, ...all.seen.decoders.map(({ id }) => id)];
    this.#outcomes = OUTCOMES.map((outcome) => `"${outcome}",null,`);
  }

  of(conversations: readonly number[], alike: Alike | null = null): this {
    this.#alike = alike;
    this.#hasOperations = false;
    for (const c of conversations) this.write(c);
    return this;
  }

  /** A text of all rows since the last time, which is a JSON array. */
  take(): string {
    this.#end();
    return this.#into.take();
  }

  takeBytes(): RestBytes {
    this.#end();
    const alike = this.#alike?.text() ?? "[]";
    const hasOperations = this.#hasOperations;
    const hasEscapes = this.#into.hasEscapes || alike.includes("\\");
    return { rows: this.#into.takeBytes(), alike, hasOperations, hasEscapes };
  }

  #end(): void {
    this.#into.ascii("]");
    this.count = 0;
  }

  write(c: number): void {
    const all = this.#all;
    const into = this.#into;
    const row = all.rows(c);
    const at = all.at(c);
    const meta = row[at + C.C_META]!;
    const family = (meta >>> 8) & 0xff;
    const proto = meta & 0xff;
    const portApp = row[at + C.C_PORT_APP]!;
    const app = (portApp >>> 16) & 0xff;
    const name = row[at + C.C_NAME]!;
    const [high, low] = all.id(c);
    into.ascii(this.count++ === 0 ? "[[" : NEXT_ROW);
    into.number(high | 0);
    into.number(low | 0);
    this.#text(all.seen.realms[meta >>> 16] ?? null);
    this.#address(family, row[at + C.C_INITIATOR]!);
    this.#address(family, row[at + C.C_RESPONDER]!);
    into.json(transportName(meta));
    if (hasPorts(proto)) into.number(portApp & 0xffff);
    else into.ascii("null,");
    this.#text(this.#apps[app]!);
    const told = this.#hasMore(row, at) ? this.#reader.read(c, "") : null;
    if (told === null && name === 0) {
      into.ascii("null,null,null,");
    } else {
      this.#text(told === null ? null : told.innerApp);
      this.#text(name === 0 ? null : all.serverNames[name - 1]!);
      this.#text(told === null ? null : peerName(told.names));
    }
    into.ascii(this.#outcomes[all.outcome(c)]!);
    into.number(row[at + C.C_FLOWS]!);
    into.number(row[at + C.C_PACKETS]!);
    into.whole(C.bytesIn(row, at));
    into.number(row[at + C.C_FIRST]!);
    into.number((row[at + C.C_FIRST + 1]! / 1000) | 0);
    into.number(row[at + C.C_LAST]!);
    into.number((row[at + C.C_LAST + 1]! / 1000) | 0);
    into.ascii("{");
    if (told !== null) this.#names(told.names);
    if (told !== null && told.operations.length > 0) {
      this.#hasOperations = true;
      this.#value("operations", told.operations);
    }
    if ((row[at + C.C_OUTCOME]! & C.MIXED) !== 0) this.#value("outcomes", outcomesOf(all, c));
    const hint = hintOf(all, c);
    if (hint !== null) this.#value("hint", hint);
    if (this.#alike === null) {
      into.text(alikeText(told?.fields ?? null, portApp >>> 24));
    } else {
      into.ascii(ALIKE);
      into.number(this.#alike.number(told?.fields ?? null, portApp >>> 24));
      into.endList("");
    }
    into.ascii("}]");
  }

  /**
   * False of the common row by far, of which nothing is known but its ends and its counts: nobody told what it is, and DNS
   * gave its far end no name.
   */
  #hasMore(row: Int32Array, at: number): boolean {
    const meta = row[at + C.C_META]!;
    const portApp = row[at + C.C_PORT_APP]!;
    if ((portApp & 0xff0000) !== 0 || (row[at + C.C_OUTCOME]! & C.MIXED) !== 0) return true;
    if (mayBeTunnel(meta & 0xff, portApp & 0xffff)) return true;
    return this.#dns.answersAt(meta >>> 16, (meta >>> 8) & 0xff, row[at + C.C_RESPONDER]!).length > 0;
  }

  #names(names: readonly NameEvidence[]): void {
    if (names.length === 0) return;
    const into = this.#into;
    into.ascii('"names":[');
    for (const { name, source, capture_id, frame } of names) {
      into.ascii('{"name":');
      into.json(name);
      into.ascii('"source":');
      into.json(source);
      into.ascii('"capture_id":');
      into.whole(capture_id);
      into.ascii('"frame":');
      into.whole(frame);
      into.endList("},");
    }
    into.endList("],");
  }

  #value(name: string, value: unknown): void {
    this.#into.text(`"${name}":${JSON.stringify(value)},`);
  }

  #text(value: string | null): void {
    if (value === null) this.#into.ascii("null,");
    else this.#into.json(value);
  }

  /** IPv4 as an unsigned number, all else as text. */
  #address(family: number, word: number): void {
    if (family === 4) this.#into.number(word);
    else this.#into.json(addressText(this.#all.seen.flows.ipv6, family, word));
  }
}
/** What many rows of a text say last, each once: their fields and who opened them. */
class Alike {
  readonly #texts: string[] = [];
  /** By who opened, then by the fields, which are one object where they are alike. */
  readonly #numbers: Map<SharedFields | null, number>[] = [];

  number(fields: SharedFields | null, initiatorBy: number): number {
    this.#numbers[initiatorBy] ??= new Map();
    const numbers = this.#numbers[initiatorBy]!;
    let number = numbers.get(fields);
    if (number === undefined) {
      number = this.#texts.push(`{${alikeText(fields, initiatorBy)}}`) - 1;
      numbers.set(fields, number);
    }
    return number;
  }

  /** A JSON array. */
  text(): string {
    return `[${this.#texts.join()}]`;
  }
}

function alikeText(fields: SharedFields | null, initiatorBy: number): string {
  const told = fields === null || fields.text === NOTHING ? "" : `"fields":${fields.text},`;
  return `${told}"initiator_by":"${INITIATOR_BY[initiatorBy]!}"`;
}

/** What stands last in a row before the number of what it has alike with others. */
const ALIKE = '"alike":';

/** A text whose rows say all of it themselves. */
export function withAlike(text: string, alike: string): string {
  const told = (JSON.parse(alike) as object[]).map((one) => JSON.stringify(one).slice(1, -1));
  const rows = text.slice(1, -1).split(ROW_BREAK);
  const whole = rows.map((row) => {
    const at = row.lastIndexOf(ALIKE);
    return `${row.slice(0, at)}${told[Number.parseInt(row.slice(at + ALIKE.length), 10)] ?? ""}}]`;
  });
  return `[${whole.join(ROW_BREAK)}]`;
}

/** A line each, as no text in JSON has a line break: rows of a stored text can be told apart (`store/copied-rest.ts`). */
export const ROW_BREAK = ",\n";
const NEXT_ROW = `${ROW_BREAK}[`;
/** The JSON of no fields. */
const NOTHING = "{}";

/** A whole row of a conversation, without a judgement. */
export function restRow(all: C.Conversations, c: number, dns: DnsEvidence, verdict: Verdict | null): ConversationRow {
  const row = all.rows(c);
  const at = all.at(c);
  const meta = row[at + C.C_META]!;
  const family = (meta >>> 8) & 0xff;
  const proto = meta & 0xff;
  const portApp = row[at + C.C_PORT_APP]!;
  const app = (portApp >>> 16) & 0xff;
  const name = row[at + C.C_NAME]!;
  const id = C.idText(all.id(c));
  const details = readDetails(all, c, dns, id);
  const counts = countsOf(all, c);
  return {
    conversation_id: id,
    realm: all.seen.realms[meta >>> 16] ?? "",
    initiator: addressText(all.seen.flows.ipv6, family, row[at + C.C_INITIATOR]!),
    responder: addressText(all.seen.flows.ipv6, family, row[at + C.C_RESPONDER]!),
    transport: transportName(meta),
    port: hasPorts(proto) ? portApp & 0xffff : null,
    app: app === 0 ? null : all.seen.decoders[app - 1]!.id,
    inner_app: details.innerApp,
    server_name: name === 0 ? null : all.serverNames[name - 1]!,
    peer_name: peerName(details.names),
    outcome: OUTCOMES[all.outcome(c)] as ConversationOutcome,
    verdict,
    model: null,
    rule_id: null,
    reason_code: verdict === "unrelated" ? "no-role" : null,
    reason: null,
    evidence: {
      support: [],
      support_count: 0,
      against: [],
      against_count: 0,
      clauses: [],
      initiator_by: INITIATOR_BY[portApp >>> 24]!,
      nearest: null,
    },
    flows: row[at + C.C_FLOWS]!,
    packets: counts.packets,
    bytes: counts.bytes,
    first_seen: formatInstant(row[at + C.C_FIRST]! >>> 0, row[at + C.C_FIRST + 1]!),
    last_seen: counts.last_seen,
    waived: null,
    hint: details.hint,
    names: details.names,
    operations: details.operations,
    outcomes: details.outcomes,
    fields: details.fields,
    rules: [],
    expectation: null,
    found: null,
  };
}

/** What further packets of the same flows change in a row. */
export function countsOf(all: C.Conversations, c: number): Pick<ConversationRow, "packets" | "bytes" | "last_seen"> {
  const row = all.rows(c);
  const at = all.at(c);
  return {
    packets: row[at + C.C_PACKETS]! >>> 0,
    bytes: C.bytesIn(row, at),
    last_seen: formatInstant(row[at + C.C_LAST]! >>> 0, row[at + C.C_LAST + 1]!),
  };
}
