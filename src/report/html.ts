/**
 * The report as a page to forward: one file that opens offline, is read without a script, prints, and follows the
 * reader's colour scheme. Nothing in it is loaded from anywhere, and its policy lets nothing run or leave but its own
 * script; whatever came off the wire is escaped by `html/markup.ts`.
 */
import { POLICY, SCRIPT, STYLE } from "./html/assets.ts";
import { conversations, HTML_ROWS, worstFirst } from "./html/conversations.ts";
import { html, type Markup, NOTHING, raw } from "./html/markup.ts";
import { picture } from "./html/picture.ts";
import { profileSection, profiles } from "./html/profile.ts";
import { again, answer, captureQuality, lookedUp, meaning, rules } from "./html/sections.ts";
import { timeline } from "./html/timeline.ts";
import { profileOf } from "./profile.ts";
import type { ConversationRow, RunResult } from "./result.ts";
import { headline, nothingRead } from "./summary.ts";
import { TextContext } from "./text/context.ts";
import type { TextOptions } from "./text.ts";

/** The page of a whole run, in pieces. */
export function* htmlReport(result: RunResult, options: TextOptions): Generator<string> {
  const context = new TextContext(result, options);
  yield head(`${headline(result).title}: Wirepact report`);
  yield answer(context).text;
  const rows = nothingRead(result) ? [] : listedRows(result);
  if (!nothingRead(result)) {
    const proof = profiles(result);
    const times = timeline(result, rows);
    const names = result.run.models.length > 0 ? lookedUp(context) : NOTHING;
    yield contents(result, proof.length > 0, times !== NOTHING, names !== NOTHING).text;
    yield picture(result, rows).text;
    yield rules(context).text;
    for (const piece of proof) yield piece.text;
    yield times.text;
    const total = result.run.models.length > 0 ? result.judged.length : result.judged.length + result.rest.count;
    for (const piece of conversations(context, rows, total)) yield piece.text;
    yield names.text;
  }
  yield captureQuality(result).text;
  yield again(context).text;
  yield meaning(result, rows).text;
  yield foot(true);
}

/** The proof page of one role. Throws UsageError where no model of the run has it. */
export function* htmlProfile(result: RunResult, role: string): Generator<string> {
  const profile = profileOf(result, role);
  yield head(`${profile.role} of ${profile.model}: Wirepact proof`);
  yield html`<section>${profileSection(result, profile, "h1")}</section>`.text;
  yield captureQuality(result).text;
  yield html`<p class="dim">A page like this speaks of what passed this capture point in this time, and of nothing else.</p><pre>${result.run.command}</pre>`
    .text;
  yield foot(false);
}

/** Judged ones, the worst first; without a model all that there are. */
function listedRows(result: RunResult): ConversationRow[] {
  const rows = worstFirst(result.judged).slice(0, HTML_ROWS);
  if (result.run.models.length > 0) return rows;
  for (const row of result.rest.rows()) {
    if (rows.length >= HTML_ROWS) break;
    rows.push(row);
  }
  return rows;
}

function contents(result: RunResult, proof: boolean, timed: boolean, named: boolean): Markup {
  const links: [string, string][] = [];
  links.push(["picture", "Who talks to whom"]);
  if (result.rules.length > 0) links.push(["document", "The document, row by row"]);
  if (proof) links.push(["proof", "What was asked of devices"]);
  if (timed) links.push(["timeline", "When"]);
  links.push(["conversations", "Every conversation"]);
  if (named) links.push(["names", "Names asked for"]);
  links.push(["capture", "The recording itself"]);
  links.push(["again", "To do it again"], ["meaning", "What the words mean"]);
  return html`<nav aria-label="On this page"><ul>${links.map(([id, text]) => html`<li><a href="#${id}">${text}</a></li>`)}</ul></nav>`;
}

function head(title: string): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${title}</title><style>${raw(STYLE)}</style></head><body><main>
`.text;
}

function foot(script: boolean): string {
  return `</main>${script ? `<script>${SCRIPT}</script>` : ""}</body></html>\n`;
}
