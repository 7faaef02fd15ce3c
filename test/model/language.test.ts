/** Every form of the language once, compiled: `fixtures/model/everything.yaml`. */
import { readFileSync } from "node:fs";
import test from "ava";
import { EXPECT_KEYS } from "../../src/model/expect.ts";
import { KEYS, REQUIREMENTS } from "../../src/model/keys.ts";
import { loadModel } from "../../src/model/load.ts";
import { fixture } from "./helpers.ts";

const model = fixture("everything");
const rule = (id: string) => {
  const found = model.rules.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no rule ${id}`);
  return found;
};
const endpoint = (name: string) => model.endpoints.find((candidate) => candidate.name === name);

test("the fixture has every key and every requirement", (t) => {
  const text = readFileSync("fixtures/model/everything.yaml", "utf8");
  const keys = [
    KEYS.model,
    KEYS.document,
    KEYS.parameter,
    KEYS.role,
    KEYS.endpoint,
    KEYS.rule,
    KEYS.cite,
    KEYS.unclear,
  ];
  for (const key of [...keys.flat(), ...KEYS["left-out"]]) t.regex(text, new RegExp(`(?:^|[\\s{])${key}:`, "m"));
  t.deepEqual([...new Set(model.rules.map(({ requirement }) => requirement))].sort(), [...REQUIREMENTS].sort());
});

test("the document, its version as written", (t) => {
  t.deepEqual(model.document, {
    title: "Ports of everything",
    publisher: "Example",
    product: "Everything",
    version: "3.10",
    retrieved: "2026-11-20",
    textSha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  });
});

test("parameters", (t) => {
  t.deepEqual(
    model.parameters.map(({ name, type, values, default: standard }) => [name, type, values, standard]),
    [
      ["region", "choice", ["us", "eu"], null],
      ["deployment", "choice", ["lan", "internet"], "lan"],
      ["release", "version", [], null],
      ["icap-port", "port", [], "1344"],
      ["public-port", "port", [], "30000"],
      ["domain", "name", [], null],
      ["label", "text", [], null],
    ],
  );
});

test("endpoints", (t) => {
  t.deepEqual(endpoint("api"), {
    name: "api",
    about: "the API",
    hosts: [{ text: "api.example.com", labels: ["api", "example", "com"], parameter: null }],
    addresses: [
      { text: "192.0.2.10", family: 4, first: "c000020a", last: "c000020a" },
      { text: "192.0.2.16/28", family: 4, first: "c0000210", last: "c000021f" },
    ],
    ranges: null,
    need: "each",
    pool: false,
    line: 27,
    column: 3,
  });
  t.deepEqual(endpoint("own")?.hosts, [{ text: "$domain", labels: [], parameter: "domain" }]);
  t.deepEqual(endpoint("cloud")?.hosts[0]?.text, "query.example.org");
  t.is(endpoint("own")?.role, "server");
  t.is(endpoint("cloud")?.role, undefined);
  t.is(endpoint("cloud")?.ranges, "amazon");
  t.is(endpoint("cloud")?.need, "any");
  t.true(endpoint("time")?.pool);
  t.deepEqual(endpoint("block")?.addresses, [
    { text: "2001:db8::/32", family: 6, first: `20010db8${"0".repeat(24)}`, last: `20010db8${"f".repeat(24)}` },
    { text: "198.51.100.7-198.51.100.9", family: 4, first: "c6336407", last: "c6336409" },
  ]);
});

test("who and whom", (t) => {
  t.deepEqual(rule("both").from, { kind: "role", role: "client" });
  t.deepEqual(rule("both").to, { kind: "endpoint", endpoint: "wild" });
  t.deepEqual(rule("webhook").from, { kind: "internet" });
  t.deepEqual(rule("everyone").from, { kind: "judged" });
  t.deepEqual(rule("everyone").to, { kind: "anyone" });
  t.is(rule("nat").peer, "internet");
  t.is(rule("api").peer, undefined);
});

test("over what", (t) => {
  const port = (first: number, last = first, parameter: string | null = null) => ({ first, last, parameter });
  t.deepEqual(rule("both").over, [
    { transport: "tcp", ports: [port(443), port(8443)], text: "tcp/443,8443" },
    { transport: "udp", ports: [port(1024, 65535)], text: "udp/1024-65535" },
  ]);
  t.deepEqual(rule("icap").over, [{ transport: "tcp", ports: [port(-1, -1, "icap-port")], text: "tcp/$icap-port" }]);
  t.deepEqual(rule("nat").over, [{ transport: "udp", ports: [port(30000, 30000, "public-port")], text: "udp/30000" }]);
  t.deepEqual(rule("any-port").over, [{ transport: "tcp", ports: [], text: "tcp" }]);
  t.deepEqual(
    rule("ping").over.map(({ transport, ports }) => [transport, ports]),
    [
      ["icmp", []],
      ["icmp6", []],
      ["ip", [port(2)]],
      ["eth", []],
      ["any", []],
    ],
  );
});

test("as what", (t) => {
  t.deepEqual(rule("both").apps, ["tls", "quic"]);
  t.deepEqual(rule("icap").apps, ["icap", "ice"]);
  t.is(rule("nat").apps, null);
});

test("when", (t) => {
  t.deepEqual(rule("api").when, { op: "is", parameter: "region", values: ["us"] });
  t.deepEqual(rule("both").when, {
    op: "and",
    of: [
      { op: "is", parameter: "region", values: ["us", "eu"] },
      { op: "is", parameter: "deployment", values: ["internet"] },
    ],
  });
  t.deepEqual(rule("any-port").when, {
    op: "or",
    of: [
      { op: "version", parameter: "release", compare: "<", version: "3.5.0" },
      { op: "not", of: { op: "is", parameter: "deployment", values: ["lan"] } },
    ],
  });
});

test("how much it matters", (t) => {
  t.is(rule("both").everySec, 86_400);
  t.is(rule("icap").on, "an update");
  t.is(rule("both").anyOf, "ways-out");
  t.is(rule("icap").anyOf, undefined);
  t.is(rule("old").retiredAfter, "2018-11-22");
  t.is(rule("time-by-http").fallbackFor, "time");
  t.is(rule("icap").note, "configurable");
  t.deepEqual(rule("api").cite, [
    { section: "Client", item: "row 1" },
    { section: "Summary", item: null },
  ]);
});

test("what else must hold", (t) => {
  t.deepEqual(
    model.rules.flatMap(({ expect }) => expect),
    [
      { kind: "tls-version", least: 0x0303, text: "tls.version: at least 1.2" },
      { kind: "encrypted", value: true, text: "encrypted: true" },
      { kind: "clocks", roles: ["client", "server"], withinMs: 3000, text: "clocks: client and server within 3 s" },
      { kind: "packets", most: 1, text: "packets: at most 1 a burst" },
      { kind: "reply", value: "none", text: "reply: none" },
      { kind: "content-type", value: "message/http", text: "content-type: message/http" },
      { kind: "time-of-day", from: 22 * 60, to: 6 * 60, text: "time-of-day: 22:00-06:00" },
      { kind: "ntp-offset", withinMs: 500, text: "ntp.offset: within 500 ms" },
      { kind: "field", field: "ntp.stratum", compare: "<=", values: [4], text: "ntp.stratum: at most 4" },
      {
        kind: "field",
        field: "dns.rcode",
        compare: "in",
        values: ["NOERROR", "NXDOMAIN"],
        text: "dns.rcode: NOERROR, NXDOMAIN",
      },
      { kind: "field", field: "stun.method", compare: "=", values: [1], text: "stun.method: 1" },
      { kind: "operations", most: "read", text: "operations: at most read" },
    ],
  );
});

test("open questions and what is left out", (t) => {
  t.deepEqual(model.unclear, [
    { about: "whether it is meant so", readings: ["yes", "no"], chosen: "yes, because it is written so" },
  ]);
  t.deepEqual(model.leftOut, [{ fact: "the office's telephone number", why: "nobody sees it on the wire" }]);
});

test("a compiled model is plain data", (t) => {
  t.deepEqual(JSON.parse(JSON.stringify(model)), model);
});

test("the guide for authors has a model that loads, and names every key", (t) => {
  const guide = readFileSync("rules/README.md", "utf8");
  const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
  t.deepEqual(loadModel(example, "README.md").problems, []);
  for (const key of [...KEYS.document, ...KEYS.parameter, ...KEYS.endpoint, ...KEYS.rule, ...KEYS.unclear]) {
    t.true(guide.includes(`\`${key}`), key);
  }
  for (const key of EXPECT_KEYS) t.true(guide.includes(`\`${key}: `), key);
});

