/** What a conversation's flows said, gathered for a report: names with their evidence, fields, operations, inner application. */

import { LIMITS } from "../limits.ts";
import type { ConversationOutcome, NameEvidence, OperationRow } from "../report/result.ts";
import * as C from "./conversations.ts";
import type { DnsEvidence } from "./dns-evidence.ts";
import { addressText, OUTCOMES } from "./flow-view.ts";
import { conversationOperations } from "./operations.ts";
import { paceOf } from "./pace.ts";

export interface ConversationDetails {
  names: NameEvidence[];
  innerApp: string | null;
  fields: Record<string, (string | number)[]>;
  operations: OperationRow[];
  outcomes: Partial<Record<ConversationOutcome, number>>;
  hint: string | null;
}

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
  const names = new Map<string, NameEvidence>();
  const fields: Record<string, (string | number)[]> = {};
  const outcomes: Partial<Record<ConversationOutcome, number>> = {};
  let innerApp: string | null = null;
  let count = 0;
  const row = all.rows(conversation);
  const at = all.at(conversation);
  const family = (row[at + C.C_META]! >>> 8) & 0xff;
  const initiator = addressText(seen.flows.ipv6, family, row[at + C.C_INITIATOR]!);
  const responder = addressText(seen.flows.ipv6, family, row[at + C.C_RESPONDER]!);
  const clients = new Set([initiator]);
  const addName = (name: string, source: string, capture: number, frame: number): void => {
    const key = `${source}|${name}`;
    if (names.has(key) || names.size >= LIMITS.namesPerConversation) return;
    names.set(key, { name, source, capture_id: capture, frame });
  };
  for (const flow of all.flowsOf(conversation)) {
    view.move(flow);
    const { dir } = view.initiator();
    const outcome = OUTCOMES[all.flowOutcome(view, dir)]!;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + view.flows;
    if (count++ < MOST_FLOWS && (view.proto === 6 || view.proto === 17 || view.proto === 132)) {
      const { own, other } = dns.namesOf(view.realm, responder, clients, view.firstSec, view.firstNsec);
      for (const answer of own) addName(answer.name, "dns", answer.capture, answer.frame);
      for (const answer of other) addName(answer.name, "dns-other", answer.capture, answer.frame);
    }
    for (const sighting of all.sightingsOf(conversation, view)) {
      const { fact } = sighting;
      if (fact.kind === "name") addName(fact.name, fact.source, sighting.capture, sighting.frame);
      else if (fact.kind === "inner") innerApp ??= fact.app;
      else if (fact.kind === "field") {
        fields[fact.field] ??= [];
        const values = fields[fact.field]!;
        if (values.length < MOST_VALUES && !values.includes(fact.value)) values.push(fact.value);
      }
    }
  }
  const operations = operationRows(all, conversation, id, fields);
  const portApp = row[at + C.C_PORT_APP]!;
  const proto = row[at + C.C_META]! & 0xff;
  const port = portApp & 0xffff;
  const ported = proto === 6 || proto === 17;
  const hint = ((portApp >>> 16) & 0xff) === 0 && ported ? seen.identified.hint(proto === 6, port, port) : null;
  return {
    names: [...names.values()],
    innerApp,
    fields,
    operations,
    outcomes,
    hint,
  };
}

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
