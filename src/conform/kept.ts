/**
 * Judgements that are kept from one time to the next, for a run that goes on: what has not changed since is not judged
 * again. The result is the same as without (`test/conform/kept.test.ts`).
 *
 * A conversation's judgement, and its row, rest on these, and are made anew where any of them is another:
 *
 *     all of them    models, background, site and bindings; caps that were reached; who plays which role, inferred roles and hosts bound by name
 *                    among it; leases that moved; hosts whose DNS nobody can read; whether identical packets are copies; the numbering of flows
 *     its own        its number and its flows: every word of their rows (each packet changes some), what is unfinished in
 *                    them, ICMP errors about them, answers from elsewhere that fold into
 *                    them, whether a RST came from something nearer, how fast its far end was asked (for the row)
 *     what it asked  what DNS said of the addresses and names, and NTP of the clocks, that its judging asked for, the
 *                    empty answer included
 *
 * Which candidates tell something new depends on the conversations before it, and is asked anew each time.
 */
import type { Binding, Bound } from "../model/bind.ts";
import type { Model, Site } from "../model/types.ts";
import type * as C from "../observe/conversations.ts";
import { addressKey, type DnsEvidence } from "../observe/dns-evidence.ts";
import { paceOf } from "../observe/pace.ts";
import { ConversationPrint } from "../observe/print.ts";
import type { ConversationRow } from "../report/result.ts";
import type { Cast } from "./cast.ts";
import type { ClockTable } from "./clocks.ts";
import type { WhoIsWho } from "./conform.ts";
import type { LoadedModel } from "./cover.ts";
import type { FirstCandidates } from "./first-candidates.ts";
import type { Judgement, RuleUse } from "./judge.ts";
import type { Moves } from "./leases.ts";

/** What is given from outside: the same objects as long as nothing was loaded anew. */
export interface Given {
  models: readonly Model[];
  background: Model | null;
  bound: Bound;
  site: Site | null;
}

/** One that could be so many rules' is judged anew each time, because all of these uses would be kept. */
const MOST_USES = 64;

/** Who plays which role, and the bindings that say so. */
export interface Play {
  cast: Cast;
  bindings: readonly Binding[];
}

interface Kept {
  high: number;
  low: number;
  judgement: Judgement;
  /** Before any was left out because an earlier conversation told as much. */
  uses: readonly RuleUse[];
  /** What its judging asked for, and a sum of what it was told. */
  asked: readonly string[];
  told: number;
  row: ConversationRow | null;
  /** How fast the far end was asked over all its connections, which the row tells. */
  pace: string;
  /** The judging that last met it. */
  turn: number;
}

export class KeptJudgements {
  #given: Given | null = null;
  #loaded: { models: LoadedModel[]; background: LoadedModel | null } | null = null;
  #play: Play | null = null;
  #stamp = "";
  #turn = 0;
  /** By conversation's id, as a number that may be another's as well: then its print is another. */
  readonly #known = new Map<number, Kept>();
  readonly #print = new ConversationPrint();
  #dns: DnsEvidence | null = null;
  #clocks: ClockTable | null = null;
  readonly #asking = new Set<string>();

  /** To be called where flows have got other numbers. */
  forget(): void {
    this.#known.clear();
  }

  /** Models as they were loaded the last time, where they are still the same. */
  loaded(
    given: Given,
    load: () => { models: LoadedModel[]; background: LoadedModel | null },
  ): { models: LoadedModel[]; background: LoadedModel | null } {
    if (this.#loaded === null || this.#given === null || !isSame(this.#given, given)) {
      this.forget();
      this.#given = given;
      this.#loaded = load();
    }
    return this.#loaded;
  }

