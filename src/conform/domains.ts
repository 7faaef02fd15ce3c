/** Names by who may register them. */
import { psl } from "../model/lazy.ts";

/** Whether two names belong to one registrable domain; where the public suffix list has none, whether they are equal. */
export function sameDomain(a: string, b: string): boolean {
  if (a === b) return true;
  const domain = registrable(a);
  return domain !== null && domain === registrable(b);
}

/** Whether a name stands below a suffix of the public suffix list: `portal.lan` and `wpad` do not. */
export function isListed(name: string): boolean {
  const parsed = psl().parse(name);
  return "domain" in parsed && parsed.listed && parsed.domain !== null;
}

function registrable(name: string): string | null {
  const parsed = psl().parse(name);
  return "domain" in parsed ? parsed.domain : null;
}
