import { doesNotApply, isFinding } from "../drift.ts";
import type { Page } from "../page.ts";
import { qualityNotes } from "../quality.ts";
import type { CaptureRow, RuleRow, RunInfo, RunResult } from "../result.ts";
import { headline, nothingRead } from "../summary.ts";
import { few, number, plural, sentence, timeSpan } from "../words.ts";
import { actionsOf } from "./actions.ts";
import type { TextContext } from "./context.ts";

/** Lines of advice on the first screen. */
const ACTIONS = 7;

/** The first screen: the verdict in a sentence, what it rests on, what stands in its way, what to do. */
export function printHead(page: Page, context: TextContext): void {
  const { pen } = page;
  const { result } = context;
  const { mood, title, says } = headline(result);
  const glyph = { good: pen.glyphs.good, bad: pen.glyphs.bad, unsure: pen.glyphs.unsure }[mood];
  const paint = { good: pen.green, bad: pen.red, unsure: pen.yellow }[mood];
  page.hang({ text: `${glyph} ${title}`, paint: (text) => pen.bold(paint(text)) }, says, { indent: 0 });
  page.blank();
  for (const [label, text] of facts(result)) page.hang({ text: label, paint: pen.dim }, text, { column: 12 });
  for (const warning of warnings(result)) {
    page.hang({ text: pen.glyphs.warn, paint: pen.yellow }, warning, { paint: pen.yellow });
  }
  const actions = actionsOf(context);
  if (actions.length === 0) return;
  page.heading("WHAT TO DO");
  for (const [i, action] of actions.slice(0, ACTIONS).entries()) page.hang({ text: `${i + 1}.` }, action);
  if (actions.length > ACTIONS) page.text(`and ${actions.length - ACTIONS} more, below`, { indent: 5, paint: pen.dim });
}

/** What the verdict rests on, each with its label. `model` is how a model is called: its name, unless another way is given. */
export function facts(
  result: RunResult,
  model: { label: string; of: (model: RunInfo["models"][number]) => string } = {
    label: "Model",
    of: ({ name }) => name,
  },
): [string, string][] {
  const { run, captures, rules } = result;
  const packets = plural(
    captures.reduce((sum, capture) => sum + capture.packets, 0),
    "packet",
  );
  const paths = captures.map(sourceName);
  const source = captures.length > 3 ? plural(captures.length, "capture") : paths.join(", ");
  const span = timeSpan(run.first_time, run.last_time);
  const list: [string, string][] = [["Capture", [source, packets, ...(span === null ? [] : [span])].join(", ")]];
  if (nothingRead(result)) return list;
  for (const one of run.models) {
    const own = rules.filter((rule) => rule.model === one.name);
    if (own.length === 0) continue; // the background model covers traffic and has no rows to tick
    list.push([model.label, `${model.of(one)}: ${ruleCounts(own)}`]);
  }
  const isShared = ({ role, model }: { role: string; model: string }): boolean =>
    run.bindings.some((other) => other.role === role && other.model !== model);
  const bound = run.bindings.map((binding) => {
    const how = binding.how === "inferred" ? " (inferred)" : binding.outside ? " (outside)" : "";
    const role = isShared(binding) ? `${binding.model}/${binding.role}` : binding.role;
    return `${role} = ${few(binding.values, 3)}${how}${binding.seen ? "" : ", not seen"}`;
  });
  if (run.models.length > 0) list.push(["Hosts", bound.length === 0 ? "no role is bound" : bound.join("; ")]);
  return list;
}

function sourceName({ path }: CaptureRow): string {
  return path === "-" ? "standard input" : path;
}

/** `5 of 13 rules met, 2 not, 4 not evaluable, 2 not for this installation`. */
function ruleCounts(rules: readonly RuleRow[]): string {
  const of = (status: RuleRow["status"]): number => rules.filter((rule) => rule.status === status).length;
  const off = rules.filter(doesNotApply).length;
  const parts: [number, string][] = [
    [rules.filter(isFinding).length, "not"],
    [of("not-evaluable") - off, "not evaluable"],
    [of("unused"), "unused"],
    [off, "not for this installation"],
  ];
  const others = parts.filter(([count]) => count > 0).map(([count, word]) => `, ${number(count)} ${word}`);
  return `${number(of("met"))} of ${plural(rules.length, "rule")} met${others.join("")}`;
}

/** What stands in the way of believing the verdict. */
export function warnings(result: RunResult): string[] {
  const damage = result.captures.flatMap((capture) =>
    capture.damage === null ? [] : [`${sourceName(capture)}: ${capture.damage}`],
  );
  // Of what was not read nothing else can be said: not even that a host is not in it.
  const all = nothingRead(result) ? damage : [...damage, ...result.run.warnings, ...qualityNotes(result)];
  return [...new Set(all.map(sentence))];
}
