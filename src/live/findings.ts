/** Findings as they are proved while a run goes on: each is told once, and once more where later packets take it back. */
import { driftOf } from "../report/drift.ts";
import type { ConversationRow, LookupRow, RuleRow, RunResult } from "../report/result.ts";

export type FindingKind = "undocumented" | "violation" | "inconclusive" | "lookup" | "rule";

export type Finding =
  | { kind: "undocumented" | "violation" | "inconclusive"; key: string; row: ConversationRow }
  | { kind: "lookup"; key: string; row: LookupRow }
  | { kind: "rule"; key: string; row: RuleRow };

/** Judgements that a finding has to outlive before it is told: a connection's first packets say less than its next ones. */
export const STANDS = 3;

export class FindingLog {
  readonly #strict: boolean;
  readonly #known = new Map<string, { finding: Finding; stood: number; told: boolean }>();

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  /** Told and standing. */
  get count(): number {
    let count = 0;
    for (const { told } of this.#known.values()) if (told) count++;
    return count;
  }

  /**
   * What is new since the last judgement, and what no longer stands. `whole`: at a checkpoint, where rules may be told
   * that speak of absence; `last`: nothing comes any more, so everything is told.
   */
  judged(result: RunResult, whole: boolean, last: boolean): { found: Finding[]; withdrawn: Finding[] } {
    const now = findingsOf(result, this.#strict);
    const found: Finding[] = [];
    const withdrawn: Finding[] = [];
    for (const [key, known] of this.#known) {
      if (now.has(key) || (!whole && speaksOfAbsence(known.finding))) continue;
      if (known.told) withdrawn.push(known.finding);
      this.#known.delete(key);
    }
    for (const [key, finding] of now) {
      const known = this.#known.get(key) ?? { finding, stood: 0, told: false };
      this.#known.set(key, known);
      known.finding = finding;
      known.stood++;
      if (known.told || (!last && (speaksOfAbsence(finding) ? !whole : known.stood < STANDS))) continue;
      known.told = true;
      found.push(finding);
    }
    return { found, withdrawn };
  }
}

/** All that counts as drift, by a key that stays the same from one judgement to the next. */
export function findingsOf(result: RunResult, strict: boolean): Map<string, Finding> {
  const drift = driftOf(result, strict);
  const found = new Map<string, Finding>();
  const add = (finding: Finding): void => void found.set(finding.key, finding);
  const conversations = [
    ["undocumented", drift.undocumented],
    ["violation", drift.violations],
    ["inconclusive", drift.inconclusive],
  ] as const;
  for (const [kind, rows] of conversations) {
    for (const row of rows) add({ kind, key: `${kind} ${row.conversation_id}`, row });
  }
  for (const row of drift.lookups) {
    add({ kind: "lookup", key: `lookup ${row.client} ${row.server} ${row.type} ${row.name}`, row });
  }
  for (const row of [...drift.rules, ...drift.unevaluable]) {
    add({ kind: "rule", key: `rule ${row.model}/${row.rule_id} ${row.status}`, row });
  }
  return found;
}

/** Missing, partial, blocked, not evaluable: what the next packet may end. */
function speaksOfAbsence(finding: Finding): boolean {
  return finding.kind === "rule" && finding.row.status !== "violated";
}
