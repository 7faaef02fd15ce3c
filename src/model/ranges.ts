/** Addresses, CIDR prefixes and ranges of addresses, as models, sites and `--bind` write them. */
import { type AddressFamily, formatHex, parseAddressAnew } from "../address.ts";
import { quote } from "../words.ts";
import { ipNum } from "./lazy.ts";
import type { AddressRange } from "./types.ts";
import type { Fail } from "./values.ts";

/**
 * `10.0.0.5`, `fd00::/8`, `10.0.0.5-10.0.0.9`, `mac:00:11:22:33:44:55`. Null where it is none of these, the reason told
 * to `fail`. A prefix with host bits is refused, because it can mean the network or the host.
 */
export function parseRange(text: string, fail: Fail): AddressRange | null {
  const bare = text.startsWith("mac:") ? text.slice(4) : text;
  const single = parseAddressAnew(bare);
  if (single !== null && (single.family === "mac" || bare === text)) {
    const { family, hex } = single;
    // An IPv4 address can be written in one way only.
    return { text: family === 4 ? text : formatHex(family, hex), family, first: hex, last: hex };
  }
  if (bare !== text) {
    fail(`${quote(bare)} is no MAC address; expected six pairs such as 00:11:22:33:44:55`, 4);
    return null;
  }
  if (text.includes("/")) return parsePlainPrefix(text) ?? parsePrefix(text, fail);
  if (text.includes("-")) return parseSpan(text, fail);
  fail(`${quote(text)} is no address; expected one such as 10.0.0.5, 10.0.0.0/8, 10.0.0.5-10.0.0.9 or fd00::5`);
  return null;
}

/** `10.0.0.0/8`: what files hold thousands of. Anything else is read by `parsePrefix`. */
const PLAIN_PREFIX = /^([0-9.]{7,15})\/([12]?[0-9]|3[0-2])$/;

/** A whole IPv4 network in plain form; null for all else, right or wrong. */
function parsePlainPrefix(text: string): AddressRange | null {
  const [, address, digits] = PLAIN_PREFIX.exec(text) ?? [];
  if (address === undefined || digits === undefined) return null;
  const parsed = parseAddressAnew(address);
  if (parsed === null) return null;
  const first = Number.parseInt(parsed.hex, 16);
  const hosts = 2 ** (32 - Number(digits));
  if (first % hosts !== 0) return null;
  const last = (first + hosts - 1).toString(16).padStart(8, "0");
  return { text, family: 4, first: parsed.hex, last };
}

/** Any prefix of either family, and what is wrong with it, by `ip-num`. */
export function parsePrefix(text: string, fail: Fail): AddressRange | null {
  const slash = text.indexOf("/");
  const address = parseAddressAnew(text.slice(0, slash));
  if (address === null || address.family === "mac") {
    fail(`${quote(text.slice(0, slash))} is no IP address; expected a prefix such as 10.0.0.0/8 or fd00::/8`);
    return null;
  }
  const longest = address.family === 4 ? 32 : 128;
  const length = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > longest) {
    fail(`impossible prefix length ${quote(length)}; expected 0 to ${longest}`, slash + 1);
    return null;
  }
  const [first, last] = boundsOf(address.family, address.hex, Number(length));
  if (first !== address.hex) {
    const network = `${formatHex(address.family, first)}/${length}`;
    const host = formatHex(address.family, address.hex);
    fail(`${quote(text)} has bits beyond its prefix; write ${network} for the network or ${host} for the host`);
    return null;
  }
  return { text: `${formatHex(address.family, first)}/${length}`, family: address.family, first, last };
}

/** First and last address of a prefix, in hex. */
function boundsOf(family: 4 | 6, hex: string, length: number): [string, string] {
  const { IPv4CidrRange, IPv6CidrRange } = ipNum();
  // Eight plain groups for IPv6: `ip-num` does not know an IPv4 part.
  const address = family === 4 ? formatHex(4, hex) : hex.replace(/....(?!$)/g, "$&:");
  const range = (family === 4 ? IPv4CidrRange : IPv6CidrRange).fromCidr(`${address}/${length}`);
  const asHex = (value: bigint) => value.toString(16).padStart(hex.length, "0");
  return [asHex(range.getFirst().getValue()), asHex(range.getLast().getValue())];
}

function parseSpan(text: string, fail: Fail): AddressRange | null {
  const dash = text.indexOf("-");
  const from = parseAddressAnew(text.slice(0, dash).trim());
  const to = parseAddressAnew(text.slice(dash + 1).trim());
  if (from === null || to === null || from.family === "mac") {
    fail(`${quote(text)} is no range of addresses; expected one such as 10.0.0.5-10.0.0.9`);
    return null;
  }
  if (from.family !== to.family || from.hex > to.hex) {
    fail(`impossible range ${quote(text)}; expected two addresses of one family, the lower one first`);
    return null;
  }
  const spoken = `${formatHex(from.family, from.hex)}-${formatHex(from.family, to.hex)}`;
  return { text: spoken, family: from.family, first: from.hex, last: to.hex };
}

/** Whether an address in hex form lies within. */
export function rangeHas(range: AddressRange, family: AddressFamily, hex: string): boolean {
  return range.family === family && range.first <= hex && hex <= range.last;
}
