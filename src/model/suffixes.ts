/** Whose names a wildcard would take in. */
import { psl } from "./lazy.ts";
import { SHARED_HOSTING } from "./shared-hosting.ts";
import type { HostPattern } from "./types.ts";

export interface WildcardSuffix {
  suffix: string;
  /** `public`: whoever has a name under a registry's; `shared`: customers of one provider; `own`: somebody's own domain. */
  kind: "public" | "shared" | "own";
}

/** What stands behind a pattern's last wildcard; null where it has none. */
export function wildcardSuffix({ labels }: HostPattern): WildcardSuffix | null {
  const wild = labels.findLastIndex((label) => label.startsWith("*"));
  if (wild < 0) return null;
  const suffix = labels.slice(wild + 1).join(".");
  return { suffix, kind: suffixKind(suffix) };
}

/**
 * The list does not say which of its suffixes belong to registries and which to hosting providers: registries' are one
 * label, or a short or generic one under a country (`co.uk`).
 */
function suffixKind(suffix: string): WildcardSuffix["kind"] {
  if (SHARED_HOSTING.includes(suffix)) return "shared";
  const parsed = psl().parse(suffix);
  if ("error" in parsed || parsed.domain !== null || !parsed.listed) return "own";
  const [first = "", ...others] = suffix.split(".");
  return others.length === 0 || (others.length === 1 && first.length <= 3) ? "public" : "shared";
}
