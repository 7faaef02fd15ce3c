/** As much of JSON Schema (2020-12) as the report's schema uses; an unknown keyword is an error, so that none is skipped. */
export interface Schema {
  [keyword: string]: unknown;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  $defs?: Record<string, Schema>;
}

const NOTES = new Set(["$schema", "title", "description", "$defs"]);

/** What is wrong with a value, a sentence each with its path; empty where it is valid. `schema`: a part of the whole. */
export function violations(root: Schema, value: unknown, schema: Schema = root): string[] {
  const wrong: string[] = [];
  check(root, schema, value, "$", wrong);
  return wrong;
}

function check(root: Schema, schema: Schema, value: unknown, path: string, wrong: string[]): void {
  for (const [keyword, wanted] of Object.entries(schema)) {
    if (NOTES.has(keyword)) continue;
    if (!holds(root, schema, keyword, wanted, value, path, wrong))
      wrong.push(`${path}: ${keyword} ${JSON.stringify(wanted)}, found ${JSON.stringify(value)}`);
  }
}

function holds(
  root: Schema,
  schema: Schema,
  keyword: string,
  wanted: unknown,
  value: unknown,
  path: string,
  wrong: string[],
): boolean {
  const object =
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  switch (keyword) {
    case "$ref": {
      const name = String(wanted).replace("#/$defs/", "");
      const target = root.$defs?.[name];
      if (target === undefined) throw new Error(`${path}: no $defs/${name}`);
      check(root, target, value, path, wrong);
      return true;
    }
    case "anyOf":
      return (wanted as Schema[]).some((each) => {
        const own: string[] = [];
        check(root, each, value, path, own);
        return own.length === 0;
      });
    case "enum":
      return (wanted as unknown[]).includes(value);
    case "type":
      return [wanted].flat().some((type) => isType(String(type), value));
    case "minimum":
      return typeof value !== "number" || value >= Number(wanted);
    case "maximum":
      return typeof value !== "number" || value <= Number(wanted);
    case "pattern":
      return typeof value !== "string" || new RegExp(String(wanted), "u").test(value);
    case "required":
      return object === null || (wanted as string[]).every((name) => Object.hasOwn(object, name));
    case "properties":
      for (const [name, inner] of Object.entries(wanted as Record<string, Schema>)) {
        if (object !== null && Object.hasOwn(object, name)) check(root, inner, object[name], `${path}.${name}`, wrong);
      }
      return true;
    case "additionalProperties": {
      const others = Object.keys(object ?? {}).filter((name) => !Object.hasOwn(schema.properties ?? {}, name));
      if (wanted === false) return others.length === 0;
      for (const name of others) check(root, wanted as Schema, object?.[name], `${path}.${name}`, wrong);
      return true;
    }
    case "propertyNames":
      for (const name of Object.keys(object ?? {}))
        check(root, wanted as Schema, name, `${path}.${name} (name)`, wrong);
      return true;
    case "items":
      if (Array.isArray(value))
        for (const [i, item] of value.entries()) check(root, wanted as Schema, item, `${path}[${i}]`, wrong);
      return true;
    default:
      throw new Error(`${path}: the schema uses ${keyword}, which this check does not know`);
  }
}

function isType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
