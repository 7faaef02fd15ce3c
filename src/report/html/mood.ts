/** Verdicts and statuses as a sign and a word; colour only repeats what they say. */
import { doesNotApply } from "../drift.ts";
import type { ConversationRow, RuleRow } from "../result.ts";
import { html, type Markup } from "./markup.ts";

export type Mood = "good" | "bad" | "unsure" | "off";

export function moodOf(c: ConversationRow): Mood {
  if (c.waived !== null) return "off";
  switch (c.verdict) {
    case "violation":
    case "undocumented":
      return "bad";
    case "inconclusive":
      return "unsure";
    case "documented":
      return "good";
    default:
      return "off";
  }
}

/** The verdict as a word; without a model, how the conversation ended. */
export function kindOf(c: ConversationRow): string {
  return c.waived === null ? (c.verdict ?? c.outcome) : "waived";
}

export function moodOfRule(rule: RuleRow): Mood {
  if (rule.waived !== null || doesNotApply(rule)) return "off";
  if (rule.status === "met") return "good";
  if (rule.status === "unused") return "off";
  return rule.status === "not-evaluable" ? "unsure" : "bad";
}

const SIGNS: Readonly<Record<Mood, string>> = { good: "✓", bad: "✗", unsure: "?", off: "–" };

/** Worst first. */
export const MOODS: readonly Mood[] = ["bad", "unsure", "good", "off"];

export function signed(mood: Mood, word: string): Markup {
  return html`<span class="${mood}"><span aria-hidden="true">${SIGNS[mood]}</span> ${word}</span>`;
}

export function sign(mood: Mood): string {
  return SIGNS[mood];
}
