/** What a result says against an installation, as one flat list: what JUnit, SARIF, Markdown and a suite are made of. */
import { driftOf, isBan, isFinding } from "./drift.ts";
import { waivedOf } from "./packed-rows.ts";
import type { ConversationRow, FrameRef, LookupRow, RuleRow, RunResult } from "./result.ts";
import { compareText } from "./summary.ts";
import { clientOf, expected, responder, sentences, service } from "./words.ts";

/** What every finding says. */
export interface Said {
  /** The verdict of a conversation or look-up, the status of a rule. */
  verdict: string;
  /** The waiver's why: it keeps its verdict and is not counted. */
  waived: string | null;
  /** Who, whom, over what: one line. */
  title: string;
  /** Why, and the nearest miss: sentences. */
  reason: string;
  /** The rule that it is about, or came nearest; null where there is none. */
  model: string | null;
  rule_id: string | null;
  frames: FrameRef[];
}
export type Finding = Said &
  (
    | { kind: "conversation"; row: ConversationRow }
    | { kind: "rule"; row: RuleRow }
    | { kind: "lookup"; row: LookupRow }
  );

/**
 * Everything that is drift, and what would be if it were not waived: violations first, then undocumented conversations,
 * rules and, under `strict`, what is not proved. Equal for equal results.
 */
export function findingsOf(result: RunResult, strict: boolean): Finding[] {
  const drift = driftOf(result, strict);
  const waived = waivedOf(result);
  const conversations = [...drift.violations, ...drift.undocumented, ...drift.inconclusive, ...waived];
  const rules = [
    ...drift.rules,
    ...drift.unevaluable,
    ...result.rules.filter((rule) => rule.waived !== null && isFinding(rule)),
  ];
  return [...conversations.sort(inOrder).map(ofConversation), ...rules.map(ofRule), ...drift.lookups.map(ofLookup)];
}

function inOrder(a: ConversationRow, b: ConversationRow): number {
  const order = ["violation", "undocumented", "inconclusive"];
  const rank = (c: ConversationRow): number => order.indexOf(c.verdict ?? "");
  return (
    rank(a) - rank(b) || compareText(a.first_seen, b.first_seen) || compareText(a.conversation_id, b.conversation_id)
  );
}

export function ofConversation(row: ConversationRow): Finding {
  const nearest = row.evidence?.nearest ?? null;
  const broken = row.expectation === null ? null : `expected ${row.expectation}, found ${row.found ?? "nothing"}`;
  // The nearest miss is part of the reason already where the reason was made of it.
  const miss =
    nearest === null || row.reason?.includes(nearest.says) ? null : `Nearest: ${nearest.rule_id}: ${nearest.says}`;
  return {
    kind: "conversation",
    row,
    verdict: row.verdict ?? "",
    waived: row.waived,
    title: `${row.initiator} → ${responder(row)} ${service(row)}`,
    reason: sentences(row.reason, row.reason?.includes(row.found ?? "\0") ? null : broken, miss),
    model: row.model ?? nearest?.model ?? null,
    rule_id: row.rule_id ?? nearest?.rule_id ?? null,
    frames: spokenOf(row),
  };
}

/**
 * The frames to look at first: where something failed, what speaks against it; then what was seen. What should not be there at
 * all is in violation by what shows that it is. Each once.
 */
export function spokenOf(c: ConversationRow): FrameRef[] {
  const { verdict, evidence } = c;
  if (evidence === null) return [];
  const failed = verdict === "undocumented" || (verdict === "violation" && !isBan(c));
  const all = failed ? [...evidence.against, ...evidence.support] : [...evidence.support, ...evidence.against];
  return all.filter((one, i) => i === all.findIndex((f) => f.capture_id === one.capture_id && f.frame === one.frame));
}

export function ofRule(row: RuleRow): Finding {
  return {
    kind: "rule",
    row,
    verdict: row.status,
    waived: row.waived,
    title: `${row.rule_id}: ${expected(row, "→")}`,
    reason: sentences(row.reason, row.remedy),
    model: row.model,
    rule_id: row.rule_id,
    frames: row.evidence,
  };
}

function ofLookup(row: LookupRow): Finding {
  return {
    kind: "lookup",
    row,
    verdict: row.verdict ?? "",
    waived: null,
    title: `${clientOf(row)} looked up ${row.name} (${row.type})`,
    reason: sentences(`${row.server} answered ${row.result}`, "No document names it"),
    model: null,
    rule_id: null,
    frames: [{ capture_id: row.first_capture_id, frame: row.first_frame, what: "look-up" }],
  };
}
