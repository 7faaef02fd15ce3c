/** Who has which address, as ARP, Neighbour Discovery and DHCP say: what ties a host's MAC address to its addresses of IP. */
import { formatHex, formatIpv4 } from "../address.ts";
import { dhcpAddresses } from "../observe/dhcp.ts";
import type { Observation } from "../observe/observation.ts";
import type { FrameRef } from "../report/result.ts";

/** A device that has more is a router or something like one. */
export const MOST_ADDRESSES = 32;

/** One MAC address at one address. */
export interface Holder {
  mac: string;
  frames: FrameRef[];
  /** It asked or announced by the address, or was given it; else it only answered. */
  own: boolean;
  router: boolean;
}

/** By the realm's name, then by address: everybody who has or had it. */
export function holdersOf(seen: Observation): Map<string, Map<string, Holder[]>> {
  const all = new Map<string, Map<string, Holder[]>>();
  const add = (realm: number, address: string, holder: Holder): void => {
    const name = seen.realms[realm] ?? "";
    const known = all.get(name) ?? new Map<string, Holder[]>();
    all.set(name, known);
    known.set(address, [...(known.get(address) ?? []), holder]);
  };
  for (const claim of seen.neighbours.claims.values()) {
    const { capture, frame } = claim.own ?? claim;
    const address = claim.ipv6 === undefined ? formatIpv4(claim.address) : formatHex(6, claim.ipv6);
    const mac = formatHex("mac", claim.mac);
    const frames = [{ capture_id: capture, frame, what: `${mac} goes by ${address}` }];
    add(claim.realm, address, { mac, frames, own: claim.own !== undefined, router: claim.router === true });
  }
  for (const { realm, mac, address, acknowledged, capture, frame } of dhcpAddresses(seen)) {
    if (!acknowledged) continue;
    const frames = [{ capture_id: capture, frame, what: `${address} is leased to ${mac}` }];
    add(realm, address, { mac, frames, own: true, router: false });
  }
  return all;
}
