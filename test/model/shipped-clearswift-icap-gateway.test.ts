import test from "ava";
import { parseAddress } from "../../src/address.ts";
import { type Asked, answer, holdsItsDocument, shipped } from "./shipped-helpers.ts";

const NAME = "clearswift-icap-gateway";
const model = shipped(NAME);

// Update hosts of three products: aav, kav, sav.
holdsItsDocument(NAME, /^\S+: warning: sav-update-(\d)\S* is one letter off aav-update-\1/);

test("the names that command lines rely on", (t) => {
  const roles = model.roles.map(({ name }) => name);
  for (const role of [
    "gateway",
    "dns-server",
    "admin",
    "backup-server",
    "ntp-server",
    "snmp-manager",
    "ldap-server",
    "syslog-server",
    "scom-server",
    "icap-client",
    "peer",
  ]) {
    t.true(roles.includes(role), role);
  }
  t.deepEqual(
    model.parameters.map(({ name, default: standard }) => [name, standard]),
    [
      ["icap-port", "1344"],
      ["ldap-port", "389"],
      ["ldaps-port", "636"],
      ["console-ssh", "no"],
      ["time-server", "clearswift"],
    ],
  );
});

const MIRRORS = ["185.155.104.24", "70.33.161.213", "185.155.104.25", "70.33.161.214"];
const numbered = (pattern: string, most: number) =>
  Array.from({ length: most }, (_, i) => pattern.replace("#", String(i + 1)));

/** The external tables, row by row: rule, host names, current addresses, port, an application that it may be. */
const EXTERNAL: [rule: string, hosts: string[], addresses: string[], port: number, app: string][] = [
  ["avira-updates", numbered("aav-update-#.clearswift.net", 4), MIRRORS, 80, "http"],
  ["kaspersky-updates", numbered("kav-update-8-#.clearswift.net", 4), MIRRORS, 80, "http"],
  ["sophos-updates", numbered("sav-update-#.clearswift.net", 4), MIRRORS, 80, "http"],
  [
    "update-server",
    ["repo.clearswift.net", "rh.repo.clearswift.net"],
    ["46.51.174.180", "176.34.178.169", "54.216.128.43"],
    80,
    "http",
  ],
  ["avira-lookup", ["query-api.eu1.apc.avira.com"], [], 443, "tls"],
  ["sophos-lookup", ["cls.sophosxl.net"], [], 443, "tls"],
  ["kaspersky-lookup", [...numbered("ksn#.kaspersky-labs.com", 4), "ksn-url.geoksn.kaspersky.com"], [], 443, "tls"],
  ["rss-feed", ["www.clearswift.com"], ["185.181.126.115"], 80, "http"],
  ["online-help", ["apphelpweb.clearswift.com"], ["75.125.18.99"], 80, "http"],
  ["availability-list", numbered("services#.clearswift.net", 2), [], 80, "http"],
  ["url-database", numbered("url#.clearswift.net", 4), MIRRORS, 80, "http"],
  [
    "license-validation",
    ["applianceupdate.clearswift.com"],
    ["86.188.240.24", "213.106.99.208", "46.236.38.70"],
    443,
    "tls",
  ],
];
for (const [rule, hosts, addresses, port, app] of EXTERNAL) {
  test(`external: ${rule}`, (t) => {
    for (const host of hosts) {
      t.is(answer(model, `gateway ${host} tcp/${port} ${app}`), `documented: ${rule}`);
      t.regex(answer(model, `gateway ${host} tcp/${port === 80 ? 443 : 80}`), /^undocumented/);
      t.regex(answer(model, `gateway ${host} udp/${port}`), /^undocumented/);
      t.regex(answer(model, `gateway x.${host} tcp/${port} ${app}`), /^undocumented/);
    }
    for (const address of addresses) {
      const documented = answer(model, `gateway ${address} tcp/${port} ${app}`).split(/[:,] /);
      t.is(documented[0], "documented", address);
      t.true(documented.includes(rule), address);
    }
    const { endpoints, rules } = model;
    const to = rules.find(({ id }) => id === rule)!.to;
    const endpoint = endpoints.find(({ name }) => to.kind === "endpoint" && name === to.endpoint)!;
    t.deepEqual(
      endpoint.hosts.map(({ text }) => text),
      hosts,
    );
    t.deepEqual(
      endpoint.addresses.map(({ text }) => text),
      addresses,
    );
  });
}

