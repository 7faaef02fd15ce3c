/**
 * What HTTP's answers say of a request that nobody served: it is refused, or sent on to somebody else. A portal or a filter
 * on the way answers in the far end's name, so an answer alone does not show that the far end was reached.
 */
import { parseAddress } from "../address.ts";
import type { Sighting } from "../decode/facts.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { FrameRef } from "../report/result.ts";
import { isGlobal } from "./cast.ts";
import { sameDomain } from "./domains.ts";

export interface HttpAnswers {
  /** Every answer says that it is not let through, or sends the client to an address of some private network. */
  refused: boolean;
  /** Every answer is one of those, or sends the client on to another site: the first of these, and the frames. */
  sentOn: { host: string; frames: FrameRef[] } | null;
}

const SERVED: HttpAnswers = { refused: false, sentOn: null };
const REFUSED: HttpAnswers = { refused: true, sentOn: null };

/**
 * `sightings`: of one host's requests, and the answers; `own`: the address that they went to. Where an answer may be missing,
 * nothing is said of all.
 */
export function httpAnswers({ detail }: FlowView, sightings: readonly Sighting[], own: string): HttpAnswers {
  if (detail?.streams.some((stream) => stream !== null && (stream.pending.length > 0 || stream.lost > 0)))
    return SERVED;
  if ((detail?.dropped ?? 0) > 0) return SERVED;
  let answers = 0;
  let refusals = 0;
  let asked: string | null = null;
  const redirects: { host: string; frame: FrameRef }[] = [];
  // An answer may stand before its question in the file: what it means is told when all is gone through.
  for (const { fact, capture, frame } of sightings) {
    if (fact.kind === "message" && fact.what === "response") answers++;
    else if (fact.kind === "name" && fact.source !== "certificate") asked ??= fact.name;
    else if (fact.kind === "fault" && fact.what === "http-status") refusals++;
    else if (fact.kind === "fault" && fact.what === "http-redirect" && fact.text !== own)
      redirects.push({ host: fact.text, frame: { capture_id: capture, frame, what: `sent on to ${fact.text}` } });
  }
  const named = asked !== null && parseAddress(asked) === null ? asked : null;
  if (answers === 0 || named === null) return answers > 0 && refusals >= answers ? REFUSED : SERVED;
  const elsewhere = redirects.filter(({ host }) => !isPrivate(host) && isAnother(host, named));
  refusals += redirects.filter(({ host }) => isPrivate(host)).length;
  if (refusals + elsewhere.length < answers) return SERVED;
  const [first] = elsewhere;
  if (first === undefined) return REFUSED;
  return { refused: false, sentOn: { host: first.host, frames: elsewhere.map(({ frame }) => frame) } };
}

function isPrivate(host: string): boolean {
  return parseAddress(host) !== null && !isGlobal(host);
}

/** A site sends its clients on to other names of its own. */
function isAnother(host: string, asked: string): boolean {
  return parseAddress(host) !== null || !sameDomain(host, asked);
}
