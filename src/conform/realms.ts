/** Realms that a site says are parts of captures, and of which nothing was seen. */
import { partText } from "../capture/realm-parts.ts";
import * as R from "../flow/row.ts";
import type { Observation } from "../observe/observation.ts";

/** Realms named on the first screen. */
const NAMED = 3;

/** A wrong VLAN id is told like a wrong binding. */
export function unseenRealms(seen: Observation): string[] {
  if (seen.captures.every(({ parts }) => parts === undefined)) return [];
  const there = realmsSeen(seen);
  const unseen = new Map<string, string>();
  for (const { parts = [] } of seen.captures)
    for (const part of parts) if (!there.has(seen.realms.indexOf(part.realm))) unseen.set(part.realm, partText(part));
  const all = [...unseen].map(([realm, text]) => `${realm} (${text})`);
  if (all.length === 0) return [];
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : "";
  return [
    `No packet is of the realm ${all.slice(0, NAMED).join(", ")}${more}: are its VLANs right, and in this capture?`,
  ];
}

function realmsSeen({ flows: { table }, departed }: Observation): Set<number> {
  const there = new Set<number>();
  for (const key of departed?.protocols ?? []) there.add(key >>> 8);
  for (let flow = 0; flow < table.count; flow++) there.add(table.rows(flow)[table.at(flow) + R.META]! >>> 16);
  return there;
}
