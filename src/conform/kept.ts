/**
 * Judgements that are kept from one time to the next, for a run that goes on: what has not changed since is not judged
 * again. The result is the same as without (`test/conform/kept.test.ts`).
 *
 * A conversation's judgement, and its row, rest on these, and are made anew where any of them is another:
 *
 *     all of them    models, background, site and bindings; caps that were reached; addresses with two owners; who plays which role, inferred roles and
 *                    hosts bound by name among it; leases that moved; hosts whose DNS nobody can read; whether identical
 *                    packets are copies
 *     its own        its flows: who and what they are, what was said and is unfinished in them, ICMP errors about them,
 *                    answers from elsewhere that fold into them, whether a RST came from something nearer, how fast its
 *                    far end was asked (for the row). Counts and last times only where judging asked for them
 *     what it asked  what DNS said of the addresses and names, and NTP of the clocks, that its judging asked for, the
 *                    empty answer included
 *
 * Where nothing but counts has changed, they are written into what is kept, rows of earlier results included. Flows may have got other numbers meanwhile.
 * Which candidates tell something new depends on the conversations before it, and is asked anew each time.
 */
import type { Binding, Bound } from "../model/bind.ts";
import type { Model, Site } from "../model/types.ts";
import * as C from "../observe/conversations.ts";
import type { Departed } from "../observe/departed.ts";
import type { DnsEvidence } from "../observe/dns-evidence.ts";
import type { DocumentedPorts } from "../observe/documented-ports.ts";
import type { FlowView } from "../observe/flow-view.ts";
import { paceOf } from "../observe/pace.ts";
import { ConversationPrint } from "../observe/print.ts";
import { countsOf } from "../observe/rest.ts";
import type { ConversationRow } from "../report/result.ts";
import type { Cast } from "./cast.ts";
import type { ClockTable } from "./clocks.ts";
import type { WhoIsWho } from "./conform.ts";
import type { LoadedModel } from "./cover.ts";
import type { Counts } from "./expect.ts";
import type { FirstCandidates } from "./first-candidates.ts";
import type { RuleUse } from "./judge.ts";
import type { Judged } from "./judged.ts";
import type { Moves } from "./leases.ts";
import { type CountedFlow, recount } from "./subject-flow.ts";
import { settled } from "./trial.ts";

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
  /** As `idOf`. */
  id: number;
  /** Its place in the order in which they were met last. */
  place: number;
  steadyHigh: number;
  steadyLow: number;
  passingHigh: number;
  passingLow: number;
  judged: Judged;
  /** Before any was left out because an earlier conversation told as much. */
  uses: readonly RuleUse[];
  /** Flows that the statuses of rules still ask, and their places among the conversation's. */
  flows: readonly { flow: CountedFlow; place: number }[];
  /** What its judging asked for, and a sum of what it was told. */
  asked: readonly string[];
  told: number;
  /** The second up to which its last packet may come without another judgement; -Infinity where any packet may make one. */
  untilSec: number;
  /** How fast the far end was asked over all its connections, which the row tells; null where it does not. */
  pace: string | null;
  /** The judging that last met it. */
  turn: number;
}

const NO_USES: readonly RuleUse[] = [];
const NO_FLOWS: Kept["flows"] = [];

