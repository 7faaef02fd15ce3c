/** One flow as the judge sees it: how far it came, what was said first, and the frames that show each of it. */
import type { Sighting } from "../decode/facts.ts";
import type { OperationTally } from "../decode/tally.ts";
import { hasPorts, ICMP, ICMP6, TCP } from "../dissect/packet.ts";
import { largestBurst } from "../flow/bursts.ts";
import { addressKey, isNearer, isSooner, tripUsOf } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import type { Cap } from "../limits.ts";
import { mostCounts } from "../observe/beside.ts";
import type * as C from "../observe/conversations.ts";
import { addressText, type FlowView, OUTCOMES } from "../observe/flow-view.ts";
import type { Handshake } from "../observe/handshake.ts";
import { operationsOf } from "../observe/operations.ts";
import type { ConversationOutcome, FrameRef } from "../report/result.ts";
import { beginsOtherwise } from "./begins-otherwise.ts";
import type { Played } from "./cast.ts";
import { beginsAs, type FirstWords, firstWords, HELLO, NONE_OF_THEM, unreadableAs, wordsOf } from "./first-words.ts";
import {
  comingFrames,
  framesBefore,
  framesOf,
  NO_FRAMES,
  openingFrames,
  problemsOf,
  quotesOf,
  type Words,
} from "./flow-frames.ts";
import { cutOf, gapsOf, hasSaidAll, isHoled, isMisread, isUnfinished, lacksEnd } from "./flow-holes.ts";
import { type HttpAnswers, httpAnswers } from "./http-answers.ts";
import { isPortUnreachable, isWayless } from "./refusal.ts";
import type { Key, Subject } from "./subject.ts";

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
  /**
   * What all of these say: `closed`, of its own port and from the far end's own address; `no-way`, that none leads there, or that
   * nobody has the address. Null where they say something else, or not all the same.
   */
  quoted: "closed" | "no-way" | null;
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
    lacking: (view.state & R.S_HOLE) !== 0,
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
    quoted: quotes.length === 0 ? null : saidByQuotes(all, view, back),
    reset: resetFrom(all, view, back),
    sentOn: answers?.sentOn ?? null,
    leads: null,
    heard: null,
    session: null,
  };
}

function saidByQuotes(all: C.Conversations, view: FlowView, back: 0 | 1): SubjectFlow["quoted"] {
  const own = view.address(back);
  const quotes = all.quoted.get(view.flow)!.map((index) => all.seen.flows.quotes[index]!);
  if (quotes.every(({ sender, type, code }) => sender === own && isPortUnreachable(view.family, type, code)))
    return "closed";
  return quotes.every(({ type, code }) => isWayless(view.family, type, code)) ? "no-way" : null;
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

/** A client that sends its SYN again and again gives up by then. */
const LONGEST_OPENING_SEC = 180;

function openedSec(view: FlowView, back: 0 | 1): number {
  if (view.proto !== TCP || view.synFrame !== 0) return view.firstSec;
  return view.has(R.S_SYNACK, back) ? view.firstSec - LONGEST_OPENING_SEC : Number.NEGATIVE_INFINITY;
}
