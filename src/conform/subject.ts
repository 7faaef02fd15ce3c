/** A conversation as the judge sees it: its ends, its flows, and what was said in them, read once from the columns. */
import type { Sighting } from "../decode/facts.ts";
import type { OperationTally } from "../decode/tally.ts";
import { SCTP, TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import * as C from "../observe/conversations.ts";
import {
  addressText,
  FlowView,
  INITIATOR_BY,
  type InitiatorBy,
  OUTCOMES,
  transportName,
} from "../observe/flow-view.ts";
import { operationsOf } from "../observe/operations.ts";
import type { ConversationOutcome, FrameRef } from "../report/result.ts";
import type { Cast, Played } from "./cast.ts";

/** Seen; nothing said as far as anybody can see; or said and not in the capture. */
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
  sightings: readonly Sighting[];
  /** What was asked and answered, by kind. */
  operations: OperationTally;
  /** Messages that its decoder refused, and facts that found no room. */
  undecoded: number;
  /** The initiator's stream ends in bytes that make no whole message, or has more behind a hole. */
  unfinished: boolean;
  /** The very first packet, of whichever end. */
  began: FrameRef;
  /** Frames of the initiator's first packets, the first two. */
  asking: FrameRef[];
  /** Frames that show who opened it and that it came up. */
  opening: FrameRef[];
  coming: FrameRef[];
  /** True where payload passed and no decoder knew it although its beginning was seen. */
  unknownContent: boolean;
  /** True where payload bytes passed at all. */
  hasData: boolean;
  /** False where nothing can come back: a group address, or a transport without questions. */
  twoSided: boolean;
  /** TCP: it began in sight, and yet the client's first message is not in the capture. */
  holed: boolean;
  /** It began in words that end in a hole, and neither side said that it was up. */
  interrupted: boolean;
  /** What its client said first, which may name the destination. */
  firstWords: FirstWords;
  /** ICMP errors about it. */
  quotes: FrameRef[];
}

export interface Subject {
  conversation: number;
  realm: number;
  realmName: string;
  family: number;
  initiator: string;
  responder: string;
  /** All addresses of the initiator that the site knows: one host may have several. */
  addresses: ReadonlySet<string>;
  /** The same of the responder, for when the two are exchanged. */
  farAddresses: ReadonlySet<string>;
  initiatorRoles: readonly Played[];
  responderRoles: readonly Played[];
  transport: string;
  proto: number;
  port: number | null;
  /** The initiator's port of the first flow: a datagram's two ports may both be documented. */
  otherPort: number | null;
  app: string | null;
  serverName: string | null;
  by: InitiatorBy;
  outcome: ConversationOutcome;
  flows: SubjectFlow[];
}

/** Flows of one conversation that are looked at one by one; a verdict about the rest would say nothing new. */
const MOST_FLOWS = 4_096;

export function readSubject(all: C.Conversations, conversation: number, cast: Cast): Subject {
  const { seen } = all;
  const row = all.rows(conversation);
  const at = all.at(conversation);
  const meta = row[at + C.C_META]!;
  const family = (meta >>> 8) & 0xff;
  const realm = meta >>> 16;
  const realmName = seen.realms[realm] ?? "";
  const portApp = row[at + C.C_PORT_APP]!;
  const app = (portApp >>> 16) & 0xff;
  const name = row[at + C.C_NAME]!;
  const transport = transportName(meta);
  const ported = transport === "tcp" || transport === "udp" || transport === "sctp";
  const initiator = row[at + C.C_INITIATOR]!;
  const responder = row[at + C.C_RESPONDER]!;
  const view = new FlowView(seen);
  const flows: SubjectFlow[] = [];
  let otherPort: number | null = null;
  for (const flow of all.flowsOf(conversation)) {
    if (flows.length === MOST_FLOWS) break;
    view.move(flow);
    const { dir } = view.initiator();
    if (otherPort === null && ported) otherPort = view.port(dir);
    flows.push(readFlow(all, view, dir));
  }
  const initiatorRoles = cast.rolesOf(realmName, family, initiator, seen.flows.ipv6);
  const initiatorText = addressText(seen.flows.ipv6, family, initiator);
  const responderRoles = cast.rolesOf(realmName, family, responder, seen.flows.ipv6);
  const responderText = addressText(seen.flows.ipv6, family, responder);
  return {
    conversation,
    addresses: addressesOf(initiatorText, initiatorRoles),
    farAddresses: addressesOf(responderText, responderRoles),
    realm,
    realmName,
    family,
    initiator: initiatorText,
    responder: responderText,
    initiatorRoles,
    responderRoles,
    transport,
    proto: meta & 0xff,
    port: ported ? portApp & 0xffff : null,
    otherPort,
    app: app === 0 ? null : seen.decoders[app - 1]!.id,
    serverName: name === 0 ? null : all.serverNames[name - 1]!,
    by: INITIATOR_BY[portApp >>> 24]!,
    outcome: OUTCOMES[all.outcome(conversation)]!,
    flows,
  };
}

