/** Models and sites: lines of the project's own files, changed. Either they load, or every problem says where it is. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProblemsError } from "../../src/errors.ts";
import { readModel, readSite } from "../../src/judging.ts";
import { showModel } from "../../src/model/index.ts";
import { concat } from "../support/hex.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";
import { Broken, type Target } from "./target.ts";

const WORDS = [
  "&a ",
  "*a",
  "<<: *a",
  "!!js/function ",
  "? ",
  "- - - - ",
  "[".repeat(40),
  "{",
  "}",
  "'",
  '"',
  ": ",
  "|",
  ">",
]
  .concat(["\t", "\u0000", "\u001b[2J", "\u202e", "~", "99999999999999999999", "-1", "1-65535", "0", "*.*", "::/0"])
  .concat([
    "10.0.0.0/33",
    "%TAG",
    "---",
    "...",
    "any",
    "not",
    "when:",
    "rules:",
    "role:",
    "hosts:",
    "\ufeff",
    "€",
    "x".repeat(9_000),
  ])
  .map((word) => Buffer.from(word));

export function textTargets(): Target[] {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-fuzz-text-"));
  const models = [...yamlIn("rules"), ...yamlIn("fixtures/model")];
  const cases = readdirSync("fixtures/cases", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const sites = cases.flatMap(({ name }) => yamlIn(join("fixtures/cases", name)));
  return [
    target("model", models, async (path) => {
      showModel(await readModel(path));
    }),
    target("site", sites, async (path) => {
      await readSite(path);
    }),
  ];

  function target(name: string, files: readonly string[], load: (path: string) => Promise<void>): Target {
    const samples = files.map((file) => readFileSync(file));
    const path = join(folder, `${name}.yaml`);
    return {
      name,
      batch: 4,
      make: (random) => ({
        target: name,
        about: "",
        parts: changedLines(random.pick(samples), random).map((line) => Uint8Array.from(line)),
        own: true,
      }),
      try: async ({ parts }) => {
        writeFileSync(path, concat(parts));
        try {
          await load(path);
        } catch (error) {
          if (!(error instanceof ProblemsError)) throw error;
          const bad = error.problems.find(({ line, column, message }) => line < 0 || column < 0 || message === "");
          if (bad !== undefined) throw new Broken(`a problem without a place: ${JSON.stringify(bad)}`);
          if (error.problems.length === 0) throw new Broken("refused without a problem");
        }
        return 1;
      },
    };
  }
}

function yamlIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => join(folder, file));
}

/** The file's lines, some of them gone, doubled, moved, or changed inside. */
function changedLines(file: Uint8Array, random: Random): Uint8Array[] {
  const lines = Buffer.from(file)
    .toString("latin1")
    .split(/(?<=\n)/)
    .map((line) => Buffer.from(line, "latin1"));
  for (let left = 1 + random.few(6); left > 0 && lines.length > 0; left--) {
    const at = random.below(lines.length);
    const line = lines[at]!;
    switch (random.below(6)) {
      case 0:
        lines.splice(at, 1 + random.few(4));
        break;
      case 1:
        lines.splice(random.below(lines.length), 0, ...lines.slice(at, at + 1 + random.few(4)));
        break;
      case 2:
        lines[at] = Buffer.concat([Buffer.from(" ".repeat(random.below(6))), line]);
        break;
      case 3:
      case 4: {
        const into = random.below(line.length);
        lines[at] = Buffer.concat([line.subarray(0, into), random.pick(WORDS), line.subarray(into + random.below(8))]);
        break;
      }
      default:
        lines[at] = Buffer.from(mutate(line, random, WORDS));
    }
  }
  return lines;
}
