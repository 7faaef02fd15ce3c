import { execFileSync } from "node:child_process";
import test from "ava";
import fc from "fast-check";
import { safe, shellWord } from "../../src/report/safe.ts";

test("what a terminal acts on is escaped", (t) => {
  t.is(safe("a\x1b[31mb"), "a\\x1b[31mb");
  t.is(safe("a\r\nb\tc"), "a\\x0d\\x0ab\\x09c");
  t.is(safe("\x9b31m"), "\\x9b31m"); // the one-byte CSI
});

test("what makes text read as another is escaped", (t) => {
  t.is(safe("exe.\u202egpj.pcap"), "exe.\\u{202e}gpj.pcap");
  t.is(safe("a\u200bb\ufeffc\u2066d\u2028e"), "a\\u{200b}b\\u{feff}c\\u{2066}d\\u{2028}e");
  t.is(safe("tag\u{e0041}"), "tag\\u{e0041}");
  t.is(safe("half \ud800"), "half \\u{d800}");
});

test("text that people read stays", (t) => {
  for (const text of ["Übersicht.pcap", "übung", "捕获.pcapng", "écran", "💾"]) t.is(safe(text), text);
});

test("safe text holds nothing harmful, whatever it was made from", (t) => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(safe(text))));
  t.pass();
});

test("a shell reads a quoted word back as it was", (t) => {
  const words = [
    "plain.pcap",
    "with space",
    "it's",
    "$(touch x)`id`",
    "a\nb",
    "-rf",
    "tab\there",
    "back\\slash\n",
    "ümlaut",
    "'",
    "!x",
  ];
  const printed = execFileSync("bash", ["-c", `printf '%s\\0' ${words.map(shellWord).join(" ")}`]).toString("utf8");
  t.deepEqual(
    printed.split("\0").slice(0, -1),
    words.map((word) => (word.startsWith("-") ? `./${word}` : word)),
  );
});

test("a quoted word holds no raw control character", (t) => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[\p{Cc}\u202e]/u.test(shellWord(text))));
  t.pass();
});
