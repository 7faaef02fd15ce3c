/** `wirepact diff A B`: what is different between two runs. Exit code 1 with differences. */
import { CaptureError, UsageError } from "../errors.ts";
import { diffOf } from "../report/diff.ts";
import { diffReport } from "../report/diff-forms.ts";
import { penFor } from "../report/pen.ts";
import type { RunResult } from "../report/result.ts";
import type { DiffForm } from "../report/suite-words.ts";
import { findDatabase } from "../store/select.ts";
import { refuseOverwrite } from "./captures.ts";
import { judgedHow } from "./check.ts";
import { withRun } from "./database.ts";
import { type JudgingOptions, judgingOf } from "./judging.ts";
import { reportOutput } from "./output.ts";

export interface DiffOptions extends JudgingOptions {
  format: DiffForm;
  out?: string;
  names?: string;
  strict?: boolean;
  scope: "judged" | "all";
  infer: boolean;
  minSpan: string;
  asOf?: string;
}

/** Two stored runs are compared as they are; where a model or site is given, both sides are judged by it, anew. */
export async function diff(before: string, after: string, options: DiffOptions): Promise<number> {
  const named = namesOf(before, after, options.names);
  const how = judgedHow(options);
  const judged = options.model.length > 0 || options.site !== undefined;
  if (!judged && options.bind.length + options.set.length > 0)
    throw new UsageError("--bind and --set say how to judge, and no model is given; say --model or --site too");
  const sides = [before, after].map((path) => ({ path, stored: findDatabase(path) }));
  refuseOverwrite(
    "--out",
    options.out,
    sides.map(({ path, stored }) => stored?.path ?? path),
  );
  const output = await reportOutput(options.out);
  const { run } = await import("../pipeline.ts");
  const { unjudged } = await import("../judging.ts");
  const task = judged ? { ...(await judgingOf(options)), ...how } : unjudged();
  /** `use` runs while a database is open: conversations that nobody judged are read as they are used. */
  const withSide = async (side: (typeof sides)[number], use: (result: RunResult) => Promise<void>): Promise<void> => {
    if (side.stored !== null && !judged) return withRun(side.path, use);
    const { result } = await run({ ...task, captures: [{ path: side.path }], command: "wirepact diff" });
    const damage = result.captures.find((capture) => capture.damage !== null);
    if (damage !== undefined)
      throw new CaptureError(`${damage.path}: ${damage.damage}; what is missing cannot be told from what is gone`);
    return use(result);
  };
  const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
  let found = 0;
  await withSide(a, (first) =>
    withSide(b, async (second) => {
      if ((first.run.models.length === 0) !== (second.run.models.length === 0))
        throw new UsageError(
          "one of the two was judged and the other was not; say --model or --site to judge both alike",
        );
      const all = diffOf(first, second);
      found = all.differences.length;
      await output.write(diffReport(all, named, options.format, penFor(output.terminal, process.env)));
    }),
  );
  return found === 0 ? 0 : 1;
}

/** What the two are called: `--names 4.1,4.2`, else their files, with as much of their folders as tells them apart. */
function namesOf(before: string, after: string, names: string | undefined): { before: string; after: string } {
  if (names !== undefined) {
    const [first, second, ...more] = names.split(",");
    if (!first || !second || more.length > 0)
      throw new UsageError(`--names ${names}: expected two, such as --names 4.1,4.2`);
    return { before: first, after: second };
  }
  const parts = [before, after].map((path) => path.split(/[\\/]/));
  for (let count = 1; count <= Math.max(...parts.map((part) => part.length)); count++) {
    const [first = "", second = ""] = parts.map((part) => part.slice(-count).join("/"));
    if (first !== second) return { before: first, after: second };
  }
  return { before, after };
}
