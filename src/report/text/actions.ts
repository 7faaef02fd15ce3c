import { extentOf, type Finding, wantedSetting } from "../causes.ts";
import { isBan } from "../drift.ts";
import { whyNothingJudged } from "../exit.ts";
import { judgedCount } from "../packed-rows.ts";
import type { RuleRow } from "../result.ts";
import { type ConversationGroup, nothingRead, ruleFindings } from "../summary.ts";
import { cited, expected, few, plural, responder, sentence, service } from "../words.ts";
import type { TextContext } from "./context.ts";

/** Findings of one kind that get a line of advice of their own; the rest is counted. */
const EACH = 3;

/** What to do, the most useful first; empty where nothing is to be done. Each is a sentence that can be mailed as it is. */
export function actionsOf(context: TextContext): string[] {
  const { result } = context;
  if (result.run.models.length === 0 || nothingRead(result)) return [];
  const rules = ruleFindings(result).filter((rule) => rule.waived === null);
  const blocked = rules.filter((rule) => rule.status === "blocked");
  const absent = rules.filter((rule) => rule.status === "missing" || rule.status === "partial");
  const violations = context.findings("violation").findings.flatMap(({ groups }) => groups);
  const actions = [
    ...firstOf(
      blocked,
      (rule) => sentence(rule.remedy ?? allow(rule, context)),
      "more rule is blocked",
      "more rules are blocked",
    ),
    ...firstOf(violations, (g) => mend(g, context), "more violation", "more violations"),
    ...firstOf(
      context.findings("undocumented").findings,
      (finding) => askAll(finding, context),
      "more is undocumented",
      "more are undocumented",
    ),
    ...firstOf(absent, (rule) => lookAt(rule, context), "more rule is not met", "more rules are not met"),
  ];
  const unnamed = roleToName(context);
  const remedies = unevaluableRemedies(context, unnamed?.role ?? null);
  const first = unnamed?.says ?? doubtTheBinding(context);
  const order = whyNothingJudged(result) === null ? [...actions, ...remedies] : [...remedies, ...actions];
  return first === null ? order : [first, ...order];
}

function firstOf<T>(findings: readonly T[], say: (finding: T) => string, one: string, many: string): string[] {
  const left = findings.length - EACH;
  const said = findings.slice(0, left === 1 ? EACH + 1 : EACH).map(say);
  return left > 1 ? [...said, `${plural(left, one, many)}: see below.`] : said;
}

function allow(rule: RuleRow, { options }: TextContext): string {
  return `Allow ${expected(rule, options.pen.glyphs.arrow)} (documented under ${cited(rule)}).`;
}

/** The remedy speaks of "it": what that is comes first, so that the line can stand alone. */
function lookAt(rule: RuleRow, context: TextContext): string {
  const wanted = expected(rule, context.options.pen.glyphs.arrow);
  const state = rule.status === "partial" ? "only in part" : "not";
  const remedy = rule.remedy ?? `find out why; it is documented under ${cited(rule)}`;
  return sentence(`${context.rule(rule)} (${wanted}) was ${state} seen: ${remedy}`);
}

function mend(group: ConversationGroup, context: TextContext): string {
  const c = group.first;
  const who = ends(group, context);
  if (c.expectation === null || isBan(c))
    return sentence(`Stop ${who}: ${c.reason ?? "it is in violation of the document"}`);
  return `Correct ${who}: the document asks for ${c.expectation}${c.found === null ? "" : `; found: ${c.found}`}.`;
}

function ask(group: ConversationGroup, context: TextContext): string {
  const who = ends(group, context);
  const miss = group.first.evidence?.nearest;
  if (!miss || miss.clause === "whom") return `Ask the vendor what ${who} is for: it is ${context.notIn()}.`;
  return sentence(`Ask the vendor what ${who} is for: it is near ${context.rule(miss)}, but ${miss.says}`);
}

