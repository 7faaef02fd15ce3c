/** A count of operations as plain data, and back: for a store, and for a copy that is free to change. */
import { OperationTally } from "./tally.ts";
import {
  type EarlyAnswer,
  type FramePlace,
  type Id,
  type OperationKind,
  type Runs,
  stackOf,
  type Waiting,
} from "./tally-kinds.ts";

/** A tally as plain data, for a store: kinds are named by their place in the list. */
export interface PlainTally {
  kinds: OperationKind[];
  /** By direction: id, and the stack of what waits, the oldest first. */
  open: [Id, (Omit<Waiting, "kinds" | "below"> & { kinds: number[] })[]][][];
  early: (Omit<EarlyAnswer, "kind"> & { kind: number })[];
  unasked: number;
  dropped: number;
  seconds: [number, number][];
  runs: Runs;
}

export function plainTally(tally: OperationTally): PlainTally {
  const places = new Map(tally.kinds.map((kind, i) => [kind, i]));
  const place = (kind: OperationKind): number => places.get(kind)!;
  const { kinds, unasked, dropped, runs } = tally;
  const plain = ({ frame, sec, nsec, kinds }: Waiting) => ({ frame, sec, nsec, kinds: kinds.map(place) });
  return {
    ...{ kinds, unasked, dropped, runs: { ...runs } },
    open: tally.open.map((open) => [...open].map(([id, top]) => [id, stackOf(top).map(plain)])),
    early: tally.early.map((answer) => ({ ...answer, kind: place(answer.kind) })),
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
  for (const dir of [0, 1] as const)
    for (const [id, stack] of plain.open[dir] ?? [])
      for (const waiting of stack)
        tally.restoreWaiting(dir, id, { ...waiting, kinds: waiting.kinds.map((at) => kinds[at]!), below: null });
  tally.early = plain.early.map((answer) => ({ ...answer, kind: kinds[answer.kind]!, place: moved(answer.place) }));
  for (const [sec, count] of plain.seconds) tally.seconds.set(sec, count);
  tally.unasked = plain.unasked;
  tally.dropped = plain.dropped;
  tally.runs = { ...plain.runs };
  return tally;
}

/** A copy that is free to change. */
export function copyTally(tally: OperationTally, captureOffset: number): OperationTally {
  return richTally(plainTally(tally), captureOffset);
}
