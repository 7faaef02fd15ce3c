/** One flow as the judge sees it: how far it came, what was said first, and the frames that show each of it. */
import type { ProblemFact, Sighting } from "../decode/facts.ts";
import type { OperationTally } from "../decode/tally.ts";
import { hasPorts, ICMP, ICMP6, TCP, UDP } from "../dissect/packet.ts";
import { largestBurst } from "../flow/bursts.ts";
import { addressKey, isNearer, isSooner, tripUsOf } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import { type Cap, LIMITS } from "../limits.ts";
import { mostCounts } from "../observe/beside.ts";
import type * as C from "../observe/conversations.ts";
import { addressText, type FlowView, OUTCOMES } from "../observe/flow-view.ts";
import type { Handshake } from "../observe/handshake.ts";
import { operationsOf } from "../observe/operations.ts";
import type { ConversationOutcome, FrameRef } from "../report/result.ts";
import { beginsOtherwise } from "./begins-otherwise.ts";
import type { Played } from "./cast.ts";
import { type HttpAnswers, httpAnswers } from "./http-answers.ts";
import { icmpWords, isPortUnreachable } from "./refusal.ts";
import type { Key, Subject } from "./subject.ts";

/** Seen; nothing said, because it never came up or ended without a word; or said (or yet to be said) and not in the capture. */
export type FirstWords = "heard" | "none" | "missing";

export interface SubjectFlow {
  flow: number;
  /** Direction of the initiator's packets. */
  there: 0 | 1;
  outcome: ConversationOutcome;
  firstSec: number;
  firstNsec: number;
  lastSec: number;
  lastNsec: number;
  /** Packets of initiator and responder. */
  asked: number;
  answered: number;
  /** Packets of the largest burst of each direction, by direction; identical packets that may be copies left out. */
  bursts: readonly [number, number];
  /** How often one packet of it may have been counted, at most: by so many captures whose clocks may differ. */
  countedBy: number;
  /** MAC address, as a number, that the initiator's packets were sent to; 0 where they were answered or none is known. */
  nextHop: number;
  sightings: readonly Sighting[];
  /** What was asked and answered, by kind. */
  operations: OperationTally;
  /** Codes of those by which a device tells of itself what happened (`Decoder.reports`). */
  reports: readonly string[];
  /** Messages that its decoder refused, and facts that found no room. */
  undecoded: number;
  /** Messages that are not what its application would say; and the frames of those that are known. */
  foreign: number;
  foreignFrames: readonly FrameRef[];
  /** Some of the initiator's own stream could not be read: what is read behind that may begin elsewhere. */
  misread: boolean;
  /** Facts that found no room. */
  dropped: number;
  /** The cap that kept something of it from being read; null for none that is known. */
  cut: Cap | null;
  /** Frames of TCP segments, or of pieces of a message, that disagree about the same place. */
  overlaps: readonly FrameRef[];
  /** Frames behind which, or at whose end, bytes of messages are not in the capture: whatever part they would be of. */
  gaps: readonly FrameRef[];
  /** Segments of a connection are not in the capture, of whichever end. */
  lacking: boolean;
  /** Of a direction that is still read the last bytes are not in the capture, though it goes on or is closed behind them. */
  lacksEnd: boolean;
  /** The initiator's stream ends in bytes that make no whole message, or has more behind a hole. */
  unfinished: boolean;
  /** The very first packet, of whichever end. */
  began: FrameRef;
  /** The initiator's first packets, the first two: their frames, 0 where there is none. */
  askingCapture: number;
  askingFrame: number;
  secondFrame: number;
  /** Frames that show who opened it and that it came up. */
  opening: readonly FrameRef[];
  coming: readonly FrameRef[];
  /** True where payload passed and no decoder knew it although its beginning was seen. */
  unknownContent: boolean;
  /** The capture cut payload of it before anybody knew what it is: what is not known may stand in the rest. */
  cutShort: boolean;
  /** Applications that its datagrams could be later messages of, which only their ends can read. */
  unreadableAs: readonly string[];
  /** Applications of which all that was said, by each end, could be the beginning. */
  beginsAs: readonly string[];
  /** True where payload bytes passed at all. */
  hasData: boolean;
  /** False where nothing can come back: a group address, or a transport without questions. */
  twoSided: boolean;
  /** TCP: it began in sight, and yet the client's first message is not in the capture. */
  holed: boolean;
  /** TLS: what became of its handshake; null for all else. */
  handshake: Handshake | null;
  /** What its client said first, which may name the destination. */
  firstWords: FirstWords;
  /** Frames of that, or where they are to be had: see `wordsFrames`. */
  words: Words | readonly FrameRef[];
  /** Where the flow has several parts, and this is not the first: frames of the requests before, which lead to its own. */
  before: readonly FrameRef[];
  /** Earliest time at which it can have been opened; -Infinity where nothing in the capture says. Datagrams: its first. */
  openedSec: number;
  /** True where each packet is a use of its own: datagrams. */
  connectionless: boolean;
  /** ICMP: the type of the question. */
  icmpType: number | null;
  /** ICMP errors about it. */
  quotes: readonly FrameRef[];
  /** All of these say that the port is closed, and came from the far end's own address. */
  closedByItself: boolean;
  /** How near the RST came from that ended it, where the far end's own answers are known to compare it with. */
  reset: ResetFrom | null;
  /** HTTP: whom every answer sent the client on to, which may be a portal's word, and the frames. */
  sentOn: HttpAnswers["sentOn"];
  /**
   * Where another flow led to this one (an answer from another port, a data channel), or a part of it prepared the rest:
   * the flow by itself, what it belongs to, and the frames that say so. Either may document it.
   */
  leads: { own: Subject; within: Subject; because: FrameRef[] } | null;
  /** Where it asks everybody on a link: who answered, and the frames of each answer. Null for all else. */
  heard: readonly { address: string; roles: readonly Played[]; frames: readonly FrameRef[] }[] | null;
  /** The encrypted session of which this may be a data channel: it says so where nobody can read it. */
  session: Subject | null;
}

