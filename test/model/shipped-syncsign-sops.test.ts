import test from "ava";
import { type Asked, answer, holdsItsDocument, shipped } from "./shipped-helpers.ts";

const NAME = "syncsign-sops";
const model = shipped(NAME);

holdsItsDocument(NAME, /^$/);

test("the names that command lines rely on", (t) => {
  t.deepEqual(
    model.roles.map(({ name }) => name),
    ["sops", "hub", "user", "data-source"],
  );
  t.deepEqual(
    model.parameters.map(({ name, type, values, default: standard }) => [name, type, values, standard]),
    [
      ["deployment", "choice", ["lan", "internet"], null],
      ["domain", "name", [], null],
      ["data-source", "choice", ["exchange", "google", "office365", "other"], null],
    ],
  );
});

const DOMAIN = "sops.example.com";
const LAN = { deployment: "lan", domain: DOMAIN };
const INTERNET = { deployment: "internet", domain: DOMAIN };

/** From SOPS to Internet (Outbound), OTA and basic services: the same in both deployments. */
const OUTBOUND: [Asked, answer: string][] = [
  ["sops up.sync-sign.com tcp/443 tls", "documented: sops-ota-update"],
  ["sops up.sync-sign.com tcp/8433 tls", "documented: sops-ota-update"],
  ["sops up.sync-sign.com tcp/8443 tls", "undocumented: sops-ota-update (over)"],
  ["sops up.sync-sign.com udp/443 quic", "undocumented"],
  ["sops github.com tcp/22 ssh", "documented: sops-ota-firmware"],
  ["sops github.com tcp/443 tls", "documented: sops-ota-firmware"],
  ["sops github.com tcp/443 ssh", "undocumented: sops-ota-firmware (app)"],
  ["sops github.com tcp/22 tls", "undocumented: sops-ota-firmware (app)"],
  ["sops api.github.com tcp/443 tls", "undocumented"],
  ["sops registry.hub.docker.com tcp/443 tls", "documented: sops-ota-images"],
  ["sops docker.io tcp/443 tls", "documented: sops-ota-images"],
  ["sops registry-1.docker.io tcp/443 tls", "undocumented"],
  ["sops pool.ntp.org udp/123 ntp", "documented: sops-ntp"],
  ["sops europe.pool.ntp.org udp/123 ntp", "documented: sops-ntp"],
  ["sops time.google.com udp/123 ntp", "documented: sops-ntp"],
  ["sops 0.pool.ntp.org udp/123 ntp", "undocumented"],
  ["sops pool.ntp.org tcp/123", "undocumented"],
  ["hub up.sync-sign.com tcp/443 tls", "undocumented"],
  // The hubs' own NTP is in no row.
  ["hub pool.ntp.org udp/123 ntp", "undocumented"],
];
for (const [asked, expected] of OUTBOUND) {
  test(`outbound: ${asked}`, (t) => {
    for (const set of [LAN, INTERNET]) t.is(answer(model, asked, set).slice(0, expected.length), expected);
  });
}

test("data sources are options", (t) => {
  const google = "sops www.googleapis.com tcp/443 tls";
  const office = "sops graph.microsoft.com tcp/443 tls";
  for (const [source, first, second] of [
    ["google", "documented: sops-google", "undocumented: sops-office365 (when)"],
    ["office365", "undocumented: sops-google (when)", "documented: sops-office365"],
    ["exchange", "undocumented: sops-google (when)", "undocumented: sops-office365 (when)"],
    ["other", "undocumented: sops-google (when)", "undocumented: sops-office365 (when)"],
  ] as const) {
    t.is(answer(model, google, { "data-source": source }), first);
    t.is(answer(model, office, { "data-source": source }), second);
  }
  t.is(answer(model, google), "depends: sops-google");
});

/** The server's own ports, inbound and again in the hubs' outbound table: who, port, what is spoken, rule. */
const SERVER: [role: string, port: number, app: string, rule: string][] = [
  ["hub", 8883, "tls", "hub-mqtt-secure"],
  ["hub", 8443, "tls", "hub-mqtt-secure"],
  ["hub", 1883, "mqtt", "hub-mqtt-clear"],
  ["hub", 8888, "websocket", "hub-mqtt-clear"],
  ["hub", 80, "http", "hub-api"],
  ["hub", 443, "tls", "hub-api"],
  ["user", 80, "http", "user-portal"],
  ["user", 443, "tls", "user-portal"],
];
for (const [role, port, app, rule] of SERVER) {
  test(`${role} to the server, ${port}: by its own domain or as the bound host, in both deployments`, (t) => {
    for (const to of [DOMAIN, "sops"]) {
      t.is(answer(model, `${role} ${to} tcp/${port} ${app}`, INTERNET), `documented: ${rule}`);
      t.is(answer(model, `${role} ${to} tcp/${port} ${app}`, LAN), `documented: lan-${rule}`);
    }
    t.regex(answer(model, `${role} other.example.com tcp/${port} ${app}`, INTERNET), /^undocumented/);
    t.regex(answer(model, `${role} www.${DOMAIN} tcp/${port} ${app}`, INTERNET), /^undocumented/);
    t.regex(answer(model, `${role} ${DOMAIN} udp/${port}`, INTERNET), /^undocumented/);
    t.regex(answer(model, `${role} ${DOMAIN} tcp/${port} ${app}`, { deployment: "internet" }), /^depends/);
    t.regex(answer(model, `${role} sops tcp/${port} ${app}`), /^depends/);
    t.is(answer(model, `${role} sops tcp/${port} ${app}`, { deployment: "lan" }), `documented: lan-${rule}`);
  });
}

