import { type Cause, extentOf, wantedSetting } from "../causes.ts";
import { doesNotApply, isBan, isUnevaluableNeed } from "../drift.ts";
import { spokenOf } from "../findings.ts";
import { type ConversationGroup, groupConversations } from "../groups.ts";
import { waivedOf } from "../packed-rows.ts";
import type { Page } from "../page.ts";
import type { Paint } from "../pen.ts";
import type { ConversationRow, RuleRow, Verdict } from "../result.ts";
import { ruleFindings } from "../summary.ts";
import { cited, expected, few, hostIn, plural, responder, sentence, sentences, service, wayOf } from "../words.ts";
import { settingsIn } from "./actions.ts";
import { printMore, type TextContext } from "./context.ts";
import { printLookups } from "./looked-up.ts";

/** Every finding with its evidence, the worst kind first; then what could not be decided; then what was waived. */
export function printFindings(page: Page, context: TextContext): void {
  const { rules } = context.result;
  const { pen } = page;
  printConversations(page, context, "violation", "a rule or a ban of the document is broken", pen.red);
  printConversations(page, context, "undocumented", `on the wire and ${context.notIn()}`, pen.red);
  printRuleFindings(page, context);
  const unproved = "a rule could cover it, and this capture can't prove it";
  printConversations(page, context, "inconclusive", unproved, pen.yellow);
  printUnevaluable(
    page,
    context,
    rules.filter((rule) => rule.status === "not-evaluable"),
  );
  printLookups(page, context);
  printWaived(page, context);
}

function printConversations(page: Page, context: TextContext, verdict: Verdict, note: string, paint: Paint): void {
  const { count, findings } = context.findings(verdict);
  if (count === 0) return;
  page.heading(verdict.toUpperCase(), `${plural(count, "conversation")}: ${note}`);
  for (const { cause, groups } of findings.slice(0, context.listed)) {
    if (cause !== null) page.hang({ text: "One cause", paint }, causeText(cause, groups, context));
    for (const group of groups.slice(0, context.listed)) printGroup(page, context, group, paint, cause === null);
    if (cause !== null) printMore(page, context, groups.length);
  }
  printMore(page, context, findings.length);
}

/** What they have in common, and the question that it raises. */
function causeText(cause: Cause, groups: readonly ConversationGroup[], context: TextContext): string {
  const extent = extentOf(cause, groups);
  if (cause.kind === "reason") return sentence(`${extent}: ${cause.says}`);
  if (cause.kind !== "setting") return `${extent}: no rule covers any of them.`;
  const now = settingsIn(cause.says, context);
  const question = now === "" ? "" : ` Is ${now} right?`;
  return `${extent}: each would be documented where ${wantedSetting(cause.says)}.${question}`;
}

function printGroup(page: Page, context: TextContext, group: ConversationGroup, paint: Paint, alone: boolean): void {
  const c = group.first;
  const id = context.id(c);
  const column = 2 + id.length + 2;
  const way = wayOf(c, page.pen.glyphs);
  const extent = group.count > 1 ? `${plural(group.count, "conversation")}, ${c.outcome}` : c.outcome;
  page.hang({ text: id, paint }, `${few(group.initiators, 3)} ${way} ${responder(c)} ${service(c)}, ${extent}`, {
    column,
  });
  const frames = framesOf(c, context);
  const reasons = alone ? sentences(expectation(c), why(c, context)) : nearestOf(c, context);
  const text = [reasons, frames].filter((part) => part !== "").join(" ");
  if (text !== "") page.text(text, { indent: column, paint: page.pen.dim });
}

function expectation(c: ConversationRow): string | null {
  if (c.expectation === null || isBan(c)) return null;
  return `Documented: ${c.expectation}; found: ${c.found ?? "nothing that can be read"}`;
}

/** The reason, and the closest rule with the clause that failed, without saying either twice. */
function why(c: ConversationRow, context: TextContext): string {
  if (c.expectation !== null && c.reason === `expected ${c.expectation}, found ${c.found}`) return "";
  const miss = c.evidence?.nearest;
  if (!miss || c.reason?.includes(miss.rule_id)) return sentence(c.reason);
  const nearest = `Nearest is ${context.rule(miss)}: ${miss.says}`;
  return c.reason === miss.says ? sentence(nearest) : sentences(c.reason, nearest);
}

