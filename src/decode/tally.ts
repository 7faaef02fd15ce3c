/**
 * Operations of one flow, counted as they are read: one row a kind (who sent it, protocol, role, code, class, target), not
 * one object a message, so that a million questions cost what their few kinds do. Of each kind the first frame is kept,
 * of those that could change a device the first few.
 *
 * Requests are paired with their answers by what the protocol pairs by, and by nothing else: an answer belongs to the
 * newest request of its id that stands before it in time and has no answer yet. That is how brackets are matched, so a slice
 * of a capture comes down to the answers that its own requests do not explain, and the requests that are still open, and
 * slices join to what the whole would have said:
 *
 *     slice 1   ──ask 1── answer 1 ──ask 2──┆                     open: 2
 *     slice 2                               ┆ answer 2 ──ask 3──  early: 2, open: 3
 *     merged    open: 3
 */
import { type Cap, LIMITS } from "../limits.ts";
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
}

export type Id = string | number;
/** What makes a kind, direction and target apart. */
type Told = "protocol" | "role" | "code" | "operation" | "class" | "target";

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
const FRAMES_KEPT = 8;
const READ = OPERATION_CLASSES.indexOf("read");

/** Above `read`, or unknown: a kind that may not be lost among many harmless ones. */
export function isGrave(of: OperationClass): boolean {
  return of === "unknown" || OPERATION_CLASSES.indexOf(of) > READ;
}

export class OperationTally {
  kinds: OperationKind[] = [];
  /** By direction of the request: what waits for an answer, by id, the newest on top. */
  open: [Map<Id, Waiting>, Map<Id, Waiting>] = [new Map(), new Map()];
  /** Answers that no request here explains; the first of them, others are counted in `unasked`. */
  early: EarlyAnswer[] = [];
  /** Answers without a request beyond those in `early`. */
  unasked = 0;
  /** Operations that found no room for their kind. */
  dropped = 0;
  /** Requests by second of capture time; bounded, the first seconds stay. */
  seconds = new Map<number, number>();
  /** Requests in a row without an answer between them: how many were on their way at once. */
  runs: Runs = { first: 0, last: 0, longest: 0, answered: false };
  /** The cap that the last call hit, for whoever counts them. */
  hit: Cap | null = null;
  readonly #byTarget = new Map<string | null, OperationKind[]>();
  #graveKinds = 0;
  /** While a later slice is appended: see there. */
  #joined: ReadonlySet<OperationKind> | null = null;
  /** By direction: entries in `open`. */
  readonly #waiting: [number, number] = [0, 0];

