/**
 * "expect: operations at most CLASS": what was asked of a device, held against a class. What is unknown is never below the
 * limit, and neither is what could not be read: whoever claims read-only must not be wrong.
 */
import { ANSWER_TO_ANY, OPERATION_CLASSES, type OperationClass } from "../decode/facts.ts";
import { type OperationKind, stackOf } from "../decode/tally-kinds.ts";
import type { FrameRef } from "../report/result.ts";
import { plural } from "../report/words.ts";
import { type Clause, proved, unproved } from "./clause.ts";
import { isProblem } from "./flow-frames.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** Kinds named in one sentence. */
const NAMED = 3;

/** What broke the expectation, in words and frames; or what became of the clause. */
export type OperationsFound = { found: string; against: FrameRef[] } | Clause;

export function operationsAtMost(most: string, text: string, flow: SubjectFlow): OperationsFound {
  const { dropped } = flow.operations;
  const kinds = flow.operations.kinds.filter((kind) => !isReport(kind, flow));
  const limit = rank(most as OperationClass);
  const above = kinds.filter((kind) => kind.class !== "unknown" && rank(kind.class) > limit);
  const asked = above.filter((kind) => kind.role === "request");
  // An answer proves its question, where that one itself is not in the capture.
  const answers = above.filter((kind) => kind.role === "response" && isUnasked(kind, flow));
  const broken = [...asked, ...answers].sort(byWeight);
  if (broken.length > 0) {
    const more = broken.length > NAMED ? `; and ${broken.length - NAMED} kinds more` : "";
    return {
      found:
        broken
          .slice(0, NAMED)
          .map((kind) => operationText(kind, flow))
          .join("; ") + more,
      against: broken.flatMap(framesOfKind),
    };
  }
  const unknown = kinds.find(
    (kind) =>
      (kind.class === "unknown" && (kind.role === "request" || isUnasked(kind, flow))) || answersAnything(kind, flow),
  );
  if (unknown !== undefined) {
    const says = `${operationText(unknown, flow)}: nobody can say what it does`;
    return unproved(
      "expect",
      "expectation-unproved",
      says,
      "ask the vendor what that operation does",
      framesOfKind(unknown),
    );
  }
  const unread = unreadFrames(flow);
  if (unread.length > 0 || flow.undecoded > 0 || dropped > 0) {
    const says = unread[0]?.what ?? `${plural(flow.undecoded + dropped, "message")} of it could not be read`;
    return unproved(
      "expect",
      "expectation-unproved",
      `${text}: ${says}`,
      isCut(flow) ? WHOLE : "look at the frames that could not be read",
      unread,
    );
  }
  if (flow.unfinished || flow.lacksEnd) {
    const says = `${text}: bytes of the connection are missing, and what stands behind them was not read`;
    return unproved("expect", "expectation-unproved", says, "capture without loss");
  }
  const inner = untold(flow);
  if (inner !== null) {
    const says = `${text}: it became ${inner}, and what is asked in that cannot be told`;
    return unproved("expect", "expectation-unproved", says, "look into the logs of both ends");
  }
  const requests = kinds.filter((kind) => kind.role === "request");
  if (requests.length > 0) {
    const count = requests.reduce((sum, kind) => sum + kind.count, 0);
    const [first] = requests.flatMap((kind) => framesOfKind(kind).slice(0, 1)).sort(byPlace);
    return proved("expect", `${plural(count, "operation")}, none above ${most}`, first === undefined ? [] : [first]);
  }
  if (!isWhole(flow)) {
    const says = `${text}: no operation could be read`;
    return unproved("expect", "expectation-unproved", says, "capture from the connection's start, without loss");
  }
  const how = flow.handshake === null ? "in what it speaks" : "inside TLS";
  const says = `${text}: no operation can be read ${how}`;
  return unproved("expect", "expectation-unproved", says, "look into the logs of both ends");
}

/** A protocol that the conversation became, of which no operation is told; null for none. */
function untold({ sightings, operations: { kinds } }: SubjectFlow): string | null {
  for (const { fact } of sightings)
    if (fact.kind === "inner" && !kinds.some(({ protocol }) => protocol === fact.app)) return fact.app;
  return null;
}

/** What the device that is asked tells of itself, unasked: nothing is asked of it by that. */
function isReport({ role, code, dir }: OperationKind, { there, reports }: SubjectFlow): boolean {
  return role === "request" && dir !== there && reports.includes(code);
}

