/** What a run was judged by, one after the other, and how much of what left its memory keeps the verdicts of each. */
import type { KeptJudgements } from "../conform/kept.ts";
import { number, plural } from "../report/words.ts";

interface Counts {
  judged: number;
  rest: number;
  lookups: number;
}

interface Load extends Counts {
  models: string;
  /** When what was loaded then was first judged by. */
  since: string;
}

export class Loads {
  readonly #all = new Map<number, Load>();
  #now = 0;

  /** That it is judged by these now. */
  are({ loads, models }: Pick<KeptJudgements, "loads" | "models">): void {
    if (loads === this.#now) return;
    this.#now = loads;
    const since = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    this.#all.set(loads, {
      ...{ judged: 0, rest: 0, lookups: 0 },
      ...{ models: models.map(({ model }) => model.name).join(", "), since },
    });
    for (const [load, counts] of this.#all) if (load !== loads && total(counts) === 0) this.#all.delete(load);
  }

  count(load: number, { judged = 0, rest = 0, lookups = 0 }: Partial<Counts>): void {
    const known = this.#all.get(load);
    if (known === undefined) return;
    known.judged += judged;
    known.rest += rest;
    known.lookups += lookups;
  }

  nobodyLeft(): void {
    for (const known of this.#all.values()) Object.assign(known, { judged: 0, rest: 0, lookups: 0 });
  }

  /** Conversations that keep the verdicts of what was loaded before. */
  get before(): number {
    return this.#before().reduce((sum, { judged, rest }) => sum + judged + rest, 0);
  }

  /** How much keeps the verdicts of what, a sentence each. */
  sentences(): string[] {
    return this.#before().map(({ judged, rest, lookups, models, since }) => {
      const said = lookups === 0 ? "" : ` and ${plural(lookups, "look-up")}`;
      const all = `${plural(judged + rest, "conversation")} (${number(judged)} of them judged)${said}`;
      return `${all} had left memory and keep the verdicts by what was loaded at ${since}: ${models}.`;
    });
  }

  #before(): Load[] {
    return [...this.#all].flatMap(([load, counts]) => (load === this.#now || total(counts) === 0 ? [] : [counts]));
  }
}

const total = ({ judged, rest, lookups }: Counts): number => judged + rest + lookups;
