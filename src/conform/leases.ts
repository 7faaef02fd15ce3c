/**
 * Addresses that DHCP gives to another device while the capture runs (RFC 2131): from that moment the address is another
 * host, and whoever was bound by it plays its role there no longer.
 */
import { formatHex, formatIpv4 } from "../address.ts";
import { dhcpAddresses } from "../observe/dhcp.ts";
import type { Observation } from "../observe/observation.ts";
import { compareInstants, formatSecond, type Instant } from "../time.ts";
import type { Cast, Played } from "./cast.ts";
import type { Subject } from "./subject.ts";

/** When an address went to another device, by the first acknowledgement that says so. */
export interface Move extends Instant {
  realm: string;
  address: string;
  from: string;
  to: string;
  /** Each time that it went to another device than before, the first among them. */
  all: readonly Instant[];
}

/** Somebody has the address: a server acknowledged it, or its holder says so by ARP in its own name. */
interface Holder extends Instant {
  mac: string;
  leased: boolean;
}

/** By realm and address. A device that the capture does not show with the address, by a lease or by ARP, cannot lose it. */
export type Moves = ReadonlyMap<string, Move>;

const keyOf = (realm: string, address: string): string => `${realm}|${address}`;

export function movedLeases(seen: Observation): Moves {
  const holders = new Map<string, Holder[]>();
  for (const { realm, mac, address, acknowledged, sec, nsec } of dhcpAddresses(seen)) {
    if (!acknowledged) continue;
    const key = keyOf(seen.realms[realm] ?? "", address);
    holders.set(key, [...(holders.get(key) ?? []), { mac, sec, nsec, leased: true }]);
  }
  if (holders.size === 0) return NO_MOVES;
  for (const { realm, address, ipv6, mac, own, router } of seen.neighbours.claims.values()) {
    if (ipv6 !== undefined || own === undefined || router === true) continue;
    const { sec, nsec } = own;
    holders
      .get(keyOf(seen.realms[realm] ?? "", formatIpv4(address)))
      ?.push({ mac: formatHex("mac", mac), sec, nsec, leased: false });
  }
  const moves = new Map<string, Move>();
  for (const [key, all] of holders) {
    const [first, ...later] = all.sort(compareInstants) as [Holder, ...Holder[]];
    const taken: Holder[] = [];
    for (const one of later) if (one.leased && one.mac !== (taken.at(-1) ?? first).mac) taken.push(one);
    const [next] = taken;
    if (next === undefined) continue;
    const [realm, address] = key.split("|") as [string, string];
    const { mac: to, sec, nsec } = next;
    moves.set(key, { realm, address, from: first.mac, to, sec, nsec, all: taken });
  }
  return moves;
}

/** Whether an address went to another device between two moments. */
export function movedBetween(moves: Moves, realm: string, address: string, from: Instant, to: Instant): boolean {
  const move = moves.size === 0 ? undefined : moves.get(keyOf(realm, address));
  return move?.all.some((one) => compareInstants(from, one) < 0 && compareInstants(one, to) <= 0) === true;
}

const NO_MOVES: Moves = new Map();

/**
 * A conversation by who had its addresses: flows that began before an end moved, and those that began after it, at which nobody
 * plays a role there. Those of nobody at both ends are left out where there are others.
 */
export function byMoves(subject: Subject, moves: Moves): readonly Subject[] {
  if (moves.size === 0) return [subject];
  const far = moveOf(moves, subject.realmName, subject.responder, subject.responderRoles);
  const near = moveOf(moves, subject.realmName, subject.initiator, subject.initiatorRoles);
  if (far === undefined && near === undefined) return [subject];
  const isAfter = (move: Move | undefined, { firstSec, firstNsec }: Subject["flows"][number]): boolean =>
    move !== undefined && compareInstants({ sec: firstSec, nsec: firstNsec }, move) >= 0;
  const parts: Subject[] = [];
  for (const nearMoved of [false, true])
    for (const farMoved of [false, true]) {
      const flows = subject.flows.filter(
        (flow) => isAfter(near, flow) === nearMoved && isAfter(far, flow) === farMoved,
      );
      if (flows.length === 0) continue;
      const initiatorRoles = nearMoved ? [] : subject.initiatorRoles;
      const responderRoles = farMoved ? [] : subject.responderRoles;
      const addresses = nearMoved ? new Set([subject.initiator]) : subject.addresses;
      parts.push({ ...subject, addresses, initiatorRoles, responderRoles, flows });
    }
  const played = parts.filter(
    ({ initiatorRoles, responderRoles }) => initiatorRoles.length + responderRoles.length > 0,
  );
  return played.length > 0 ? played : parts;
}

/** Who is bound by a whole network is still in it. */
export function moveOf(moves: Moves, realm: string, address: string, roles: readonly Played[]): Move | undefined {
  return roles.every(({ host }) => host.host.single) ? moves.get(keyOf(realm, address)) : undefined;
}

/** Whether an address was still its bound host's at that time. */
export function isStillBound(
  moves: Moves,
  realm: string,
  address: string,
  roles: readonly Played[],
  at: Instant,
): boolean {
  const move = moves.size === 0 ? undefined : moveOf(moves, realm, address, roles);
  return move === undefined || compareInstants(at, move) < 0;
}

/** Said of each bound address that moved. */
export function movedHosts(moves: Moves, cast: Cast): string[] {
  return [...moves.values()].flatMap((move) => {
    const roles = cast.ofText(move.realm, move.address).filter(({ host }) => host.host.single);
    if (roles.length === 0) return [];
    const when = `${formatSecond(move.sec)} UTC`;
    return [
      `${move.address}, bound to ${roles[0]!.role}, was ${move.from}'s and was leased to ${move.to} at ${when}: ` +
        "what that began from then on is another host's, and is not judged.",
    ];
  });
}
