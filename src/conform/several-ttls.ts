/**
 * Bound addresses that open connections with several TTLs at once: probable NAT. What counts is chosen so that one host with
 * one operating system is not told, however its packets come here:
 *
 *     ping, traceroute, scanners    only SYNs count, as an operating system sends them (`flow/ttls.ts`)
 *     another route, an asymmetric  64 less some routers and 128 less some: no route makes one of the other. Of one of
 *       one, shared load              the two alone, what is farther counts only where the sender of the frame is the
 *                                     address's own: no router is between it and the capture
 *     containers, virtual machines  one router farther than their host, with its system: at least two count
 *     a host that was replaced, or  both were there in the same minute, in three of them
 *       started with another system
 *     copies at two places          one MAC address sent both
 *
 * (Gaps: hosts of one kind of system at one distance, or beyond a further router, look alike. A proxy that speaks in a
 * client's own name looks like a second host; it is one.)
 */
import { formatIpv4 } from "../address.ts";
import { hopText } from "../flow/hops.ts";
import { routersPassed } from "../flow/ttls.ts";
import type { Observation } from "../observe/observation.ts";
import type { Cast } from "./cast.ts";

/** Minutes in which both were there: a change of route, lease or system is over within one. */
const MINUTES = 3;
/** Routers between hosts of one kind of system. */
const FARTHER = 2;
/** More TTLs than this from one sender are no hosts: a program makes them up. */
const MOST_TTLS = 4;
/** Sentences; beyond it they are counted. */
const SENTENCES = 5;

/** Minutes by TTL and by the MAC address that sent them. */
type Sent = Map<number, Map<number, Set<number>>>;

export function severalTtls(seen: Observation, cast: Cast, backgroundName: string | null): string[] {
  const all: string[] = [];
  for (const [realm, address, sent] of sentBySeveral(seen)) {
    const text = formatIpv4(address);
    const played = cast
      .ofText(seen.realms[realm] ?? "", text)
      .filter(({ model, host }) => model !== backgroundName && !host.host.internet && !host.outside);
    if (played.length === 0) continue;
    const told = atOnce(sent, (mac) => isOwn(seen, realm, address, mac));
    if (told === null) continue;
    const [one, other] = told;
    const why =
      one > 64 === other > 64
        ? `some come from ${routersPassed(other)} routers behind it`
        : "Windows begins with 128, most others with 64";
    all.push(
      `${text}, bound to ${played[0]!.role}, opens connections with TTL ${one} and with TTL ${other} in the same minutes ` +
        `(${why}): probably NAT, with several hosts behind that address.`,
    );
  }
  return all.length <= SENTENCES
    ? all
    : [
        ...all.slice(0, SENTENCES),
        `${all.length - SENTENCES} more bound addresses open connections with several TTLs.`,
      ];
}

/** Addresses that opened connections with more than one TTL, in order. */
function* sentBySeveral({ flows }: Observation): Generator<[realm: number, address: number, sent: Sent]> {
  const ttls = new Map<number, number>();
  const several = new Map<number, Sent>();
  const keyOf = (realm: number, address: number): number => realm * 2 ** 32 + (address >>> 0);
  flows.ttls.each((realm, address, _mac, ttl) => {
    const key = keyOf(realm, address);
    const known = ttls.get(key);
    if (known === undefined) ttls.set(key, ttl);
    else if (known !== ttl) several.set(key, new Map());
  });
  if (several.size === 0) return;
  flows.ttls.each((realm, address, mac, ttl, minute) => {
    const sent = several.get(keyOf(realm, address));
    if (sent === undefined) return;
    const ofMac = sent.get(mac) ?? new Map<number, Set<number>>();
    sent.set(mac, ofMac.set(ttl, (ofMac.get(ttl) ?? new Set()).add(minute)));
  });
  for (const [key, sent] of [...several].sort(([a], [b]) => a - b))
    yield [Math.floor(key / 2 ** 32), key % 2 ** 32, sent];
}

/** Two TTLs that one host with one system would not send; the higher first. `isOwn`: whether the address is that device's own. */
function atOnce(sent: Sent, isOwn: (mac: number) => boolean): readonly [number, number] | null {
  for (const [mac, ofMac] of sent) {
    if (ofMac.size > MOST_TTLS) continue;
    const ttls = [...ofMac.keys()].sort((a, b) => b - a);
    const near = ttls.some((ttl) => routersPassed(ttl) === 0) || isOwn(mac);
    for (const [i, one] of ttls.entries())
      for (const other of ttls.slice(i + 1)) {
        if (shared(ofMac.get(one)!, ofMac.get(other)!) < MINUTES) continue;
        if (one > 64 !== other > 64 || (near && routersPassed(other) >= FARTHER)) return [one, other];
      }
  }
  return null;
}

function shared(these: ReadonlySet<number>, those: ReadonlySet<number>): number {
  return [...these].filter((minute) => those.has(minute)).length;
}

/** Whether the device with this MAC address asked or announced by the address, and is not the one that routers share. */
function isOwn({ neighbours }: Observation, realm: number, address: number, mac: number): boolean {
  const claim = neighbours.claims.get(`${realm}/${address}/${hopText(mac)}`);
  return claim?.own !== undefined && claim.router !== true;
}
