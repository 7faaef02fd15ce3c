import test from "ava";
import { type Asked, answer, holdsItsDocument, shipped } from "./shipped-helpers.ts";

const NAME = "openeye-ows";
const model = shipped(NAME);

// The document prints the licensing service's name in two ways.
holdsItsDocument(NAME, /^\S+ warning: gp4\.com is one letter off gp4f\.com/);

const CLIENTS = ["web", "desktop", "mobile"] as const;

test("the names that command lines rely on", (t) => {
  const roles = model.roles.map(({ name }) => name);
  for (const role of ["recorder", "web-client", "desktop-client", "mobile-client"]) t.true(roles.includes(role), role);
  t.deepEqual(
    model.parameters.map(({ name, values, default: standard }) => [name, values, standard]),
    [
      ["connection", ["relay", "peer-to-peer", "direct", "local"], null],
      ["pos-connect", ["yes", "no"], null],
    ],
  );
});

const WEB: [port: number, app: string][] = [
  [80, "http"],
  [443, "tls"],
];
const TLS: [port: number, app: string][] = [[443, "tls"]];

/** The lists of locations, row by row: rule, names, ports with what may be spoken there, how much it matters. */
const LOCATIONS: [rule: string, hosts: string[], ports: [port: number, app: string][], needed: string][] = [
  ["recorder-relay", ["a.b.u5fgb.com"], WEB, "required"],
  ["recorder-lan-forwarding", ["lsf.u5fgb.com"], WEB, "required"],
  ["recorder-licensing", ["activateapi.gp4.com"], TLS, "required"],
  ["recorder-remote-assist", ["assist.dvrsupportcenter.com"], TLS, "required, on an occasion"],
  [
    "recorder-storage",
    [
      "oe-prod-devmon.s3.us-west-2.amazonaws.com",
      "oe-prod-files.s3.amazonaws.com",
      "oe-prod-media.s3.us-west-2.amazonaws.com",
    ],
    TLS,
    "conditional, on an occasion",
  ],
  ["recorder-windows-updates", ["serverupdates.net"], [[8531, "tls"]], "conditional, on an occasion"],
  ["recorder-certificates", ["ctldl.windowsupdate.com"], WEB, "conditional, on an occasion"],
  ["recorder-future-openeye", ["anything.openeye.net"], TLS, "optional"],
  ["recorder-future-gp4f", ["anything.gp4f.com"], TLS, "optional"],
];
for (const [rule, hosts, ports, needed] of LOCATIONS) {
  test(`location: ${rule}`, (t) => {
    for (const host of hosts) {
      for (const [port, app] of ports) {
        t.is(answer(model, `recorder ${host} tcp/${port} ${app}`), `documented: ${rule}`);
        t.regex(answer(model, `recorder ${host} udp/${port}`), /^undocumented/);
        // Two labels before u5fgb.com are what the relay's wildcard takes, lsf among them.
        const below = host === "lsf.u5fgb.com" ? /^documented: recorder-relay$/ : /^undocumented/;
        t.regex(answer(model, `recorder x.${host} tcp/${port} ${app}`), below);
      }
      const others = [80, 443, 8531, 2001].filter((port) => !ports.some(([own]) => own === port));
      for (const port of others) t.regex(answer(model, `recorder ${host} tcp/${port}`), /^undocumented/);
    }
    const { requirement, on } = model.rules.find(({ id }) => id === rule)!;
    t.is(`${requirement}${on === null ? "" : ", on an occasion"}`, needed);
  });
}

/** Rows whose names the wide optional ones take in as well, and rows over UDP. */
const ROWS: [Asked, answer: string][] = [
  ["recorder restapi.gp4f.com tcp/443 tls", "documented: recorder-api, recorder-future-gp4f"],
  ["recorder restapi.gp4f.com tcp/80 http", "undocumented"],
  ["recorder activateapi.gp4f.com tcp/443 tls", "documented: recorder-licensing, recorder-future-gp4f"],
  ["recorder ows.openeye.net tcp/443 tls", "documented: recorder-portal, recorder-future-openeye"],
  ["recorder stun.u5fgb.com udp/3478 stun", "documented: recorder-stun"],
  ["recorder stun.u5fgb.com tcp/3478 stun", "undocumented: recorder-stun (over)"],
  ["recorder 1.cctv.pool.ntp.org udp/123 ntp", "documented: recorder-ntp"],
  ["recorder 0.cctv.pool.ntp.org udp/123 ntp", "undocumented"],
  // The relay's wildcard is two labels: not one, not three, not the domain itself.
  ["recorder a.u5fgb.com tcp/443 tls", "undocumented"],
  ["recorder u5fgb.com tcp/443 tls", "undocumented"],
  ["recorder a.b.c.u5fgb.com tcp/443 tls", "undocumented"],
  // No wildcard but where one is printed.
  ["recorder openeye.net tcp/443 tls", "undocumented"],
  ["recorder other.gp4.com tcp/443 tls", "undocumented"],
  ["recorder other.s3.amazonaws.com tcp/443 tls", "undocumented"],
  // Ports Used / Recorder: Incoming
  ["intrusion-panel recorder tcp/2001", "documented: panel-events"],
  ["web-client recorder tcp/2001", "undocumented"],
];
for (const [asked, expected] of ROWS) {
  test(`row: ${asked}`, (t) => {
    for (const connection of ["relay", "direct", "local"])
      t.is(answer(model, asked, { connection }).slice(0, expected.length), expected);
  });
}

