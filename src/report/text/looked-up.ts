/** Names that a judged host asked for and no model mentions: the list, and what to ask of them. */
import { askedOf, extentBelow, whoAsked } from "../looked-up.ts";
import { undocumentedLookups } from "../lookup-rows.ts";
import type { Page } from "../page.ts";
import { clientOf, few, plural } from "../words.ts";
import { printMore, type TextContext } from "./context.ts";

export function printLookups(page: Page, context: TextContext): void {
  const asked = askedOf(undocumentedLookups(context.result));
  if (asked.length === 0) return;
  const count = asked.reduce((sum, { names }) => sum + names.length, 0);
  page.heading("LOOKED UP", `${plural(count, "name")} that judged hosts asked for and no document mentions`);
  const paint = context.strict ? page.pen.red : page.pen.yellow;
  for (const { title, names } of asked.slice(0, context.listed)) {
    const extent = names.length === 1 ? "" : `${extentBelow(names)}; `;
    page.hang({ text: title, paint }, `${extent}${whoAsked(names, context.frames)}`, { paint: page.pen.dim });
    if (names.length === 1 || !context.options.all) continue;
    for (const one of names)
      page.hang({ text: one[0] }, whoAsked([one], context.frames), { indent: 4, paint: page.pen.dim });
  }
  printMore(page, context, asked.length);
}

/** The question that they raise, where no conversation with them raises it already. */
export function askAboutNames(context: TextContext): string[] {
  let lookups = undocumentedLookups(context.result);
  for (const verdict of ["undocumented", "violation", "inconclusive"] as const) {
    if (lookups.length === 0) return [];
    const { names } = context.findings(verdict);
    lookups = lookups.filter(({ name }) => !names.has(name));
  }
  if (lookups.length === 0) return [];
  const asked = askedOf(lookups);
  const what = few(
    asked.map(({ title, names }) => (names.length === 1 ? title : `${plural(names.length, "name")} below ${title}`)),
    3,
  );
  const clients = few([...new Set(lookups.map(clientOf))], 2);
  const [are, them] = asked.length === 1 && asked[0]!.names.length === 1 ? ["is", "it"] : ["are", "them"];
  return [`Ask the vendor what ${what} ${are} for, which ${clients} looked up: no document names ${them}.`];
}
