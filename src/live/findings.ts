/** Findings as they are proved while a run goes on: each is told once, and once more where later packets take it back. */
import { driftOf } from "../report/drift.ts";
import type { ConversationRow, LookupRow, RuleRow, RunResult } from "../report/result.ts";

export type FindingKind = "undocumented" | "violation" | "inconclusive" | "lookup" | "rule";

export type Finding =
  | { kind: "undocumented" | "violation" | "inconclusive"; row: ConversationRow }
  | { kind: "lookup"; row: LookupRow }
  | { kind: "rule"; row: RuleRow };

/** Judgements that a finding has to outlive before it is told: a connection's first packets say less than its next ones. */
export const STANDS = 3;

interface Known {
  finding: Finding;
  stood: number;
  told: boolean;
  /** The judgement that last had it, and its place among those of its kind then; 0 where it has left. */
  turn: number;
  place: number;
}

/** Findings of one kind: by what stays the same from one judgement to the next, and as they were met last. */
interface Kept {
  byKey: Map<string, Known>;
  order: readonly Known[];
}

export class FindingLog {
  readonly #strict: boolean;
  readonly #known = new Map<FindingKind, Kept>(KINDS.map((kind) => [kind, { byKey: new Map(), order: [] }]));
  /** Ids of conversations that were told of, have left the run, and have come back. */
  readonly #back = new Set<string>();
  #turn = 0;
  #told = 0;

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  /** Told and standing. */
  get count(): number {
    return this.#told;
  }

  /** True where a conversation is no finding that is still to be told. */
  isSettled(id: string): boolean {
    return OF_CONVERSATIONS.every((kind) => this.#known.get(kind)!.byKey.get(id)?.told !== false);
  }

  /** A conversation that leaves the run: nothing is taken back. True where it has been told of. */
  left(id: string): boolean {
    let wasTold = false;
    for (const kind of OF_CONVERSATIONS) {
      const { byKey } = this.#known.get(kind)!;
      const known = byKey.get(id);
      if (known === undefined) continue;
      known.turn = 0;
      byKey.delete(id);
      wasTold = true;
    }
    return wasTold;
  }

  /** One that was told of is there again: it is not told a second time. */
  back(id: string): void {
    this.#back.add(id);
  }

  /**
   * What is new since the last judgement, and what no longer stands. `whole`: at a checkpoint, where rules may be told
   * that speak of absence; `last`: nothing comes any more, so everything is told.
   */
  judged(result: RunResult, whole: boolean, last: boolean): { found: Finding[]; withdrawn: Finding[] } {
    const turn = ++this.#turn;
    const found: Finding[] = [];
    const withdrawn: Finding[] = [];
    const met = new Map<FindingKind, Known[]>(KINDS.map((kind) => [kind, []]));
    const places = new Map<FindingKind, number>();
    const add = (key: string, finding: Finding): void => {
      const all = this.#known.get(finding.kind)!;
      // Nearly all are the same rows in the same order as before: those need not be looked up.
      const next = all.order[places.get(finding.kind) ?? 0];
      let known = next?.finding.row === finding.row && next.turn === turn - 1 ? next : all.byKey.get(key);
      if (known === undefined) {
        known = { finding, stood: 0, told: this.#back.delete(key), turn, place: -1 };
        all.byKey.set(key, known);
      } else places.set(finding.kind, known.place + 1);
      if (known.finding.row !== finding.row) known.finding = finding;
      known.turn = turn;
      known.place = met.get(finding.kind)!.push(known) - 1;
      known.stood++;
      if (known.told || (!last && (speaksOfAbsence(finding) ? !whole : known.stood < STANDS))) return;
      known.told = true;
      this.#told++;
      found.push(finding);
    };
    eachFinding(result, this.#strict, add);
    // What came back as no finding any more.
    this.#told -= this.#back.size;
    this.#back.clear();
    for (const [kind, all] of this.#known) {
      all.order = met.get(kind)!;
      if (all.order.length === all.byKey.size) continue;
      for (const [key, known] of all.byKey) {
        if (known.turn === turn || (!whole && speaksOfAbsence(known.finding))) continue;
        if (known.told) {
          withdrawn.push(known.finding);
          this.#told--;
        }
        all.byKey.delete(key);
      }
    }
    return { found, withdrawn };
  }
}

const OF_CONVERSATIONS: readonly FindingKind[] = ["undocumented", "violation", "inconclusive"];
const KINDS: readonly FindingKind[] = ["undocumented", "violation", "inconclusive", "lookup", "rule"];

/** All that counts as drift, each with what stays the same from one judgement to the next. */
export function eachFinding(result: RunResult, strict: boolean, add: (key: string, finding: Finding) => void): void {
  const drift = driftOf(result, strict);
  for (const row of drift.undocumented) add(row.conversation_id, { kind: "undocumented", row });
  for (const row of drift.violations) add(row.conversation_id, { kind: "violation", row });
  for (const row of drift.inconclusive) add(row.conversation_id, { kind: "inconclusive", row });
  for (const row of drift.lookups) {
    add([row.client, row.server, row.type, row.name].join(" "), { kind: "lookup", row });
  }
  for (const row of [...drift.rules, ...drift.unevaluable]) {
    add(`${row.model}/${row.rule_id} ${row.status}`, { kind: "rule", row });
  }
}

/** Missing, partial, blocked, not evaluable: what the next packet may end. */
function speaksOfAbsence(finding: Finding): boolean {
  return finding.kind === "rule" && finding.row.status !== "violated";
}
