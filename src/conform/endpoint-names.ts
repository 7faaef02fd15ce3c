/** What an endpoint of a document holds: names, addresses, and how they are told. */
import { parseAddress } from "../address.ts";
import { matchesName, resolvePattern } from "../model/names.ts";
import { rangeHas } from "../model/ranges.ts";
import type { AddressRange, Endpoint } from "../model/types.ts";

/** True where an endpoint of the document goes by the name. */
export function isMemberName({ hosts }: Endpoint, name: string, value: (parameter: string) => string | null): boolean {
  return hosts.some((pattern) => {
    const resolved = resolvePattern(pattern, value);
    return resolved !== null && matchesName(resolved, name);
  });
}

export function inRange(range: AddressRange, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== null && rangeHas(range, parsed.family, parsed.hex);
}

/** An endpoint's members, for people: few of them. */
export function names(endpoint: Endpoint, value: (parameter: string) => string | null): string {
  let text = NAMES.get(endpoint);
  if (text === undefined) {
    text = namesAnew(endpoint, value);
    if (endpoint.hosts.every(({ parameter }) => parameter === null)) NAMES.set(endpoint, text);
  }
  return text;
}
const NAMES = new WeakMap<Endpoint, string>();

function namesAnew(endpoint: Endpoint, value: (parameter: string) => string | null): string {
  const hosts = endpoint.hosts.map(({ text, parameter }) => (parameter === null ? text : (value(parameter) ?? text)));
  const all = [...hosts, ...endpoint.addresses.map((range) => range.text)];
  return firstFew(all);
}

export const firstFew = (all: readonly string[]): string =>
  all.length <= 3 ? all.join(", ") : `${all.slice(0, 3).join(", ")} and ${all.length - 3} more`;
