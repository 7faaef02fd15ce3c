/** A model file to its compiled form, or every reason why not. The language is described by `modelSchema()`. */
import { quote } from "../words.ts";
import { APP_IDS } from "./apps.ts";
import { readEndpoints } from "./endpoints.ts";
import { KEYS, RESERVED_ENDS } from "./keys.ts";
import { readParameters } from "./parameters.ts";
import { type Fields, type NamedItem, Reader } from "./reader.ts";
import { readRules } from "./rules.ts";
import type { DocumentInfo, Model, Problem, Role } from "./types.ts";
import { IDENTIFIER_RULE, isDate, isIdentifier } from "./values.ts";
import { type Place, readYaml } from "./yaml.ts";

/** The role that every model has without declaring it: a proxy that the hosts of the site speak through. */
export const PROXY_ROLE = "proxy";

export interface Loaded {
  /** Null where there is at least one error. */
  model: Model | null;
  /** In the file's order: all of them, not only the first. */
  problems: Problem[];
}

/**
 * `source` is what messages call the file: its path as the user gave it. `apps`: ids of decoders that are not built in, which
 * rules may name too.
 */
export function loadModel(text: string, source: string, apps: readonly string[] = []): Loaded {
  const file = readYaml(text, source);
  const reader = new Reader(source, file);
  const top = file.root === null ? null : reader.fields(file.root, "model", KEYS.model);
  const model = readModel(reader, top, source, [...APP_IDS, ...apps]);
  const problems = reader.report();
  return { model: reader.failed ? null : model, problems };
}

const START: Place = { line: 1, column: 1 };

function readModel(reader: Reader, top: Fields | null, source: string, apps: readonly string[]): Model | null {
  if (top === null) return null;
  for (const key of ["wirepact", "model", "document", "roles", "rules"]) {
    if (top.get(key) === undefined) reader.lacking(START, `model: "${key}" is missing`);
  }
  const version = reader.text(top.get("wirepact"), "wirepact");
  if (version !== null && version.text !== "1") {
    reader.expected(version, "wirepact", "1, the only version of this language so far");
  }
  const name = reader.text(top.get("model"), "model");
  if (name !== null && !isIdentifier(name.text)) reader.expected(name, "model", `a name: ${IDENTIFIER_RULE}`);

  const roleItems = reader.named(top.get("roles"), "roles");
  const endpointItems = reader.named(top.get("endpoints"), "endpoints");
  refuseReserved(reader, "role", roleItems);
  refuseReserved(reader, "endpoint", endpointItems);
  const parameters = readParameters(reader, reader.named(top.get("parameters"), "parameters"));
  const roles = roleItems.map((item) => readRole(reader, item));
  const roleNames = new Set([...roles.map((role) => role.name), PROXY_ROLE]);
  const endpoints = readEndpoints(reader, endpointItems, parameters, roleNames);
  const names = {
    roles: roleNames,
    endpoints: new Set(endpointItems.map((item) => item.name)),
    parameters,
    apps,
  };
  const rulesItem = top.get("rules");
  const rules = rulesItem === undefined ? [] : readRules(reader, rulesItem, names);
  if (rulesItem !== undefined && rules.length === 0 && reader.list(rulesItem).length === 0) {
    reader.expected(rulesItem, "rules", "at least one rule");
  }
  return {
    wirepact: 1,
    name: name?.text ?? "",
    source,
    document: readDocument(reader, top),
    parameters,
    roles,
    endpoints,
    rules,
    unclear: readUnclear(reader, top),
    leftOut: readLeftOut(reader, top),
  };
}

function refuseReserved(reader: Reader, what: string, items: readonly NamedItem[]): void {
  for (const { name, at } of items) {
    if (RESERVED_ENDS.some((word) => word === name)) {
      reader.error(at, `${what} ${quote(name)}: the word is the language's own; choose another name`);
    }
  }
}

function readRole(reader: Reader, { name, at, value }: NamedItem): Role {
  const fields = value.kind === "empty" ? null : reader.fields(value, `role ${quote(name)}`, KEYS.role);
  const about = reader.text(fields?.get("about"), "about")?.text ?? null;
  return { name, about, line: at.line, column: at.column };
}

function readDocument(reader: Reader, top: Fields): DocumentInfo {
  const item = top.get("document");
  const fields = item === undefined ? null : reader.fields(item, "document", KEYS.document);
  const text = (key: string) => reader.text(fields?.get(key), `document, ${key}`);
  const title = text("title");
  if (fields !== null && fields.get("title") === undefined) reader.lacking(fields.at, 'document: "title" is missing');
  const retrieved = text("retrieved");
  if (retrieved !== null && !isDate(retrieved.text)) {
    reader.expected(retrieved, "document, retrieved", "a day of the calendar such as 2026-11-20");
  }
  const sha = text("text-sha256");
  if (sha !== null && !/^[0-9a-f]{64}$/.test(sha.text)) {
    reader.expected(sha, "document, text-sha256", "64 hexadecimal digits in lower case");
  }
  return {
    title: title?.text ?? "",
    publisher: text("publisher")?.text ?? null,
    product: text("product")?.text ?? null,
    version: text("version")?.text ?? null,
    retrieved: retrieved?.text ?? null,
    textSha256: sha?.text ?? null,
  };
}

function readUnclear(reader: Reader, top: Fields): Model["unclear"] {
  return reader.list(top.get("unclear")).flatMap((item) => {
    const fields = reader.fields(item, "unclear", KEYS.unclear);
    if (fields === null) return [];
    const about = required(reader, fields, "unclear", "about");
    const readings = reader.texts(fields.get("readings"), "unclear, readings").map(({ text }) => text);
    return [{ about, readings, chosen: required(reader, fields, "unclear", "chosen") }];
  });
}

function readLeftOut(reader: Reader, top: Fields): Model["leftOut"] {
  return reader.list(top.get("left-out")).flatMap((item) => {
    const fields = reader.fields(item, "left-out", KEYS["left-out"]);
    if (fields === null) return [];
    return [{ fact: required(reader, fields, "left-out", "fact"), why: required(reader, fields, "left-out", "why") }];
  });
}

function required(reader: Reader, fields: Fields, what: string, key: string): string {
  const item = fields.get(key);
  if (item === undefined) reader.lacking(fields.at, `${what}: "${key}" is missing`);
  return reader.text(item, `${what}, ${key}`)?.text ?? "";
}
