/** Parameters: their declaration in a model, and what values they take. */
import { quote, unknownWord } from "../words.ts";
import { KEYS, PARAMETER_TYPES, RESERVED_CONDITIONS } from "./keys.ts";
import { parseHostPattern } from "./names.ts";
import type { NamedItem, Reader } from "./reader.ts";
import type { Parameter } from "./types.ts";
import { isVersion, parsePort } from "./values.ts";

/** Why a value is none of this parameter's; null where it is one. */
export function wrongValue(parameter: Parameter, value: string): string | null {
  switch (parameter.type) {
    case "choice":
      return parameter.values.includes(value) ? null : unknownWord("value", value, parameter.values);
    case "port":
      return parsePort(value) === null ? `impossible port ${quote(value)}; expected 1 to 65535` : null;
    case "version":
      return isVersion(value) ? null : `${quote(value)} is no version; expected numbers with dots such as 3.5.0`;
    case "name": {
      let why: string | null = null;
      const pattern = parseHostPattern(value, (message) => {
        why = message;
      });
      if (pattern !== null && pattern.parameter === null && !value.includes("*")) return null;
      return why ?? `${quote(value)} is no host name; expected one such as server.example.com`;
    }
    case "text":
      return value === "" ? "found nothing, expected a text" : null;
  }
}

export function readParameters(reader: Reader, items: readonly NamedItem[]): Parameter[] {
  return items.flatMap((item) => readParameter(reader, item) ?? []);
}

function readParameter(reader: Reader, { name, at, value }: NamedItem): Parameter | null {
  const what = `parameter "${name}"`;
  if (RESERVED_CONDITIONS.some((word) => word === name)) {
    reader.error(at, `${what}: the word belongs to conditions; choose another name`);
  }
  const { line, column } = at;
  if (value.kind === "empty") return { name, about: null, type: "text", values: [], default: null, line, column };
  const fields = reader.fields(value, what, KEYS.parameter);
  if (fields === null) return null;
  const valuesItem = fields.get("values");
  const values = reader.texts(valuesItem, `${what}, a value`);
  const given = reader.choice(fields.get("type"), "parameter type", PARAMETER_TYPES);
  const type = given ?? (valuesItem === undefined ? "text" : "choice");
  if (type === "choice" && values.length === 0) reader.lacking(at, `${what}: a choice needs "values"`);
  if (type !== "choice" && valuesItem !== undefined) {
    reader.error(valuesItem, `${what}: values go with type choice, not with ${type}`);
  }
  for (const [i, item] of values.entries()) {
    if (values.findIndex((other) => other.text === item.text) < i) {
      reader.error(item, `${what}: value ${quote(item.text)} is listed twice`);
    }
  }
  const parameter: Parameter = {
    name,
    about: reader.text(fields.get("about"), `${what}, about`)?.text ?? null,
    type,
    values: values.map((item) => item.text),
    default: null,
    line,
    column,
  };
  const standard = reader.text(fields.get("default"), `${what}, default`);
  if (standard !== null) {
    const why = wrongValue(parameter, standard.text);
    if (why !== null) reader.error(standard, `${what}, default: ${why}`);
    parameter.default = standard.text;
  }
  return parameter;
}
