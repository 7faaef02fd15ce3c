/**
 * Operations of one flow, counted as they are read: one row a kind (who sent it, protocol, role, code, class, target), not
 * one object a message, so that a million questions cost what their few kinds do. Of each kind the first frame is kept,
 * of those that could change a device the first few.
 *
 * Requests are paired with their answers by what the protocol pairs by, and by nothing else: an answer belongs to the
 * newest request of its id; a request whose id is used anew has had no answer. What is open at one end of a slice of a
 * capture is kept, and so is what comes unasked at its beginning, so that slices can be joined:
 *
 *     slice 1   ──ask 1── answer 1 ──ask 2──┆                     open: 2
 *     slice 2                               ┆ answer 2 ──ask 3──  early: 2, asked: 3, open: 3
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
  /** First frames of it: one, or `FRAMES_KEPT` of what is above `read`. Never empty. */
  frames: FramePlace[];
  /** The first answer to a request of this kind, in words, and its frame. */
  answer: string | null;
  answerFrame: FramePlace | null;
}

type Id = string | number;
/** What makes a kind, direction and target apart. */
type Told = "protocol" | "role" | "code" | "operation" | "class" | "target";

/** Requests of one message that wait for their answers. */
interface Waiting {
  frame: number;
  kinds: OperationKind[];
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
  /** By direction of the request: what waits for an answer. */
  open: [Map<Id, Waiting>, Map<Id, Waiting>] = [new Map(), new Map()];
  /** Answers that came before any request of their id, as long as `asked` is kept. */
  early: EarlyAnswer[] = [];
  /** By direction: ids of requests so far; null once they are too many for an answer to be of a slice before. */
  asked: [Set<Id> | null, Set<Id> | null] = [new Set(), new Set()];
  /** Answers without a request, beyond those in `early`. */
  unasked = 0;
  /** Operations that found no room for their kind. */
  dropped = 0;
  /** Requests by second of capture time; bounded, the first seconds stay. */
  seconds = new Map<number, number>();
  /** The most requests that waited for an answer at once. */
  mostOpen = 0;
  /** The cap that the last call hit, for whoever counts them. */
  hit: Cap | null = null;
  readonly #byTarget = new Map<string | null, OperationKind[]>();
  #graveKinds = 0;

  add(fact: OperationFact, dir: 0 | 1, capture: number, frame: number, sec: number): void {
    const kind = this.#kindOf(fact, dir);
    if (kind === null) return;
    kind.count++;
    if (kind.frames.length === 0 || (kind.frames.length < FRAMES_KEPT && isGrave(kind.class)))
      kind.frames.push({ capture, frame });
    if (fact.role === "request") {
      const seen = this.seconds.get(sec);
      if (seen !== undefined || this.seconds.size < LIMITS.operationSeconds) this.seconds.set(sec, (seen ?? 0) + 1);
      if (fact.id !== null) this.#ask(idOf(fact), kind, dir, frame);
      return;
    }
    if (fact.failed) kind.failed++;
    if (fact.id === null) return;
    const answer: EarlyAnswer = {
      dir,
      id: idOf(fact),
      kind,
      failed: fact.failed,
      answer: fact.answer ?? null,
      place: { capture, frame },
    };
    if (!this.#answered(answer)) this.#unasked(answer);
  }

  /** A later slice's operations of the same flow, behind these. `later` is used up. */
  append(later: OperationTally): void {
    const mine = new Map<OperationKind, OperationKind>();
    for (const kind of later.kinds) {
      const known = this.#find(kind, kind.dir);
      if (known === null) this.#insert(kind);
      else addKind(known, kind);
      mine.set(kind, known ?? kind);
    }
    for (const answer of later.early) {
      answer.kind = mine.get(answer.kind)!;
      if (!this.#answered(answer)) this.#unasked(answer);
    }
    for (const dir of [0, 1] as const) {
      for (const id of later.asked[dir] ?? []) {
        const waiting = this.open[dir].get(id);
        if (waiting === undefined) continue;
        for (const kind of waiting.kinds) kind.unanswered++;
        this.open[dir].delete(id);
      }
      const asked = this.asked[dir];
      if (asked !== null) {
        if (later.asked[dir] === null) this.asked[dir] = null;
        else for (const id of later.asked[dir]!) this.#asks(dir, id);
      }
      for (const [id, { frame, kinds }] of later.open[dir]) {
        this.open[dir].set(id, { frame, kinds: kinds.map((kind) => mine.get(kind)!) });
        this.#bound(dir);
      }
    }
    for (const [sec, count] of later.seconds) this.seconds.set(sec, (this.seconds.get(sec) ?? 0) + count);
    this.mostOpen = Math.max(this.mostOpen, later.mostOpen);
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

  restore(kinds: readonly OperationKind[]): void {
    for (const kind of kinds) this.#insert(kind);
  }

  #find(of: Pick<OperationKind, Told>, dir: 0 | 1, target = of.target): OperationKind | null {
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
    const known = this.#find(fact, dir);
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
      ...{ count: 0, failed: 0, unanswered: 0, frames: [], answer: null, answerFrame: null },
    };
    this.#insert(kind);
    return kind;
  }

  #ask(id: Id, kind: OperationKind, dir: 0 | 1, frame: number): void {
    if (this.asked[dir] !== null) this.#asks(dir, id);
    const open = this.open[dir];
    const waiting = open.get(id);
    if (waiting === undefined) {
      open.set(id, { frame, kinds: [kind] });
      if (open.size > this.mostOpen) this.mostOpen = open.size;
      this.#bound(dir);
    } else if (waiting.frame === frame) {
      waiting.kinds.push(kind); // several in one message
    } else {
      for (const old of waiting.kinds) old.unanswered++;
      open.delete(id); // so that the oldest stands first
      open.set(id, { frame, kinds: [kind] });
    }
  }

