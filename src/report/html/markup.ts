/** HTML as values: what is not already markup is escaped, so that no name off the wire can become any. */
import { safe } from "../safe.ts";

/** Text that is HTML already. Only `html` and `raw` make it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Harmless in content and in quoted attributes; invisible characters are shown as in the text report. */
export function escaped(text: string): string {
  return safe(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? "");
}

/** A template whose values are escaped unless they are markup. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0] ?? "";
  for (const [i, value] of values.entries()) text += textOf(value) + (parts[i + 1] ?? "");
  return new Markup(text);
}

/** Wirepact's own words that are markup as they stand: style and script. Never text from outside. */
export function raw(text: string): Markup {
  return new Markup(text);
}

export const NOTHING = new Markup("");

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return escaped(value);
  if (typeof value === "number") return String(value);
  let text = "";
  for (const { text: piece } of value) text += piece;
  return text;
}

/** A table with a caption and column heads, in a box that scrolls by itself on narrow screens. */
export function table(caption: string, heads: readonly string[], rows: readonly Markup[], kind = "plain"): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${kind}"><caption>${caption}</caption><thead><tr>${heads.map(
    (head) => html`<th scope="col">${head}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Words of Wirepact's own, which are not broken within: a verdict, a time, a count. */
export function own(value: string | number | Markup): Markup {
  return html`<span class="own">${value}</span>`;
}

export function cells(...values: readonly (string | number | Markup)[]): Markup {
  return html`<tr>${values.map((value) => html`<td>${value}</td>`)}</tr>\n`;
}
