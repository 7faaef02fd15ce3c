import test from "ava";
import { bindRoles } from "../../src/model/bind.ts";
import type { Model, Site } from "../../src/model/types.ts";
import { good } from "./helpers.ts";

const model = good();
const other: Model = { ...good({ roles: "roles: { client: , server: }", rule: ruleTo("server") }), name: "other" };
function ruleTo(role: string): string {
  return `  - { id: r, from: client, to: role:${role}, over: tcp/443, app: tls, requirement: required, cite: { section: S } }`;
}

function site(part: Partial<Site>): Site {
  const nothing = {
    models: [],
    roles: {},
    set: {},
    outside: {},
    hosts: {},
    ranges: {},
    timezone: "UTC",
    vxlan: [],
    waive: [],
  };
  return { source: "site.yaml", ...nothing, ...part };
}

const v4 = (text: string, first: string, last = first) => ({ text, family: 4 as const, first, last });

test("an address", (t) => {
  const { bindings, problems } = bindRoles([model], null, ["gateway=10.20.0.5"], []);
  t.deepEqual(problems, []);
  const host = {
    addresses: [v4("10.20.0.5", "0a140005")],
    name: null,
    internet: false,
    single: true,
    text: "10.20.0.5",
  };
  t.deepEqual(bindings, [{ model: "m", role: "gateway", realm: null, hosts: [host], how: "given", outside: false }]);
});

const VALUES: [value: string, text: string, single: boolean, families: (4 | 6 | "mac")[]][] = [
  ["10.0.0.5+FD00::5", "10.0.0.5+fd00::5", true, [4, 6]],
  ["10.0.0.0/8", "10.0.0.0/8", false, [4]],
  ["10.0.0.5/32", "10.0.0.5/32", true, [4]],
  ["10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9", false, [4]],
  ["fd00::/8", "fd00::/8", false, [6]],
  ["::1", "::1", true, [6]],
  ["mac:00-11-22-AA-bb-cc", "00:11:22:aa:bb:cc", true, ["mac"]],
  ["00:11:22:aa:bb:cc", "00:11:22:aa:bb:cc", true, ["mac"]],
  ["GW-1.Plant.example", "gw-1.plant.example", true, []],
  ["plc-5", "plc-5", true, []],
  ["internet", "internet", false, []],
];
for (const [value, text, single, families] of VALUES) {
  test(`the value ${value}`, (t) => {
    const { bindings, problems } = bindRoles([model], null, [`gateway=${value}`], []);
    t.deepEqual(problems, []);
    const [host] = bindings[0]!.hosts;
    t.is(host?.text, text);
    t.is(host?.single, single);
    t.is(host?.internet, value === "internet");
    t.is(host?.name, families.length === 0 && value !== "internet" ? text : null);
    t.deepEqual(
      host?.addresses.map(({ family }) => family),
      families,
    );
  });
}

test("several values, several times, in realms", (t) => {
  const { bindings, problems } = bindRoles(
    [model],
    null,
    ["client=10.0.0.1, plant/10.0.0.2", "client=plant/10.0.0.0/24"],
    [],
  );
  t.deepEqual(problems, []);
  t.deepEqual(
    bindings.map(({ realm, hosts }) => [realm, ...hosts.map(({ text }) => text)]),
    [
      [null, "10.0.0.1"],
      ["plant", "10.0.0.2", "10.0.0.0/24"],
    ],
  );
});

test("the command line replaces the file's list for that role, and only for that", (t) => {
  const file = site({
    roles: { gateway: ["10.20.0.5"], "m/client": ["10.30.0.0/16"] },
    outside: { gateway: ["198.51.100.7"] },
  });
  const { bindings, problems } = bindRoles([model], file, ["gateway=10.20.0.6"], []);
  t.deepEqual(problems, []);
  t.deepEqual(
    bindings.map(({ role, how, outside, hosts }) => [role, how, outside, hosts[0]?.text]),
    [
      ["gateway", "given", false, "10.20.0.6"],
      ["client", "site", false, "10.30.0.0/16"],
      ["gateway", "site", true, "198.51.100.7"],
    ],
  );
});

test("every model has a proxy", (t) => {
  const { bindings, problems } = bindRoles([model, other], null, ["proxy=10.0.0.8"], []);
  t.deepEqual(problems, []);
  t.deepEqual(
    bindings.map((binding) => `${binding.model}/${binding.role}`),
    ["m/proxy", "other/proxy"],
  );
});