  /** Begins a judging; returns the cast and its bindings to judge with: the last ones where nothing about them is different. */
  begin(
    {
      conversations: all,
      dns,
      clocks,
      hidden,
      known,
    }: Pick<WhoIsWho, "conversations" | "dns" | "clocks" | "hidden" | "known">,
    play: Play,
    moves: Moves,
  ): Play {
    const { cast } = play;
    const stamp = JSON.stringify([cast.stamp, [...moves], [...hidden()], all.repeatsAreCopies, known.caps]);
    if (this.#play === null || stamp !== this.#stamp) {
      this.forget();
      this.#play = play;
      this.#stamp = stamp;
    }
    this.#turn++;
    this.#dns = dns;
    this.#clocks = clocks;
    const ask = (key: string): void => void this.#asking.add(key);
    dns.onAsk = ask;
    clocks.onAsk = ask;
    this.#play.cast.meetAnew();
    return this.#play;
  }

  /** The judgement of a conversation where it still holds; null where it is to be judged. */
  find(all: C.Conversations, conversation: number, firsts: FirstCandidates): Judgement | null {
    this.#print.take(all, conversation);
    const kept = this.#known.get(idOf(all, conversation));
    this.#asking.clear();
    if (kept === undefined || kept.high !== this.#print.high || kept.low !== this.#print.low) return null;
    if (kept.told !== this.#tell(kept.asked)) return null;
    kept.judgement.uses = firsts.among(kept.uses);
    kept.turn = this.#turn;
    return kept.judgement;
  }

  /** A judgement of the conversation that `find` was last asked for and had not. `all`: its uses before any was left out. */
  keep(all: C.Conversations, judgement: Judgement, uses: readonly RuleUse[]): void {
    const id = idOf(all, judgement.subject.conversation);
    if (uses.length > MOST_USES) {
      this.#known.delete(id);
      return;
    }
    const { high, low } = this.#print;
    const { realm, responder } = judgement.subject;
    this.#asking.add(addressKey(realm, responder)); // the row asks for its names, whatever the judge asked for
    const asked = [...this.#asking];
    this.#known.set(id, {
      ...{ high, low, judgement, uses, asked },
      ...{ told: this.#tell(asked), row: null, pace: "", turn: this.#turn },
    });
  }

  /** The row of a judgement of this judging, made where it is not kept. */
  rowOf(all: C.Conversations, judgement: Judgement, make: () => ConversationRow): ConversationRow {
    const kept = this.#known.get(idOf(all, judgement.subject.conversation));
    if (kept?.judgement !== judgement) return make();
    const pace = paceOf(all, judgement.subject.conversation);
    const told = pace === null ? "" : `${pace.perSecond} ${pace.atOnce}`;
    if (kept.row === null || kept.pace !== told) {
      kept.row = make();
      kept.pace = told;
    }
    return kept.row;
  }

  /** A row that says the same with another waiver. */
  replaceRow(all: C.Conversations, judgement: Judgement, row: ConversationRow): void {
    const kept = this.#known.get(idOf(all, judgement.subject.conversation));
    if (kept?.judgement === judgement) kept.row = row;
  }

  /** Ends a judging that came to its end: what it did not meet is there no longer. */
  end(): void {
    for (const [id, { turn }] of this.#known) if (turn !== this.#turn) this.#known.delete(id);
    if (this.#dns !== null) this.#dns.onAsk = null;
    if (this.#clocks !== null) this.#clocks.onAsk = null;
    this.#dns = null;
    this.#clocks = null;
  }

  #tell(asked: readonly string[]): number {
    let told = 0;
    for (const key of asked) {
      const version = key.startsWith("clock") ? this.#clocks!.versionOf(key) : this.#dns!.versionOf(key);
      told = (Math.imul(told, 0x01000193) ^ version) | 0;
    }
    return told;
  }
}

function isSame(a: Given, b: Given): boolean {
  if (a.models.length !== b.models.length || a.models.some((model, i) => model !== b.models[i])) return false;
  return a.background === b.background && a.bound === b.bound && a.site === b.site;
}

/** 53 bits of a conversation's id. */
function idOf(all: C.Conversations, conversation: number): number {
  const [high, low] = all.id(conversation);
  return high * 0x20_0000 + (low >>> 11);
}
