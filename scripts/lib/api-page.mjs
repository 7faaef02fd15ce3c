// The library's reference as one Markdown page, made of what tsc declares and of the comments beside it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commentText, exportsOf } from "./declarations.mjs";

const SECTIONS = [
  ["Functions", ["function"]],
  ["Classes and constants", ["class", "const"]],
  ["Types", ["interface", "type"]],
];

/** `built`: the folder that tsc wrote to, with `src/index.d.ts` in it; `source`: src/index.ts, whose head opens the page. */
export function apiPage(built, source) {
  const all = exportsOf(join(built, "src/index.d.ts"));
  const names = new Set(all.map(({ name }) => name));
  const head = commentText(/^\/\*\*[\s\S]*?\*\//.exec(readFileSync(source, "utf8"))?.[0] ?? "");
  const parts = [
    `# The library\n\nMade by \`npm run api\` of the declarations and their comments; not edited by hand.\n\n${example(head)}`,
  ];
  for (const [title, kinds] of SECTIONS) {
    const group = all.filter(({ kind }) => kinds.includes(kind));
    parts.push(`## ${title}\n\n${group.map(({ name }) => `[${name}](#${name.toLowerCase()})`).join(" · ")}`);
    for (const one of group) parts.push(entry(one, names));
  }
  return `${parts.join("\n\n")}\n`;
}

/** Words of a declaration that may be types, sorted. */
function typesIn(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/"[^"]*"/g, "");
  return [...new Set(code.match(/(?<!\.)\b[A-Z]\w+\b/g) ?? [])].sort();
}

/** Types that the library speaks of and does not export: a program could not name them. `known`: those of the language. */
export function unnamed(built, known) {
  const all = exportsOf(join(built, "src/index.d.ts"));
  const names = new Set([...all.map(({ name }) => name), ...known]);
  return all.flatMap(({ name, text }) =>
    typesIn(text.replace(/\bprivate [\s\S]*?;/g, ""))
      .filter((word) => !names.has(word) && !new RegExp(`[<,] ?${word}\\b[^<]*>\\(`).test(text))
      .map((word) => `${name}: ${word}`),
  );
}

/** Lines that a comment sets off by four spaces are an example. */
function example(text) {
  return text.replace(/(?:^ {4}.*\n?)+/gm, (block) => `\`\`\`ts\n${block.replace(/^ {4}/gm, "").trimEnd()}\n\`\`\`\n`);
}

function entry({ name, text, comment }, names) {
  const used = typesIn(text).filter((word) => word !== name && names.has(word));
  const links =
    used.length === 0 ? "" : `\n\nWith ${used.map((word) => `[${word}](#${word.toLowerCase()})`).join(", ")}.`;
  const about = comment === "" ? "" : `${example(comment)}\n\n`;
  return `### ${name}\n\n${about}\`\`\`ts\n${text.replace(/^ +/gm, (spaces) => " ".repeat(Math.ceil(spaces.length / 2)))}\n\`\`\`${links}`;
}
