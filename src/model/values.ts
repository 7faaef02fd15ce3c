/** Small values that models, sites and command lines share: durations, dates, versions, identifiers. */

/** Told what is wrong with a value; `at` is the offset of the wrong part in the value's text. */
export type Fail = (message: string, at?: number) => void;

/** Models, roles, endpoints, parameters and rules are called by such words. */
export function isIdentifier(text: string): boolean {
  return text.length <= 80 && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/.test(text);
}
export const IDENTIFIER_RULE = "lower-case letters, digits, dots, dashes and underscores, at most 80";

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** `3 s`, `500 ms`, `5 min`, `24h`, `7d` in milliseconds; null for anything else, zero included. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined || !Object.hasOwn(UNIT_MS, unit)) return null;
  const ms = Number(amount) * UNIT_MS[unit]!;
  return ms > 0 ? ms : null;
}

/** Whether it is a day of the calendar, `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** `3.5.0`: numbers with dots, and nothing else. */
export function isVersion(text: string): boolean {
  return /^[0-9]{1,9}(?:\.[0-9]{1,9}){0,7}$/.test(text);
}

/** Below zero where `a` is older. Part by part as numbers, missing parts as 0, so `3.10` is newer than `3.9`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A port as people write it: 1 to 65535, no sign, no leading zero. */
export function parsePort(text: string): number | null {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}