test("POS Connect is an option", (t) => {
  const asked = "recorder oe-cpos1.gp4f.com tcp/443 tls";
  t.is(answer(model, asked, { "pos-connect": "yes" }), "documented: recorder-pos, recorder-future-gp4f");
  // Still one of *.gp4f.com, which is optional for future use.
  t.is(answer(model, asked, { "pos-connect": "no" }), "documented: recorder-future-gp4f");
  t.is(model.rules.find(({ id }) => id === "recorder-pos")!.requirement, "conditional");
});

for (const client of CLIENTS) {
  test(`${client}: what a client opens to the cloud`, (t) => {
    t.is(answer(model, `${client}-client ows.openeye.net tcp/443 tls`), `documented: ${client}-portal`);
    t.is(answer(model, `${client}-client restapi.gp4f.com tcp/443 tls`), `documented: ${client}-api`);
    for (const [port, app] of WEB)
      t.is(answer(model, `${client}-client a.b.u5fgb.com tcp/${port} ${app}`), `documented: ${client}-relay`);
    t.is(answer(model, `${client}-client stun.u5fgb.com udp/3478 stun`), `documented: ${client}-stun`);
    t.regex(answer(model, `${client}-client activateapi.gp4f.com tcp/443 tls`), /^undocumented/);
    t.regex(answer(model, `${client}-client serverupdates.net tcp/8531 tls`), /^undocumented/);
  });

  test(`${client}: connection types decide what it opens to the recorder`, (t) => {
    for (const [port, app] of WEB) {
      const asked = `${client}-client recorder tcp/${port} ${app}`;
      t.is(answer(model, asked, { connection: "direct" }), `documented: ${client}-recorder-direct`);
      t.is(answer(model, asked, { connection: "local" }), `documented: ${client}-recorder-local`);
      t.regex(answer(model, asked, { connection: "relay" }), /^undocumented: .* \(when\)$/);
      t.regex(answer(model, asked, { connection: "peer-to-peer" }), /^undocumented: .* \(when\)$/);
      t.regex(answer(model, asked), /^depends/);
      // Matrix cells that point at clients are answers.
      t.regex(answer(model, `recorder ${client}-client tcp/${port} ${app}`, { connection: "direct" }), /^undocumented/);
    }
  });

  test(`${client}: the peer-to-peer range takes ICE, DTLS and SCTP, and only where it is switched on`, (t) => {
    const on = { connection: "peer-to-peer" };
    for (const [from, to, rule] of [
      [`${client}-client`, "recorder", `${client}-recorder-p2p`],
      ["recorder", `${client}-client`, `recorder-${client}-p2p`],
    ] as const) {
      for (const app of ["ice", "dtls", "sctp"]) {
        for (const port of [1024, 50_000, 65_535])
          t.is(answer(model, `${from} ${to} udp/${port} ${app}`, on), `documented: ${rule}`);
        t.is(answer(model, `${from} ${to} udp/1023 ${app}`, on), `undocumented: ${rule} (over)`);
        t.is(answer(model, `${from} ${to} udp/50000 ${app}`, { connection: "relay" }), `undocumented: ${rule} (when)`);
      }
      for (const app of ["rtp", "quic", "dns", "snmp"])
        t.is(answer(model, `${from} ${to} udp/50000 ${app}`, on), `undocumented: ${rule} (app)`);
      // Whether STUN is ICE between the two shows in its requests.
      t.is(answer(model, `${from} ${to} udp/50000 stun`, on), `depends: ${rule}`);
      const { requirement, peer } = model.rules.find(({ id }) => id === rule)!;
      t.deepEqual([requirement, peer], ["optional", "internet"]);
    }
  });
}

test("the relay's content type is expected, of recorder and clients alike", (t) => {
  t.deepEqual(
    model.rules
      .filter(({ expect }) => expect.some(({ kind, text }) => kind === "content-type" && text.endsWith("message/http")))
      .map(({ id }) => id),
    ["recorder-relay", "web-relay", "desktop-relay", "mobile-relay"],
  );
});

test("the recorder's connections that any capture of five minutes should show", (t) => {
  t.deepEqual(
    model.rules
      .filter(({ from, on, when, requirement }) => from.kind === "role" && !on && !when && requirement === "required")
      .map(({ id }) => id),
    ["recorder-relay", "recorder-lan-forwarding", "recorder-api", "recorder-licensing", "recorder-stun"],
  );
});

test("what the document leaves open is said", (t) => {
  for (const word of ["activateapi.gp4.com", "wildcard", "lsf.u5fgb.com", "Matrix cells", "matrix", "peer-to-peer"]) {
    t.true(
      model.unclear.some(({ about }) => about.includes(word)),
      word,
    );
  }
  for (const word of ["mail", "Bandwidth", "amazonaws.com"]) {
    t.true(
      model.leftOut.some(({ fact }) => fact.includes(word)),
      word,
    );
  }
});