/**
 * Whether some answer of this kind has no question here. Where nothing pairs the two: whether there is no question like it,
 * and, for answers that do not say to what (`Answer`), whether the capture could lack one.
 */
function isUnasked(kind: OperationKind, flow: SubjectFlow): boolean {
  const { kinds, early } = flow.operations;
  if (kind.unasked > 0 || early.some((answer) => answer.kind === kind)) return true;
  const asked = kinds.filter(({ role, protocol }) => role === "request" && protocol === kind.protocol);
  if (asked.some((of) => of.code === kind.code || of.class === kind.class)) return false;
  if (kind.code !== ANSWER_TO_ANY) return true;
  // Paired by their ids: an answer without its question would have been counted above.
  if (asked.some(({ answer }) => answer !== null)) return false;
  return !isWhole(flow) || kind.count > asked.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Whether an answer without its question is one of a code that answers whatever was asked (SNMP's response, DNP3's): other
 * answers of it are paired by their ids, with questions of other codes. What was asked there nobody can say.
 */
function answersAnything(kind: OperationKind, { operations: { kinds, early } }: SubjectFlow): boolean {
  if (kind.role !== "response") return false;
  const unasked = kind.unasked + early.filter((answer) => answer.kind === kind).length;
  if (unasked === 0 || unasked >= kind.count) return false;
  return !kinds.some((of) => of.role === "request" && of.protocol === kind.protocol && of.code === kind.code);
}

/** A connection from its SYN on, of which all that the initiator said was read. */
function isWhole({ connectionless, openedSec, holed, unfinished }: SubjectFlow): boolean {
  return !connectionless && openedSec !== Number.NEGATIVE_INFINITY && !holed && !unfinished;
}

function rank(of: OperationClass): number {
  return (OPERATION_CLASSES as readonly string[]).indexOf(of);
}

/** The gravest first, then the one that came first. */
function byWeight(a: OperationKind, b: OperationKind): number {
  return rank(b.class) - rank(a.class) || a.frames[0]!.frame - b.frames[0]!.frame;
}

/** `write single register (write) of unit 1 register 40, once, frame 8123, answered: success`. */
export function operationText(kind: OperationKind, flow: SubjectFlow): string {
  const target = kind.target === null ? "" : ` of ${kind.target}`;
  const times = kind.count === 1 ? "once" : `${kind.count} times`;
  const what = `${kind.operation} (${kind.class})${target}, ${times}, first in frame ${kind.frames[0]!.frame}`;
  if (kind.role === "response") return `an answer to ${what}, its question not in the capture`;
  if (kind.dir !== flow.there) return `${what}, asked by the responder itself`;
  if (kind.answer !== null) return `${what}, answered: ${kind.answer}`;
  return wasLeft(kind, flow) ? `${what}, no answer` : what;
}

/** A request of this kind has no answer, as its id says; where nothing pairs the two, nobody knows. */
function wasLeft(kind: OperationKind, { operations, heard }: SubjectFlow): boolean {
  if (heard !== null && heard.length > 0) return false; // in flows of their own
  if (kind.unanswered > 0) return true;
  const waiting = [...operations.open[kind.dir].values()].flatMap(stackOf);
  return waiting.some(({ kinds }) => kinds.includes(kind));
}

const byPlace = (a: FrameRef, b: FrameRef): number => a.capture_id - b.capture_id || a.frame - b.frame;

function framesOfKind(kind: OperationKind): FrameRef[] {
  const refs = kind.frames.map(
    ({ capture, frame }): FrameRef => ({ capture_id: capture, frame, what: kind.operation }),
  );
  if (kind.answerFrame !== null) {
    const { capture, frame } = kind.answerFrame;
    refs.push({ capture_id: capture, frame, what: `answer to ${kind.operation}: ${kind.answer}` });
  }
  return refs;
}

export const WHOLE = "capture whole packets, and without loss";

/** Whether what was not read is not in the capture. */
const isCut = (flow: SubjectFlow): boolean =>
  flow.sightings.some((sighting) => isProblem(sighting, "cut") || isProblem(sighting, "hole"));

/** Messages that were not read to their end, and holes in the stream. */
function unreadFrames(flow: SubjectFlow): FrameRef[] {
  const refs: FrameRef[] = [];
  for (const { fact, capture, frame } of flow.sightings)
    if (fact.kind === "problem") refs.push({ capture_id: capture, frame, what: fact.why });
  return refs;
}
