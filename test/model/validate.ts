/** As much of JSON Schema (draft 2020-12) as the model's schema uses; a keyword beyond that fails the test that meets it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const KNOWN = new Set(
  "$schema $defs $ref title description type enum const pattern minLength minItems minProperties items properties required additionalProperties propertyNames anyOf".split(
    " ",
  ),
);

/** The places (`/rules/0/app`) that break the schema; empty where it is valid. */
export function validate(root: Json, value: Json): string[] {
  const found: string[] = [];
  check(root, value, "", root, found);
  return [...new Set(found)];
}

function check(schema: Json, value: Json, place: string, root: Json, found: string[]): void {
  if (schema === true) return;
  const rules = object(schema);
  if (schema === false || rules === null) {
    found.push(place);
    return;
  }
  for (const keyword of Object.keys(rules)) if (!KNOWN.has(keyword)) throw new Error(`unknown keyword ${keyword}`);
  const { $ref, anyOf, pattern, type } = rules;
  if (typeof $ref === "string") {
    const target = $ref
      .slice(2)
      .split("/")
      .reduce<Json>((here, key) => object(here)?.[key] ?? null, root);
    check(target, value, place, root, found);
    return;
  }
  if (Array.isArray(anyOf)) {
    const tries = anyOf.map((one) => {
      const inner: string[] = [];
      check(one, value, place, root, inner);
      return inner;
    });
    // The alternative that came furthest says best what is wrong.
    if (!tries.some((inner) => inner.length === 0)) {
      found.push(...tries.reduce((best, inner) => ((inner[0]?.length ?? 0) > (best[0]?.length ?? 0) ? inner : best)));
    }
  }
  const types = Array.isArray(type) ? type : type === undefined ? null : [type];
  if (types !== null && !types.includes(typeOf(value))) found.push(place);
  if ("const" in rules && rules.const !== value) found.push(place);
  if (Array.isArray(rules.enum) && !rules.enum.includes(value)) found.push(place);
  if (typeof pattern === "string" && typeof value === "string" && !new RegExp(pattern).test(value)) found.push(place);
  if (typeof value === "string" && value.length < Number(rules.minLength ?? 0)) found.push(place);
  if (Array.isArray(value)) {
    if (value.length < Number(rules.minItems ?? 0)) found.push(place);
    if (rules.items !== undefined)
      for (const [i, one] of value.entries()) check(rules.items, one, `${place}/${i}`, root, found);
  }
  const entries = object(value);
  if (entries !== null) checkObject(rules, entries, place, root, found);
}

function checkObject(
  rules: Record<string, Json>,
  value: Record<string, Json>,
  place: string,
  root: Json,
  found: string[],
): void {
  const properties = object(rules.properties ?? null) ?? {};
  if (Object.keys(value).length < Number(rules.minProperties ?? 0)) found.push(place);
  if (Array.isArray(rules.required)) {
    for (const key of rules.required) if (!(String(key) in value)) found.push(`${place}/${key}`);
  }
  for (const [key, one] of Object.entries(value)) {
    if (rules.propertyNames !== undefined) {
      const inner: string[] = [];
      check(rules.propertyNames, key, `${place}/${key}`, root, inner);
      found.push(...inner);
    }
    const own = Object.hasOwn(properties, key) ? properties[key] : rules.additionalProperties;
    if (own !== undefined) check(own, one, `${place}/${key}`, root, found);
  }
}

function object(value: Json): Record<string, Json> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
