/** Names by who may register them. */
import { psl } from "../model/lazy.ts";
import { shippedDomains } from "../model/shipped.ts";
import { once } from "../once.ts";

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

/** Null where the name is itself a public suffix, or no name. */
export function registrable(name: string): string | null {
  const known = ofShipped().get(name);
  if (known !== undefined) return known;
  const parsed = psl().parse(name);
  return "domain" in parsed ? parsed.domain : null;
}

/** Which names of a model are one vendor's is asked in most runs: of those that come with Wirepact it is known, without the list. */
const ofShipped = once(() => new Map(Object.entries(shippedDomains())));
