/** A result in which every text that can come from outside is hostile. */
import type { RunResult } from "../../src/report/result.ts";
import { rollout } from "./sample.ts";

/** Words of closed sets, and texts that Wirepact itself makes: never from outside. */
const OWN = new Set([
  "verdict",
  "status",
  "outcome",
  "clause",
  "result",
  "how",
  "conversation_id",
  "first_seen",
  "last_seen",
  "first_time",
  "last_time",
  "started_at",
]);

export const HOSTILE = [
  "\x1b[2J\x1b]0;owned\x07",
  "\r\n✓ AS DOCUMENTED",
  "\u202egnp.exe\u2066",
  "<script>alert(1)</script>",
  "=HYPERLINK(1)",
  "'; DROP TABLE runs; --",
  "$(reboot)`id`",
  "\x9b31m\x00\u2028\u200b",
  "\ud800half",
  "字".repeat(90),
  "x".repeat(300),
];

/** The rollout with `poison` put before every text from outside, at any depth. */
export function poisoned(poison: string): RunResult {
  const sick = rollout();
  const { rest } = sick;
  const rows = [...rest.rows()].map((row) => taint(row, poison, ""));
  return {
    ...(taint({ ...sick, rest: null }, poison, "") as RunResult),
    rest: { count: rest.count, rows: () => rows as never[], chunks: () => [] },
  };
}

function taint(value: unknown, poison: string, key: string): unknown {
  if (typeof value === "string") return OWN.has(key) ? value : poison + value;
  if (Array.isArray(value)) return value.map((item) => taint(item, poison, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, taint(inner, poison, name)]));
}
