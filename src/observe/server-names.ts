/** Names that clients sent first, each once, and which of them a flow has. */
import type { FlowDetail, NameNumbers } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";

export class ServerNames implements NameNumbers {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The name's place among all, from 1. */
  of(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.all.push(name);
      this.#numbers.set(name, number);
    }
    return number;
  }
}

/** The name that the end that sends in a direction sent first, as its number; 0 where it sent none. */
export function sentName(detail: FlowDetail, dir: 0 | 1, numbers: NameNumbers): number {
  return detail.sentName === undefined ? nameAmong(detail.sightings, dir, numbers) : detail.sentName(dir, numbers);
}

export function nameAmong(sightings: readonly Sighting[], dir: 0 | 1, numbers: NameNumbers): number {
  for (const { fact, dir: sent } of sightings)
    if (sent === dir && fact.kind === "name" && fact.source !== "certificate") return numbers.of(fact.name);
  return 0;
}
