/** `wirepact explain DB[@RUN] ID`: the whole story of one conversation or one rule. */
import { explain as explainPage } from "../report/explain.ts";
import { penFor } from "../report/pen.ts";
import { withRun } from "./database.ts";
import { reportOutput } from "./output.ts";

export async function explain(database: string, id: string, options: { all?: boolean }): Promise<number> {
  const output = await reportOutput(undefined);
  const pen = penFor(output.terminal, process.env);
  const page = await withRun(database, async (result) =>
    explainPage(result, id, { pen, database, all: options.all ?? false }),
  );
  await output.write([page]);
  return 0;
}
