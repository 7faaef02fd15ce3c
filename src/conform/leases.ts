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
    const next = later.find(({ mac, leased }) => leased && mac !== first.mac);
    if (next === undefined) continue;
    const [realm, address] = key.split("|") as [string, string];
    moves.set(key, { realm, address, from: first.mac, to: next.mac, sec: next.sec, nsec: next.nsec });
  }
  return moves;
}

const NO_MOVES: Moves = new Map();

/** What is left of a conversation for hosts whose address moved: flows that began before, else nobody plays a role at that end. */
export function beforeMoves(subject: Subject, moves: Moves): Subject {
  if (moves.size === 0) return subject;
  const far = moveOf(moves, subject.realmName, subject.responder, subject.responderRoles);
  const near = moveOf(moves, subject.realmName, subject.initiator, subject.initiatorRoles);
  if (far === undefined && near === undefined) return subject;
  const isBefore =
    (move: Move | undefined) =>
    (flow: Subject["flows"][number]): boolean =>
      move === undefined || compareInstants({ sec: flow.firstSec, nsec: flow.firstNsec }, move) < 0;
  const initiatorRoles = subject.flows.some(isBefore(near)) ? subject.initiatorRoles : [];
  const responderRoles = subject.flows.some(isBefore(far)) ? subject.responderRoles : [];
  const flows = subject.flows.filter(
    (flow) =>
      (initiatorRoles.length === 0 || isBefore(near)(flow)) && (responderRoles.length === 0 || isBefore(far)(flow)),
  );
  return { ...subject, initiatorRoles, responderRoles, flows: flows.length > 0 ? flows : subject.flows };
}

/** Who is bound by a whole network is still in it. */
function moveOf(moves: Moves, realm: string, address: string, roles: readonly Played[]): Move | undefined {
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
