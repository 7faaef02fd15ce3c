/** What a client said first, which may name the destination, and what a flow could be whose beginning nobody read. */
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import type * as C from "../observe/conversations.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { ConversationOutcome, FrameRef } from "../report/result.ts";
import { NO_FRAMES, type Words } from "./flow-frames.ts";

/** Seen; nothing said, because it never came up or ended without a word; or said (or yet to be said) and not in the capture. */
export type FirstWords = "heard" | "none" | "missing";

/** Applications whose client says first, in a hello that opens every connection, whom it wants to reach. */
export const HELLO: ReadonlySet<string> = new Set(["tls", "dtls", "quic"]);

/** A name that may have been sent and was not seen would win over DNS and over the address: without it, neither proves. */
export function firstWords(
  all: C.Conversations,
  view: FlowView,
  there: 0 | 1,
  outcome: ConversationOutcome,
  app: string | null,
): FirstWords {
  const hello = app !== null && HELLO.has(app);
  if (view.proto !== TCP && !hello) {
    const port = view.port(1 - there);
    return unreadableAs(all, view).some((id) => id === all.seen.identified.hint(false, port, port))
      ? "missing"
      : "heard";
  }
  if (outcome !== "established" && outcome !== "answered") return "none";
  if (!hello && view.midstream) return "missing";
  const { detail } = view;
  if (app === null) {
    if ((detail?.streams[there]?.pending.length ?? 0) > 0) return "missing";
    if (view.has(R.S_DATA, there)) return "heard";
    return endedEmpty(view, there) ? "none" : "missing";
  }
  const heard = detail?.sightings.some(({ dir, fact }) => dir === there && (!hello || fact.kind === "role"));
  return heard === true ? "heard" : "missing";
}

/** The client's SYN and FIN, and not a byte between them. */
function endedEmpty(view: FlowView, there: 0 | 1): boolean {
  const { row, at } = view;
  return (
    view.has(R.S_FIN, there) &&
    view.has(R.S_SEQ, there) &&
    ((row[at + R.NEXT + there]! - row[at + R.START + there]!) | 0) === 2
  );
}

export function wordsOf(view: FlowView, there: 0 | 1, app: string | null): Words | readonly FrameRef[] {
  if (app === null) {
    const { wordsFrame: frame } = view;
    return frame === 0
      ? NO_FRAMES
      : { capture: view.capture(there), frame, what: "the client's first words, or its end" };
  }
  const hello = HELLO.has(app);
  for (const { dir, fact, capture, frame, parts } of view.detail?.sightings ?? []) {
    if (dir !== there || (hello && fact.kind !== "role")) continue;
    const words: Words = { capture, frame, what: "the client's first words" };
    if (parts !== undefined) words.parts = parts;
    return words;
  }
  return NO_FRAMES;
}

export const NONE_OF_THEM: readonly string[] = [];

export function unreadableAs(all: C.Conversations, view: FlowView): readonly string[] {
  const legible = R.S_LEGIBLE | (R.S_LEGIBLE << 1);
  if (view.proto !== UDP || view.app !== 0 || (view.state & legible) !== 0 || view.row[view.at + R.TRIES] === 0)
    return NONE_OF_THEM;
  return all.seen.decoders.filter((decoder) => decoder.later !== undefined).map(({ id }) => id);
}

/** What was kept of a connection because several could be meant by it, as in COTP's handshake, before it ended. */
export function beginsAs(all: C.Conversations, view: FlowView): readonly string[] {
  if (view.proto !== TCP || view.app !== 0) return NONE_OF_THEM;
  const said = (view.detail?.streams ?? []).flatMap((one) => (one === null || one.length === 0 ? [] : [one]));
  if (said.length === 0) return NONE_OF_THEM;
  const fits = all.seen.decoders.filter(({ looksStream }) =>
    said.every((stream) => looksStream?.(stream.data, 0, stream.length) === true),
  );
  return fits.map(({ id }) => id);
}
