/**
 * Flows that belong to another one's conversation: answers from another port or address, and channels that were agreed on
 * elsewhere (`ExpectFlowFact`). Worked out from the whole observation, so that slices merged give what the whole gives.
 *
 *     client:40000 ──▶ server:69      read request: "I wait at 40000"            its conversation: udp/69, tftp
 *     client:40000 ◀── server:51731   data                                       folds into it
 *
 * A fold needs the message that says so, both ends, and a beginning within `WITHIN_SEC` of it. A flow in which another
 * application is spoken than was agreed on stays what it is. The newest message before it that fits has it; a flow folds once.
 */
import { parseAddress } from "../address.ts";
import type { ExpectFlowFact, Sighting } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import { LIMITS } from "../limits.ts";
import { compareInstants } from "../time.ts";
import type { Answer } from "./everybody.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

export interface Fold {
  /** The flow into whose conversation it folds, and the message there that says so. */
  into: number;
  sighting: Sighting;
}

/** Seconds after the message within which the other flow begins: passive FTP and ringing telephones wait that long. */
const WITHIN_SEC = 120;
/** What came a little before it: answers that overtake their question on the way to the capture. */
const BEFORE_SEC = 1;

interface Expected {
  flow: number;
  sighting: Sighting;
  fact: ExpectFlowFact;
  /** Who waits, and whom the message went to; null where that can be anybody. */
  near: string | null;
  far: string | null;
}

/** By flow: what it folds into. `answers`: to questions that were asked of everybody. */
export function findFolds(seen: Observation, answers: readonly Answer[] = []): Map<number, Fold> {
  const folds = new Map<number, Fold>();
  for (const { flow, question, asked, folds: isPart } of answers)
    if (isPart) folds.set(flow, { into: question, sighting: asked });
  const expected = readExpected(seen);
  if (expected.size === 0) return rooted(folds);
  const view = new FlowView(seen);
  for (let flow = 0; flow < seen.flows.table.count; flow++) {
    view.move(flow);
    if (view.proto !== TCP && view.proto !== UDP) continue;
    let best: Expected | null = null;
    for (const dir of [0, 1] as const) {
      for (const one of candidates(expected, view, dir)) {
        if (one.flow === flow || !fits(one, view, dir, seen)) continue;
        if (best === null || isCloser(one, best, view)) best = one;
      }
    }
    if (best !== null) folds.set(flow, { into: best.flow, sighting: best.sighting });
  }
  return rooted(folds);
}

/** The newest message before the flow began; where there is none, the first one that it overtook. */
function isCloser(one: Expected, than: Expected, { firstSec, firstNsec }: FlowView): boolean {
  const came = (expected: Expected): boolean =>
    compareInstants(expected.sighting, { sec: firstSec, nsec: firstNsec }) <= 0;
  if (came(one) !== came(than)) return came(one);
  const order = compareInstants(one.sighting, than.sighting);
  return came(one) ? order > 0 : order < 0;
}

function readExpected(seen: Observation): Map<string, Expected[]> {
  const expected = new Map<string, Expected[]>();
  const view = new FlowView(seen);
  let count = 0;
  for (const flow of flowsSaying(seen, "expect-flow")) {
    for (const sighting of view.move(flow).detail?.sightings ?? []) {
      const { fact, dir } = sighting;
      if (fact.kind !== "expect-flow" || fact.announced === true) continue;
      if (++count > LIMITS.expectedFlows) {
        seen.caps.hit("expectedFlows");
        return sorted(expected);
      }
      const sender = textOf(seen, view, dir);
      const back = dir === 0 ? 1 : 0;
      if (isElsewhere(fact, sender)) continue;
      const one: Expected = {
        flow,
        sighting,
        fact,
        near: fact.address ?? (isUnspecified(sender) ? null : sender),
        far: view.isGroup(back) ? null : textOf(seen, view, back),
      };
      const key = keyOf(view.realm, fact.transport === "tcp" ? TCP : UDP, fact.port ?? view.port(dir), fact.id);
      const list = expected.get(key);
      if (list === undefined) expected.set(key, [one]);
      else if (list.length < LIMITS.expectedOfPort) list.push(one);
      else seen.caps.hit("expectedOfPort");
    }
  }
  return sorted(expected);
}

