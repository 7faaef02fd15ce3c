import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { documentFacts } from "../../src/model/document-facts.ts";
import { lintModel } from "../../src/model/lint.ts";
import { lintDocument } from "../../src/model/lint-document.ts";
import { type Change, fixture, good, rule, said } from "./helpers.ts";

/** The smallest model of `helpers.ts` uses neither its parameters nor one of its roles. */
const QUIET: Change = { parameters: "", roles: "roles: { client: }" };

const CASES: [name: string, change: Change, findings: string[]][] = [
  ["nothing", {}, []],
  [
    "unused parts",
    {
      parameters: "parameters: { p: { type: port } }",
      roles: "roles: { client: , gateway: }",
      endpoints: "endpoints: { api: { hosts: [api.example.com] }, spare: { hosts: [x.example.com] } }",
    },
    [
      '4: warning: parameter "p" decides nothing',
      '5: warning: role "gateway" is in no rule',
      '6: warning: endpoint "spare" is in no rule',
    ],
  ],
  [
    "shared hosting",
    { endpoints: 'endpoints: { api: { hosts: ["*.s3.amazonaws.com"] } }' },
    ["6: warning: *.s3.amazonaws.com is a wildcard over shared hosting"],
  ],
  [
    "shared hosting, not listed whole",
    { endpoints: 'endpoints: { api: { hosts: ["**.amazonaws.com"] } }' },
    ["6: warning: **.amazonaws.com is a wildcard over shared hosting"],
  ],
  [
    "a wildcard of one's own",
    { endpoints: 'endpoints: { api: { hosts: ["*.example.com", "*.plant.internal"] } }' },
    [],
  ],
  [
    "a private address",
    { endpoints: "endpoints: { api: { addresses: [10.1.0.0/16, 192.0.2.1] } }" },
    ["6: warning: 10.1.0.0/16 is a private address"],
  ],
  [
    "one letter off",
    { endpoints: "endpoints: { api: { hosts: [restapi.gp4f.com, activateapi.gp4.com] } }" },
    ["6: warning: gp4.com is one letter off gp4f.com"],
  ],
  [
    "one letter off, within a domain",
    { endpoints: "endpoints: { api: { hosts: [update.example.com, updates.example.com] } }" },
    ["6: warning: updates.example.com is one letter off update.example.com"],
  ],
  [
    "numbered on purpose",
    { endpoints: "endpoints: { api: { hosts: [url1.example.com, url2.example.com, url13.example.com] } }" },
    [],
  ],
  [
    "any port to any host",
    rule({ to: "internet", over: "tcp", app: "any" }),
    ['6: warning: endpoint "api"', '8: warning: rule "r" covers any port and any host'],
  ],
  [
    "a condition that always holds",
    { ...rule({ when: "{ region: [us, eu] }" }), parameters: "parameters: { region: { values: [us, eu] } }" },
    ['8: warning: rule "r": its condition always holds: region is us or eu'],
  ],
  [
    "the same twice",
    { rest: rule({ id: "s" }).rule! },
    ['9: warning: rules "r" and "s" cannot be told apart on the wire'],
  ],
  [
    "a narrower one",
    { rest: rule({ id: "s", over: '"tcp/1-65535"', app: "any" }).rule! },
    ['8: warning: rule "r" is shadowed by "s"'],
  ],
  [
    "a narrower name",
    {
      endpoints: 'endpoints: { api: { hosts: [api.example.com] }, all: { hosts: ["*.example.com"] } }',
      rest: rule({ id: "s", to: "all" }).rule!,
    },
    ['8: warning: rule "r" is shadowed by "s"'],
  ],
  ["a choice of one", rule({ "any-of": "ways" }), ['8: warning: rule "r" is the only one of "ways"']],
  [
    "a choice of two",
    { ...rule({ "any-of": "ways" }), rest: rule({ id: "s", "any-of": "ways", over: "tcp/80" }).rule! },
    [],
  ],
  [
    "a role that an endpoint names",
    {
      ...QUIET,
      roles: "roles: { client: , gateway: }",
      endpoints: "endpoints: { api: { hosts: [api.example.com], role: gateway } }",
    },
    [],
  ],
  ["a narrower one that matters more", { rest: rule({ id: "s", over: "tcp", requirement: "optional" }).rule! }, []],
  ["another port", { rest: rule({ id: "s", over: "tcp/80" }).rule! }, []],
  ["another transport", { rest: rule({ id: "s", over: "udp/443", app: "quic" }).rule! }, []],
  [
    "ports in common",
    { ...rule({ over: '"tcp/443,8443"' }), rest: rule({ id: "s", over: "tcp/8000-9000" }).rule! },
    ['9: warning: rules "r" and "s" overlap: tcp/8443 is both'],
  ],
  [
    "ports in common, under conditions that exclude each other",
    {
      ...rule({ over: '"tcp/443,8443"', when: "{ region: us }" }),
      rest: rule({ id: "s", over: "tcp/8000-9000", when: "{ region: eu }" }).rule!,
      parameters: "parameters: { region: { values: [us, eu] } }",
    },
    [],
  ],
  [
    "what is forbidden as well",
    { rest: rule({ id: "s", over: "tcp", app: "any", requirement: "forbidden" }).rule! },
    ['8: warning: rule "r" can document nothing: "s", which is forbidden, covers all of it'],
  ],
  [
    "a part that is forbidden",
    { ...rule({ over: "tcp" }), rest: rule({ id: "s", requirement: "forbidden" }).rule! },
    [],
  ],
  [
    "an application over a transport that it is not spoken over",
    rule({ over: "udp/443" }),
    ['8: warning: rule "r": tls is not spoken over udp, so nothing can meet it'],
  ],
  ["an application that goes with one of the transports", rule({ over: "[udp/443, tcp/443]" }), []],
  ["another application", { rest: rule({ id: "s", app: "http" }).rule! }, []],
];
for (const [name, change, findings] of CASES) {
  test(name, (t) => {
    const found = lintModel(good({ ...QUIET, ...change }));
    t.deepEqual(
      found.map((problem, i) =>
        said(problem)
          .replace(/^m\.yaml:(\d+):\d+/, "$1")
          .slice(0, findings[i]?.length),
      ),
      findings,
    );
  });
}

