/** `wirepact models [list|show|lint|schema]`: vendor documents, made executable. */
import { ProblemsError, problemLines, UsageError } from "../errors.ts";
import { readText } from "../judging.ts";
import type { ModelRow } from "../model/show.ts";
import type { Model, Problem } from "../model/types.ts";
import { Page } from "../report/page.ts";
import { penFor } from "../report/pen.ts";
import { safe } from "../report/safe.ts";
import { plural } from "../report/words.ts";
import { modelArgument } from "./judging.ts";
import { reportOutput } from "./output.ts";

/** The contract's code for a model with errors. */
const EXIT_LINT = 1;

export async function listModels(): Promise<number> {
  const { loadShipped, shippedModels } = await import("../model/shipped.ts");
  const output = await reportOutput(undefined);
  const pen = penFor(output.terminal, process.env);
  const page = new Page(pen);
  page.heading("MODELS", "vendor documents that ship with Wirepact");
  for (const { name, title } of shippedModels()) {
    page.blank();
    page.hang({ text: name, paint: pen.bold }, title);
    const model = loadShipped(name);
    if (model === null) continue;
    page.text(
      `${plural(model.rules.length, "rule")}; roles to bind: ${model.roles.map((role) => role.name).join(", ") || "none"}`,
      { indent: 4, paint: pen.dim },
    );
    for (const { name: parameter, values, default: standard } of model.parameters) {
      const choice = values.length > 0 ? values.join(" | ") : "a value";
      page.text(`--set ${parameter}=${choice}${standard === null ? "" : ` (default ${standard})`}`, {
        indent: 4,
        paint: pen.dim,
      });
    }
  }
  page.heading("NEXT");
  page.command("wirepact models show NAME");
  page.command("wirepact check CAPTURE --model NAME --bind ROLE=ADDRESS");
  await output.write([page.toString()]);
  return 0;
}

export async function showModel(name: string, options: { format: "text" | "markdown" | "json" }): Promise<number> {
  const model = await modelArgument(name);
  const show = await import("../model/show.ts");
  const output = await reportOutput(undefined);
  const pen = penFor(output.terminal, process.env);
  if (options.format !== "text") {
    await output.write([show.formatModelTable(model, pen.width, options.format)]);
    return 0;
  }
  const page = new Page(pen);
  printDocument(page, model);
  page.heading("RULES", plural(model.rules.length, "rule"));
  for (const row of show.showModel(model)) printRule(page, row);
  printOpenQuestions(page, model);
  await output.write([page.toString()]);
  return 0;
}

/** What the document asks for in one line, on what terms and where it says so below: eight columns fit no terminal. */
function printRule(page: Page, row: ModelRow): void {
  const { pen } = page;
  const ends = `${row.from} ${pen.glyphs.arrow} ${row.to} ${row.over} ${row.as}`.replaceAll("role:", "");
  page.hang({ text: row.id, paint: pen.bold }, ends);
  const terms = [row.when === "" ? "" : `when ${row.when}`, row.needed, row.where].filter((part) => part !== "");
  page.text(terms.join(` ${pen.glyphs.dot} `), { indent: 6, paint: pen.dim });
}

function printDocument(page: Page, { name, document, parameters, roles }: Model): void {
  const { pen } = page;
  const about = [document.publisher, document.product, document.title, document.version].filter(
    (part) => part !== null,
  );
  page.hang({ text: name, paint: pen.bold }, about.join(", "), { indent: 0 });
  if (document.retrieved !== null) page.text(`retrieved ${document.retrieved}`, { paint: pen.dim });
  page.heading("ROLES");
  for (const role of roles) page.hang({ text: role.name }, role.about ?? "", { paint: pen.dim });
  if (parameters.length > 0) page.heading("PARAMETERS");
  for (const { name: parameter, values, type, default: standard, about: why } of parameters) {
    const choice = values.length > 0 ? values.join(" | ") : type;
    page.hang(
      { text: parameter },
      [choice, standard === null ? "" : `default ${standard}`, why ?? ""].filter((part) => part !== "").join("; "),
      { paint: pen.dim },
    );
  }
}

function printOpenQuestions(page: Page, { unclear, leftOut }: Model): void {
  const { pen } = page;
  if (unclear.length > 0) page.heading("UNCLEAR IN THE DOCUMENT");
  for (const { about, readings, chosen } of unclear) {
    page.hang({ text: pen.glyphs.unsure, paint: pen.yellow }, about);
    for (const reading of readings) page.hang({ text: pen.glyphs.idle }, reading, { indent: 5, paint: pen.dim });
    page.text(`Chosen: ${chosen}`, { indent: 5 });
  }
  if (leftOut.length > 0) page.heading("LEFT OUT");
  for (const { fact, why } of leftOut) page.hang({ text: pen.glyphs.idle }, `${fact}: ${why}`, { paint: pen.dim });
}

/** Findings as `FILE:LINE:COLUMN: error: …` on standard output; exit code 1 where one of them is an error. */
export async function lintModels(names: readonly string[], options: { document?: string }): Promise<number> {
  if (options.document !== undefined && names.length > 1) {
    throw new UsageError(`--document ${options.document}: one document goes with one model; ${names.length} are named`);
  }
  const { lintModel } = await import("../model/lint.ts");
  const problems: Problem[] = [];
  for (const name of names) {
    const model = await loadForLint(name, problems);
    if (model === null) continue;
    // A shipped model's lines are those of its file in the package.
    const source = model.source === "shipped" ? `rules/${model.name}.yaml` : model.source;
    problems.push(...lintModel({ ...model, source }));
    if (options.document !== undefined) {
      const text = await readText(options.document, "document");
      const { lintDocument } = await import("../model/lint-document.ts");
      problems.push(...lintDocument(model, text, options.document));
    }
  }
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const summary =
    problems.length === 0
      ? "nothing found"
      : `${plural(errors, "error")}, ${plural(problems.length - errors, "warning")}`;
  const output = await reportOutput(undefined);
  await output.write([...problemLines(problems), summary].map((line) => `${safe(line)}\n`));
  return errors > 0 ? EXIT_LINT : 0;
}

/** A model that does not load is what lint is there to tell of: its problems join the list. */
async function loadForLint(name: string, problems: Problem[]): Promise<Model | null> {
  try {
    return await modelArgument(name);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

export async function printSchema(): Promise<number> {
  const { modelSchema } = await import("../model/schema.ts");
  const output = await reportOutput(undefined);
  await output.write([`${JSON.stringify(modelSchema(), null, 2)}\n`]);
  return 0;
}
