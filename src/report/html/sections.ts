/** The page's short sections: the answer, the document's table, the captures, what was in force and how to do it again. */
import { doesNotApply } from "../drift.ts";
import { qualityRows } from "../quality.ts";
import type { RuleRow, RunResult } from "../result.ts";
import { shellWord } from "../safe.ts";
import { headline } from "../summary.ts";
import { actionsOf } from "../text/actions.ts";
import type { TextContext } from "../text/context.ts";
import { facts, warnings } from "../text/head.ts";
import { bytes, citations, expected, number, sentence, sentences, timeSpan } from "../words.ts";
import { cells, html, type Markup, NOTHING, table } from "./markup.ts";
import { MOODS, moodOfRule, sign, signed } from "./mood.ts";

export function answer(context: TextContext): Markup {
  const { result } = context;
  const { mood, title, says } = headline(result);
  const actions = actionsOf(context);
  return html`<header class="${mood}"><h1><span aria-hidden="true">${sign(mood)}</span> ${title}</h1><p class="lead">${says}</p></header>
<dl>${facts(result).map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>
${warnings(result).map((warning) => html`<p class="warn">${warning}</p>`)}
${actions.length === 0 ? NOTHING : html`<section><h2 id="do">What to do</h2><ol>${actions.map((action) => html`<li>${action}</li>`)}</ol></section>`}`;
}

/** The document's rows, each with its sign; those that do not hold first. */
export function rules(context: TextContext): Markup {
  const { result } = context;
  if (result.rules.length === 0) return NOTHING;
  const documents = result.run.models.map(
    ({ name, document, version }) => `${name}: ${document}${version === null ? "" : ` ${version}`}`,
  );
  const rows = [...result.rules].sort((a, b) => MOODS.indexOf(moodOfRule(a)) - MOODS.indexOf(moodOfRule(b)));
  return html`<section><h2 id="document">What the document lists</h2><p class="dim">${documents.join("; ")}. ${signed("good", "seen as written")} · ${signed("bad", "not, or not so")} · ${signed("unsure", "this capture can’t say")} · ${signed("off", "not needed and not seen, not for this installation, or waived")}</p>${table(
    "Rows of the document, those that do not hold first",
    ["Status", "Row", "Expected", "What was seen", "Place in the document"],
    rows.map((rule) => ruleRow(context, rule)),
  )}</section>`;
}

function ruleRow(context: TextContext, rule: RuleRow): Markup {
  const plain = doesNotApply(rule) ? "not for this installation" : rule.status;
  const status = rule.waived === null ? plain : `${plain}, waived`;
  const proof = rule.evidence.length === 0 ? "" : ` [${context.frames.list(rule.evidence, 4)}]`;
  const waived = rule.waived === null ? "" : ` Waived: ${sentence(rule.waived)}`;
  const hosts =
    rule.hosts.length < 2
      ? NOTHING
      : html`<details><summary>Host by host (${rule.hosts.length})</summary><ul>${rule.hosts.map(
          ({ host, status, reason }) => html`<li>${host}: ${status}, ${reason}</li>`,
        )}</ul></details>`;
  return cells(
    signed(moodOfRule(rule), status),
    context.rule(rule),
    `${expected(rule, "→")} (${rule.requirement})`,
    html`<span>${sentences(rule.reason, rule.remedy)}${waived}${proof}</span>${hosts}`,
    citations(rule).join("; "),
  );
}

export function captureQuality(result: RunResult): Markup {
  const rows = qualityRows(result);
  return html`<section><h2 id="capture">What the capture is like</h2>${table(
    "Captures",
    ["File", "Format", "Packets", "Size", "Lost while capturing", "Time"],
    result.captures.map((c) =>
      cells(
        c.path === "-" ? "standard input" : c.path,
        c.format,
        number(c.packets),
        bytes(c.bytes),
        c.drops === null ? "not written in it" : number(c.drops),
        `${timeSpan(c.first_time, c.last_time) ?? "no packet"}${c.damage === null ? "" : `; ${c.damage}`}${c.cut ? "; cut in its last record" : ""}`,
      ),
    ),
  )}${
    rows.length === 0
      ? NOTHING
      : html`<details><summary>Everything that was counted (${rows.length})</summary>${table(
          "Counts",
          ["Count", "Measure", "What it counts"],
          rows.map(({ count, measure, about }) => cells(count, measure, about)),
        )}</details>`
  }</section>`;
}

export function again(context: TextContext): Markup {
  const { run } = context.result;
  const { database } = context.options;
  const settings = [
    ...run.bindings.map((b) => cells(`${b.role} = ${b.values.join(", ")}`, `${b.how}${b.seen ? "" : ", not seen"}`)),
    ...run.parameters.map((p) => cells(`${p.name} = ${p.value ?? "?"}`, p.how === "missing" ? "not given" : p.how)),
  ];
  const stored =
    database === null
      ? NOTHING
      : html`<p>Printed again from the stored run, or one finding explained:</p><pre>wirepact report ${shellWord(database)} --format html --out report.html
wirepact explain ${shellWord(database)} ID</pre>`;
  return html`<section><h2 id="again">To do it again</h2><p>The command that made this run:</p><pre>${run.command}</pre>${stored}${
    settings.length === 0 ? NOTHING : table("Roles and parameters in force", ["Setting", "From where"], settings)
  }<p class="dim">Wirepact ${run.wirepact}, started ${sentence(run.started_at)} Frames (FILE#N) have the numbers of Wireshark and tshark.</p></section>`;
}

/** What a reader who has never seen a packet may take for more than it is. */
export function meaning(): Markup {
  return html`<section><h2 id="meaning">What the words mean</h2><dl>
<dt>documented</dt><dd>A row of the document covers the conversation, and every part of the row was proved by packets.</dd>
<dt>violation</dt><dd>A row covers it and something the row asks for is broken, or the row forbids it.</dd>
<dt>undocumented</dt><dd>No row covers it. That is a difference to be explained, not yet an attack.</dd>
<dt>inconclusive</dt><dd>A row could cover it, and this capture can’t prove it.</dd>
<dt>ignored, unrelated</dt><dd>What every host needs, such as name resolution; or neither end is a host of this product.</dd>
<dt>met, missing, blocked</dt><dd>Of a row: it was seen; the capture could have shown it and did not; it was tried and did not come up.</dd>
<dt>not-evaluable</dt><dd>Of a row: this capture can’t say; beside it stands what would let it.</dd></dl>
<p>The page speaks of what passed this capture point in this time. It does not say that a product is secure, nor what runs inside encryption.</p></section>`;
}
