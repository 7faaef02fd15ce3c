/** Hostile text where the wire carries names, through the whole program, in every form: nothing of it acts. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { explain, openStore, storeRun } from "../../src/index.ts";
import { FORM_NAMES, loadForm } from "../../src/report/forms.ts";
import { makePen } from "../../src/report/pen.ts";
import { wirepact } from "../cli/command.ts";
import { play } from "../conform/scene.ts";
import { CONTRACT } from "../store/views.ts";
import { udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { clientHello, connection, dnsQuery, tlsConnection } from "../support/talk.ts";
import { inBrowser, opened } from "./html/browser.ts";

const TEXTS = [
  "\x1b[2J\x1b]0;owned\x07",
  "\u202egpj.exe",
  "a\nb\r\nc",
  "a\0b",
  "=cmd()|' /C calc'!A0",
  "<script>alert(1)</script>",
  "]]><x>",
  `"'\`$(id)`,
  "%00%0a::error::owned",
];
const HOST = "10.0.0.5";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ACTS = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** SNMPv2c (RFC 3416): an answer of sysName, with a community and a name of one's own. */
function snmp(community: Uint8Array, name: Uint8Array): Uint8Array {
  const tlv = (tag: number, ...inner: Uint8Array[]): Uint8Array => {
    const content = concat(inner);
    return concat([Uint8Array.of(tag, 0x82, content.length >> 8, content.length & 255), content]);
  };
  const one = tlv(2, Uint8Array.of(1));
  const zero = tlv(2, Uint8Array.of(0));
  const sysName = tlv(6, Uint8Array.of(0x2b, 6, 1, 2, 1, 1, 5, 0));
  return tlv(0x30, one, tlv(4, community), tlv(0xa2, one, zero, zero, tlv(0x30, tlv(0x30, sysName, tlv(4, name)))));
}

const frames = [...TEXTS, "x".repeat(60_000)].flatMap((text, i) => [
  ...tlsConnection(`${HOST}:${40_000 + i}`, `203.0.113.${i + 1}:443`, i * 100, clientHello(text)),
  ...connection(`${HOST}:${41_000 + i}`, `203.0.113.${i + 1}:80`, i * 100 + 20, [
    [">", ascii(`GET / HTTP/1.1\r\nHost: ${text}\r\nUser-Agent: ${text}\r\n\r\n`)],
  ]),
  ...connection(`${HOST}:${42_000 + i}`, `203.0.113.${i + 1}:22`, i * 100 + 40, [
    ["<", ascii(`SSH-2.0-${text}\r\n`)],
    [">", ascii("SSH-2.0-a\r\n")],
  ]),
  ...connection(`${HOST}:${43_000 + i}`, `203.0.113.${i + 1}:21`, i * 100 + 50, [
    ["<", ascii(`220 ${text.replace(/[\r\n]/g, " ")} FTP server ready\r\n`)],
    [">", ascii(`USER ${text.replace(/[\r\n]/g, " ")}\r\n`)],
  ]),
  udpFrame({
    from: `${HOST}:20001`,
    to: "10.0.0.9:161",
    ms: i * 100 + 70,
    data: snmp(ascii(text.slice(0, 60)), ascii(text.slice(0, 100))),
  }),
  udpFrame({ from: `${HOST}:20000`, to: "10.0.0.53:53", ms: i * 100 + 60, data: dnsQuery(text.slice(0, 60)) }),
]);
const scene = {
  rules: [{ id: "r", to: "api", over: "tcp/443", app: "tls" }],
  endpoints: { api: { hosts: ["api.example.com"] } },
  frames,
};

const page = async (): Promise<string> => {
  const { said } = await play(scene);
  const form = await loadForm("html");
  return [...form(said.result, { pen: makePen(100, false), database: "runs.sqlite", all: true })].join("");
};

inBrowser("html in a browser: nothing runs, nothing is loaded, no element is made of a name", async (t) => {
  await opened(await page(), {}, async ({ page: it, requests, complaints }) => {
    t.deepEqual(complaints, []);
    t.is(requests.length, 1, "the page itself");
    t.is(await it.locator("img, iframe, object, embed, link[rel=import]").count(), 0);
    t.true((await it.content()).includes("&lt;script&gt;"), "it is there, as text");
  });
});

test("a database: every view can be selected from, and the exact text is there", async (t) => {
  const { said } = await play(scene);
  const folder = mkdtempSync(join(tmpdir(), "wirepact-wire-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openStore(join(folder, "a.sqlite"));
  await storeRun(store, { result: said.result, observation: () => [] });
  for (const [view, columns] of Object.entries(CONTRACT)) {
    const rows = await store.query(`SELECT ${columns.split(" ").join(", ")} FROM ${view}`);
    for (const row of rows) {
      // A NUL ends a text for most of what reads SQLite.
      for (const value of Object.values(row)) t.false(typeof value === "string" && value.includes("\0"), view);
    }
  }
  const rows = await store.query("SELECT server_name FROM conversation_verdicts WHERE server_name IS NOT NULL");
  const stored = new Set(rows.map((row) => row.server_name));
  for (const { server_name } of said.result.judged)
    if (server_name !== null) t.true(stored.has(server_name), JSON.stringify(server_name));
  t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  await store.close();
});

test("explain tells of each without acting", async (t) => {
  const { said } = await play(scene);
  for (const { conversation_id } of said.result.judged)
    t.is(ACTS.exec(explain(said.result, conversation_id))?.[0].codePointAt(0) ?? null, null);
});

test("a file's name in messages and in the report", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-wire-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const name = join(folder, "\u001b[2J\u202egpj\r\n::error::owned <script>.pcap");
  copyFileSync("fixtures/cases/good-us/good-us.pcap", name);
  for (const args of [
    ["observe", name, "--db", join(folder, "a.sqlite")],
    ["observe", `${name}.gone`, "--db", join(folder, "a.sqlite")],
    ["check", "fixtures/cases/good-us/good-us.pcap", "--model", name, "--db", join(folder, "a.sqlite")],
    ["report", name],
    [`--${name}`],
    ["observe", name, "--db", `${name}.d/x`],
  ]) {
    const { stdout, stderr } = await wirepact(args);
    t.true(stdout.length + stderr.length > 0);
    t.is(ACTS.exec(stdout + stderr)?.[0].codePointAt(0) ?? null, null, args[0]);
    t.notRegex(stdout + stderr, /^::error/m);
  }
});

for (const name of FORM_NAMES) {
  test(`${name}: names off the wire stay text`, async (t) => {
    const { said } = await play(scene);
    t.true(said.result.judged.length > TEXTS.length);
    const form = await loadForm(name);
    const out = [...form(said.result, { pen: makePen(100, false), database: null, all: true })].join("");
    t.true(out.length > 1_000);
    t.is(ACTS.exec(out)?.[0].codePointAt(0) ?? null, null);
    if (name === "json" || name === "sarif") t.notThrows(() => JSON.parse(out));
    else t.false(out.includes("]]><x>") && name === "junit", "no section ends early");
    if (name === "junit") t.false(out.includes("<script>"));
    // Within a code span Markdown shows it as it is; outside of one it would be HTML.
    if (name === "markdown") t.false(out.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "").includes("<script>"));
    if (name === "csv") t.notRegex(out, /(^|,)"?[=+@]cmd/m);
  });
}
