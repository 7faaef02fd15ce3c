import test from "ava";
import { type Asked, answer, holdsItsDocument, shipped } from "./shipped-helpers.ts";

const NAME = "opswat-md-ot-security";
const model = shipped(NAME);

holdsItsDocument(NAME, /^\S+: warning: parameter "version" decides nothing$/);

test("the names that command lines rely on", (t) => {
  t.deepEqual(
    model.roles.map(({ name }) => name),
    ["network-sensor", "site-manager", "enterprise-manager", "admin", "ldap-server", "nac-server", "device"],
  );
  t.deepEqual(
    model.parameters.map(({ name, type, values }) => [name, type, values]),
    [
      ["sensor-link", "choice", ["uni", "bidirectional"]],
      ["manager-link", "choice", ["uni", "bidirectional"]],
      ["version", "version", []],
    ],
  );
});

const UNI = { "sensor-link": "uni", "manager-link": "uni" };
const BOTH = { "sensor-link": "bidirectional", "manager-link": "bidirectional" };

/** Question, where the links are one-way and where they are not, as the two summary tables have it. */
const LINKS: [Asked, uni: string, bidirectional: string][] = [
  // Inbound, lower component
  ["network-sensor site-manager tcp/3006", "documented: sensor-site-3006", "documented: sensor-site-3006"],
  ["network-sensor site-manager tcp/5672", "documented: sensor-site-5672", "documented: sensor-site-5672"],
  ["site-manager enterprise-manager tcp/3003", "documented: site-enterprise-3003", "documented: site-enterprise-3003"],
  ["site-manager enterprise-manager tcp/5673", "documented: site-enterprise-5673", "documented: site-enterprise-5673"],
  // Inbound, upper component
  ["site-manager network-sensor tcp/1443", "undocumented: site-sensor-1443 (when)", "documented: site-sensor-1443"],
  ["enterprise-manager site-manager tcp/3006", "undocumented", "documented: enterprise-site-3006"],
  ["enterprise-manager site-manager tcp/5672", "undocumented", "documented: enterprise-site-5672"],
];
for (const [asked, uni, bidirectional] of LINKS) {
  test(`by link: ${asked}`, (t) => {
    t.is(answer(model, asked, UNI).slice(0, uni.length), uni);
    t.is(answer(model, asked, BOTH), bidirectional);
  });
}

test("a link that was not told leaves open what depends on it, and nothing else", (t) => {
  t.is(answer(model, "site-manager network-sensor tcp/1443"), "depends: site-sensor-1443");
  t.is(answer(model, "enterprise-manager site-manager tcp/5672"), "depends: enterprise-site-5672");
  t.is(answer(model, "network-sensor site-manager tcp/3006"), "documented: sensor-site-3006");
});

test("one link says nothing of the other", (t) => {
  const sensorOnly = { "sensor-link": "bidirectional", "manager-link": "uni" };
  t.is(answer(model, "site-manager network-sensor tcp/1443", sensorOnly), "documented: site-sensor-1443");
  t.regex(answer(model, "enterprise-manager site-manager tcp/3006", sensorOnly), /^undocumented/);
});

const COMPONENTS: [role: string, short: string][] = [
  ["network-sensor", "sensor"],
  ["site-manager", "site"],
  ["enterprise-manager", "enterprise"],
];
for (const [role, short] of COMPONENTS) {
  test(`web console, SSH, URLs, LDAP and NAC of the ${role}`, (t) => {
    t.is(answer(model, `admin ${role} tcp/443 tls`), `documented: admin-${short}-console`);
    t.regex(answer(model, `admin ${role} tcp/443 http`), /^undocumented: admin-\w+-console \(app\)$/);
    t.is(answer(model, `admin ${role} tcp/22 ssh`), `documented: admin-${short}-ssh`);
    t.is(answer(model, `${role} my.opswat.com tcp/443 tls`), `documented: ${short}-support-portal`);
    t.is(answer(model, `${role} activation.dl.opswat.com tcp/443 tls`), `documented: ${short}-activation`);
    t.is(answer(model, `${role} mdots-cdn.opswat.com tcp/443 tls`), `documented: ${short}-updates`);
    t.regex(answer(model, `${role} opswat.com tcp/443 tls`), /^undocumented/);
    t.regex(answer(model, `${role} mdots-cdn.opswat.com tcp/80 http`), /^undocumented/);
    t.is(answer(model, `${role} ldap-server tcp/636 tls`), `documented: ${short}-ldap-secure`);
    t.is(answer(model, `${role} ldap-server tcp/389 ldap`), `documented: ${short}-ldap`);
    t.is(answer(model, `${role} nac-server tcp/443`), `documented: ${short}-nac`);
  });
}

