/** Names that a judged host asked for and no model mentions, those of one domain together where they are many. */
import { registrable } from "../../conform/domains.ts";
import { undocumentedLookups } from "../lookup-rows.ts";
import type { Page } from "../page.ts";
import type { LookupRow } from "../result.ts";
import { compareText } from "../summary.ts";
import { clientOf, few, number, plural } from "../words.ts";
import type { TextContext } from "./context.ts";

/** Names below one domain that are told in one line: a site with its parts has fewer, a tunnel or a tracker more. */
const MANY = 8;
/** A longer name is no example to read. */
const READABLE = 64;

interface Asked {
  /** The name, or the domain that many are below. */
  title: string;
  /** In order, one where it stands for itself. */
  names: readonly (readonly [name: string, rows: readonly LookupRow[]])[];
}

export function printLookups(page: Page, context: TextContext): void {
  const byName = namesOf(undocumentedLookups(context.result));
  if (byName.size === 0) return;
  page.heading("LOOKED UP", `${plural(byName.size, "name")} that judged hosts asked for and no document mentions`);
  const asked = byDomain(byName);
  const paint = context.strict ? page.pen.red : page.pen.yellow;
  for (const { title, names } of asked.slice(0, context.listed)) {
    const extent = names.length === 1 ? "" : `${extentOf(names)}; `;
    page.hang({ text: title, paint }, `${extent}${whoAsked(names, context)}`, { paint: page.pen.dim });
    if (names.length === 1 || !context.options.all) continue;
    for (const one of names) page.hang({ text: one[0] }, whoAsked([one], context), { indent: 4, paint: page.pen.dim });
  }
  if (asked.length > context.listed)
    page.text(`and ${number(asked.length - context.listed)} more; --all lists them`, { paint: page.pen.dim });
}

/** The question that they raise, where no conversation with them raises it already. */
export function askAboutNames(context: TextContext): string[] {
  const spokenTo = new Set<string | null>();
  for (const verdict of ["undocumented", "violation", "inconclusive"] as const) {
    for (const { server_name, peer_name } of context.findings(verdict).list) spokenTo.add(server_name).add(peer_name);
  }
  const lookups = undocumentedLookups(context.result).filter(({ name }) => !spokenTo.has(name));
  if (lookups.length === 0) return [];
  const asked = byDomain(namesOf(lookups));
  const what = few(
    asked.map(({ title, names }) => (names.length === 1 ? title : `${plural(names.length, "name")} below ${title}`)),
    3,
  );
  const clients = few([...new Set(lookups.map(clientOf))], 2);
  const [are, them] = asked.length === 1 && asked[0]!.names.length === 1 ? ["is", "it"] : ["are", "them"];
  return [`Ask the vendor what ${what} ${are} for, which ${clients} looked up: no document names ${them}.`];
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

/** Domains of many names first, the one with most before all. */
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

function extentOf(names: Asked["names"]): string {
  const examples = names.map(([name]) => name).filter((name) => name.length <= READABLE);
  const such = examples.length === 0 ? "" : `, such as ${few(examples.slice(0, 3), 3)}`;
  return `${plural(names.length, "name")} below it${such}`;
}

function whoAsked(names: Asked["names"], context: TextContext): string {
  const rows = names.flatMap(([, rows]) => rows);
  const unique = (values: readonly string[]): string => few([...new Set(values)], 3);
  const times = rows.reduce((sum, row) => sum + row.count, 0);
  const first = rows.reduce((a, b) => (isBefore(b, a) ? b : a));
  const frame = ` [${context.frames.name(first.first_capture_id, first.first_frame)}]`;
  return `by ${unique(rows.map(clientOf))}: ${unique(rows.map((row) => row.type))}, ${plural(times, "time")}, ${unique(rows.map((row) => row.result))}${frame}`;
}

function isBefore(a: LookupRow, b: LookupRow): boolean {
  return (
    a.first_capture_id < b.first_capture_id ||
    (a.first_capture_id === b.first_capture_id && a.first_frame < b.first_frame)
  );
}
