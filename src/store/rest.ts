/** Conversations that nobody judged, as they stand in the store: texts of compact rows, made whole one by one. */
import { formatIpv4 } from "../address.ts";
import type { ConversationRow, OperationRow, RestConversations, Verdict } from "../report/result.ts";
import { formatInstant } from "../time.ts";

/** See `RestConversations.chunks`. */
export type CompactRow = [
  idHigh: number,
  idLow: number,
  realm: string,
  initiator: number | string,
  responder: number | string,
  transport: string,
  port: number | null,
  app: string | null,
  innerApp: string | null,
  serverName: string | null,
  peerName: string | null,
  outcome: ConversationRow["outcome"],
  verdict: Verdict | null,
  flows: number,
  packets: number,
  bytes: number,
  firstSec: number,
  firstUs: number,
  lastSec: number,
  lastUs: number,
  extra: CompactExtra | null,
];

export interface CompactExtra {
  names?: ConversationRow["names"];
  /** With or without `conversation_id`, which the row has already. */
  operations?: (Omit<OperationRow, "conversation_id"> & { conversation_id?: string })[];
  outcomes?: ConversationRow["outcomes"];
  hint?: string | null;
  fields?: ConversationRow["fields"];
  initiator_by?: string | null;
}

/** Rest conversations over any source of chunk texts; `texts` is called anew for each pass. */
export class ChunkedRest implements RestConversations {
  readonly count: number;
  readonly verdict: Verdict | null;
  readonly #texts: () => Iterable<string>;

  constructor(count: number, texts: () => Iterable<string>, verdict: Verdict | null = null) {
    this.count = count;
    this.verdict = verdict;
    this.#texts = texts;
  }

  *rows(): Iterable<ConversationRow> {
    for (const text of this.#texts()) {
      const compact: CompactRow[] = JSON.parse(text);
      for (const row of compact) yield expandCompactRow(row, this.verdict);
    }
  }

  chunks(): Iterable<string> {
    return this.#texts();
  }
}

/**
 * A compact row as the row that reports show; what a conversation without a judgement cannot have is null or empty. `all`: the
 * verdict of those that have none of their own.
 */
export function expandCompactRow(row: CompactRow, all: Verdict | null = null): ConversationRow {
  const [idHigh, idLow, realm, initiator, responder, transport, port, app, innerApp, serverName, peerName, ...tail] =
    row;
  const [outcome, own, flows, packets, bytes, firstSec, firstUs, lastSec, lastUs, extra] = tail;
  const verdict = own ?? all;
  const conversationId = hex8(idHigh) + hex8(idLow);
  const initiatorBy = extra?.initiator_by ?? null;
  return {
    conversation_id: conversationId,
    realm,
    initiator: addressText(initiator),
    responder: addressText(responder),
    transport,
    port,
    app,
    inner_app: innerApp,
    server_name: serverName,
    peer_name: peerName,
    outcome,
    verdict,
    model: null,
    rule_id: null,
    reason_code: verdict === "unrelated" ? "no-role" : null,
    reason: null,
    evidence:
      initiatorBy === null
        ? null
        : {
            support: [],
            support_count: 0,
            against: [],
            against_count: 0,
            clauses: [],
            initiator_by: initiatorBy,
            nearest: null,
          },
    flows,
    packets,
    bytes,
    first_seen: formatInstant(firstSec, firstUs * 1000),
    last_seen: formatInstant(lastSec, lastUs * 1000),
    waived: null,
    hint: extra?.hint ?? null,
    names: extra?.names ?? [],
    operations: (extra?.operations ?? []).map((operation) => ({ ...operation, conversation_id: conversationId })),
    // Where all flows ended alike, the row's own outcome says it.
    outcomes: isEmpty(extra?.outcomes) ? { [outcome]: flows } : extra!.outcomes!,
    fields: extra?.fields ?? {},
    rules: [],
    expectation: null,
    found: null,
  };
}

function isEmpty(outcomes: ConversationRow["outcomes"] | undefined): boolean {
  return outcomes === undefined || Object.keys(outcomes).length === 0;
}

function hex8(half: number): string {
  return half.toString(16).padStart(8, "0");
}

function addressText(address: number | string): string {
  if (typeof address === "string") return address;
  return formatIpv4(address);
}