  #asks(dir: 0 | 1, id: Id): void {
    const asked = this.asked[dir]!;
    asked.add(id);
    if (asked.size > LIMITS.operationsOpen) this.asked[dir] = null;
  }

  /** The oldest waits no more where too many do. */
  #bound(dir: 0 | 1): void {
    const open = this.open[dir];
    if (open.size <= LIMITS.operationsOpen) return;
    const [id, waiting] = open.entries().next().value!;
    for (const kind of waiting.kinds) kind.unanswered++;
    open.delete(id);
    this.hit = "operationsOpen";
  }

  /** True where its request was waiting. Of several requests of one message the one with its code, or the only one left. */
  #answered({ dir, id, kind, failed, answer, place }: EarlyAnswer): boolean {
    const open = this.open[dir === 0 ? 1 : 0];
    const waiting = open.get(id);
    if (waiting === undefined) return false;
    const { kinds } = waiting;
    let which = 0;
    if (kinds.length > 1) {
      which = kinds.findIndex((asked) => asked.code === kind.code && asked.protocol === kind.protocol);
      if (which < 0) return false;
    }
    tellAnswer(kinds[which]!, failed, answer, place);
    if (kinds.length > 1) kinds.splice(which, 1);
    else open.delete(id);
    return true;
  }

  #unasked(answer: EarlyAnswer): void {
    const asked = this.asked[answer.dir === 0 ? 1 : 0];
    if (asked !== null && !asked.has(answer.id) && this.early.length < LIMITS.operationsOpen) this.early.push(answer);
    else this.unasked++;
  }
}

/** What became of a request of this kind. */
export function tellAnswer(asked: OperationKind, failed: boolean, answer: string | null, place: FramePlace): void {
  if (failed) asked.failed++;
  if (asked.answerFrame !== null) return;
  asked.answer = answer ?? (failed ? "failure" : "success");
  asked.answerFrame = place;
}

export function addKind(known: OperationKind, more: OperationKind): void {
  known.count += more.count;
  known.failed += more.failed;
  known.unanswered += more.unanswered;
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

/** A tally as plain data, for a store: kinds are named by their place in the list. */
export interface PlainTally {
  kinds: OperationKind[];
  open: [Id, number, number[]][][];
  early: (Omit<EarlyAnswer, "kind"> & { kind: number })[];
  asked: (Id[] | null)[];
  unasked: number;
  dropped: number;
  seconds: [number, number][];
  mostOpen: number;
}

export function plainTally(tally: OperationTally): PlainTally {
  const places = new Map(tally.kinds.map((kind, i) => [kind, i]));
  const place = (kind: OperationKind): number => places.get(kind)!;
  const { kinds, unasked, dropped, mostOpen } = tally;
  return {
    ...{ kinds, unasked, dropped, mostOpen },
    open: tally.open.map((open) => [...open].map(([id, waiting]) => [id, waiting.frame, waiting.kinds.map(place)])),
    early: tally.early.map((answer) => ({ ...answer, kind: place(answer.kind) })),
    asked: tally.asked.map((asked) => (asked === null ? null : [...asked])),
    seconds: [...tally.seconds],
  };
}

/** The tally again. `captureOffset` is added to the captures of its frames. */
export function richTally(plain: PlainTally, captureOffset = 0): OperationTally {
  const moved = ({ capture, frame }: FramePlace): FramePlace => ({ capture: capture + captureOffset, frame });
  const tally = new OperationTally();
  const kinds = plain.kinds.map((kind) => ({
    ...kind,
    frames: kind.frames.map(moved),
    answerFrame: kind.answerFrame === null ? null : moved(kind.answerFrame),
  }));
  tally.restore(kinds);
  for (const dir of [0, 1] as const) {
    for (const [id, frame, of] of plain.open[dir] ?? [])
      tally.open[dir].set(id, { frame, kinds: of.map((place) => kinds[place]!) });
    const asked = plain.asked[dir] ?? null;
    tally.asked[dir] = asked === null ? null : new Set(asked);
  }
  tally.early = plain.early.map((answer) => ({ ...answer, kind: kinds[answer.kind]!, place: moved(answer.place) }));
  tally.seconds = new Map(plain.seconds);
  tally.unasked = plain.unasked;
  tally.dropped = plain.dropped;
  tally.mostOpen = plain.mostOpen;
  return tally;
}

/** A copy that is free to change. */
export function copyTally(tally: OperationTally, captureOffset: number): OperationTally {
  return richTally(plainTally(tally), captureOffset);
}
