/**
 * What is different between two runs: conversations, rules, names, TLS versions, operations, devices.
 *
 * Two captures of one product differ in addresses, times and counts that mean nothing. So a conversation is known by who
 * opened it (the role where one host plays it, else the address), whom (the best name, else the role or the address), over
 * what and as what; all that are the same by this are one, with the worst of their verdicts.
 */

import { protocolVersion } from "../protocol-versions.ts";
import { ARP, type AssetRow, type ConversationRow, type RunResult, type Verdict } from "./result.ts";
import { compareText } from "./summary.ts";
import { over } from "./words.ts";

export type Change = "new" | "gone" | "changed";
export interface Difference {
  what: "conversation" | "rule" | "name" | "tls" | "operation" | "asset";
  change: Change;
  /** Who or what it is about, the same text in both runs. */
  subject: string;
  before: string | null;
  after: string | null;
}

/** What one run says of a subject; two that say the same are no difference. */
type Statements = Map<string, string>;
export type Aspect = Difference["what"];

/** Subjects of one kind. Beyond it the others of that run are left out, and said to be. */
const MOST_SUBJECTS = 200_000;

export interface Diff {
  differences: Difference[];
  /** Kinds of which a run had more subjects than are compared. */
  cut: Aspect[];
}

const ASPECTS: Record<Aspect, (run: RunResult, say: (subject: string, text: string) => void) => void> = {
  conversation: sayConversations,
  rule: (run, say) => {
    for (const rule of run.rules)
      say(`${rule.model}/${rule.rule_id}`, `${rule.status}${rule.waived === null ? "" : " (waived)"}`);
  },
  name: sayNames,
  tls: (run, say) => {
    const ends = new Ends(run);
    for (const c of compared(run)) {
      const versions = ["tls.version", "dtls.version"].flatMap((field) => c.fields[field] ?? []);
      for (const version of versions) say(ends.subject(c), protocolVersion(Number(version)) ?? String(version));
    }
  },
  operation: (run, say) => {
    const ends = new Ends(run);
    for (const c of compared(run))
      for (const operation of c.operations)
        if (operation.role === "request")
          say(`${ends.subject(c)}: ${operation.protocol} ${operation.operation}`, operation.class);
  },
  asset: (run, say) => {
    // Who merely sent ARP is not compared: each capture hears others of a link.
    for (const asset of run.assets)
      if (asset.source !== ARP) say(`${asset.address} by ${asset.source}`, assetText(asset));
  },
};

/** What is new, changed and gone from one run to another: new first. `cut` names what had too many subjects to be told whole. */
export function diffOf(before: RunResult, after: RunResult): Diff {
  const differences: Difference[] = [];
  const cut: Aspect[] = [];
  for (const [what, tell] of Object.entries(ASPECTS) as [Aspect, (typeof ASPECTS)[Aspect]][]) {
    const sides = [before, after].map((run) => collect(run, tell));
    if (sides.some((side) => side.cut)) cut.push(what);
    const [a, b] = sides.map((side) => side.statements) as [Statements, Statements];
    for (const subject of [...new Set([...a.keys(), ...b.keys()])].sort(compareText)) {
      const was = a.get(subject) ?? null;
      const is = b.get(subject) ?? null;
      if (was === is) continue;
      const change = was === null ? "new" : is === null ? "gone" : "changed";
      differences.push({ what, change, subject, before: was, after: is });
    }
  }
  const order: Change[] = ["new", "changed", "gone"];
  return { differences: differences.sort((x, y) => order.indexOf(x.change) - order.indexOf(y.change)), cut };
}

function collect(run: RunResult, tell: (typeof ASPECTS)[Aspect]): { statements: Statements; cut: boolean } {
  const sets = new Map<string, Set<string>>();
  let cut = false;
  tell(run, (subject, text) => {
    const set = sets.get(subject);
    if (set !== undefined) set.add(text);
    else if (sets.size < MOST_SUBJECTS) sets.set(subject, new Set([text]));
    else cut = true;
  });
  const statements = new Map([...sets].map(([subject, texts]) => [subject, [...texts].sort(compareText).join(", ")]));
  return { statements, cut };
}

/** Everybody's where nothing was judged; else what the models are about. */
function* compared(run: RunResult): Generator<ConversationRow> {
  for (const c of run.judged) if (c.verdict !== "unrelated") yield c;
  if (run.run.models.length === 0) yield* run.rest.rows();
}

const WORST: Verdict[] = ["violation", "undocumented", "inconclusive", "documented", "ignored", "unrelated"];

function sayConversations(run: RunResult, say: (subject: string, text: string) => void): void {
  const ends = new Ends(run);
  const worst = new Map<string, string>();
  const rank = (text: string): number => WORST.findIndex((verdict) => text.startsWith(verdict));
  for (const c of compared(run)) {
    const subject = ends.subject(c);
    const text = c.verdict === null ? "seen" : `${c.verdict}${c.waived === null ? "" : " (waived)"}`;
    const known = worst.get(subject);
    if (known === undefined ? worst.size < MOST_SUBJECTS + 1 : rank(text) < rank(known)) worst.set(subject, text);
  }
  for (const [subject, text] of worst) say(subject, text);
}

/** Asked for or sent; where a document names it in one run and not in the other, its conversation says so. */
function sayNames(run: RunResult, say: (subject: string, text: string) => void): void {
  const names = new Map<string, string>();
  const add = (name: string, verdict: string | null): void => {
    if (verdict === "undocumented") names.set(name, verdict);
    else if (!names.has(name)) names.set(name, "seen");
  };
  for (const lookup of run.lookups) add(lookup.name, lookup.verdict);
  for (const c of compared(run)) {
    if (c.server_name !== null) add(c.server_name, c.verdict);
    if (names.size > MOST_SUBJECTS) break;
  }
  for (const [name, text] of names) say(name, text);
}

/** Ends by what stays the same: the role that a single host plays, the best name, or the address. */
class Ends {
  readonly #roles = new Map<string, string>();

  constructor({ run }: RunResult) {
    for (const { role, values } of run.bindings) {
      const [only] = values;
      if (values.length !== 1 || only === undefined) continue;
      const other = this.#roles.get(only);
      if (other === undefined) this.#roles.set(only, role);
      else if (!other.split("+").includes(role)) this.#roles.set(only, `${other}+${role}`);
    }
  }

  subject(c: ConversationRow): string {
    const whom = c.server_name ?? c.peer_name ?? this.#end(c.responder);
    const realm = c.realm === "" || c.realm === "default" ? "" : `${c.realm}: `;
    return `${realm}${this.#end(c.initiator)} → ${whom} ${over(c)} ${c.app ?? "not identified"}`;
  }

  #end(address: string): string {
    return this.#roles.get(address) ?? address;
  }
}

function assetText({ vendor, product, order_code, version, serial, name }: AssetRow): string {
  const parts = [vendor, product, order_code, version === null ? null : `version ${version}`, serial, name];
  return parts.filter((part) => part !== null).join(" ");
}
