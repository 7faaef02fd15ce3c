/** The page's short sections: the answer, the document's table, the captures, what was in force and how to do it again. */
import { APPS } from "../../model/apps.ts";
import { doesNotApply } from "../drift.ts";
import { askedOf, extentBelow, whoAsked } from "../looked-up.ts";
import { undocumentedLookups } from "../lookup-rows.ts";
import { qualityRows } from "../quality.ts";
import type { ConversationRow, RuleRow, RunResult } from "../result.ts";
import { shellWord } from "../safe.ts";
import { headline } from "../summary.ts";
import { actionsOf } from "../text/actions.ts";
import type { TextContext } from "../text/context.ts";
import { facts, warnings } from "../text/head.ts";
import { howBound } from "../text/tail.ts";
import { bytes, citations, expected, hostIn, number, plural, sentence, sentences, timeSpan } from "../words.ts";
import { cells, html, type Markup, NOTHING, table } from "./markup.ts";
import { MOODS, type Mood, moodOfRule, sign, signed } from "./mood.ts";
import { inWords } from "./words.ts";

/** What was compared, the verdict, what it amounts to in plain words, and what to do. */
export function answer(context: TextContext): Markup {
  const { result } = context;
  const { mood, title, says } = headline(result);
  const words = inWords(result, context.strict);
  const actions = actionsOf(context);
  const rests = facts(result, {
    label: "Document",
    of: ({ name, document, version }) => `${document}${version === null ? "" : ` ${version}`} (model ${name})`,
  });
  return html`<header class="${mood}"><h1><span aria-hidden="true">${sign(mood)}</span> ${title}</h1>${
    words.length === 0
      ? html`<p class="lead">${says}</p>`
      : html`<p class="lead">Recorded network traffic, held against the document that says what should be there. A conversation is all that one host says to another for one purpose.</p><ul class="plain lead">${words.map(
          ([mood, text]) => html`<li>${signed(mood, text)}</li>`,
        )}</ul>`
  }</header>
<dl>${rests.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>
${warnings(result).map((warning) => html`<p class="warn">${warning}</p>`)}
${actions.length === 0 ? NOTHING : html`<section><h2 id="do">What to do</h2><ol>${actions.map((action) => html`<li>${action}</li>`)}</ol></section>`}`;
}

/** What the document lists, in groups by what became of it; a long one that asks for nothing is closed. */
export function rules(context: TextContext): Markup {
  const { result } = context;
  if (result.rules.length === 0) return NOTHING;
  const documents = result.run.models.map(
    ({ name, document, version }) => `${document}${version === null ? "" : ` ${version}`} (model ${name})`,
  );
  const groups = MOODS.map((mood) => ({ mood, rows: result.rules.filter((rule) => moodOfRule(rule) === mood) }));
  return html`<section><h2 id="document">The document, row by row</h2><p class="dim">${documents.join("; ")}. Each row is one connection that the document lists; <q>FILE#7</q> is the seventh packet of that file, by Wireshark’s count.</p>${groups
    .filter(({ rows }) => rows.length > 0)
    .map(({ mood, rows }) => {
      const open = mood === "bad" || mood === "good" || rows.length <= SHORT;
      return html`<details class="page"${open ? html` open` : NOTHING}><summary>${signed(mood, GROUPS[mood])}: ${plural(rows.length, "row")}</summary>${table(
        GROUPS[mood],
        ["Status", "What the document lists", "What was seen", "Place in the document"],
        rows.map((rule) => ruleRow(context, rule)),
        "rows",
      )}</details>`;
    })}</section>`;
}

/** Rows of a group that may stand open though nothing is to be done about them. */
const SHORT = 6;
const GROUPS: Readonly<Record<Mood, string>> = {
  bad: "Not, or not as written",
  unsure: "This recording can’t say",
  good: "Seen as written",
  off: "Not needed and not seen, not for this installation, or waived",
};

function ruleRow(context: TextContext, rule: RuleRow): Markup {
  const plain = doesNotApply(rule) ? "not for this installation" : rule.status;
  const status = rule.waived === null ? plain : `${plain}, waived`;
  const proof = rule.evidence.length === 0 ? "" : ` [${context.frames.list(rule.evidence, 4)}]`;
  const waived = rule.waived === null ? "" : ` Waived: ${sentence(rule.waived)}`;
  const hosts =
    rule.hosts.length < 2
      ? NOTHING
      : html`<details><summary>Host by host (${rule.hosts.length})</summary><ul>${rule.hosts.map(
          (host) => html`<li>${hostIn(host)}: ${host.status}, ${host.reason}</li>`,
        )}</ul></details>`;
  return cells(
    signed(moodOfRule(rule), status),
    html`${expected(rule, "→")} (${rule.requirement})<br><span class="dim">${context.rule(rule)}</span>`,
    html`<span>${sentences(rule.reason, rule.remedy)}${waived}${proof}</span>${hosts}`,
    citations(rule).join("; "),
  );
}