function readFlow(all: C.Conversations, view: FlowView, there: 0 | 1): SubjectFlow {
  const back = there === 0 ? 1 : 0;
  const outcome = view.outcome(there, view.has(R.S_QUOTED, there));
  const quotes = (all.quoted.get(view.flow) ?? []).map((index): FrameRef => {
    const quote = all.seen.flows.quotes[index]!;
    return {
      capture_id: quote.capture,
      frame: quote.frame,
      what: `ICMP type ${quote.type} code ${quote.code} about it`,
    };
  });
  const data0 = view.has(R.S_DATA, 0);
  const data1 = view.has(R.S_DATA, 1);
  const app = view.app === 0 ? null : all.seen.decoders[view.app - 1]!.id;
  const midstream = view.proto === TCP && (view.state & R.S_MIDSTREAM) !== 0;
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
    sightings: view.detail?.sightings ?? [],
    operations: operationsOf(view.detail),
    undecoded: (view.detail?.undecoded ?? 0) + (view.detail?.dropped ?? 0),
    unfinished: isUnfinished(view, there),
    began: { capture_id: view.capture(view.firstDir), frame: view.frame(view.firstDir), what: "its first packet" },
    asking: askingFrames(view, there),
    opening: openingFrames(view, there),
    coming: comingFrames(view, there, outcome),
    unknownContent:
      view.app === 0 &&
      (data0 || data1) &&
      !midstream &&
      view.detail?.streams[0] == null &&
      view.detail?.streams[1] == null,
    hasData: data0 || data1,
    twoSided: (view.proto === TCP || view.proto === UDP || view.proto === SCTP) && !view.isGroup(back),
    holed: isHoled(view, there),
    interrupted: isInterrupted(view, app),
    firstWords: firstWords(view, there, outcome, app),
    quotes,
  };
}

function addressesOf(address: string, roles: readonly Played[]): ReadonlySet<string> {
  const all = new Set([address]);
  for (const { host } of roles) {
    if (!host.host.single) continue;
    for (const range of host.host.addresses) if (range.first === range.last) all.add(range.text);
  }
  return all;
}

/** The connection was opened in sight and the server has spoken, but what the client said first was not captured whole. */
function isHoled(view: FlowView, there: 0 | 1): boolean {
  const back = there === 0 ? 1 : 0;
  if (view.proto !== TCP || (view.state & R.S_MIDSTREAM) !== 0 || !view.has(R.S_DATA, back)) return false;
  if (!view.has(R.S_DATA, there)) return view.has(R.S_SEQ, there) && view.app !== 0;
  return (view.detail?.streams[there]?.pending.length ?? 0) > 0;
}

function isUnfinished(view: FlowView, there: 0 | 1): boolean {
  const stream = view.detail?.streams[there] ?? null;
  return stream !== null && (stream.length > 0 || stream.pending.length > 0);
}

/** TLS, whose sides show when their handshake is done: neither has, and something waits behind a hole. */
function isInterrupted(view: FlowView, app: string | null): boolean {
  const { detail } = view;
  if (
    app !== "tls" ||
    detail === null ||
    !detail.streams.some((stream) => stream !== null && stream.pending.length > 0)
  )
    return false;
  return !detail.sightings.some(({ fact }) => fact.kind === "up");
}

/** Applications whose client says first, in a hello that opens every connection, whom it wants to reach. */
const HELLO: ReadonlySet<string> = new Set(["tls", "dtls", "quic"]);

/** A name that may have been sent and was not seen would win over DNS and over the address: without it, neither proves. */
function firstWords(view: FlowView, there: 0 | 1, outcome: ConversationOutcome, app: string | null): FirstWords {
  const hello = app !== null && HELLO.has(app);
  if (view.proto !== TCP && !hello) return "heard";
  if (outcome !== "established" && outcome !== "answered") return "none";
  if (!hello && (view.state & R.S_MIDSTREAM) !== 0) return "missing";
  const { detail } = view;
  if (app === null) {
    if ((detail?.streams[there]?.pending.length ?? 0) > 0) return "missing";
    return view.has(R.S_DATA, there) ? "heard" : "none";
  }
  const heard = detail?.sightings.some(({ dir, fact }) => dir === there && (!hello || fact.kind === "role"));
  return heard === true ? "heard" : "missing";
}

function askingFrames(view: FlowView, there: 0 | 1): FrameRef[] {
  const capture_id = view.capture(there);
  const frames = [view.frame(there), view.secondFrame(there)].filter((frame) => frame !== 0);
  return frames.map((frame, i) => ({ capture_id, frame, what: i === 0 ? "first packet" : "second packet" }));
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
function comingFrames(view: FlowView, there: 0 | 1, outcome: ConversationOutcome): FrameRef[] {
  const back = there === 0 ? 1 : 0;
  const frames: FrameRef[] = [];
  if (view.proto === TCP && view.answerFrame !== 0) {
    const what = outcome === "refused" ? "RST" : "SYN-ACK";
    frames.push({ capture_id: view.capture(back), frame: view.answerFrame, what });
  } else {
    if (view.packets(there) > 0)
      frames.push({ capture_id: view.capture(there), frame: view.frame(there), what: "first packet" });
    if (view.packets(back) > 0)
      frames.push({ capture_id: view.capture(back), frame: view.frame(back), what: "first answer" });
  }
  for (const sighting of view.detail?.sightings ?? []) {
    if (sighting.fact.kind !== "fault" || outcome !== "failed") continue;
    frames.push({
      capture_id: sighting.capture,
      frame: sighting.frame,
      what: `${sighting.fact.what} ${sighting.fact.text}`,
    });
  }
  return frames;
}

/** The frames of one sighting: all that carried a piece of its message. */
export function framesOf(sighting: Sighting, what: string): FrameRef[] {
  const refs = (sighting.parts ?? []).map(
    (frame): FrameRef => ({ capture_id: sighting.capture, frame, what: `${what} (part)` }),
  );
  refs.push({ capture_id: sighting.capture, frame: sighting.frame, what });
  return refs;
}