/** A client's first words: the message that has them, or the packet. */
export interface Words extends Pick<Sighting, "capture" | "frame" | "parts"> {
  what: string;
}

/** `view` is at the flow; `there` is the direction of the initiator's packets. */
export function readFlow(all: C.Conversations, view: FlowView, there: 0 | 1, { conversation, app }: Key): SubjectFlow {
  const back = there === 0 ? 1 : 0;
  const sightings = all.sightingsOf(conversation, view);
  const came = OUTCOMES[all.flowOutcome(view, there)]!;
  const spoke = isHttp(app) && (came === "established" || came === "answered");
  const answers = spoke ? httpAnswers(view, sightings, ownAddress(all, view, back), back) : null;
  const outcome = answers?.refused === true ? "failed" : came;
  const quotes = all.quoted.size === 0 ? NO_FRAMES : quotesOf(all, view);
  const data0 = view.has(R.S_DATA, 0);
  const data1 = view.has(R.S_DATA, 1);
  const midstream = view.proto === TCP && view.midstream;
  return {
    flow: view.flow,
    there,
    outcome,
    firstSec: view.firstSec,
    firstNsec: view.firstNsec,
    lastSec: view.lastSec,
    lastNsec: view.lastNsec,
    asked: view.packets(there),
    answered: view.packets(back),
    bursts: [burstOf(all, view, 0), burstOf(all, view, 1)],
    countedBy: countedBy(all, view),
    nextHop: view.nextHop(there),
    sightings,
    operations: operationsOf(all, view.detail),
    reports: all.seen.decoders[view.app - 1]?.reports ?? NONE_OF_THEM,
    undecoded: (view.detail?.undecoded ?? 0) + (view.detail?.dropped ?? 0),
    foreign: readsAll(app) || app === "dtls" ? (view.detail?.undecoded ?? 0) : 0,
    foreignFrames: malformed(sightings, readsAll(app), beginsOtherwise(all, view, there)),
    misread: view.proto === TCP && isMisread(sightings, view, there),
    dropped: view.detail?.dropped ?? 0,
    cut: cutOf(all, view),
    overlaps: problemsOf(view, "overlap", "disagrees about bytes with what came before"),
    gaps: gapsOf(view),
    lacking: view.proto === TCP && (view.state & R.S_HOLE) !== 0,
    lacksEnd: view.proto === TCP && (lacksEnd(view, 0) || lacksEnd(view, 1)),
    unfinished: isUnfinished(view, there),
    began: { capture_id: view.capture(view.firstDir), frame: view.frame(view.firstDir), what: "its first packet" },
    askingCapture: view.capture(there),
    askingFrame: view.frame(there),
    secondFrame: view.secondFrame(there),
    opening: openingFrames(view, there),
    coming: comingFrames(all, view, there, outcome),
    unknownContent:
      view.app === 0 &&
      (data0 || data1) &&
      !midstream &&
      !view.has(R.S_CUT, 0) &&
      hasSaidAll(view, 0) &&
      hasSaidAll(view, 1),
    cutShort: view.has(R.S_CUT, 0),
    hasData: data0 || data1,
    twoSided: hasPorts(view.proto) && !view.isGroup(back),
    holed: isHoled(view, there),
    handshake: view.handshake(there),
    unreadableAs: unreadableAs(all, view),
    beginsAs: beginsAs(all, view),
    firstWords: firstWords(all, view, there, outcome, app),
    words: wordsOf(view, there, app),
    before: framesBefore(view, there, sightings),
    openedSec: openedSec(view, back),
    connectionless: view.proto !== TCP,
    icmpType: view.proto === ICMP || view.proto === ICMP6 ? view.port(0) : null,
    quotes,
    closedByItself: quotes.length > 0 && isClosedByItself(all, view, back),
    reset: resetFrom(all, view, back),
    sentOn: answers?.sentOn ?? null,
    leads: null,
    heard: null,
    session: null,
  };
}

