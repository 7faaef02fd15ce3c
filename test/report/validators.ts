/** Independent validators for the forms that other programs read: libxml2 for JUnit, ajv for SARIF. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { validateXML } from "xmllint-wasm";

const SCHEMAS = "test/report/schemas";

/** What libxml2 finds wrong with a JUnit document, by the schema that Jenkins publishes. */
export async function junitProblems(xml: string): Promise<string[]> {
  const schema = readFileSync(`${SCHEMAS}/junit.xsd`, "utf8");
  const { errors } = await validateXML({ xml: { fileName: "junit.xml", contents: xml }, schema });
  return errors.map((error) => error.rawMessage);
}

interface Validate {
  (value: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
}
interface Ajv {
  compile(schema: object): Validate;
}

/** ajv and its parts are CommonJS, whose default export Node hands over as a property. */
function loadAjv(): Ajv {
  const require = createRequire(import.meta.url);
  const { default: Draft4 } = require("ajv-draft-04") as { default: new (options: object) => Ajv };
  const { default: addFormats } = require("ajv-formats") as { default: (ajv: Ajv) => void };
  const ajv = new Draft4({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats(ajv);
  return ajv;
}

const sarif = loadAjv().compile(JSON.parse(readFileSync(`${SCHEMAS}/sarif-2.1.0.json`, "utf8")) as object);

/** What ajv finds wrong with a SARIF document, by its published schema. */
export function sarifProblems(document: unknown): string[] {
  if (sarif(document)) return [];
  return (sarif.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
