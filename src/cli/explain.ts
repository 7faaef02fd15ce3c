/** `wirepact explain DB[@RUN] ID`: the whole story of one conversation or one rule. */
import { explain as explainPage, find } from "../report/explain.ts";
import { penFor } from "../report/pen.ts";
import type { RunResult } from "../report/result.ts";
import { nearest } from "../words.ts";
import { withRun } from "./database.ts";
import { UsageError } from "./errors.ts";
import { reportOutput } from "./output.ts";

export async function explain(database: string, id: string, options: { all?: boolean }): Promise<number> {
  const output = await reportOutput(undefined);
  const pen = penFor(output.terminal, process.env);
  const page = await withRun(database, async (result) => {
    const found = find(result, id);
    if (found.kind === "none") throw new UsageError(`${id}: ${unknownId(result, id)}`);
    if (found.kind === "several") throw new UsageError(`${id}: several go by that; which one? ${found.ids.join(", ")}`);
    return explainPage(result, found, { pen, database, all: options.all ?? false });
  });
  await output.write([page]);
  return 0;
}

function unknownId(result: RunResult, id: string): string {
  const known = result.rules.flatMap((rule) => [rule.rule_id, `${rule.model}/${rule.rule_id}`]);
  const near = nearest(id, known);
  const meant = near === null ? "" : ` Did you mean ${near}?`;
  return `no conversation's id begins with it and no rule is called so.${meant} Ids are in the report: a conversation's (four hex digits or more), RULE or MODEL/RULE`;
}
