/** `wirepact assets DB[@RUN]`: the devices that a stored run has heard of. Exit code 0 whatever it found. */
import { type AssetForm, assetReport } from "../report/assets.ts";
import { penFor } from "../report/pen.ts";
import { findDatabase } from "../store/select.ts";
import { refuseOverwrite } from "./captures.ts";
import { withRun } from "./database.ts";
import { reportOutput } from "./output.ts";

export async function assets(database: string, options: { format: AssetForm; out?: string }): Promise<number> {
  refuseOverwrite("--out", options.out, [findDatabase(database)?.path ?? database]);
  const output = await reportOutput(options.out);
  const pen = penFor(output.terminal, process.env);
  await withRun(database, (result) => output.write(assetReport(result, options.format, pen)));
  return 0;
}
