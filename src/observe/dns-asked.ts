/**
 * What was asked and what came back to it, in one flow of DNS. A question gets one answer: where more came that differ than it
 * was sent, one of them at least is nobody's (two in a race, of which one is forged), and no capture says which. Sent again it may
 * well be answered otherwise, as names with many addresses are.
 */
import type { AnswerFact, QueryFact, Sighting } from "../decode/facts.ts";
import { LIMITS } from "../limits.ts";

/** The question of an answer, and answers that contend with that: to the same question, which was not sent often enough for all. */
export interface Asked {
  readonly question: Sighting | undefined;
  readonly rivals: readonly Sighting[];
}

/** One question, each time that it was sent, and all that came back to it. */
class Exchange {
  readonly questions: Sighting[] = [];
  readonly answers: Sighting[] = [];
  /** By what an answer says: made where there are several. */
  #asked: Map<string, Asked> | null = null;

  of(answer: AnswerFact): Asked {
    if (this.answers.length === 1 || this.questions.length === 0) return { question: this.questions[0], rivals: NONE };
    this.#asked ??= this.#told();
    return this.#asked.get(wordsOf(answer))!;
  }

  #told(): Map<string, Asked> {
    const { questions } = this;
    const different = new Map<string, Sighting>();
    for (const one of this.answers) {
      const words = wordsOf(one.fact as AnswerFact);
      if (!different.has(words)) different.set(words, one);
    }
    if (different.size <= questions.length)
      return new Map([...different.keys()].map((words, i) => [words, { question: questions[i], rivals: NONE }]));
    const first = [...different.values()].slice(0, MOST_RIVALS);
    return new Map(
      [...different].map(([words, own]) => {
        const rivals = first.filter((one) => one !== own);
        return [words, { question: questions[0], rivals }];
      }),
    );
  }
}
const NONE: readonly Sighting[] = [];
/** One more than are listed, so that the count tells that there were more. */
const MOST_RIVALS = LIMITS.evidenceFrames + 1;

/** `sightings`: what one flow says, with all its questions and answers. */
export function askedIn(sightings: readonly Sighting[]): (answer: AnswerFact, dir: 0 | 1) => Asked {
  if (sightings.length <= FEW && !sightings.some((one, i) => isAgain(one, i, sightings)))
    return (answer, dir) => ({ question: sightings.find((one) => asks(one, answer, back(dir))), rivals: NONE });
  const exchanges = new Map<string, Exchange>();
  const exchangeOf = (clientDir: 0 | 1, { id, name, type }: Pick<AnswerFact, "id" | "name" | "type">): Exchange => {
    const key = `${clientDir} ${id} ${type} ${name}`;
    const known = exchanges.get(key);
    if (known !== undefined) return known;
    const exchange = new Exchange();
    exchanges.set(key, exchange);
    return exchange;
  };
  for (const sighting of sightings) {
    const { fact, dir } = sighting;
    if (fact.kind === "query") exchangeOf(dir, fact).questions.push(sighting);
    else if (fact.kind === "answer") exchangeOf(back(dir), fact).answers.push(sighting);
  }
  return (answer, dir) => exchangeOf(back(dir), answer).of(answer);
}

/** A flow of few facts is looked through. */
const FEW = 8;

const asks = ({ fact, dir }: Sighting, answer: AnswerFact, clientDir: 0 | 1): boolean =>
  fact.kind === "query" && dir === clientDir && isTo(fact, answer);

/** An answer to what another one before it is to. */
const isAgain = ({ fact, dir }: Sighting, at: number, sightings: readonly Sighting[]): boolean =>
  fact.kind === "answer" &&
  sightings.some((one, i) => i < at && one.fact.kind === "answer" && one.dir === dir && isTo(one.fact, fact));

const isTo = (a: QueryFact | AnswerFact, b: AnswerFact): boolean =>
  a.id === b.id && a.name === b.name && a.type === b.type;

const back = (dir: 0 | 1): 0 | 1 => (dir === 0 ? 1 : 0);

/** Whatever the order of its records, and what is left of their lifetimes. */
function wordsOf({ rcode, records }: AnswerFact): string {
  return [rcode, ...records.map(({ name, type, data }) => `${type} ${name} ${data}`).sort()].join("\n");
}
