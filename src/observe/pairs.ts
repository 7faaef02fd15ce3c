/**
 * Which answer belongs to which question of a flow, by the protocol's own id: STUN's transaction, SNMP's request, NTP's origin,
 * of DNS the question too. What comes back under another id is the answer to something else, and proves nothing of what was asked.
 */
import type { Sighting } from "../decode/facts.ts";

/** A question and its answer; `foreign`: answers to none of its questions; null: ids don't tell. */
export type Pairing = { readonly question: Sighting; readonly answers: readonly [Sighting] } | Foreign | null;
export interface Foreign {
  readonly question: null;
  readonly answers: readonly Sighting[];
}

/** Facts of one flow up to which looking at each is quicker than making a table. */
const FEW = 64;
const LONG = new WeakMap<readonly Sighting[], { count: number; pairing: Pairing }>();

/** Of datagrams; whichever end asked. */
export function pairingOf(sightings: readonly Sighting[]): Pairing {
  if (sightings.length <= FEW) return findPair(sightings, find);
  const known = LONG.get(sightings);
  if (known?.count === sightings.length) return known.pairing;
  const questions = new Map<string, Sighting>();
  for (const sighting of sightings) {
    const id = questionId(sighting);
    if (id !== null && !questions.has(`${sighting.dir} ${id}`)) questions.set(`${sighting.dir} ${id}`, sighting);
  }
  const pairing = findPair(sightings, (_, id, dir) => questions.get(`${dir} ${id}`));
  LONG.set(sightings, { count: sightings.length, pairing });
  return pairing;
}

type Find = (sightings: readonly Sighting[], id: string, dir: 0 | 1) => Sighting | undefined;

const find: Find = (sightings, id, dir) => sightings.find((one) => one.dir === dir && questionId(one) === id);

function findPair(sightings: readonly Sighting[], questionOf: Find): Pairing {
  // An answer that repeats its question is told by that, and by its id alone where it does not.
  const named = sightings.some(({ fact }) => fact.kind === "answer");
  const answers: Sighting[] = [];
  for (const sighting of sightings) {
    const id = answerId(sighting, named);
    if (id === null) continue;
    if (id === "") return null;
    const question = questionOf(sightings, id, sighting.dir === 0 ? 1 : 0);
    if (question !== undefined) return { question, answers: [sighting] };
    answers.push(sighting);
  }
  const asks = answers.length > 0 && sightings.some((one) => (questionId(one) ?? "") !== "");
  return asks ? { question: null, answers } : null;
}

function questionId({ fact }: Sighting): string | null {
  if (fact.kind === "query") return `${fact.id} ${fact.type} ${fact.name}`;
  return fact.kind === "message" && fact.what === "request" ? fact.id : null;
}

function answerId({ fact }: Sighting, named: boolean): string | null {
  if (fact.kind === "answer") return `${fact.id} ${fact.type} ${fact.name}`;
  return !named && fact.kind === "message" && fact.what === "response" ? fact.id : null;
}
