/** What the tests of the model's parts share. */
import { readFileSync } from "node:fs";
import { loadModel } from "../../src/model/load.ts";
import type { Model, Problem } from "../../src/model/types.ts";

/** A small good model, one line a part, so that a test changes one line and knows where it stands. */
const LINES = {
  wirepact: "wirepact: 1",
  model: "model: m",
  document: "document: { title: T }",
  parameters: "parameters: { region: { values: [us, eu] }, port: { type: port, default: 1344 }, v: { type: version } }",
  roles: "roles: { client: , gateway: }",
  endpoints: "endpoints: { api: { hosts: [api.example.com] } }",
  rules: "rules:",
  rule: "  - { id: r, from: client, to: api, over: tcp/443, app: tls, requirement: required, cite: { section: S } }",
  rest: "",
};
export type Change = Partial<Record<keyof typeof LINES, string>>;

/** The model's text with some lines changed, and where `¦` stood in it (line and column, 1-based, in order). */
export function changed(change: Change): { text: string; marks: { line: number; column: number }[] } {
  const marked = Object.entries({ ...LINES, ...change })
    .map(([, line]) => line)
    .join("\n");
  const marks: { line: number; column: number }[] = [];
  const lines = marked.split("\n").map((line, i) => {
    const parts = line.split("¦");
    let column = 1;
    for (const part of parts.slice(0, -1)) {
      column += part.length;
      marks.push({ line: i + 1, column });
    }
    return parts.join("");
  });
  return { text: lines.join("\n"), marks };
}

/** The rule line with one or more of its values changed; an empty value leaves the key out. */
export function rule(values: Record<string, string>): Change {
  const standard = {
    id: "r",
    from: "client",
    to: "api",
    over: "tcp/443",
    app: "tls",
    requirement: "required",
    cite: "{ section: S }",
  };
  const entries = Object.entries({ ...standard, ...values }).filter(([, value]) => value !== "");
  return { rule: `  - { ${entries.map(([key, value]) => `${key}: ${value}`).join(", ")} }` };
}

/** A model that must load. */
export function good(change: Change = {}): Model {
  return mustLoad(changed(change).text, "m.yaml");
}

export function fixture(name: string): Model {
  return mustLoad(readFileSync(`fixtures/model/${name}.yaml`, "utf8"), `fixtures/model/${name}.yaml`);
}

function mustLoad(text: string, source: string): Model {
  const { model, problems } = loadModel(text, source);
  if (model === null) throw new Error(problems.map(said).join("\n"));
  return model;
}

export function said({ source, line, column, severity, message }: Problem): string {
  return `${source}:${line}:${column}: ${severity}: ${message}`;
}
