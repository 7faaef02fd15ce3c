import type { RealmPart } from "../capture/realm-parts.ts";

/**
 * What a run has to say, as plain data with the names of the contract's views: the one value that every report form is
 * made from and that the store keeps. SQL columns, JSON properties and these fields are the same words.
 */
export type Verdict = "documented" | "violation" | "undocumented" | "inconclusive" | "unrelated" | "ignored";
export type RuleStatus = "met" | "partial" | "violated" | "blocked" | "missing" | "unused" | "not-evaluable";
export type ConversationOutcome =
  | "established"
  | "answered"
  | "one-way"
  | "refused"
  | "unanswered"
  | "unreachable"
  | "failed";

/** A frame that a verdict rests on or that speaks against it; numbered as tshark does, `what` says why it matters. */
export interface FrameRef {
  capture_id: number;
  frame: number;
  what: string;
}

/** Why a verdict is what it is: bounded lists with their full counts, and each clause of the rule that was tried. */
export interface Evidence {
  support: FrameRef[];
  support_count: number;
  against: FrameRef[];
  against_count: number;
  clauses: ClauseResult[];
  /** How the initiator is known. */
  initiator_by: string;
  nearest: NearestMiss | null;
}
export interface ClauseResult {
  clause: "who" | "whom" | "over" | "app" | "when" | "expect" | "up";
  result: "proved" | "unproved" | "failed" | "unobservable";
  /** One sentence. */
  says: string;
}
export interface NearestMiss {
  model: string;
  rule_id: string;
  /** The one clause that failed. */
  clause: string;
  says: string;
}

export interface NameEvidence {
  name: string;
  /** `tls-sni`, `http-host`, `dns`, `dns-other`, `site`, `certificate`, `document` … */
  source: string;
  capture_id: number;
  frame: number;
}

export interface OperationRow {
  conversation_id: string;
  protocol: string;
  role: "request" | "response";
  /** Which end of the conversation sent it: a device may ask back on the connection that was opened to it. Absent in databases of before. */
  sender?: "initiator" | "responder";
  /** Who sent it, where that is neither end of the conversation: a device that answered what everybody was asked. Else absent. */
  sender_address?: string;
  code: string;
  operation: string;
  class: string;
  target: string | null;
  count: number;
  failed: number;
  unanswered: number;
  first_frame: number;
  first_capture_id: number;
  /** Of requests: what the first answer said; null where there was none. */
  answer: string | null;
  /** It only carries others, which are rows of their own; absent where it does not. */
  carries?: true;
}

export interface ConversationRow {
  conversation_id: string;
  realm: string;
  initiator: string;
  responder: string;
  transport: string;
  port: number | null;
  app: string | null;
  inner_app: string | null;
  server_name: string | null;
  peer_name: string | null;
  outcome: ConversationOutcome;
  /** Null in `observe`, where there is no model. */
  verdict: Verdict | null;
  model: string | null;
  rule_id: string | null;
  reason_code: string | null;
  reason: string | null;
  evidence: Evidence | null;
  flows: number;
  packets: number;
  bytes: number;
  first_seen: string;
  last_seen: string;
  /** The waiver's why. */
  waived: string | null;
  /** What the port would suggest where the application is not identified. */
  hint: string | null;
  names: NameEvidence[];
  operations: OperationRow[];
  outcomes: Partial<Record<ConversationOutcome, number>>;
  /** Decoder fields seen, for reports: `tls.version` → values, first few. */
  fields: Record<string, (string | number)[]>;
  rules: { model: string; rule_id: string }[];
  expectation: string | null;
  found: string | null;
}

export interface RuleRow {
  model: string;
  rule_id: string;
  status: RuleStatus;
  requirement: string;
  from_role: string;
  to_endpoint: string;
  transport: string;
  ports: string;
  app: string | null;
  reason_code: string;
  reason: string;
  document: string;
  section: string;
  item: string | null;
  waived: string | null;
  /** What would make it evaluable, or what to ask of the network; null where nothing is to be done. */
  remedy: string | null;
  hosts: RuleHostRow[];
  evidence: FrameRef[];
  conversations: number;
}
export interface RuleHostRow {
  realm: string;
  host: string;
  status: RuleStatus;
  reason: string;
}

export interface LookupRow {
  realm: string;
  client: string;
  server: string;
  name: string;
  type: string;
  /** An RCODE's name, `NODATA` or `TIMEOUT`. */
  result: string;
  answers: string[];
  verdict: "documented" | "ignored" | "undocumented" | "unrelated" | null;
  first_frame: number;
  first_capture_id: number;
  count: number;
}

