/** What a capture is held against: models, the background, a site, and who plays which role in it. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Decoder } from "./decode/decoder.ts";
import { ProblemsError, systemReason, UsageError } from "./errors.ts";
import { bindRoles } from "./model/bind.ts";
import { loadShipped, shippedModels } from "./model/shipped.ts";
import type { Model, Problem, Site } from "./model/types.ts";
import type { RunOptions } from "./pipeline.ts";
import { fileAt } from "./store/select.ts";
import { unknownWord } from "./words.ts";

/** The model of what every host needs. */
const BACKGROUND = "background";

/** Told of what is doubtful in a model, a site or a binding, and stops nothing. */
export type OnWarning = (problem: Problem) => void;

export interface JudgingInput {
  /** Shipped models by name, files by path, or models that are loaded already; none: those that the site names. */
  models: readonly (string | Model)[];
  /** The path of a site file, or a site that is loaded already. */
  site: string | Site | null;
  /** `[MODEL/]ROLE=VALUE[,VALUE…]`, as `bindRoles` takes them. */
  bind: readonly string[];
  /** `[MODEL/]PARAMETER=VALUE`. */
  set: readonly string[];
  /** Whether the shipped model of what every host needs is held against it too. */
  background: boolean;
  /** Decoders that are not built in, which models may name; none unless given. */
  decoders?: readonly Pick<Decoder, "id">[];
}

export type Judging = Pick<RunOptions, "models" | "background" | "site" | "bindings">;

/** Loads all of it; rejects with one UsageError that has everything that is wrong. */
export async function loadJudging(input: JudgingInput, onWarning: OnWarning = ignore): Promise<Judging> {
  const site = typeof input.site === "string" ? await readSite(input.site, onWarning) : input.site;
  const models = await loadModels(input, site, onWarning);
  const background = input.background ? loadShipped(BACKGROUND) : null;
  const bindings = bindRoles(background === null ? models : [...models, background], site, input.bind, input.set);
  settle(bindings.problems, onWarning);
  return { models, background, site, bindings };
}

/** What a run is told where nothing is to be judged. */
export function unjudged(): Omit<RunOptions, "captures" | "command" | "onProgress" | "signal"> {
  return {
    models: [],
    background: null,
    bindings: { bindings: [], parameters: new Map(), problems: [] },
    site: null,
    scope: "judged",
    infer: false,
    minSpanSec: 0,
    asOf: null,
    strict: false,
  };
}

/** Without any model, those that the site names, their paths seen from the site file. */
async function loadModels(
  { models: asked, decoders = [] }: JudgingInput,
  site: Site | null,
  onWarning: OnWarning,
): Promise<Model[]> {
  const wanted = asked.length > 0 ? asked : (site?.models ?? []).map((word) => besideSite(word, site?.source ?? null));
  if (wanted.length === 0) {
    const names = shippedNames().join(", ");
    throw new UsageError(
      `no model given; say --model NAME|FILE, or name it in the site file. Shipped: ${names}. Without a model: wirepact observe`,
    );
  }
  const models = new Map<string, Model>();
  for (const word of new Set(wanted)) {
    const model = typeof word === "string" ? await readModel(word, { onWarning, decoders }) : word;
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

function besideSite(word: string, site: string | null): string {
  return site !== null && looksLikeFile(word) ? resolve(dirname(site), word) : word;
}

export interface ReadModelOptions {
  /** Told of what is doubtful in the model; what is wrong rejects. */
  onWarning?: OnWarning;
  /** Decoders that are not built in: rules may name them in `app:`, and their fields in `expect:`. */
  decoders?: readonly Pick<Decoder, "id">[];
}

/**
 * A shipped model by its name, or a model file by its path (with a slash, or ending in `.yaml`, `.yml` or `.json`).
 * Rejects with UsageError where none is called so (the nearest name with it) or the file cannot be read, and with
 * ProblemsError where it does not load: every problem with file, line and column.
 */
export async function readModel(nameOrPath: string, options: ReadModelOptions = {}): Promise<Model> {
  const { onWarning = ignore, decoders = [] } = options;
  if (!looksLikeFile(nameOrPath)) {
    const shipped = loadShipped(nameOrPath);
    if (shipped !== null) return shipped;
    if (!fileAt(nameOrPath)?.isFile()) {
      throw new UsageError(
        `${unknownWord("model", nameOrPath, shippedNames())}. A file of your own is given by its path, such as ./${nameOrPath}.yaml`,
      );
    }
  }
  const text = await readText(nameOrPath, "model");
  const { loadModel } = await import("./model/load.ts");
  const { model, problems } = loadModel(
    text,
    nameOrPath,
    decoders.map(({ id }) => id),
  );
  settle(problems, onWarning);
  if (model === null) throw new UsageError(`${nameOrPath}: the model does not load`);
  return model;
}

/**
 * A site file, with the address lists that it names, read from beside it. Rejects as `readModel` does. Whether its roles
 * and parameters are a model's is seen when they meet (`bindRoles`, `check`).
 */
export async function readSite(path: string, onWarning: OnWarning = ignore): Promise<Site> {
  const text = await readText(path, "site");
  const { loadSite } = await import("./model/site.ts");
  const { site, problems } = loadSite(text, path, (named) => readFileSync(resolve(dirname(path), named), "utf8"));
  settle(problems, onWarning);
  if (site === null) throw new UsageError(`${path}: the site does not load`);
  return site;
}

/** Errors are thrown, all at once; warnings are passed on. */
function settle(problems: readonly Problem[], onWarning: OnWarning): void {
  if (problems.some((problem) => problem.severity === "error")) throw new ProblemsError(problems);
  for (const problem of problems) onWarning(problem);
}

function ignore(): void {}

function looksLikeFile(word: string): boolean {
  return /[\\/]|\.(ya?ml|json)$/i.test(word);
}

/** A file's text; UsageError with what it was to be (`what`) where it cannot be read. */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return readFileSync(path, "utf8"); // `node:fs/promises` takes longer to load than a model to read
  } catch (error) {
    throw new UsageError(`${path}: the ${what} cannot be read: ${systemReason(error)}`);
  }
}

function shippedNames(): string[] {
  return shippedModels()
    .map((model) => model.name)
    .filter((name) => name !== BACKGROUND);
}
