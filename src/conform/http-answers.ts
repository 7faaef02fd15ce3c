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
  const elsewhere: { host: string; frame: FrameRef }[] = [];
  for (const { fact, capture, frame } of sightings) {
    if (fact.kind === "message" && fact.what === "response") answers++;
    else if (fact.kind === "name" && fact.source !== "certificate") asked ??= fact.name;
    else if (fact.kind === "fault" && fact.what === "http-status") refusals++;
    else if (fact.kind === "fault" && fact.what === "http-redirect" && fact.text !== own) {
      if (isPrivate(fact.text) && asked !== null && parseAddress(asked) === null) refusals++;
      else if (isAnother(fact.text, asked))
        elsewhere.push({ host: fact.text, frame: { capture_id: capture, frame, what: `sent on to ${fact.text}` } });
    }
  }
  if (answers === 0 || refusals + elsewhere.length < answers) return SERVED;
  const [first] = elsewhere;
  if (first === undefined) return { refused: true, sentOn: null };
  return { refused: false, sentOn: { host: first.host, frames: elsewhere.map((one) => one.frame) } };
}

function isPrivate(host: string): boolean {
  return parseAddress(host) !== null && !isGlobal(host);
}

/** A site sends its clients on to other names of its own, and from addresses to names. */
function isAnother(host: string, asked: string | null): boolean {
  if (asked === null || parseAddress(asked) !== null) return false;
  return parseAddress(host) !== null || !sameDomain(host, asked);
}