/**
 * True for a data channel of FTP to a third host (RFC 959 section 5.2 allows it, RFC 2577 section 3 warns of it): what is
 * documented for the server says nothing of that host, so such a channel stands for itself.
 */
function isElsewhere({ app, address }: ExpectFlowFact, sender: string): boolean {
  return app === FTP_DATA && address !== null && address !== sender;
}

const FTP_DATA = "ftp-data";

function sorted(expected: Map<string, Expected[]>): Map<string, Expected[]> {
  for (const list of expected.values()) list.sort((a, b) => compareInstants(a.sighting, b.sighting));
  return expected;
}

/** Realm, transport and port of the end that waits; and the transaction, where one was named. */
function keyOf(realm: number, proto: number, port: number, id: string | undefined): string {
  return `${realm}|${proto}|${port}|${id ?? ""}`;
}

/** What is expected at the end that sends in a direction, by someone who said so shortly before the flow began. */
function* candidates(expected: ReadonlyMap<string, Expected[]>, view: FlowView, dir: 0 | 1): Generator<Expected> {
  const ids = new Set<string | undefined>([undefined]);
  for (const { fact, dir: sent } of view.detail?.sightings ?? [])
    if (fact.kind === "message" && sent !== dir && ids.size < MOST_IDS) ids.add(fact.id);
  for (const id of ids) {
    const list = expected.get(keyOf(view.realm, view.proto, view.port(dir), id)) ?? [];
    for (let i = firstSince(list, view.firstSec - WITHIN_SEC - 1); i < list.length; i++) {
      if (list[i]!.sighting.sec > view.firstSec + BEFORE_SEC) break;
      yield list[i]!;
    }
  }
}

/** Transactions of one flow that are looked up. */
const MOST_IDS = 256;

/** The first of a list in order of time that is not before a second. */
function firstSince(list: readonly Expected[], sec: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.sighting.sec < sec) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `dir`: the direction in which the end that waits sends. */
function fits(one: Expected, view: FlowView, dir: 0 | 1, seen: Observation): boolean {
  const since = view.firstSec - one.sighting.sec + (view.firstNsec - one.sighting.nsec) / 1e9;
  if (since < -BEFORE_SEC || since > WITHIN_SEC) return false;
  const app = view.app === 0 ? null : seen.decoders[view.app - 1]!.id;
  if (app !== null && one.fact.app !== null && app !== one.fact.app) return false;
  const near = textOf(seen, view, dir);
  if (one.near !== null && near !== one.near && !view.isGroup(dir)) return false;
  const back = dir === 0 ? 1 : 0;
  if (one.fact.id !== undefined) return true;
  // A question of its own, or a message to a group, answers nobody.
  if (view.isGroup(dir) || view.isGroup(back)) return false;
  return one.far === null || textOf(seen, view, back) === one.far || isNamed(seen, one.flow, textOf(seen, view, back));
}

/** True where another message of the flow waits at the address: media between two telephones, agreed on through a proxy. */
function isNamed(seen: Observation, flow: number, address: string): boolean {
  const { detail } = new FlowView(seen).move(flow);
  return detail?.sightings.some(({ fact }) => fact.kind === "expect-flow" && fact.address === address) === true;
}

function textOf(seen: Observation, view: FlowView, dir: 0 | 1): string {
  return addressText(seen.flows.ipv6, view.family, view.address(dir));
}

function isUnspecified(address: string): boolean {
  return /^0*$/.test(parseAddress(address)?.hex ?? "");
}

/** What folds into a flow that folds itself goes where that goes; one that would end where it began stays. */
function rooted(folds: Map<number, Fold>): Map<number, Fold> {
  for (const [flow, fold] of folds) {
    let { into } = fold;
    for (let depth = 0; depth < MOST_DEPTH && folds.has(into); depth++) into = folds.get(into)!.into;
    if (into === flow || folds.has(into)) folds.delete(flow);
    else fold.into = into;
  }
  return folds;
}

const MOST_DEPTH = 4;
