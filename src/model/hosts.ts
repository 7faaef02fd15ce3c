/** The values of a binding: addresses, networks, names, `internet`, each possibly of one realm. */
import { parseAddress } from "../address.ts";
import { nearest, quote } from "../words.ts";
import type { BoundHost } from "./bind.ts";
import { parseHostPattern } from "./names.ts";
import { parseRange } from "./ranges.ts";
import type { AddressRange } from "./types.ts";
import type { Fail } from "./values.ts";

const INTERNET = "internet";

/** `10.0.0.5,plant/10.0.0.0/8`: hosts by realm, null for every realm. What can't be read is told to `fail` and left out. */
export function parseBoundValues(text: string, fail: Fail): Map<string | null, BoundHost[]> {
  const byRealm = new Map<string | null, BoundHost[]>();
  let at = 0;
  for (const item of text.split(",")) {
    const start = at + item.length - item.trimStart().length;
    const { realm, value, offset } = splitRealm(item.trim());
    const host = parseBoundHost(value, (message, inner = 0) => fail(message, start + offset + inner));
    if (host !== null) byRealm.set(realm, [...(byRealm.get(realm) ?? []), host]);
    at += item.length + 1;
  }
  return byRealm;
}

/** `REALM/VALUE`; what stands before the slash of a prefix is an address, or was meant to be one, and no realm. */
function splitRealm(text: string): { realm: string | null; value: string; offset: number } {
  const slash = text.indexOf("/");
  const before = text.slice(0, Math.max(0, slash));
  if (slash < 1 || /^[0-9]*$/.test(text.slice(slash + 1)) || parseAddress(before) !== null) {
    return { realm: null, value: text, offset: 0 };
  }
  return { realm: before, value: text.slice(slash + 1), offset: slash + 1 };
}

function parseBoundHost(text: string, fail: Fail): BoundHost | null {
  if (text === INTERNET) return { addresses: [], name: null, internet: true, single: false, text };
  if (text.includes("+")) return parseSeveral(text, fail);
  if (looksLikeAddress(text)) {
    const range = parseRange(text, fail);
    return range === null ? null : hostOf([range]);
  }
  if (nearest(text, [INTERNET]) !== null) {
    fail(`unknown word ${quote(text)}, did you mean "internet"?`);
    return null;
  }
  if (text === "" || text.includes("*") || text.startsWith("$") || parseHostPattern(text, () => {}) === null) {
    fail(
      `${quote(text)} is no address and no name; expected 10.0.0.5, 10.0.0.5+fd00::5, 10.0.0.0/8, 10.0.0.5-10.0.0.9, ` +
        "mac:00:11:22:33:44:55, a host name or internet",
    );
    return null;
  }
  const name = text.toLowerCase().replace(/\.$/, "");
  return { addresses: [], name, internet: false, single: true, text: name };
}

/** One host with several addresses. */
function parseSeveral(text: string, fail: Fail): BoundHost | null {
  const addresses: AddressRange[] = [];
  let wrong = false;
  let at = 0;
  for (const part of text.split("+")) {
    const start = at;
    const range = parseRange(part.trim(), (message, inner = 0) => fail(message, start + inner));
    if (range === null) wrong = true;
    else if (range.first !== range.last) {
      fail(`${quote(part)} is more than one address; "+" joins the addresses of one host`, start);
      wrong = true;
    } else addresses.push(range);
    at += part.length + 1;
  }
  return wrong ? null : hostOf(addresses);
}

function hostOf(addresses: AddressRange[]): BoundHost {
  const single = addresses.every((range) => range.first === range.last);
  return { addresses, name: null, internet: false, single, text: addresses.map((range) => range.text).join("+") };
}

/** Names end in a label with a letter; whatever has colons or slashes or ends in a number was meant as an address. */
function looksLikeAddress(text: string): boolean {
  return /[:/]/.test(text) || /(?:^|\.)[0-9]+$/.test(text) || /^[0-9.]+-[0-9.]+$/.test(text);
}