export class KeptJudgements {
  #given: Given | null = null;
  /** What rules of the models hold against something: kinds of expectations, of fields each with its name. Made when first asked for. */
  #expected: ReadonlySet<string> | null = null;
  #loaded: { models: LoadedModel[]; background: LoadedModel | null } | null = null;
  /** Ports of the models that were judged by last; null before that. */
  documented: DocumentedPorts | null = null;
  #play: Play | null = null;
  #stamp = "";
  #turn = 0;
  /** Of those that are kept, how many this judging has met. */
  #met = 0;
  /** Those that were judged last, and what DNS said of them; null before that. */
  last: { conversations: C.Conversations; dns: DnsEvidence } | null = null;
  /** Of those, the ones that were judged for the first time. */
  readonly fresh: number[] = [];
  /** How often all had to be judged anew, and how often because something else is judged by: models, site or bindings. */
  anew = 0;
  loads = 0;
  #loadsWhenLeft: number | null = null;
  /** By conversation's id, as a number that may be another's as well: then its print is another. */
  readonly #known = new Map<number, Kept>();
  /** Those that were met last, and those that are met now, in their order: most come in the same one, and need not be looked up. */
  #order: Kept[] = [];
  #meeting: Kept[] = [];
  #at = 0;
  readonly #print = new ConversationPrint();
  #dns: DnsEvidence | null = null;
  #clocks: ClockTable | null = null;
  #counts: Counts | null = null;
  readonly #asking = new Set<string>();
  #untilSec = Number.POSITIVE_INFINITY;
  /** Lists of what was asked, by what is in them: most conversations of a far end ask the same. */
  #lists = new Map<string, readonly string[]>();

  forget(): void {
    if (this.#known.size > 0) this.anew++;
    this.#known.clear();
    this.#order = [];
    this.#meeting = [];
  }

  get models(): readonly LoadedModel[] {
    return this.#loaded?.models ?? [];
  }

  get background(): LoadedModel | null {
    return this.#loaded?.background ?? null;
  }

  /** Notes it where conversations that have left were judged by something else: for rules of today they count for nothing. */
  isAsWhenTheyLeft(departed: Departed): void {
    if (this.loads === this.#loadsWhenLeft) return;
    if (this.#loadsWhenLeft !== null) {
      departed.judgedOtherwise = true;
      departed.uses.clear();
    }
    this.#loadsWhenLeft = this.loads;
  }

  /** What leaves was judged by what is loaded now. */
  someLeft(): void {
    this.#loadsWhenLeft ??= this.loads;
  }

  /** All that had left is there again. */
  nobodyLeft(): void {
    this.#loadsWhenLeft = null;
  }

  /** Whether some model has this name, by itself or by a pattern. */
  hasName(name: string): boolean {
    return this.models.some(({ index }) => index.knowsName(name));
  }

  /** Whether a rule asks how far two hosts' clocks are apart. */
  get comparesClocks(): boolean {
    return this.#expects("clocks");
  }

  /** Whether a rule holds a field against something. */
  expectsField(name: string): boolean {
    return this.#expects(`field ${name}`);
  }

  #expects(what: string): boolean {
    this.#expected ??= new Set(
      this.models.flatMap(({ model }) =>
        model.rules.flatMap(({ expect }) =>
          expect.map((one) => (one.kind === "field" ? `field ${one.field}` : one.kind)),
        ),
      ),
    );
    return this.#expected.has(what);
  }

  /** The same of an address. */
  hasAddress(address: string): boolean {
    return this.models.some(({ index }) => index.knowsAddress(address));
  }

  /** The judgement of one of the conversations of `last`; null where there is none, or where it is not kept. */
  of(conversation: number): Judged | null {
    const kept = this.last === null ? undefined : this.#known.get(idOf(this.last.conversations, conversation));
    return kept?.judged.conversation === conversation && kept.turn === this.#turn ? kept.judged : null;
  }

  /** Models as they were loaded the last time, where they are still the same. */
  loaded(
    given: Given,
    load: () => { models: LoadedModel[]; background: LoadedModel | null },
  ): { models: LoadedModel[]; background: LoadedModel | null } {
    if (this.#loaded === null || this.#given === null || !isSame(this.#given, given)) {
      this.forget();
      this.loads++;
      this.#given = given;
      this.#loaded = load();
      this.#expected = null;
    }
    return this.#loaded;
  }

