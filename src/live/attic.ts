/**
 * Conversations that have been silent for long leave for the database, and come back when they speak again, so that a run over
 * ever new hosts stays as small as what happens at the time:
 *
 *     observation ──over, and nothing rests on it──▶ leaves with a checkpoint ──a packet of it──▶ flows put back, judged as a whole
 *
 * What leaves is a whole conversation: its flows, what they said, and its row with the verdict that it has. What stays, however
 * old: whatever a rule's status, another conversation's verdict, or what is known of hosts rests on (`leaving.ts`). Of the others it
 * is kept in sums what they count for (`observe/departed.ts`).
 */
import { type CastHost, isGlobal, type Played } from "../conform/cast.ts";
import type { Judged } from "../conform/judged.ts";
import type { KeptJudgements } from "../conform/kept.ts";
import * as R from "../flow/row.ts";
import { addClaims } from "../observe/assets.ts";
import * as C from "../observe/conversations.ts";
import {
  addAnswer,
  type Departed,
  type DepartedConversation,
  type DepartedHost,
  decodeDeparted,
  departedConversation,
  departedNumber,
  encodeDeparted,
  nobodyDeparted,
  protocolKey,
  putBack,
} from "../observe/departed.ts";
import { countUse, hostKey } from "../observe/departed-uses.ts";
import { type FlowView, OUTCOMES } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { Rest } from "../observe/rest.ts";
import type { DepartedCounts, RunResult } from "../report/result.ts";
import type { DepartingRow, Moves } from "../store/store.ts";
import type { Ager } from "./age.ts";
import { RestedNames } from "./group-talk.ts";
import { Chooser, type Leaving } from "./leaving.ts";
import { NameAttic } from "./names.ts";
import { STANDING } from "./standing.ts";

/** What surrounds it: the database, and what has been told of findings. */
export interface AtticHooks {
  /** Parts of departed conversations that are in the database, by their numbers. */
  departed(seqs: readonly number[]): Promise<Uint8Array[]>;
  /** True where a conversation is no finding that is still to be told. */
  isSettled(id: string): boolean;
  /** It leaves; true where it has been told of. */
  left(id: string): boolean;
  /** It was told of before it left. */
  back(id: string): void;
}

/** Conversations that may stay although nothing happens in them: fewer are no burden. Judged ones take up to 16 KB each. */
const STAY = 2_000;
/** They leave together, once they are this part of all: taking them out goes through all rows. */
const WORTH_IT = 1 / 8;
/** Numbers asked for at once. */
const BATCH = 2_000;

export class Attic {
  readonly #seen: Observation;
  readonly #kept: KeptJudgements;
  readonly #ager: Ager;
  readonly #hooks: AtticHooks;
  readonly #stay: number;
  readonly #standing: number;
  /** By number: taken out, and not yet in the database. */
  readonly #leaving = new Map<number, { row: DepartingRow; one: DepartedConversation }>();
  /** Put back, and still in the database as departed. */
  #back: { seq: number; id: string }[] = [];
  /** Numbers of conversations in memory of which it is known that nothing of them is in the database. */
  #asked = new Set<number>();
  readonly #counts: DepartedCounts = { judged: 0, rest: 0, verdicts: {} };
  #anew: number;
  readonly #names: NameAttic;

  /** `stay`, `standing`: for tests; verdicts never depend on them. */
  constructor(
    seen: Observation,
    kept: KeptJudgements,
    ager: Ager,
    hooks: AtticHooks,
    stay?: number,
    standing: number = STANDING,
  ) {
    this.#seen = seen;
    this.#kept = kept;
    this.#ager = ager;
    this.#hooks = hooks;
    this.#stay = stay ?? STAY;
    this.#standing = standing;
    this.#anew = kept.anew;
    this.#names = new NameAttic(seen, kept, stay);
  }

  /** How many have left; null while all are there. */
  get counts(): DepartedCounts | null {
    const { judged, rest, verdicts } = this.#counts;
    const { count, undocumented } = this.#names;
    if (judged + rest + count === 0) return null;
    const left = { judged, rest, verdicts: { ...verdicts } };
    return count === 0 ? left : { ...left, lookups: { count, undocumented } };
  }

