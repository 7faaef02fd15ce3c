/** The short way of reading YAML against the package: whatever it reads, the package reads the same, without a problem. */
import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { type Item, type MapItem, readAnyYaml } from "../../src/model/yaml.ts";
import { readPlainYaml } from "../../src/model/yaml-plain.ts";

const SHIPPED = readdirSync("rules")
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(`rules/${name}`, "utf8"));
const LINES = SHIPPED.map((text) => text.split("\n"));

function agrees(text: string): boolean {
  const plain = readPlainYaml(text);
  if (plain === null) return false;
  const { root, problems } = readAnyYaml(text, "x");
  const said = JSON.stringify({ plain: whole(plain), problems: [] });
  if (said !== JSON.stringify({ plain: root && whole(root), problems })) throw new Error(`read otherwise:\n${text}`);
  return true;
}

const said = (entries: MapItem["entries"]) =>
  Array.from(entries, ({ value }) => (value.kind === "empty" ? undefined : value));

/** With all that is in it, in the order of its fields. */
function whole(item: Item): object {
  const { kind, line, column } = item;
  if (item.kind === "list") return { kind, line, column, items: item.items.map(whole) };
  if (item.kind !== "map") return item;
  const { entries } = item;
  const keys = entries.map(({ key }) => key.text);
  // The same twice over: as entries, and as what stands under the keys.
  const values = item.valuesOf === undefined ? said(entries) : item.valuesOf(keys);
  if (JSON.stringify(keys.map((_, i) => values?.[i])) !== JSON.stringify(said(entries)))
    throw new Error("values of other keys");
  if (item.valuesOf !== undefined && keys.length > 0 && item.valuesOf(keys.slice(1)) !== null)
    throw new Error("a key too many");
  return { kind, line, column, entries: entries.map(({ key, value }) => ({ key, value: whole(value) })) };
}

test("every shipped model is read the short way", (t) => {
  for (const text of SHIPPED) t.true(agrees(text));
});

for (const [what, text] of Object.entries({
  "a list as deep as its key": "a:\n- b\n- c: d\n  e: f\ng: h\n",
  "flow over several lines": "a: [b, 'c, d', # why\n  e]\nf: { g: h,\n  i: [j] } # k\n",
  "an address, a port, a quoted number": 'a: [2001:db8::1, tcp/443, "443"]\n',
  "nothing, written as ~": "a: ~\nb: [null]\n",
  "folded text behind which a block ends": "a:\n  b: >-\n    one: two #\n    three\n\n# why\nc: d\n",
  "empty collections": "a: []\nb: {}\n",
  "a quote within single quotes": "a: 'it''s'\n",
  "no last line end": "a:\n  - b",
})) {
  test(`read the short way: ${what}`, (t) => t.true(agrees(text)));
}

for (const [what, text] of Object.entries({
  "text over several lines": "a: b\n  c\n",
  "a key twice": "a: b\na: c\n",
  "an anchor": "a: &b c\nd: *b\n",
  "a tab": "a:\tb\n",
  "an escape": 'a: "\\u0041"\n',
  "a colon inside": "a: b: c\n",
  "a comment without a blank": "a: [b]#c\n",
  "a second document": "a: b\n---\nc: d\n",
  "an open bracket": "a: [b\n",
  "a bracket that closes at the margin": "a: [b\n]\n",
  "a deeper line in folded text": "a: >-\n  b\n    c\n",
  "a key with nothing": "a:\nb: c\n",
  "nothing at all": "# only this\n",
})) {
  test(`left to the package: ${what}`, (t) => t.is(readPlainYaml(text), null));
}

test("nesting beyond the cap is left to the package", (t) => {
  t.is(readPlainYaml(`a: ${"[".repeat(5000)}${"]".repeat(5000)}\n`), null);
});

const SIGNS = fc.constantFrom(..." -:#[]{},'\"&*!|>%@`~?\n\tab0.\\é", "  ", ": ", " #", "- ", "\n  ", "''");
const EDIT = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat({ max: 3 }), put: SIGNS });
const WINDOW = fc.record({
  file: fc.nat({ max: LINES.length - 1 }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  lines: fc.integer({ min: 1, max: 25 }),
  edits: fc.array(EDIT, { maxLength: 3 }),
});

test("pieces of models, damaged at random", (t) => {
  let read = 0;
  let tried = 0;
  fc.assert(
    fc.property(WINDOW, ({ file, from, lines, edits }) => {
      const all = LINES[file]!;
      const first = Math.floor(from * (all.length - 1));
      let text = all.slice(first, first + lines).join("\n");
      if (text.startsWith(" ")) text = `a:\n${text}`;
      for (const { at, cut, put } of edits) {
        const place = Math.floor(at * text.length);
        text = text.slice(0, place) + put + text.slice(place + cut);
      }
      tried++;
      if (agrees(text)) read++;
    }),
    { numRuns: Number(process.env.RUNS ?? 3000), seed: Number(process.env.SEED ?? 20_261_121) },
  );
  t.true(read > tried / 5, `${read} of ${tried} were read the short way`);
  t.true(read < tried);
});
