/** What a conversation is called: 16 hex digits, made from realm and key, so equal in every run and on every machine. */
import * as R from "../flow/row.ts";
import { C_INITIATOR, C_META, C_PORT_APP, C_RESPONDER } from "./conversation-rows.ts";
import type { Observation } from "./observation.ts";

export class ConversationIds {
  readonly #seen: Observation;
  /** Hashes of realms by number, and of applications by index + 1, so that each is walked once. */
  readonly #realms: readonly Halves[];
  readonly #apps: readonly Halves[];

  constructor(seen: Observation) {
    this.#seen = seen;
    this.#realms = seen.realms.map(hashOf);
    this.#apps = ["", ...seen.decoders.map(({ id }) => id)].map(hashOf);
  }

  /** The two halves of a row's id. */
  of(row: Int32Array, at: number, serverName: string): Halves {
    const meta = row[at + C_META]!;
    const family = (meta >>> 8) & 0xff;
    const portApp = row[at + C_PORT_APP]!;
    const h = new IdHash();
    h.pair(this.#realms[meta >>> 16] ?? NO_TEXT);
    this.#address(h, family, row[at + C_INITIATOR]!);
    this.#address(h, family, row[at + C_RESPONDER]!);
    h.word((meta & 0xff) | ((portApp & 0xffff) << 8) | (family === R.FAMILY_ETH ? 0x0100_0000 : 0));
    h.pair(this.#apps[(portApp >>> 16) & 0xff]!);
    h.pair(serverName === "" ? NO_TEXT : hashOf(serverName));
    return h.end();
  }

  #address(h: IdHash, family: number, word: number): void {
    if (family === 4) h.word(word);
    else for (let i = 0; i < 4; i++) h.word(this.#seen.flows.ipv6.word(word, i));
  }
}

type Halves = [number, number];

function hashOf(text: string): Halves {
  const h = new IdHash();
  for (let i = 0; i < text.length; i++) h.word(text.charCodeAt(i));
  return h.end();
}

/** 64 bits from words, the same on every machine: two murmur-like hashes with fixed seeds. */
class IdHash {
  #a = 0x243f6a88 | 0;
  #b = 0x85a308d3 | 0;

  word(w: number): void {
    this.#a = Math.imul(this.#a ^ w ^ (this.#a >>> 15), 0x85ebca6b);
    this.#b = Math.imul(this.#b ^ Math.imul(w, 0xc2b2ae35) ^ (this.#b >>> 13), 0x27d4eb2f);
  }
  pair(halves: Halves): void {
    this.word(halves[0]);
    this.word(halves[1]);
  }
  end(): Halves {
    let a = this.#a;
    let b = this.#b;
    a = Math.imul(a ^ (a >>> 16), 0x2c1b3c6d);
    b = Math.imul(b ^ (b >>> 16) ^ a, 0x297a2d39);
    return [(a ^ (a >>> 12)) >>> 0, (b ^ (b >>> 15)) >>> 0];
  }
}

const NO_TEXT = hashOf("");

/** 16 hex digits. */
export function idText([high, low]: [number, number]): string {
  return String.fromCharCode(
    digit(high >>> 28),
    digit(high >>> 24),
    digit(high >>> 20),
    digit(high >>> 16),
    digit(high >>> 12),
    digit(high >>> 8),
    digit(high >>> 4),
    digit(high),
    digit(low >>> 28),
    digit(low >>> 24),
    digit(low >>> 20),
    digit(low >>> 16),
    digit(low >>> 12),
    digit(low >>> 8),
    digit(low >>> 4),
    digit(low),
  );
}

/** Code of a hex digit: eight times as fast as `toString(16)` with zeros before it, which each row asks for. */
const digit = (bits: number): number => ((bits & 15) < 10 ? 0x30 : 0x57) + (bits & 15);