test("hosts without addresses: Amazon's published ranges, or servers that change", (t) => {
  const by = (name: string) => model.endpoints.find((endpoint) => endpoint.name === name)!;
  t.is(by("avira-lookup").ranges, "amazon");
  t.is(by("availability-list").ranges, "amazon");
  for (const name of ["sophos-lookup", "kaspersky-lookup", "vendor-time"]) t.true(by(name).pool, name);
});

/** Question, and what the rows of the document answer to it as a gateway comes. */
const ROWS: [Asked, answer: string][] = [
  // DNS and NTP: requests go out, and nothing but answers comes in.
  ["gateway 8.8.8.8 udp/53 dns", "documented: dns-internet"],
  ["gateway dns-server udp/53 dns", "documented: dns-internal"],
  ["gateway dns-server tcp/53 dns", "undocumented: dns-internal (over)"],
  ["8.8.8.8 gateway udp/53 dns", "undocumented"],
  ["dns-server gateway udp/53 dns", "undocumented"],
  ["gateway time.clearswift.net udp/123 ntp", "documented: ntp-internet"],
  ["gateway pool.ntp.org udp/123 ntp", "undocumented"],
  ["gateway ntp-server udp/123 ntp", "documented: ntp-internal"],
  ["ntp-server gateway udp/123 ntp", "undocumented"],
  // The internal tables
  ["gateway backup-server tcp/21 ftp", "documented: backup-ftp"],
  ["admin gateway tcp/22 ssh", "undocumented: console-ssh (when)"],
  ["gateway lexical-server tcp/22 ssh", "documented: lexical-sftp"],
  ["gateway backup-server tcp/22 ssh", "documented: backup-sftp"],
  ["gateway log-server tcp/22 ssh", "documented: log-sftp"],
  ["gateway mail-server tcp/25 smtp", "documented: alerts-smtp"],
  ["snmp-manager gateway udp/161 snmp", "documented: snmp-monitoring"],
  ["gateway snmp-manager udp/161 snmp", "undocumented"],
  ["gateway snmp-manager udp/162 snmp", "documented: snmp-alerts"],
  ["snmp-manager gateway udp/162 snmp", "undocumented"],
  ["gateway ldap-server tcp/389 ldap", "documented: ldap"],
  ["gateway ldap-server tcp/636 tls", "documented: ldaps"],
  ["admin gateway tcp/443 tls", "documented: web-interface"],
  ["gateway admin tcp/22 ssh", "undocumented"],
  ["admin gateway tcp/443 http", "undocumented: web-interface (app)"],
  ["gateway lexical-server tcp/443 tls", "documented: lexical-https"],
  ["gateway syslog-server tcp/514 syslog", "documented: syslog-export"],
  ["gateway syslog-server udp/514 syslog", "undocumented: syslog-export (over)"],
  ["gateway lexical-server tcp/990 tls", "documented: lexical-ftps"],
  ["gateway lexical-server tcp/21 ftp", "documented: lexical-ftps-upgraded"],
  ["gateway backup-server tcp/990 tls", "documented: backup-ftps"],
  ["gateway log-server tcp/990 tls", "documented: log-ftps"],
  ["gateway log-server tcp/21 ftp", "documented: log-ftps-upgraded"],
  ["gateway log-server tcp/20 ftp-data", "undocumented"],
  ["scom-server gateway tcp/1270", "documented: scom-monitoring"],
  ["gateway scom-server tcp/1270", "undocumented"],
  ["icap-client gateway tcp/1344 icap", "documented: icap-service"],
  ["gateway icap-client tcp/1344 icap", "undocumented"],
  ["icap-client gateway tcp/1344 http", "undocumented: icap-service (app)"],
  ["gateway ldap-server tcp/3268 ldap", "documented: global-catalogue"],
  ["gateway ldap-server tcp/3269 tls", "documented: global-catalogue-3269"],
  ["gateway peer udp/9000", "documented: peers-out"],
  ["peer gateway udp/9000", "documented: peers-in"],
  ["gateway peer tcp/9000", "undocumented: peers-out (over)"],
];
for (const [asked, expected] of ROWS) {
  test(`row: ${asked}`, (t) => t.is(answer(model, asked).slice(0, expected.length), expected));
}

