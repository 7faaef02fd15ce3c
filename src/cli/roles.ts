/** `wirepact roles CAPTURE… --model NAME|FILE …`: who plays which role, as a site file to edit. */
import type { RunOptions } from "../pipeline.ts";
import { captureArguments, filterAsked, jobsAsked, refuseOverwrite } from "./captures.ts";
import { type JudgingOptions, judgingOf } from "./judging.ts";
import { reportOutput } from "./output.ts";

export interface RolesOptions extends Omit<JudgingOptions, "background"> {
  realm: string[];
  filter?: string;
  jobs?: string;
  out?: string;
}

const EXIT_UNREAD = 3;

/** Exit code 0 whatever it found; 3 where a capture could not be read to its end. */
export async function roles(captures: string[], options: RolesOptions): Promise<number> {
  const list = await captureArguments(captures, options.realm);
  const { models, site, bindings } = await judgingOf({ ...options, background: false });
  const sources = [...models.map((model) => model.source), ...(site?.source ? [site.source] : [])];
  refuseOverwrite("--out", options.out, [...list.map(({ path }) => path), ...sources]);
  const output = await reportOutput(options.out);
  const reading: Pick<RunOptions, "captures" | "jobs" | "filter" | "site"> = {
    captures: list,
    site,
    ...jobsAsked(options.jobs),
    ...(await filterAsked(options.filter)),
  };
  const { observeAll } = await import("../pipeline.ts");
  const { whoIsWho } = await import("../conform/conform.ts");
  const { inferredBindings } = await import("../conform/infer.ts");
  const { siteDraft } = await import("../report/site-draft.ts");
  const { seen } = await observeAll(reading);
  const { found, given } = whoIsWho(seen, { models, background: null, bound: bindings, site });
  const text = siteDraft({
    captures: list.map(({ path }) => path),
    models: models.map((model) => ({ model, word: model.source === "shipped" ? model.name : model.source })),
    bound: bindings,
    found: found(),
    used: inferredBindings(found(), given).used,
    pathOf: (capture) => seen.captures[capture]?.path ?? "",
  });
  await output.write([text]);
  return seen.captures.some(({ damage }) => damage !== null) ? EXIT_UNREAD : 0;
}
