import { doesNotApply } from "../drift.ts";
import type { Page, Piece } from "../page.ts";
import type { Pen } from "../pen.ts";
import type { RuleRow, RuleStatus } from "../result.ts";
import { cited, expected, number } from "../words.ts";
import type { TextContext } from "./context.ts";

/** From here on a rule takes one line; below it, what the document calls it stands under what it expects. */
const WIDE = 110;
/** Rules of one status in one document that are listed before the report says how many more there are. */
const LISTED = 50;

/** The document's table with a tick or a cross a row, in the model's order. What is long is folded, unless all is asked for. */
export function printRules(page: Page, context: TextContext): void {
  const { run, rules } = context.result;
  const names = [...new Set(rules.map((rule) => rule.model))];
  for (const name of names) {
    const own = rules.filter((rule) => rule.model === name);
    const document = run.models.find((model) => model.name === name)?.document ?? own[0]?.document ?? "";
    page.heading("RULES", [name, document].filter((part) => part !== "").join(": "));
    const most = context.options.all ? Number.POSITIVE_INFINITY : LISTED;
    const counts = new Map<RuleStatus, number>();
    const shown = own.filter(({ status }) => {
      const count = (counts.get(status) ?? 0) + 1;
      counts.set(status, count);
      return count <= most;
    });
    page.table(shown.flatMap((rule) => rows(rule, page.pen)));
    const more = [...counts].filter(([, count]) => count > most);
    if (more.length === 0) continue;
    const left = more.map(([status, count]) => `${number(count - most)} more ${status.replace("-", " ")}`);
    page.text(`and ${left.join(", ")}; --all lists them`, { paint: page.pen.dim });
  }
}

function rows(rule: RuleRow, pen: Pen): Piece[][] {
  const quiet = rule.status === "unused" || rule.status === "not-evaluable";
  const paint = quiet ? pen.dim : (text: string) => text;
  const waived = rule.waived === null ? "" : ", waived";
  const seen = rule.conversations > 0 ? ` (${rule.conversations})` : "";
  const status: Piece = statusPiece(rule, pen, `${seen}${waived}`);
  const what: Piece = { text: expected(rule, pen.glyphs.arrow), paint };
  const where: Piece = { text: cited(rule), paint: pen.dim };
  const id: Piece = { text: rule.rule_id, paint };
  if (pen.width >= WIDE) return [[status, id, what, where]];
  return [
    [status, id, what],
    [{ text: "" }, { text: "" }, where],
  ];
}

function statusPiece(rule: RuleRow, pen: Pen, more: string): Piece {
  switch (rule.status) {
    case "met":
      return { text: `${pen.glyphs.good} met${more}`, paint: pen.green };
    case "unused":
      return { text: `${pen.glyphs.idle} unused${more}`, paint: pen.dim };
    case "not-evaluable":
      if (doesNotApply(rule)) return { text: `${pen.glyphs.idle} not evaluable${more}`, paint: pen.dim };
      return { text: `${pen.glyphs.unsure} not evaluable${more}`, paint: pen.yellow };
    case "violated":
    case "blocked":
    case "missing":
    case "partial":
      return { text: `${pen.glyphs.bad} ${rule.status}${more}`, paint: rule.waived === null ? pen.red : pen.dim };
  }
}
