/**
 * What was looked at and accepted in a case, with the reason:
 *
 *     wirepact-expect: 1
 *     accept:
 *       - { verdict: undocumented, from: 10.20.0.5, to: telemetry.example.com, over: tcp/443, app: tls, why: ticket 4711 }
 *       - { status: missing, rule: example-backup-agent/agent-time, why: the host keeps time }
 *
 * Every finding must be accepted, and everything accepted must be found: what is fixed is taken out, after a look.
 */
import { readFile } from "node:fs/promises";
import { ProblemsError, UsageError } from "../errors.ts";
import { Reader } from "../model/reader.ts";
import { readYaml } from "../model/yaml.ts";
import type { Finding } from "../report/findings.ts";
import { jsonText } from "../report/json.ts";
import type { RuleStatus, RunResult, Verdict } from "../report/result.ts";
import { unknownWord } from "../words.ts";

export interface Accepted {
  verdict?: Verdict;
  from?: string;
  to?: string;
  over?: string;
  app?: string;
  status?: RuleStatus;
  /** `RULE` or `MODEL/RULE`. */
  rule?: string;
  /** Empty: nobody has said why yet, and the case fails for that. */
  why: string;
  /** Of the file, 1-based; 0 where it is new. */
  line: number;
}

const KEYS = {
  file: ["wirepact-expect", "accept"],
  entry: ["verdict", "from", "to", "over", "app", "status", "rule", "why"],
} as const;
const VERDICTS = ["undocumented", "violation", "inconclusive"] as const satisfies Verdict[];
const STATUSES = ["violated", "blocked", "missing", "partial", "not-evaluable"] as const satisfies RuleStatus[];

/** No file: nothing is accepted. Rejects with every problem of the file, with line and column. */
export async function readExpectation(path: string): Promise<Accepted[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new UsageError(`${path}: the expectation cannot be read: ${error.message}`);
  });
  if (text === null) return [];
  const file = readYaml(text, path);
  const reader = new Reader(path, file);
  const top = file.root === null ? null : reader.fields(file.root, "expectation", KEYS.file);
  const version = reader.text(top?.get("wirepact-expect"), "wirepact-expect");
  if (top !== null && version?.text !== "1")
    reader.lacking(top.at, 'expectation: it must begin with "wirepact-expect: 1"');
  const accepted = reader.list(top?.get("accept")).flatMap((item): Accepted[] => {
    const fields = reader.fields(item, "accept", KEYS.entry);
    if (fields === null) return [];
    const word = (key: (typeof KEYS.entry)[number]): string | undefined => reader.text(fields.get(key), key)?.text;
    const verdict = reader.choice(fields.get("verdict"), "verdict", VERDICTS);
    const status = reader.choice(fields.get("status"), "status", STATUSES);
    if (fields.get("verdict") === undefined && fields.get("status") === undefined)
      reader.lacking(
        item,
        `accept: it needs a verdict (${VERDICTS.join(", ")}) or a rule's status (${STATUSES.join(", ")})`,
      );
    if (status !== null && fields.get("rule") === undefined) reader.lacking(item, "accept: a status needs its rule");
    if (verdict !== null && fields.get("to") === undefined)
      reader.lacking(item, "accept: a verdict needs the conversation that it is about: to, from, over, app");
    const why = fields.get("why");
    const entry: Accepted = { why: why?.kind === "text" ? why.text : "", line: item.line };
    if (verdict !== null) entry.verdict = verdict;
    if (status !== null) entry.status = status;
    for (const key of ["from", "to", "over", "app", "rule"] as const) {
      const value = word(key);
      if (value !== undefined) entry[key] = value;
    }
    return [entry];
  });
  const problems = reader.report();
  if (reader.failed) throw new ProblemsError(problems);
  return accepted;
}

/** Rules that an expectation names and no model has: a wrong word, not a difference. */
export function refuseUnknownRules(accepted: readonly Accepted[], result: RunResult, path: string): void {
  for (const { rule, line } of accepted) {
    if (
      rule === undefined ||
      result.rules.some((row) => row.rule_id === rule || `${row.model}/${row.rule_id}` === rule)
    )
      continue;
    const known = result.rules.map((row) => (rule.includes("/") ? `${row.model}/${row.rule_id}` : row.rule_id));
    throw new UsageError(`${path}:${line}: ${unknownWord("rule", rule, known)}`);
  }
}

