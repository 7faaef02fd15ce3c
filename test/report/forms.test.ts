import test from "ava";
import { csvReport } from "../../src/report/csv.ts";
import { FORM_NAMES, loadForm } from "../../src/report/forms.ts";
import { junitReport } from "../../src/report/junit.ts";
import { code, markdownReport, plain } from "../../src/report/markdown.ts";
import { makePen } from "../../src/report/pen.ts";
import type { RunResult } from "../../src/report/result.ts";
import { sarifReport } from "../../src/report/sarif.ts";
import { HOSTILE, poisoned } from "./hostile.ts";
import { hasHarmful } from "./plain.ts";
import { conversation, result, rollout, rule, runInfo } from "./sample.ts";
import { junitProblems, sarifProblems } from "./validators.ts";

const text = (pieces: Iterable<string>): string => [...pieces].join("");
const EVERY: [string, RunResult][] = [
  ["a clean run", result()],
  ["findings", rollout()],
  ["no model", result({ run: runInfo({ models: [], bindings: [] }), rules: [] })],
  ["nothing judged", result({ run: runInfo({ bindings: [] }), judged: [], rules: [] })],
  ["damage", { ...rollout(), captures: rollout().captures.map((c) => ({ ...c, damage: "a record of 2 GB" })) }],
  ["no capture at all", result({ captures: [], judged: [], rules: [] })],
  ...HOSTILE.map((poison): [string, RunResult] => [`hostile ${JSON.stringify(poison).slice(0, 30)}`, poisoned(poison)]),
];

for (const [name, run] of EVERY) {
  test(`JUnit is what its schema asks for: ${name}`, async (t) => {
    t.deepEqual(await junitProblems(text(junitReport(run))), []);
  });

  test(`SARIF is what its schema asks for: ${name}`, (t) => {
    t.deepEqual(sarifProblems(JSON.parse(text(sarifReport(run)))), []);
  });

  test(`CSV is a table by RFC 4180, and no cell is a formula: ${name}`, (t) => {
    const rows = parseCsv(text(csvReport(run)));
    t.is(new Set(rows.map((row) => row.length)).size, 1);
    const count = run.judged.length + run.rest.count + run.rules.length + run.lookups.length;
    t.is(rows.length, count + 1);
    for (const cell of rows.flat()) t.notRegex(cell, /^[=+\-@\t\r]/);
  });
}

test("the validators find what is wrong", async (t) => {
  t.not((await junitProblems("<testsuites><testsuite/></testsuites>")).length, 0);
  t.not(sarifProblems({ version: "2.1.0" }).length, 0);
});

test("JUnit: a finding fails, a waived one is skipped, a rule that is met passes", (t) => {
  const xml = text(junitReport(rollout()));
  t.regex(
    xml,
    /<testcase classname="conversations" name="[^"]*updates\.example\.net[^"]*">\s*<skipped>Waived: ticket 4711/,
  );
  t.regex(xml, /<testcase classname="opswat-sdp" name="gateway-api-us: [^"]*"\/>/);
  t.regex(xml, /<testcase classname="opswat-sdp" name="gateway-stun-us: [^"]*">\s*<failure type="missing"/);
  t.regex(xml, /<testsuite name="conversations" tests="4" failures="3" errors="0" skipped="1"/);
});

