import test from "ava";
import fc from "fast-check";
import { textWidth, wrap } from "../../src/report/layout.ts";
import { Page } from "../../src/report/page.ts";
import { makePen, penFor } from "../../src/report/pen.ts";
import { withoutColors } from "./plain.ts";

test("width counts columns, not characters", (t) => {
  t.is(textWidth("abc"), 3);
  t.is(textWidth("捕获"), 4);
  t.is(textWidth("e\u0301"), 1);
  t.is(textWidth("💾"), 2);
  t.is(textWidth("✓ → ·"), 5);
});

test("lines break at spaces, long words where they must", (t) => {
  t.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  t.deepEqual(wrap("a.very.long.host.name", 10), ["a.very.", "long.host.", "name"]);
  t.deepEqual(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  t.deepEqual(wrap("", 10), [""]);
});

test("wrapping loses nothing but spaces and never exceeds the width", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 60 }), (text, width) => {
      const lines = wrap(text, width);
      return (
        lines.every((line) => textWidth(line) <= width) &&
        lines.join("").replaceAll(" ", "") === text.replaceAll(" ", "")
      );
    }),
  );
  t.pass();
});

test("no line of a page exceeds it, whatever is put into it", (t) => {
  const piece = fc.record({ text: fc.string({ unit: "grapheme", maxLength: 120 }) });
  fc.assert(
    fc.property(
      fc.integer({ min: 40, max: 120 }),
      piece,
      fc.string({ maxLength: 200 }),
      fc.array(fc.array(piece, { maxLength: 4 }), { maxLength: 4 }),
      (width, label, text, rows) => {
        const page = new Page(makePen(width, false));
        page.heading(label.text, text);
        page.hang(label, text);
        page.hang(label, text, { column: 16 });
        page.text(text);
        page.table(rows);
        return page.lines.every((line) => textWidth(line) <= width);
      },
    ),
  );
  t.pass();
});

test("colours are added to the lines and change nothing else", (t) => {
  const make = (color: boolean): string => {
    const pen = makePen(40, color);
    const page = new Page(pen);
    page.heading("TITLE", "and a note that is long enough to need another line");
    page.hang({ text: "label", paint: pen.red }, "text that goes on until it needs a second line", { paint: pen.dim });
    page.table([
      [{ text: "a", paint: pen.green }, { text: "b" }],
      [{ text: "cc" }, { text: "d", paint: pen.bold }],
    ]);
    return page.toString();
  };
  t.not(make(true), make(false));
  t.is(withoutColors(make(true)), make(false));
});

test("colours: only on a terminal, and as the environment says", (t) => {
  const colored = (output: { isTTY?: boolean }, env: Record<string, string>): boolean =>
    penFor(output, env).red("x") !== "x";
  t.true(colored({ isTTY: true }, {}));
  t.false(colored({}, {}));
  t.false(colored({ isTTY: true }, { NO_COLOR: "1" }));
  t.true(colored({ isTTY: true }, { NO_COLOR: "" }), "an empty NO_COLOR says nothing");
  t.false(colored({ isTTY: true }, { TERM: "dumb" }));
  t.true(colored({}, { FORCE_COLOR: "1" }));
  t.false(colored({ isTTY: true }, { FORCE_COLOR: "0" }));
  t.false(colored({}, { FORCE_COLOR: "1", NO_COLOR: "1" }));
});

test("width: the terminal's, else COLUMNS, else 100", (t) => {
  t.is(penFor({ isTTY: true, columns: 72 }, { COLUMNS: "90" }).width, 72);
  t.is(penFor({}, { COLUMNS: "90" }).width, 90);
  t.is(penFor({}, {}).width, 100);
  t.is(penFor({}, { COLUMNS: "nonsense" }).width, 100);
  t.is(penFor({ isTTY: true, columns: 9 }, {}).width, 40);
  t.is(penFor({ isTTY: true, columns: 400 }, {}).width, 140);
});

test("signs are ASCII where the locale is", (t) => {
  t.is(penFor({}, { LC_ALL: "C" }).glyphs.arrow, "->");
  t.is(penFor({}, { LANG: "de_DE.UTF-8" }).glyphs.arrow, "→");
});

test("a table breaks between words while the longest of them have room, and says whether they have", (t) => {
  const rows = [
    [{ text: "10.30.100.200" }, { text: "profile-ethernet-ip" }, { text: "many words that may go below each other" }],
    [{ text: "10.30.0.1 (a controller of some maker)" }, { text: "x" }, { text: "y" }],
  ];
  for (const [width, fits] of [
    [60, true],
    [44, true],
    [40, false],
  ] as const) {
    const page = new Page(makePen(width, false));
    t.is(page.fits(rows), fits, `${width}`);
    page.table(rows);
    t.is(/10\.30\.100\.200 +profile-ethernet-ip/.test(page.lines.join("\n")), fits, `${width}`);
  }
});
