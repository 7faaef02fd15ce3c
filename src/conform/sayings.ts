/** Whether a model or a site says some text: then nobody could tell whose word it is in a sentence. */
import type { Model } from "../model/types.ts";

/** Texts that are looked for before its words are worth being told apart, which takes as long as some hundred looks. */
const FEW = 64;
const WORD = /^[\w-]+$/;

/** All that somebody says as one text, and in small letters once more. */
export class Sayings {
  readonly #text: string;
  #words: ReadonlySet<string> | null = null;
  #asked = 0;

  constructor(said: unknown) {
    const text = JSON.stringify(said);
    this.#text = `${text}\n${text.toLowerCase()}`;
  }

  has(text: string): boolean {
    return this.#text.includes(text);
  }

  /** The same, of a name or an address. */
  names(text: string): boolean {
    const [, inner, ...more] = text.split(".");
    if (inner !== undefined && more.length > 0 && this.#asked++ >= FEW && WORD.test(inner)) {
      // Of three words and more the second is a whole one wherever the text stands: where it is none, the text is not there.
      this.#words ??= new Set(this.#text.split(/[^\w-]+/));
      if (!this.#words.has(inner)) return false;
    }
    return this.has(text);
  }
}

const known = new WeakMap<Model, Sayings>();

/** What a model says, which is made once: all judgements by it ask the same. */
export function sayingsOf(model: Model): Sayings {
  const said = known.get(model) ?? new Sayings(model);
  known.set(model, said);
  return said;
}
