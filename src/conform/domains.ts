/** Names by who may register them. */
import { psl } from "../model/lazy.ts";

/** Whether two names belong to one registrable domain; where the public suffix list has none, whether they are equal. */
export function sameDomain(a: string, b: string): boolean {
  if (a === b) return true;
  const domain = registrable(a);
  return domain !== null && domain === registrable(b);
}

function registrable(name: string): string | null {
  const parsed = psl().parse(name);
  return "domain" in parsed ? parsed.domain : null;
}
