/** Hostile text where the wire carries names, through the whole program, in every form: nothing of it acts. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { explain, openStore, storeRun } from "../../src/index.ts";
import { FORM_NAMES, loadForm } from "../../src/report/forms.ts";
import { jsonText } from "../../src/report/json.ts";
import { makePen } from "../../src/report/pen.ts";
import { wirepact } from "../cli/command.ts";
import { play } from "../conform/scene.ts";
import { CONTRACT } from "../store/views.ts";
import { PcapngBlocks } from "../support/capture-writer.ts";
import { udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { u16 } from "../support/packets.ts";
import { clientHello, connection, dnsQuery, ntp, tlsConnection } from "../support/talk.ts";
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

/** NTP (RFC 5905) from a clock of stratum 1 whose reference identifier is four bytes of one's own. */
function clock(reference: Uint8Array): Uint8Array {
  const message = ntp(4);
  message[1] = 1;
  message.set(reference.subarray(0, 4), 12);
  message.set(message.subarray(40, 48), 32); // it got the question when it answered
  return message;
}

/** Modbus (Application Protocol V1.1b3, section 6.21): a device's vendor, product and revision, in its own words. */
function deviceIdentity(words: Uint8Array): Uint8Array {
  const objects = [0, 1, 2].map((id) => concat([Uint8Array.of(id, words.length), words]));
  const pdu = concat([Uint8Array.of(0x2b, 0x0e, 1, 1, 0, 0, objects.length), ...objects]);
  return concat([u16(1), u16(0), u16(pdu.length + 1), Uint8Array.of(1), pdu]);
}

/** The longest that a first message may have, and more than that: such a message is no application's. */
const LONG = "y".repeat(12_000);
const frames = [...TEXTS, LONG, "x".repeat(60_000)].flatMap((text, i) => [
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
  udpFrame({ from: "10.0.0.8:123", to: `${HOST}:${20_100 + i}`, ms: i * 100 + 80, data: clock(ascii(`${text}    `)) }),
  ...connection(`${HOST}:${44_000 + i}`, `203.0.113.${i + 1}:502`, i * 100 + 90, [
    [">", concat([u16(1), u16(0), u16(5), Uint8Array.of(1, 0x2b, 0x0e, 1, 0)])],
    ["<", deviceIdentity(ascii(text.slice(0, 60)))],
  ]),
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

test("JSON: the bytes of each name can be had, but for their case, which names do not have", async (t) => {
  const { said } = await play(scene);
  const form = await loadForm("json");
  const out = [...form(said.result, { pen: makePen(100, false), database: null, all: true })].join("");
  const { conversations, assets } = JSON.parse(out) as {
    conversations: { server_name: string | null }[];
    assets: { vendor: string | null }[];
  };
  // As `escapeBytes` has it: a backslash doubled, what is not printable as `\\xNN`.
  const bytesOf = (text: string): string =>
    text.replace(/\\(?:\\|x([\da-f]{2}))/g, (_, code?: string) =>
      code === undefined ? "\\" : String.fromCharCode(Number.parseInt(code, 16)),
    );
  const names = new Set(conversations.map(({ server_name }) => bytesOf(server_name ?? "")));
  const vendors = new Set(assets.map(({ vendor }) => bytesOf(vendor ?? "").trim()));
  for (const text of [...TEXTS, LONG]) {
    const bytes = Buffer.from(ascii(text)).toString("latin1");
    t.true(names.has(bytes.toLowerCase()), JSON.stringify(text.slice(0, 80)));
    t.true(vendors.has(bytes.slice(0, 60).trim()), JSON.stringify(text.slice(0, 80)));
  }
});

test("NDJSON of a live run: a finding is one line, and says what it was made of", async (t) => {
  const { said } = await play(scene);
  t.true(said.result.judged.length > 0);
  for (const row of [...said.result.judged, ...TEXTS.map((server_name) => ({ server_name }))]) {
    const line = jsonText({ event: "finding", ...row });
    t.is(ACTS.exec(line)?.[0].codePointAt(0) ?? null, null);
    t.notRegex(line, /[\n\r\u2028\u2029]/);
    t.deepEqual(JSON.parse(line), { event: "finding", ...JSON.parse(JSON.stringify(row)) });
  }
});

test("what a capture file says of itself stays text: comments, interfaces, hardware, its own names", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-wire-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const ng = new PcapngBlocks();
  const [all, u8] = [TEXTS.join(" "), new TextEncoder()];
  const texts = (...codes: number[]): [number, Uint8Array][] => codes.map((code) => [code, u8.encode(all)]);
  const { u16: n16, u32: n32 } = ng.out;
  const section = ng.block(
    0x0a0d0d0a,
    ...[n32(0x1a2b3c4d), n16(1), n16(0), n32(0xffffffff), n32(0xffffffff)],
    ng.options(texts(1, 2, 3, 4)), // comment, hardware, operating system, program
  );
  // Comment, name, description, filter, operating system and hardware of the interface.
  const described = ng.block(1, n16(1), n16(0), n32(0), ng.options(texts(1, 2, 3, 11, 12, 15)));
  const names = ng.names(
    TEXTS.map((text): [Uint8Array, string] => [Uint8Array.of(203, 0, 113, 1), text.replaceAll("\0", "")]),
  );
  const packets = frames
    .slice(0, 12)
    .map(({ buf, off, capLen, sec, nsec }) =>
      ng.enhancedPacket({ data: buf.slice(off, off + capLen), sec, nsec }, {}, texts(1)),
    );
  const path = join(folder, "says.pcapng");
  writeFileSync(path, concat([section, described, names, ...packets]));
  for (const format of FORM_NAMES) {
    const { code, stdout, stderr } = await wirepact([
      "observe",
      path,
      "--db",
      join(folder, "a.sqlite"),
      "--format",
      format,
    ]);
    t.is(code, 0, stderr);
    t.true(stdout.length > 0);
    t.is(ACTS.exec(stdout + stderr)?.[0].codePointAt(0) ?? null, null, format);
    t.notRegex(stdout, format === "json" || format === "sarif" ? /$^/ : /<script>alert/);
  }
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
