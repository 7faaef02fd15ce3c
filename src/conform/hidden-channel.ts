/** Data channels of sessions whose words are inside TLS (`observe/hidden-channels.ts`). */
import { unproved } from "./clause.ts";
import type { Judgement, Judges } from "./judge.ts";
import { judgeConversation } from "./readings.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { clausesOf } from "./trial.ts";

/**
 * What no rule covers by itself may be a data channel of a session that some rule covers, or could: nobody can read what
 * the session agreed on, so it is neither documented nor undocumented.
 */
export function perhapsAgreedOn(own: Judgement, flow: SubjectFlow, judges: Judges): Judgement {
  if (flow.session === null || own.verdict !== "undocumented") return own;
  const { verdict, use, support, against } = judgeConversation(flow.session, judges);
  if (use === null || (verdict !== "documented" && verdict !== "inconclusive")) return own;
  const clause = unproved(
    "over",
    "channel-unseen",
    `it may be a data channel of the encrypted FTP session between the two (${use.rule.id}), which agrees on them inside TLS`,
    "the server's log, which names the ports of its data channels",
  );
  return {
    ...own,
    verdict: "inconclusive",
    code: "channel-unseen",
    reason: `could be ${use.rule.id}: ${clause.says}; would decide: ${clause.decide}`,
    use,
    clauses: clausesOf(use.tried).map((one) => (one.clause === "over" ? clause : one)),
    support: [...support, flow.began],
    against: [...own.against, ...against],
    nearest: null,
  };
}