test("a finding stands at its key", (t) => {
  const [found] = lintModel(good({ ...QUIET, roles: "roles: { client: , gateway: }" }));
  t.is(found?.message, 'role "gateway" is in no rule');
  t.is(found?.column, "roles: { client: , ".length + 1);
});

test("what a document states, by line", (t) => {
  const facts = documentFacts(
    [
      "1 Ports and Protocols ..... 4", // a table of contents
      "2.1 Ports",
      "Allow 443/TCP and UDP 1024 – 65535 to https://API.example.com/v1.2 (retired on 22/11/18).",
      "Version 4.10, April 2019; see case_one.png, e.g. page 12.",
      "* *.cdn.example.net, 192.0.2.1 and 2001:DB8::/32, since 2024-01-02 and Oct-2018",
      "TCP",
      "",
      "8883, 8443",
      "990/21",
      "1443:",
      "| SSH Access | 22 | 636 (secure) 389 (insecure) |",
      "Port 80 needs 5 Mbps, 30 days and TLS 1.3 (TCP).",
      "Call 555-1234, cost 300 or 12,000.",
    ].join("\n"),
  );
  t.deepEqual(
    [...facts.hosts],
    [
      ["api.example.com", 3],
      ["*.cdn.example.net", 5],
    ],
  );
  t.deepEqual(
    [...facts.addresses.values()],
    [
      { line: 5, text: "192.0.2.1" },
      { line: 5, text: "2001:DB8::/32" },
    ],
  );
  t.deepEqual([...facts.dates.keys()], ["2018-11-22", "2019-04", "2024-01-02", "2018-10"]);
  t.deepEqual(
    [...facts.ports.keys()].sort((a, b) => a - b),
    [22, 80, 389, 443, 636, 1024, 1443, 8443, 8883, 65535],
  );
});

const DOCUMENT = "Client: api.example.com on TCP port 443.\nGateway: 192.0.2.1 on UDP 30000, retired 22/11/18.";
const MATCHING: Change = {
  ...QUIET,
  endpoints: "endpoints: { api: { hosts: [api.example.com] }, gw: { addresses: [192.0.2.1] } }",
  rest: rule({ id: "s", to: "gw", over: "udp/30000", requirement: "retired", "last-day": "2018-11-22" }).rule!,
};

test("a model that says all that its document does", (t) => {
  t.deepEqual(lintDocument(good(MATCHING), DOCUMENT, "doc.txt"), []);
});

test("what only the document has, and what only the model has", (t) => {
  const changedDocument = DOCUMENT.replace("api.", "apis.")
    .replace("443", "8443")
    .replace(".0.2.1", ".0.2.2")
    .replace("22/11", "23/11");
  t.deepEqual(lintDocument(good(MATCHING), changedDocument, "doc.txt").map(said), [
    "doc.txt:1:1: error: host apis.example.com is neither used by the model nor named under left-out (the model has api.example.com)",
    "doc.txt:2:1: error: address 192.0.2.2 is neither used by the model nor named under left-out",
    "doc.txt:1:1: error: port 8443 is neither used by the model nor named under left-out",
    "doc.txt:2:1: error: date 2018-11-23 is neither used by the model nor named under left-out",
    "m.yaml:6:1: error: host api.example.com is not in the document",
    "m.yaml:6:1: error: address 192.0.2.1 is not in the document",
    "m.yaml:8:1: error: port 443 is not in the document",
    "m.yaml:9:1: error: date 2018-11-22 is not in the document",
  ]);
});

test("what is left out with a reason is not missing", (t) => {
  const rest = `${MATCHING.rest}\nleft-out:\n  - { fact: "docs.example.com, 192.0.2.9, port 8080, May 2020", why: for people }`;
  const more = `${DOCUMENT}\nSee docs.example.com or 192.0.2.9 (TCP port 8080) of May 2020.`;
  t.deepEqual(lintDocument(good({ ...MATCHING, rest }), more, "doc.txt"), []);
});

test("the shipped models have nothing against them but what they mean", (t) => {
  t.deepEqual(lintModel(shipped("opswat-sdp")).map(said), []);
  // `background` is about private addresses.
  for (const { message } of lintModel(shipped("background"))) t.regex(message, /is a private address/);
});

test("no shipped model has a lint error", (t) => {
  for (const file of readdirSync("rules").filter((name) => name.endsWith(".yaml"))) {
    const errors = lintModel(shipped(file.slice(0, -".yaml".length))).filter(({ severity }) => severity === "error");
    t.deepEqual(errors.map(said), []);
  }
});

const DOCUMENTS = "../shared/vendor-docs";
for (const name of ["opswat-sdp"]) {
  const path = `${DOCUMENTS}/${name}.txt`;
  const run = existsSync(path) ? test : test.skip;
  run(`${name} holds the whole of its document (${path})`, (t) => {
    t.deepEqual(lintDocument(shipped(name), readFileSync(path, "utf8"), path).map(said), []);
  });
}

function shipped(name: string) {
  return fixture(`../../rules/${name}`);
}
