/**
 * Who plays which role: bindings made into a look-up from address to roles, and what was seen of every bound host.
 * Within one model the longest prefix wins; equal ones give both roles.
 */
import { formatHex, parseAddress } from "../address.ts";
import { FAMILY_ETH } from "../dissect/packet.ts";
import type { AddressTable } from "../flow/addresses.ts";
import type { Binding, BoundHost } from "../model/bind.ts";
import type { Sides } from "../observe/beyond-nat.ts";
import { DEFAULT_REALM, type Observation } from "../observe/observation.ts";
import type { FrameRef } from "../report/result.ts";

/** A bound host as it was met in the capture. */
export interface CastHost {
  readonly model: string;
  readonly role: string;
  readonly realm: string | null;
  readonly host: BoundHost;
  /** True where this is the role's address beyond NAT or a load balancer (`outside:`). */
  readonly outside: boolean;
  readonly how: Binding["how"];
  presence: Presence;
  /** Of a host that is bound by name: its addresses that DNS gave in the capture, with the frames of an answer that did. */
  readonly resolved: readonly Resolved[];
}

/** An address of a name; no frames where the site gives it. */
export interface Resolved {
  text: string;
  frames: readonly FrameRef[];
}

/** `plant-a/10.0.0.5`, as a binding has it; the host alone where nobody named a realm. */
export function calledOf({ realm, host }: Pick<CastHost, "realm" | "host">): string {
  return realm === null || realm === DEFAULT_REALM ? host.text : `${realm}/${host.text}`;
}

/** What the capture shows of a host. */
export interface Presence {
  /** Seconds since 1970 of its first and last conversation; `firstSec` is Infinity where it never appeared. */
  firstSec: number;
  lastSec: number;
  /** Some conversation of its shows packets both ways. */
  bothWays: boolean;
  /** It opened a conversation of its own, by SYN or by a message's own role. */
  opened: boolean;
  /** It opened one to somebody who plays no role: the capture does not stand beside a bound far end alone. */
  elsewhere: boolean;
  /** The bound hosts that it opened conversations to. */
  reached: Set<CastHost>;
  /** The bound hosts that opened conversations to it, with packets both ways: what is between the two passes the capture. */
  callers: Set<CastHost>;
  /** Packets went to it. */
  asked: boolean;
}

export interface Played {
  readonly model: string;
  readonly role: string;
  readonly host: CastHost;
}

interface Range4 {
  first: number;
  last: number;
  played: Played;
}
interface Range6 {
  first: string;
  last: string;
  played: Played;
}

/**
 * How it is known that an address is a bound host's own which nobody bound, or that the name which was bound is this address's;
 * null for addresses that somebody bound.
 */
export function foundOut(
  address: string,
  { role, host: { host, resolved } }: Pick<Played, "role" | "host">,
): { says: string; frames: readonly FrameRef[] } | null {
  const answer = resolved.find(({ text }) => text === address);
  if (answer !== undefined)
    return { says: `${address} is ${role}, as DNS gave it for ${host.name}`, frames: answer.frames };
  const other = host.others?.find(({ text }) => text === address);
  if (other === undefined) return null;
  return { says: `${address} is ${role}, as the device ${other.as ?? host.text} has it too`, frames: other.frames };
}

const NOBODY: readonly Played[] = [];
const NOTHING_FOUND: readonly Resolved[] = [];
/** IPv4 addresses of which the roles are remembered: those of a large office. */
const MOST_KNOWN = 65_536;

const unseen = (): Presence => ({
  firstSec: Number.POSITIVE_INFINITY,
  lastSec: 0,
  bothWays: false,
  opened: false,
  elsewhere: false,
  reached: new Set(),
  callers: new Set(),
  asked: false,
});

/** How it is said that a host sent nothing. */
export const absentWords = (asked: boolean): string =>
  asked ? "sent nothing that is in the capture, though packets went to it" : "never appears in the capture";

export class Cast {
  readonly hosts: CastHost[] = [];
  readonly #v4: Range4[] = [];
  /** All bound IPv4 addresses are between these. */
  #first4 = Number.POSITIVE_INFINITY;
  #last4 = 0;
  readonly #v6: Range6[] = [];
  /** By a MAC address's 12 hex digits. */
  readonly #macs = new Map<string, Played[]>();
  /** By model: its roles. */
  readonly #bound = new Map<string, Set<string>>();
  readonly #internet: { model: string; role: string }[] = [];
  /** Roles of the addresses of one realm that were asked for last. */
  readonly #known4 = new Map<number, readonly Played[]>();
  #knownRealm = "";

