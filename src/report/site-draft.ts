/**
 * Who plays which role, as a site file to edit: what was given, what the traffic singles out, each with its confidence and
 * its reason, and, commented out, what nothing settles. It loads as it is.
 */
import type { Likeness } from "../conform/infer.ts";
import { tellingRules } from "../conform/infer.ts";
import type { Bound } from "../model/bind.ts";
import type { Model, Rule } from "../model/types.ts";
import { DEFAULT_REALM } from "../observe/observation.ts";
import { safe } from "./safe.ts";

export interface DraftInput {
  /** As the command names them. */
  captures: readonly string[];
  /** The models, each with the word that it was asked for by. */
  models: readonly { model: Model; word: string }[];
  bound: Bound;
  /** Everybody who looks like a role. */
  found: readonly Likeness[];
  /** Those of them that are singled out. */
  used: readonly Likeness[];
  /** Path of a capture by its id. */
  pathOf: (capture: number) => string;
}

/** Destinations named for a role that nobody plays. */
const NAMED = 3;

export function siteDraft(input: DraftInput): string {
  const { captures, models, found } = input;
  const lines = [
    comment(0, `Who plays which role in ${captures.join(", ")}: a site file to edit.`),
    comment(0, "high and medium: singled out by what only that role does. What is commented out, nothing settles."),
    `models: [${models.map(({ word }) => scalar(word)).join(", ")}]`,
    "",
  ];
  const entries = models.flatMap(({ model }) =>
    model.roles.map(({ name }) => ({ model, role: name, hosts: hostsOf(model, name, input) })),
  );
  lines.push("roles:");
  for (const { model, role, hosts } of entries) {
    const key = models.filter((other) => other.model.roles.some(({ name }) => name === role)).length > 1;
    const name = key ? `${model.name}/${role}` : role;
    lines.push(hosts.length > 0 ? `  ${name}:` : comment(2, `${name}: [ADDRESS]`));
    for (const { value, says } of hosts) lines.push(comment(4, says), `    - ${scalar(value)}`);
    if (hosts.length === 0) lines.push(comment(4, `not singled out; ${wouldTell(model, role)}`));
    for (const one of found) {
      if (one.model !== model.name || one.role !== role || hosts.some(({ value }) => value === bindingText(one)))
        continue;
      lines.push(comment(4, `- ${bindingText(one)}   # ${why(one, input)}`));
    }
  }
  return `${[...lines, "", ...parameterLines(input)].join("\n")}\n`;
}

function hostsOf(model: Model, role: string, { bound, used, ...input }: DraftInput): { value: string; says: string }[] {
  const given = bound.bindings
    .filter((binding) => binding.model === model.name && binding.role === role && !binding.outside)
    .flatMap(({ hosts, realm }) =>
      hosts.map(({ text }) => ({ value: realm === null ? text : `${realm}/${text}`, says: "given" })),
    );
  const singled = used.filter((one) => one.model === model.name && one.role === role);
  return [...given, ...singled.map((one) => ({ value: bindingText(one), says: why(one, { bound, used, ...input }) }))];
}

function bindingText({ realm, address }: Likeness): string {
  return realm === DEFAULT_REALM ? address : `${realm}/${address}`;
}

function why({ confidence, signs, others }: Likeness, { pathOf }: DraftInput): string {
  const [first, ...more] = signs;
  const { says, frame, rule } = first!;
  const where = frame === null ? "" : ` [${pathOf(frame.capture_id)}#${frame.frame}]`;
  const also = more.length === 0 ? "" : `, and ${more.length} more like it`;
  const doubt = others.length === 0 ? "" : `; could be ${others.join(" or ")} as well`;
  return `${confidence}: ${says} (rule ${rule})${where}${also}${doubt}`;
}

function wouldTell(model: Model, role: string): string {
  const rules = tellingRules(model).filter(({ from }) => from.kind === "role" && from.role === role);
  if (rules.length === 0) return "nothing in the document is asked for by it alone: only you can say who it is";
  const named = rules
    .slice(0, NAMED)
    .map((rule) => `${rule.over.map(({ text }) => text).join(" or ")} to ${whom(model, rule)}`);
  return `what would: ${named.join("; ")}`;
}

function whom(model: Model, { to }: Rule): string {
  const endpoint = to.kind === "endpoint" ? model.endpoints.find(({ name }) => name === to.endpoint) : undefined;
  return (endpoint?.hosts ?? []).map(({ text }) => text).join(", ");
}

/** Parameters in force, and those that wait for a value. */
function parameterLines({ models, bound }: DraftInput): string[] {
  const set: string[] = [];
  const open: string[] = [];
  for (const { model } of models) {
    for (const parameter of model.parameters) {
      const { value, how } = bound.parameters.get(model.name)!.get(parameter.name)!;
      if (value === null) {
        const values = parameter.values.length > 0 ? parameter.values.join(" | ") : parameter.type.toUpperCase();
        open.push(
          comment(2, `${parameter.name}: ${values}${parameter.about === null ? "" : `   # ${parameter.about}`}`),
        );
      } else if (how !== "default") set.push(`  ${parameter.name}: ${scalar(value)}`);
    }
  }
  const all = [...new Set([...set, ...open])];
  if (all.length === 0) return [];
  return ["set:", ...all];
}

/** One line whatever the text: what came off the wire ends no comment. */
function comment(indent: number, text: string): string {
  return `${" ".repeat(indent)}# ${safe(text)}`;
}

/** Text as YAML, quoted unless it is plain in every reading. */
function scalar(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) || /^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/.test(text) ? text : JSON.stringify(text);
}
