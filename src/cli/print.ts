/** Prints a result in the form that was asked for. */
import { type FormName, loadForm } from "../report/forms.ts";
import { penFor } from "../report/pen.ts";
import type { RunResult } from "../report/result.ts";
import type { ReportOutput } from "./output.ts";

export interface PrintOptions {
  format: FormName;
  /** How a command would name the database; null where the run was not stored. */
  database: string | null;
  all: boolean;
}

export async function printResult(result: RunResult, output: ReportOutput, options: PrintOptions): Promise<void> {
  const form = await loadForm(options.format);
  const pen = penFor(output.terminal, process.env);
  await output.write(form(result, { pen, database: options.database, all: options.all }));
}
