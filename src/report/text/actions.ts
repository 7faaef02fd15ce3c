import { extentOf, type Finding, wantedSetting } from "../causes.ts";
import { isBan, isUnevaluableNeed } from "../drift.ts";
import { whyNothingJudged } from "../exit.ts";
import type { ConversationGroup } from "../groups.ts";
import { judgedCount } from "../packed-rows.ts";
import type { RuleRow } from "../result.ts";
import { nothingRead, ruleFindings } from "../summary.ts";
import { cited, expected, few, number, plural, responder, sentence, service, wayOf } from "../words.ts";
import type { TextContext } from "./context.ts";
import { askAboutNames } from "./looked-up.ts";

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
  const { findings } = context.findings("undocumented");
  const questions = findings.filter(({ cause }) => cause?.kind === "setting");
  const doubted = result.run.parameters.filter(({ name }) =>
    questions.some(({ cause }) => cause?.kind === "setting" && cause.says.includes(`${name} is `)),
  );
  // With another setting the document asks for none of these: that question comes before them.
  const inDoubt = blocked.filter(({ remedy }) => doubted.some(({ name }) => remedy?.includes(`${name} is `) === true));
  const doubts = inDoubt.length === 0 ? [] : questions;
  const actions = [
    ...doubts.map((finding) => `${askAll(finding, context)} ${onlyThen(inDoubt.length)}`),
    ...firstOf(
      blocked.filter((rule) => !inDoubt.includes(rule)),
      (rule) => sentence(rule.remedy ?? allow(rule, context)),
      "more rule is blocked",
      "more rules are blocked",
    ),
    ...firstOf(violations, (g) => mend(g, context), "more violation", "more violations"),
    ...firstOf(
      findings.filter((finding) => !doubts.includes(finding)),
      (finding) => askAll(finding, context),
      "more is undocumented",
      "more are undocumented",
    ),
    ...askAboutNames(context),
    ...firstOf(absent, (rule) => lookAt(rule, context), "more rule is not met", "more rules are not met"),
  ];
  const unnamed = roleToName(context);
  const mirror = mirrorFirst(context);
  const remedies = unevaluableRemedies(context, unnamed?.role ?? null, mirror.length > 0);
  const first = unnamed?.says ?? doubtTheBinding(context);
  const order = whyNothingJudged(result) === null ? [...actions, ...remedies] : [...remedies, ...actions];
  return [...mirror, ...(first === null ? [] : [first]), ...order];
}

const MIRROR = "mirror both directions";

const onlyThen = (count: number): string =>
  `Only if that is right is anything to be done about the ${count === 1 ? "rule" : `${count} rules`} below that ${count === 1 ? "is" : "are"} blocked.`;

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
  const { app, port, responder: server } = group.first;
  if (app === "dns" && port === 53 && !miss && mayBeResolver(server, context))
    return `Run it again with --bind resolver=${server}, if that is a name server of this network; else ask the vendor why ${few(group.initiators, 2)} asks it.`;
  if (!miss || miss.clause === "whom") return `Ask the vendor what ${who} is for: it is ${context.notIn()}.`;
  const failed = group.first.evidence?.clauses.filter(
    ({ clause, result }) => result === "failed" && clause !== "expect",
  );
  // Where more than the setting differs another setting would not document it.
  const now = miss.clause === "when" && failed?.length === 1 ? settingsIn(miss.says, context) : "";
  if (now !== "") return sentence(`Check ${now}: ${who} is near ${context.rule(miss)}, but ${miss.says}`);
  const near = context.result.rules.find((rule) => rule.rule_id === miss.rule_id && rule.model === miss.model);
  // Between two hosts of one's own it is a setting before it is a question to the vendor.
  const isSetting = (miss.clause === "over" || miss.clause === "app") && failed?.length === 1;
  if (isSetting && near?.to_endpoint?.startsWith("role:") === true)
    return `Set ${who} up as ${context.rule(miss)} has it (${miss.says}), or ask the vendor what it is for.`;
  if (near !== undefined && miss.clause === "who" && failed?.length === 1 && isUnseen(near, context)) {
    const callers = few(group.initiators, 2);
    return `Find out who ${callers} is: no host bound to ${near.from_role} is in the capture. If it is ${near.from_role}, give --bind ${near.from_role}=${group.initiators[0]}, or that under outside: of the site file where it is an address beyond NAT; else ask the vendor what ${who} is for.`;
  }
  return sentence(`Ask the vendor what ${who} is for: it is near ${context.rule(miss)}, but ${miss.says}`);
}

