import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { psl } from "../../src/model/lazy.ts";
import { loadShipped, shippedDomains, shippedModels } from "../../src/model/shipped.ts";
import { fixture } from "./helpers.ts";

const names = readdirSync("rules")
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length))
  .sort();

test("every model of rules/ is shipped, compiled as it stands", (t) => {
  t.deepEqual(
    shippedModels().map(({ name }) => name),
    names,
  );
  for (const name of names) {
    const { source: _, ...expected } = fixture(`../../rules/${name}`);
    const { source, ...compiled } = loadShipped(name)!;
    t.is(source, "shipped");
    t.deepEqual(compiled, expected);
  }
});

test("the domain of each of their names is what the public suffix list says", (t) => {
  const domains = shippedDomains();
  for (const name of names)
    for (const { labels, text } of loadShipped(name)!.endpoints.flatMap(({ hosts }) => hosts)) {
      const host = labels.filter((label) => !label.startsWith("*")).join(".");
      const parsed = psl().parse(host);
      t.is(domains[host], "domain" in parsed ? parsed.domain : null, text);
    }
});

test("no file but a shipped model is read by its name", (t) => {
  t.is(loadShipped("opswat-spd"), null);
  t.is(loadShipped("../../package"), null);
  t.is(loadShipped("index"), null);
});

test("the names of opswat-sdp that command lines rely on", (t) => {
  const { roles, parameters } = loadShipped("opswat-sdp")!;
  t.deepEqual(
    roles.map(({ name }) => name),
    ["client", "gateway"],
  );
  t.deepEqual(
    parameters.map(({ name, values, default: standard }) => [name, values, standard]),
    [
      ["region", ["us", "eu"], null],
      ["platform", ["ova", "aws", "azure"], null],
      ["gateway-port", [], "30000"],
      ["gateway-open-port", [], "30001"],
    ],
  );
});

const document = "../shared/vendor-docs/opswat-sdp.txt";
const run = existsSync(document) ? test : test.skip;
run(`opswat-sdp cites the text that it was made from (${document})`, (t) => {
  const { document: info, rules } = loadShipped("opswat-sdp")!;
  const text = readFileSync(document, "utf8");
  t.is(info.textSha256, createHash("sha256").update(text).digest("hex"));
  // Sections are heading paths: each heading stands on a line of its own.
  const lines = new Set(text.split("\n").map((line) => line.trim()));
  for (const { cite } of rules) {
    for (const { section } of cite) for (const heading of section.split(" / ")) t.true(lines.has(heading), heading);
  }
});

test("a shipped model is bound without loading yaml, psl or ip-num", (t) => {
  const program = `
    import { createRequire } from "node:module";
    import { bindRoles, loadShipped } from ${JSON.stringify(new URL("../../src/model/index.js", import.meta.url).href)};
    const bound = bindRoles([loadShipped("opswat-sdp")], null, ["gateway=10.20.0.5"], ["region=us"]);
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /yaml|psl|ip-num/.test(path));
    console.log(JSON.stringify([bound.problems.length, loaded]));`;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  t.deepEqual(JSON.parse(said), [0, []]);
});
