/**
 * One end-to-end case: a folder under fixtures/cases with a capture, the command, what must come of it, and a README.
 * How an expectation is read and compared; what each field means stands in fixtures/README.md.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  CaptureRow,
  ConversationRow,
  LookupRow,
  NearestMiss,
  Quality,
  RuleRow,
  RunInfo,
} from "../../src/report/result.ts";

/** What `--format json` prints. */
export interface Printed {
  run: RunInfo;
  captures: CaptureRow[];
  conversations: ConversationRow[];
  rules: RuleRow[];
  lookups: LookupRow[];
  quality: Quality;
}

/** A conversation as expected: the key's fields that are given must be equal, and exactly one conversation has them. */
export interface ExpectedConversation {
  realm?: string;
  initiator: string;
  responder: string;
  transport: string;
  port?: number | null;
  app?: string | null;
  server_name?: string | null;
  verdict: string;
  rule?: string | null;
  outcome?: string;
  nearest?: { rule?: string; clause?: string };
  waived?: boolean;
  /** Kinds of the tunnel that it is, or `none`. */
  tunnel?: string;
}
export interface ExpectedLookup {
  realm?: string;
  client: string;
  name: string;
  type: string;
  result: string;
  verdict: string;
}
export interface Expected {
  exit: number;
  /** Every conversation but the ignored and unrelated ones; of those, some. */
  conversations: ExpectedConversation[];
  /** Model to rule to status. `*` stands for every rule that is not named: nothing may be found out about any of them. */
  rules: Record<string, Record<string, string>>;
  lookups?: ExpectedLookup[];
  /** Parts of sentences, each in some warning of the run. */
  warnings?: string[];
  captures?: { cut: boolean; damaged: boolean }[];
  /** Measures with their values, `none` where there is no such: `offload_senders 10.0.0.5`. */
  quality?: string[];
  /** Parts of what the text report says, and what it must not say; white space counts as one space. */
  says?: string[];
  unsaid?: string[];
}

export interface Case {
  name: string;
  folder: string;
  args: string[];
  expected: Expected;
}

const ROOT = "fixtures/cases";
/** What `*` has to say in an expectation: statuses of rules that the capture says nothing about. */
const QUIET = ["unused", "not-evaluable"];
const THE_REST = QUIET.join(" or ");
const KEY = ["realm", "initiator", "responder", "transport", "port", "app", "server_name"] as const;

export function readCases(): Case[] {
  const folders = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => {
    const folder = join(ROOT, name);
    const args = readFileSync(join(folder, "command"), "utf8").trim().split(/\s+/);
    const expected = JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")) as Expected;
    return { name, folder, args, expected };
  });
}

/** Paths of the captures that a case judges. */
export function capturesOf({ folder, args }: Case): string[] {
  return args.filter((word) => /\.pcap(?:ng)?(?:\.|$)/.test(word)).map((word) => join(folder, word));
}

