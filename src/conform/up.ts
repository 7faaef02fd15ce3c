/** The clause "up": did it come up, as far as the capture shows? And the messages that say who asks whom. */
import type { Sighting } from "../decode/facts.ts";
import { LIMITS } from "../limits.ts";
import type { Handshake } from "../observe/handshake.ts";
import { type Pairing, pairingOf } from "../observe/pairs.ts";
import { placeKey } from "../report/places.ts";
import type { FrameRef } from "../report/result.ts";
import { type Clause, proved, unproved } from "./clause.ts";
import { FINISHED, framesOf } from "./flow-frames.ts";
import { howItEnded } from "./refusal.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** Messages that say who is who: where one protocol prepared the flow for another, its name comes from the second. */
export function speaking(flow: SubjectFlow, what: string): FrameRef[] {
  const roles = flow.sightings.filter(({ fact }) => fact.kind === "role").slice(0, MOST_SPEAKING);
  return roles.flatMap((sighting) => framesOf(sighting, what));
}

/** One more than are listed, so that the count tells that there were more. */
const MOST_SPEAKING = LIMITS.evidenceFrames + 1;

/** Requests without an answer: beside them, messages that want none prove nothing. */
function asking(flow: SubjectFlow): FrameRef[] {
  const requests = flow.sightings.filter(({ fact }) => fact.kind === "message" && fact.what === "request");
  return requests.slice(0, MOST_SPEAKING).flatMap((sighting) => framesOf(sighting, "request without an answer"));
}

/** Protocols with messages that have no answer are documented in one direction. */
export function upClause(flow: SubjectFlow, silent: boolean): Clause {
  switch (flow.outcome) {
    case "established":
    case "answered":
      if (flow.handshake?.state === "open") return handshakeOpen(flow.handshake, flow);
      if (flow.asked === 0)
        return unproved("up", "one-direction", "only the answers are in the capture", "mirror both directions");
      if (flow.outcome === "established") return proved("up", `it came up${errorsAlone(flow)}`, flow.coming);
      return silent ? proved("up", "it was answered", flow.coming) : answered(flow);
    case "one-way":
      if (silent || oneWayByNature(flow)) return proved("up", "one direction, as its kind has it", flow.opening);
      return unproved("up", "one-direction", "only one direction is in the capture", "mirror both directions");
    case "unanswered":
      if (silent) return proved("up", "no answer, as documented", flow.opening);
      return unproved(
        "up",
        "never-came-up",
        "no answer is in the capture",
        "look whether something drops it on the way, or whether answers are mirrored",
        [...flow.coming, ...asking(flow)],
      );
    case "refused":
    case "unreachable":
    case "failed": {
      const frames = [...flow.quotes, ...flow.coming];
      return unproved("up", "never-came-up", howItEnded(flow), LET_THROUGH, frames);
    }
  }
}

/** What opens a connection over datagrams, by who is who in it: QUIC and DTLS; null for what is answered by any answer. */
function datagramHandshake(flow: SubjectFlow): Clause | null {
  for (const { fact } of flow.sightings) {
    if (fact.kind !== "role") continue;
    if (fact.why.startsWith("QUIC ")) return quicHandshake(flow);
    if (fact.why.startsWith("DTLS ")) return dtlsHandshake(flow);
  }
  return null;
}

/** As of TLS, the client's word is the last. Null where its hello is not in the capture: what was said before is unknown then. */
function dtlsHandshake({ sightings, there, coming }: SubjectFlow): Clause | null {
  const own = sightings.filter(({ dir }) => dir === there);
  if (!own.some(({ fact }) => fact.kind === "role")) return null;
  const finished = own.find(({ fact }) => fact.kind === "up");
  if (finished !== undefined) return proved("up", "it was answered", [...coming, ...framesOf(finished, FINISHED)]);
  return unproved(
    "up",
    "handshake-open",
    "the capture does not show that both ends finished their DTLS handshake",
    "capture whole frames of both directions, until the connection is in use",
    coming,
  );
}

/** Datagrams are answered by an answer to what was asked: what comes under another id may be anybody's, and is to something else. */
function answered(flow: SubjectFlow): Clause {
  const handshake = datagramHandshake(flow);
  if (handshake !== null) return handshake;
  const pairing = answersOf(flow);
  const says = `it was answered${errorsAlone(flow)}`;
  if (pairing === null) return proved("up", says, flow.coming);
  if (pairing.question !== null) {
    const pair = [...framesOf(pairing.question, "question"), ...framesOf(pairing.answers[0], "its answer")];
    const told = new Set(flow.coming.map(placeKey));
    return proved("up", says, [...flow.coming, ...pair.filter((ref) => !told.has(placeKey(ref)))]);
  }
  const foreign = pairing.answers.slice(0, MOST_SPEAKING);
  return unproved(
    "up",
    "answer-to-another",
    "what came back answers none of its questions in the capture, by their ids",
    "capture without loss, and look who sent the answers",
    [...flow.coming, ...asking(flow), ...foreign.flatMap((one) => framesOf(one, "an answer to something else"))],
  );
}