/** What the document says is configurable or off by default, changed. */
const CHANGED: [Asked, set: Record<string, string>, answer: string][] = [
  ["admin gateway tcp/22 ssh", { "console-ssh": "yes" }, "documented: console-ssh"],
  ["icap-client gateway tcp/11344 icap", { "icap-port": "11344" }, "documented: icap-service"],
  ["icap-client gateway tcp/1344 icap", { "icap-port": "11344" }, "undocumented: icap-service (over)"],
  ["gateway ldap-server tcp/10389 ldap", { "ldap-port": "10389" }, "documented: ldap"],
  ["gateway ldap-server tcp/389 ldap", { "ldap-port": "10389" }, "undocumented: ldap (over)"],
  ["gateway ldap-server tcp/10636 tls", { "ldaps-port": "10636" }, "documented: ldaps"],
  ["gateway time.clearswift.net udp/123 ntp", { "time-server": "internal" }, "undocumented: ntp-internet (when)"],
  ["gateway ntp-server udp/123 ntp", { "time-server": "internal" }, "documented: ntp-internal"],
];
for (const [asked, set, expected] of CHANGED) {
  test(`with ${JSON.stringify(set)}: ${asked}`, (t) => t.is(answer(model, asked, set), expected));
}

const OLD_AV = ["184.72.245.1", "79.125.8.252", "175.41.136.7", "174.129.26.118", "176.34.251.142", "54.254.98.96"];
const OLD_URL = ["79.125.3.206", "184.72.241.7", "174.129.200.98", "46.137.169.34"];

test("ten addresses were retired on 22 November 2018, and none is an address of today", (t) => {
  for (const address of OLD_AV) t.is(answer(model, `gateway ${address} tcp/80 http`), "retired: old-av-updates");
  for (const address of OLD_URL) t.is(answer(model, `gateway ${address} tcp/80 http`), "retired: old-url-database");
  const retired = model.rules.filter(({ requirement }) => requirement === "retired");
  t.deepEqual(
    retired.map(({ id, retiredAfter }) => [id, retiredAfter]),
    [
      ["old-av-updates", "2018-11-22"],
      ["old-url-database", "2018-11-22"],
    ],
  );
  const old = new Set([...OLD_AV, ...OLD_URL].map((address) => parseAddress(address)!.hex));
  for (const { name, addresses } of model.endpoints) {
    t.is(addresses.filter(({ first }) => old.has(first)).length > 0, name.startsWith("old-"), name);
  }
});

test("a resolver in either place is enough", (t) => {
  const either = model.rules.filter(({ anyOf }) => anyOf !== undefined);
  t.deepEqual(
    either.map(({ id, anyOf }) => [id, anyOf]),
    [
      ["dns-internet", "dns"],
      ["dns-internal", "dns"],
    ],
  );
});

test("FTPS has to turn to TLS where no other row has the same port for plain FTP", (t) => {
  const encrypted = model.rules.filter(({ expect }) => expect.some(({ kind }) => kind === "encrypted"));
  t.deepEqual(
    encrypted.map(({ id }) => id),
    ["lexical-ftps-upgraded", "log-ftps-upgraded"],
  );
});

test("what every gateway is expected to show, whatever it is doing", (t) => {
  t.deepEqual(
    model.rules.filter(({ on, requirement }) => on === null && requirement === "required").map(({ id }) => id),
    [
      "dns-internet",
      "rss-feed",
      "availability-list",
      "ntp-internet",
      "dns-internal",
      "snmp-monitoring",
      "syslog-export",
      "scom-monitoring",
      "icap-service",
      "peers-out",
      "peers-in",
    ],
  );
});