/** What a run shows, put in the shape of the expectation; what the expectation leaves open stays out. */
export function inShapeOf(expected: Expected, printed: Printed, exit: number, text: string): Expected {
  const open = new Set(printed.conversations);
  const conversations: ExpectedConversation[] = [];
  for (const wanted of expected.conversations) {
    const found = printed.conversations.filter((row) => isKey(wanted, row));
    for (const row of found) {
      open.delete(row);
      conversations.push(conversationLike(wanted, row));
    }
  }
  for (const row of open) {
    if (row.verdict === "ignored" || row.verdict === "unrelated") continue;
    const { initiator, responder, transport, port, app, server_name } = row;
    const bare = { initiator, responder, transport, port, app, server_name, verdict: "" };
    conversations.push(conversationLike({ ...bare, rule: null }, row));
  }
  const shown: Expected = { exit, conversations, rules: {} };
  for (const [model, wanted] of Object.entries(expected.rules)) {
    const folded = (rule: RuleRow) => "*" in wanted && !(rule.rule_id in wanted) && QUIET.includes(rule.status);
    const rows = printed.rules.filter((rule) => rule.model === model && !folded(rule));
    const found = Object.fromEntries(rows.map((rule) => [rule.rule_id, String(rule.status)]));
    shown.rules[model] = "*" in wanted ? { ...found, "*": THE_REST } : found;
  }
  if (expected.lookups) shown.lookups = expected.lookups.flatMap((wanted) => lookupsLike(wanted, printed.lookups));
  if (expected.warnings)
    shown.warnings = expected.warnings.filter((part) => printed.run.warnings.some((warning) => warning.includes(part)));
  if (expected.captures)
    shown.captures = printed.captures.map(({ cut, damage }) => ({ cut, damaged: damage !== null }));
  if (expected.quality)
    shown.quality = expected.quality.map((text) => {
      const measure = text.slice(0, text.indexOf(" "));
      return `${measure} ${printed.quality[measure] ?? "none"}`;
    });
  const report = text.replaceAll(/\s+/g, " ");
  if (expected.says) shown.says = expected.says.filter((part) => report.includes(part));
  if (expected.unsaid) shown.unsaid = expected.unsaid.filter((part) => !report.includes(part));
  return shown;
}

/** Where the two disagree, a line each: `- ` expected and not found, `+ ` found and not expected. */
export function differences(expected: Expected, shown: Expected): string[] {
  const wanted = linesOf(expected);
  const found = linesOf(shown);
  const gone = wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`);
  const more = found
    .filter((line, i) => !wanted.includes(line) || found.indexOf(line) !== i)
    .map((line) => `+ ${line}`);
  return [...gone, ...more].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
}

function linesOf(expected: Expected): string[] {
  const { exit, conversations, rules, ...rest } = expected;
  const sorted = (value: object): string => JSON.stringify(value, Object.keys(value).concat("rule", "clause").sort());
  return [
    `exit ${exit}`,
    ...conversations.map((c) => `conversation ${sorted(c)}`),
    ...Object.entries(rules).flatMap(([model, all]) => Object.entries(all).map((rule) => [model, ...rule].join(" "))),
    ...Object.entries(rest).flatMap(([what, all]) => (all ?? []).map((one) => `${what} ${JSON.stringify(one)}`)),
  ];
}

export function refresh(one: Case, shown: Expected): void {
  writeFileSync(join(one.folder, "expect.json"), `${JSON.stringify(shown, null, 2)}\n`);
}

function isKey(wanted: ExpectedConversation, row: ConversationRow): boolean {
  return KEY.every((field) => wanted[field] === undefined || wanted[field] === row[field]);
}

function conversationLike(wanted: ExpectedConversation, row: ConversationRow): ExpectedConversation {
  const shown: ExpectedConversation = { ...wanted, verdict: String(row.verdict) };
  if (wanted.rule !== undefined) shown.rule = row.rule_id;
  if (wanted.outcome !== undefined) shown.outcome = row.outcome;
  if (wanted.waived !== undefined) shown.waived = row.waived !== null;
  if (wanted.tunnel !== undefined) shown.tunnel = row.fields.tunnel?.join() ?? "none";
  if (wanted.nearest) shown.nearest = nearestLike(wanted.nearest, row.evidence?.nearest ?? null);
  return shown;
}

function nearestLike(wanted: { rule?: string; clause?: string }, miss: NearestMiss | null): Record<string, string> {
  const shown: Record<string, string> = {};
  if (wanted.rule !== undefined) shown.rule = miss?.rule_id ?? "none";
  if (wanted.clause !== undefined) shown.clause = miss?.clause ?? "none";
  return shown;
}

function lookupsLike(wanted: ExpectedLookup, rows: LookupRow[]): ExpectedLookup[] {
  const asked = rows.filter((r) => wanted.realm === undefined || r.realm === wanted.realm);
  const same = asked.filter((r) => r.client === wanted.client && r.name === wanted.name && r.type === wanted.type);
  return same.map((row) => ({ ...wanted, result: row.result, verdict: String(row.verdict) }));
}
