/** What leaves a run's memory and comes back, without a database, and how both are held against a run that kept all. */
import type { ExecutionContext } from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Ager } from "../../src/live/age.ts";
import { Attic } from "../../src/live/attic.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { judge, judgeInSteps, type RunOptions } from "../../src/pipeline.ts";
import type { ConversationRow, RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { ChunkedRest } from "../../src/store/rest.ts";
import { DEPARTED, type DepartingRow } from "../../src/store/store.ts";
import { equal } from "../support/equal.ts";

const GROUPS = /^22[4-9]\.|^23\d\.|^ff|\.255$/;

/** What people act on, and what of a conversation is in the database alone. */
export function verdicts(
  { judged, rest, rules, lookups, quality, run }: RunResult,
  gone: readonly ConversationRow[] = [],
) {
  const counts = [...judged, ...rest.rows(), ...gone].map((c) =>
    [c.conversation_id, c.verdict, c.rule_id, c.reason_code, c.outcome, c.flows, c.packets, c.bytes, c.last_seen].join(
      " ",
    ),
  );
  return {
    counts: counts.sort(),
    rules: rules.map((rule) => [rule.rule_id, rule.status, rule.reason_code, rule.conversations].join(" ")),
    bindings: run.bindings,
    quality: [quality.flows, quality.conversations, quality.one_sided],
    // A group's answer is found by its time, which the first of several equal ones has.
    lookups: lookups
      .filter(({ server }) => !GROUPS.test(server))
      .map((one) => [one.client, one.name, one.type, one.result, one.verdict, one.count].join(" "))
      .sort(),
  };
}

/** A database of departed conversations that is only their parts. */
export class Shelf {
  readonly rows = new Map<number, DepartingRow>();
  most = 0;
  came = 0;
  /** Look-ups that left. */
  lookups = 0;

  attic(seen: Observation, kept: KeptJudgements, ager: Ager, mostBack?: number): Attic {
    const hooks = {
      departed: async (seqs: readonly number[] | null) =>
        (seqs ?? [...this.rows.keys()]).flatMap((seq) => this.rows.get(seq)?.part ?? []),
      isSettled: () => true,
      left: () => false,
      back: () => {},
    };
    return new Attic(seen, kept, ager, hooks, 0, 1, mostBack);
  }

  write(attic: Attic): void {
    const { leave, back } = attic.moves;
    for (const { seq } of back) this.rows.delete(seq);
    for (const row of leave) this.rows.set(row.seq, row);
    this.came += back.length;
    this.most = Math.max(this.most, this.rows.size);
    attic.written();
    this.lookups = attic.counts?.lookups?.count ?? 0;
  }

  gone(): ConversationRow[] {
    return [...this.rows.values()].flatMap(({ row }) =>
      row === null ? [] : typeof row === "string" ? [...new ChunkedRest(1, () => [row], "unrelated").rows()] : [row],
    );
  }
}

/** A run that is judged, lets go of what it can, and takes back what speaks again. */
export class LettingGo {
  readonly shelf = new Shelf();
  #options: RunOptions;
  readonly #kept = new KeptJudgements();
  readonly #mostBack: number | undefined;
  #attic: Attic | null = null;

  /** `mostBack`: as `Attic` has it. */
  constructor(options: RunOptions, mostBack?: number) {
    this.#options = options;
    this.#mostBack = mostBack;
  }

  /** Models, site and bindings are others from now on. Returns what is said of conversations that keep their verdicts. */
  async judgeBy(options: RunOptions, seen: Observation): Promise<string[]> {
    this.#options = options;
    await this.#attic?.judgeAnew();
    this.#judged(seen);
    this.#attic?.isStale();
    return this.#attic?.loads.sentences() ?? [];
  }

  #judged(seen: Observation): RunResult {
    return atOnce(judgeInSteps(seen, this.#options, "", false, this.#kept));
  }

  async settled(seen: Observation): Promise<RunResult> {
    const result = this.#judged(seen);
    return (await this.#attic?.recall(true)) === true ? this.#judged(seen) : result;
  }

  /** A checkpoint. */
  async letGo(seen: Observation): Promise<void> {
    this.#attic ??= this.shelf.attic(seen, this.#kept, new Ager(seen, 0), this.#mostBack);
    await this.#attic.clear(await this.settled(seen));
    this.shelf.write(this.#attic);
  }

  /** Its end, and its database, say what is said where all has stayed. Look-ups that left may be in the database alone. */
  async isAs(t: ExecutionContext, seen: Observation, whole: RunResult, say = verdicts): Promise<void> {
    const expected = say(whole);
    const result = await this.settled(seen);
    if (this.#attic !== null) this.shelf.write(this.#attic);
    const there = say(result, this.shelf.gone());
    equal(t, this.shelf.lookups === 0 ? there : { ...there, lookups: expected.lookups }, expected);
    const parts = [...this.shelf.rows.values()].map(({ seq, part }) => ({ kind: DEPARTED, seq, data: part }));
    const again = await decodeObservation([...encodeObservation(seen), ...parts], DECODERS);
    equal(t, say(judge(again, this.#options, "", false)), expected);
  }
}
