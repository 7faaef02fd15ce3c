import { type Finding, groupByCause } from "../causes.ts";
import { wasStrict } from "../drift.ts";
import { unwaivedGroups } from "../groups.ts";
import { unwaivedCount } from "../packed-rows.ts";
import type { Page } from "../page.ts";
import type { ConversationRow, RuleRow, RunResult, Verdict } from "../result.ts";
import { idLength } from "../summary.ts";
import type { TextOptions } from "../text.ts";
import { FrameNames, few, plural } from "../words.ts";

/** Findings of a kind that are listed before the report says how many more there are. */
const LISTED = 20;

/** What every section of the text report needs to know beside the result itself. */
export class TextContext {
  readonly result: RunResult;
  readonly options: TextOptions;
  readonly frames: FrameNames;
  readonly strict: boolean;
  readonly listed: number;
  private readonly idChars: number;
  private readonly severalModels: boolean;
  private readonly models: readonly string[];
  private readonly found = new Map<Verdict, ReturnType<TextContext["findings"]>>();

  constructor(result: RunResult, options: TextOptions) {
    this.result = result;
    this.options = options;
    this.frames = new FrameNames(result.captures);
    this.strict = wasStrict(result);
    this.listed = options.all ? Number.POSITIVE_INFINITY : LISTED;
    this.idChars = idLength(result);
    this.models = [...new Set(result.run.models.map((model) => model.name))];
    this.severalModels = new Set(result.rules.map((rule) => rule.model)).size > 1;
  }

  /** How many conversations of a verdict nobody waived, what they have in common, and the names of their far ends. */
  findings(verdict: Verdict): { count: number; findings: readonly Finding[]; names: ReadonlySet<string | null> } {
    let known = this.found.get(verdict);
    if (known === undefined) {
      const count = unwaivedCount(this.result, verdict);
      const { groups, names } = unwaivedGroups(this.result, verdict);
      known = { count, findings: groupByCause(groups), names };
      this.found.set(verdict, known);
    }
    return known;
  }

  /** Where something undocumented is not: other documents than those checked may have it. */
  notIn(): string {
    const [only] = this.models;
    return this.models.length === 1 ? `not in ${only}` : `in none of ${few(this.models, 3)}`;
  }

  /** An id as short as `explain` takes it. */
  id(c: ConversationRow): string {
    return c.conversation_id.slice(0, this.idChars);
  }
  /** A rule as `explain` takes it: with its model where several were judged. */
  rule(rule: Pick<RuleRow, "model" | "rule_id">): string {
    return this.severalModels ? `${rule.model}/${rule.rule_id}` : rule.rule_id;
  }
}

/** Of a list of so many: how many of them are not listed. */
export function printMore(page: Page, context: TextContext, total: number): void {
  if (total > context.listed)
    page.text(`and ${plural(total - context.listed, "more", "more")}; --all lists them`, { paint: page.pen.dim });
}
