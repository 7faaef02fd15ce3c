import test from "ava";
import { readPublishedRanges } from "../../src/model/published.ts";
import { loadSite } from "../../src/model/site.ts";

const GOOD = `models: [opswat-sdp]
roles:  { gateway: [10.20.0.5, 10.20.0.6+fd00::6], opswat-sdp/client: "10.30.0.0/16" }
set:    { region: us, v: 3.10 }
outside: { gateway: 198.51.100.7 }
hosts:  { Pool.NTP.org: [192.0.2.10, "2001:db8::1"] }
ranges: { amazon: ip-ranges.json }
timezone: Europe/Berlin
vxlan:  [14789, 48789]
waive:
  - { what: { to: telemetry.example.com, over: tcp/443 }, why: ticket 4711, until: 2026-12-31 }
  - { what: { model: opswat-sdp, rule: client-api-us }, why: not rolled out yet }
`;
const FILES: Record<string, string> = {
  "ip-ranges.json":
    '{ "prefixes": [{ "ip_prefix": "192.0.2.0/24", "region": "x" }], "ipv6_prefixes": [{ "p": "2001:db8::/32" }] }',
};
const readFile = (path: string): string => {
  const text = FILES[path];
  if (text === undefined) throw new Error("no such file");
  return text;
};

test("a whole site", (t) => {
  const { site, problems } = loadSite(GOOD, "site.yaml", readFile);
  t.deepEqual(problems, []);
  const { ranges, positions, ...rest } = site!;
  t.deepEqual(rest, {
    source: "site.yaml",
    models: ["opswat-sdp"],
    roles: { gateway: ["10.20.0.5", "10.20.0.6+fd00::6"], "opswat-sdp/client": ["10.30.0.0/16"] },
    set: { region: "us", v: "3.10" },
    outside: { gateway: ["198.51.100.7"] },
    hosts: { "pool.ntp.org": ["192.0.2.10", "2001:db8::1"] },
    timezone: "Europe/Berlin",
    vxlan: [14_789, 48_789],
    waive: [
      { what: { to: "telemetry.example.com", over: "tcp/443" }, why: "ticket 4711", until: "2026-12-31", line: 10 },
      { what: { model: "opswat-sdp", rule: "client-api-us" }, why: "not rolled out yet", until: null, line: 11 },
    ],
  });
  t.deepEqual(
    ranges.amazon?.map(({ text }) => text),
    ["192.0.2.0/24", "2001:db8::/32"],
  );
  t.deepEqual(positions?.["roles.gateway"], { line: 2, column: 11 });
  t.deepEqual(positions?.["set.region"], { line: 3, column: 19 });
});

test("an empty site is one", (t) => {
  const { site, problems } = loadSite("", "site.yaml", readFile);
  t.deepEqual(problems, []);
  t.is(site?.timezone, "UTC");
  t.deepEqual(site?.roles, {});
});

test("networks of their own, by VLAN and by overlay network", (t) => {
  const text = `realms:
  - { name: plant-a, vlans: [10, 11-19] }
  - { name: plant-b, vlans: [20, untagged], vnis: 5000 }
  - { name: plant-a, in: north, vlans: 20 }
`;
  const { site, problems } = loadSite(text, "site.yaml", readFile);
  t.deepEqual(problems, []);
  t.deepEqual(site?.realms, [
    {
      realm: "plant-a",
      in: null,
      vlans: [
        [10, 10],
        [11, 19],
      ],
      untagged: false,
      vnis: [],
    },
    { realm: "plant-b", in: null, vlans: [[20, 20]], untagged: true, vnis: [[5000, 5000]] },
    { realm: "plant-a", in: "north", vlans: [[20, 20]], untagged: false, vnis: [] },
  ]);
  t.is(loadSite("realms: []", "site.yaml", readFile).site?.realms, undefined);
});