/** Profile, and the question that its entry of the row answers. */
const PROFILES: [Asked, answer: string][] = [
  ["tcp/80 http", "documented: profile-http"],
  ["udp/47808 bacnet", "documented: profile-bacnet"],
  ["udp/18245 ge-srtp", "documented: profile-ge-srtp"],
  ["tcp/44818 enip", "documented: profile-ethernet-ip"],
  ["tcp/5562 melsec", "documented: profile-mitsubishi"],
  ["tcp/502 modbus", "documented: profile-modbus"],
  ["udp/34964 profinet-cm", "documented: profile-profinet"],
  ["udp/34964 dcerpc", "documented: profile-profinet"],
  ["tcp/102 s7comm-plus", "documented: profile-s7comm-plus"],
  ["tcp/102 s7comm", "documented: profile-s7comm"],
  ["udp/161 snmp", "documented: profile-snmp"],
  // Not in the row
  ["udp/44818 enip", "undocumented: profile-ethernet-ip (over)"],
  ["tcp/18245 ge-srtp", "undocumented: profile-ge-srtp (over)"],
  ["tcp/5007 melsec", "undocumented"],
  ["udp/502 modbus", "undocumented"],
  ["tcp/502 http", "undocumented"],
];
for (const [asked, expected] of PROFILES) {
  test(`profiling: ${asked}`, (t) => {
    t.is(answer(model, `network-sensor device ${asked}`).slice(0, expected.length), expected);
  });
}

test("only the sensor profiles", (t) => {
  for (const from of ["site-manager", "enterprise-manager", "admin"]) {
    t.regex(answer(model, `${from} device tcp/502 modbus`), /^undocumented/);
  }
  t.regex(answer(model, "device network-sensor tcp/502 modbus"), /^undocumented/);
});

test("all twelve profiles are cited, and none may do more than read", (t) => {
  const profiling = model.rules.filter(({ to }) => to.kind === "role" && to.role === "device");
  t.deepEqual(
    profiling.flatMap(({ cite }) => cite.map(({ item }) => item!.replace("Smart Asset Profiling, ", ""))).sort(),
    [
      "ABB",
      "B&R Industrial Automation",
      "BACnet/IP",
      "Emerson (GE-SRTP)",
      "Emerson (HTTP)",
      "EtherNet/IP",
      "Mitsubishi",
      "Modbus-TCP",
      "PROFINET IO (DCE/RPC)",
      "S7COMM",
      "S7COMM-PLUS - Extended",
      "SNMP",
    ],
  );
  for (const { id, expect } of profiling) {
    t.deepEqual(expect, [{ kind: "operations", most: "read", text: "operations: at most read" }], id);
  }
});

test("TLS 1.3 is expected where the document states it, and nowhere else", (t) => {
  const stated = model.rules.filter(({ expect }) => expect.some(({ kind }) => kind === "tls-version"));
  t.deepEqual(stated.map(({ id }) => id).sort(), [
    "admin-enterprise-console",
    "admin-sensor-console",
    "admin-site-console",
    "site-sensor-1443",
  ]);
  for (const { id, expect } of stated) t.like(expect, [{ kind: "tls-version", least: 0x0304 }], id);
});

test("where the text above the tables disagrees with them, the tables hold", (t) => {
  // 3003: the text has users and a connection from the Enterprise Manager; the table has Site Managers.
  t.regex(answer(model, "admin enterprise-manager tcp/3003", BOTH), /^undocumented/);
  t.regex(answer(model, "enterprise-manager site-manager tcp/3003", BOTH), /^undocumented/);
  t.true(model.unclear.some(({ about }) => about.includes("3003")));
});

test("every port whose transport or column the text lacks is named as unclear", (t) => {
  const about = model.unclear.map((one) => one.about).join("\n");
  for (const word of ["1443", "3006", "5672", "3003", "5673", "LDAP", "NAC", "GE-SRTP", "5562"]) {
    t.true(about.includes(word), word);
  }
  t.true(model.leftOut.some(({ fact }) => fact.includes("token") && fact.includes("3.5.0")));
});

test("first configuration, updates and profiling need not occur; the links between components must", (t) => {
  const expected = model.rules.filter(({ on, requirement }) => on === null && requirement === "required");
  t.deepEqual(
    expected.map(({ id, everySec }) => [id, everySec]),
    [
      ["admin-enterprise-console", 86_400],
      ["sensor-site-3006", null],
      ["sensor-site-5672", null],
      ["site-enterprise-3003", null],
      ["site-enterprise-5673", null],
    ],
  );
});
