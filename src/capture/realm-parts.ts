/**
 * Parts of a capture that are networks of their own, because the site says so (`realms:`): the VLANs of a trunk, overlay
 * networks by their identifier. Kept with the capture, so that it is known later by what its flows were told apart.
 */

/** First and last, both included. */
export type Span = readonly [first: number, last: number];

export interface RealmPart {
  /** The realm of what comes by these. */
  realm: string;
  /** VLAN ids, 1 to 4094. */
  vlans: readonly Span[];
  /** Frames without a tag too. */
  untagged: boolean;
  /** Network identifiers of VXLAN, GENEVE and NVGRE, 24 bits. */
  vnis: readonly Span[];
}

/** `VLAN 10, 11-19, untagged; VNI 5000`, as a site file writes them. */
export function partText({ vlans, untagged, vnis }: Omit<RealmPart, "realm">): string {
  const tags = [...vlans.map(spanText), ...(untagged ? ["untagged"] : [])];
  const lists = [
    ["VLAN", tags],
    ["VNI", vnis.map(spanText)],
  ] as const;
  return lists.flatMap(([what, list]) => (list.length === 0 ? [] : `${what} ${list.join(", ")}`)).join("; ");
}

/** All of a capture: `plant-a (VLAN 10), plant-b (VLAN 20)`; empty where there are none. */
export function partsText(parts: readonly RealmPart[]): string {
  return parts.map((part) => `${part.realm} (${partText(part)})`).join(", ");
}

function spanText([first, last]: Span): string {
  return first === last ? `${first}` : `${first}-${last}`;
}