const WRONG: [text: string, line: number, column: number, message: string][] = [
  ["role: {}", 1, 1, 'site: unknown key "role", did you mean "roles"?'],
  ["roles: []", 1, 8, "roles: found a list, expected a mapping"],
  ["roles: { gateway: 10.0.0.256 }", 1, 19, '"10.0.0.256" is no address'],
  ["roles:\n  gateway: [10.0.0.1, 10.0.0.0/99]", 2, 32, 'impossible prefix length "99"'],
  ["roles: { Gate Way: 10.0.0.1 }", 1, 10, 'roles: found "Gate Way", expected ROLE or MODEL/ROLE'],
  ["set: { region: [] }", 1, 16, "set, region: found a list, expected a text"],
  ["hosts: { pool.ntp.org: nowhere }", 1, 24, 'hosts, pool.ntp.org: found "nowhere", expected an IP address'],
  ['hosts: { "*.ntp.org": 192.0.2.1 }', 1, 10, "hosts: a wildcard may not stand here"],
  ["ranges: { amazon: gone.json }", 1, 19, 'ranges, amazon: "gone.json" could not be read: no such file'],
  ["vxlan: [4789, 70000]", 1, 15, 'vxlan: found "70000", expected a UDP port from 1 to 65535'],
  ["realms: [{ vlans: 10 }]", 1, 10, 'realm: "name" is missing'],
  ["realms: [{ name: a }]", 1, 10, 'realm a: nothing says what is in it; expected "vlans" or "vnis"'],
  ["realms: [{ name: a/b, vlans: 10 }]", 1, 18, 'realm, name: "a/b" is no name'],
  ["realms: [{ name: a, vlan: 10 }]", 1, 21, 'realm: unknown key "vlan", did you mean "vlans"?'],
  [
    "realms: [{ name: a, vlans: [10, 4095] }]",
    1,
    33,
    'realm a, vlans: found "4095", expected a VLAN id from 1 to 4094',
  ],
  ["realms: [{ name: a, vlans: 19-10 }]", 1, 28, 'realm a, vlans: found "19-10"'],
  ["realms: [{ name: a, vnis: 16777216 }]", 1, 27, 'realm a, vnis: found "16777216", expected a network identifier'],
  [
    "realms:\n- { name: a, vlans: [10-20, untagged] }\n- { name: b, vlans: [9, 15-30] }",
    3,
    25,
    "realm b: VLAN 15-30 is a's already (line 2)",
  ],
  ["realms: [{ name: a, vnis: 7 }, { name: b, vnis: 0-9 }]", 1, 49, "realm b: VNI 0-9 is a's already (line 1)"],
  ["realms: plant-a", 1, 9, 'realm: found "plant-a", expected a mapping with name, in, vlans, vnis'],
  ["timezone: Mars/Olympus", 1, 11, 'timezone: found "Mars/Olympus", expected a zone'],
  ["waive: [{ why: x }]", 1, 9, 'waiver: "what" is missing'],
  ["waive: [{ what: { to: x }, until: 2026-12-31 }]", 1, 9, 'waiver: "why" is missing'],
  ["waive: [{ what: {}, why: x }]", 1, 17, "waiver: it would cover everything"],
  ["waive: [{ what: { host: x }, why: x }]", 1, 17, "waiver: it would cover everything"],
  ["waive: [{ what: { over: 443/tcp }, why: x }]", 1, 25, "transport and port are turned around"],
  ["waive: [{ what: { app: tsl }, why: x }]", 1, 24, 'waiver, app: found "tsl"'],
  ["waive: [{ what: { to: x }, why: x, until: 2026-02-30 }]", 1, 43, 'waiver, until: found "2026-02-30"'],
];
for (const [text, line, column, message] of WRONG) {
  test(text.replaceAll("\n", " "), (t) => {
    const { site, problems } = loadSite(text, "site.yaml", readFile);
    t.is(site, null);
    const found = problems.find((problem) => problem.message.startsWith(message));
    t.deepEqual([found?.line, found?.column], [line, column], problems.map((problem) => problem.message).join("; "));
  });
}

test("address lists in the shapes that providers use", (t) => {
  const shapes = [
    '{"prefixes":[{"ipv4Prefix":"192.0.2.0/24"},{"ipv6Prefix":"2001:db8::/32"}]}',
    '{"values":[{"name":"x","properties":{"addressPrefixes":["192.0.2.0/24","2001:db8::/32"]}}]}',
    '["192.0.2.0/24","2001:db8::/32","192.0.2.0/24"]',
    "# list of today\n192.0.2.0/24\n\n2001:db8::/32 # second\r\n",
  ];
  for (const text of shapes) {
    t.deepEqual(
      readPublishedRanges(text).map((range) => range.text),
      ["192.0.2.0/24", "2001:db8::/32"],
    );
  }
  t.throws(() => readPublishedRanges("{}"), { message: /no address and no prefix/ });
  t.throws(() => readPublishedRanges("{"), { instanceOf: SyntaxError });
  t.throws(() => readPublishedRanges("10.1.2.3/8"), { message: /has bits beyond its prefix/ });
  t.is(readPublishedRanges(`${"[".repeat(5_000)}"192.0.2.1"${"]".repeat(5_000)}`).length, 1);
});
