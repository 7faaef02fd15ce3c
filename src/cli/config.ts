/**
 * Options that a project always gives, in a file of its own: `wirepact.yaml` (or `.wirepact.yaml`) in the current folder or
 * the nearest one above it. The command line goes first; paths are seen from the file.
 *
 *     model: [opswat-sdp, ./own.yaml]
 *     site: plant.yaml
 *     strict: true
 */
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { ProblemsError } from "../errors.ts";
import { readText } from "../judging.ts";
import { Reader } from "../model/reader.ts";
import { readYaml } from "../model/yaml.ts";
import { fileAt } from "../store/select.ts";

const NAMES = ["wirepact.yaml", ".wirepact.yaml"];
/** What may stand there: how to judge. Where results go is said on the command line alone. */
const KEYS = ["model", "site", "bind", "set", "strict", "min-span", "as-of", "jobs"] as const;

/**
 * The nearest file, or null. One that belongs to another user (but root) is passed by: in a folder that everybody writes
 * to, it would be a stranger's options.
 */
export async function findConfig(from: string): Promise<string | null> {
  const own = process.getuid?.();
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of NAMES) {
      const found = fileAt(join(folder, name));
      if (found?.isFile() && (own === undefined || found.uid === own || found.uid === 0)) return join(folder, name);
    }
    if (dirname(folder) === folder) return null;
  }
}

/** Gives a command the options that were not typed; rejects with what is wrong in the file, line and column with it. */
export async function applyConfig(command: Command, path: string): Promise<void> {
  const file = readYaml(await readText(path, "configuration"), path);
  const reader = new Reader(path, file);
  const top = file.root === null || file.root.kind === "empty" ? null : reader.fields(file.root, "configuration", KEYS);
  const beside = (text: string): string => join(dirname(path), text);
  for (const key of KEYS) {
    const item = top?.get(key);
    const option = command.options.find((one) => one.long === `--${key}`);
    if (item === undefined || option === undefined) continue;
    const name = option.attributeName();
    const typed = command.getOptionValueSource(name);
    const value =
      key === "strict"
        ? reader.flag(item, key)
        : key === "model" || key === "bind" || key === "set"
          ? reader
              .texts(item, key)
              .map(({ text }) => (key === "model" && /[\\/]|\.ya?ml$/i.test(text) ? beside(text) : text))
          : reader.text(item, key)?.text;
    if (typed !== undefined && typed !== "default") continue;
    command.setOptionValueWithSource(
      name,
      key === "site" && typeof value === "string" ? beside(value) : value,
      "config",
    );
  }
  const problems = reader.report();
  if (reader.failed) throw new ProblemsError(problems);
}
