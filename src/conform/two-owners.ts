/**
 * Addresses that ARP or Neighbour Discovery shows with two owners at once: two networks of one plan on a trunk, or two devices
 * that quarrel. No packet of IP tells which of them it is, so nothing that concerns the address is proved, and nothing is missed of it.
 *
 *     VLAN 10  02:00:00:00:00:05   says so ──── says so ──────── says so
 *     VLAN 20  02:00:00:00:00:06        says so ──── says so         at once: each says so while the other one does
 *
 * Not so: a lease that moved or a device that took over, where the first one says so no longer; MAC addresses of routers that stand in for
 * each other (VRRP, HSRP); who only answers, which is done in others' names too (proxy ARP). (Gap: a device that took over and
 * gave back within the capture looks like two.)
 */
import { formatHex, formatIpv4 } from "../address.ts";
import type { Neighbour } from "../observe/neighbours.ts";
import type { Observation } from "../observe/observation.ts";
import type { FrameRef } from "../report/result.ts";
import type { Cast, CastHost } from "./cast.ts";
import { type Clause, unproved } from "./clause.ts";
import type { Subject } from "./subject.ts";

export interface TwoOwners {
  realm: string;
  address: string;
  /** One sentence: whose it is at once. */
  says: string;
  /** Of each owner that is kept, where it said so first, first in its own name, and last. */
  frames: readonly FrameRef[];
  /** Frames of other owners, which are not. */
  unlisted: number;
}

export const WHAT_NEXT =
  "say which VLANs are networks of their own (realms: in the site file), or give each capture a realm of its own (--realm)";
/** Owners whose frames are kept, and that a sentence names. */
const KEPT = 8;
const NAMED = 3;
/** Sentences on the first screen. */
const SENTENCES = 5;

export class Contested {
  readonly #all = new Map<string, TwoOwners>();

  constructor(seen: Observation | null) {
    const claims = new Map<string, Neighbour[]>();
    for (const claim of seen?.neighbours.claims.values() ?? []) {
      if (claim.own === undefined || claim.router === true) continue;
      const address = claim.ipv6 === undefined ? formatIpv4(claim.address) : formatHex(6, claim.ipv6);
      const key = keyOf(seen!.realms[claim.realm] ?? "", address);
      const others = claims.get(key);
      if (others === undefined) claims.set(key, [claim]);
      else others.push(claim);
    }
    for (const [key, all] of claims) {
      const owners = atOnce(all);
      if (owners.length > 1) this.#all.set(key, told(key, owners));
    }
  }

  get all(): readonly TwoOwners[] {
    return [...this.#all.values()];
  }

  of(realm: string, address: string): TwoOwners | null {
    return this.#all.size === 0 ? null : (this.#all.get(keyOf(realm, address)) ?? null);
  }

  /** The same of a host that is bound by itself; a whole network is not judged by any one of its addresses. */
  ofHost({ host, realm }: CastHost): TwoOwners | null {
    if (this.#all.size === 0 || !host.single) return null;
    const texts = new Set(host.addresses.filter(({ first, last }) => first === last).map(({ text }) => text));
    return this.all.find((one) => (realm === null || one.realm === realm) && texts.has(one.address)) ?? null;
  }

  /** As the clause "who" of every rule that may cover it; null where each end has one owner. */
  clause({ realmName, initiator, responder }: Subject): Clause | null {
    const two = this.of(realmName, initiator) ?? this.of(realmName, responder);
    if (two === null) return null;
    const { says, frames, unlisted } = two;
    const made = unproved("who", "two-owners", `${says}, and no packet of IP tells which of them it is`, WHAT_NEXT);
    return { ...made, against: frames, unlisted };
  }
}

export const NOT_CONTESTED = new Contested(null);

/** Said on the first screen of each that plays a role. */
export function contestedHosts({ all }: Contested, cast: Cast): string[] {
  const said = all.flatMap(({ realm, address, says }) => {
    const [played] = cast.ofText(realm, address);
    if (played === undefined) return [];
    return [`${says}. It is bound to ${played.role}: nothing of it is documented, met or missing; ${WHAT_NEXT}.`];
  });
  const more = said.length - SENTENCES;
  return more <= 0 ? said : [...said.slice(0, SENTENCES), `${more} more bound addresses have two owners at once.`];
}

const keyOf = (realm: string, address: string): string => `${realm}|${address}`;

/** Those of whom another one said so between their first time and their last. */
function atOnce(claims: readonly Neighbour[]): Neighbour[] {
  const byFirst = claims.toSorted((a, b) => compare(a.sec, a.nsec, b.sec, b.nsec));
  const found = new Set<Neighbour>();
  let longest: Neighbour | null = null;
  for (const claim of byFirst) {
    if (longest !== null && compare(claim.sec, claim.nsec, longest.lastSec, longest.lastNsec) < 0)
      found.add(longest).add(claim);
    if (longest === null || compare(longest.lastSec, longest.lastNsec, claim.lastSec, claim.lastNsec) < 0)
      longest = claim;
  }
  return [...found];
}

const compare = (sec: number, nsec: number, otherSec: number, otherNsec: number): number =>
  sec - otherSec || nsec - otherNsec;

function told(key: string, owners: readonly Neighbour[]): TwoOwners {
  const bar = key.lastIndexOf("|");
  const [realm, address] = [key.slice(0, bar), key.slice(bar + 1)];
  const names = owners.map(({ mac, vlan }) => `${formatHex("mac", mac)}${vlan === undefined ? "" : ` (VLAN ${vlan})`}`);
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  const how = owners[0]!.ipv6 === undefined ? "ARP" : "Neighbour Discovery";
  const says = `${how} shows ${address} with two owners at once, ${names.slice(0, NAMED).join(" and ")}${more}`;
  const frames = owners.slice(0, KEPT).flatMap(framesOf);
  return { realm, address, says, frames, unlisted: Math.max(0, owners.length - KEPT) * 3 };
}

function framesOf(claim: Neighbour): FrameRef[] {
  const what = `${formatHex("mac", claim.mac)} goes by it`;
  const places = [claim, claim.own!, ...(claim.last === undefined ? [] : [claim.last])];
  const refs = places.map(({ capture, frame }) => ({ capture_id: capture, frame, what }));
  return refs.filter(
    (ref, i) => refs.findIndex((one) => one.capture_id === ref.capture_id && one.frame === ref.frame) === i,
  );
}
