/** What a conversation's flows said, gathered for a report: names with their evidence, fields, operations, inner application. */

import type { FieldFact } from "../decode/facts.ts";
import { hasPorts, TCP, UDP } from "../dissect/packet.ts";
import { LIMITS } from "../limits.ts";
import type { ConversationOutcome, NameEvidence, OperationRow } from "../report/result.ts";
import * as C from "./conversations.ts";
import type { DnsEvidence } from "./dns-evidence.ts";
import { addressText, type FlowView, OUTCOMES } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { conversationOperations, operationsOf } from "./operations.ts";
import { paceOf } from "./pace.ts";

export interface ConversationDetails {
  names: NameEvidence[];
  innerApp: string | null;
  fields: Record<string, (string | number)[]>;
  operations: OperationRow[];
  outcomes: Partial<Record<ConversationOutcome, number>>;
  hint: string | null;
}

/** The field of data channels, and of answers from another port, see `folds.ts`. */
export const CHANNELS = "channels";
/** Values kept of one field. */
const MOST_VALUES = 8;
/** Flows of a conversation whose DNS evidence is looked up; their names repeat. */
const MOST_FLOWS = 64;

export function readDetails(
  all: C.Conversations,
  conversation: number,
  dns: DnsEvidence,
  id: string,
): ConversationDetails {
  const { seen } = all;
  const view = all.view();
  const names: NameEvidence[] = [];
  const told: FieldFact[] = [];
  const channels: string[] = [];
  let many: Fields | null = null;
  const outcomes: Partial<Record<ConversationOutcome, number>> = {};
  let innerApp: string | null = null;
  let count = 0;
  let operated = false;
  const row = all.rows(conversation);
  const at = all.at(conversation);
  const family = (row[at + C.C_META]! >>> 8) & 0xff;
  const initiator = addressText(seen.flows.ipv6, family, row[at + C.C_INITIATOR]!);
  const responder = addressText(seen.flows.ipv6, family, row[at + C.C_RESPONDER]!);
  const clients = onlyOf(initiator);
  const addName = (name: string, source: string, capture: number, frame: number): void => {
    if (names.length >= LIMITS.namesPerConversation) return;
    for (const known of names) if (known.name === name && known.source === source) return;
    names.push({ name, source, capture_id: capture, frame });
  };
  for (const flow of all.flowsOf(conversation)) {
    view.move(flow);
    const { dir } = view.initiator();
    const outcome = OUTCOMES[all.flowOutcome(view, dir)]!;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + view.flows;
    if (count++ < MOST_FLOWS && hasPorts(view.proto)) {
      const { own, other } = dns.namesOf(view.realm, responder, clients, view.firstSec, view.firstNsec);
      for (const answer of own) addName(answer.name, "dns", answer.capture, answer.frame);
      for (const answer of other) addName(answer.name, "dns-other", answer.capture, answer.frame);
    }
    if (all.folds.size > 0 && all.folds.has(flow)) addChannel(channels, seen, view);
    operated ||= operationsOf(all, view.detail).kinds.length > 0;
    for (const sighting of all.sightingsOf(conversation, view)) {
      const { fact } = sighting;
      if (fact.kind === "name") addName(fact.name, fact.source, sighting.capture, sighting.frame);
      else if (fact.kind === "inner") innerApp ??= fact.app;
      else if (fact.kind === "field") {
        if (many !== null) addField(many, fact);
        else if (told.push(fact) > MOST_SHARED_FACTS) many = fieldsOf(told);
      }
    }
  }
  const own = many ?? (operated ? fieldsOf(told) : sharedFields(told));
  const fields = channels.length === 0 ? own : { ...own, [CHANNELS]: channels };
  const operations = operated ? operationRows(all, conversation, id, fields) : [];
  const portApp = row[at + C.C_PORT_APP]!;
  const proto = row[at + C.C_META]! & 0xff;
  const port = portApp & 0xffff;
  const hint =
    ((portApp >>> 16) & 0xff) === 0 && (proto === TCP || proto === UDP)
      ? seen.identified.hint(proto === TCP, port, port)
      : null;
  return {
    names: names.slice(), // an array that grew has room for 17, and rows are kept
    innerApp,
    fields,
    operations,
    outcomes: sharedOutcomes(outcomes),
    hint,
  };
}

/** What folds into it: `tcp 10.0.0.5:40001 10.0.0.9:20`, so that its packets can be found again. */
function addChannel(channels: string[], seen: Observation, view: FlowView): void {
  if (channels.length >= MOST_VALUES) return;
  const end = (dir: 0 | 1): string => {
    const text = addressText(seen.flows.ipv6, view.family, view.address(dir));
    return text.includes(":") ? `[${text}]:${view.port(dir)}` : `${text}:${view.port(dir)}`;
  };
  const text = `${view.proto === TCP ? "tcp" : "udp"} ${end(0)} ${end(1)}`;
  if (!channels.includes(text)) channels.push(text);
}

