/** Hostile text where the wire carries names, through the whole program, in every form: nothing of it acts. */
import test from "ava";
import { FORM_NAMES, loadForm } from "../../src/report/forms.ts";
import { makePen } from "../../src/report/pen.ts";
import { play } from "../conform/scene.ts";
import { udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { clientHello, connection, dnsQuery, tlsConnection } from "../support/talk.ts";

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

const frames = [...TEXTS, "x".repeat(60_000)].flatMap((text, i) => [
  ...tlsConnection(`${HOST}:${40_000 + i}`, `203.0.113.${i + 1}:443`, i * 100, clientHello(text)),
  ...connection(`${HOST}:${41_000 + i}`, `203.0.113.${i + 1}:80`, i * 100 + 20, [
    [">", ascii(`GET / HTTP/1.1\r\nHost: ${text}\r\nUser-Agent: ${text}\r\n\r\n`)],
  ]),
  ...connection(`${HOST}:${42_000 + i}`, `203.0.113.${i + 1}:22`, i * 100 + 40, [
    ["<", ascii(`SSH-2.0-${text}\r\n`)],
    [">", ascii("SSH-2.0-a\r\n")],
  ]),
  udpFrame({ from: `${HOST}:20000`, to: "10.0.0.53:53", ms: i * 100 + 60, data: dnsQuery(text.slice(0, 60)) }),
]);
const scene = {
  rules: [{ id: "r", to: "api", over: "tcp/443", app: "tls" }],
  endpoints: { api: { hosts: ["api.example.com"] } },
  frames,
};

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
