/** docs/api.md is what the declarations say, and names nothing that a program could not import. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import test from "ava";
import * as wirepact from "../../src/index.ts";

interface ApiPage {
  apiPage(built: string, source: string): string;
  unnamed(built: string, known: readonly string[]): string[];
}
interface Declarations {
  exportsOf(path: string): { name: string; kind: string; text: string; comment: string }[];
}
// `as`: modules without types, see the shapes above
const { apiPage, unnamed } = (await import(pathToFileURL("scripts/lib/api-page.mjs").href)) as ApiPage;
const { exportsOf } = (await import(pathToFileURL("scripts/lib/declarations.mjs").href)) as Declarations;

/** Where this very build is. */
const BUILT = fileURLToPath(new URL("../../", import.meta.url));
const LANGUAGE =
  "Promise Array Uint8Array Uint32Array Int32Array Record Readonly Partial Pick Omit Iterable AsyncIterable Error Date Map Set ReadonlyMap AbortSignal NonNullable Exclude Generator".split(
    " ",
  );

test("docs/api.md is current: npm run api writes it", (t) => {
  t.true(readFileSync("docs/api.md", "utf8") === apiPage(BUILT, "src/index.ts"), "npm run build && npm run api");
});

test("everything that the library exports is in it, with what stands behind it", (t) => {
  const all = exportsOf(join(BUILT, "src/index.d.ts"));
  const values = all.filter(({ kind }) => ["function", "class", "const"].includes(kind)).map(({ name }) => name);
  t.deepEqual(values.sort(), Object.keys(wirepact).sort());
  t.true(all.length > 100);
  const bare = all.filter(({ kind, comment }) => kind === "function" && comment === "").map(({ name }) => name);
  t.deepEqual(bare, [], "functions without a word about them");
});

test("every type that a declaration names can be imported", (t) => {
  t.deepEqual(unnamed(BUILT, LANGUAGE), []);
});

test("declarations are read as tsc writes them", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-api-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, "index.d.ts"),
    `/** The module. */\nimport type { A } from "./a.ts";\nexport { type A, b as c } from "./a.ts";\nexport type * from "./star.ts";\n/**\n * Does it.\n */\nexport declare function f(a: A): {\n    x: string;\n};\ndeclare const hidden: 1;\nexport {};\n`,
  );
  writeFileSync(
    join(folder, "a.d.ts"),
    `/** An A. */\nexport interface A {\n    /** Its x. */\n    x: 1;\n}\nexport declare const b = 2;\n`,
  );
  writeFileSync(
    join(folder, "star.d.ts"),
    "export type S = A | null;\ndeclare const other: 3;\nexport declare const value: 4;\n",
  );
  t.deepEqual(
    exportsOf(join(folder, "index.d.ts")).map(({ name, kind, text, comment }) => [name, kind, text, comment]),
    [
      ["f", "function", "function f(a: A): {\n    x: string;\n};", "Does it."],
      ["A", "interface", "interface A {\n    /** Its x. */\n    x: 1;\n}", "An A."],
      ["c", "const", "const b = 2;", ""],
      ["S", "type", "type S = A | null;", ""],
    ],
  );
});