test("JUnit: a run in which nothing could be judged is an error, and so is a capture that cannot be read", (t) => {
  const nothing = text(junitReport(result({ run: runInfo({ bindings: [] }), judged: [], rules: [] })));
  t.regex(nothing, /name="something could be judged">\s*<error type="nothing-judged"/);
  const damaged = result({ captures: result().captures.map((one) => ({ ...one, damage: "cut" })) });
  t.regex(text(junitReport(damaged)), /can be read to its end">\s*<error type="unreadable" message="cut"/);
});

interface SarifPlace {
  physicalLocation?: { artifactLocation: { uri: string; uriBaseId?: string }; region?: { startLine: number } };
  logicalLocations?: { fullyQualifiedName: string }[];
}
interface SarifResult {
  ruleId: string;
  locations: SarifPlace[];
  relatedLocations?: SarifPlace[];
  suppressions?: { justification: string }[];
}

test("SARIF: conversations stand in their capture, rules at their line of the model, waived findings are suppressed", (t) => {
  const models = runInfo().models.map((model) => ({ ...model, lines: { "gateway-stun-us": 42, "gateway-api-us": 7 } }));
  const run = { ...rollout(), run: { ...rollout().run, models } };
  const { runs } = JSON.parse(text(sarifReport(run))) as { runs: { results: SarifResult[] }[] };
  const results = runs[0]?.results ?? [];
  const missing = results.find((one) => one.ruleId === "opswat-sdp/gateway-stun-us");
  t.like(missing?.locations[0]?.physicalLocation, {
    artifactLocation: { uri: "rules/opswat-sdp.yaml", uriBaseId: "WIREPACT" },
    region: { startLine: 42 },
  });
  const seen = results.find((one) => one.locations[0]?.logicalLocations !== undefined);
  t.regex(seen?.locations[0]?.logicalLocations?.[0]?.fullyQualifiedName ?? "", /\.pcap#\d+$/);
  t.regex(seen?.locations[0]?.physicalLocation?.artifactLocation.uri ?? "", /\.pcap$/);
  t.deepEqual(
    results.flatMap((one) => one.suppressions ?? []).map((one) => one.justification),
    ["ticket 4711"],
  );
});

test("SARIF: paths are URI references", (t) => {
  const run = result({ captures: result().captures.map((one) => ({ ...one, path: "/a b/c#d?.pcap" })) });
  t.true(text(sarifReport(run)).includes('"file:///a%20b/c%23d%3F.pcap"'));
});

test("Markdown: nothing from outside is markup, a link or a mention", (t) => {
  for (const poison of [
    ...HOSTILE,
    "[x](http://evil)",
    "@everyone",
    "a|b",
    "![i](x)",
    "`x` **y**",
    "www.evil.example",
  ]) {
    const page = text(markdownReport(poisoned(poison)));
    t.false(hasHarmful(page), JSON.stringify(poison));
    const outsideCode = page.replace(/(`+)[^`].*?[^`]?\1/g, "");
    t.notRegex(outsideCode, /<script|\]\(|@everyone|\bwww\.evil|https?:\/\//, JSON.stringify(poison));
    for (const line of page.split("\n").filter((one) => one.startsWith("| ")))
      t.true([3, 4].includes(line.replaceAll("\\|", "").split("|").length - 2), line);
  }
  t.is(plain("a*b|c"), "a&#42;b&#124;c");
  t.is(code("a`b"), "`` a`b ``");
});

test("Markdown names findings, waived ones apart", (t) => {
  const page = text(markdownReport(rollout()));
  t.true(page.indexOf("### Findings") < page.indexOf("### Waived"));
  t.true(page.indexOf("ticket 4711") > page.indexOf("### Waived"));
  t.regex(page, /\| undocumented \| `[^`]*telemetry\.example\.com/);
});

test("every form makes some text of every result", async (t) => {
  for (const name of FORM_NAMES.filter((form) => form !== "text")) {
    const form = await loadForm(name);
    const run = result({ judged: [conversation()], rules: [rule()] });
    t.not(text(form(run, { pen: makePen(80, false), database: null, all: false })), "");
  }
});

/** A reader of RFC 4180 that is not the writer's. */
function parseCsv(csv: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let found = cell.exec(csv); found !== null; found = cell.exec(csv)) {
    rows.at(-1)?.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === "\r\n") rows.push([]);
    if (cell.lastIndex === csv.length) break;
  }
  if (rows.at(-1)?.length === 0) rows.pop();
  return rows;
}
