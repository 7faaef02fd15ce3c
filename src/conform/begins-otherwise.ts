/**
 * An end that begins with something else than the protocol by which the other end named the connection: a browser at a mail
 * server's port, a line for somebody else before the greeting. What one end greets with does not say what the connection was for.
 *
 * Of protocols that say so (`Decoder.bothBegin`): their decoders know each way in which either end may begin.
 */
import type { Decoder } from "../decode/decoder.ts";
import type { Sighting } from "../decode/facts.ts";
import { S_DATA } from "../flow/row.ts";
import type { Stream } from "../flow/stream.ts";
import type * as C from "../observe/conversations.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { FrameRef } from "../report/result.ts";
import { framesOf } from "./flow-frames.ts";

const NONE: readonly FrameRef[] = [];

/** Frames in which an end begins otherwise; none where none does, or where the beginning is not in the capture. */
export function beginsOtherwise(all: C.Conversations, view: FlowView, there: 0 | 1): readonly FrameRef[] {
  const decoder = all.seen.decoders[view.app - 1];
  if (decoder?.bothBegin !== true || view.midstream || view.detail === null || view.detail.cut !== null) return NONE;
  const { sightings } = view.detail;
  const frames: FrameRef[] = [];
  for (const dir of [0, 1] as const) {
    if (!view.has(S_DATA, dir)) continue;
    const own = sightings.filter((sighting) => sighting.dir === dir);
    const first = own.find(({ fact }) => fact.kind === "field" || fact.kind === "inner");
    const what = `begins otherwise than ${decoder.id} does`;
    if (own.length > 0) {
      if (first !== undefined && isForeign(first, decoder.id)) frames.push(...framesOf(first, what));
    } else if (isNone(decoder, view.detail.streams[dir])) {
      // Of a client nobody knows the row has the frame of its first words; of a server that of its first packet.
      const frame = dir === there && view.wordsFrame !== 0 ? view.wordsFrame : view.frame(dir);
      frames.push({ capture_id: view.capture(dir), frame, what });
    }
  }
  return frames.length === 0 ? NONE : frames;
}

/** Whether a direction of which nothing was told is no beginning of this protocol: nobody knows it, or what is held of it is another's. */
function isNone(decoder: Decoder, stream: Stream | null): boolean {
  if (stream === null) return true;
  return stream.fromStart && stream.length > 0 && decoder.looksStream?.(stream.data, 0, stream.length) !== true;
}

/** Fields are called after the decoder that told them. */
function isForeign({ fact }: Sighting, id: string): boolean {
  return fact.kind === "field" && !fact.field.startsWith(`${id}.`);
}
