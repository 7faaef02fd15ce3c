// The bundled rollout case: what `npm start` shows and what the package check runs again from the tarball.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, wordsOf } from "./run.mjs";

/** The case's folder, from the project's root. */
export const DEMO = "fixtures/cases/rollout";

/** The case's arguments to `wirepact` as its `command` file has them, relative to the case's folder. */
export function demoArguments() {
  const words = wordsOf(readFileSync(join(ROOT, DEMO, "command"), "utf8"));
  return words[0] === "wirepact" ? words.slice(1) : words;
}

/** The same arguments for someone who stands in the project's root: names of the case's files get its folder before them. */
export function demoArgumentsFromRoot() {
  return demoArguments().map((word) => (existsSync(join(ROOT, DEMO, word)) ? `${DEMO}/${word}` : word));
}