  /** To be written with the next checkpoint, in its transaction. */
  get moves(): Moves {
    return { leave: [...[...this.#leaving.values()].map(({ row }) => row), ...this.#names.leaving], back: this.#back };
  }

  /** That they were. */
  written(): void {
    this.#leaving.clear();
    this.#names.leaving = [];
    this.#back = [];
  }

  /** True once after all that is still there had to be judged anew while others had left: their verdicts are those of before. */
  isStale(): boolean {
    const stale = this.#kept.anew !== this.#anew && this.counts !== null;
    this.#anew = this.#kept.anew;
    return stale;
  }

  /**
   * Puts back what of the conversations judged last is in the database: of those that were judged for the first time, or of
   * `all` that have not been looked for. True where anything came back, and is to be judged as a whole. Where the database
   * cannot be read, they are looked for the next time.
   */
  recall(all: boolean): Promise<boolean> {
    return unlessUnread(this.#recall(all));
  }

  async #recall(all: boolean): Promise<boolean> {
    const conversations = this.#kept.last?.conversations;
    if (conversations === undefined || this.counts === null) return false;
    const wanted = new Map<number, string>();
    const asked = new Set<number>();
    const look = (c: number): void => {
      const id = conversations.id(c);
      const seq = departedNumber(id);
      if (all) asked.add(seq);
      if (!this.#asked.has(seq)) wanted.set(seq, C.idText(id));
    };
    if (all) for (let c = 0; c < conversations.count; c++) look(c);
    else for (const c of this.#kept.fresh) look(c);
    const came = await this.#putBack(wanted);
    if (all) this.#asked = asked;
    else for (const seq of wanted.keys()) this.#asked.add(seq);
    return came > 0;
  }

  async #putBack(wanted: ReadonlyMap<number, string>): Promise<number> {
    let came = 0;
    const seqs: number[] = [];
    for (const [seq, id] of wanted) {
      const leaving = this.#leaving.get(seq);
      if (leaving === undefined) seqs.push(seq);
      else if (leaving.one.id === id) {
        this.#leaving.delete(seq);
        came += this.#comesBack(leaving.one);
      }
    }
    for (let from = 0; from < seqs.length; from += BATCH) {
      for (const data of await this.#hooks.departed(seqs.slice(from, from + BATCH))) {
        const one = decodeDeparted(data);
        const seq = numberOf(one);
        if (wanted.get(seq) !== one.id || this.#back.some((known) => known.seq === seq)) continue;
        this.#back.push({ seq, id: one.id });
        came += this.#comesBack(one);
      }
    }
    return came;
  }

  #comesBack(one: DepartedConversation): number {
    if (!putBack(this.#seen, one)) return 0;
    this.#count(one, -1);
    this.#seen.departed?.clocks.delete(one.id);
    if (one.told) this.#hooks.back(one.id);
    return 1;
  }

  #count(one: DepartedConversation, by: 1 | -1): void {
    const { verdict, waived, flowCount, flows, oneSided, undecoded, uses, load } = one;
    const departed = this.#departed();
    // Of what was judged by something else nothing is counted any more (`KeptJudgements.isAsWhenTheyLeft`).
    if (load === this.#kept.loads) for (const use of uses) countUse(departed.uses, use, by);
    departed.conversations += by;
    departed.flows += by * flowCount;
    departed.oneSided += by * oneSided;
    departed.undecoded += by * undecoded;
    for (const { words } of flows) departed.protocols.add(protocolKey(words[R.META]!));
    if (verdict === null) this.#counts.rest += by;
    else {
      this.#counts.judged += by;
      if (!waived) this.#counts.verdicts[verdict] = (this.#counts.verdicts[verdict] ?? 0) + by;
    }
  }

  /**
   * Takes out what may leave, where it is worth it. `result`: of the conversations judged last. True where any left, and what is
   * there is to be judged again.
   */
  async clear(result: RunResult): Promise<boolean> {
    const said = this.#names.clear(result);
    const left = await unlessUnread(this.#clear(result));
    if (said && !left) this.#ager.takeOut(new Set(), this.#kept.documented);
    return said || left;
  }

  async #clear({ judged: rows, lookups }: RunResult): Promise<boolean> {
    const last = this.#kept.last;
    if (last === null || last.conversations.count <= this.#stay) return false;
    const { conversations: all, dns } = last;
    const names = new RestedNames(this.#kept, lookups);
    const found = new Chooser(all, this.#kept, rows, this.#hooks.isSettled, this.#standing, names).choose();
    if (found.length < Math.max(1, all.count * WORTH_IT)) return false;
    const there = await this.#thereAlready(all, found);
    const rest = new Rest(all, dns, [], "unrelated");
    const gone = new Set<number>();
    const view = all.view();
    for (const { conversation: c, judged, row, uses, clock } of found) {
      const seq = departedNumber(all.id(c));
      if (there.has(seq) || this.#leaving.has(seq)) continue;
      const one = departedConversation(all, c, {
        told: row !== null && this.#hooks.left(row.conversation_id),
        verdict: row?.verdict ?? null,
        waived: row !== null && row.waived !== null,
        ...{ uses, load: this.#kept.loads },
      });
      this.#leaving.set(seq, { row: { seq, part: encodeDeparted(one), row: row ?? rest.text(c) }, one });
      this.#count(one, 1);
      if (clock !== null) this.#departed().clocks.set(one.id, clock);
      if (judged !== null) this.#remember(all, judged, view);
      for (const flow of all.flowsOf(c)) gone.add(flow);
      this.#asked.delete(seq);
    }
    if (gone.size > 0)
      addClaims(
        this.#departed().assets,
        all,
        [...gone].filter((flow) => isOfDevice(view.move(flow))),
      );
    this.#ager.takeOut(gone, this.#kept.documented);
    return gone.size > 0;
  }

  /** Numbers that are another's, or of a conversation that was not looked for: who has one stays for now. */
  async #thereAlready(all: C.Conversations, found: readonly Leaving[]): Promise<ReadonlySet<number>> {
    const there = new Set<number>(this.#back.map(({ seq }) => seq));
    if (this.counts === null) return there;
    const seqs = found.map(({ conversation }) => departedNumber(all.id(conversation)));
    for (let from = 0; from < seqs.length; from += BATCH) {
      const some = seqs.slice(from, from + BATCH);
      for (const data of await this.#hooks.departed(some)) there.add(numberOf(decodeDeparted(data)));
    }
    return there;
  }

  /** What rules still ask of it: that its hosts were there, and who answered them; and what devices said in it. */
  #remember(all: C.Conversations, judged: Judged, view: FlowView): void {
    const { conversation: c, initiatorRoles, responderRoles, initiator, responder } = judged;
    const realm = all.seen.realms[judged.realm] ?? "";
    const flows = all.flowsOf(c);
    let [asked, answered] = [false, false];
    const holed: [number, number] = [0, 0];
    for (const flow of flows) {
      const { dir } = view.move(flow).initiator();
      asked ||= view.packets(dir) > 0;
      const back = dir === 0 ? 1 : 0;
      answered ||= view.packets(back) > 0;
      if (view.lacks(dir)) holed[0]++;
      if (view.lacks(back)) holed[1]++;
    }
    const [firstSec, lastSec] = [all.word(c, C.C_FIRST) >>> 0, all.word(c, C.C_LAST) >>> 0];
    for (const one of hostsOf(initiatorRoles)) {
      const host = this.#host(realm, one, initiator);
      host.holed += holed[0];
      if (!asked) continue;
      extend(host, firstSec, lastSec);
      host.bothWays ||= answered;
      if (all.isOpenerSaid(c)) {
        host.opened = true;
        if (responderRoles.length === 0) host.elsewhere = true;
        else if (host.reached.size < MOST_REACHED) host.reached.add(responder);
      }
      if (isGlobal(responder))
        for (const flow of flows) {
          const outcome = OUTCOMES[all.flowOutcome(view.move(flow), view.initiator().dir)];
          if (outcome === "established" || outcome === "answered")
            addAnswer(host, view.firstSec, view.lastSec, responder);
        }
    }
    for (const one of hostsOf(responderRoles)) {
      const host = this.#host(realm, one, responder);
      host.holed += holed[1];
      if (!answered) continue;
      extend(host, firstSec, lastSec);
      host.bothWays ||= asked;
      if (asked && initiatorRoles.length > 0 && host.callers.size < MOST_REACHED) host.callers.add(initiator);
    }
  }

  #departed(): Departed {
    this.#seen.departed ??= nobodyDeparted();
    return this.#seen.departed;
  }

  #host(realm: string, { host: { text } }: CastHost, address: string): DepartedHost {
    const { hosts } = this.#departed();
    const key = hostKey(realm, text);
    let host = hosts.get(key);
    if (host === undefined) {
      const never = { firstSec: Number.POSITIVE_INFINITY, lastSec: 0 };
      const shown = { bothWays: false, opened: false, elsewhere: false };
      host = { realm, address, holed: 0, ...never, ...shown, reached: new Set(), callers: new Set(), answers: [] };
      hosts.set(key, host);
    }
    return host;
  }
}

function isOfDevice({ detail }: FlowView): boolean {
  return detail?.sightings.some(({ fact }) => fact.kind === "asset") === true;
}

/** Each once: one may play several roles. */
function hostsOf(played: readonly Played[]): readonly CastHost[] {
  return played
    .map(({ host }) => host)
    .filter((one, i, all) => all.findIndex(({ host }) => host.text === one.host.text) === i);
}

function extend(host: DepartedHost, firstSec: number, lastSec: number): void {
  host.firstSec = Math.min(host.firstSec, firstSec);
  host.lastSec = Math.max(host.lastSec, lastSec);
}

/** Bound hosts that are kept of those whom one called: without the others less is missing of it. */
const MOST_REACHED = 256;

/** False where the database fails. */
async function unlessUnread(done: Promise<boolean>): Promise<boolean> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof Error && error.name === "StoreError") return false;
    throw error;
  }
}

function numberOf({ id }: DepartedConversation): number {
  return departedNumber([Number.parseInt(id.slice(0, 8), 16), Number.parseInt(id.slice(8), 16)]);
}