/** Names that judged hosts asked for and no document has; nothing where there are none. */
export function lookedUp({ result, frames }: TextContext): Markup {
  const asked = askedOf(undocumentedLookups(result));
  if (asked.length === 0) return NOTHING;
  return html`<section><h2 id="names">Names asked for that no document has</h2><p class="dim">A name that a host of a role looked up. No row has it, so nobody has said what it is for.</p>${table(
    "Names asked for",
    ["Name", "Who asked for it"],
    asked
      .slice(0, MOST_NAMES)
      .map(({ title, names }) =>
        names.length === 1
          ? cells(title, whoAsked(names, frames))
          : cells(
              title,
              html`${extentBelow(names)}; ${whoAsked(names, frames)}<details><summary>Each of them (${names.length})</summary><ul>${names
                .slice(0, MOST_NAMES)
                .map((one) => html`<li>${one[0]}: ${whoAsked([one], frames)}</li>`)}</ul></details>`,
            ),
      ),
    "rows",
  )}${asked.length <= MOST_NAMES ? NOTHING : html`<p>${number(asked.length - MOST_NAMES)} more are not on this page: <code>--format json</code> has all.</p>`}</section>`;
}

/** Names in a table, and below one domain: what a browser opens at once. */
const MOST_NAMES = 2_000;

export function captureQuality(result: RunResult): Markup {
  const rows = qualityRows(result);
  return html`<section><h2 id="capture">The recording itself</h2>${table(
    "Captures",
    ["File", "Format", "Packets", "Size", "Lost while recording", "Time"],
    result.captures.map((c) =>
      cells(
        c.path === "-" ? "standard input" : c.path,
        c.format,
        number(c.packets),
        bytes(c.bytes),
        c.drops === null ? "the file does not say" : number(c.drops),
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
    ...run.bindings.map((b) => cells(`${b.role} = ${b.values.join(", ")}`, howBound(b))),
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

/** What a reader who has never seen a packet may take for more, or for something else, than it is. */
export function meaning(result: RunResult, rows: readonly ConversationRow[]): Markup {
  const spoken = new Set(rows.flatMap(({ app, inner_app }) => [app, inner_app]).filter((app) => app !== null));
  const protocols = Object.entries(APPS).filter(([id]) => spoken.has(id));
  const judged = result.run.models.length > 0;
  return html`<section><h2 id="meaning">What the words mean</h2>${
    judged
      ? html`<h3>Verdicts on conversations</h3><dl>
<dt>documented</dt><dd>A row of the document covers the conversation, and every part of the row was proved by packets.</dd>
<dt>violation</dt><dd>A row covers it and something the row asks for is broken, or the row forbids it.</dd>
<dt>undocumented</dt><dd>No row covers it. That is a difference to be explained: it may be the product, its settings or the document. It is not yet an attack.</dd>
<dt>inconclusive</dt><dd>A row could cover it, and this recording can’t prove it. Neither good nor bad.</dd>
<dt>waived</dt><dd>Somebody has looked at it and accepted it until a day; the reason stands beside it.</dd>
<dt>ignored, unrelated</dt><dd>What every host needs, such as name resolution; or neither end is a host of this product.</dd></dl>
<h3>Status of the document’s rows</h3><dl>
<dt>met</dt><dd>It was seen, as the document says.</dd>
<dt>missing</dt><dd>It was not seen, though the recording could have shown it. The row is in the document; what is missing is the traffic.</dd>
<dt>blocked</dt><dd>It was tried and did not come up: often a firewall.</dd>
<dt>violated, partial</dt><dd>It was seen, but not as the row asks; or only some of the hosts that the row names were.</dd>
<dt>unused</dt><dd>It need not happen, and did not.</dd>
<dt>not-evaluable</dt><dd>This recording can’t say; beside it stands what would let it.</dd></dl>`
      : NOTHING
  }<h3>Network words</h3><dl>
<dt>capture</dt><dd>The recording of network traffic that this page speaks of.</dd>
<dt>conversation, flow</dt><dd>All that one host says to another for one purpose; it is made of one or more connections, called flows.</dd>
<dt>tcp/443 tls</dt><dd>The way it takes: transport (tcp or udp) and port, and then the language that its content shows.</dd>
<dt>established, answered</dt><dd>A connection came up; a question got an answer. <b>one-way</b>: it needs no answer. <b>unanswered, refused, unreachable, failed</b>: it did not come up.</dd>
${protocols.map(([id, about]) => html`<dt>${id}</dt><dd>${about}</dd>`)}</dl>
<p>The page speaks of what passed this place in the network in this time. It does not say that a product is secure, nor what runs inside encryption.</p></section>`;
}