test("before a YAML error everything is checked, behind it nothing", (t) => {
  const text =
    "wirepact: 2\nmodel: m\nroles: { client: }\nendpoints: { api: { hots: [x] } }\ndocument: x: y\nruls: []\n";
  const { model: loaded, problems } = loadModel(text, "m.yaml");
  t.is(loaded, null);
  t.deepEqual(
    problems.map(({ line, message }) => [line, message.slice(0, 24)]),
    [
      [1, 'wirepact: found "2", exp'],
      [4, 'endpoint "api": unknown '],
      [5, "not valid YAML: Nested m"],
    ],
  );
});

test("a file's words cannot act on the terminal that shows its problems", (t) => {
  const { problems } = loadModel('"\\e[31m": 1\nmodel: "\\e]0;x\\a"\nrules: [{ when: { "\\u009b": 1 } }]', "bad.yaml");
  t.true(problems.length > 3);
  for (const { message } of problems) t.notRegex(message, /\p{Cc}/u);
});

// Files that must end in a message, soon and within memory.
for (const [name, text] of [
  ["nested flow sequences", "[".repeat(1_000_000)],
  ["nested block sequences", "- ".repeat(200_000)],
  ["nested mappings", Array.from({ length: 2_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ["a bomb of aliases", `a: &a [x]\nb: &b [${"*a,".repeat(1000)}]\nc: [${"*b,".repeat(1000)}]\n`],
  ["a file too large", "#".repeat(9 << 20)],
  ["more words than are read", "[]\n,".repeat(1_000_000)],
  ["a list", "- a"],
  ["a word", "x"],
  ["nothing", ""],
  ["a NUL", "\0"],
  ["binary", String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))],
] as const) {
  test(`refused: ${name}`, (t) => {
    const { model: loaded, problems } = loadModel(text, "bad.yaml");
    t.is(loaded, null);
    t.true(problems.length > 0 && problems.length <= 201);
    for (const { line, column, message } of problems)
      t.true(line >= 1 && column >= 1 && message.length < 2_000, message);
  });
}
