/**
 * Text that every SQLite reader shows alike.
 *
 * SQLite text ends at a NUL for many of its functions and readers, and UTF-8 has no lone surrogates; both can come off
 * the wire. In columns they stand escaped, as `\u0000` and `\ud800`; the original is kept beside them (see `tables.ts`).
 */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

export function storable(text: string): string {
  return text.replace(UNSTORABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A JSON text's strings made storable. `JSON.stringify` escapes what is not, so a text without `\u` is returned as it is. */
export function storableJson(json: string): string {
  return json.includes("\\u") ? JSON.stringify(storableValue(JSON.parse(json))) : json;
}

/** A JSON text as columns have it: `data`, made storable, and `exact`, as it was where that is another, else null. */
export function dataAndExact(json: string): [data: string, exact: string | null] {
  const data = storableJson(json);
  return [data, data === json ? null : json];
}

export function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== "object" || value === null) return value;
  // fromEntries defines properties, so a key like __proto__ stays data.
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storableValue(inner)]));
}
