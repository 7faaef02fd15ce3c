/**
 * One flow, several conversations. Requests of clear-text HTTP may name another host each, so each host has a conversation
 * of its own on the same connection; and where one protocol prepares a path for another (STUN for DTLS, RFC 7983), each of
 * the two has one. Every other flow has one part.
 */
import type { NameSource, Sighting } from "../decode/facts.ts";
import { LIMITS } from "../limits.ts";

export interface Part {
  /** The decoder whose messages these are; null: the flow's own. */
  beside: string | null;
  /** The host that its requests name; null where they name none, and in the first part the first name of any kind. */
  name: string | null;
  sightings: Sighting[];
}

const BY_REQUEST: ReadonlySet<NameSource> = new Set(["http-host", "http2-authority"]);

/** The parts of a flow, its own first; null where it has but one. `there`: the direction of the initiator. */
export function partsOf(sightings: readonly Sighting[], there: 0 | 1): Part[] | null {
  if (!areSeveral(sightings, there)) return null;
  const own: Part = { beside: null, name: null, sightings: [] };
  const parts = [own];
  const part = (beside: string | null, name: string | null): Part => {
    const known = parts.find((one) => one.beside === beside && one.name === name);
    if (known !== undefined) return known;
    if (parts.length >= LIMITS.namesPerConversation) return own;
    const added = { beside, name, sightings: [] };
    parts.push(added);
    return added;
  };
  let now = own;
  /** What was said of a request before its name. */
  let unnamed: Sighting[] | null = null;
  let named = false;
  for (const sighting of sightings) {
    const { fact, dir } = sighting;
    if (sighting.beside !== undefined) {
      part(sighting.beside, null).sightings.push(sighting);
      continue;
    }
    if (dir === there && fact.kind === "role") {
      for (const before of unnamed ?? []) now.sightings.push(before);
      unnamed = [];
      named = false;
    }
    if (dir === there && fact.kind === "name" && BY_REQUEST.has(fact.source) && !named) {
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

/** Nearly every flow is of one part, which costs a look at its facts. */
function areSeveral(sightings: readonly Sighting[], there: 0 | 1): boolean {
  let name: string | null = null;
  for (const { fact, dir, beside } of sightings) {
    if (beside !== undefined) return true;
    if (fact.kind !== "name" || dir !== there || !BY_REQUEST.has(fact.source)) continue;
    if (name !== null && name !== fact.name) return true;
    name = fact.name;
  }
  return false;
}