/** No decoder waits for more of this direction, or none will come: it was closed, and nothing of it is missing. */
function hasSaidAll({ detail, row, at, state }: FlowView, dir: 0 | 1): boolean {
  const stream = detail?.streams[dir] ?? null;
  if (stream === null) return true;
  if ((state & (R.S_FIN << dir)) === 0 || stream.pending.length > 0 || stream.lost > 0 || stream.cutOff > 0)
    return false;
  return stream.next === ((row[at + R.NEXT + dir]! - 1) | 0);
}

function quotesOf(all: C.Conversations, view: FlowView): readonly FrameRef[] {
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

function isClosedByItself(all: C.Conversations, view: FlowView, back: 0 | 1): boolean {
  const own = view.address(back);
  return all.quoted.get(view.flow)!.every((index) => {
    const { sender, type, code } = all.seen.flows.quotes[index]!;
    return sender === own && isPortUnreachable(view.family, type, code);
  });
}

function ownAddress({ seen }: C.Conversations, view: FlowView, dir: 0 | 1): string {
  return addressText(seen.flows.ipv6, view.family, view.address(dir));
}

/** What further packets change in it, and what tells where it is. */
export type CountedFlow = Pick<
  SubjectFlow,
  "flow" | "there" | "lastSec" | "lastNsec" | "asked" | "answered" | "bursts" | "leads"
>;

/** What further packets change in it, read again. */
export function recount(flow: CountedFlow, all: C.Conversations, view: FlowView): void {
  const { there } = flow;
  flow.lastSec = view.lastSec;
  flow.lastNsec = view.lastNsec;
  flow.asked = view.packets(there);
  flow.answered = view.packets(1 - there);
  flow.bursts = [burstOf(all, view, 0), burstOf(all, view, 1)];
}

export interface ResetFrom {
  ttl: number;
  /** TTL with which the far end's SYN-ACKs arrive, of the closest of them. */
  usual: number;
  nearer: boolean;
  /** Set where it came sooner than the far end can have been reached: after how long, and how long its own answers take. */
  sooner: { sinceUs: number; tripUs: number } | null;
}

function resetFrom(all: C.Conversations, view: FlowView, back: 0 | 1): ResetFrom | null {
  const reset = all.resets.get(view.flow);
  if (reset === undefined || reset.dir !== back) return null;
  const key = addressKey(view.row[view.at + R.META]!, view.address(back));
  const answers = all.seen.flows.distances.answers.get(key);
  if (answers === undefined) return null;
  const { ttl, sinceUs = 0 } = reset;
  const sooner = sinceUs > 0 && isSooner(sinceUs, answers) ? { sinceUs, tripUs: tripUsOf(answers) } : null;
  return { ttl, ...isNearer(ttl, answers), sooner };
}

const NO_FRAMES: readonly FrameRef[] = [];

function problemsOf({ detail }: FlowView, of: ProblemFact["what"], what: string): readonly FrameRef[] {
  if (detail === null) return NO_FRAMES;
  const problems = detail.sightings.filter(({ fact }) => fact.kind === "problem" && fact.what === of);
  return problems.length === 0 ? NO_FRAMES : problems.flatMap((sighting) => framesOf(sighting, what));
}

function gapsOf(view: FlowView): readonly FrameRef[] {
  const holes = problemsOf(view, "hole", "bytes before it are missing");
  const cut = problemsOf(view, "cut", "bytes at its end are missing");
  if (holes.length === 0) return cut;
  return cut.length === 0 ? holes : [...holes, ...cut];
}

/** Behind a hello nobody but its ends can read; whether they agreed at all is told by their handshake. */
const readsAll = (app: string | null): boolean => app !== null && !HELLO.has(app);

/**
 * Messages that contradict themselves: whoever reads them may take them for something else. Where not `all` is read, of a
 * direction that has come up alone. `others`: what is none of it either.
 */
function malformed(sightings: readonly Sighting[], all: boolean, others: readonly FrameRef[]): readonly FrameRef[] {
  const frames = [...others];
  const up = [all, all];
  for (const sighting of sightings) {
    const { fact, dir } = sighting;
    if (fact.kind === "up") up[dir] = true;
    if (fact.kind === "problem" && fact.what === "malformed" && up[dir]) frames.push(...framesOf(sighting, fact.why));
  }
  return frames.length === 0 ? NO_FRAMES : frames;
}

function isMisread(sightings: readonly Sighting[], { detail }: FlowView, there: 0 | 1): boolean {
  if (detail !== null && detail.undecoded + detail.dropped > 0) return true;
  return sightings.some(({ fact, dir }) => fact.kind === "problem" && fact.what === "malformed" && dir === there);
}

/** Of a flow whose facts found no room at all nobody knows what they were. */
function cutOf(all: C.Conversations, { app, detail }: FlowView): Cap | null {
  if (detail !== null) return detail.cut;
  return app !== 0 && all.seen.caps.hits.has("flowDetails") ? "flowDetails" : null;
}

const isHttp = (app: string | null): boolean => app === "http" || app === "http2";

/** Where copies are told apart, the captures' clocks agree, and each packet counts once. */
function countedBy(all: C.Conversations, { realm, firstSec, lastSec }: FlowView): number {
  const { captures, realms, flows } = all.seen;
  if (captures.length < 2 || flows.watch.copies > 0 || all.repeatsAreCopies) return 1;
  return mostCounts(captures, { realm: realms[realm] ?? "", firstSec, lastSec });
}

function burstOf(all: C.Conversations, view: FlowView, dir: 0 | 1): number {
  if (view.proto === TCP) return view.packets(dir);
  const copies = all.repeatsAreCopies ? (all.seen.flows.repeatsOf.get(view.flow * 2 + dir)?.packets ?? 0) : 0;
  return largestBurst(view.row, view.at, dir) - copies;
}

/** The connection was opened in sight and the server has spoken, but what the client said first was not captured whole. */
function isHoled(view: FlowView, there: 0 | 1): boolean {
  const back = there === 0 ? 1 : 0;
  if (view.proto !== TCP || (view.state & R.S_MIDSTREAM) !== 0 || !view.has(R.S_DATA, back)) return false;
  if (!view.has(R.S_DATA, there)) return view.has(R.S_SEQ, there) && view.app !== 0;
  if ((view.detail?.streams[there]?.pending.length ?? 0) === 0) return false;
  return view.detail?.sightings.some(({ dir, fact }) => dir === there && fact.kind === "up") !== true;
}

function isUnfinished(view: FlowView, there: 0 | 1): boolean {
  const stream = view.detail?.streams[there] ?? null;
  return stream !== null && (stream.length > 0 || stream.pending.length > 0);
}

/** What is cut off in frames is told by who reads them; a FIN has a number of its own. */
function lacksEnd({ detail, row, at, state }: FlowView, dir: 0 | 1): boolean {
  const stream = detail?.streams[dir] ?? null;
  if (stream === null || stream.cutOff > 0) return false;
  const closed = (state & (R.S_FIN << dir)) === 0 ? 0 : 1;
  return ((row[at + R.NEXT + dir]! - closed - stream.furthest) | 0) > 0;
}

/** Applications whose client says first, in a hello that opens every connection, whom it wants to reach. */
const HELLO: ReadonlySet<string> = new Set(["tls", "dtls", "quic"]);

/** A name that may have been sent and was not seen would win over DNS and over the address: without it, neither proves. */
function firstWords(
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

function wordsOf(view: FlowView, there: 0 | 1, app: string | null): Words | readonly FrameRef[] {
  if (app === null) {
    const { wordsFrame: frame } = view;
    return frame === 0
      ? NO_FRAMES
      : { capture: view.capture(there), frame, what: "the client's first words, or its end" };
  }
  const hello = HELLO.has(app);
  for (const { dir, fact, capture, frame, parts } of view.detail?.sightings ?? NO_SIGHTINGS) {
    if (dir !== there || (hello && fact.kind !== "role")) continue;
    const words: Words = { capture, frame, what: "the client's first words" };
    if (parts !== undefined) words.parts = parts;
    return words;
  }
  return NO_FRAMES;
}
const NO_SIGHTINGS: readonly Sighting[] = [];

/** Frames of what its client said first. */
export function wordsFrames({ words }: Pick<SubjectFlow, "words">): readonly FrameRef[] {
  return "what" in words ? framesOf(words, words.what) : words;
}

/** Frames of the client's messages before a part's first. */
function framesBefore(view: FlowView, there: 0 | 1, part: readonly Sighting[]): readonly FrameRef[] {
  const all = view.detail?.sightings ?? NO_SIGHTINGS;
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

/** A client that sends its SYN again and again gives up by then. */
const LONGEST_OPENING_SEC = 180;

function openedSec(view: FlowView, back: 0 | 1): number {
  if (view.proto !== TCP || view.synFrame !== 0) return view.firstSec;
  return view.has(R.S_SYNACK, back) ? view.firstSec - LONGEST_OPENING_SEC : Number.NEGATIVE_INFINITY;
}

function unreadableAs(all: C.Conversations, view: FlowView): readonly string[] {
  const legible = R.S_LEGIBLE | (R.S_LEGIBLE << 1);
  if (view.proto !== UDP || view.app !== 0 || (view.state & legible) !== 0 || view.row[view.at + R.TRIES] === 0)
    return NONE_OF_THEM;
  return all.seen.decoders.filter((decoder) => decoder.later !== undefined).map(({ id }) => id);
}
const NONE_OF_THEM: readonly string[] = [];

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

/** Frames that say who opened it. */
function openingFrames(view: FlowView, there: 0 | 1): FrameRef[] {
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

/** Frames that say what became of it. */
function comingFrames(
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
      frames.push(...framesOf(sighting, "the client's part of the handshake"));
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

/** The frames of one sighting: all that carried a piece of its message. */
export function framesOf(sighting: Pick<Sighting, "capture" | "frame" | "parts">, what: string): FrameRef[] {
  const { capture, frame, parts } = sighting;
  const whole: FrameRef = { capture_id: capture, frame, what };
  if (parts === undefined) return [whole];
  const refs = parts.map((part): FrameRef => ({ capture_id: capture, frame: part, what: `${what} (part)` }));
  refs.push(whole);
  return refs;
}

/** Frames of the initiator's first packets, the first two. */
export function askingFrames({ askingCapture: capture_id, askingFrame, secondFrame }: SubjectFlow): FrameRef[] {
  const frames: FrameRef[] = [];
  if (askingFrame !== 0) frames.push({ capture_id, frame: askingFrame, what: "first packet" });
  if (secondFrame !== 0)
    frames.push({ capture_id, frame: secondFrame, what: askingFrame === 0 ? "first packet" : "second packet" });
  return frames;
}
