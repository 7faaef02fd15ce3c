/**
 * MAC addresses of hosts that are bound by an address of IP: what such a host sends and hears without IP (PROFINET's
 * discovery, GOOSE) is its own. A profiler that writes to a controller by Ethernet alone would hide there otherwise.
 *
 *     --bind network-sensor=10.30.0.10
 *     02:00:0a:1e:00:0a  asks by ARP as 10.30.0.10          so it is network-sensor
 *     02:00:0a:1e:00:0a ──▶ 02:00:0a:1e:05:0b  DCP Set      and this is what network-sensor does
 *
 * Shown by what the device asks or announces itself, or was leased by DHCP; by its answers where it answers for one address
 * alone, because more may be given in others' names (proxy ARP). Never a router's, nor where several devices go by the
 * address, nor where somebody bound the MAC address. Only those that some flow has are looked for.
 */
import { parseAddress } from "../address.ts";
import { FAMILY_ETH } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import type { Binding, BoundHost } from "../model/bind.ts";
import { addressText } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import type { Cast } from "./cast.ts";
import { type Holder, holdersOf, MOST_ADDRESSES } from "./holders.ts";
import type { OtherAddresses } from "./other-addresses.ts";

type Other = NonNullable<BoundHost["others"]>[number];

/** The bindings, with the MAC addresses of their hosts, and what is said of it. `cast`: who plays which role without them. */
export function withOwnMacs(bindings: readonly Binding[], seen: Observation, cast: Cast): OtherAddresses {
  const found = macsOf(seen, cast);
  const sayings: string[] = [];
  if (found.size === 0) return { bindings: [...bindings], sayings };
  const widened = bindings.map((binding) => {
    if (!binding.hosts.some((host) => found.has(host))) return binding;
    const hosts = binding.hosts.map((host) => {
      const macs = found.get(host);
      if (macs === undefined) return host;
      sayings.push(saying(host, binding.role, macs));
      const addresses = macs.map(({ text }) => {
        const { hex } = parseAddress(text)!;
        return { text, family: "mac" as const, first: hex, last: hex };
      });
      return { ...host, addresses: [...host.addresses, ...addresses], others: [...(host.others ?? []), ...macs] };
    });
    return { ...binding, hosts };
  });
  return { bindings: widened, sayings: [...new Set(sayings)] };
}

/** By bound host: the MAC addresses that are shown to be its own, or its members' where a whole network is bound. */
function macsOf(seen: Observation, cast: Cast): Map<BoundHost, Other[]> {
  const found = new Map<BoundHost, Map<string, Other>>();
  const ends = etherEnds(seen);
  if (ends.size === 0) return new Map();
  for (const [realm, byAddress] of holdersOf(seen)) {
    for (const [mac, holds] of heldBy(byAddress)) {
      const isOwn = ends.has(`${realm}|${mac}`) && cast.ofText(realm, mac).length === 0;
      if (!isOwn || holds.size > MOST_ADDRESSES || [...holds.values()].some(({ router }) => router)) continue;
      for (const [address, { own, frames }] of holds) {
        if (byAddress.get(address)!.some((other) => other.mac !== mac) || !(own || holds.size === 1)) continue;
        for (const { host } of cast.ofText(realm, address)) {
          if (host.outside) continue;
          const macs = found.get(host.host) ?? new Map<string, Other>();
          found.set(host.host, macs);
          if (!macs.has(mac)) macs.set(mac, { text: mac, frames, as: address });
        }
      }
    }
  }
  return new Map([...found].map(([host, macs]) => [host, [...macs.values()]]));
}

/** Turned around: by MAC address, which addresses it goes by; of each the strongest sign. */
function heldBy(
  byAddress: ReadonlyMap<string, readonly Holder[]>,
): ReadonlyMap<string, ReadonlyMap<string, Readonly<Holder>>> {
  const held = new Map<string, Map<string, Holder>>();
  for (const [address, holders] of byAddress) {
    for (const holder of holders) {
      const holds = held.get(holder.mac) ?? new Map<string, Holder>();
      held.set(holder.mac, holds);
      const known = holds.get(address);
      const router = holder.router || known?.router === true;
      holds.set(address, { ...(known?.own === true ? known : holder), router });
    }
  }
  return held;
}

/** Ends of flows without IP, by the realm's name and the address. */
function etherEnds(seen: Observation): ReadonlySet<string> {
  const ends = new Set<string>();
  const { table, ipv6 } = seen.flows;
  for (let flow = 0; flow < table.count; flow++) {
    const row = table.rows(flow);
    const at = table.at(flow);
    const meta = row[at + R.META]!;
    if (((meta >>> 8) & 0xff) !== FAMILY_ETH) continue;
    const realm = seen.realms[meta >>> 16] ?? "";
    for (const word of [row[at + R.LOW]!, row[at + R.HIGH]!])
      ends.add(`${realm}|${addressText(ipv6, FAMILY_ETH, word)}`);
  }
  return ends;
}

const FEW = 3;

function saying({ text, single }: BoundHost, role: string, macs: readonly Other[]): string {
  const named = macs.slice(0, FEW).map((mac) => (single ? mac.text : `${mac.text} (${mac.as ?? ""})`));
  const more = macs.length > FEW ? ` and ${macs.length - FEW} more` : "";
  return (
    `What ${text}, bound to ${role}, sends and hears without IP is judged as its own, by its MAC address ` +
    `${named.join(", ")}${more}, as ARP, Neighbour Discovery or DHCP says; --no-infer leaves it out.`
  );
}
