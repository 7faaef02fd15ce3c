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
import * as L from "../flow/ledger.ts";
import type { Room } from "../flow/room.ts";
import { type Cap, LIMITS } from "../limits.ts";
import type { OperationFact } from "./facts.ts";
import { Glances } from "./glances.ts";
import { LIKE_ID } from "./likeness.ts";
import {
  addKind,
  type EarlyAnswer,
  FRAMES_KEPT,
  type Id,
  idOf,
  isGrave,
  isLater,
  joinRuns,
  keepLarger,
  lendRuns,
  type OperationKind,
  type Runs,
  stackOf,
  takeBackRuns,
  tellAnswer,
  type Waiting,
} from "./tally-kinds.ts";
import { Seconds } from "./tally-seconds.ts";

/** What makes a kind, direction and target apart. */
type Told = "protocol" | "role" | "code" | "operation" | "class" | "target";

export class OperationTally {
  /** Answers that no request here explains; the first of them, others are counted in `unasked`. */
  early: EarlyAnswer[] = [];
  /** Answers without a request beyond those in `early`. */
  unasked = 0;
  /** Operations that found no room for their kind. */
  dropped = 0;
  /** Requests in a row without an answer between them: how many were on their way at once. */
  runs: Runs = { first: 0, last: 0, longest: 0, answered: false };
  /** The cap that the last call hit, for whoever counts them. */
  hit: Cap | null = null;
  #kinds: OperationKind[] = [];
  readonly #open: [Map<Id, Waiting>, Map<Id, Waiting>] = [new Map(), new Map()];
  readonly #seconds = new Seconds();
  #glances: Glances | null = null;
  /** The frame of the request that came into `#open` last. */
  #opened = 0;
  readonly #byTarget = new Map<string | null, OperationKind[]>();
  #graveKinds = 0;
  /** While a later slice is appended: see there. */
  #joined: ReadonlySet<OperationKind> | null = null;
  /** By direction: entries in `open`. */
  readonly #waiting: [number, number] = [0, 0];

  get kinds(): OperationKind[] {
    this.#glances?.handOverCounts();
    return this.#kinds;
  }

  /** By direction of the request: what waits for an answer, by id, the newest on top. */
  get open(): readonly [Map<Id, Waiting>, Map<Id, Waiting>] {
    this.#settle();
    return this.#open;
  }

  /** Requests by second of capture time; bounded, the first seconds stay. */
  get seconds(): Map<number, number> {
    return this.#seconds.all;
  }

  /** The kind that it was counted as; null where there was no room. */
  add(
    fact: OperationFact,
    dir: 0 | 1,
    capture: number,
    frame: number,
    sec: number,
    nsec: number,
  ): OperationKind | null {
    this.#settle();
    const kind = this.#kindOf(fact, dir);
    if (kind !== null) this.#count(kind, fact, dir, capture, frame, sec, nsec);
    return kind;
  }

  /** From now on a message like this one is of this kind: answered by success, or waiting for it. */
  learn(dir: 0 | 1, like: Int32Array, kind: OperationKind): void {
    if (isGrave(kind.class) && kind.frames.length < FRAMES_KEPT) return;
    this.#glances ??= new Glances();
    this.#glances.learn(dir, like, kind);
  }

