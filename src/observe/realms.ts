/** The realms of captures: each capture's own, and those of its parts that the site says are networks of their own. */
import type { CaptureInfo } from "../capture/frame.ts";
import { RealmTags } from "../dissect/realm-tags.ts";

export interface Realms {
  /** Each once; its index is its number in flows' keys. */
  realms: string[];
  /** By capture: the realm of frames without a tag. */
  untagged: number[];
  /** By capture: what names other realms in it. Empty where no capture has any. */
  realmTags: (RealmTags | null)[];
}

export function realmsOf(captures: readonly Pick<CaptureInfo, "realm" | "parts">[]): Realms {
  const realms = [...new Set(captures.flatMap(realmNames))];
  const indexOf = (name: string): number => realms.indexOf(name);
  const untagged = captures.map(({ realm, parts = [] }) =>
    indexOf(parts.find((part) => part.untagged)?.realm ?? realm),
  );
  const tags = captures.map(({ realm, parts = [] }) =>
    parts.length === 0 ? null : new RealmTags(parts, indexOf, indexOf(realm)),
  );
  return { realms, untagged, realmTags: tags.every((one) => one === null) ? [] : tags };
}

/** All realms that packets of a capture may be in. */
export function realmNames({ realm, parts = [] }: Pick<CaptureInfo, "realm" | "parts">): string[] {
  return [realm, ...parts.map((part) => part.realm)];
}
