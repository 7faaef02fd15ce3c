/** What the tests of the shipped models share: a model from its file, questions to it, and its document where present. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { wouldBeDocumented } from "../../src/conform/hypothetical.ts";
import { lintModel } from "../../src/model/lint.ts";
import { lintDocument } from "../../src/model/lint-document.ts";
import type { Model } from "../../src/model/types.ts";
import { fixture, said } from "./helpers.ts";

export function shipped(name: string): Model {
  return fixture(`../../rules/${name}`);
}

/** `FROM TO tcp/443 [APP]`; a decoder's id where the question is about content. */
export type Asked = string;

/**
 * Would it be documented? `documented: rule, rule`, `depends: rule`, `retired: rule`, or
 * `undocumented: nearest rule (clause that failed)`. Parameters that are not set have their defaults.
 */
export function answer(model: Model, asked: Asked, set: Readonly<Record<string, string>> = {}): string {
  const [from = "", to = "", over = "", app] = asked.split(" ");
  const [transport = "", port] = over.split("/");
  const question = { from, to, transport, port: port === undefined ? null : Number(port), app: app ?? null };
  const parameter = (name: string) =>
    set[name] ?? model.parameters.find((known) => known.name === name)?.default ?? null;
  const { verdict, rules, nearest } = wouldBeDocumented(model, question, parameter);
  if (verdict === "undocumented")
    return nearest === null ? verdict : `${verdict}: ${nearest.rule_id} (${nearest.clause})`;
  return `${verdict}: ${rules.map(({ rule }) => rule.id).join(", ")}`;
}

/**
 * One test: the model holds the whole of its document and nothing else, cites headings that exist, and was made from
 * exactly this text. `meant`: what `lint` says of it and may.
 */
export function holdsItsDocument(name: string, meant: RegExp): void {
  const path = `../shared/vendor-docs/${name}.txt`;
  test(`${name} has nothing against it but what it means`, (t) => {
    t.deepEqual(
      lintModel(shipped(name))
        .map(said)
        .filter((finding) => !meant.test(finding)),
      [],
    );
  });
  const run = existsSync(path) ? test : test.skip;
  run(`${name} holds the whole of its document (${path})`, (t) => {
    const text = readFileSync(path, "utf8");
    const model = shipped(name);
    t.deepEqual(lintDocument(model, text, path).map(said), []);
    t.is(model.document.textSha256, createHash("sha256").update(text).digest("hex"));
    const lines = new Set(text.split("\n").map((line) => line.replace(/\s+/g, " ").trim()));
    for (const { section } of model.rules.flatMap(({ cite }) => cite)) {
      t.true(lines.has(section) || section.split(" / ").every((heading) => lines.has(heading)), section);
    }
  });
}