  add(fact: OperationFact, dir: 0 | 1, capture: number, frame: number, sec: number, nsec: number): void {
    const kind = this.#kindOf(fact, dir);
    if (kind === null) return;
    kind.count++;
    if (kind.frames.length === 0 || (kind.frames.length < FRAMES_KEPT && isGrave(kind.class)))
      kind.frames.push({ capture, frame });
    if (fact.role === "request") {
      this.#sends(sec);
      if (fact.id !== null) this.#ask(idOf(fact), kind, dir, frame, sec, nsec);
      return;
    }
    this.runs.answered = true;
    this.runs.last = 0;
    if (fact.failed) kind.failed++;
    if (fact.id === null) return;
    const id = idOf(fact);
    const { failed } = fact;
    const answer = { dir, id, kind, failed, answer: fact.answer ?? null, place: { capture, frame }, sec, nsec };
    if (!this.#answered(answer)) this.#unasked(answer);
  }

  /** A later slice's operations of the same flow, behind these. `later` is used up. */
  append(later: OperationTally): void {
    const mine = new Map<OperationKind, OperationKind>();
    // Kinds whose first answer is the later slice's; one to a question from here may have come before it there.
    const joined = new Set<OperationKind>();
    for (const kind of later.kinds) {
      const known = this.#find(kind, kind.dir, kind.target);
      if (known?.answerFrame === null && kind.answerFrame !== null) joined.add(known);
      if (known === null) this.#insert(kind);
      else addKind(known, kind);
      mine.set(kind, known ?? kind);
    }
    this.#joined = joined;
    for (const answer of later.early) {
      answer.kind = mine.get(answer.kind)!;
      if (!this.#answered(answer)) this.#unasked(answer);
    }
    this.#joined = null;
    for (const dir of [0, 1] as const) {
      for (const [id, top] of later.open[dir]) {
        for (const waiting of stackOf(top)) {
          this.#push(dir, id, { ...waiting, kinds: waiting.kinds.map((kind) => mine.get(kind)!), below: null });
        }
      }
    }
    for (const [sec, count] of later.seconds) this.seconds.set(sec, (this.seconds.get(sec) ?? 0) + count);
    this.runs = joinRuns(this.runs, later.runs);
    this.unasked += later.unasked;
    this.dropped += later.dropped;
  }

  /** Without what one direction said: the whole would have stopped reading it. */
  without(dir: 0 | 1): void {
    const kept = this.kinds.filter((kind) => kind.dir !== dir);
    this.kinds = [];
    this.#byTarget.clear();
    for (const kind of kept) this.#insert(kind);
    this.open[dir].clear();
    this.#waiting[dir] = 0;
    this.early = this.early.filter((answer) => answer.dir !== dir);
  }

  /** Adds a kind that is not here yet; a store gives them back so. */
  #insert(kind: OperationKind): void {
    this.kinds.push(kind);
    if (isGrave(kind.class)) this.#graveKinds++;
    const same = this.#byTarget.get(kind.target);
    if (same === undefined) this.#byTarget.set(kind.target, [kind]);
    else same.push(kind);
  }

  /** Puts back what a store has kept: kinds, then what waits. */
  restore(kinds: readonly OperationKind[]): void {
    for (const kind of kinds) this.#insert(kind);
  }
  restoreWaiting(dir: 0 | 1, id: Id, waiting: Waiting): void {
    this.#push(dir, id, waiting);
  }

  #find(of: Pick<OperationKind, Told>, dir: 0 | 1, target: string | null): OperationKind | null {
    const same = this.#byTarget.get(target);
    if (same === undefined) return null;
    for (const kind of same) {
      if (
        kind.dir === dir &&
        kind.code === of.code &&
        kind.role === of.role &&
        kind.class === of.class &&
        kind.operation === of.operation &&
        kind.protocol === of.protocol
      ) {
        return kind;
      }
    }
    return null;
  }

