/** `wirepact report DB[@RUN]`: a stored run, printed again in any form. Exit code 0 whatever it found. */
import type { FormName } from "../report/forms.ts";
import { findDatabase } from "../store/select.ts";
import { refuseOverwrite } from "./captures.ts";
import { withRun } from "./database.ts";
import { reportOutput } from "./output.ts";
import { printResult } from "./print.ts";

export interface ReportOptions {
  format: FormName;
  out?: string;
  all?: boolean;
}

export async function report(database: string, options: ReportOptions): Promise<number> {
  await refuseOverwrite("--out", options.out, [(await findDatabase(database))?.path ?? database]);
  const output = await reportOutput(options.out);
  const how = { format: options.format, database, all: options.all ?? false };
  await withRun(database, (result) => printResult(result, output, how));
  return 0;
}