/** Several with one cause are one question. */
function askAll({ cause, groups }: Finding, context: TextContext): string {
  if (cause === null) return ask(groups[0]!, context);
  const extent = extentOf(cause, groups);
  if (cause.kind !== "setting") {
    const who = [...new Set(groups.flatMap(({ initiators }) => initiators))];
    const by = cause.kind === "ports" ? "" : `, by ${few(who, 2)}`;
    return `Ask the vendor about ${extent}${by}: they are ${context.notIn()}.`;
  }
  const now = settingsIn(cause.says, context);
  return `Check ${now === "" ? "the parameters" : now}: ${extent} would be documented where ${wantedSetting(cause.says)}.`;
}

/** The settings in force that a cause speaks of, as they are typed. */
export function settingsIn(cause: string, { result }: TextContext): string {
  const set = result.run.parameters.filter(({ name, value }) => value !== null && cause.includes(`${name} is `));
  return set.map(({ name, value }) => `--set ${name}=${value}`).join(" ");
}

function ends(group: ConversationGroup, { options }: TextContext): string {
  return `${few(group.initiators, 2)} ${options.pen.glyphs.arrow} ${responder(group.first)} ${service(group.first)}`;
}

/** Nobody plays a role: until that is said, nothing else helps. */
function roleToName({ result }: TextContext): { role: string; says: string } | null {
  if (result.run.bindings.length > 0) return null;
  const waiting = new Map<string, number>();
  for (const { from_role } of result.rules) {
    if (from_role !== null) waiting.set(from_role, (waiting.get(from_role) ?? 0) + 1);
  }
  const [busiest] = [...waiting].filter(([role]) => !NO_ROLES.has(role)).sort((a, b) => b[1] - a[1]);
  if (busiest === undefined) return null;
  const [role, count] = busiest;
  const says =
    `Say which host is which, ${role} first (${plural(count, "rule begins", "rules begin")} there): ` +
    `--bind ${role}=ADDRESS, or a site file.`;
  return { role, says };
}

/** What stands in the place of a role and is none that can be bound. */
const NO_ROLES: ReadonlySet<string> = new Set(["anyone", "judged", "internet"]);

/** Conversations of a host that are in no document before it is doubted, where not one of its rules is met. */
const DOUBTFUL = 3;

/** Much that no document has and nothing that it asks for: more likely another host than a product gone astray. */
function doubtTheBinding({ result }: TextContext): string | null {
  const undocumented = judgedCount(result, "undocumented");
  const covered = judgedCount(result, "documented") + judgedCount(result, "violation") > 0;
  if (undocumented < DOUBTFUL || covered || result.rules.some((rule) => rule.status === "blocked")) return null;
  const seen = result.run.bindings.filter((binding) => binding.seen);
  if (seen.length === 0) return null;
  const roles = seen.map((binding) => `${few(binding.values, 2)} is ${binding.role}`);
  return `Check that ${few(roles, 3)}, and the parameters: nothing that was seen is what the document describes.`;
}

/** What would make rules evaluable: the remedy that opens most of them first. `said`: a role that is to be bound anyway. */
function unevaluableRemedies({ result }: TextContext, said: string | null): string[] {
  const waiting = new Map<string, number>();
  for (const rule of result.rules) {
    if (rule.status === "not-evaluable" && rule.remedy !== null)
      waiting.set(rule.remedy, (waiting.get(rule.remedy) ?? 0) + 1);
  }
  const others = [...waiting].filter(([remedy]) => said === null || remedy !== `give --bind ${said}=ADDRESS`);
  const sorted = others.sort((a, b) => b[1] - a[1]);
  return sorted
    .slice(0, EACH)
    .map(
      ([remedy, count]) =>
        `${sentence(remedy.replace(/^give --/, "run it again with --")).slice(0, -1)} (${plural(count, "rule waits", "rules wait")} for it).`,
    );
}