test("8433 is the update host's and not the server's; MQTT in clear text is not on the ports of MQTT in TLS", (t) => {
  t.is(answer(model, "hub sops tcp/8433 tls", INTERNET), "undocumented: hub-mqtt-secure (over)");
  t.is(answer(model, "hub sops tcp/8883 mqtt", INTERNET), "undocumented: hub-mqtt-secure (app)");
  t.regex(answer(model, "hub sops tcp/1883 tls", INTERNET), /^undocumented/);
  t.regex(answer(model, "user sops tcp/1883 mqtt", INTERNET), /^undocumented/);
});

/** From Hubs to SOPS on the Internet (Outbound): the rows of the vendor's own hosts. */
const VENDOR: [Asked, rule: string][] = [
  ["hub sync.sync-sign.com tcp/443 tls", "hub-health-report"],
  ["hub update.sync-sign.com tcp/443 tls", "hub-ota-update"],
  ["hub file.sync-sign.com tcp/443 tls", "hub-ota-firmware"],
  ["hub pub.sync-sign.com tcp/80 http", "hub-time-http"],
];
for (const [asked, rule] of VENDOR) {
  test(`vendor: ${asked}`, (t) => {
    t.is(answer(model, asked, INTERNET), `documented: ${rule}`);
    t.is(answer(model, asked, LAN), `undocumented: ${rule} (when)`);
    t.regex(answer(model, asked.replace("hub", "sops"), INTERNET), /^undocumented/);
  });
}

const WEBHOOK = "data-source sops tcp/443 tls";
for (const [source, lan, internet] of [
  ["google", "webhook-cloud", "webhook-cloud"],
  ["office365", "webhook-cloud", "webhook-cloud"],
  ["exchange", "webhook-lan", "webhook-internet"],
  ["other", "webhook-lan", "webhook-internet"],
] as const) {
  test(`the webhook, called by ${source}`, (t) => {
    t.is(answer(model, WEBHOOK, { ...LAN, "data-source": source }), `documented: ${lan}`);
    t.is(answer(model, WEBHOOK, { ...INTERNET, "data-source": source }), `documented: ${internet}`);
    t.regex(answer(model, WEBHOOK.replace("443", "8443"), { ...INTERNET, "data-source": source }), /^undocumented/);
  });
}

test("the Internet may call where the table says from Internet, and never in a LAN but for a cloud's webhook", (t) => {
  t.deepEqual(
    model.rules.filter(({ peer }) => peer === "internet").map(({ id }) => id),
    ["hub-mqtt-secure", "hub-mqtt-clear", "hub-api", "user-portal", "webhook-cloud", "webhook-internet"],
  );
});

test("how much each row matters", (t) => {
  const needed = (id: string) => {
    const { requirement, on, anyOf, fallbackFor } = model.rules.find((rule) => rule.id === id)!;
    return [requirement, on !== null, anyOf ?? fallbackFor];
  };
  t.deepEqual(needed("sops-ntp"), ["required", false, null]);
  t.deepEqual(needed("sops-ota-update"), ["required", true, null]);
  t.deepEqual(needed("sops-google"), ["conditional", false, null]);
  t.deepEqual(needed("hub-health-report"), ["required", false, null]);
  t.deepEqual(needed("hub-mqtt-secure"), ["required", false, "hub-mqtt"]);
  t.deepEqual(needed("hub-mqtt-clear"), ["required", false, "hub-mqtt"]);
  t.deepEqual(needed("hub-time-http"), ["conditional", false, "sops-ntp"]);
  t.deepEqual(needed("webhook-cloud"), ["conditional", true, null]);
  t.deepEqual(needed("webhook-lan"), ["optional", true, null]);
});

test("what the document leaves open is said", (t) => {
  for (const word of ["LAN", "8433", "NTP", "webhook"]) {
    t.true(
      model.unclear.some(({ about }) => about.includes(word)),
      word,
    );
  }
});
