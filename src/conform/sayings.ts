/** Whether a model or a site says some text: then nobody could tell whose word it is in a sentence. */
import type { Model } from "../model/types.ts";

/** Texts that are looked for before its words are worth being told apart, which takes as long as some hundred looks. */
const FEW = 64;
const WORD = /^[\w-]+$/;
const PORTS = 65_536;
/** Digits behind a slash: a port, a part of one, or anything else. */
const NUMBERS = /\/(\d{1,5})/g;

/** All that somebody says as one text, and in small letters once more. */
export class Sayings {
  readonly #text: string;
  #words: ReadonlySet<string> | null = null;
  #ports: Uint8Array | null = null;
  #asked = 0;

  constructor(said: unknown) {
    const text = JSON.stringify(said);
    this.#text = `${text}\n${text.toLowerCase()}`;
  }

  /** Whether it says `/PORT`, be it as a part of something longer. */
  hasPort(port: number): boolean {
    this.#ports ??= portsIn(this.#text);
    return this.#ports[port] === 1;
  }

  /** Whether it says a name or an address. */
  names(text: string): boolean {
    if (this.#asked++ >= FEW) {
      // Of three words and more the inner ones are whole ones wherever the text stands: where one is none, the text is not there.
      this.#words ??= new Set(this.#text.split(/[^\w-]+/));
      for (let at = text.indexOf("."), to = text.indexOf(".", at + 1); to >= 0; to = text.indexOf(".", at + 1)) {
        const inner = text.slice(at + 1, to);
        if (WORD.test(inner) && !this.#words.has(inner)) return false;
        at = to;
      }
    }
    return this.#text.includes(text);
  }
}

function portsIn(text: string): Uint8Array {
  const ports = new Uint8Array(PORTS);
  for (const [, digits] of text.matchAll(NUMBERS))
    for (let length = digits!.startsWith("0") ? 1 : digits!.length; length > 0; length--)
      ports[Number(digits!.slice(0, length))] = 1; // beyond the last port it goes nowhere
  return ports;
}

const known = new WeakMap<Model, Sayings>();

/** What a model says, which is made once: all judgements by it ask the same. */
export function sayingsOf(model: Model): Sayings {
  const said = known.get(model) ?? new Sayings(model);
  known.set(model, said);
  return said;
}
