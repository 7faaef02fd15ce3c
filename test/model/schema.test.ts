import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { parse } from "yaml";
import { APP_IDS, APP_PARTS } from "../../src/model/apps.ts";
import { EXPECT_KEYS } from "../../src/model/expect.ts";
import { KEYS } from "../../src/model/keys.ts";
import { modelSchema } from "../../src/model/schema.ts";
import { changed, rule } from "./helpers.ts";
import { type Json, validate } from "./validate.ts";

const schema = modelSchema() as Json;
const at = (...path: string[]): Json =>
  path.reduce<Json>((here, key) => (here as Record<string, Json>)[key] ?? null, schema);
const keysOf = (json: Json): string[] => Object.keys(json as Record<string, Json>).sort();

test("the schema and the loader know the same keys", (t) => {
  const same = (json: Json, keys: readonly string[]) => t.deepEqual(keysOf(json), [...keys].sort());
  const ruleItems = at("properties", "rules", "items") as Record<string, Json>;
  same(at("properties"), KEYS.model);
  same(at("properties", "document", "properties"), KEYS.document);
  same(at("properties", "endpoints", "additionalProperties", "properties"), KEYS.endpoint);
  same(at("properties", "parameters", "additionalProperties", "anyOf", "0", "properties"), KEYS.parameter);
  same(at("properties", "roles", "additionalProperties", "anyOf", "0", "properties"), KEYS.role);
  same(ruleItems.properties!, KEYS.rule);
  same(at("properties", "rules", "items", "properties", "cite", "anyOf", "0", "properties"), KEYS.cite);
  same(at("properties", "rules", "items", "properties", "expect", "properties"), EXPECT_KEYS);
  same(at("properties", "unclear", "items", "properties"), KEYS.unclear);
  same(at("properties", "left-out", "items", "properties"), KEYS["left-out"]);
  t.deepEqual(at("properties", "rules", "items", "properties", "app", "anyOf", "0", "enum"), [
    ...APP_IDS,
    ...Object.keys(APP_PARTS),
    "any",
  ]);
});

const models = readdirSync("rules").filter((file) => file.endsWith(".yaml"));
const OTHERS = ["fixtures/model/everything.yaml", "fixtures/model/solarwinds-network-collector.yaml"];

for (const path of [...models.map((file) => `rules/${file}`), ...OTHERS]) {
  test(`${path} is valid`, (t) => {
    t.deepEqual(validate(schema, parse(readFileSync(path, "utf8")) as Json), []);
  });
}

for (const [name, change, place] of [
  ["an unknown key", { rest: "ruls: []" }, "/ruls"],
  ["no document", { document: "" }, "/document"],
  ["another version", { wirepact: "wirepact: 2" }, "/wirepact"],
  ["an unknown decoder", rule({ app: "tsl" }), "/rules/0/app"],
  ["an unknown requirement", rule({ requirement: "must" }), "/rules/0/requirement"],
  ["a rule without its end", rule({ to: "" }), "/rules/0/to"],
  ["a bad day", rule({ "last-day": "22/11/18" }), "/rules/0/last-day"],
  ["a role's bad name", { roles: "roles: { Gate Way: , client: }" }, "/roles/Gate Way"],
  ["no packets", rule({ expect: "{ packets: at most 0 a burst }" }), "/rules/0/expect/packets"],
] as const) {
  test(`not valid: ${name}`, (t) => {
    t.deepEqual(validate(schema, parse(changed(change).text) as Json), [place]);
  });
}

test("each call gives a schema of its own", (t) => {
  delete modelSchema().properties;
  t.deepEqual(modelSchema(), schema as Record<string, unknown>);
});
