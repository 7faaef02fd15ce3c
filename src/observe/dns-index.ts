/**
 * Which flows of a stored observation gave an address, and which gave a client answers: found out from their bytes, so that answers
 * are made objects only where somebody asks for them. Of a busy network's that is one in a thousand.
 */

import { keyOfAddress } from "../address.ts";
import { type AnswersTold, tellAnswers } from "../decode/details.ts";
import type { Place } from "../report/places.ts";
import { addCovers, answersIn } from "./dns-answers.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";

/** An address: of IPv4 its number, else its text. */
type Key = number | string;

export class DnsIndex {
  /** Public names of ECH configurations, as `addCovers` has them. */
  readonly covers = new Map<string, Map<string, Place>>();
  readonly #seen: Observation;
  /** By realm. */
  readonly #byAddress: FlowLists[];
  readonly #byClient: FlowLists[];

  /** `flows`: those that say answers. */
  constructor(seen: Observation, flows: Int32Array) {
    this.#seen = seen;
    this.#byAddress = seen.realms.map(() => new FlowLists());
    this.#byClient = seen.realms.map(() => new FlowLists());
    const view = new FlowView(seen);
    const covering: number[] = [];
    let byAddress = NO_LISTS;
    let byClient = NO_LISTS;
    const told: AnswersTold = {
      answer: (dir) => byClient.add(this.#keyOf(view, dir === 0 ? 1 : 0), view.flow),
      address: (key) => byAddress.add(key, view.flow),
      cover: () => covering.push(view.flow),
    };
    for (const flow of flows) {
      view.move(flow);
      byAddress = this.#byAddress[view.realm] ?? NO_LISTS;
      byClient = this.#byClient[view.realm] ?? NO_LISTS;
      if (view.detail !== null) tellAnswers(view.detail, told);
    }
    if (covering.length > 0) answersIn(seen, new Set(covering), (answered) => addCovers(this.covers, answered));
  }

  /** Flows in which this address was given, in order; a few of others may be among them. */
  giving(realm: number, key: Key): number[] {
    return this.#byAddress[realm]?.of(key) ?? [];
  }

  /** Flows in which this client was given an answer. */
  toClient(realm: number, client: string): number[] {
    return this.#byClient[realm]?.of(keyOfAddress(client)) ?? [];
  }

  #keyOf(view: FlowView, dir: 0 | 1): Key {
    const word = view.address(dir);
    return view.family === 4 ? word : addressText(this.#seen.flows.ipv6, view.family, word);
  }
}

/** Whether it is less work than making all of them: where some of these flows are stored ones. */
export function isWorthIndexing(seen: Observation, flows: Int32Array): boolean {
  const view = new FlowView(seen);
  return flows.some((flow) => view.move(flow).detail?.answers !== undefined);
}

/** Flows by a key, in order. */
class FlowLists {
  /** By key: its newest entry. */
  readonly #newest = new Map<Key, number>();
  readonly #flows: number[] = [];
  /** By entry: the one before of the same key, or -1. */
  readonly #before: number[] = [];

  add(key: Key, flow: number): void {
    const newest = this.#newest.get(key) ?? -1;
    if (newest >= 0 && this.#flows[newest] === flow) return;
    this.#newest.set(key, this.#flows.length);
    this.#flows.push(flow);
    this.#before.push(newest);
  }

  of(key: Key): number[] {
    const found: number[] = [];
    for (let at = this.#newest.get(key) ?? -1; at >= 0; at = this.#before[at]!) found.push(this.#flows[at]!);
    return found.reverse();
  }
}
const NO_LISTS = new FlowLists();