/** What is left to say of one of several with a cause in common. */
function nearestOf(c: ConversationRow, context: TextContext): string {
  const miss = c.evidence?.nearest;
  return miss ? `Nearest is ${context.rule(miss)}.` : "";
}

function framesOf(c: ConversationRow, { frames }: TextContext): string {
  const shown = frames.list(spokenOf(c));
  return shown === "" ? "" : `[${shown}]`;
}

function printRuleFindings(page: Page, context: TextContext): void {
  const list = ruleFindings(context.result).filter((rule) => rule.waived === null);
  if (list.length === 0) return;
  page.heading("RULES NOT MET", `${plural(list.length, "rule")}: in the document and not, or not so, on the wire`);
  for (const rule of list.slice(0, context.listed)) printRule(page, context, rule);
  printMore(page, context, list.length);
}

function printRule(page: Page, context: TextContext, rule: RuleRow): void {
  const { pen } = page;
  const head = `${rule.status}: ${expected(rule, pen.glyphs.arrow)} (${cited(rule)})`;
  page.hang({ text: context.rule(rule), paint: pen.red }, head);
  const evidence = context.frames.list(rule.evidence);
  const text = sentences(rule.reason, rule.remedy);
  page.text(evidence === "" ? text : `${text} [${evidence}]`, { indent: 4, paint: pen.dim });
  if (rule.hosts.length < 2) return;
  for (const host of rule.hosts.slice(0, context.listed)) {
    page.hang({ text: hostIn(host) }, `${host.status}: ${host.reason}`, { indent: 6, paint: pen.dim });
  }
  if (rule.hosts.length > context.listed)
    page.text(`and ${plural(rule.hosts.length - context.listed, "more host")}`, { indent: 6 });
}

/** Rules that this capture can't say anything of, folded by reason: what opens one of them opens the others. */
function printUnevaluable(page: Page, context: TextContext, rules: readonly RuleRow[]): void {
  if (rules.length === 0) return;
  page.heading("NOT EVALUABLE", `${plural(rules.length, "rule")}: this capture can't say`);
  const byReason = new Map<string, RuleRow[]>();
  for (const rule of rules) {
    const key = `${rule.reason}\n${rule.remedy ?? ""}`;
    const same = byReason.get(key);
    if (same === undefined) byReason.set(key, [rule]);
    else same.push(rule);
  }
  const groups = [...byReason.values()].sort((a, b) => applies(b) - applies(a) || b.length - a.length);
  for (const group of groups.slice(0, context.listed)) {
    const first = group[0];
    if (first === undefined) continue;
    const needed = context.strict && group.some(isUnevaluableNeed);
    const paint = needed ? page.pen.red : applies(group) === 0 ? page.pen.dim : page.pen.yellow;
    page.hang({ text: page.pen.glyphs.unsure, paint }, sentences(first.reason, first.remedy));
    page.text(
      few(
        group.map((rule) => context.rule(rule)),
        context.options.all ? group.length : 6,
      ),
      { indent: 5, paint: page.pen.dim },
    );
  }
  printMore(page, context, groups.length);
}

/** 1 where something can be done about these rules, 0 where their condition is off. */
function applies(rules: readonly RuleRow[]): number {
  return rules.some((rule) => !doesNotApply(rule)) ? 1 : 0;
}

function printWaived(page: Page, context: TextContext): void {
  const conversations = waivedOf(context.result);
  const rules = context.result.rules.filter((rule) => rule.waived !== null);
  if (conversations.length + rules.length === 0) return;
  page.heading("WAIVED", "findings that the site accepts; they count for nothing");
  const groups = groupConversations(conversations);
  for (const { first, count, initiators } of groups.slice(0, context.listed)) {
    const extent = count > 1 ? `, ${plural(count, "conversation")}` : "";
    const ends = `${few(initiators, 3)} ${page.pen.glyphs.arrow} ${responder(first)} ${service(first)}`;
    page.hang({ text: context.id(first) }, `${first.verdict}: ${ends}${extent}. Waived: ${first.waived}`, {
      paint: page.pen.dim,
    });
  }
  printMore(page, context, groups.length);
  for (const rule of rules.slice(0, context.listed)) {
    page.hang({ text: context.rule(rule) }, `${rule.status}. Waived: ${rule.waived}`, {
      paint: page.pen.dim,
    });
  }
  printMore(page, context, rules.length);
}
