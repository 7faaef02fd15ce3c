/** All operations of a flow, whether they were kept one by one or counted as they were read, and of a conversation's flows. */
import { FACT_BITS, type FlowDetail, kindsOf } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { OperationTally } from "../decode/tally.ts";
import { addKind, isLater, type OperationKind, stackOf, tellAnswer } from "../decode/tally-kinds.ts";
import { copyTally } from "../decode/tally-plain.ts";
import { compareInstants } from "../time.ts";
import type { Conversations } from "./conversations.ts";
import { addressText } from "./flow-view.ts";

export const NO_OPERATIONS = new OperationTally();

/** Counted once for a judgement: where a run goes on, a flow says more until the next. The result is shared: not to be changed. */
export function operationsOf({ tallies }: Conversations, detail: FlowDetail | null): OperationTally {
  if (detail === null) return NO_OPERATIONS;
  // Known first: what one flow says may be told of thousands of conversations.
  const known = tallies.get(detail);
  if (known !== undefined) return known;
  if ((kindsOf(detail) & FACT_BITS.operation) === 0) {
    if (detail.kinds === undefined && detail.sightings.length > FEW) tallies.set(detail, NO_OPERATIONS);
    return NO_OPERATIONS;
  }
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

/** So few facts are looked through again each time. */
const FEW = 16;

const isOperation = ({ fact }: Sighting): boolean => fact.kind === "operation";

/** A kind of operation in a conversation: `dir` is 0 where its initiator sent it, else 1. */
export interface ConversationKind extends OperationKind {
  /** Who sent it, where that is neither end: a device that answers what everybody was asked. */
  sender: string | null;
}

/** A conversation's operations: kinds by who sent them, with what has no answer in any of its flows. */
export interface ConversationOperations {
  kinds: ConversationKind[];
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

function severalTimes(kind: OperationKind, times: number): OperationKind {
  const { count, failed, unanswered, unasked } = kind;
  return {
    ...kind,
    ...{ count: count * times, failed: failed * times, unanswered: unanswered * times, unasked: unasked * times },
  };
}

/** What one message asked and nobody in its flow answered. */
interface Asked {
  sec: number;
  nsec: number;
  /** How many flows ask so. */
  times: number;
  kinds: OperationKind[];
  answered: boolean;
}

/** What is asked under an id, where that is one question and nothing has answered it. */
function onlyOf(list: readonly Asked[] | undefined): Asked | undefined {
  const one = list?.length === 1 ? list[0]! : undefined;
  return one === undefined || one.answered || one.kinds.length !== 1 ? undefined : one;
}

/** The newest that an answer may be to; where it overtook them all, the first. */
function newestBefore(
  list: readonly Asked[] | undefined,
  { sec, nsec }: { sec: number; nsec: number },
): Asked | undefined {
  let newest: Asked | undefined;
  for (const asked of list ?? []) {
    if (isLater(asked.sec, asked.nsec, sec, nsec)) continue;
    if (newest === undefined || !isLater(newest.sec, newest.nsec, asked.sec, asked.nsec)) newest = asked;
  }
  return newest ?? list?.[0];
}

/** Hosts named of those that answer one conversation's questions to everybody: a network of them. Others' are counted together. */
const MOST_NAMED = 1_024;

/**
 * An answer that came in another flow (from a port of its own) finds its request by its id. What everybody was asked is
 * answered by as many as heard it.
 */
export function conversationOperations(all: Conversations, conversation: number): ConversationOperations {
  const view = all.view();
  const kinds = new Map<string, ConversationKind>();
  const open = new Map<string | number, Asked[]>();
  const early: (OperationTally["early"][number] & { times: number; gathered: boolean })[] = [];
  const seconds = new Map<number, number>();
  const named = new Set<string>();
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
    const gathered = all.gathered.has(flow);
    // A row may stand for several flows that said the same (`live/age.ts`).
    const times = Math.max(1, view.flows);
    const mine = new Map<OperationKind, OperationKind>();
    for (const kind of operations.kinds) {
      const dir = kind.dir === there && !gathered ? 0 : 1;
      let sender: string | null = null;
      if (gathered) {
        const text = addressText(all.seen.flows.ipv6, view.family, view.address(kind.dir));
        if (named.size < MOST_NAMED) named.add(text);
        if (named.has(text)) sender = text;
      }
      const told = [dir, kind.protocol, kind.role, kind.code, kind.operation, kind.class, kind.target, sender];
      const key = JSON.stringify(told);
      const known = kinds.get(key);
      const counted = times === 1 ? kind : severalTimes(kind, times);
      const sum = known ?? { ...counted, dir, sender, frames: [...kind.frames] };
      if (known === undefined) kinds.set(key, sum);
      else addKind(known, counted);
      mine.set(kind, sum);
    }
    for (const waiting of operations.open)
      for (const [id, top] of waiting)
        for (const { kinds: asked, sec, nsec } of stackOf(top)) {
          const list = open.get(id);
          const one = { sec, nsec, times, kinds: asked.map((kind) => mine.get(kind)!), answered: false };
          if (list === undefined) open.set(id, [one]);
          else list.push(one);
        }
    for (const answer of operations.early) early.push({ ...answer, kind: mine.get(answer.kind)!, times, gathered });
    dropped += operations.dropped;
    if (gathered) continue; // what it answers was asked, and it asks nothing
    unasked += operations.unasked * times;
    atOnce = Math.max(atOnce, operations.runs.longest);
    for (const [sec, count] of operations.seconds) seconds.set(sec, (seconds.get(sec) ?? 0) + count);
  }
  for (const answer of early) {
    const list = open.get(answer.id);
    const asked = answer.gathered ? newestBefore(list, answer) : onlyOf(list);
    if (asked !== undefined) {
      if (!asked.answered) tellAnswer(asked.kinds[0]!, answer.failed, answer.answer, answer.place);
      asked.answered = true;
    } else if (!answer.gathered) {
      answer.kind.unasked += answer.times;
      unasked += answer.times;
    }
  }
  for (const list of open.values())
    for (const asked of list) if (!asked.answered) for (const kind of asked.kinds) kind.unanswered += asked.times;
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