  /** Begins a judging; returns the cast and its bindings to judge with: the last ones where nothing about them is different. */
  begin(
    {
      conversations: all,
      dns,
      clocks,
      counts,
      hidden,
      known,
    }: Pick<WhoIsWho, "conversations" | "dns" | "clocks" | "counts" | "hidden" | "known">,
    play: Play,
    moves: Moves,
  ): Play {
    const { cast } = play;
    const stamp = JSON.stringify([
      cast.stamp,
      [...moves],
      [...hidden()],
      all.repeatsAreCopies,
      known.caps,
      known.contested.all,
    ]);
    if (this.#play === null || stamp !== this.#stamp) {
      this.forget();
      this.#play = play;
      this.#stamp = stamp;
    }
    this.#turn++;
    this.#met = 0;
    this.#at = 0;
    if (this.#meeting.length > 0) this.#order = []; // the one before was given up
    this.#meeting = [];
    this.last = { conversations: all, dns };
    this.fresh.length = 0;
    this.#dns = dns;
    this.#clocks = clocks;
    const ask = (key: string): void => void this.#asking.add(key);
    dns.onAsk = ask;
    clocks.onAsk = ask;
    this.#counts = counts;
    counts.onAsk = () => this.#holdsUntil(Number.NEGATIVE_INFINITY);
    dns.onLast = (sec) => this.#holdsUntil(sec);
    this.#play.cast.meetAnew();
    return this.#play;
  }

  /** The judgement of a conversation where it still holds, with today's counts; null where it is to be judged. */
  find(all: C.Conversations, conversation: number, firsts: FirstCandidates): Judged | null {
    const print = this.#print;
    print.take(all, conversation);
    if (this.#asking.size > 0) this.#asking.clear(); // an empty set's clearing makes another table
    this.#untilSec = Number.POSITIVE_INFINITY;
    const kept = this.#next(idOf(all, conversation));
    if (kept === undefined || kept.steadyHigh !== print.steadyHigh || kept.steadyLow !== print.steadyLow) return null;
    if (kept.told !== this.#tell(kept.asked)) return null;
    if (kept.pace !== null && kept.pace !== paceText(all, conversation)) return null;
    const { judged } = kept;
    const counted = kept.passingHigh !== print.passingHigh || kept.passingLow !== print.passingLow;
    if (counted) {
      if (all.word(conversation, C.C_LAST) >>> 0 >= kept.untilSec) return null;
      if (judged.row !== null) recountRow(judged.row, all, conversation);
      kept.passingHigh = print.passingHigh;
      kept.passingLow = print.passingLow;
    }
    if (kept.flows.length > 0 && (counted || judged.conversation !== conversation)) recountAll(all, conversation, kept);
    if (judged.conversation !== conversation) {
      judged.conversation = conversation;
      for (const use of kept.uses) use.conversation = conversation;
    }
    judged.uses = kept.uses.length === 0 ? judged.uses : firsts.among(kept.uses);
    kept.turn = this.#turn;
    this.#meet(kept);
    return judged;
  }

  #next(id: number): Kept | undefined {
    const next = this.#order[this.#at];
    const kept = next?.id === id ? next : this.#known.get(id);
    if (kept !== undefined) this.#at = kept.place + 1;
    return kept;
  }

  #meet(kept: Kept): void {
    this.#met++;
    kept.place = this.#meeting.push(kept) - 1;
  }

  /** A judgement of the conversation that `find` was last asked for and had not. `uses`: before any was left out. */
  keep(all: C.Conversations, judged: Judged, uses: readonly RuleUse[]): void {
    const id = idOf(all, judged.conversation);
    if (uses.length > MOST_USES) {
      this.#known.delete(id);
      this.fresh.push(judged.conversation);
      return;
    }
    if (!this.#known.has(id)) this.fresh.push(judged.conversation);
    for (const use of uses) use.tried = settled(use.tried);
    const { steadyHigh, steadyLow, passingHigh, passingLow } = this.#print;
    const asked = this.#sameList([...this.#asking]);
    const flows = flowsOf(all, judged, uses);
    const paced = judged.row?.fields["operations.device-per-second"] !== undefined;
    const kept: Kept = {
      ...{ id, place: -1 },
      ...{ steadyHigh, steadyLow, passingHigh, passingLow },
      judged,
      uses: uses.length === 0 ? NO_USES : uses,
      flows: flows ?? NO_FLOWS,
      ...{ asked, told: this.#tell(asked) },
      untilSec: flows === null ? Number.NEGATIVE_INFINITY : this.#untilSec,
      pace: paced ? paceText(all, judged.conversation) : null,
      turn: this.#turn,
    };
    this.#known.set(id, kept);
    this.#meet(kept);
  }

  #holdsUntil(sec: number): void {
    if (sec < this.#untilSec) this.#untilSec = sec;
  }

  #sameList(asked: readonly string[]): readonly string[] {
    const key = asked.join("\n");
    const known = this.#lists.get(key);
    if (known === undefined) this.#lists.set(key, asked);
    return known ?? asked;
  }

  /** What any judgement that is kept asked of DNS and of clocks. */
  asked(): ReadonlySet<string> {
    const asked = new Set<string>();
    for (const one of this.#known.values()) for (const key of one.asked) asked.add(key);
    return asked;
  }

  /** Ends a judging that came to its end: what it did not meet is there no longer. */
  end(): void {
    if (this.#met < this.#known.size)
      for (const [id, { turn }] of this.#known) if (turn !== this.#turn) this.#known.delete(id);
    this.#order = this.#meeting;
    this.#meeting = [];
    if (this.#dns !== null) this.#dns.onAsk = this.#dns.onLast = null;
    if (this.#clocks !== null) this.#clocks.onAsk = null;
    if (this.#counts !== null) this.#counts.onAsk = null;
    this.#dns = null;
    this.#clocks = null;
    this.#counts = null;
    this.#lists.clear();
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

/** Today's counts, in the row as it is: a copy of each of very many rows takes longer than all else that is done with it. */
function recountRow(row: ConversationRow, all: C.Conversations, conversation: number): void {
  const { packets, bytes, last_seen } = countsOf(all, conversation);
  row.packets = packets;
  row.bytes = bytes;
  row.last_seen = last_seen;
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

function paceText(all: C.Conversations, conversation: number): string {
  const pace = paceOf(all, conversation);
  return pace === null ? "" : `${pace.perSecond} ${pace.atOnce}`;
}

/** The flows that rules' uses and the carriers are; null where one of them has other counts than its row. */
function flowsOf(
  all: C.Conversations,
  { conversation, carrier }: Judged,
  uses: readonly RuleUse[],
): Kept["flows"] | null {
  const flows = new Set<CountedFlow>(uses.map(({ flow }) => flow));
  for (const flow of carrier?.flows ?? []) flows.add(flow);
  if (flows.size === 0) return NO_FLOWS;
  const places = new Map([...all.flowsOf(conversation)].map((flow, place) => [flow, place]));
  const view = all.view();
  const found: { flow: CountedFlow; place: number }[] = [];
  for (const flow of flows) {
    const place = places.get(flow.flow);
    if (place === undefined || !isAsItsRow(flow, view.move(flow.flow))) return null;
    found.push({ flow, place });
  }
  return found;
}

function isAsItsRow(flow: CountedFlow, view: FlowView): boolean {
  const { there, lastSec, lastNsec } = flow;
  const sameCounts = flow.asked === view.packets(there) && flow.answered === view.packets(1 - there);
  return sameCounts && lastSec === view.lastSec && lastNsec === view.lastNsec && flow.leads === null;
}

function recountAll(all: C.Conversations, conversation: number, { flows }: Kept): void {
  const numbers = [...all.flowsOf(conversation)];
  const view = all.view();
  for (const { flow, place } of flows) {
    flow.flow = numbers[place]!;
    recount(flow, all, view.move(flow.flow));
  }
}
