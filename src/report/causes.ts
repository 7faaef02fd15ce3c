/** Several findings with one cause are one, with everything that it is made of beneath it. */
import { parseAddress } from "../address.ts";
import { psl } from "../model/lazy.ts";
import type { ConversationRow } from "./result.ts";
import type { ConversationGroup } from "./summary.ts";
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
  | { kind: "addresses" };

/** Fewer destinations than this stay findings of their own, where nothing but the service joins them. */
const MANY = 4;

/** In the order of the first of each. */
export function groupByCause(groups: readonly ConversationGroup[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const group of groups) {
    const cause = causeOf(group.first);
    const key = cause === null ? `${findings.size}` : keyOf(cause, group.first);
    const known = findings.get(key);
    if (known === undefined) findings.set(key, { cause, groups: [group] });
    else known.groups.push(group);
  }
  return [...findings.values()].flatMap((finding) => (isOne(finding) ? [finding] : finding.groups.map(alone)));
}

const alone = (group: ConversationGroup): Finding => ({ cause: null, groups: [group] });

function isOne({ cause, groups }: Finding): boolean {
  if (cause === null) return true;
  if (groups.length < (cause.kind === "setting" ? 2 : MANY)) return false;
  return cause.kind !== "domain" || isSomebodys(cause.domain);
}

/** Names right under a public suffix have nothing to do with each other. */
function isSomebodys(domain: string): boolean {
  const parsed = psl().parse(domain.slice(2));
  return !("error" in parsed) && parsed.domain !== null;
}

function causeOf(c: ConversationRow): Cause | null {
  const nearest = c.evidence?.nearest ?? null;
  if (c.reason_code === "condition-off") return nearest === null ? null : { kind: "setting", says: nearest.says };
  if (c.reason_code !== "no-rule") return null;
  const name = c.server_name ?? c.peer_name;
  if (name === null || parseAddress(name) !== null) return { kind: "addresses" };
  const labels = name.split(".");
  return labels.length < 3 ? null : { kind: "domain", domain: `*.${labels.slice(1).join(".")}` };
}

/** A setting explains whatever it is spoken of; the other causes are of one service and one nearest rule. */
function keyOf(cause: Cause, c: ConversationRow): string {
  if (cause.kind === "setting") return `setting ${cause.says}`;
  const nearest = c.evidence?.nearest ?? null;
  // What may hold any text comes last.
  const over = `${c.transport} ${c.port} ${c.app} ${c.inner_app} ${nearest?.model} ${nearest?.rule_id} ${nearest?.clause}`;
  return `${cause.kind} ${over} ${c.realm} ${cause.kind === "domain" ? cause.domain : ""}`;
}

/** `47 conversations with 12 hosts under *.example.com over tcp/443 tls`. */
export function extentOf(cause: Cause, groups: readonly ConversationGroup[]): string {
  const count = groups.reduce((sum, { all }) => sum + all.length, 0);
  const conversations = plural(count, "conversation");
  if (cause.kind === "setting") return conversations;
  const where = cause.kind === "domain" ? `names under ${cause.domain}` : "addresses that nobody named";
  return `${conversations} with ${number(groups.length)} ${where}, over ${service(groups[0]!.first)}`;
}

/** What a setting would have to be: `region is us`. */
export function wantedSetting(says: string): string {
  return says.replace(/^documented only where /, "");
}