  /** Counts a message by what it is like (`likeness.ts`); false where that is not enough, and then nothing was counted. */
  glance(dir: 0 | 1, like: Int32Array, frame: number, sec: number, nsec: number): boolean {
    const glances = this.#glances;
    if (glances === null) return false;
    const place = glances.find(dir, like);
    if (place < 0) return false;
    if (glances.isRequest(place)) {
      if (this.#opened === frame || !this.#hasRoom(dir, sec, nsec)) return false;
      if (!glances.ask(dir, like[LIKE_ID]!, place, frame, sec, nsec)) return false;
      this.#sends(sec);
      return true;
    }
    if (!glances.answer(dir, like[LIKE_ID]!, place, sec, nsec)) return false;
    this.runs.answered = true;
    this.runs.last = 0;
    return true;
  }

  /** From now on the walk counts in `words` (`flow/ledger.ts`); false where it could not go by what is there. */
  lend(words: Int32Array, room: Room): boolean {
    if (this.#glances === null || this.early.length > 0 || !this.#glances.lend(words, room)) return false;
    this.#seconds.lend(words);
    lendRuns(this.runs, words);
    words[L.OPENED] = this.#opened;
    return true;
  }

  lendSide(words: Int32Array, dir: 0 | 1, shape: number): void {
    words[dir * L.SIDE + L.ROOM] = LIMITS.operationsOpen - this.#waiting[dir];
    this.#glances!.lendSide(words, dir, shape);
  }

  takeBack(words: Int32Array): void {
    this.#glances!.takeBack(words);
    this.#seconds.takeBack(words);
    takeBackRuns(this.runs, words);
  }

  /** What the walk counted in does so no longer: its memory will be somebody else's. */
  comeHome(): void {
    this.#glances?.comeHome();
  }

  /** Whether one more request can wait without another being given up, and none of the early answers can be its. */
  #hasRoom(dir: 0 | 1, sec: number, nsec: number): boolean {
    if (this.#waiting[dir] + this.#glances!.waiting >= LIMITS.operationsOpen) return false;
    for (const answer of this.early) if (!isLater(sec, nsec, answer.sec, answer.nsec)) return false;
    return true;
  }

  /** Requests that wait as numbers wait like all others from now on. */
  #settle(): void {
    const glances = this.#glances;
    if (glances === null || glances.waiting === 0) return;
    const { asker } = glances;
    glances.empty((id, kind, frame, sec, nsec) =>
      this.#push(asker, id, { frame, sec, nsec, kinds: [kind], below: null }),
    );
  }

  #count(
    kind: OperationKind,
    fact: OperationFact,
    dir: 0 | 1,
    capture: number,
    frame: number,
    sec: number,
    nsec: number,
  ): void {
    kind.count++;
    if (kind.frames.length === 0 || (kind.frames.length < FRAMES_KEPT && isGrave(kind.class)))
      kind.frames.push({ capture, frame });
    if (fact.role === "request") {
      if (fact.within !== true) this.#sends(sec);
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
    const { seconds } = this;
    for (const [sec, count] of later.seconds) seconds.set(sec, (seconds.get(sec) ?? 0) + count);
    this.runs = joinRuns(this.runs, later.runs);
    this.unasked += later.unasked;
    this.dropped += later.dropped;
  }

  /** What somebody else counted of the same flow at the same time, who saw less of it. `other` is used up. */
  unite(other: OperationTally): void {
    this.#settle();
    const added = new Set<OperationKind>();
    for (const kind of other.kinds) {
      const known = this.#find(kind, kind.dir, kind.target);
      if (known !== null) keepLarger(known, kind);
      else {
        this.#insert(kind);
        added.add(kind);
      }
    }
    for (const answer of other.early) if (added.has(answer.kind)) this.#unasked(answer);
    for (const dir of [0, 1] as const)
      for (const [id, top] of other.open[dir])
        for (const waiting of stackOf(top)) {
          const kinds = waiting.kinds.filter((kind) => added.has(kind));
          if (kinds.length > 0) this.#push(dir, id, { ...waiting, kinds, below: null });
        }
    const { seconds } = this;
    for (const [sec, count] of other.seconds) seconds.set(sec, Math.max(seconds.get(sec) ?? 0, count));
    this.runs.longest = Math.max(this.runs.longest, other.runs.longest);
    this.unasked = Math.max(this.unasked, other.unasked);
    this.dropped = Math.max(this.dropped, other.dropped);
  }

  /** Without what one direction said: the whole would have stopped reading it. */
  without(dir: 0 | 1): void {
    this.#settle();
    const kept = this.kinds.filter((kind) => kind.dir !== dir);
    this.#glances = null;
    this.#kinds = [];
    this.#byTarget.clear();
    for (const kind of kept) this.#insert(kind);
    this.#open[dir].clear();
    this.#waiting[dir] = 0;
    this.early = this.early.filter((answer) => answer.dir !== dir);
  }

  /** Adds a kind that is not here yet; a store gives them back so. */
  #insert(kind: OperationKind): void {
    this.#kinds.push(kind);
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
    const there = grave ? this.#graveKinds : this.#kinds.length - this.#graveKinds;
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
      ...(fact.carries === true ? { carries: true } : {}),
    };
    this.#insert(kind);
    return kind;
  }

  #sends(sec: number): void {
    this.#seconds.add(sec);
    const { runs } = this;
    runs.last++;
    if (!runs.answered) runs.first = runs.last;
    if (runs.last > runs.longest) runs.longest = runs.last;
  }

  #ask(id: Id, kind: OperationKind, dir: 0 | 1, frame: number, sec: number, nsec: number): void {
    const top = this.#open[dir].get(id);
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
    const open = this.#open[dir];
    waiting.below = open.get(id) ?? null;
    open.set(id, waiting);
    this.#opened = waiting.frame;
    if (++this.#waiting[dir] > LIMITS.operationsOpen) this.#forget(dir);
  }

  /** The oldest of the id that has waited longest waits no more. */
  #forget(dir: 0 | 1): void {
    const open = this.#open[dir];
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
   * requests of one message the one with its code, or the only one left, or any where all ask the same.
   */
  #answered({ dir, id, kind, failed, answer, place, sec, nsec }: EarlyAnswer): boolean {
    const asker = dir === 0 ? 1 : 0;
    const open = this.#open[asker];
    let waiting = open.get(id) ?? null;
    let above: Waiting | null = null;
    for (; waiting !== null && isLater(waiting.sec, waiting.nsec, sec, nsec); waiting = waiting.below) above = waiting;
    if (waiting === null) return false;
    const { kinds } = waiting;
    const which = kinds.every((of) => of === kinds[0])
      ? 0
      : kinds.findIndex((of) => of.code === kind.code && of.protocol === kind.protocol);
    if (which < 0) {
      this.unasked++;
      kind.unasked++;
      return true;
    }
    if (kinds[which]!.answerFrame === null) this.#glances?.answered(kinds[which]!);
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
