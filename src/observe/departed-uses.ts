/**
 * What conversations that have left a live run's memory for its database still count for in the statuses of rules: how many
 * documented a rule, broke it, or tried it in vain, for which host, and how that ended. What else a status looks at, those that
 * stay say as well (`live/standing.ts`).
 */

/** One conversation's part in a rule's status, for one host. */
export interface DepartedUse {
  rule: string;
  host: string;
  how: "documented" | "violated" | "attempted";
  /** How many of its flows. */
  count: number;
  /** Whether it is the first of a conversation for that rule. */
  first: boolean;
  /** Of attempts: how they ended, how often it was tried, and from when to when. */
  tried?: { ended: string; tries: number; firstSec: number; lastSec: number };
}

/** Of all of them, for one rule and one host. */
export interface UseSums {
  conversations: number;
  documented: number;
  violated: number;
  attempted: number;
  tries: number;
  firstSec: number;
  lastSec: number;
  /** How many attempts ended so. */
  ended: Map<string, number>;
}

/** By rule and by host. */
export type DepartedUses = Map<string, Map<string, UseSums>>;

export const ruleKey = (model: string, rule: string): string => `${model}/${rule}`;
export const hostKey = (realm: string | null, host: string): string => `${realm ?? ""}|${host}`;

/** How many ways of ending are told apart of one rule and host; what a far end says may be new each time. */
const MOST_ENDINGS = 64;
const OTHERWISE = "otherwise";

export function noUses(): UseSums {
  const counts = { conversations: 0, documented: 0, violated: 0, attempted: 0, tries: 0 };
  return { ...counts, firstSec: Number.POSITIVE_INFINITY, lastSec: Number.NEGATIVE_INFINITY, ended: new Map() };
}

/** `by`: -1 where it is back. Times stay as far apart as they were, since what is back has its own. */
export function countUse(all: DepartedUses, { rule, host, how, count, first, tried }: DepartedUse, by: 1 | -1): void {
  let hosts = all.get(rule);
  if (hosts === undefined) {
    hosts = new Map();
    all.set(rule, hosts);
  }
  let sums = hosts.get(host);
  if (sums === undefined) {
    sums = noUses();
    hosts.set(host, sums);
  }
  if (first) sums.conversations += by;
  sums[how] += by * count;
  if (tried === undefined) return;
  sums.tries += by * tried.tries;
  sums.firstSec = Math.min(sums.firstSec, tried.firstSec);
  sums.lastSec = Math.max(sums.lastSec, tried.lastSec);
  const known = sums.ended.has(tried.ended) || sums.ended.size < MOST_ENDINGS;
  const ended = known ? tried.ended : OTHERWISE;
  sums.ended.set(ended, (sums.ended.get(ended) ?? 0) + by * count);
}

/** `host`: null for all of them. */
export function usesOf(all: DepartedUses | undefined, rule: string, host: string | null): UseSums {
  const hosts = all?.get(rule);
  if (hosts === undefined) return NO_USES;
  if (host !== null) return hosts.get(host) ?? NO_USES;
  const sum = noUses();
  for (const one of hosts.values()) {
    for (const name of ["conversations", "documented", "violated", "attempted", "tries"] as const)
      sum[name] += one[name];
    sum.firstSec = Math.min(sum.firstSec, one.firstSec);
    sum.lastSec = Math.max(sum.lastSec, one.lastSec);
    for (const [ended, count] of one.ended) sum.ended.set(ended, (sum.ended.get(ended) ?? 0) + count);
  }
  return sum;
}
export const NO_USES: Readonly<UseSums> = noUses();
