/** Differences between two runs, for people, for a pull request's comment, for programs. */
import type { Change, Diff, Difference } from "./diff.ts";
import { jsonText } from "./json.ts";
import { code, plain, row } from "./markdown.ts";
import { Page } from "./page.ts";
import type { Pen } from "./pen.ts";
import type { DiffForm } from "./suite-words.ts";
import { plural } from "./words.ts";

export interface Named {
  before: string;
  after: string;
}

const HEADINGS: Record<Difference["what"], string> = {
  conversation: "Conversations",
  rule: "Rules",
  name: "Names",
  tls: "TLS versions",
  operation: "Operations",
  asset: "Devices",
};
const SIGNS: Record<Change, string> = { new: "+", gone: "-", changed: "~" };
/** Rows of one table in a comment. */
const MOST_ROWS = 200;

export function* diffReport(diff: Diff, named: Named, form: DiffForm, pen: Pen): Generator<string> {
  if (form === "json") yield* jsonDocument(diff, named);
  else if (form === "markdown") yield* markdownPage(diff, named);
  else yield textPage(diff, named, pen);
}

function summary({ differences }: Diff, { before, after }: Named): string {
  if (differences.length === 0) return `Nothing is different between ${before} and ${after}.`;
  const count = (change: Change): number => differences.filter((one) => one.change === change).length;
  return `${plural(differences.length, "difference")} since ${before}: ${count("new")} new, ${count("changed")} changed, ${count("gone")} gone.`;
}

/** `undocumented`, `was documented`, `TLS 1.3 → TLS 1.2`. */
function statement({ change, before, after }: Difference): string {
  if (change === "new") return after ?? "";
  return change === "gone" ? `was ${before}` : `${before} → ${after}`;
}

function groups({ differences }: Diff): [Difference["what"], Difference[]][] {
  const kinds = Object.keys(HEADINGS) as Difference["what"][];
  return kinds
    .map((what): [Difference["what"], Difference[]] => [what, differences.filter((one) => one.what === what)])
    .filter(([, list]) => list.length > 0);
}

function textPage(diff: Diff, named: Named, pen: Pen): string {
  const page = new Page(pen);
  page.hang({ text: `${named.before} → ${named.after}`, paint: pen.bold }, summary(diff, named), { indent: 0 });
  for (const [what, list] of groups(diff)) {
    page.heading(HEADINGS[what].toUpperCase(), plural(list.length, "difference"));
    for (const one of list) {
      const paint = one.change === "new" ? pen.red : one.change === "changed" ? pen.yellow : pen.dim;
      const since = one.change === "new" ? `new since ${named.before}: ` : one.change === "gone" ? "gone: " : "";
      page.hang({ text: SIGNS[one.change], paint }, `${since}${one.subject}, ${statement(one)}`);
    }
  }
  for (const what of diff.cut)
    page.text(`More ${HEADINGS[what].toLowerCase()} than can be compared: some are left out.`);
  return page.toString();
}

function* markdownPage(diff: Diff, named: Named): Generator<string> {
  yield `## ${plain(named.before)} → ${plain(named.after)}\n\n${plain(summary(diff, named))}\n`;
  for (const [what, list] of groups(diff)) {
    yield `\n### ${HEADINGS[what]}\n\n| | what | is |\n|---|---|---|\n`;
    for (const one of list.slice(0, MOST_ROWS)) yield row([one.change, code(one.subject), plain(statement(one))]);
    if (list.length > MOST_ROWS) yield `\n${plural(list.length - MOST_ROWS, "row")} more.\n`;
  }
  for (const what of diff.cut)
    yield `\nMore ${HEADINGS[what].toLowerCase()} than can be compared: some are left out.\n`;
}

function* jsonDocument({ differences, cut }: Diff, named: Named): Generator<string> {
  yield `{"before":${jsonText(named.before)},"after":${jsonText(named.after)},"cut":${jsonText(cut)},"differences":[`;
  for (const [i, one] of differences.entries()) yield `${i === 0 ? "" : ","}\n${jsonText(one)}`;
  yield "]}\n";
}
