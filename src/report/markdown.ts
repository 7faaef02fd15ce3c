/**
 * Markdown (GitHub's and GitLab's) for a comment or a ticket: the verdict, findings as a table, rules that are findings,
 * what was in force. Text off the wire can be no link, no mention and no markup.
 */
import { wasStrict } from "./drift.ts";
import { type Finding, findingsOf } from "./findings.ts";
import type { RunResult } from "./result.ts";
import { safe } from "./safe.ts";
import { headline } from "./summary.ts";
import { FrameNames, number, plural, timeSpan } from "./words.ts";

/** Rows of one table; a comment has an end, and the other forms have all of them. */
const MOST_ROWS = 200;

export function* markdownReport(result: RunResult): Generator<string, void, undefined> {
  const { title, says } = headline(result);
  const findings = findingsOf(result, wasStrict(result));
  const frames = new FrameNames(result.captures);
  yield `## Wirepact: ${plain(title)}\n\n${plain(says)}\n`;
  yield* findingTable(
    "Findings",
    findings.filter((finding) => finding.waived === null),
    frames,
    (f) => f.reason,
  );
  yield* findingTable(
    "Waived",
    findings.filter((finding) => finding.waived !== null),
    frames,
    (f) => f.waived ?? "",
  );
  for (const warning of result.run.warnings) yield `\n> **Note:** ${plain(warning)}\n`;
  yield "\n| capture | packets | time |\n|---|--:|---|\n";
  for (const { path, packets, first_time, last_time } of result.captures)
    yield row([code(path), number(packets), plain(timeSpan(first_time, last_time) ?? "")]);
  const models = result.run.models.map(({ name, document }) => `${code(name)} (${plain(document)})`);
  if (models.length > 0) yield `\nHeld against ${models.join(", ")}.\n`;
  yield `\n${code(result.run.command)}\n`;
}

function* findingTable(
  heading: string,
  findings: readonly Finding[],
  frames: FrameNames,
  why: (finding: Finding) => string,
): Generator<string> {
  if (findings.length === 0) return;
  yield `\n### ${heading}\n\n| verdict | what | why | frames |\n|---|---|---|---|\n`;
  for (const finding of findings.slice(0, MOST_ROWS)) {
    const shown = frames.list(finding.frames);
    yield row([plain(finding.verdict), code(finding.title), plain(why(finding)), shown === "" ? "" : code(shown)]);
  }
  if (findings.length > MOST_ROWS) yield `\n${plural(findings.length - MOST_ROWS, "finding")} more.\n`;
}

/** A table's row; its cells are Markdown already. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

/**
 * Text as itself: what Markdown or HTML would act on becomes a character reference, and what is made a link or a mention
 * after that (`www.`, `@name`, `#12`) is broken by an empty comment.
 */
export function plain(text: string): string {
  return safe(text)
    .replace(/[\\`*_{}[\]<>|~&!:$]/g, (char) => `&#${char.charCodeAt(0)};`)
    .replace(/(?<=\d)[.)](?= )|^[-+]/g, (char) => `&#${char.charCodeAt(0)};`)
    .replace(/(?<!&)#|@|(?<=\bwww)\./gi, (char) => `${char}<!-- -->`);
}

/** A code span, also within a table: the fence is longer than any run of backquotes inside; `|` is escaped as tables ask. */
export function code(text: string): string {
  const inner = safe(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...inner.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 || inner.startsWith(" ") || inner === "" ? " " : "";
  return `${fence}${pad}${inner}${pad}${fence}`;
}
