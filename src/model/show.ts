/** A model as a table that a person lays beside the document. */
import { describeCondition } from "./conditions.ts";
import type { Endpoint, Model, Over, Rule, Target } from "./types.ts";

/** One rule in words; every field is ready to print, empty where there is nothing to say. */
export interface ModelRow {
  id: string;
  from: string;
  to: string;
  over: string;
  /** Applications, and what else must hold. */
  as: string;
  when: string;
  /** Requirement, occasion, cadence, what it stands in for. */
  needed: string;
  /** Sections and items of the document. */
  where: string;
}

export type TableFormat = "text" | "markdown" | "json";

/** In the model's order. */
export function showModel(model: Model): ModelRow[] {
  return model.rules.map((rule) => ({
    id: rule.id,
    from: rule.from.kind === "role" ? rule.from.role : describeTarget(rule.from, model),
    to: describeTarget(rule.to, model),
    over: rule.over.map((over) => describeOver(over, model)).join(", "),
    as: [describeApps(rule), ...rule.expect.map(({ text }) => text)].join("; "),
    when: rule.when === null ? "" : describeCondition(rule.when),
    needed: describeNeed(rule),
    where: rule.cite.map(({ section, item }) => (item === null ? section : `${section}: ${item}`)).join("; "),
  }));
}

/** `any`, `http, tls`, `ssh on 22, tls on 443`. */
export function describeApps({ apps, appsAt }: Rule): string {
  if (appsAt === undefined) return apps === null ? "any" : apps.join(", ");
  return Object.entries(appsAt)
    .map(([port, at]) => `${at.join(" or ")} on ${port}`)
    .join(", ");
}

/** A role by its name, an endpoint by its hosts and addresses, as the document has them. */
export function describeTarget(target: Target, model: Model): string {
  switch (target.kind) {
    case "role":
      return `role:${target.role}`;
    case "endpoint": {
      const endpoint = model.endpoints.find(({ name }) => name === target.endpoint);
      return endpoint === undefined ? target.endpoint : describeEndpoint(endpoint);
    }
    case "internet":
      return "any Internet address";
    case "judged":
      return "any judged host";
    case "anyone":
      return "anyone";
  }
}

function describeEndpoint(endpoint: Endpoint): string {
  const hosts = endpoint.hosts.map(({ text }) => text);
  const addresses = endpoint.addresses.map(({ text }) => text);
  const list = endpoint.ranges === null ? [] : [`the published ranges "${endpoint.ranges}"`];
  const needed = hosts.length > 0 ? hosts : [...addresses, ...list];
  const bound = endpoint.role === undefined ? [] : [`or role:${endpoint.role}`];
  const beside = [...(hosts.length > 0 ? [...addresses, ...list] : []), ...bound];
  const quantity = needed.length > 1 ? `${endpoint.need} of ` : "";
  const pool = endpoint.pool ? " (pool)" : "";
  return `${quantity}${needed.join(", ")}${pool}${beside.length > 0 ? ` (${beside.join(", ")})` : ""}`;
}

/** With the default of a port that is a parameter: what the document prints. */
function describeOver({ text, ports }: Over, { parameters }: Model): string {
  const named = ports.find(({ parameter }) => parameter !== null);
  if (named === undefined) return text;
  const standard = parameters.find(({ name }) => name === named.parameter)?.default ?? null;
  const usual = standard === null ? [] : [`default ${standard}`];
  const notes = named.first >= 0 ? [`outside: $${named.parameter}`, ...usual] : usual;
  return notes.length === 0 ? text : `${text} (${notes.join(", ")})`;
}

function describeNeed(rule: Rule): string {
  const parts: string[] = [rule.requirement];
  if (rule.retiredAfter !== null) parts.push(`after ${rule.retiredAfter}`);
  if (rule.on !== null) parts.push(`on ${rule.on}`);
  if (rule.everySec !== null) parts.push(`every ${describeSeconds(rule.everySec)}`);
  if (rule.fallbackFor !== null) parts.push(`if ${rule.fallbackFor} fails`);
  if (rule.anyOf !== undefined) parts.push(`one of ${rule.anyOf} is enough`);
  if (rule.peer === "internet") parts.push("an end that is not bound may be anywhere on the Internet");
  if (rule.peer === "inside") parts.push("an end that is not bound is inside the organization");
  return parts.join(", ");
}

