/** `wirepact report DB[@RUN]`: a stored run, printed again in any form. Exit code 0 whatever it found. */
import { UsageError } from "../errors.ts";
import type { FormName } from "../report/forms.ts";
import { penFor } from "../report/pen.ts";
import { profileReport } from "../report/profile-forms.ts";
import { findDatabase } from "../store/select.ts";
import { refuseOverwrite } from "./captures.ts";
import { withRun } from "./database.ts";
import { reportOutput } from "./output.ts";
import { printResult } from "./print.ts";

export interface ReportOptions {
  format: FormName;
  out?: string;
  all?: boolean;
  /** A role, as ROLE or MODEL/ROLE: its proof page instead of the whole report. */
  profile?: string;
}

export async function report(database: string, options: ReportOptions): Promise<number> {
  refuseOverwrite("--out", options.out, [findDatabase(database)?.path ?? database]);
  const output = await reportOutput(options.out);
  const { profile } = options;
  if (profile !== undefined) {
    if (options.format !== "text" && options.format !== "json" && options.format !== "html")
      throw new UsageError(`--profile is printed as text, json or html; ${options.format} is for whole runs`);
    const pen = penFor(output.terminal, process.env);
    await withRun(database, (result) => output.write(profileReport(result, profile, options.format, pen)));
    return 0;
  }
  const how = { format: options.format, database, all: options.all ?? false };
  await withRun(database, (result) => printResult(result, output, how));
  return 0;
}
