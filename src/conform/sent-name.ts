/** What a client says whom it wants, in its own words: a name, or an address in its place. */
import { parseAddress } from "../address.ts";
import type { Sighting } from "../decode/facts.ts";
import type { FrameRef } from "../report/result.ts";
import { framesOf } from "./flow-frames.ts";
import type { SubjectFlow } from "./subject-flow.ts";

export interface SentName {
  name: string;
  source: string;
  frames: FrameRef[];
  /** The hello has an ECH extension. */
  encrypted: boolean;
}

/** The first name that the client sent in this flow. An address in its place (`Host: 192.0.2.1`) is none. */
export function sentName(flow: SubjectFlow): SentName | null {
  const { sightings, there, before } = flow;
  const known = lastSent;
  if (known?.sightings === sightings && known.count === sightings.length && known.there === there) {
    if (known.before === before) return known.sent;
  }
  const sent = findSentName(flow);
  lastSent = { sightings, count: sightings.length, there, before, sent };
  return sent;
}
/** Of the flow that was asked for last: each rule that is tried on it asks. */
let lastSent: (Pick<SubjectFlow, "sightings" | "there" | "before"> & { count: number; sent: SentName | null }) | null =
  null;

function findSentName(flow: SubjectFlow): SentName | null {
  let found: SentName | null = null;
  for (const sighting of flow.sightings) {
    const { fact } = sighting;
    if (fact.kind === "name" && fact.source !== "certificate" && sighting.dir === flow.there) {
      if (found !== null || parseAddress(fact.name) !== null) continue;
      const own = framesOf(sighting, `${fact.source} ${fact.name}`);
      const frames = flow.before.length === 0 ? own : [...flow.before, ...own];
      found = { name: fact.name, source: fact.source, frames, encrypted: false };
    }
  }
  if (found !== null) found.encrypted = flow.sightings.some((sighting) => isEch(sighting, flow));
  return found;
}

const isEch = ({ fact, dir }: Sighting, { there }: SubjectFlow): boolean =>
  fact.kind === "field" && fact.field === "tls.ech" && dir === there;

/** Frames in which the client asked for the far end by its address where a name would stand (`Host: 192.0.2.1`); null where it did not. */
export function sentAddress({ sightings, there }: SubjectFlow, responder: string): FrameRef[] | null {
  const sent = sightings.find(
    ({ fact, dir }) =>
      dir === there && fact.kind === "name" && fact.source !== "certificate" && isSameAddress(fact.name, responder),
  );
  return sent === undefined ? null : framesOf(sent, `asked for ${responder}`);
}

function isSameAddress(name: string, address: string): boolean {
  const [one, other] = [parseAddress(name), parseAddress(address)];
  return one !== null && other !== null && one.family === other.family && one.hex === other.hex;
}
