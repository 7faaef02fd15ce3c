/** The frames of a flow that show something of it: who opened it, what became of it, what was said. */
import type { ProblemFact, Sighting } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import type * as C from "../observe/conversations.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import type { ConversationOutcome, FrameRef } from "../report/result.ts";
import { icmpWords } from "./refusal.ts";
import type { SubjectFlow } from "./subject-flow.ts";

export const NO_FRAMES: readonly FrameRef[] = [];

/** The frames of one sighting: all that carried a piece of its message. */
export function framesOf(sighting: Pick<Sighting, "capture" | "frame" | "parts">, what: string): FrameRef[] {
  const { capture, frame, parts } = sighting;
  const whole: FrameRef = { capture_id: capture, frame, what };
  if (parts === undefined) return [whole];
  const refs = parts.map((part): FrameRef => ({ capture_id: capture, frame: part, what: `${what} (part)` }));
  refs.push(whole);
  return refs;
}

/** A client's first words: the message that has them, or the packet. */
export interface Words extends Pick<Sighting, "capture" | "frame" | "parts"> {
  what: string;
}

/** Frames of what its client said first. */
export function wordsFrames({ words }: Pick<SubjectFlow, "words">): readonly FrameRef[] {
  return "what" in words ? framesOf(words, words.what) : words;
}

/** Frames of the initiator's first packets, the first two. */
export function askingFrames({ askingCapture: capture_id, askingFrame, secondFrame }: SubjectFlow): FrameRef[] {
  const frames: FrameRef[] = [];
  if (askingFrame !== 0) frames.push({ capture_id, frame: askingFrame, what: "first packet" });
  if (secondFrame !== 0)
    frames.push({ capture_id, frame: secondFrame, what: askingFrame === 0 ? "first packet" : "second packet" });
  return frames;
}

/** Frames that say who opened it. */
export function openingFrames(view: FlowView, there: 0 | 1): FrameRef[] {
  const back = there === 0 ? 1 : 0;
  if (view.proto === TCP) {
    if (view.synFrame !== 0) return [{ capture_id: view.capture(there), frame: view.synFrame, what: "SYN" }];
    if (view.has(R.S_SYNACK, back))
      return [{ capture_id: view.capture(back), frame: view.answerFrame, what: "SYN-ACK" }];
    return [];
  }
  for (const sighting of view.detail?.sightings ?? []) {
    if (sighting.fact.kind === "role")
      return [{ capture_id: sighting.capture, frame: sighting.frame, what: sighting.fact.why }];
  }
  return view.packets(there) > 0
    ? [{ capture_id: view.capture(there), frame: view.frame(there), what: "first packet" }]
    : [];
}

/** What a frame is in which the client finished a handshake. */
export const FINISHED = "the client's part of the handshake";

/** Frames that say what became of it. */
export function comingFrames(
  all: C.Conversations,
  view: FlowView,
  there: 0 | 1,
  outcome: ConversationOutcome,
): readonly FrameRef[] {
  const back = there === 0 ? 1 : 0;
  const frames: FrameRef[] = [];
  if (view.proto === TCP && view.answerFrame !== 0) {
    const what = outcome === "refused" ? "RST" : "SYN-ACK";
    frames.push({ capture_id: view.capture(back), frame: view.answerFrame, what });
    if (view.synFrame === 0 && view.packets(there) > 0)
      frames.push({ capture_id: view.capture(there), frame: view.frame(there), what: "first packet" });
  } else {
    if (view.packets(there) > 0)
      frames.push({ capture_id: view.capture(there), frame: view.frame(there), what: "first packet" });
    if (view.packets(back) > 0)
      frames.push({ capture_id: view.capture(back), frame: view.frame(back), what: "first answer" });
  }
  for (const sighting of view.detail?.sightings ?? []) {
    if (view.proto === TCP && sighting.dir === there && speaksOfUp(sighting))
      frames.push(...framesOf(sighting, FINISHED));
    if (sighting.fact.kind !== "fault" || outcome !== "failed") continue;
    frames.push({
      capture_id: sighting.capture,
      frame: sighting.frame,
      what: `${sighting.fact.what} ${sighting.fact.text}`,
    });
  }
  const answers = view.proto === UDP ? all.answeredBy.get(view.flow) : undefined;
  if (answers !== undefined) frames.push(...answersElsewhere(all, answers));
  return frames;
}

/** What the client said until its handshake was done: its hellos, of which a server may ask for two, and its last word. */
function speaksOfUp({ fact }: Sighting): boolean {
  return fact.kind === "up" || (fact.kind === "role" && fact.sender === "client" && fact.why.startsWith("TLS "));
}

/** First frames of datagrams that answered it from another port or address. */
function answersElsewhere(all: C.Conversations, flows: readonly number[]): FrameRef[] {
  const answer = all.view();
  return flows.slice(0, LIMITS.evidenceFrames).map((flow) => {
    answer.move(flow);
    const frame = answer.frame(answer.firstDir);
    return { capture_id: answer.capture(answer.firstDir), frame, what: "an answer from another port or address" };
  });
}

export function quotesOf(all: C.Conversations, view: FlowView): readonly FrameRef[] {
  const quotes = all.quoted.get(view.flow);
  if (quotes === undefined) return NO_FRAMES;
  return quotes.map((index): FrameRef => {
    const quote = all.seen.flows.quotes[index]!;
    return {
      capture_id: quote.capture,
      frame: quote.frame,
      what: `ICMP ${icmpWords(view.family, quote.type, quote.code)} from ${addressText(all.seen.flows.ipv6, view.family, quote.sender)}`,
    };
  });
}

export const isProblem = ({ fact }: Sighting, what: ProblemFact["what"]): boolean =>
  fact.kind === "problem" && fact.what === what;

export function problemsOf({ detail }: FlowView, of: ProblemFact["what"], what: string): readonly FrameRef[] {
  if (detail === null) return NO_FRAMES;
  const problems = detail.sightings.filter((sighting) => isProblem(sighting, of));
  return problems.length === 0 ? NO_FRAMES : problems.flatMap((sighting) => framesOf(sighting, what));
}

/** Frames of the client's messages before a part's first. */
export function framesBefore(view: FlowView, there: 0 | 1, part: readonly Sighting[]): readonly FrameRef[] {
  const all = view.detail?.sightings ?? [];
  if (all.length === part.length) return NO_FRAMES;
  const first = part.find(({ dir }) => dir === there);
  if (first === undefined || first.beside !== undefined) return NO_FRAMES;
  const frames = new Map<number, FrameRef>();
  for (const sighting of all) {
    if (sighting === first || frames.size > LIMITS.evidenceFrames) break;
    if (sighting.dir === there)
      for (const ref of framesOf(sighting, "an earlier request of the connection")) frames.set(ref.frame, ref);
  }
  return [...frames.values()];
}
