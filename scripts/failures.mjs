#!/usr/bin/env node
// What failed in a run of ava, once more and in short, from what it printed: for the end of a long log, of which one sees the last lines.
//
//     node scripts/failures.mjs LOG
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Lines of each that are shown, and of how many; of the others the names. */
const LINES = 15;
const MOST = 8;

/** Each failure as its lines without empty ones: its title first, then why. */
export function failuresIn(text) {
  const lines = text.split(/\r?\n/);
  const rules = lines.flatMap((line, i) => (/^ +─+$/.test(line) ? [i] : []));
  // ava tells of each failed test between its last two lines of dashes, with two empty lines between them.
  const told = rules.length < 2 ? "" : lines.slice(rules.at(-2) + 1, rules.at(-1)).join("\n");
  const tests = told.split(/\n\n\n+/).map(dense);
  return [...tests, ...broken(lines)].filter((one) => one.length > 0);
}

/** Files that ended otherwise: an error outside of any test, a time that was up. These are told of where they happened. */
function broken(lines) {
  const all = [];
  for (let i = 0; i < lines.length; i++) {
    const end = lines.findIndex((line, at) => at >= i && /^ +(?:✘|✖|×) /.test(line));
    if (/^ +(?:Uncaught exception|Unhandled rejection) in /.test(lines[i]))
      all.push(dense(lines.slice(i, end < 0 ? undefined : end + 1).join("\n")));
    else if (/^ +(?:✘|✖|×) (?!\[fail\])/.test(lines[i]) && all.at(-1)?.at(-1) !== lines[i]) all.push([lines[i]]);
  }
  return all;
}

const dense = (text) => text.split("\n").filter((line) => line.trim() !== "");

/** What to print of them. */
export function shortly(failures) {
  const shown = failures.slice(0, MOST).flatMap((lines) => ["", ...lines.slice(0, LINES)]);
  const rest = failures.slice(MOST).map(([title]) => title);
  return [...shown, ...(rest.length > 0 ? ["", `and ${rest.length} more:`, ...rest.slice(0, LINES)] : [])];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  console.log(shortly(failuresIn(readFileSync(process.argv[2], "utf8"))).join("\n"));
