/** Where a frame stands: for whoever names frames, compares them, or counts each once. */
import type { FrameRef } from "./result.ts";

/** A frame's capture and its number there. */
export type Place = Pick<FrameRef, "capture_id" | "frame">;

/** The same for the same frame, whatever is said of it. */
export function placeKey({ capture_id, frame }: Place): string {
  return `${capture_id}#${frame}`;
}