test("a role of one of two models, and one that both have", (t) => {
  const clear = bindRoles([model, other], null, ["server=10.0.0.1", "m/client=10.0.0.2", "other/client=10.0.0.3"], []);
  t.deepEqual(clear.problems, []);
  t.deepEqual(
    clear.bindings.map((binding) => `${binding.model}/${binding.role}`),
    ["other/server", "m/client", "other/client"],
  );
  const { problems } = bindRoles([model, other], null, ["client=10.0.0.2"], []);
  t.is(problems[0]?.message, 'role "client" is in several models; write one of m/client, other/client');
});

const WRONG_BINDS: [argument: string, column: number, message: string][] = [
  ["gateway", 1, 'found "gateway", expected ROLE=VALUE such as gateway=10.20.0.5'],
  ["=10.0.0.1", 1, 'found "=10.0.0.1", expected ROLE=VALUE'],
  ["gatway=10.0.0.1", 1, 'unknown role "gatway", did you mean "gateway"? Known: client, gateway, proxy'],
  ["x/gateway=10.0.0.1", 1, 'unknown model "x". Known: m'],
  ["gateway=", 9, '"" is no address and no name; expected 10.0.0.5'],
  ["gateway=10.0.0.300", 9, '"10.0.0.300" is no address; expected one such as'],
  ["gateway=10.0.0.1,10.0.0.1.2", 18, '"10.0.0.1.2" is no address'],
  ["gateway=10.0.0.0/40", 18, 'impossible prefix length "40"; expected 0 to 32'],
  [
    "gateway=10.0.0.5/8",
    9,
    '"10.0.0.5/8" has bits beyond its prefix; write 10.0.0.0/8 for the network or 10.0.0.5 for the host',
  ],
  ["gateway=10.0.0.5-9", 9, '"10.0.0.5-9" is no range of addresses'],
  ["gateway=10.0.0.5+fd00::/8", 18, '"fd00::/8" is more than one address; "+" joins'],
  ["gateway=10.0.0.5+x", 18, '"x" is no address'],
  ["gateway=mac:00:11", 13, '"00:11" is no MAC address'],
  ["gateway=internt", 9, 'unknown word "internt", did you mean "internet"?'],
  ["gateway=*.example.com", 9, '"*.example.com" is no address and no name'],
  ["gateway=a b", 9, '"a b" is no address and no name'],
  ["gateway=plant/", 9, '"plant" is no IP address'],
];
for (const [argument, column, message] of WRONG_BINDS) {
  test(`--bind ${argument}`, (t) => {
    const { bindings, problems } = bindRoles([model], null, [argument], []);
    t.is(problems.length, 1);
    t.is(problems[0]?.message.slice(0, message.length), message);
    t.is(problems[0]?.source, "--bind");
    t.is(problems[0]?.column, column);
    t.true(bindings.every(({ hosts }) => hosts.length > 0));
  });
}

test("parameters: default, site, given", (t) => {
  const file = site({ set: { region: "us", port: "1345" } });
  const { parameters, problems } = bindRoles([model, other], file, [], ["region=eu", "other/v=3.5"]);
  t.deepEqual(problems, []);
  t.deepEqual(Object.fromEntries(parameters.get("m")!), {
    region: { value: "eu", how: "given" },
    port: { value: "1345", how: "site" },
    v: { value: null, how: "missing" },
  });
  t.deepEqual(parameters.get("other")?.get("v"), { value: "3.5", how: "given" });
  t.deepEqual(bindRoles([model], null, [], []).parameters.get("m")?.get("port"), { value: "1344", how: "default" });
});

const WRONG_SETS: [argument: string, message: string][] = [
  ["region", 'found "region", expected PARAMETER=VALUE'],
  ["regio=us", 'unknown parameter "regio", did you mean "region"? Known: region, port, v'],
  ["x/region=us", 'unknown model "x". Known: m'],
  ["region=usa", 'region: unknown value "usa", did you mean "us"? Known: us, eu'],
  ["port=0", 'port: impossible port "0"; expected 1 to 65535'],
  ["v=latest", 'v: "latest" is no version; expected numbers with dots'],
];
for (const [argument, message] of WRONG_SETS) {
  test(`--set ${argument}`, (t) => {
    const { problems } = bindRoles([model], null, [], [argument]);
    t.deepEqual(
      problems.map((problem) => [problem.source, problem.message.slice(0, message.length)]),
      [["--set", message]],
    );
  });
}

test("what is wrong in a site is told with its place in the file", (t) => {
  const file = site({
    roles: { gatway: ["10.0.0.1"] },
    set: { region: "usa" },
    positions: { "roles.gatway": { line: 3, column: 5 }, "set.region": { line: 7, column: 9 } },
  });
  t.deepEqual(
    bindRoles([model], file, [], []).problems.map(({ source, line, column }) => [source, line, column]),
    [
      ["site.yaml", 3, 5],
      ["site.yaml", 7, 9],
    ],
  );
});