function describeSeconds(seconds: number): string {
  for (const [size, unit] of [[86_400, "d"] as const, [3600, "h"] as const, [60, "min"] as const]) {
    if (seconds % size === 0) return `${seconds / size} ${unit}`;
  }
  return `${seconds} s`;
}

const COLUMNS = ["from", "to", "over", "as", "when", "needed", "where", "id"] as const;
type Column = (typeof COLUMNS)[number];

/** `width` is in characters and holds for the text form only; each form ends in a newline. */
export function formatModelTable(model: Model, width: number, format: TableFormat = "text"): string {
  const rows = showModel(model);
  switch (format) {
    case "json": {
      const { name, document, parameters, roles, unclear, leftOut } = model;
      return `${JSON.stringify({ model: name, document, parameters, roles, rules: rows, unclear, leftOut }, null, 2)}\n`;
    }
    case "markdown":
      return markdownTable(rows);
    case "text":
      return textTable(rows, width);
  }
}

function markdownTable(rows: readonly ModelRow[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [
    line(COLUMNS),
    line(COLUMNS.map(() => "---")),
    ...rows.map((row) => line(COLUMNS.map((column) => row[column]))),
  ].join("");
}

/** No column gets narrower than its longest word, nor wider for its sake than this. */
const LONGEST_KEPT = 12;
const GAP = "  ";

function textTable(rows: readonly ModelRow[], width: number): string {
  const used = COLUMNS.filter((column) => rows.some((row) => row[column] !== ""));
  const widths = fitWidths(rows, used, width - GAP.length * (used.length - 1));
  const lines = [
    used
      .map((column, i) => column.toUpperCase().padEnd(widths[i]!))
      .join(GAP)
      .trimEnd(),
    ...rows.flatMap((row) =>
      wrapRow(
        used.map((column, i) => wrap(row[column], widths[i]!)),
        widths,
      ),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** Rows that decide how wide the columns are; enough to be typical. */
const MEASURED = 100;

/** Each column as wide as its longest cell; then cut back, character by character, where that costs the fewest lines. */
function fitWidths(rows: readonly ModelRow[], columns: readonly Column[], room: number): number[] {
  const lengths = rows.slice(0, MEASURED).map((row) => columns.map((column) => row[column].length));
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
  const narrowest = columns.map((column) =>
    rows.reduce((least, row) => Math.max(least, Math.min(LONGEST_KEPT, longestWord(row[column]))), column.length),
  );
  let over = widths.reduce((sum, one) => sum + one, 0) - room;
  for (; over > 0; over--) {
    let cheapest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const [i, width] of widths.entries()) {
      if (width <= narrowest[i]!) continue;
      widths[i] = width - 1;
      const height = tableHeight(lengths, widths);
      widths[i] = width;
      if (height < least || (height === least && width > widths[cheapest]!)) {
        cheapest = i;
        least = height;
      }
    }
    // Nothing left to give: then words break, in the widest column first.
    if (cheapest < 0) cheapest = widths.indexOf(Math.max(...widths));
    if (widths[cheapest]! <= 1) break;
    widths[cheapest]!--;
  }
  return widths;
}

/** The longest part that `wrap` does not break where it need not. */
function longestWord(text: string): number {
  return Math.max(...text.split(/(?<=[.\-/,: ])/).map((part) => part.trimEnd().length));
}

/** About how many lines it takes: words do not fill their lines, so a line holds a little less than its width. */
function tableHeight(lengths: readonly number[][], widths: readonly number[]): number {
  let height = 0;
  for (const row of lengths) {
    let lines = 1;
    for (let i = 0; i < row.length; i++) {
      const width = widths[i]!;
      if (row[i]! > width) lines = Math.max(lines, Math.ceil(row[i]! / (0.85 * width)));
    }
    height += lines;
  }
  return height;
}

function wrapRow(cells: readonly string[][], widths: readonly number[]): string[] {
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, y) =>
    cells
      .map((lines, i) => (lines[y] ?? "").padEnd(widths[i]!))
      .join(GAP)
      .trimEnd(),
  );
}

/** Breaks at spaces, behind dots, dashes, slashes and commas where a word is too long, anywhere as the last resort. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (line.length > width) {
      const cut = Math.max(...[".", "-", "/", ",", ":"].map((sign) => line.lastIndexOf(sign, width - 1) + 1));
      const at = cut > 0 ? cut : width;
      lines.push(line.slice(0, at));
      line = line.slice(at);
    }
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}