export interface Comparison {
  /** Found, and nobody has accepted it. */
  unexpected: Finding[];
  /** Accepted, and found. */
  accepted: { finding: Finding; why: string }[];
  /** Accepted, and not found any more. */
  gone: Accepted[];
  /** Accepted without a reason. */
  unexplained: Accepted[];
}

export function compare(findings: readonly Finding[], accepted: readonly Accepted[]): Comparison {
  const used = new Set<Accepted>();
  const comparison: Comparison = { unexpected: [], accepted: [], gone: [], unexplained: [] };
  for (const finding of findings) {
    if (finding.waived !== null) continue;
    const entries = accepted.filter((entry) => covers(entry, finding));
    for (const entry of entries) used.add(entry);
    if (entries[0] === undefined) comparison.unexpected.push(finding);
    else comparison.accepted.push({ finding, why: entries[0].why });
  }
  comparison.gone = accepted.filter((entry) => !used.has(entry));
  comparison.unexplained = accepted.filter((entry) => used.has(entry) && entry.why.trim() === "");
  return comparison;
}

function covers(entry: Accepted, finding: Finding): boolean {
  if (
    entry.rule !== undefined &&
    entry.rule !== finding.rule_id &&
    entry.rule !== `${finding.model}/${finding.rule_id}`
  )
    return false;
  if (finding.kind === "rule") return entry.status === finding.row.status;
  if (entry.verdict !== finding.verdict) return false;
  const { from, to, over, app } = placeOf(finding);
  if (entry.from !== undefined && entry.from !== from) return false;
  if (entry.to !== undefined && !to.includes(entry.to)) return false;
  return (entry.over === undefined || entry.over === over) && (entry.app === undefined || entry.app === app);
}

/** Whom a conversation or a look-up is about; of a look-up, the name that was asked for. */
function placeOf(finding: Exclude<Finding, { kind: "rule" }>): {
  from: string;
  to: string[];
  over: string | null;
  app: string | null;
} {
  if (finding.kind === "lookup") return { from: finding.row.client, to: [finding.row.name], over: null, app: "dns" };
  const { initiator, responder, server_name, peer_name, transport, port, app } = finding.row;
  const to = [server_name, peer_name, responder].filter((name) => name !== null);
  return { from: initiator, to, over: port === null ? transport : `${transport}/${port}`, app };
}

/** The expectation that accepts exactly these findings: reasons that were given stay, new entries get `why`. */
export function acceptAll(findings: readonly Finding[], before: readonly Accepted[], why: string): Accepted[] {
  const kept = before.filter((entry) => findings.some((finding) => finding.waived === null && covers(entry, finding)));
  const explained = kept.map((entry) => (entry.why.trim() === "" ? { ...entry, why } : entry));
  const open = findings.filter((finding) => finding.waived === null && !kept.some((entry) => covers(entry, finding)));
  return [...explained, ...open.map((finding) => accept(finding, why))];
}

function accept(finding: Finding, why: string): Accepted {
  if (finding.kind === "rule")
    return { status: finding.row.status, rule: `${finding.row.model}/${finding.row.rule_id}`, why, line: 0 };
  const { from, to, over, app } = placeOf(finding);
  const entry: Accepted = { from, to: to[0] ?? "", why, line: 0 };
  const verdict = VERDICTS.find((word) => word === finding.verdict);
  if (verdict !== undefined) entry.verdict = verdict;
  if (over !== null) entry.over = over;
  if (app !== null) entry.app = app;
  return entry;
}

/** An expectation's file; JSON strings are YAML too (YAML 1.2, section 7.3.1), so nothing in them can end them. */
export function expectationText(accepted: readonly Accepted[]): string {
  const head =
    "# What was found in this capture, looked at and accepted. Anything else fails the case.\nwirepact-expect: 1\n";
  if (accepted.length === 0) return `${head}accept: []\n`;
  const entries = accepted.map((entry) => {
    const { line: _line, why, ...rest } = entry;
    return Object.entries({ ...rest, why })
      .map(([key, value], i) => `  ${i === 0 ? "-" : " "} ${key}: ${jsonText(value)}\n`)
      .join("");
  });
  return `${head}accept:\n${entries.join("")}`;
}

/** One entry in a line, for people. */
export function describeAccepted({ verdict, status, rule, from, to, over, app }: Accepted): string {
  if (status !== undefined) return `${rule ?? ""} ${status}`;
  return [verdict, from, from === undefined ? "" : "→", to, over, app].filter(Boolean).join(" ");
}
