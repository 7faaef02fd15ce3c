/** All operations of a flow, whether they were kept one by one or counted as they were read, and of a conversation's flows. */
import { type FlowDetail, maySay } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { OperationTally } from "../decode/tally.ts";
import { addKind, type OperationKind, stackOf, tellAnswer } from "../decode/tally-kinds.ts";
import { copyTally } from "../decode/tally-plain.ts";
import { compareInstants } from "../time.ts";
import type { Conversations } from "./conversations.ts";

export const NO_OPERATIONS = new OperationTally();

/** Counted once for a judgement: where a run goes on, a flow says more until the next. The result is shared: not to be changed. */
export function operationsOf({ tallies }: Conversations, detail: FlowDetail | null): OperationTally {
  if (detail === null) return NO_OPERATIONS;
  if (detail.operations === null && !(maySay(detail, "operation") && detail.sightings.some(isOperation)))
    return NO_OPERATIONS;
  const known = tallies.get(detail);
  if (known !== undefined) return known;
  let all: OperationTally | null = null;
  const single = detail.sightings.filter(isOperation).sort(compareInstants);
  for (const { fact, dir, capture, frame, sec, nsec } of single) {
    if (fact.kind !== "operation") continue;
    all ??= new OperationTally();
    all.add(fact, dir, capture, frame, sec, nsec);
  }
  if (detail.operations !== null) {
    all ??= new OperationTally();
    all.append(copyTally(detail.operations, 0));
  }
  const result = all ?? NO_OPERATIONS;
  tallies.set(detail, result);
  return result;
}

const isOperation = ({ fact }: Sighting): boolean => fact.kind === "operation";

/** A conversation's operations: kinds by who sent them, with what has no answer in any of its flows. */
export interface ConversationOperations {
  kinds: OperationKind[];
  /** Answers whose request is not in the capture. */
  unasked: number;
  /** Operations that found no room. */
  dropped: number;
  /** Messages that could not be read, or not to their end, and holes behind which nothing was. */
  unread: number;
  seconds: ReadonlyMap<number, number>;
  /** The most requests in a row without an answer between them, of any of its flows. */
  atOnce: number;
}

/**
 * `dir` of a kind is 0 where the conversation's initiator sent it, else 1. An answer that came in another flow (from a port
 * of its own) finds its request by its id.
 */
export function conversationOperations(all: Conversations, conversation: number): ConversationOperations {
  const view = all.view();
  const kinds = new Map<string, OperationKind>();
  const open = new Map<string | number, OperationKind[]>();
  const early: OperationTally["early"] = [];
  const seconds = new Map<number, number>();
  let unasked = 0;
  let dropped = 0;
  let unread = 0;
  let atOnce = 0;
  for (const flow of all.flowsOf(conversation)) {
    const { detail } = view.move(flow);
    const operations = operationsOf(all, detail);
    if (detail !== null) unread += unreadOf(detail, view.initiator().dir);
    if (operations.kinds.length === 0) continue;
    const there = view.initiator().dir;
    const mine = new Map<OperationKind, OperationKind>();
    for (const kind of operations.kinds) {
      const dir = kind.dir === there ? 0 : 1;
      const key = JSON.stringify([dir, kind.protocol, kind.role, kind.code, kind.operation, kind.class, kind.target]);
      const known = kinds.get(key);
      const sum = known ?? { ...kind, dir, frames: [...kind.frames] };
      if (known === undefined) kinds.set(key, sum);
      else addKind(known, kind);
      mine.set(kind, sum);
    }
    for (const waiting of operations.open)
      for (const [id, top] of waiting)
        for (const { kinds: asked } of stackOf(top))
          open.set(id, [...(open.get(id) ?? []), ...asked.map((kind) => mine.get(kind)!)]);
    for (const answer of operations.early) early.push({ ...answer, kind: mine.get(answer.kind)! });
    unasked += operations.unasked;
    dropped += operations.dropped;
    atOnce = Math.max(atOnce, operations.runs.longest);
    for (const [sec, count] of operations.seconds) seconds.set(sec, (seconds.get(sec) ?? 0) + count);
  }
  for (const answer of early) {
    const asked = open.get(answer.id);
    if (asked?.length === 1) {
      tellAnswer(asked[0]!, answer.failed, answer.answer, answer.place);
      open.delete(answer.id);
    } else {
      answer.kind.unasked++;
      unasked++;
    }
  }
  for (const asked of open.values()) for (const kind of asked) kind.unanswered++;
  return { kinds: [...kinds.values()], unasked, dropped, unread, seconds, atOnce };
}

function unreadOf({ undecoded, dropped, sightings, streams }: FlowDetail, there: 0 | 1): number {
  const stream = streams[there];
  const waiting = stream !== null && (stream.length > 0 || stream.pending.length > 0) ? 1 : 0;
  return undecoded + dropped + waiting + problemsOf(sightings);
}

/** Counted once for as many facts as there are: a connection with a thousand hosts is asked for each of its parts. */
function problemsOf(sightings: readonly Sighting[]): number {
  const known = PROBLEMS.get(sightings);
  if (known !== undefined && known.of === sightings.length) return known.problems;
  const problems = sightings.filter(({ fact }) => fact.kind === "problem").length;
  PROBLEMS.set(sightings, { of: sightings.length, problems });
  return problems;
}
const PROBLEMS = new WeakMap<readonly Sighting[], { of: number; problems: number }>();
