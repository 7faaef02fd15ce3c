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
export function wildcardSuffix(pattern: HostPattern): WildcardSuffix | null {
  const labels = behindWildcard(pattern);
  if (labels === null) return null;
  const suffix = labels.join(".");
  return { suffix, kind: suffixKind(suffix) };
}

/** True for a wildcard over a registry's suffix. The list is loaded only where the suffix is as short as theirs are. */
export function isOverPublicSuffix(pattern: HostPattern): boolean {
  const labels = behindWildcard(pattern);
  return labels !== null && isShort(labels) && suffixKind(labels.join(".")) === "public";
}

function behindWildcard({ labels }: HostPattern): string[] | null {
  const wild = labels.findLastIndex((label) => label.startsWith("*"));
  return wild < 0 ? null : labels.slice(wild + 1);
}

function isShort([first = "", ...others]: readonly string[]): boolean {
  return others.length === 0 || (others.length === 1 && first.length <= 3);
}

/**
 * The list does not say which of its suffixes belong to registries and which to hosting providers: registries' are one
 * label, or a short or generic one under a country (`co.uk`).
 */
function suffixKind(suffix: string): WildcardSuffix["kind"] {
  if (SHARED_HOSTING.includes(suffix)) return "shared";
  const parsed = psl().parse(suffix);
  if ("error" in parsed || parsed.domain !== null || !parsed.listed) return "own";
  return isShort(suffix.split(".")) ? "public" : "shared";
}
