// Reads declaration files as tsc writes them: statements one after the other, each with its comment. Not a parser of
// TypeScript; what it relies on (a statement begins at a line's beginning, nothing but its own lines follow) is tsc's own form.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** @typedef {{ name: string, kind: string, text: string, comment: string }} Declaration */

/** The statements of a text: each begins at a line that is not indented, and ends before the next such line. */
function statements(text) {
  const list = [];
  let comment = [];
  let code = [];
  let inComment = false;
  const end = () => {
    if (code.length > 0) list.push({ comment: comment.join("\n"), code: code.join("\n") });
    if (code.length > 0) comment = [];
    code = [];
  };
  for (const line of text.split("\n")) {
    if (inComment || /^\/\*\*?/.test(line)) {
      if (!inComment) {
        end();
        comment = [];
      }
      comment.push(line);
      inComment = !line.includes("*/");
    } else if (/^[a-z]/.test(line)) {
      end();
      code.push(line);
    } else if (line.trim() !== "" && code.length > 0) code.push(line);
  }
  end();
  return list;
}

/** A comment's text, without its stars. */
export function commentText(comment) {
  return comment
    .replace(/^\s*\/\*\*?/, "")
    .replace(/\*\/\s*$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}

const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(function|interface|type|class|const) (\w+)/;

/**
 * What a module exports, in its own order, names that it passes on from other modules included.
 * @returns {Declaration[]}
 */
export function exportsOf(path, read = (file) => readFileSync(file, "utf8")) {
  const seen = new Map();
  const add = (declaration) => {
    if (!seen.has(declaration.name)) seen.set(declaration.name, declaration);
  };
  const from = (specifier) => exportsOf(join(dirname(path), specifier.replace(/\.(ts|js)$/, ".d.ts")), read);
  for (const { comment, code } of statements(read(path))) {
    const passed = /^export (type )?(\*|\{[\s\S]*\})(?: from "([^"]+)")?;/.exec(code);
    if (passed?.[3] !== undefined) {
      // Passed on as types alone, values are nothing that a program could import.
      const theirs = from(passed[3]).filter(
        ({ kind }) => passed[1] === undefined || !["function", "const"].includes(kind),
      );
      if (passed[2] === "*") theirs.forEach(add);
      else for (const [name, as] of namesIn(passed[2])) add({ ...found(theirs, name, path), name: as });
      continue;
    }
    const declared = DECLARED.exec(code);
    if (declared === null || !code.startsWith("export ")) continue;
    const [, kind, name] = declared;
    add({ name, kind, text: code.replace(/^export (?:declare )?/, ""), comment: commentText(comment), own: true });
  }
  // What it declares itself comes first: it is what the others are for.
  return [...seen.values()]
    .sort((a, b) => Number(b.own ?? false) - Number(a.own ?? false))
    .map(({ own: _own, ...rest }) => rest);
}

function found(declarations, name, path) {
  const one = declarations.find((declaration) => declaration.name === name);
  if (one === undefined) throw new Error(`${path}: passes on ${name}, which is not declared where it says`);
  return one;
}

/** `{ a, type B, c as d }` as pairs of the name there and the name here. */
function namesIn(braces) {
  return braces
    .slice(1, -1)
    .split(",")
    .map((word) => word.trim().replace(/^type /, ""))
    .filter((word) => word !== "")
    .map((word) => {
      const [name, as = name] = word.split(" as ");
      return [name, as];
    });
}
