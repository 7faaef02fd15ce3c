import test from "ava";
import fc from "fast-check";
import { compileNames, matchesName, parseHostPattern, resolvePattern } from "../../src/model/names.ts";
import type { HostPattern } from "../../src/model/types.ts";

function pattern(text: string): HostPattern {
  const parsed = parseHostPattern(text, (why) => {
    throw new Error(why);
  });
  if (parsed === null) throw new Error(text);
  return parsed;
}

const CASES: [pattern: string, matches: string[], others: string[]][] = [
  [
    "api.example.com",
    ["api.example.com", "API.Example.COM", "api.example.com."],
    ["x.api.example.com", "example.com", "api.example.co", ""],
  ],
  ["*.example.com", ["a.example.com"], ["example.com", "a.b.example.com", ".example.com", "aexample.com"]],
  ["*.*.u5fgb.com", ["r1.us.u5fgb.com"], ["u5fgb.com", "us.u5fgb.com", "a.b.c.u5fgb.com"]],
  ["**.example.com", ["a.example.com", "a.b.c.example.com"], ["example.com", "a.example.org"]],
  [
    "a.**.example.com",
    ["a.b.example.com", "a.b.c.example.com"],
    ["a.example.com", "b.a.example.com", "b.c.example.com"],
  ],
  ["**.b.**.com", ["a.b.c.com", "x.b.b.b.com", "a.b.c.d.com"], ["b.c.com", "a.b.com"]],
  ["*.**.com", ["a.b.com", "a.b.c.com"], ["a.com", "com"]],
  ["_sip._tcp.example.com", ["_sip._tcp.example.com"], ["sip.tcp.example.com"]],
];
for (const [text, matches, others] of CASES) {
  test(`${text}`, (t) => {
    const compiled = compileNames([pattern(text)]);
    for (const name of matches) {
      t.true(matchesName(pattern(text), name), name);
      t.deepEqual(compiled.match(name), [0], name);
    }
    for (const name of others) {
      t.false(matchesName(pattern(text), name), name);
      t.deepEqual(compiled.match(name), [], name);
    }
  });
}

test("which of many patterns, in their order", (t) => {
  const texts = ["*.example.com", "api.example.com", "**.com", "other.org", "api.example.com"];
  const matcher = compileNames(texts.map(pattern));
  t.deepEqual(matcher.match("api.example.com"), [0, 1, 2, 4]);
  t.deepEqual(matcher.match("www.example.com"), [0, 2]);
  t.deepEqual(matcher.match("other.org"), [3]);
  t.deepEqual(matcher.match("net"), []);
  t.deepEqual(matcher.match("constructor"), []);
});

test("a name that is a parameter", (t) => {
  const own = pattern("$domain");
  t.deepEqual(own, { text: "$domain", labels: [], parameter: "domain" });
  t.deepEqual(compileNames([own]).match("domain"), []);
  t.is(
    resolvePattern(own, () => null),
    null,
  );
  t.is(
    resolvePattern(own, () => "no name"),
    null,
  );
  t.true(matchesName(resolvePattern(own, () => "Server.example.com")!, "server.example.com"));
});

test("international names are compared in their ASCII form", (t) => {
  t.deepEqual(pattern("bücher.example").labels, ["xn--bcher-kva", "example"]);
});

test("the trie agrees with a walk over labels", (t) => {
  const label = fc.constantFrom("a", "b", "c");
  const texts = fc.array(fc.array(fc.oneof(label, fc.constantFrom("*", "**")), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(texts, fc.array(label, { minLength: 1, maxLength: 6 }), (patterns, name) => {
      const compiled = compileNames(patterns.map((labels) => ({ text: labels.join("."), labels, parameter: null })));
      const expected = patterns.flatMap((labels, i) => (walk(labels, name) ? [i] : []));
      t.deepEqual(compiled.match(name.join(".")), expected);
      for (const [i, labels] of patterns.entries()) {
        const single = { text: labels.join("."), labels, parameter: null };
        t.is(matchesName(single, name.join(".")), expected.includes(i));
      }
    }),
  );
});

/** The definition of a match, label by label from the left. */
function walk(labels: readonly string[], name: readonly string[]): boolean {
  const [label, ...rest] = labels;
  const [here, ...others] = name;
  if (label === undefined || here === undefined) return label === here;
  if (label === "**") return walk(rest, others) || walk(labels, others);
  return (label === "*" || label === here) && walk(rest, others);
}

const SIGNS = "abcz09_-.*A";
const looksLikeName = fc
  .oneof(
    fc
      .array(fc.constantFrom(..."abz09-_", "*", "**", "com", "10"), { minLength: 1, maxLength: 5 })
      .map((all) => all.join(".")),
    fc.array(fc.constantFrom(...SIGNS), { maxLength: 12 }).map((all) => all.join("")),
    fc.tuple(fc.nat({ max: 70 }), fc.nat({ max: 70 })).map(([a, b]) => `${"a".repeat(a)}.${"b".repeat(b)}.example`),
  )
  .filter((text) => text === text.toLowerCase());

test("what is read at a glance is read the same when it is looked at closely", (t) => {
  const read = (text: string): unknown => {
    const pattern = parseHostPattern(text, () => {});
    return pattern && [pattern.text, pattern.labels];
  };
  fc.assert(
    fc.property(looksLikeName, (text) => {
      // Capitals are never read at a glance.
      t.deepEqual(read(text), read(text.toUpperCase()), text);
    }),
    { numRuns: 2_000 },
  );
});
