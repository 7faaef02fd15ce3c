/**
 * Other addresses of a bound host, by its MAC address: on its own link, where ARP or Neighbour Discovery shows that one device
 * asks and announces by both, they belong to it (dual stack, temporary IPv6 addresses).
 *
 * Never by a router's MAC address, nor where an address was claimed by several devices, or is bound to anybody itself.
 * Answers alone prove nothing: they are given in another's name as well (proxy ARP).
 */
import { formatHex, formatIpv4, parseAddress } from "../address.ts";
import type { Binding, BoundHost } from "../model/bind.ts";
import type { Neighbour } from "../observe/neighbours.ts";
import type { Observation } from "../observe/observation.ts";
import type { FrameRef } from "../report/result.ts";
import type { Cast } from "./cast.ts";
import { firstFew } from "./endpoint-names.ts";
import { MOST_ADDRESSES } from "./holders.ts";

export interface OtherAddresses {
  /** The bindings, with hosts that have more addresses in place of those that were bound. */
  bindings: Binding[];
  /** Said on the first screen. */
  sayings: string[];
}

export function withOtherAddresses(bindings: readonly Binding[], seen: Observation, cast: Cast): OtherAddresses {
  const sayings: string[] = [];
  if (seen.neighbours.claims.size === 0) return { bindings: [...bindings], sayings };
  const table = new Claims(seen, cast);
  const changed = bindings.map((binding) => {
    if (binding.outside) return binding;
    const hosts = binding.hosts.map((host) => table.widened(host, binding.realm));
    for (const [i, { others, text }] of hosts.entries()) {
      const more = others?.slice(binding.hosts[i]!.others?.length ?? 0) ?? [];
      if (more.length > 0)
        sayings.push(
          `${text}, bound to ${binding.role}, also has ${firstFew(more.map((other) => other.text))}: ` +
            "the same device asks and announces by each. That is inferred: --no-infer would leave them out.",
        );
    }
    return hosts.some((host, i) => host !== binding.hosts[i]) ? { ...binding, hosts } : binding;
  });
  return { bindings: changed, sayings: [...new Set(sayings)] };
}

class Claims {
  readonly #seen: Observation;
  readonly #cast: Cast;
  /** By realm and address, and by realm and MAC address. */
  readonly #ofAddress = new Map<string, Neighbour[]>();
  readonly #ofMac = new Map<string, Neighbour[]>();

  constructor(seen: Observation, cast: Cast) {
    this.#seen = seen;
    this.#cast = cast;
    for (const claim of seen.neighbours.claims.values()) {
      push(this.#ofAddress, `${claim.realm}|${textOf(claim)}`, claim);
      push(this.#ofMac, `${claim.realm}|${claim.mac}`, claim);
    }
  }

  /** The host with the addresses that its own MAC address has; the same object where it has none. */
  widened(host: BoundHost, realmName: string | null): BoundHost {
    if (!host.single || host.internet) return host;
    const bound = new Set(host.addresses.filter(({ first, last }) => first === last).map(({ text }) => text));
    const others = new Map<string, FrameRef[]>();
    for (const [realm, name] of this.#seen.realms.entries()) {
      if (realmName !== null && realmName !== name) continue;
      for (const text of bound) {
        const claim = this.#only(realm, text);
        if (claim === null) continue;
        for (const other of this.#alike(claim, bound)) others.set(textOf(other), [frameOf(claim), frameOf(other)]);
      }
    }
    if (others.size === 0 || others.size > MOST_ADDRESSES) return host;
    const addresses = [...others.keys()].map((text) => {
      const { family, hex } = parseAddress(text)!;
      return { text, family, first: hex, last: hex };
    });
    const named = [...others].map(([text, frames]) => ({ text, frames }));
    return { ...host, addresses: [...host.addresses, ...addresses], others: [...(host.others ?? []), ...named] };
  }

  /** The one device that goes by the address, which is no router. */
  #only(realm: number, text: string): Neighbour | null {
    const claims = this.#ofAddress.get(`${realm}|${text}`) ?? [];
    const [claim] = claims;
    if (claim?.own === undefined || claims.length !== 1) return null;
    const all = this.#ofMac.get(`${realm}|${claim.mac}`) ?? [];
    return all.some(({ router }) => router === true) ? null : claim;
  }

  /** Its other addresses, as far as nobody else goes by them and nobody bound them. */
  #alike({ realm, mac }: Neighbour, bound: ReadonlySet<string>): Neighbour[] {
    return (this.#ofMac.get(`${realm}|${mac}`) ?? []).filter((other) => {
      const text = textOf(other);
      return (
        !bound.has(text) &&
        this.#only(realm, text) !== null &&
        this.#cast.ofText(this.#seen.realms[realm] ?? "", text).length === 0
      );
    });
  }
}

function textOf({ address, ipv6 }: Neighbour): string {
  return ipv6 === undefined ? formatIpv4(address) : formatHex(6, ipv6);
}

function frameOf(claim: Neighbour): FrameRef {
  const { capture, frame } = claim.own!;
  return { capture_id: capture, frame, what: `${formatHex("mac", claim.mac)} goes by ${textOf(claim)}` };
}

function push(map: Map<string, Neighbour[]>, key: string, claim: Neighbour): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [claim]);
  else known.push(claim);
}
