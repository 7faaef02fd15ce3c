/**
 * The promises of "Proof, not absence": what a part of a capture may say, held against what the whole said.
 * A part is made by deleting frames; `deleted` are their keys (`keyOf`).
 */
import type { ConversationRow } from "../../src/report/result.ts";
import { frameKey, type Judged } from "./judged.ts";

const CLAIMS: readonly unknown[] = ["documented", "ignored", "unrelated"];

/** Every promise that is broken, one sentence each. */
export function brokenPromises(whole: Judged, part: Judged, deleted: ReadonlySet<string>): string[] {
  const broken: string[] = [];
  for (const [flow, rows] of part.ofFlow) {
    const own = whole.ofFlow.get(flow) ?? [];
    for (const row of rows) {
      // A flow that folds in the part is of another's conversation, of which the whole may have told the same.
      const same = part.folded.has(flow) ? whole.conversations.get(row.conversation_id) : undefined;
      const before = same === undefined ? own : [...own, same];
      const was = before.map(({ verdict }) => verdict);
      const told = `${flow}: ${row.verdict} by ${row.rule_id} (${row.app}, ${row.server_name}) in the part, in the whole ${was.join()}`;
      if (CLAIMS.includes(row.verdict) && before.every(({ verdict }) => verdict === "undocumented"))
        broken.push(`3: ${told}`);
      if (row.verdict === "violation" && !was.includes("violation")) broken.push(`4: ${told}`);
      if (row.verdict !== "documented" || was.includes("documented")) continue;
      if (!before.some((earlier) => spokeAgainst(earlier, deleted))) broken.push(`2: ${told}`);
    }
  }
  for (const [key, rule] of part.rules) {
    const before = whole.rules.get(key)!;
    const told = `${key}: ${rule.status} in the part, in the whole ${before.status} (${before.reason_code})`;
    if (rule.status === "violated" && before.status !== "violated") broken.push(`4: ${told}`);
    if (rule.status !== "met" || before.status === "met") continue;
    if (before.status === "missing" || before.status === "unused") broken.push(`3: ${told}`);
    const evidence = before.evidence.some((ref) => deleted.has(frameKey(ref)));
    const conversations = [...whole.conversations.values()].some((row) => spokeAgainst(row, deleted));
    if (!evidence && !conversations) broken.push(`2: ${told}`);
  }
  return broken;
}

function spokeAgainst(row: ConversationRow, deleted: ReadonlySet<string>): boolean {
  const { evidence } = row;
  if (evidence === null) return false;
  return evidence.against_count > evidence.against.length || evidence.against.some((ref) => deleted.has(frameKey(ref)));
}

/** Promise 1: what is documented or met, each with the frames that it rests on. */
export function supported(whole: Judged): { what: string; support: Set<string>; holds: (part: Judged) => boolean }[] {
  const claims: ReturnType<typeof supported> = [];
  for (const row of whole.conversations.values()) {
    if (row.verdict !== "documented") continue;
    // Where any application will do, its support does not show which one it was: the key may change, the ends do not.
    const flows = [...whole.ofFlow].filter(([, rows]) => rows.includes(row)).map(([flow]) => flow);
    claims.push({
      what: `${row.initiator} ${row.responder} ${row.transport}/${row.port} ${row.server_name} by ${row.rule_id}`,
      support: new Set(row.evidence!.support.map(frameKey)),
      holds: (part) => flows.some((flow) => part.ofFlow.get(flow)?.some((kept) => isSame(kept, row)) === true),
    });
  }
  for (const [key, rule] of whole.rules) {
    if (rule.status !== "met") continue;
    claims.push({
      what: key,
      support: new Set(rule.evidence.map(frameKey)),
      holds: (part) => part.rules.get(key)!.status === "met",
    });
  }
  return claims;
}

function isSame(kept: ConversationRow, row: ConversationRow): boolean {
  return kept.verdict === "documented" && kept.rule_id === row.rule_id && kept.model === row.model;
}
