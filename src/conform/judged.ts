/**
 * What is left of a judgement once its row is made: what the statuses of rules ask of all conversations. The conversation
 * as the judge saw it, with all its flows, is let go of; what a rule was used for stands in `uses`.
 */
import type { ConversationRow, Verdict } from "../report/result.ts";
import { isSealed, mayCarryMore } from "./carriers.ts";
import type { Played } from "./cast.ts";
import type { Judgement, RuleUse } from "./judge.ts";
import type { ConversationReason } from "./reasons.ts";
import type { CountedFlow, SubjectFlow } from "./subject-flow.ts";

export interface Judged {
  conversation: number;
  verdict: Verdict;
  code: ConversationReason;
  realm: number;
  family: number;
  transport: string;
  port: number | null;
  initiator: string;
  responder: string;
  serverName: string | null;
  initiatorRoles: readonly Played[];
  responderRoles: readonly Played[];
  uses: RuleUse[];
  /** Some connection of it began in sight, and its client's first message is not in the capture. */
  holed: boolean;
  /** Connections of it that may serve several names, and all addresses of who opened it. */
  carrier: { flows: readonly CountedFlow[]; addresses: ReadonlySet<string> } | null;
  /** It is a tunnel that no rule documents and that only its ends can read: whatever its hosts say may be in it. */
  sealed: boolean;
  /** Null where it has been packed with all others. */
  row: ConversationRow | null;
  /** The waiver's why. */
  waived: string | null;
}

/** `uses`: those that tell something new. */
export function settle(judgement: Judgement, uses: RuleUse[], row: ConversationRow): Judged {
  const { subject, verdict, code } = judgement;
  const { conversation, realm, family, transport, port, initiator, responder, serverName, flows } = subject;
  const carrying = flows.filter(mayCarryMore);
  return {
    conversation,
    verdict,
    code,
    realm,
    family,
    transport,
    port,
    initiator,
    responder,
    serverName,
    initiatorRoles: subject.initiatorRoles,
    responderRoles: subject.responderRoles,
    uses,
    holed: flows.some((one) => one.holed),
    carrier: carrying.length === 0 ? null : { flows: atEnds(carrying).map(countsOf), addresses: subject.addresses },
    sealed: verdict !== "documented" && isSealed(subject),
    row,
    waived: row.waived,
  };
}

/** What DNS said meanwhile differs from one connection to the next: the first ones and the last ones. */
function atEnds(flows: readonly SubjectFlow[]): readonly SubjectFlow[] {
  return flows.length <= 2 * MOST_CARRIERS ? flows : [...flows.slice(0, MOST_CARRIERS), ...flows.slice(-MOST_CARRIERS)];
}

const MOST_CARRIERS = 8;

/** So that the rest of it is let go of. */
function countsOf({ flow, there, lastSec, lastNsec, asked, answered, bursts, leads }: SubjectFlow): CountedFlow {
  return { flow, there, lastSec, lastNsec, asked, answered, bursts, leads };
}
