import { groupConversations } from "../groups.ts";
import { Page } from "../page.ts";
import type { Pen } from "../pen.ts";
import type { ConversationRow, RuleRow, RunResult } from "../result.ts";
import { shellWord } from "../safe.ts";
import type { TextOptions } from "../text.ts";
import { citations, expected, FrameNames, few, hostIn, plural, responder, sentence, service } from "../words.ts";
import { printFrames } from "./conversation.ts";
import { absenceCommands, conversationCommands, frameCommands } from "./filters.ts";

const COLUMN = 16;
/** Groups of conversations listed under each heading, unless all are asked for. */
const LISTED = 10;
/** Conversations that get a command of their own. */
const COMMANDS = 3;

export function explainRule(result: RunResult, rule: RuleRow, options: TextOptions): string {
  const { pen } = options;
  const page = new Page(pen);
  const frames = new FrameNames(result.captures);
  page.hang(
    { text: `${pen.glyphs.dot} RULE ${rule.model}/${rule.rule_id}`, paint: pen.bold },
    rule.status === rule.reason_code ? rule.status : `${rule.status} (${rule.reason_code})`,
    {
      indent: 0,
      paint: statusPaint(rule, pen),
    },
  );
  page.text(expected(rule, pen.glyphs.arrow));
  page.text(sentence(rule.reason));
  if (rule.remedy !== null) page.hang({ text: "What to do:", paint: pen.bold }, sentence(rule.remedy));
  if (rule.waived !== null) page.text(`Waived: ${rule.waived}`, { paint: pen.yellow });

  page.heading("WHERE IT SAYS SO");
  const facts: [string, string | null][] = [
    ["document", rule.document],
    ["section", citations(rule).join("; ")],
    ["needed", rule.requirement],
    ["from", rule.from_role],
    ["to", rule.to_endpoint],
    ["over", [rule.transport, rule.ports].filter((part) => part !== "").join("/")],
    ["as", rule.app ?? "any application"],
  ];
  for (const [label, text] of facts) {
    if (text !== null && text !== "") page.hang({ text: label, paint: pen.dim }, text, { column: COLUMN });
  }
  if (rule.hosts.length > 0) {
    page.heading("HOST BY HOST");
    page.table(
      rule.hosts.map((host) => [
        { text: hostIn(host) },
        { text: host.status, paint: statusPaint(host, pen) },
        { text: sentence(host.reason) },
      ]),
    );
  }
  printFrames(page, "EVIDENCE", rule.evidence, rule.evidence.length, frames);

  const own = result.judged.filter((c) => belongs(c, rule));
  const missed = result.judged.filter((c) => c.verdict === "undocumented" && isRule(c.evidence?.nearest, rule));
  printList(page, "CONVERSATIONS UNDER IT", own, options);
  printList(page, "NEAREST TO IT, NOT COVERED", missed, options);
  const shown = [...own, ...missed].slice(0, COMMANDS);
  const commands = [
    ...frameCommands(result.captures, rule.evidence),
    ...shown.flatMap((c) => conversationCommands(result.captures, c)),
  ];
  if (commands.length === 0 && rule.status === "missing") commands.push(...absenceCommands(result.captures, rule));
  if (commands.length > 0) {
    page.heading("LOOK AT THE PACKETS");
    for (const command of commands) page.command(command);
  }
  const first = shown[0];
  if (first !== undefined && options.database !== null) {
    page.heading("NEXT");
    page.command(`wirepact explain ${shellWord(options.database)} ${first.conversation_id}`);
  }
  return page.toString();
}

function statusPaint(row: Pick<RuleRow, "status">, pen: Pen): (text: string) => string {
  switch (row.status) {
    case "met":
      return pen.green;
    case "unused":
      return pen.dim;
    case "not-evaluable":
      return pen.yellow;
    case "violated":
    case "blocked":
    case "missing":
    case "partial":
      return pen.red;
  }
}

function isRule(reference: { model: string; rule_id: string } | null | undefined, rule: RuleRow): boolean {
  return reference?.model === rule.model && reference.rule_id === rule.rule_id;
}

function belongs(c: ConversationRow, rule: RuleRow): boolean {
  if (c.rules.some((each) => isRule(each, rule))) return true;
  return c.model === rule.model && c.rule_id === rule.rule_id;
}

function printList(page: Page, title: string, list: readonly ConversationRow[], options: TextOptions): void {
  if (list.length === 0) return;
  page.heading(title, plural(list.length, "conversation"));
  const groups = groupConversations(list);
  const most = options.all ? groups.length : LISTED;
  for (const { first, count, initiators } of groups.slice(0, most)) {
    const extent = count > 1 ? `, ${plural(count, "conversation")}` : "";
    const text = `${first.verdict}: ${few(initiators, 3)} ${page.pen.glyphs.arrow} ${responder(first)} ${service(first)}, ${first.outcome}${extent}`;
    page.hang({ text: first.conversation_id, paint: page.pen.dim }, text);
  }
  if (groups.length > most)
    page.text(`and ${plural(groups.length - most, "more", "more")}; --all lists them`, { paint: page.pen.dim });
}
