/**
 * What look-ups that have left a live run's memory for its database (`live/names.ts`) still tell: a row for each kind of them, and
 * from when to when an answer gave a client an address. A host asks for the few names of its documents all day, and mostly gets
 * the same few addresses: of a thousand look-ups these are what differs.
 */

import type { Place } from "../report/places.ts";
import {
  AT_LEAST_SEC,
  addCovers,
  answersIn,
  type Given,
  type NameAnswer,
  readAnswer,
  type WholeAnswer,
} from "./dns-answers.ts";
import { addressKey, nameKey } from "./dns-evidence.ts";
import { foldLookups, type Lookup } from "./lookups.ts";
import type { Observation } from "./observation.ts";

/** Answers alike, in the order of their times; each for a day at most, but for those of long ago. */
interface Told<One extends Given> {
  realm: number;
  client: string;
  given: One[];
}

export interface DepartedLookups {
  /** As they are folded (`lookups.ts`). */
  lookups: Map<string, Lookup>;
  /** By what they say, without times. */
  names: Map<string, Told<NameAnswer>>;
  /** Of each address by itself: together they say as much as the answers did. */
  wholes: Map<string, Told<WholeAnswer>>;
  covers: Map<string, Map<string, Place>>;
}

export function nothingSaid(): DepartedLookups {
  return { lookups: new Map(), names: new Map(), wholes: new Map(), covers: new Map() };
}

/** How much there is to keep. */
export function sizeOf({ lookups, names, wholes, covers }: DepartedLookups): number {
  return lookups.size + names.size + wholes.size + covers.size;
}

/** Adds what was looked up in these flows, which are about to leave. Of groups there are none among them. */
export function addDeparting(into: DepartedLookups, seen: Observation, flows: readonly number[]): void {
  foldLookups(into.lookups, seen, flows);
  answersIn(seen, flows, (answered) => {
    const { realm, client, question } = answered;
    addCovers(into.covers, answered);
    if (question === null) return;
    const { names, whole } = readAnswer({ ...answered, question }, false);
    for (const one of names)
      add(
        into.names,
        [realm, client, one.address, one.name, ...one.aliases, ...contended(one)],
        { realm, client },
        one,
      );
    if (whole === null) return;
    const addresses = whole.addresses.length === 0 ? [null] : whole.addresses;
    for (const address of addresses)
      add(
        into.wholes,
        [realm, client, address ?? "", whole.name, ...contended(whole)],
        { realm, client },
        {
          ...whole,
          addresses: address === null ? [] : [address],
        },
      );
  });
}

/** An answer that another one contends with is none of those that nothing does. */
const contended = ({ rivals }: Given): readonly string[] => (rivals.length === 0 ? [] : ["contended"]);

function add<One extends Given>(
  into: Map<string, Told<One>>,
  says: readonly (string | number)[],
  who: { realm: number; client: string },
  one: One,
): void {
  const key = says.join("|");
  const told = into.get(key);
  if (told === undefined) {
    into.set(key, { ...who, given: [one] });
    return;
  }
  const { given } = told;
  // The first of a day, so that whatever rests on the others rests on an answer that itself still held.
  const within = (known: One): boolean =>
    Math.max(known.lastSec, one.lastSec) - Math.min(known.sec, one.sec) <= AT_LEAST_SEC;
  const at = given.findIndex(within);
  if (at >= 0) given[at] = joined(given[at]!, one);
  else {
    given.push(one);
    given.sort((a, b) => a.sec - b.sec);
  }
}

/** One for both, from the first to the last of them. */
function joined<One extends Given & { freshSec?: number; untilSec?: number }>(a: One, b: One): One {
  const [first, other] = b.sec < a.sec ? [b, a] : [a, b];
  const both = { ...first, lastSec: Math.max(first.lastSec, other.lastSec) };
  if (both.freshSec !== undefined) both.freshSec = Math.max(both.freshSec, other.freshSec ?? 0);
  if (both.untilSec !== undefined) both.untilSec = Math.max(both.untilSec, other.untilSec ?? 0);
  return both;
}

/**
 * Of answers that hold no longer, and of which nothing in memory has `asked`, those that followed each other within a day
 * become one: of weeks only pauses are left.
 */
export function forgetDays({ names, wholes }: DepartedLookups, asked: ReadonlySet<string>, nowSec: number): void {
  for (const { realm, given } of names.values())
    if (given.length > 1 && !asked.has(addressKey(realm, given[0]!.address))) joinDays(given, nowSec);
  for (const { realm, client, given } of wholes.values())
    if (given.length > 1 && !asked.has(nameKey(realm, client, given[0]!.name))) joinDays(given, nowSec);
}

function joinDays<One extends Given & { untilSec?: number }>(given: One[], nowSec: number): void {
  const days = given.splice(0);
  for (const one of days) {
    const before = given.at(-1);
    const isOver = (one.untilSec ?? one.lastSec + AT_LEAST_SEC) < nowSec;
    if (before !== undefined && isOver && one.sec - before.lastSec <= AT_LEAST_SEC)
      given[given.length - 1] = joined(before, one);
    else given.push(one);
  }
}
