/**
 * What a capture shows of bound hosts: when they were there, whether both directions were, and whom they called. The last
 * tells where the capture stands. Beside a bound far end it shows what comes in there and nothing else of who opens it:
 *
 *     hub ──┬──▶ sops ║ capture        all of hub's conversations lead to bound hosts: what else it calls is nowhere here
 *           └──▶ time server
 */
import * as C from "../observe/conversations.ts";
import { hostKey } from "../observe/departed-uses.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { compareInstants, type Instant } from "../time.ts";
import type { Cast, Played } from "./cast.ts";
import { type Moves, moveOf } from "./leases.ts";

/**
 * What this conversation shows of the bound hosts at its ends. `isElsewhere`: a role that does not tell on which side of a
 * far end the capture stands. `moves`: what began when an address was another device's shows nothing of who had it.
 */
export function notePresence(
  all: C.Conversations,
  c: number,
  view: FlowView,
  initiatorRoles: readonly Played[],
  responderRoles: readonly Played[],
  isElsewhere: (played: Played) => boolean,
  moves: Moves,
): void {
  const row = all.rows(c);
  const at = all.at(c);
  let first = row[at + C.C_FIRST]! >>> 0;
  let last = row[at + C.C_LAST]! >>> 0;
  const moved = moves.size === 0 ? undefined : moveOfEnds(all, c, initiatorRoles, responderRoles, moves);
  if (moved !== undefined) [first, last] = [Number.POSITIVE_INFINITY, 0];
  let asked = false;
  let answered = false;
  for (const flow of all.flowsOf(c)) {
    if (all.folds.has(flow)) continue; // who asks there is not who asked for it
    view.move(flow);
    if (moved !== undefined) {
      if (compareInstants({ sec: view.firstSec, nsec: view.firstNsec }, moved) >= 0) continue;
      first = Math.min(first, view.firstSec);
      last = Math.max(last, lastBefore(view, moved.sec));
    }
    const { dir } = view.initiator();
    asked ||= view.packets(dir) > 0;
    answered ||= view.packets(dir === 0 ? 1 : 0) > 0;
    if (asked && answered && moved === undefined) break;
  }
  for (const { host } of initiatorRoles) {
    if (!asked) continue;
    extend(host.presence, first, last);
    host.presence.bothWays ||= answered;
    if (!all.isOpenerSaid(c)) continue;
    host.presence.opened = true;
    if (responderRoles.every(isElsewhere)) host.presence.elsewhere = true;
    else for (const played of responderRoles) host.presence.reached.add(played.host);
  }
  for (const { host } of responderRoles) {
    host.presence.asked ||= asked;
    if (!answered) continue;
    extend(host.presence, first, last);
    host.presence.bothWays ||= asked;
    if (!asked) continue;
    for (const played of initiatorRoles) if (!isElsewhere(played)) host.presence.callers.add(played.host);
  }
}

/** The last second before a move at which a flow that began before it was surely there: of equal ones in one row only the first and the last are known. */
function lastBefore({ firstSec, lastSec, flows }: FlowView, movedSec: number): number {
  if (lastSec <= movedSec) return lastSec;
  return flows > 1 ? firstSec : movedSec;
}

/** When an address of a bound end went to another device; the first of both. */
function moveOfEnds(
  all: C.Conversations,
  c: number,
  initiatorRoles: readonly Played[],
  responderRoles: readonly Played[],
  moves: Moves,
): Instant | undefined {
  const meta = all.word(c, C.C_META);
  const realm = all.seen.realms[meta >>> 16] ?? "";
  const at = (word: number, roles: readonly Played[]): Instant | undefined => {
    if (roles.length === 0) return undefined;
    return moveOf(moves, realm, addressText(all.seen.flows.ipv6, (meta >>> 8) & 0xff, all.word(c, word)), roles);
  };
  const [near, far] = [at(C.C_INITIATOR, initiatorRoles), at(C.C_RESPONDER, responderRoles)];
  if (near === undefined || far === undefined) return near ?? far;
  return compareInstants(near, far) < 0 ? near : far;
}

/** Hosts that answered a question to everybody: they were there, were asked, and both directions were seen. They opened nothing. */
export function noteGathered(all: C.Conversations, cast: Cast): void {
  const view = all.view();
  for (const flow of all.gathered) {
    view.move(flow);
    const { realms, flows } = all.seen;
    const dir = view.packets(0) > 0 ? 0 : 1;
    for (const { host } of cast.rolesOf(realms[view.realm] ?? "", view.family, view.address(dir), flows.ipv6)) {
      extend(host.presence, view.firstSec, view.lastSec);
      host.presence.asked = true;
      host.presence.bothWays = true;
    }
  }
}

/** A host's address beyond a translator is seen there, though what passes is told of the other side. */
export function noteCopies(all: C.Conversations, cast: Cast): void {
  const view = all.view();
  for (const flow of all.copies.keys()) {
    view.move(flow);
    const { realms, flows } = all.seen;
    for (const dir of [0, 1] as const)
      for (const { host } of cast.rolesOf(realms[view.realm] ?? "", view.family, view.address(dir), flows.ipv6))
        if (host.outside) extend(host.presence, view.firstSec, view.lastSec);
  }
}

/** What was seen of the hosts in conversations that have left a live run. */
export function noteDeparted({ departed }: Observation, cast: Cast, isElsewhere: (played: Played) => boolean): void {
  for (const [key, one] of departed?.hosts ?? []) {
    const { realm, address, firstSec, lastSec, bothWays, opened, reached, callers, elsewhere } = one;
    const called = [...reached].map((text) => cast.ofText(realm, text));
    const calling = [...callers].flatMap((text) => cast.ofText(realm, text)).filter((played) => !isElsewhere(played));
    for (const { host } of cast.ofText(realm, address)) {
      if (hostKey(realm, host.host.text) !== key || lastSec === 0) continue;
      extend(host.presence, firstSec, lastSec);
      host.presence.bothWays ||= bothWays;
      host.presence.opened ||= opened;
      host.presence.elsewhere ||= elsewhere || called.some((played) => played.every(isElsewhere));
      for (const played of called.flat()) host.presence.reached.add(played.host);
      for (const played of calling) host.presence.callers.add(played.host);
    }
  }
}

/** A time that something was seen gets longer by another. */
export function extend(presence: { firstSec: number; lastSec: number }, first: number, last: number): void {
  if (first < presence.firstSec) presence.firstSec = first;
  if (last > presence.lastSec) presence.lastSec = last;
}
