/** Every judged conversation as a row, the worst first, in pages of 200 that open and close without a script. */
import type { ConversationRow, Evidence, FrameRef } from "../result.ts";
import type { TextContext } from "../text/context.ts";
import { number, plural, responder, sentence, service, stamp } from "../words.ts";
import { html, type Markup, NOTHING, own } from "./markup.ts";
import { kindOf, MOODS, moodOf, signed } from "./mood.ts";
import { Roles } from "./roles.ts";

/** Conversations on a page, the worst first: some 20 MB, what a browser still opens in a few seconds. */
export const HTML_ROWS = 20_000;
const PAGE = 200;
const HEADS = ["Verdict", "From", "To", "Over", "Why", "First seen", "Packets"];
/** The clauses of a rule as the questions that they answer. */
const CLAUSES: Readonly<Record<string, string>> = {
  who: "who began it",
  whom: "with whom",
  over: "over which port",
  app: "speaking what",
  when: "whether the row applies here",
  up: "whether it came up",
  expect: "what the row asks of it",
};

const KIND_ORDER = ["violation", "undocumented", "inconclusive", "documented", "waived", "ignored"];

/** Worst first, and in the order of first sight. */
export function worstFirst(rows: readonly ConversationRow[]): ConversationRow[] {
  const rank = (c: ConversationRow): number => MOODS.indexOf(moodOf(c)) * 10 + KIND_ORDER.indexOf(kindOf(c));
  return [...rows].sort(
    (a, b) => rank(a) - rank(b) || (a.first_seen < b.first_seen ? -1 : a.first_seen > b.first_seen ? 1 : 0),
  );
}

/** In pieces of a page each. `total`: of all, listed or not. */
export function* conversations(
  context: TextContext,
  rows: readonly ConversationRow[],
  total: number,
): Generator<Markup> {
  yield html`<section data-list><h2 id="conversations">Every conversation</h2><p class="dim">A conversation is all that one host says to another for one purpose. <q>Over</q> is the way it takes (transport and port), what it speaks, and how it ended; <a href="#meaning">the words</a> are explained below. <q>FILE#7</q> in the evidence is the seventh packet of that file, by Wireshark’s count.</p>`;
  if (total === 0) {
    yield html`<p>None.</p></section>`;
    return;
  }
  const roles = new Roles(context.result);
  const kinds = [...new Set(rows.map(kindOf))];
  if (total > rows.length)
    yield html`<p>${number(total - rows.length)} more are not on this page, which lists ${number(HTML_ROWS)} at most: <code>--format json</code> has all.</p>`;
  yield html`<div class="tools" hidden><label>Filter <input type="search" placeholder="name, address, rule"></label><label>Verdict <select><option value="">all</option>${kinds.map(
    (kind) => html`<option>${kind}</option>`,
  )}</select></label><button type="button">Open or close all evidence shown</button><output role="status"></output></div>`;
  for (let at = 0; at < rows.length; at += PAGE) {
    const page = rows.slice(at, at + PAGE);
    const range = `${number(at + 1)} to ${number(at + page.length)} of ${number(rows.length)}`;
    yield html`<details class="page"${at === 0 ? html` open` : NOTHING}><summary>Conversations ${range}</summary><div class="scroll" tabindex="0" role="region" aria-label="Conversations ${range}"><table><thead><tr>${HEADS.map(
      (head) => html`<th scope="col">${head}</th>`,
    )}</tr></thead><tbody>${page.map((c) => row(context, roles, c))}</tbody></table></div></details>`;
  }
  yield html`</section>`;
}

function row(context: TextContext, roles: Roles, c: ConversationRow): Markup {
  const reason = c.verdict === "ignored" ? whyIgnored(c) : sentence(c.reason);
  const why = c.waived === null ? reason : `Waived (${c.verdict ?? ""}): ${c.waived}. ${reason}`;
  return html`<tr data-kind="${kindOf(c)}"><td>${own(signed(moodOf(c), kindOf(c)))}</td><td class="who">${roles.cell(c.initiator)}</td><td class="who">${roles.cell(c.responder, responder(c))}</td><td>${own(service(c))}<br><span class="own dim">${c.outcome}</span></td><td class="why">${why}${c.evidence === null ? NOTHING : evidence(context, c, c.evidence)}</td><td data-key="${c.first_seen}">${stamp(c.first_seen)}</td><td data-key="${c.packets}">${own(number(c.packets))}</td></tr>\n`;
}

/** A rule of the background model has no more to say than its name. */
function whyIgnored(c: ConversationRow): string {
  return /^[\w-]+$/.test(c.reason ?? "") ? `What every host needs: ${c.reason}.` : sentence(c.reason);
}

function evidence(context: TextContext, c: ConversationRow, proof: Evidence): Markup {
  const { nearest } = proof;
  return html`<details><summary>Evidence</summary>${
    nearest === null ? NOTHING : html`<p>Nearest rule: ${context.rule(nearest)}. ${sentence(nearest.says)}</p>`
  }<ul>${proof.clauses.map(({ clause, result, says }) => html`<li>${CLAUSES[clause] ?? clause}, ${result}: ${says}</li>`)}</ul>${frames(
    context,
    "For it",
    proof.support,
    proof.support_count,
  )}${frames(context, "Against it", proof.against, proof.against_count)}<p class="dim">Until ${stamp(c.last_seen)} UTC; id <code>${context.id(c)}</code></p></details>`;
}

function frames(context: TextContext, title: string, refs: readonly FrameRef[], count: number): Markup {
  if (refs.length === 0) return NOTHING;
  const list = refs.map(({ capture_id, frame, what }) => `${context.frames.name(capture_id, frame)} ${what}`);
  const more = count > refs.length ? `; ${plural(count, "frame")} in all` : "";
  return html`<p>${title}: ${list.join("; ")}${more}</p>`;
}
