/** What a count of operations is made of: kinds, what waits for an answer, and how they are put together. */
import * as L from "../flow/ledger.ts";
import { OPERATION_CLASSES, type OperationClass, type OperationFact } from "./facts.ts";

/** A frame of some capture. */
export interface FramePlace {
  capture: number;
  frame: number;
}

/** One kind of operation, and how often it was seen in one direction of a flow. */
export interface OperationKind {
  readonly dir: 0 | 1;
  readonly protocol: string;
  readonly role: "request" | "response";
  readonly code: string;
  readonly operation: string;
  readonly class: OperationClass;
  /** Null too where a flow names more targets than are told apart (`LIMITS.operationKinds`). */
  readonly target: string | null;
  count: number;
  /** Requests: that were answered by a failure. Responses: that were one. */
  failed: number;
  /** Requests that can have no answer any more; those that are still waiting are in `open`. */
  unanswered: number;
  /** Responses whose request is not in the capture, beyond those in `early`. */
  unasked: number;
  /** First frames of it: one, or `FRAMES_KEPT` of what is above `read`. Never empty. */
  frames: FramePlace[];
  /** The first answer to a request of this kind, in words, and its frame. */
  answer: string | null;
  answerFrame: FramePlace | null;
  /** As in `OperationFact`. */
  readonly carries?: true;
}

export type Id = string | number;

/** Requests of one message that wait for their answers, on top of older ones that used the same id. */
export interface Waiting {
  readonly frame: number;
  readonly sec: number;
  readonly nsec: number;
  kinds: OperationKind[];
  below: Waiting | null;
}

/** An answer whose request is not here. */
export interface EarlyAnswer {
  /** Direction of the answer. */
  dir: 0 | 1;
  id: Id;
  kind: OperationKind;
  failed: boolean;
  answer: string | null;
  place: FramePlace;
  sec: number;
  nsec: number;
}

/** Frames that are kept of a kind above `read`. */
export const FRAMES_KEPT = 8;
const READ = OPERATION_CLASSES.indexOf("read");

/** Above `read`, or unknown: a kind that may not be lost among many harmless ones. */
export function isGrave(of: OperationClass): boolean {
  return of === "unknown" || OPERATION_CLASSES.indexOf(of) > READ;
}

/** The oldest first. */
export function stackOf(top: Waiting): Waiting[] {
  const all: Waiting[] = [];
  for (let waiting: Waiting | null = top; waiting !== null; waiting = waiting.below) all.unshift(waiting);
  return all;
}

export function isLater(sec: number, nsec: number, thanSec: number, thanNsec: number): boolean {
  return sec > thanSec || (sec === thanSec && nsec > thanNsec);
}

/** Requests in a row without an answer: at the beginning, at the end, and the longest; and whether there was any answer. */
export interface Runs {
  first: number;
  last: number;
  longest: number;
  answered: boolean;
}

/** To a ledger and back (`flow/ledger.ts`). */
export function lendRuns(runs: Runs, words: Int32Array): void {
  words[L.RUN_FIRST] = runs.first;
  words[L.RUN_LAST] = runs.last;
  words[L.RUN_LONGEST] = runs.longest;
  words[L.ANSWERED] = +runs.answered;
}
export function takeBackRuns(runs: Runs, words: Int32Array): void {
  runs.first = words[L.RUN_FIRST]!;
  runs.last = words[L.RUN_LAST]!;
  runs.longest = words[L.RUN_LONGEST]!;
  runs.answered = words[L.ANSWERED] !== 0;
}

export function joinRuns(a: Runs, b: Runs): Runs {
  return {
    first: a.answered ? a.first : a.first + b.first,
    last: b.answered ? b.last : a.last + b.last,
    longest: Math.max(a.longest, b.longest, a.last + b.first),
    answered: a.answered || b.answered,
  };
}

/** Texts of two protocols in one message may be equal; numbers are of one protocol. */
export function idOf(fact: OperationFact): Id {
  return typeof fact.id === "number" ? fact.id : `${fact.protocol}/${fact.id}`;
}

/** What became of a request of this kind. */
export function tellAnswer(
  asked: OperationKind,
  failed: boolean,
  answer: string | null,
  place: FramePlace,
  joined = false,
): void {
  if (failed) asked.failed++;
  if (asked.answerFrame !== null && !(joined && isBefore(place, asked.answerFrame))) return;
  asked.answer = answer ?? (failed ? "failure" : "success");
  asked.answerFrame = place;
}

/** Frames of one capture have an order; those of two have none. */
function isBefore(a: FramePlace, b: FramePlace): boolean {
  return a.capture === b.capture && a.frame < b.frame;
}

export function addKind(known: OperationKind, more: OperationKind): void {
  known.count += more.count;
  known.failed += more.failed;
  known.unanswered += more.unanswered;
  known.unasked += more.unasked;
  const most = isGrave(known.class) ? FRAMES_KEPT : 1;
  known.frames = [...known.frames, ...more.frames].slice(0, most);
  if (known.answerFrame === null) {
    known.answer = more.answer;
    known.answerFrame = more.answerFrame;
  }
}

/** The same kind as two counted it who saw the same at once: no count is summed. */
export function keepLarger(known: OperationKind, other: OperationKind): void {
  if (other.count > known.count) {
    const { count, failed, unanswered, unasked } = other;
    Object.assign(known, { count, failed, unanswered, unasked });
  }
  if (known.answerFrame !== null) return;
  known.answer = other.answer;
  known.answerFrame = other.answerFrame;
}