  /** `resolve`: addresses of a host that is bound by name, from the capture or the site. */
  constructor(bindings: readonly Binding[], resolve: (name: string) => readonly Resolved[]) {
    for (const binding of bindings) this.#add(binding, resolve);
    // Narrow ranges first, so that the first hit of a model is its longest prefix.
    for (const { first, last } of this.#v4) {
      this.#first4 = Math.min(this.#first4, first);
      this.#last4 = Math.max(this.#last4, last);
    }
    this.#v4.sort((a, b) => a.last - a.first - (b.last - b.first));
    this.#v6.sort((a, b) => (width(a) < width(b) ? -1 : width(a) > width(b) ? 1 : 0));
  }

  /** Who plays what, as text: equal for casts in which everybody plays the same. */
  get stamp(): string {
    const of = ({ model, role, host: { realm, outside, how, host, resolved } }: Played): unknown => [
      model,
      role,
      realm,
      outside,
      how,
      host,
      resolved,
    ];
    const ranges = [...this.#v4, ...this.#v6].map(({ first, last, played }) => [first, last, of(played)]);
    const macs = [...this.#macs].map(([hex, played]) => [hex, played.map(of)]);
    const bound = [...this.#bound].map(([model, roles]) => [model, ...roles]);
    return JSON.stringify([this.hosts.map((host) => of({ ...host, host })), ranges, macs, bound, this.#internet]);
  }

  /** Which addresses are beyond NAT or a load balancer, and of which others; null where the site names none. */
  sides(): Sides | null {
    if (!this.hosts.some(({ outside }) => outside)) return null;
    const played = (realm: string, address: string, beyond: boolean): readonly Played[] =>
      this.ofText(realm, address).filter(({ host }) => host.outside === beyond);
    return {
      isOutside: (realm, address) => played(realm, address, true).length > 0,
      isPair: (realm, outside, inside) => {
        const there = played(realm, outside, true);
        return played(realm, inside, false).some(({ model, role }) =>
          there.some((other) => other.model === model && other.role === role),
        );
      },
    };
  }

  /** Forgets what was seen of its hosts. */
  meetAnew(): void {
    for (const host of this.hosts) host.presence = unseen();
  }

  #add(binding: Binding, resolve: (name: string) => readonly Resolved[]): void {
    const bound = this.#bound.get(binding.model);
    if (bound === undefined) this.#bound.set(binding.model, new Set([binding.role]));
    else bound.add(binding.role);
    for (const host of binding.hosts) {
      if (host.internet) {
        if (!this.isInternet(binding.model, binding.role))
          this.#internet.push({ model: binding.model, role: binding.role });
        continue;
      }
      const presence = unseen();
      const { model, role, realm, outside, how } = binding;
      const found = host.name === null ? NOTHING_FOUND : resolve(host.name);
      const resolved = found.filter(({ frames }) => frames.length > 0);
      const cast: CastHost = { model, role, realm, host, outside, how, presence, resolved };
      this.hosts.push(cast);
      const played: Played = { model: binding.model, role: binding.role, host: cast };
      for (const range of host.addresses) this.#range(range.family, range.first, range.last, played);
      for (const { text } of found) {
        const address = parseAddress(text);
        if (address !== null) this.#range(address.family, address.hex, address.hex, played);
      }
    }
  }

  #range(family: 4 | 6 | "mac", first: string, last: string, played: Played): void {
    if (family === 4) this.#v4.push({ first: Number.parseInt(first, 16), last: Number.parseInt(last, 16), played });
    else if (family === 6) this.#v6.push({ first, last, played });
    else push(this.#macs, first, played);
  }

  /** True where the role has a binding, be it to addresses or to `internet`. */
  isBound(model: string, role: string): boolean {
    return this.#bound.get(model)?.has(role) === true;
  }

  /** True where the role is bound to `internet`: any global address that nobody else has. */
  isInternet(model: string, role: string): boolean {
    return this.#internet.some((bound) => bound.model === model && bound.role === role);
  }

  /** Roles that an address plays, in all models, the address as text. */
  ofText(realm: string, text: string): readonly Played[] {
    const address = parseAddress(text);
    if (address === null) return NOBODY;
    if (address.family === "mac") return this.#rolesOfMac(realm, address.hex);
    if (address.family === 4) return this.#rolesOf4(realm, Number.parseInt(address.hex, 16));
    return this.#rolesOf6(realm, address.hex);
  }

  /** Roles of hosts that are bound by this name. */
  ofName(realm: string, name: string): readonly Played[] {
    return this.hosts
      .filter(({ host }) => host.name === name)
      .map((host) => ({ model: host.model, role: host.role, host }))
      .filter((played) => inRealm(played, realm));
  }

  /** Roles that an address plays, in all models. */
  rolesOf(realm: string, family: number, word: number, ipv6: AddressTable): readonly Played[] {
    if (family === 4) return this.#v4.length === 0 ? NOBODY : this.#rolesOf4(realm, word >>> 0);
    if (family === FAMILY_ETH) return this.#macs.size === 0 ? NOBODY : this.#rolesOfMac(realm, macHexOf(ipv6, word));
    return this.#v6.length === 0 ? NOBODY : this.#rolesOf6(realm, hexOf(ipv6, word));
  }

  /** Whether an address, as rows have it, is that of a host, in whichever realm. */
  hasAddress({ realms, flows }: Observation): (family: number, word: number) => boolean {
    const everywhere = new Set([...realms, ...this.hosts.flatMap(({ realm }) => realm ?? [])]);
    const known = new Map<number, boolean>();
    return (family, word) => {
      const key = family * 2 ** 32 + (word >>> 0);
      let has = known.get(key);
      if (has === undefined) {
        has = [...everywhere].some((realm) => this.rolesOf(realm, family, word, flows.ipv6).length > 0);
        known.set(key, has);
      }
      return has;
    };
  }

  #rolesOfMac(realm: string, hex: string): readonly Played[] {
    return this.#macs.get(hex)?.filter((played) => inRealm(played, realm)) ?? NOBODY;
  }

  /** The same list each time for an address: a conversation asks for both of its ends several times. */
  #rolesOf4(realm: string, address: number): readonly Played[] {
    if (address < this.#first4 || address > this.#last4) return NOBODY;
    if (realm !== this.#knownRealm || this.#known4.size >= MOST_KNOWN) {
      this.#knownRealm = realm;
      this.#known4.clear();
    }
    let roles = this.#known4.get(address);
    if (roles === undefined) {
      roles = this.#findRoles4(realm, address);
      this.#known4.set(address, roles);
    }
    return roles;
  }

  #findRoles4(realm: string, address: number): readonly Played[] {
    let found: Narrowest<number> | null = null;
    for (const { first, last, played } of this.#v4) {
      if (address < first || address > last || !inRealm(played, realm)) continue;
      found ??= new Narrowest();
      found.add(played, last - first);
    }
    return found?.all ?? NOBODY;
  }

  #rolesOf6(realm: string, hex: string): readonly Played[] {
    const found = new Narrowest<bigint>();
    for (const range of this.#v6) {
      if (hex >= range.first && hex <= range.last && inRealm(range.played, realm))
        found.add(range.played, width(range));
    }
    return found.all;
  }
}

/** Per model the hits of the narrowest range, given narrow ones first. */
class Narrowest<Size extends number | bigint> {
  all: readonly Played[] = NOBODY;
  readonly #sizes = new Map<string, Size>();

