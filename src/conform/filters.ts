/**
 * What a capture filter (pcap-filter(7)) may have kept from the capture. Only the plainest are read: hosts and networks with
 * nothing but `or` between them, which let through all that such a host says and hears. Of any other filter nobody here
 * claims to know what it took out.
 */
import type { BoundHost } from "../model/bind.ts";
import { parseRange } from "../model/ranges.ts";
import type { AddressRange } from "../model/types.ts";

const TERM = /^(?:(?:host|net)\s+)?(\S+)$/;

/**
 * True where the filter surely lets through whatever any address of the host sends or is sent. `withoutIp`: frames without IP
 * among it, which name no address of IP; else the MAC addresses of a host that is bound by IP do not count.
 */
export function passesAll(filter: string, host: BoundHost, withoutIp = false): boolean {
  const found = new Set(withoutIp ? [] : host.others?.map(({ text }) => text));
  const addresses = host.addresses.filter(({ family, text }) => family !== "mac" || !found.has(text));
  const terms = filter.trim().split(/\s+(?:or|\|\|)\s+/);
  const named = terms.map((term) => parseRange(TERM.exec(term)?.[1] ?? "", () => {}));
  return (
    addresses.length > 0 &&
    named.every((range) => range !== null) &&
    addresses.every((own) => named.some((range) => range !== null && holds(range, own)))
  );
}

const holds = (outer: AddressRange, inner: AddressRange): boolean =>
  outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