/** True where hosts were bound to the role that would open it, and none of them is in the capture. */
function isUnseen({ model, from_role }: RuleRow, { result: { run } }: TextContext): boolean {
  const bound = run.bindings.filter((binding) => binding.model === model && binding.role === from_role);
  return bound.length > 0 && bound.every(({ seen }) => !seen);
}

/** A name server that nobody bound: with the background judged beside it, that is a question to the site and not to the vendor. */
function mayBeResolver(server: string, { result: { run } }: TextContext): boolean {
  if (run.command.includes("--no-background")) return false;
  return !run.bindings.some(({ values }) => values.includes(server));
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
  return `${few(group.initiators, 2)} ${wayOf(group.first, options.pen.glyphs)} ${responder(group.first)} ${service(group.first)}`;
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
function unevaluableRemedies({ result, strict }: TextContext, said: string | null, isMirrorSaid: boolean): string[] {
  const waiting = new Map<string, RuleRow[]>();
  const anywhere = new Map<string, string>();
  for (const { remedy } of result.rules) {
    const role = remedy === null ? undefined : ROLE_ANYWHERE.exec(remedy)?.[1];
    if (role !== undefined) anywhere.set(`give --bind ${role}=ADDRESS`, remedy!);
  }
  for (const rule of result.rules) {
    if (rule.status !== "not-evaluable" || rule.remedy === null) continue;
    if (isMirrorSaid && rule.remedy === MIRROR) continue;
    const remedy = anywhere.get(rule.remedy) ?? rule.remedy;
    waiting.set(remedy, [...(waiting.get(remedy) ?? []), rule]);
  }
  const others = [...waiting].filter(([remedy]) => said === null || remedy !== `give --bind ${said}=ADDRESS`);
  // A host of which one direction is missing shows nothing else either, whatever is bound.
  const isMirror = (remedy: string): number => (remedy === MIRROR ? 1 : 0);
  const sorted = others.sort((a, b) => isMirror(b[0]) - isMirror(a[0]) || b[1].length - a[1].length);
  return sorted.slice(0, EACH).map(([remedy, rules]) => {
    const says = sentence(remedy.replace(/^give --/, "run it again with --")).slice(0, -1);
    return `${says} (${waitingFor(rules, strict)} for it).`;
  });
}

/** The remedy for a role that may be anywhere on the Internet: it says all that the plain one does. */
const ROLE_ANYWHERE = /^give --bind (\S+)=internet, or its addresses$/;

/** Strictly judged, those that are required are drift, and are counted as the head counts them. */
function waitingFor(rules: readonly RuleRow[], strict: boolean): string {
  const needed = strict ? rules.filter(isUnevaluableNeed).length : 0;
  if (needed === 0) return plural(rules.length, "rule waits", "rules wait");
  const rest = rules.length - needed;
  const others = rest === 0 ? "" : `, and ${rest} that ${rest === 1 ? "is" : "are"} not,`;
  return `${plural(needed, "required rule waits", "required rules wait")}${others}`;
}

/** A capture that shows mostly one direction can't answer most of what is asked of it. */
function mirrorFirst({ result: { quality } }: TextContext): string[] {
  const [oneSided, flows] = [Number(quality.one_sided ?? 0), Number(quality.flows ?? 0)];
  if (flows === 0 || oneSided / flows < MOSTLY) return [];
  return [
    `Mirror both directions: ${number(oneSided)} of ${plural(flows, "flow")} ${oneSided === 1 ? "is" : "are"} seen in one only.`,
  ];
}
const MOSTLY = 0.5;