  add(played: Played, size: Size): void {
    const narrowest = this.#sizes.get(played.model);
    if (narrowest !== undefined && size > narrowest) return;
    this.#sizes.set(played.model, size);
    this.all = [...this.all, played];
  }
}

function inRealm(played: Played, realm: string): boolean {
  return played.host.realm === null || played.host.realm === realm;
}

function width(range: Range6): bigint {
  return BigInt(`0x${range.last}`) - BigInt(`0x${range.first}`);
}

function push(map: Map<string, Played[]>, hex: string, played: Played): void {
  const known = map.get(hex);
  if (known === undefined) map.set(hex, [played]);
  else known.push(played);
}

/** 12 hex digits of a MAC address's number. */
function macHexOf(addresses: AddressTable, word: number): string {
  const high = (addresses.word(word, 0) >>> 0).toString(16).padStart(8, "0");
  return high + addresses.word(word, 1).toString(16).padStart(4, "0");
}

/** 32 hex digits of an IPv6 address's number. */
export function hexOf(ipv6: AddressTable, word: number): string {
  let hex = "";
  for (let i = 0; i < 4; i++) hex += (ipv6.word(word, i) >>> 0).toString(16).padStart(8, "0");
  return hex;
}

/** True for an address that is routed in the Internet: not private, local, multicast or reserved. */
export function isGlobal(text: string): boolean {
  const address = parseAddress(text);
  if (address === null || address.family === "mac") return false;
  if (address.family === 6) {
    if (address.hex.startsWith(NAT64)) return isGlobal(formatHex(4, address.hex.slice(NAT64.length)));
    const top = Number.parseInt(address.hex.slice(0, 4), 16);
    return top >>> 13 === 1;
  }
  const n = Number.parseInt(address.hex, 16);
  return !NOT_GLOBAL.some(([first, bits]) => n >>> (32 - bits) === first >>> (32 - bits));
}

/** 64:ff9b::/96, behind which an IPv4 address stands as a translator reaches it (RFC 6052 section 2.1). */
const NAT64 = "0064ff9b0000000000000000";
/** RFC 6890 and its like. The documentation networks count as global: that is what documents and fixtures stand in for. */
const NOT_GLOBAL: readonly [number, number][] = [
  [0x0000_0000, 8],
  [0x0a00_0000, 8],
  [0x6440_0000, 10],
  [0x7f00_0000, 8],
  [0xa9fe_0000, 16],
  [0xac10_0000, 12],
  [0xc0a8_0000, 16],
  [0xe000_0000, 4],
  [0xf000_0000, 4],
];
