/**
 * A site's word on VLANs and overlay networks that are networks of their own, brought to the captures. Flows are told apart by
 * it while packets are read, so it can't be brought to a database later.
 */
import { partsText, type RealmPart } from "../capture/realm-parts.ts";
import { UsageError } from "../errors.ts";
import * as R from "../flow/row.ts";
import type { Site } from "../model/types.ts";
import { DEFAULT_REALM, type Observation } from "./observation.ts";

/** What a site says of a capture in this realm. */
export function partsOf(site: Pick<Site, "realms"> | null, realm: string): RealmPart[] {
  return (site?.realms ?? []).flatMap(({ in: within, ...part }) => ((within ?? DEFAULT_REALM) === realm ? [part] : []));
}

/**
 * Rejects a stored observation whose flows were told apart by something else than what this site says of realms. A site that says
 * nothing of them takes them as they were told apart.
 */
export function refuseOtherRealms(seen: Observation, path: string, site: Pick<Site, "realms" | "source"> | null): void {
  if (site?.realms === undefined) return;
  for (const { path: capture, realm, parts = [] } of seen.captures) {
    const wanted = partsOf(site, realm);
    if (canonical(parts) === canonical(wanted) || (parts.length === 0 && !couldTell(wanted, seen))) continue;
    const was = parts.length === 0 ? "without realms in it" : `with the realms ${partsText(parts)}`;
    const says = wanted.length === 0 ? "says of none" : `says ${partsText(wanted)}`;
    throw new UsageError(
      `${path}: what is in it of ${capture} was read ${was}, and ${site.source ?? "the site"} ${says}. Flows are told apart ` +
        "while packets are read: read the capture itself with this site, or take realms: out of the site",
    );
  }
}

/** Whether a capture that was read without them has anything that they would tell apart. */
function couldTell(parts: readonly RealmPart[], seen: Observation): boolean {
  if (parts.some(({ untagged }) => untagged)) return true;
  for (const { vlan } of seen.neighbours.claims.values()) if (vlan !== undefined) return true;
  const { table } = seen.flows;
  for (let flow = 0; flow < table.count; flow++) if (table.rows(flow)[table.at(flow) + R.VLANS] !== 0) return true;
  return false;
}

/** The same text for the same parts, in whatever order they were written. */
function canonical(parts: readonly RealmPart[]): string {
  const texts = parts.flatMap(({ realm, vlans, untagged, vnis }) => [
    ...vlans.map((span) => `${realm} vlan ${span.join("-")}`),
    ...vnis.map((span) => `${realm} vni ${span.join("-")}`),
    ...(untagged ? [`${realm} untagged`] : []),
  ]);
  return texts.sort().join("|");
}
