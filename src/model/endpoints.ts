/** The endpoints of a model file: who is meant, by name, by address, or by a list published elsewhere. */
import { quote, unknownWord } from "../words.ts";
import { KEYS } from "./keys.ts";
import { parseHostPattern } from "./names.ts";
import { parseRange } from "./ranges.ts";
import type { NamedItem, Reader } from "./reader.ts";
import { isOverPublicSuffix } from "./suffixes.ts";
import type { AddressRange, Endpoint, HostPattern, Parameter } from "./types.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./values.ts";
import type { TextItem } from "./yaml.ts";

/** Keys of which an endpoint needs one. */
const MEMBERS = ["hosts", "addresses", "ranges"] as const;

export function readEndpoints(
  reader: Reader,
  items: readonly NamedItem[],
  parameters: readonly Parameter[],
  roles: ReadonlySet<string>,
): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const item of items) {
    const endpoint = readEndpoint(reader, item, parameters, roles);
    if (endpoint !== null) endpoints.push(endpoint);
  }
  return endpoints;
}

function readEndpoint(
  reader: Reader,
  { name, at, value }: NamedItem,
  parameters: readonly Parameter[],
  roles: ReadonlySet<string>,
): Endpoint | null {
  const what = `endpoint ${quote(name)}`;
  const fields = reader.fields(value, what, KEYS.endpoint);
  if (fields === null) return null;
  if (MEMBERS.every((key) => fields.get(key) === undefined)) {
    reader.lacking(at, `${what}: who is it? Expected "hosts", "addresses" or "ranges"`);
  }
  const pool = reader.flag(fields.get("pool"), `${what}, pool`);
  const ranges = reader.text(fields.get("ranges"), `${what}, ranges`);
  if (ranges !== null && !isIdentifier(ranges.text)) {
    reader.expected(ranges, `${what}, ranges`, `the name of a list that the site supplies: ${IDENTIFIER_RULE}`);
  }
  const role = reader.text(fields.get("role"), `${what}, role`);
  if (role !== null && !roles.has(role.text)) {
    reader.lacking(role, `${what}: ${unknownWord("role", role.text, [...roles])}`);
  }
  const endpoint: Endpoint = {
    name,
    about: reader.text(fields.get("about"), `${what}, about`)?.text ?? null,
    hosts: readHosts(reader, reader.texts(fields.get("hosts"), `${what}, a host`), parameters, pool),
    addresses: readAddresses(reader, reader.texts(fields.get("addresses"), `${what}, an address`)),
    ranges: ranges?.text ?? null,
    need: reader.choice(fields.get("need"), "need", ["any", "each"] as const) ?? "each",
    pool,
    line: at.line,
    column: at.column,
  };
  if (role !== null) endpoint.role = role.text;
  return endpoint;
}

function readHosts(
  reader: Reader,
  words: readonly TextItem[],
  parameters: readonly Parameter[],
  pool: boolean,
): HostPattern[] {
  const hosts: HostPattern[] = [];
  const isTwin = twinsAmong(words);
  for (const word of words) {
    const host = parseHostPattern(word.text, reader.failAt(word));
    if (host === null) continue;
    if (isTwin(host.text)) reader.error(word, `host ${quote(host.text)} is listed twice`);
    if (pool && host.labels.some((label) => label.startsWith("*"))) {
      reader.error(word, `a pool is called by one name, not by a wildcard; found ${quote(host.text)}`);
    }
    if (isOverPublicSuffix(host)) {
      reader.error(word, `${quote(host.text)} is a wildcard over a public suffix: anyone may be meant`);
    }
    if (host.parameter !== null) checkNameParameter(reader, word, host.parameter, parameters);
    hosts.push(host);
  }
  return hosts;
}

/** Asked of one text after the other, says whether it came before; a list of one has no twins. */
function twinsAmong({ length }: readonly TextItem[]): (text: string) => boolean {
  if (length < 2) return () => false;
  const seen = new Set<string>();
  return (text) => {
    const isTwin = seen.has(text);
    seen.add(text);
    return isTwin;
  };
}

function checkNameParameter(reader: Reader, word: TextItem, name: string, parameters: readonly Parameter[]): void {
  const parameter = parameters.find((known) => known.name === name);
  const known = parameters.filter(({ type }) => type === "name").map((other) => other.name);
  if (parameter === undefined) reader.lacking(word, unknownWord("name parameter", name, known));
  else if (parameter.type !== "name") {
    reader.error(word, `parameter ${quote(name)} is no name but of type ${parameter.type}`);
  }
}

function readAddresses(reader: Reader, words: readonly TextItem[]): AddressRange[] {
  const ranges: AddressRange[] = [];
  const isTwin = twinsAmong(words);
  for (const word of words) {
    if (word.text.includes("*")) {
      reader.error(word, `a wildcard may not stand in an address; found ${quote(word.text)}, expected a prefix`);
      continue;
    }
    const range = parseRange(word.text, reader.failAt(word));
    if (range === null) continue;
    if (isTwin(range.text)) reader.error(word, `address ${range.text} is listed twice`);
    ranges.push(range);
  }
  return ranges;
}
