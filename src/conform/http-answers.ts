/**
 * What HTTP's answers say of a request that nobody served: it is refused, or sent on to somebody else. A portal or a filter
 * on the way answers in the far end's name, so an answer alone does not show that the far end was reached.
 */
import { parseAddress } from "../address.ts";
import type { Sighting } from "../decode/facts.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { FrameRef } from "../report/result.ts";
import { isGlobal } from "./cast.ts";
import { isListed, sameDomain } from "./domains.ts";
import { isProblem } from "./flow-frames.ts";

export interface HttpAnswers {
  /** Every answer says that it is not let through, or sends the client into some private network. */
  refused: boolean;
  /** Every answer is one of those, or sends the client on to another site: the first of these, and the frames of all. */
  sentOn: { host: string; frames: FrameRef[] } | null;
}

const SERVED: HttpAnswers = { refused: false, sentOn: null };
const REFUSED: HttpAnswers = { refused: true, sentOn: null };

/**
 * `sightings`: of one host's requests, and the answers, which came in direction `back` from the address `own`. Where an answer
 * may be missing, nothing is said of all; that a request is missing takes back no answer.
 */
export function httpAnswers(view: FlowView, sightings: readonly Sighting[], own: string, back: 0 | 1): HttpAnswers {
  const { detail } = view;
  const stream = detail?.streams[back] ?? null;
  if (stream !== null && (stream.pending.length > 0 || stream.lost > 0)) return SERVED;
  if ((detail?.dropped ?? 0) > 0) return SERVED;
  if (detail?.sightings.some((sighting) => sighting.dir === back && isProblem(sighting, "hole"))) return SERVED;
  const asked = askedFor(sightings);
  let answers = 0;
  let refusals = 0;
  const elsewhere: string[] = [];
  const frames: FrameRef[] = [];
  for (const { fact, capture, frame } of sightings) {
    if (fact.kind === "message" && fact.what === "response") answers++;
    if (fact.kind !== "fault") continue;
    if (fact.what === "http-status") refusals++;
    else if (fact.what !== "http-redirect" || fact.text === own || asked === null) continue;
    else if (isNowhere(fact.text) && isListed(asked)) refusals++;
    else if (isAnother(fact.text, asked)) elsewhere.push(fact.text);
    else continue;
    const what = fact.what === "http-redirect" ? `sent on to ${fact.text}` : `HTTP ${fact.code}`;
    frames.push({ capture_id: capture, frame, what });
  }
  if (answers === 0 || refusals + elsewhere.length < answers) return SERVED;
  const [host] = elsewhere;
  return host === undefined ? REFUSED : { refused: false, sentOn: { host, frames } };
}

/** The name that was asked for, wherever among the answers its request stands; null where an address was. */
function askedFor(sightings: readonly Sighting[]): string | null {
  for (const { fact } of sightings)
    if (fact.kind === "name" && fact.source !== "certificate")
      return parseAddress(fact.name) === null ? fact.name : null;
  return null;
}

/** No site of the Internet sends its clients to a private address, or to a name that no registry gives out (`portal.lan`). */
function isNowhere(host: string): boolean {
  return parseAddress(host) === null ? !isListed(host) : !isGlobal(host);
}

/** A site sends its clients on to other names of its own. */
function isAnother(host: string, asked: string): boolean {
  return parseAddress(host) !== null || !sameDomain(host, asked);
}
