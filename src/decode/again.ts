/**
 * Messages without ids that say what one before them said: of a long connection of requests (HTTP) the first of a kind is
 * enough, because what is told of all of its messages is told by their kinds.
 */
import type { Fact, Sighting } from "./facts.ts";

/** What a message began or ended as: equal for two that nobody tells apart. Null for none, and where it has an id. */
export function kindOfMessage(facts: readonly Fact[], dir: 0 | 1): string | null {
  const telling = facts.filter(isTelling);
  const plain = telling.every((fact) => fact.kind !== "message" || fact.id === "");
  return plain && telling.some(({ kind }) => kind === "message") ? `${dir}${JSON.stringify(telling)}` : null;
}

/** True for what makes the kind of a message. */
export function isTelling({ kind }: Fact): boolean {
  return kind === "message" || kind === "fault";
}

/** By sighting: the kind of the messages of its frame; null where they have none. */
export function kindsOfMessages(sightings: readonly Sighting[]): ReadonlyMap<Sighting, string | null> {
  const frames = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const key = `${sighting.dir}/${sighting.capture}/${sighting.frame}`;
    const known = frames.get(key);
    if (known === undefined) frames.set(key, [sighting]);
    else known.push(sighting);
  }
  const kinds = new Map<Sighting, string | null>();
  for (const all of frames.values()) {
    const facts = all.map(({ fact }) => fact);
    const kind = kindOfMessage(facts, all[0]!.dir);
    for (const sighting of all) kinds.set(sighting, kind);
  }
  return kinds;
}
