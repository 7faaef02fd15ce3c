/**
 * Packages that only some runs need, loaded when first used: `yaml` for the user's own files (shipped models are JSON),
 * `ip-num` for prefixes, `psl` for lint. Together they cost about 150 ms at start on Node 20. All three are CommonJS, so
 * `require` keeps their callers synchronous.
 */
import { createRequire } from "node:module";
import { once } from "../once.ts";

const require = createRequire(import.meta.url);

// `require` looks a package up anew at each call, which costs more than most callers do.
export const yaml = once(() => require("yaml") as typeof import("yaml"));

export const ipNum = once(() => require("ip-num") as typeof import("ip-num"));

/** The part of `psl` that is used; its own type file cannot be found through its `exports`. */
interface Psl {
  parse(name: string): { tld: string | null; domain: string | null; listed: boolean } | { error: unknown };
}

export const psl = once(() => require("psl") as Psl);
