/** The result of trying one clause of a rule on one flow, and small makers for it. */
import type { ClauseResult, FrameRef } from "../report/result.ts";
import type { ConversationReason } from "./reasons.ts";

export interface Clause {
  clause: ClauseResult["clause"];
  result: ClauseResult["result"];
  /** Why it is not proved; null where it is. */
  reason: ConversationReason | null;
  /** One sentence for people. */
  says: string;
  /** What would decide an unproved clause. */
  decide: string | null;
  support: readonly FrameRef[];
  against: readonly FrameRef[];
  /** Frames that speak against it too and whose numbers are not kept: counted, not listed. */
  unlisted?: number;
  /** What it says changes with every packet. */
  counted?: boolean;
  /** `whom`: which of the endpoint's hosts or addresses it was. */
  member?: string;
  /** `whom`: proved by a name, which the client may yet contradict as long as it has said nothing. */
  byName?: boolean;
  /** How specific a proved `whom` is: exact name 4, wildcard 3, address 2, role 5, anyone 1. Of an unproved one 1 where something speaks for it. */
  weight?: number;
}

const NONE: readonly FrameRef[] = [];

export function proved(clause: Clause["clause"], says: string, support: readonly FrameRef[] = NONE): Clause {
  return { clause, result: "proved", reason: null, says, decide: null, support, against: NONE };
}

/** Proved, and how specifically: see `Clause.weight` and `Clause.member`. */
export function weighed(
  clause: Clause["clause"],
  says: string,
  weight: number,
  member?: string,
  support: readonly FrameRef[] = NONE,
): Clause {
  const made: Clause = {
    clause,
    result: "proved",
    reason: null,
    says,
    decide: null,
    support,
    against: NONE,
    weight,
  };
  if (member !== undefined) made.member = member;
  return made;
}

export function unproved(
  clause: Clause["clause"],
  reason: ConversationReason,
  says: string,
  decide: string,
  against: readonly FrameRef[] = NONE,
): Clause {
  return { clause, result: "unproved", reason, says, decide, support: NONE, against };
}

export function failed(
  clause: Clause["clause"],
  reason: ConversationReason,
  says: string,
  against: readonly FrameRef[] = NONE,
): Clause {
  return { clause, result: "failed", reason, says, decide: null, support: NONE, against };
}

/** Noted, and without effect on the verdict. */
export function unobservable(clause: Clause["clause"], says: string): Clause {
  return { clause, result: "unobservable", reason: null, says, decide: null, support: NONE, against: NONE };
}
