/** What of a flow is not in the capture, or could not be read. */
import type { Sighting } from "../decode/facts.ts";
import { TCP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import type { Cap } from "../limits.ts";
import type * as C from "../observe/conversations.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { FrameRef } from "../report/result.ts";
import { isProblem, problemsOf } from "./flow-frames.ts";

export function gapsOf(view: FlowView): readonly FrameRef[] {
  const holes = problemsOf(view, "hole", "bytes before it are missing");
  const cut = problemsOf(view, "cut", "bytes at its end are missing");
  if (holes.length === 0) return cut;
  return cut.length === 0 ? holes : [...holes, ...cut];
}

/** No decoder waits for more of this direction, or none will come: it was closed, and nothing of it is missing. */
export function hasSaidAll({ detail, row, at, state }: FlowView, dir: 0 | 1): boolean {
  const stream = detail?.streams[dir] ?? null;
  if (stream === null) return true;
  if ((state & (R.S_FIN << dir)) === 0 || stream.pending.length > 0 || stream.lost > 0 || stream.cutOff > 0)
    return false;
  return stream.next === ((row[at + R.NEXT + dir]! - 1) | 0);
}

/** The connection was opened in sight and the server has spoken, but what the client said first was not captured whole. */
export function isHoled(view: FlowView, there: 0 | 1): boolean {
  const back = there === 0 ? 1 : 0;
  if (view.proto !== TCP || (view.state & R.S_MIDSTREAM) !== 0 || !view.has(R.S_DATA, back)) return false;
  if (!view.has(R.S_DATA, there)) return view.has(R.S_SEQ, there) && view.app !== 0;
  if ((view.detail?.streams[there]?.pending.length ?? 0) === 0) return false;
  return view.detail?.sightings.some(({ dir, fact }) => dir === there && fact.kind === "up") !== true;
}

export function isUnfinished(view: FlowView, there: 0 | 1): boolean {
  const stream = view.detail?.streams[there] ?? null;
  return stream !== null && (stream.length > 0 || stream.pending.length > 0);
}

/** What is cut off in frames is told by who reads them; a FIN has a number of its own. */
export function lacksEnd({ detail, row, at, state }: FlowView, dir: 0 | 1): boolean {
  const stream = detail?.streams[dir] ?? null;
  if (stream === null || stream.cutOff > 0) return false;
  const closed = (state & (R.S_FIN << dir)) === 0 ? 0 : 1;
  return ((row[at + R.NEXT + dir]! - closed - stream.furthest) | 0) > 0;
}

export function isMisread(sightings: readonly Sighting[], { detail }: FlowView, there: 0 | 1): boolean {
  if (detail !== null && detail.undecoded + detail.dropped > 0) return true;
  return sightings.some((sighting) => sighting.dir === there && isProblem(sighting, "malformed"));
}

/** Of a flow whose facts found no room at all nobody knows what they were. */
export function cutOf(all: C.Conversations, { app, detail }: FlowView): Cap | null {
  if (detail !== null) return detail.cut;
  return app !== 0 && all.seen.caps.hits.has("flowDetails") ? "flowDetails" : null;
}
