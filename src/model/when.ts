/**
 * `when`: conditions on parameters, as they are written.
 *
 *     { region: us }                       { region: [us, eu] }              { version: "< 3.5.0" }
 *     { region: us, platform: aws }        both
 *     { or: [ { a: x }, { b: y } ] }       { and: [ … ] }                    { not: { region: us } }
 */
import { unknownWord } from "../words.ts";
import { canHold, describeCondition } from "./conditions.ts";
import { RESERVED_CONDITIONS } from "./keys.ts";
import { wrongValue } from "./parameters.ts";
import type { Reader } from "./reader.ts";
import type { Condition, Parameter } from "./types.ts";
import { isVersion } from "./values.ts";
import type { Item, TextItem } from "./yaml.ts";

/** Null where nothing usable is there; a condition that no choice of values can make true is reported. */
export function readCondition(reader: Reader, item: Item, parameters: readonly Parameter[]): Condition | null {
  const problemsBefore = reader.problems.length;
  const condition = readPart(reader, item, parameters);
  if (condition !== null && reader.problems.length === problemsBefore && !canHold(condition, parameters)) {
    reader.error(item, `this condition can never hold: ${describeCondition(condition)}`);
  }
  return condition;
}

function readPart(reader: Reader, item: Item, parameters: readonly Parameter[]): Condition | null {
  if (item.kind !== "map" || item.entries.length === 0) {
    return reader.expected(item, "when", "a condition such as { region: us }");
  }
  const parts: Condition[] = [];
  for (const { key, value } of item.entries) {
    const part = readEntry(reader, key, value, parameters);
    if (part !== null) parts.push(part);
  }
  if (parts.length <= 1) return parts[0] ?? null;
  return { op: "and", of: parts };
}

function readEntry(reader: Reader, key: TextItem, value: Item, parameters: readonly Parameter[]): Condition | null {
  if (key.text === "not") {
    const inner = readPart(reader, value, parameters);
    return inner === null ? null : { op: "not", of: inner };
  }
  if (key.text === "and" || key.text === "or") {
    if (value.kind !== "list" || value.items.length === 0) {
      return reader.expected(value, `when, ${key.text}`, "a list of conditions");
    }
    const of = value.items.flatMap((one) => readPart(reader, one, parameters) ?? []);
    return of.length === 0 ? null : { op: key.text, of };
  }
  const parameter = parameters.find((known) => known.name === key.text);
  if (parameter === undefined) {
    const known = [...parameters.map(({ name }) => name), ...RESERVED_CONDITIONS];
    reader.lacking(key, `when: ${unknownWord("parameter", key.text, known)}`);
    return null;
  }
  const values = reader.texts(value, `when, ${key.text}`);
  if (values.length === 0) {
    if (value.kind !== "map") reader.expected(value, `when, ${key.text}`, "a value");
    return null;
  }
  return parameter.type === "version" ? readVersions(reader, parameter, values) : readValues(reader, parameter, values);
}

function readValues(reader: Reader, parameter: Parameter, values: readonly TextItem[]): Condition {
  for (const value of values) {
    const why = wrongValue(parameter, value.text);
    if (why !== null) reader.error(value, `when, ${parameter.name}: ${why}`);
  }
  return { op: "is", parameter: parameter.name, values: values.map(({ text }) => text) };
}

const COMPARISONS = ["<=", ">=", "<", ">", "="] as const;

function readVersions(reader: Reader, parameter: Parameter, values: readonly TextItem[]): Condition | null {
  const parts = values.flatMap((value): Condition[] => {
    const compare = COMPARISONS.find((sign) => value.text.startsWith(sign));
    const version = value.text.slice(compare?.length ?? 0).trim();
    if (isVersion(version)) return [{ op: "version", parameter: parameter.name, compare: compare ?? "=", version }];
    reader.expected(value, `when, ${parameter.name}`, 'a version such as 3.5.0, "< 3.5.0" or ">= 3.5"');
    return [];
  });
  return parts.length <= 1 ? (parts[0] ?? null) : { op: "or", of: parts };
}
