/** Names that judged hosts asked for and no model mentions, those of one domain together where they are many. */
import { registrable } from "../conform/domains.ts";
import type { LookupRow } from "./result.ts";
import { compareText } from "./summary.ts";
import { clientOf, type FrameNames, few, plural } from "./words.ts";

/** Names below one domain that are told in one line: a site with its parts has fewer, a tunnel or a tracker more. */
const MANY = 8;
/** A longer name is no example to read. */
const READABLE = 64;

export interface Asked {
  /** The name, or the domain that many are below. */
  title: string;
  /** In order, one where it stands for itself. */
  names: readonly (readonly [name: string, rows: readonly LookupRow[]])[];
}

/** Domains of many names first, the one with most before all; then names in order. */
export function askedOf(lookups: readonly LookupRow[]): Asked[] {
  return byDomain(namesOf(lookups));
}

function namesOf(lookups: readonly LookupRow[]): Map<string, LookupRow[]> {
  const byName = new Map<string, LookupRow[]>();
  for (const lookup of lookups) {
    const known = byName.get(lookup.name);
    if (known === undefined) byName.set(lookup.name, [lookup]);
    else known.push(lookup);
  }
  return byName;
}

function byDomain(byName: ReadonlyMap<string, readonly LookupRow[]>): Asked[] {
  const names = [...byName].sort((a, b) => compareText(a[0], b[0]));
  const domains = new Map<string, [string, readonly LookupRow[]][]>();
  // The list of public suffixes takes its time to load: where they are few, nothing is asked of it.
  for (const name of names.length < MANY ? [] : names) {
    const domain = domainOf(name[0]);
    if (domain === null) continue;
    const known = domains.get(domain);
    if (known === undefined) domains.set(domain, [name]);
    else known.push(name);
  }
  const many = [...domains].filter(([, below]) => below.length >= MANY).sort((a, b) => b[1].length - a[1].length);
  const told = new Set(many.flatMap(([, below]) => below));
  return [
    ...many.map(([title, below]) => ({ title, names: below })),
    ...names.filter((name) => !told.has(name)).map((name) => ({ title: name[0], names: [name] })),
  ];
}

/** Labels that no name may have stand before a domain all the same where data is carried in them. */
function domainOf(name: string): string | null {
  const labels = name.split(".");
  for (let from = 0; from < labels.length - 1; from++) {
    const domain = registrable(labels.slice(from).join("."));
    if (domain !== null) return domain;
  }
  return null;
}

/** `9 names below it, such as …`. */
export function extentBelow(names: Asked["names"]): string {
  const examples = names.map(([name]) => name).filter((name) => name.length <= READABLE);
  const such = examples.length === 0 ? "" : `, such as ${few(examples.slice(0, 3), 3)}`;
  return `${plural(names.length, "name")} below it${such}`;
}

/** Who asked for them, of what type, how often, with which result, and the first frame. */
export function whoAsked(names: Asked["names"], frames: FrameNames): string {
  const rows = names.flatMap(([, rows]) => rows);
  const unique = (values: readonly string[]): string => few([...new Set(values)], 3);
  const times = rows.reduce((sum, row) => sum + row.count, 0);
  const first = rows.reduce((a, b) => (isBefore(b, a) ? b : a));
  const frame = ` [${frames.name(first.first_capture_id, first.first_frame)}]`;
  return `by ${unique(rows.map(clientOf))}: ${unique(rows.map((row) => row.type))}, ${plural(times, "time")}, ${unique(rows.map((row) => row.result))}${frame}`;
}

function isBefore(a: LookupRow, b: LookupRow): boolean {
  return (
    a.first_capture_id < b.first_capture_id ||
    (a.first_capture_id === b.first_capture_id && a.first_frame < b.first_frame)
  );
}
