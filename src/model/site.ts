/** A site file: one installation. What it says about roles and parameters is checked against the models by `bindRoles`. */
import { parseAddress } from "../address.ts";
import { quote } from "../words.ts";
import { APP_IDS } from "./apps.ts";
import { parseBoundValues } from "./hosts.ts";
import { KEYS } from "./keys.ts";
import { parseHostPattern } from "./names.ts";
import { parseOver } from "./over.ts";
import { readPublishedRanges } from "./published.ts";
import { type Fields, Reader } from "./reader.ts";
import { readRealms } from "./site-realms.ts";
import type { AddressRange, Problem, Site, Waiver } from "./types.ts";
import { isDate, isIdentifier, parsePort } from "./values.ts";
import { type Item, type Place, readYaml, type TextItem } from "./yaml.ts";

export interface LoadedSite {
  /** Null where there is at least one error. */
  site: Site | null;
  problems: Problem[];
}

/**
 * `readFile` gives the text of a file that the site names, relative to the site file; what it throws becomes a problem.
 */
export function loadSite(text: string, source: string, readFile: (path: string) => string): LoadedSite {
  const file = readYaml(text, source);
  const reader = new Reader(source, file);
  const empty = file.root?.kind === "empty";
  const top = file.root === null || empty ? null : reader.fields(file.root, "site", KEYS.site);
  const site = readSite(reader, top, source, readFile);
  const problems = reader.report();
  return { site: reader.failed ? null : site, problems };
}

function readSite(reader: Reader, top: Fields | null, source: string, readFile: (path: string) => string): Site {
  const positions: Record<string, Place> = {};
  const realms = readRealms(reader, top?.get("realms"));
  return {
    source,
    models: reader.texts(top?.get("models"), "models").map((word) => word.text),
    roles: readHostTable(reader, top?.get("roles"), "roles", positions),
    set: readSettings(reader, top?.get("set"), positions),
    outside: readHostTable(reader, top?.get("outside"), "outside", positions),
    hosts: readHosts(reader, top?.get("hosts")),
    ranges: readRanges(reader, top?.get("ranges"), readFile),
    timezone: readTimezone(reader, top?.get("timezone")),
    vxlan: readPorts(reader, top?.get("vxlan")),
    ...(realms.length > 0 && { realms }),
    waive: reader.list(top?.get("waive")).flatMap((item) => readWaiver(reader, item) ?? []),
    positions,
  };
}

/** Entries of a mapping with any text as key, each key once. */
function entries(reader: Reader, item: Item | undefined, what: string): { key: TextItem; value: Item }[] {
  if (item === undefined || item.kind === "empty") return [];
  if (item.kind === "map") return item.entries;
  reader.expected(item, what, "a mapping");
  return [];
}

function readHostTable(
  reader: Reader,
  item: Item | undefined,
  what: "roles" | "outside",
  positions: Record<string, Place>,
): Record<string, string[]> {
  const table: Record<string, string[]> = {};
  for (const { key, value } of entries(reader, item, what)) {
    if (!key.text.split("/").every(isIdentifier)) reader.expected(key, what, "ROLE or MODEL/ROLE");
    positions[`${what}.${key.text}`] = { line: key.line, column: key.column };
    const words = reader.texts(value, `${what}, ${key.text}`);
    for (const word of words) parseBoundValues(word.text, reader.failAt(word));
    table[key.text] = words.map((word) => word.text);
  }
  return table;
}

function readSettings(
  reader: Reader,
  item: Item | undefined,
  positions: Record<string, Place>,
): Record<string, string> {
  const set: Record<string, string> = {};
  for (const { key, value } of entries(reader, item, "set")) {
    const word = reader.text(value, `set, ${key.text}`);
    if (word === null) continue;
    positions[`set.${key.text}`] = { line: word.line, column: word.column };
    set[key.text] = word.text;
  }
  return set;
}

/** Names that were resolved before the capture began. */
function readHosts(reader: Reader, item: Item | undefined): Record<string, string[]> {
  const hosts: Record<string, string[]> = {};
  for (const { key, value } of entries(reader, item, "hosts")) {
    const name = parseHostPattern(key.text, reader.failAt(key));
    if (name !== null && (name.parameter !== null || name.labels.some((label) => label.startsWith("*")))) {
      reader.error(key, `hosts: a wildcard may not stand here; found ${quote(key.text)}, expected one name`);
    }
    const words = reader.texts(value, `hosts, ${key.text}`);
    for (const word of words) {
      const address = parseAddress(word.text);
      if (address === null || address.family === "mac") {
        reader.expected(word, `hosts, ${key.text}`, "an IP address such as 192.0.2.10");
      }
    }
    hosts[name?.text ?? key.text] = words.map((word) => word.text);
  }
  return hosts;
}

function readRanges(
  reader: Reader,
  item: Item | undefined,
  readFile: (path: string) => string,
): Record<string, AddressRange[]> {
  const ranges: Record<string, AddressRange[]> = {};
  for (const { name, value } of reader.named(item, "ranges")) {
    const path = reader.text(value, `ranges, ${name}`);
    if (path === null) continue;
    try {
      ranges[name] = readPublishedRanges(readFile(path.text));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      reader.error(path, `ranges, ${name}: ${quote(path.text)} could not be read: ${why}`);
    }
  }
  return ranges;
}

function readTimezone(reader: Reader, item: Item | undefined): string {
  const word = reader.text(item, "timezone");
  if (word === null) return "UTC";
  try {
    new Intl.DateTimeFormat("en", { timeZone: word.text });
  } catch {
    reader.expected(word, "timezone", "a zone of the IANA database such as Europe/Berlin");
  }
  return word.text;
}

/** Tunnels on ports that are this network's own choice. */
function readPorts(reader: Reader, item: Item | undefined): number[] {
  return reader.texts(item, "vxlan").flatMap((word) => {
    const port = parsePort(word.text);
    if (port === null) reader.expected(word, "vxlan", "a UDP port from 1 to 65535");
    return port ?? [];
  });
}

function readWaiver(reader: Reader, item: Item): Waiver | null {
  const fields = reader.fields(item, "waiver", KEYS.waiver);
  if (fields === null) return null;
  for (const key of ["what", "why"]) {
    if (fields.get(key) === undefined) reader.lacking(fields.at, `waiver: "${key}" is missing`);
  }
  const whatItem = fields.get("what");
  const whatFields = whatItem === undefined ? null : reader.fields(whatItem, "waiver, what", KEYS.waived);
  const what: Waiver["what"] = {};
  for (const key of KEYS.waived) {
    const word = reader.text(whatFields?.get(key), `waiver, ${key}`);
    if (word === null) continue;
    if (key === "over") parseOver(word.text, [], reader.failAt(word));
    if (key === "app" && !APP_IDS.includes(word.text)) reader.expected(word, "waiver, app", "a decoder's id");
    what[key] = word.text;
  }
  if (whatFields !== null && Object.keys(what).length === 0) {
    reader.lacking(whatFields.at, "waiver: it would cover everything; expected at least one of its keys");
  }
  const until = reader.text(fields.get("until"), "waiver, until");
  if (until !== null && !isDate(until.text)) {
    reader.expected(until, "waiver, until", "a day of the calendar such as 2026-12-31");
  }
  const why = reader.text(fields.get("why"), "waiver, why")?.text ?? "";
  return { what, why, until: until?.text ?? null, line: fields.at.line };
}
