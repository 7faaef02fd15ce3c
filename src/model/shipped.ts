/** The models that come with Wirepact, compiled at build time (`scripts/compile-models.mjs`) to JSON beside this code. */
import { readFileSync } from "node:fs";
import type { Model } from "./types.ts";

/** `dist/rules`, seen from `dist/src/model`. */
const FOLDER = new URL("../../rules/", import.meta.url);

export interface ShippedModel {
  name: string;
  /** Publisher, product and title of the document. */
  title: string;
}

/** All of them, sorted by name. Throws where the build is incomplete: then nothing can be judged. */
export function shippedModels(): ShippedModel[] {
  return JSON.parse(readFileSync(new URL("index.json", FOLDER), "utf8")) as ShippedModel[];
}

/** Null where none is called so; `nearest` in `words.ts` finds what was meant. */
export function loadShipped(name: string): Model | null {
  if (!shippedModels().some((model) => model.name === name)) return null;
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as Model;
}

/** Names in their rules, and the registrable domain of each by the public suffix list; null where it has none. */
export function shippedDomains(): Record<string, string | null> {
  return JSON.parse(readFileSync(new URL("domains.json", FOLDER), "utf8")) as Record<string, string | null>;
}
