/**
 * The whole story of one conversation or one rule on a page: what it is, what names it has and which frames say so,
 * which clauses were tried and which failed, where the document says it, what would change the verdict, and the commands
 * that show its packets.
 */

import { UsageError } from "../errors.ts";
import { nearest } from "../words.ts";
import { explainConversation } from "./explain/conversation.ts";
import { explainRule } from "./explain/rule.ts";
import type { ConversationRow, RuleRow, RunResult } from "./result.ts";
import type { TextOptions } from "./text.ts";

export type Found =
  | { kind: "conversation"; conversation: ConversationRow }
  | { kind: "rule"; rule: RuleRow }
  /** Several things go by that id; these are their full ids. */
  | { kind: "several"; ids: string[] }
  | { kind: "none" };

/** Ids listed where several match. */
const LISTED = 8;

/**
 * What an id means in a run: `MODEL/RULE`, a rule's id, or a conversation's id or the beginning of one (four hex digits
 * at least). A judged conversation goes before those that nobody judged, so that ids from a report always work.
 */
export function find(result: RunResult, id: string): Found {
  const rules = result.rules.filter((rule) => rule.rule_id === id || `${rule.model}/${rule.rule_id}` === id);
  if (rules.length === 1 && rules[0] !== undefined) return { kind: "rule", rule: rules[0] };
  if (rules.length > 1) return { kind: "several", ids: rules.map((rule) => `${rule.model}/${rule.rule_id}`) };
  const prefix = id.toLowerCase();
  if (!/^[0-9a-f]{4,16}$/.test(prefix)) return { kind: "none" };
  return one(result.judged, prefix) ?? one(result.rest.rows(), prefix) ?? { kind: "none" };
}

function one(conversations: Iterable<ConversationRow>, prefix: string): Found | null {
  const matches = new Map<string, ConversationRow>();
  for (const c of conversations) {
    if (c.conversation_id.startsWith(prefix)) matches.set(c.conversation_id, c);
    if (matches.size > LISTED) break;
  }
  const [first, second] = matches.values();
  if (first === undefined) return null;
  if (second !== undefined) return { kind: "several", ids: [...matches.keys()] };
  return { kind: "conversation", conversation: first };
}

/**
 * The page for an id, as `find` understands it. Throws UsageError where nothing goes by it (with the nearest rule's id)
 * or several things do (with theirs).
 */
export function explain(result: RunResult, id: string, options: TextOptions): string {
  const found = find(result, id);
  if (found.kind === "none") throw new UsageError(`${id}: ${unknownId(result, id)}`);
  if (found.kind === "several") throw new UsageError(`${id}: several go by that; which one? ${found.ids.join(", ")}`);
  return found.kind === "conversation"
    ? explainConversation(result, found.conversation, options)
    : explainRule(result, found.rule, options);
}

function unknownId(result: RunResult, id: string): string {
  const known = result.rules.flatMap((rule) => [rule.rule_id, `${rule.model}/${rule.rule_id}`]);
  const near = nearest(id, known);
  const meant = near === null ? "" : ` Did you mean ${near}?`;
  return `no conversation's id begins with it and no rule is called so.${meant} Ids are in the report: a conversation's (four hex digits or more), RULE or MODEL/RULE`;
}
