/**
 * Hosts that are bound by MAC address (`--bind hub=mac:00:11:22:33:44:55`): the addresses that they have, as ARP, Neighbour
 * Discovery and DHCP say. An address is theirs where nobody else claimed or leased it. Who only answers by ARP, and for
 * several addresses, may do it for others (proxy ARP) and has none; neither has a router.
 *
 * A capture that shows none of this cannot tell which packets of IP are theirs: a packet's own MAC addresses are those of
 * the last router, wherever it was captured beyond one.
 */
import { formatHex, parseAddress } from "../address.ts";
import type { Binding, BoundHost } from "../model/bind.ts";
import type { Observation } from "../observe/observation.ts";
import type { FrameRef } from "../report/result.ts";
import { type Holder, holdersOf, MOST_ADDRESSES } from "./holders.ts";

/** The bindings, with those hosts' addresses in them, and what is said of it on the first screen. */
export function withMacHosts(
  bindings: readonly Binding[],
  seen: Observation,
): { bindings: readonly Binding[]; sayings: string[] } {
  if (!bindings.some(({ hosts }) => hosts.some(isByMac))) return { bindings, sayings: [] };
  const holders = holdersOf(seen);
  const sayings = new Set<string>();
  const found = bindings.map((binding) => {
    if (!binding.hosts.some(isByMac)) return binding;
    const hosts = binding.hosts.map((host) => {
      const others = isByMac(host) ? addressesOf(host, binding.realm, holders) : [];
      const has = others.map(({ text }) => text).join(", ");
      if (others.length === 0) return host;
      sayings.add(`${host.text}, bound to ${binding.role}, has ${has}, as ARP, Neighbour Discovery or DHCP says.`);
      return { ...host, addresses: [...host.addresses, ...others.map(({ text }) => rangeOf(text))], others };
    });
    return { ...binding, hosts };
  });
  return { bindings: found, sayings: [...sayings] };
}

export function isByMac({ addresses }: BoundHost): boolean {
  return addresses.some(({ family }) => family === "mac");
}

function addressesOf(
  { addresses }: BoundHost,
  realm: string | null,
  holders: ReadonlyMap<string, ReadonlyMap<string, readonly Holder[]>>,
): { text: string; frames: FrameRef[] }[] {
  const macs = new Set(addresses.filter(({ family }) => family === "mac").map(({ first }) => formatHex("mac", first)));
  const given = new Set(addresses.map(({ text }) => text));
  const found: { text: string; frames: FrameRef[]; own: boolean }[] = [];
  for (const [name, byAddress] of holders) {
    if (realm !== null && realm !== name) continue;
    for (const [text, all] of byAddress) {
      if (given.has(text) || !all.every(({ mac, router }) => macs.has(mac) && !router)) continue;
      const [first] = all.toSorted((a, b) => Number(b.own) - Number(a.own));
      found.push({ text, frames: first!.frames, own: first!.own });
    }
  }
  const own = found.filter((one) => one.own);
  const telling = own.length > 0 ? own : found.length === 1 ? found : [];
  return telling.length > MOST_ADDRESSES ? [] : telling.map(({ text, frames }) => ({ text, frames }));
}

function rangeOf(text: string): BoundHost["addresses"][number] {
  const { family, hex } = parseAddress(text)!;
  return { text, family, first: hex, last: hex };
}
