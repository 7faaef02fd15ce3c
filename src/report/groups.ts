/** Conversations that differ only in who opened them: one finding with several hosts. */
import { VALUE } from "./kind-text.ts";
import { isUnwaived, type PackedRows, packedOf, unwaivedOf } from "./packed-rows.ts";
import type { ConversationRow, RunResult, Verdict } from "./result.ts";

export interface ConversationGroup {
  /** The first seen, shown for all. Of very many groups it is made each time that somebody asks. */
  readonly first: ConversationRow;
  /** How many they are. */
  count: number;
  initiators: string[];
}

/** Conversations of a verdict that nobody waived, as `groupConversations` has them, and the names of their far ends. */
export function unwaivedGroups(
  result: RunResult,
  verdict: Verdict,
): { groups: ConversationGroup[]; names: ReadonlySet<string | null> } {
  const packed = packedOf(result);
  const groups = packed === null ? groupsOf(unwaivedOf(result, verdict)) : packedGroups(packed, verdict);
  return { groups: groups.inOrder(), names: groups.names };
}

/**
 * Findings of one verdict, in the order of a result, folded by whom, over what, as what and why. The busiest kind comes first, else
 * what was seen first.
 */
export function groupConversations(conversations: readonly ConversationRow[]): ConversationGroup[] {
  return groupsOf(conversations).inOrder();
}

function groupsOf(conversations: readonly ConversationRow[]): Groups {
  const groups = new Groups();
  const kinds = new Map<string, number>();
  let before: { c: ConversationRow; kind: number } | null = null;
  for (const c of conversations) {
    // Most are of the kind of the one before: to make its text for each of very many takes longer than all else.
    if (before === null || !isOfKind(c, before.c)) before = { c, kind: numberOf(alikeText(c), kinds) };
    const whom = c.server_name ?? c.peer_name ?? c.responder;
    groups.names.add(c.server_name).add(c.peer_name);
    groups.add(`${before.kind} ${c.port} ${whom}`, c.initiator, () => c);
  }
  return groups;
}

/** The same, without a row for each. */
function packedGroups(packed: PackedRows, verdict: Verdict): Groups {
  const groups = new Groups();
  const kinds = new Map<string, number>();
  /** By the number of a kind whose rows say all alike. */
  const known: number[] = [];
  for (const number of packed.numbers(isUnwaived(verdict))) {
    const kind = packed.kind(packed.kindOf(number));
    const values = packed.values(number);
    const row = (): ConversationRow => packed.row(number);
    const isAlike = MAY_DIFFER.every((column) => kind.isFixed(column));
    if (isAlike) known[packed.kindOf(number)] ??= numberOf(alikeText(kind.row("", [])), kinds);
    const alike = isAlike ? known[packed.kindOf(number)]! : numberOf(alikeText(row()), kinds);
    const [server, peer] = kind.namesOf(values);
    const whom = server ?? peer ?? values[VALUE.responder];
    groups.names.add(server).add(peer);
    groups.add(`${alike} ${values[VALUE.port]} ${whom}`, String(values[VALUE.initiator]), row);
  }
  return groups;
}

function numberOf(text: string, known: Map<string, number>): number {
  let number = known.get(text);
  if (number === undefined) {
    number = known.size;
    known.set(text, number);
  }
  return number;
}

class Group implements ConversationGroup {
  count = 0;
  readonly #row: () => ConversationRow;
  readonly #initiator: string;
  /** Null while all are of one: a set for each of very many takes longer than all else. */
  #all: Set<string> | null = null;

  constructor(initiator: string, row: () => ConversationRow) {
    this.#initiator = initiator;
    this.#row = row;
  }

  get first(): ConversationRow {
    return this.#row();
  }

  get initiators(): string[] {
    return this.#all === null ? [this.#initiator] : [...this.#all];
  }

  /** How many initiators there are. */
  get hosts(): number {
    return this.#all?.size ?? 1;
  }

  add(initiator: string): void {
    this.count++;
    if (initiator === this.#initiator) return;
    this.#all ??= new Set([this.#initiator]);
    this.#all.add(initiator);
  }
}

class Groups {
  readonly names = new Set<string | null>();
  readonly #byKey = new Map<string, Group>();

  /** Each behind those that were seen before it. */
  add(key: string, initiator: string, row: () => ConversationRow): void {
    let group = this.#byKey.get(key);
    if (group === undefined) {
      group = new Group(initiator, row);
      this.#byKey.set(key, group);
    }
    group.add(initiator);
  }

  inOrder(): ConversationGroup[] {
    return [...this.#byKey.values()].sort((a, b) => b.hosts - a.hosts);
  }
}

/** What findings that are folded have alike, but for whom they are about: fields of their rows, and of the nearest rule. */
const ALIKE = [
  ...(["transport", "app", "inner_app", "reason_code", "model", "rule_id"] as const),
  ...(["realm", "expectation", "found", "waived"] as const),
] as const;
const ALIKE_NEAREST = ["model", "rule_id", "clause"] as const;
/** Of those what may name the ends of its own row. */
const MAY_DIFFER = ["expectation", "found"] as const;

function alikeText(c: ConversationRow): string {
  const nearest = c.evidence?.nearest;
  return JSON.stringify([ALIKE.map((field) => c[field]), ALIKE_NEAREST.map((field) => nearest?.[field] ?? null)]);
}

function isOfKind(a: ConversationRow, b: ConversationRow): boolean {
  const [near, other] = [a.evidence?.nearest, b.evidence?.nearest];
  return (
    ALIKE.every((field) => a[field] === b[field]) && ALIKE_NEAREST.every((field) => near?.[field] === other?.[field])
  );
}
