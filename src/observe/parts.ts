/**
 * One flow, several conversations. Requests of clear-text HTTP may name another host each, so each host has a conversation
 * of its own on the same connection; and where one protocol prepares a path for another (STUN for DTLS, RFC 7983), each of
 * the two has one. Every other flow has one part.
 */
import type { FlowDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { LIMITS } from "../limits.ts";

export interface Part {
  /** The decoder whose messages these are; null: the flow's own. */
  beside: string | null;
  /** The host that its requests name; null where they name none, and in the first part the first name of any kind. */
  name: string | null;
  sightings: Sighting[];
}

/** Whether a name is a request's, of which a flow may have many. */
export function isByRequest(source: string): boolean {
  return source === "http-host" || source === "http2-authority";
}

/** As `partsOf`, of all that a flow says. */
export function partsOfFlow(detail: FlowDetail, there: 0 | 1): Part[] | null {
  if (detail.namesSeveral?.(there) === false) return null;
  return partsOf(detail.sightings, there);
}

/** The parts of a flow, its own first; null where it has but one. `there`: the direction of the initiator. */
export function partsOf(sightings: readonly Sighting[], there: 0 | 1): Part[] | null {
  if (!areSeveral(sightings, there)) return null;
  const own: Part = { beside: null, name: null, sightings: [] };
  const parts = [own];
  // As many as a flow's facts allow, however many names that is: none may hide behind the others.
  const others = new Map<string, Part>();
  const part = (beside: string | null, name: string | null): Part => {
    const key = beside === null ? `name ${name}` : `beside ${beside}`;
    let found = others.get(key);
    if (found === undefined) {
      found = { beside, name, sightings: [] };
      others.set(key, found);
      parts.push(found);
    }
    return found;
  };
  let now = own;
  /** What was said of a request before its name. */
  let unnamed: Sighting[] | null = null;
  let named = false;
  for (const [index, sighting] of sightings.entries()) {
    const { fact, dir } = sighting;
    // From here on names stand alone, without what tells requests apart: each counts as a request of its own.
    if (index >= LIMITS.factsPerFlow) named = false;
    if (sighting.beside !== undefined) {
      part(sighting.beside, null).sightings.push(sighting);
      continue;
    }
    if (dir === there && fact.kind === "role") {
      for (const before of unnamed ?? []) now.sightings.push(before);
      unnamed = [];
      named = false;
    }
    if (dir === there && fact.kind === "name" && isByRequest(fact.source) && !named) {
      if (own.name === null) own.name = fact.name;
      now = own.name === fact.name ? own : part(null, fact.name);
      named = true;
      for (const before of unnamed ?? []) now.sightings.push(before);
      unnamed = null;
    }
    if (dir === there && unnamed !== null) unnamed.push(sighting);
    else now.sightings.push(sighting);
    if (dir === there && fact.kind === "message") named = false;
  }
  for (const before of unnamed ?? []) now.sightings.push(before);
  return parts.length > 1 ? parts : null;
}

/** Nearly every flow is of one part, which costs a look at its names. */
export function areSeveral(sightings: readonly Sighting[], there: 0 | 1): boolean {
  let name: string | null = null;
  for (const { fact, dir, beside } of sightings) {
    if (beside !== undefined) return true;
    if (fact.kind !== "name" || dir !== there || !isByRequest(fact.source)) continue;
    if (name !== null && name !== fact.name) return true;
    name = fact.name;
  }
  return false;
}
