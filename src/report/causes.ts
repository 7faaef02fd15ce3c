/** Several findings with one cause are one, with everything that it is made of beneath it. */
import { parseAddress } from "../address.ts";
import { psl } from "../model/lazy.ts";
import type { ConversationGroup } from "./groups.ts";
import type { ConversationRow } from "./result.ts";
import { number, plural, service } from "./words.ts";

export interface Finding {
  /** What they have in common; null for one that stands by itself. */
  cause: Cause | null;
  /** In the order in which they were given. */
  groups: ConversationGroup[];
}

export type Cause =
  /** `says`, as the nearest miss has it: `documented only where region is us`. */
  | { kind: "setting"; says: string }
  /** Names of one domain, asked for over the same service: `*.example.com`. */
  | { kind: "domain"; domain: string }
  /** Hosts that nobody named, spoken to over the same service. */
  | { kind: "addresses" }
  /** Ports of one host that another one tried, and none of which came up: a scan, or a service that looks for one. */
  | { kind: "ports" }
  /** Why none of them could be proved, where it is the same for all. */
  | { kind: "reason"; says: string };

/** Fewer destinations than this stay findings of their own, where nothing but the service joins them. */
const MANY = 4;
/** And fewer ports of one host than this: a client that falls back tries a few. */
const MANY_PORTS = 8;

/** In the order of the first of each. */
export function groupByCause(groups: readonly ConversationGroup[]): Finding[] {
  const findings = new Map<string, Finding>();
  const tried = new Map<string, number>();
  // A group's first row may be made anew each time that it is asked for.
  const asked = groups.map((group) => {
    const { first } = group;
    const ends = triedPort(first);
    if (ends !== null) tried.set(ends, (tried.get(ends) ?? 0) + 1);
    const cause = causeOf(first);
    return { group, ends, cause, key: cause === null ? null : keyOf(cause, first) };
  });
  for (const { group, ends, ...own } of asked) {
    const isScan = ends !== null && (tried.get(ends) ?? 0) >= MANY_PORTS;
    const cause: Cause | null = isScan ? { kind: "ports" } : own.cause;
    const key = isScan ? `ports ${ends}` : (own.key ?? `${findings.size}`);
    const known = findings.get(key);
    if (known === undefined) findings.set(key, { cause, groups: [group] });
    else known.groups.push(group);
  }
  return [...findings.values()].flatMap((finding) => (isOne(finding) ? [finding] : finding.groups.map(alone)));
}

const alone = (group: ConversationGroup): Finding => ({ cause: null, groups: [group] });

const CAME_UP = new Set(["established", "answered", "one-way"]);

/** Who tried a port of whom, where nothing came of it and nothing else is known of it; null for all else. */
function triedPort(c: ConversationRow): string | null {
  if (c.reason_code !== "no-rule" || c.port === null || c.app !== null || CAME_UP.has(c.outcome)) return null;
  return `${c.realm} ${c.initiator} ${c.responder} ${c.transport}`;
}

function isOne({ cause, groups }: Finding): boolean {
  if (cause === null) return true;
  if (cause.kind !== "ports" && groups.length < (cause.kind === "setting" ? 2 : MANY)) return false;
  return cause.kind !== "domain" || isSomebodys(cause.domain);
}

/** Names right under a public suffix have nothing to do with each other. */
function isSomebodys(domain: string): boolean {
  const parsed = psl().parse(domain.slice(2));
  return !("error" in parsed) && parsed.domain !== null;
}

function causeOf(c: ConversationRow): Cause | null {
  if (c.verdict === "inconclusive") return c.reason === null ? null : { kind: "reason", says: withoutOwn(c.reason, c) };
  const nearest = c.evidence?.nearest ?? null;
  if (c.reason_code === "condition-off") return nearest === null ? null : { kind: "setting", says: nearest.says };
  if (c.reason_code !== "no-rule") return null;
  const name = c.server_name ?? c.peer_name;
  if (name === null || parseAddress(name) !== null) return { kind: "addresses" };
  const labels = name.split(".");
  return labels.length < 3 ? null : { kind: "domain", domain: `*.${labels.slice(1).join(".")}` };
}

/** What a reason says without the far end's own name and address, which stand in each conversation's line: `its address could be …`. */
function withoutOwn(reason: string, { server_name, peer_name, responder }: ConversationRow): string {
  const word = (one: string): string => {
    if (one === responder) return "its address";
    return one !== "" && (one === server_name || one === peer_name) ? "its name" : one;
  };
  return reason.split(BETWEEN_WORDS).map(word).join("");
}

/** A colon within a word is an IPv6 address's. */
const BETWEEN_WORDS = /(\s|[;,()]|:(?=\s))/;

/** A setting or a reason explains whatever it is said of; the other causes are of one service and one nearest rule. */
function keyOf(cause: Cause, c: ConversationRow): string {
  if (cause.kind === "setting" || cause.kind === "reason") return `${cause.kind} ${cause.says}`;
  const nearest = c.evidence?.nearest ?? null;
  // What may hold any text comes last.
  const over = `${c.transport} ${c.port} ${c.app} ${c.inner_app} ${nearest?.model} ${nearest?.rule_id} ${nearest?.clause}`;
  return `${cause.kind} ${over} ${c.realm} ${cause.kind === "domain" ? cause.domain : ""}`;
}

/** `47 conversations with 12 hosts under *.example.com over tcp/443 tls`. */
export function extentOf(cause: Cause, groups: readonly ConversationGroup[]): string {
  const count = groups.reduce((sum, { count }) => sum + count, 0);
  const conversations = plural(count, "conversation");
  if (cause.kind === "setting" || cause.kind === "reason") return conversations;
  if (cause.kind === "ports") {
    const { initiator, responder, transport } = groups[0]!.first;
    const ports = number(new Set(groups.map(({ first }) => first.port)).size);
    return `${conversations} of ${initiator} with ${ports} ports of ${responder} over ${transport}, none of which came up`;
  }
  const where = cause.kind === "domain" ? `names under ${cause.domain}` : "addresses that nobody named";
  return `${conversations} with ${number(groups.length)} ${where}, over ${service(groups[0]!.first)}`;
}

/** What a setting would have to be: `region is us`. */
export function wantedSetting(says: string): string {
  return says.replace(/^documented only where /, "");
}
