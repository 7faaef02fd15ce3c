/** Waivers: findings that someone has accepted, with the reason and until when. A waived finding keeps its verdict and is not counted as drift. */
import { matchesName } from "../model/names.ts";
import type { Waiver } from "../model/types.ts";
import type { ConversationRow, RuleRow, RuleStatus } from "../report/result.ts";

export class Waivers {
  readonly #active: Waiver[] = [];
  readonly #used = new Set<Waiver>();
  readonly warnings: string[] = [];

  /** `asOf`: `YYYY-MM-DD` on which they are asked to hold; a waiver's last day still counts. */
  constructor(waivers: readonly Waiver[], asOf: string) {
    for (const waiver of waivers) {
      if (waiver.until !== null && waiver.until < asOf) {
        this.warnings.push(
          `A waiver has expired on ${waiver.until} and covers nothing any more: ${describe(waiver)} (${waiver.why}).`,
        );
      } else {
        this.#active.push(waiver);
      }
    }
  }

  /** True where none is asked to hold. */
  get isEmpty(): boolean {
    return this.#active.length === 0;
  }

  ofConversation(row: ConversationRow, rolesOfInitiator: readonly string[]): string | null {
    const over = row.port === null ? row.transport : `${row.transport}/${row.port}`;
    return this.#first(({ what }) => {
      if (what.rule !== undefined && what.rule !== row.rule_id) return false;
      if (what.model !== undefined && what.model !== row.model) return false;
      if (what.from !== undefined && what.from !== row.initiator && !rolesOfInitiator.includes(what.from)) return false;
      if (what.to !== undefined && !goesTo(what.to, row)) return false;
      if (what.over !== undefined && what.over !== over) return false;
      return what.app === undefined || what.app === row.app;
    });
  }

  /** `broken`: of the conversations that break the rule, each one's waiver. Where all have one, nothing of it is left to count. */
  ofRule(row: RuleRow, broken: () => readonly (string | null)[] = () => []): string | null {
    return this.#ofRuleItself(row) ?? (row.status === "violated" ? everyWaiver(broken()) : null);
  }

  #ofRuleItself(row: RuleRow): string | null {
    return this.#first(({ what }) => {
      if (what.rule === undefined || what.rule !== row.rule_id) return false;
      if (what.from !== undefined && !isFrom(what.from, row)) return false;
      return what.model === undefined || what.model === row.model;
    });
  }

  #first(fits: (waiver: Waiver) => boolean): string | null {
    const waiver = this.#active.find(fits);
    if (waiver === undefined) return null;
    this.#used.add(waiver);
    return waiver.why;
  }

  /** What to say when everything is judged. */
  sayings(): string[] {
    const idle = this.#active.filter((waiver) => !this.#used.has(waiver));
    return [
      ...this.warnings,
      ...idle.map((waiver) => `A waiver covered nothing: ${describe(waiver)} (${waiver.why}).`),
    ];
  }
}

const FINDINGS: ReadonlySet<RuleStatus> = new Set(["violated", "blocked", "partial", "missing"]);

/** Whether all of a rule that is to be counted is that host's, or that role's. */
function isFrom(from: string, { from_role, hosts }: RuleRow): boolean {
  if (from === from_role) return true;
  const counted = hosts.filter(({ status }) => FINDINGS.has(status));
  return counted.length > 0 && counted.every(({ host }) => host.split("+").includes(from));
}

function everyWaiver(whys: readonly (string | null)[]): string | null {
  return whys.every((why) => why !== null) ? (whys[0] ?? null) : null;
}

function goesTo(to: string, row: ConversationRow): boolean {
  if (to === row.responder || to === row.server_name || to === row.peer_name) return true;
  const pattern = { text: to, labels: to.toLowerCase().split("."), parameter: null };
  return [row.server_name, row.peer_name].some((name) => name !== null && matchesName(pattern, name));
}

function describe(waiver: Waiver): string {
  return Object.entries(waiver.what)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
}