/**
 * A server of QUIC that lists its versions, or has the client come again with a token, has opened nothing yet, and its first
 * packets, sealed, may refuse: that it goes on from there opens it. Null where nothing of the kind was read of it.
 */
function quicHandshake(flow: SubjectFlow): Clause | null {
  const { sightings, there, coming } = flow;
  const told = (field: string): Sighting | undefined =>
    sightings.find(({ fact, dir }) => dir !== there && fact.kind === "field" && fact.field === field);
  const back = told("quic.negotiation") ?? told("quic.retry");
  const first = back ?? told("quic.version");
  const opened = told("tls.version");
  if (first === undefined || (back === undefined && (opened !== undefined || isGoogles(first)))) return null;
  if (opened !== undefined)
    return proved("up", "it was answered", [...coming, ...framesOf(opened, "the server goes on")]);
  const says =
    back === undefined
      ? "answers by its first packets, which may refuse (QUIC Initial)"
      : told("quic.retry") === undefined
        ? "lists the versions that it speaks (QUIC)"
        : "asks the client to come again (QUIC)";
  return unproved(
    "up",
    "handshake-open",
    `the server ${says}, and nothing that it says behind that is in the capture`,
    "capture on, and look whether the client comes again",
    [...coming, ...framesOf(first, "no connection yet")],
  );
}

/** Versions before the IETF's: Q024 to Q050, of which no packet is of a handshake's own type. */
function isGoogles({ fact }: Sighting): boolean {
  return fact.kind === "field" && String(fact.value).startsWith("Q");
}

/**
 * What is to be added where every answer is an error by its protocol's own word (an Access-Reject, a kiss of death, STUN's 500;
 * not one that leads on, such as STUN's 401 with a nonce). Whoever answers was reached: it came up, whatever it denies.
 */
function errorsAlone({ sightings, operations, dropped }: SubjectFlow): string {
  if (dropped > 0 || operations.kinds.some(({ role, count, failed }) => role === "response" && failed < count))
    return "";
  let answers = 0;
  let word = "";
  for (const { fact } of sightings) {
    if (fact.kind === "fault" && word === "") word = ` (${fact.text === "" ? fact.what : fact.text})`;
    if (fact.kind !== "message" || fact.what !== "response") continue;
    if (fact.failed !== true) return "";
    answers++;
  }
  return answers === 0 ? "" : `, by errors alone${word}: reached, and not served`;
}

/** Which answer is to which question; null where ids don't tell. A connection is answered by being opened. */
export function answersOf(flow: Pick<SubjectFlow, "connectionless" | "sightings">): Pairing {
  return flow.connectionless ? pairingOf(flow.sightings) : null;
}

/** What came up later is a conversation of its own where this one did not get as far as a name. */
const LET_THROUGH = "look whether it came up later; where its rule is not met, let it through, then capture again";

/** Until both ends have sent something protected, nobody knows that either went on. */
function handshakeOpen({ holed, unheard, mute, dropped }: Handshake & { state: "open" }, flow: SubjectFlow): Clause {
  if (mute) {
    return unproved(
      "up",
      dropped ? "never-came-up" : "handshake-open",
      unheard
        ? "behind its SYN-ACK nothing of the far end is in the capture, not even an acknowledgement of the TLS hello"
        : "the TLS hello was acknowledged, and no answer to it is in the capture",
      dropped
        ? "look what drops the hello on the way, as filters by name do"
        : "capture until the client gives up, and look whether something on the way drops the hello, as filters by name do",
      flow.coming,
    );
  }
  if (!holed) {
    return unproved(
      "up",
      "handshake-open",
      "the capture does not show that both ends finished their TLS handshake",
      "capture whole frames of both directions, until the connection is in use",
      flow.coming,
    );
  }
  return unproved(
    "up",
    "hole",
    "packets are missing before the two had agreed: behind them may stand that it failed",
    "capture again without loss",
  );
}

/** Messages that want no answer, in datagrams: a connection is answered whatever it carries, so of that a direction is missing. */
function oneWayByNature(flow: SubjectFlow): boolean {
  if (!flow.connectionless) return false;
  if (!flow.twoSided) return flow.asked > 0;
  const messages = flow.sightings.filter(({ fact }) => fact.kind === "message");
  return messages.length > 0 && messages.every(({ fact }) => fact.kind === "message" && fact.what === "oneway");
}
