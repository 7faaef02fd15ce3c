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
import type { KeptJudgements } from "../conform/kept.ts";
import * as R from "../flow/row.ts";
import { addClaims } from "../observe/assets.ts";
import * as C from "../observe/conversations.ts";
import {
  type Departed,
  type DepartedConversation,
  decodeDeparted,
  departedConversation,
  departedNumber,
  encodeDeparted,
  nobodyDeparted,
  protocolKey,
  putBack,
} from "../observe/departed.ts";
import { countUse } from "../observe/departed-uses.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { Rest } from "../observe/rest.ts";
import type { DepartedCounts, RunResult } from "../report/result.ts";
import type { DepartingRow, Moves } from "../store/store.ts";
import type { Ager } from "./age.ts";
import { RestedNames } from "./group-talk.ts";
import { rememberHosts } from "./hosts.ts";
import { Chooser, type Leaving } from "./leaving.ts";
import { Loads } from "./loads.ts";
import { NameAttic } from "./names.ts";
import { STANDING } from "./standing.ts";

/** What surrounds it: the database, and what has been told of findings. */
export interface AtticHooks {
  /** Parts of departed conversations that are in the database, by their numbers; null: all of them. */
  departed(seqs: readonly number[] | null): Promise<Uint8Array[]>;
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
/** What may come back together: conversations, and bytes of their parts. Reading them and judging all anew keeps packets waiting for a second. */
const MOST_BACK = 20_000;
const MOST_BACK_BYTES = 32 << 20;

export class Attic {
  readonly #seen: Observation;
  readonly #kept: KeptJudgements;
  readonly #ager: Ager;
  readonly #hooks: AtticHooks;
  readonly #stay: number;
  readonly #standing: number;
  readonly #mostBack: number;
  /** By number: taken out, and not yet in the database. */
  readonly #leaving = new Map<number, { row: DepartingRow; one: DepartedConversation }>();
  /** Put back, and still in the database as departed. */
  #back: { seq: number; id: string }[] = [];
  /** Numbers of conversations in memory of which it is known that nothing of them is in the database. */
  #asked = new Set<number>();
  #counts: DepartedCounts = { judged: 0, rest: 0, verdicts: {} };
  readonly loads = new Loads();
  /** Of the parts of all that has left. */
  #bytes = 0;
  #anew: number;
  readonly #names: NameAttic;

  /** `stay`, `standing`: for tests; verdicts never depend on them. `mostBack`: the same. */
  constructor(
    seen: Observation,
    kept: KeptJudgements,
    ager: Ager,
    hooks: AtticHooks,
    stay?: number,
    standing: number = STANDING,
    mostBack: number = MOST_BACK,
  ) {
    this.#seen = seen;
    this.#kept = kept;
    this.#ager = ager;
    this.#hooks = hooks;
    this.#stay = stay ?? STAY;
    this.#standing = standing;
    this.#mostBack = mostBack;
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
    this.loads.are(this.#kept);
    const stale = this.#kept.anew !== this.#anew && this.counts !== null;
    this.#anew = this.#kept.anew;
    return stale;
  }

  /**
   * Something else is judged by: all that has left comes back, and leaves again as it is judged now. Where that is too much for
   * once it stays, with the verdicts that it has, and no rule counts it. False where the database cannot be read: it is tried again.
   */
  async judgeAnew(): Promise<boolean> {
    if (this.#seen.departed === undefined && this.#bytes === 0) return true;
    const { judged, rest } = this.#counts;
    if (judged + rest <= this.#mostBack && this.#bytes <= MOST_BACK_BYTES) return unlessUnread(this.#bringBack());
    this.#departed().judgedOtherwise = true;
    return true;
  }

  async #bringBack(): Promise<boolean> {
    const parts = await this.#hooks.departed(null);
    const known = new Set(this.#back.map(({ seq }) => seq));
    const all: DepartedConversation[] = [];
    for (const data of parts) {
      const one = decodeDeparted(data);
      const seq = numberOf(one);
      if (known.has(seq)) continue;
      this.#back.push({ seq, id: one.id });
      all.push(one);
    }
    for (const { one } of this.#leaving.values()) all.push(one);
    this.#leaving.clear();
    for (const { part } of this.#names.isBack()) all.push(decodeDeparted(part));
    for (const one of all) {
      putBack(this.#seen, one);
      if (one.told) this.#hooks.back(one.id);
    }
    this.#counts = { judged: 0, rest: 0, verdicts: {} };
    this.#bytes = 0;
    this.loads.nobodyLeft();
    this.#asked.clear();
    delete this.#seen.departed;
    this.#kept.nobodyLeft();
    return true;
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
        this.#bytes -= leaving.row.part.length;
        came += this.#comesBack(leaving.one);
      }
    }
    for (let from = 0; from < seqs.length; from += BATCH) {
      for (const data of await this.#hooks.departed(seqs.slice(from, from + BATCH))) {
        const one = decodeDeparted(data);
        const seq = numberOf(one);
        if (wanted.get(seq) !== one.id || this.#back.some((known) => known.seq === seq)) continue;
        this.#back.push({ seq, id: one.id });
        this.#bytes -= data.length;
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
    this.loads.count(load, { judged: verdict === null ? 0 : by, rest: verdict === null ? by : 0 });
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
    this.loads.are(this.#kept);
    const { shelved, leaving } = this.#names;
    const before = leaving.length;
    const said = this.#names.clear(result);
    for (const { part } of this.#names.leaving.slice(before)) this.#bytes += part.length;
    this.loads.count(this.#kept.loads, { lookups: this.#names.shelved - shelved });
    const left = await unlessUnread(this.#clear(result));
    if (said || left) this.#kept.someLeft();
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
      const part = encodeDeparted(one);
      this.#bytes += part.length;
      this.#leaving.set(seq, { row: { seq, part, row: row ?? rest.text(c) }, one });
      this.#count(one, 1);
      if (clock !== null) this.#departed().clocks.set(one.id, clock);
      if (judged !== null) rememberHosts(this.#departed(), all, judged, view);
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

  #departed(): Departed {
    this.#seen.departed ??= nobodyDeparted();
    return this.#seen.departed;
  }
}

function isOfDevice({ detail }: FlowView): boolean {
  return detail?.sightings.some(({ fact }) => fact.kind === "asset") === true;
}

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