/** The set of one address, the same for conversation after conversation of one host. */
function onlyOf(address: string): ReadonlySet<string> {
  if (!lastOnly.has(address)) lastOnly = new Set([address]);
  return lastOnly;
}
let lastOnly: ReadonlySet<string> = new Set();

/** Most conversations are one flow, which ended in one of seven ways. */
function sharedOutcomes(outcomes: Outcomes): Outcomes {
  const [only, other] = Object.keys(outcomes) as ConversationOutcome[];
  if (only === undefined || other !== undefined || outcomes[only] !== 1) return outcomes;
  let shared = ONE_FLOW.get(only);
  if (shared === undefined) {
    shared = outcomes;
    ONE_FLOW.set(only, shared);
  }
  return shared;
}
type Outcomes = ConversationDetails["outcomes"];
const ONE_FLOW = new Map<ConversationOutcome, Outcomes>();

type Fields = ConversationDetails["fields"];

function fieldsOf(told: readonly FieldFact[]): Fields {
  const fields: Fields = {};
  for (const fact of told) addField(fields, fact);
  return fields;
}

function addField(fields: Fields, { field, value }: FieldFact): void {
  fields[field] ??= [];
  const values = fields[field]!;
  if (values.length < MOST_VALUES && !values.includes(value)) values.push(value);
}

/** The same object for all that told the same: most connections to anywhere have the same few versions and ciphers. */
function sharedFields(told: readonly FieldFact[]): Fields {
  if (told.length === 0) return NO_FIELDS;
  let key = "";
  // A value may be any text off the wire: its length before it keeps two lists from making one text.
  for (const { field, value } of told)
    key += typeof value === "number" ? `${field} ${value} ` : `${field} ${value.length}:${value} `;
  let fields = FIELDS.get(key);
  if (fields === undefined) {
    fields = fieldsOf(told);
    if (FIELDS.size >= MOST_SHARED_FIELDS) FIELDS.clear();
    FIELDS.set(key, fields);
  }
  return fields;
}
const NO_FIELDS: Fields = {};
const FIELDS = new Map<string, Fields>();
const MOST_SHARED_FIELDS = 4_096;
const MOST_SHARED_FACTS = 16;

/** The rows, and beside them in `fields` how fast the questions came. */
function operationRows(
  all: C.Conversations,
  conversation: number,
  id: string,
  fields: ConversationDetails["fields"],
): OperationRow[] {
  const { kinds, seconds, atOnce, unasked, dropped, unread } = conversationOperations(all, conversation);
  if (seconds.size > 0) {
    let peak = 0;
    for (const count of seconds.values()) if (count > peak) peak = count;
    fields["operations.per-second"] = [peak];
    fields["operations.at-once"] = [atOnce];
    const pace = paceOf(all, conversation);
    if (pace !== null) {
      fields["operations.device-per-second"] = [pace.perSecond];
      fields["operations.device-at-once"] = [pace.atOnce];
    }
  }
  if (unasked > 0) fields["operations.unasked"] = [unasked];
  if (dropped > 0) fields["operations.dropped"] = [dropped];
  if (unread > 0 && kinds.length > 0) fields["operations.unread"] = [unread];
  return kinds.map((kind) => ({
    conversation_id: id,
    protocol: kind.protocol,
    role: kind.role,
    sender: kind.dir === 0 ? "initiator" : "responder",
    ...(kind.sender === null ? {} : { sender_address: kind.sender }),
    code: kind.code,
    operation: kind.operation,
    class: kind.class,
    target: kind.target,
    count: kind.count,
    failed: kind.failed,
    unanswered: kind.unanswered,
    first_frame: kind.frames[0]!.frame,
    first_capture_id: kind.frames[0]!.capture,
    answer: kind.answer,
    ...(kind.carries === true ? { carries: true } : {}),
  }));
}

/** The best-supported name, whatever its source. */
export function peerName(names: readonly NameEvidence[]): string | null {
  for (const source of NAME_ORDER) {
    const found = names.find((name) => name.source === source);
    if (found !== undefined) return found.name;
  }
  return null;
}

const NAME_ORDER = [
  "tls-sni",
  "quic-sni",
  "dtls-sni",
  "http-host",
  "http2-authority",
  "icap-host",
  "dns",
  "site",
  "document",
  "certificate",
  "dns-other",
] as const;