  /** Its kind, new where there is room; else the kind without a target; null where there is no room for that either. */
  #kindOf(fact: OperationFact, dir: 0 | 1): OperationKind | null {
    const known = this.#find(fact, dir, fact.target);
    if (known !== null) return known;
    const grave = isGrave(fact.class);
    const there = grave ? this.#graveKinds : this.kinds.length - this.#graveKinds;
    let { target } = fact;
    if (there >= LIMITS.operationKinds) {
      this.hit = "operationKinds";
      const folded = this.#find(fact, dir, null);
      if (folded !== null) return folded;
      if (there >= LIMITS.operationKinds * 2) {
        this.dropped++;
        return null;
      }
      target = null;
    }
    const { protocol, role, code, operation } = fact;
    const kind: OperationKind = {
      ...{ dir, protocol, role, code, operation, class: fact.class, target },
      ...{ count: 0, failed: 0, unanswered: 0, unasked: 0, frames: [], answer: null, answerFrame: null },
    };
    this.#insert(kind);
    return kind;
  }

  #sends(sec: number): void {
    const seen = this.seconds.get(sec);
    if (seen !== undefined || this.seconds.size < LIMITS.operationSeconds) this.seconds.set(sec, (seen ?? 0) + 1);
    const { runs } = this;
    runs.last++;
    if (!runs.answered) runs.first = runs.last;
    if (runs.last > runs.longest) runs.longest = runs.last;
  }

  #ask(id: Id, kind: OperationKind, dir: 0 | 1, frame: number, sec: number, nsec: number): void {
    const top = this.open[dir].get(id);
    if (top !== undefined && top.frame === frame) {
      top.kinds.push(kind); // several in one message
      return;
    }
    this.#push(dir, id, { frame, sec, nsec, kinds: [kind], below: null });
    if (this.early.length > 0) this.#overtaken(dir, id, sec, nsec);
  }

  /** An answer may have been read before its request, where that one waited behind a hole in its stream. */
  #overtaken(dir: 0 | 1, id: Id, sec: number, nsec: number): void {
    const at = this.early.findIndex(
      (answer) => answer.id === id && answer.dir !== dir && !isLater(sec, nsec, answer.sec, answer.nsec),
    );
    if (at >= 0 && this.#answered(this.early[at]!)) this.early.splice(at, 1);
  }

  #push(dir: 0 | 1, id: Id, waiting: Waiting): void {
    const open = this.open[dir];
    waiting.below = open.get(id) ?? null;
    open.set(id, waiting);
    if (++this.#waiting[dir] > LIMITS.operationsOpen) this.#forget(dir);
  }

  /** The oldest of the id that has waited longest waits no more. */
  #forget(dir: 0 | 1): void {
    const open = this.open[dir];
    const [id, top] = open.entries().next().value!;
    let last = top;
    let above: Waiting | null = null;
    for (; last.below !== null; last = last.below) above = last;
    for (const kind of last.kinds) kind.unanswered++;
    if (above === null) open.delete(id);
    else above.below = null;
    this.#waiting[dir]--;
    this.hit = "operationsOpen";
  }

  /**
   * True where its request was waiting, and where an answer of this id that does not fit was waited for. Of several
   * requests of one message the one with its code, or the only one left.
   */
  #answered({ dir, id, kind, failed, answer, place, sec, nsec }: EarlyAnswer): boolean {
    const asker = dir === 0 ? 1 : 0;
    const open = this.open[asker];
    let waiting = open.get(id) ?? null;
    let above: Waiting | null = null;
    for (; waiting !== null && isLater(waiting.sec, waiting.nsec, sec, nsec); waiting = waiting.below) above = waiting;
    if (waiting === null) return false;
    const { kinds } = waiting;
    const which =
      kinds.length === 1 ? 0 : kinds.findIndex((of) => of.code === kind.code && of.protocol === kind.protocol);
    if (which < 0) {
      this.unasked++;
      kind.unasked++;
      return true;
    }
    tellAnswer(kinds[which]!, failed, answer, place, this.#joined?.has(kinds[which]!));
    if (kinds.length > 1) {
      kinds.splice(which, 1);
      return true;
    }
    if (above !== null) above.below = waiting.below;
    else if (waiting.below !== null) open.set(id, waiting.below);
    else open.delete(id);
    this.#waiting[asker]--;
    return true;
  }

  #unasked(answer: EarlyAnswer): void {
    if (this.early.length < LIMITS.operationsOpen) this.early.push(answer);
    else {
      this.unasked++;
      answer.kind.unasked++;
    }
  }
}

/** The oldest first. */
export function stackOf(top: Waiting): Waiting[] {
  const all: Waiting[] = [];
  for (let waiting: Waiting | null = top; waiting !== null; waiting = waiting.below) all.unshift(waiting);
  return all;
}

function isLater(sec: number, nsec: number, thanSec: number, thanNsec: number): boolean {
  return sec > thanSec || (sec === thanSec && nsec > thanNsec);
}

/** Requests in a row without an answer: at the beginning, at the end, and the longest; and whether there was any answer. */
export interface Runs {
  first: number;
  last: number;
  longest: number;
  answered: boolean;
}

function joinRuns(a: Runs, b: Runs): Runs {
  return {
    first: a.answered ? a.first : a.first + b.first,
    last: b.answered ? b.last : a.last + b.last,
    longest: Math.max(a.longest, b.longest, a.last + b.first),
    answered: a.answered || b.answered,
  };
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

/** Texts of two protocols in one message may be equal; numbers are of one protocol. */
function idOf(fact: OperationFact): Id {
  return typeof fact.id === "number" ? fact.id : `${fact.protocol}/${fact.id}`;
}
