/** What names were asked for and what came back: DNS questions paired with their answers, folded by who asked whom what. */
import { FACT_BITS, saying } from "../decode/details.ts";
import type { AnswerFact, QueryFact, Sighting } from "../decode/facts.ts";
import { compareInstants } from "../time.ts";
import { addressText, FlowView } from "./flow-view.ts";
import { GroupAnswers, type Orphan } from "./group-answers.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

export interface Lookup {
  realm: number;
  client: string;
  server: string;
  name: string;
  type: string;
  /** RCODE's name, `NODATA`, or `TIMEOUT` where no answer was captured. */
  result: string;
  answers: string[];
  capture: number;
  frame: number;
  count: number;
  firstSec: number;
  firstNsec: number;
  lastSec: number;
}

/** Answers listed for one look-up. */
const MOST_ANSWERS = 32;

const ASKING = FACT_BITS.query | FACT_BITS.answer;

/** Whether look-ups of an address are wanted. */
export type IsWanted = (family: number, word: number) => boolean;

/** `copies`: flows that are told of already. `isWanted`: of other clients none are collected. */
export function collectLookups(
  seen: Observation,
  copies: ReadonlyMap<number, number> | null = null,
  isWanted: IsWanted | null = null,
): Lookup[] {
  const folded = new Map<string, Lookup>();
  for (const [key, lookup] of seen.departed?.said.lookups ?? [])
    folded.set(key, { ...lookup, answers: [...lookup.answers] });
  foldLookups(folded, seen, flowsSaying(seen, "query", "answer"), copies, isWanted);
  return [...folded.values()];
}

/** Adds those of some flows. */
export function foldLookups(
  folded: Map<string, Lookup>,
  seen: Observation,
  flows: Iterable<number>,
  copies: ReadonlyMap<number, number> | null = null,
  isWanted: IsWanted | null = null,
): void {
  const view = new FlowView(seen);
  const asked: { flow: number; query: Sighting & { fact: QueryFact } }[] = [];
  const orphans: Orphan[] = [];
  for (const flow of flows) {
    view.move(flow);
    // Who asked everybody is answered in flows of its own.
    if (isWanted !== null && !isWanted(view.family, view.address(0)) && !isWanted(view.family, view.address(1)))
      continue;
    const { detail } = view;
    if (detail === null || copies?.has(flow) === true) continue;
    const adds = (clientDir: 0 | 1): boolean => isWanted === null || isWanted(view.family, view.address(clientDir));
    let waiting: (Sighting & { fact: QueryFact })[] = [];
    // By time, not by place in the file: a mirror port may show the answer before its question.
    for (const sighting of [...saying(detail, ASKING)].sort(compareInstants)) {
      if (sighting.fact.kind === "query") {
        waiting.push(sighting as Sighting & { fact: QueryFact });
      } else if (sighting.fact.kind === "answer") {
        const { fact } = sighting;
        const isAsked = (q: Sighting & { fact: QueryFact }): boolean =>
          q.dir !== sighting.dir && q.fact.id === fact.id && q.fact.name === fact.name && q.fact.type === fact.type;
        const query = waiting.find(isAsked) ?? null;
        // The same question sent again waits for the same answer.
        if (query !== null) waiting = waiting.filter((q) => !isAsked(q));
        if (query === null) orphans.push({ flow, sighting: sighting as Orphan["sighting"] });
        else if (adds(query.dir)) add(folded, seen, view, query, query.dir, fact, fact);
      }
    }
    for (const query of waiting) {
      if (!adds(query.dir)) continue;
      if (view.isGroup(query.dir === 0 ? 1 : 0)) asked.push({ flow, query });
      else add(folded, seen, view, query, query.dir, query.fact, null);
    }
  }
  const answers = asked.length > 0 ? new GroupAnswers(seen, orphans) : null;
  for (const { flow, query } of asked) {
    view.move(flow);
    add(folded, seen, view, query, query.dir, query.fact, answers!.answerTo(view, query));
  }
  // An answer whose question is not in the capture still tells what was asked.
  const unasked = orphans.filter((orphan) => answers?.found.has(orphan) !== true);
  const questions = unasked.some(isError) ? questionsIn(folded) : null;
  for (const orphan of unasked) {
    const { flow, sighting } = orphan;
    const { fact, dir } = sighting;
    const back = dir === 0 ? 1 : 0;
    view.move(flow);
    if (isWanted !== null && !isWanted(view.family, view.address(back))) continue;
    // Where it is, whoever asked takes no error from another server or under another id.
    if (
      isError(orphan) &&
      questions!.has(questionKey(addressText(seen.flows.ipv6, view.family, view.address(back)), view.realm, fact))
    )
      continue;
    add(folded, seen, view, sighting, back, fact, fact);
  }
}

const isError = ({ sighting }: Orphan): boolean => sighting.fact.rcode !== "NOERROR";

/** What was asked by whom, whatever came back. */
function questionsIn(folded: ReadonlyMap<string, Lookup>): Set<string> {
  return new Set([...folded.values()].map((lookup) => questionKey(lookup.client, lookup.realm, lookup)));
}

function questionKey(client: string, realm: number, { type, name }: { type: string; name: string }): string {
  return `${realm}|${client}|${type}|${name}`;
}

/** Where in a list each name was asked for, in the list's order. */
export function placesByName(lookups: readonly Lookup[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [at, { name }] of lookups.entries()) {
    const known = places.get(name);
    if (known === undefined) places.set(name, [at]);
    else known.push(at);
  }
  return places;
}

function add(
  folded: Map<string, Lookup>,
  seen: Observation,
  view: FlowView,
  at: Sighting,
  clientDir: 0 | 1,
  question: { name: string; type: string },
  answer: AnswerFact | null,
): void {
  const client = addressText(seen.flows.ipv6, view.family, view.address(clientDir));
  const server = addressText(seen.flows.ipv6, view.family, view.address(clientDir === 0 ? 1 : 0));
  const result = answer === null ? "TIMEOUT" : answer.rcode === "NOERROR" && !hasData(answer) ? "NODATA" : answer.rcode;
  const key = `${view.realm}|${client}|${server}|${question.type}|${result}|${question.name}`;
  const known = folded.get(key);
  const lookup: Lookup = known ?? {
    realm: view.realm,
    client,
    server,
    name: question.name,
    type: question.type,
    result,
    answers: [],
    capture: at.capture,
    frame: at.frame,
    count: 0,
    firstSec: at.sec,
    firstNsec: at.nsec,
    lastSec: at.sec,
  };
  lookup.count += view.times;
  if (at.sec < lookup.firstSec || (at.sec === lookup.firstSec && at.nsec < lookup.firstNsec)) {
    lookup.capture = at.capture;
    lookup.frame = at.frame;
    lookup.firstSec = at.sec;
    lookup.firstNsec = at.nsec;
  }
  if (at.sec > lookup.lastSec) lookup.lastSec = at.sec;
  for (const record of answer?.records ?? []) {
    if (lookup.answers.length < MOST_ANSWERS && !lookup.answers.includes(record.data)) lookup.answers.push(record.data);
  }
  if (known === undefined) folded.set(key, lookup);
}

function hasData(answer: AnswerFact): boolean {
  if (answer.type === "ANY") return answer.records.length > 0;
  return answer.partial || answer.records.some((record) => record.type === answer.type);
}
