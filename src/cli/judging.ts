/** What a capture is held against: models, the background, a site, and who plays which role in it. */
import { readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Bound, bindRoles } from "../model/bind.ts";
import { loadShipped, shippedModels } from "../model/shipped.ts";
import type { Model, Problem, Site } from "../model/types.ts";
import { unknownWord } from "../words.ts";
import { ProblemsError, problemLines, systemReason, UsageError, warn } from "./errors.ts";

/** The model of what every host needs. */
const BACKGROUND = "background";

export interface JudgingOptions {
  model: string[];
  site?: string;
  bind: string[];
  set: string[];
  background: boolean;
}

export interface Judging {
  models: Model[];
  background: Model | null;
  site: Site | null;
  bindings: Bound;
}

/** Loads all of it, or throws one error with everything that is wrong; warnings go to standard error. */
export async function loadJudging(options: JudgingOptions): Promise<Judging> {
  const site = options.site === undefined ? null : await readSite(options.site);
  const models = await loadModels(options, site);
  const background = options.background ? loadShipped(BACKGROUND) : null;
  const bindings = bindRoles(background === null ? models : [...models, background], site, options.bind, options.set);
  settle(bindings.problems);
  return { models, background, site, bindings };
}

export function noBindings(): Bound {
  return { bindings: [], parameters: new Map(), problems: [] };
}

/** The command line's models; without any, those that the site names, their paths seen from the site file. */
async function loadModels(options: JudgingOptions, site: Site | null): Promise<Model[]> {
  const words =
    options.model.length > 0 ? options.model : (site?.models ?? []).map((word) => besideSite(word, options.site));
  if (words.length === 0) {
    const names = shippedNames().join(", ");
    throw new UsageError(
      `no model given; say --model NAME|FILE, or name it in the site file. Shipped: ${names}. Without a model: wirepact observe`,
    );
  }
  const models = new Map<string, Model>();
  for (const word of new Set(words)) {
    const model = await loadModelArgument(word);
    const other = models.get(model.name);
    if (other !== undefined && other.source !== model.source) {
      throw new UsageError(
        `two models are called ${model.name}: ${other.source} and ${model.source}; rename one (its model: line)`,
      );
    }
    models.set(model.name, model);
  }
  return [...models.values()];
}

function besideSite(word: string, site: string | undefined): string {
  return site !== undefined && looksLikeFile(word) ? resolve(dirname(site), word) : word;
}

/** A shipped model by its name, or a file by its path. */
export async function loadModelArgument(word: string): Promise<Model> {
  if (!looksLikeFile(word)) {
    const shipped = loadShipped(word);
    if (shipped !== null) return shipped;
    if (!(await isFile(word))) {
      throw new UsageError(
        `${unknownWord("model", word, shippedNames())}. A file of your own is given by its path, such as ./${word}.yaml`,
      );
    }
  }
  const text = await readText(word, "model");
  const { loadModel } = await import("../model/load.ts");
  const { model, problems } = loadModel(text, word);
  settle(problems);
  if (model === null) throw new UsageError(`${word}: the model does not load`);
  return model;
}

async function readSite(path: string): Promise<Site> {
  const text = await readText(path, "site");
  const { loadSite } = await import("../model/site.ts");
  const { site, problems } = loadSite(text, path, (named) => readFileSync(resolve(dirname(path), named), "utf8"));
  settle(problems);
  if (site === null) throw new UsageError(`${path}: the site does not load`);
  return site;
}

/** Errors end the command, all at once; warnings are said. */
function settle(problems: readonly Problem[]): void {
  if (problems.some((problem) => problem.severity === "error")) throw new ProblemsError(problems);
  for (const line of problemLines(problems)) warn(line.replace(": warning: ", ": "));
}

export function looksLikeFile(word: string): boolean {
  return /[\\/]|\.(ya?ml|json)$/i.test(word);
}

export async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path}: the ${what} cannot be read: ${systemReason(error)}`);
  }
}

function shippedNames(): string[] {
  return shippedModels()
    .map((model) => model.name)
    .filter((name) => name !== BACKGROUND);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