/** One device by one source; what contradicts it is another row. */
export interface AssetRow {
  /** Of the device: IP, else MAC. */
  address: string;
  kind: string | null;
  vendor: string | null;
  product: string | null;
  version: string | null;
  serial: string | null;
  name: string | null;
  /** The message that said so. */
  source: string;
  first_seen: string;
  last_seen: string;
  realm: string;
  /** Only where a message of the same link says whose it is, or came from there without a router between. Of source `ARP` the one claimed. */
  mac: string | null;
  order_code: string | null;
  location: string | null;
  /** `asked`: in answer to somebody. `heard`: the device told it by itself. */
  how: "asked" | "heard";
  first_frame: number;
  first_capture_id: number;
}

/** `AssetRow.source` of a MAC address that somebody claimed for an address, which anybody on the link can do. */
export const ARP = "ARP";

export interface CaptureRow {
  capture_id: number;
  path: string;
  realm: string;
  /** What of it the site says is in other realms. */
  parts: readonly RealmPart[];
  format: string;
  packets: number;
  bytes: number;
  drops: number | null;
  cut: boolean;
  damage: string | null;
  first_time: string | null;
  last_time: string | null;
}

export interface ModelInfo {
  name: string;
  /** A path, or `shipped`. */
  source: string;
  document: string;
  version: string | null;
  /** Where each rule stands in the model's file, 1-based; runs of older versions do not have it. */
  lines?: Record<string, number>;
}

export interface RunInfo {
  run_id: number | null;
  status: "running" | "finished" | "interrupted" | "failed";
  started_at: string;
  command: string;
  wirepact: string;
  models: ModelInfo[];
  site: string | null;
  first_time: string | null;
  last_time: string | null;
  /** Contract's exit code, once judged. */
  exit_code: number | null;
  /** Sentences for the first screen: wrong binding, expired waiver, cut file. */
  warnings: string[];
  /** Bindings in force: `gateway = 10.20.0.5 (given)`. */
  bindings: {
    role: string;
    model: string;
    values: string[];
    how: "given" | "inferred" | "site";
    seen: boolean;
    /** Addresses beyond NAT or a load balancer, which the site lists under `outside:`. Left out for all others. */
    outside?: true;
    /** Addresses of these hosts that nobody bound: other ones of a device, MAC addresses. Left out where there are none. */
    others?: string[];
  }[];
  parameters: {
    name: string;
    model: string;
    value: string | null;
    how: "given" | "default" | "site" | "inferred" | "missing";
  }[];
}

/** Values of the quality table, by measure; numbers, and times as text. */
export type Quality = Record<string, number | string | null>;

export interface RunResult {
  run: RunInfo;
  captures: CaptureRow[];
  /** Conversations with a verdict other than `unrelated`; rows of their own in the store. */
  judged: ConversationRow[];
  /** All others, made one by one because there may be millions. */
  rest: RestConversations;
  rules: RuleRow[];
  lookups: LookupRow[];
  assets: AssetRow[];
  quality: Quality;
  /** Conversations of a live run that are in its database alone, and in none of these lists. Absent where there are none. */
  departed?: DepartedCounts;
}

export interface DepartedCounts {
  /** With a verdict other than `unrelated`, and all others. */
  judged: number;
  rest: number;
  /** Judged ones that nobody waived, by verdict. */
  verdicts: Partial<Record<Verdict, number>>;
  /** Look-ups that are in the database alone, and those of them that are undocumented. Absent where there are none. */
  lookups?: { count: number; undocumented: number };
}

/** Conversations that nobody judged, streamed. */
export interface RestConversations {
  readonly count: number;
  /** Of all of them whose text has none. */
  readonly verdict?: Verdict | null;
  /** Whole rows, for JSON and CSV. */
  rows(): Iterable<ConversationRow>;
  /**
   * JSON texts of arrays of compact rows, about 1,000 a text, for the store: the view makes columns of them.
   * One compact row, in this order:
   * `[idHigh, idLow, realm, initiator, responder, transport, port, app, inner_app, server_name, peer_name, outcome,
   *   verdict, flows, packets, bytes, firstSec, firstUs, lastSec, lastUs, extra]`
   * ids are unsigned 32-bit halves (the id is both as 16 hex digits); an IPv4 address is an unsigned number, any other
   * text; times are seconds since 1970 and microseconds; `extra` is null or an object
   * `{names, operations, outcomes, hint, fields, initiator_by}` with what else the JSON form shows.
   */
  chunks(): Iterable<string>;
}
