/**
 * Questions to everybody on a link (BACnet's Who-Is, ListIdentity, DCP's Identify, a read by broadcast), and who answered.
 *
 *     sensor:47808 ──▶ 10.30.5.255:47808   Who-Is
 *     sensor:47808 ◀── 10.30.5.15:47808    I-Am                         its answer: it folds into the question's conversation
 *     sensor:47808 ──▶ 10.30.5.15:47808    ReadProperty                 behind it in the same flow, which then stays what it is
 *
 * A message answers that goes to the end that asked, in the question's own application and within `WITHIN_SEC`, where it has
 * the question's id; or, whatever its id, in a flow in which that end said nothing: whoever was asked by nobody else answers
 * what all were asked. What is answered by announcing (`ExpectFlowFact.announced`) may be answered to everybody, and was perhaps
 * asked of one. What agrees on flows otherwise is left to `folds.ts`.
 *
 * A flow folds by the message that it begins with, which has the question's id and comes from the question's port; all that
 * is kept of it must be answers, and read. What was announced before anybody asked stays a conversation of its own.
 */
import type { FlowDetail } from "../decode/details.ts";
import type { MessageFact, Sighting } from "../decode/facts.ts";
import { FAMILY_ETH, UDP } from "../dissect/packet.ts";
import { LIMITS } from "../limits.ts";
import { compareInstants, type Instant } from "../time.ts";
import { FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

export interface Answer {
  /** The flow that asks, and the message of it. */
  question: number;
  asked: Sighting;
  /** The flow that answers, and the message of it. */
  flow: number;
  answer: Sighting;
  /** Nothing but answers: the end that asked says nothing in it, so the question may document it. */
  only: boolean;
  /** It is part of the question's conversation: its first message is this answer, by the question's id, and all others are answers. */
  folds: boolean;
}

/** Seconds for which an answer is waited for: DCP lets devices take 64. */
const WITHIN_SEC = 120;
/** A mirror port may show the answer before its question. */
const BEFORE_SEC = 1;
/** Questions that one answer is held against. */
const MOST_ASKED = 64;

interface Asked {
  flow: number;
  /** The end that asks. */
  near: number;
  sighting: Sighting;
  /** The id of its answers, and the port that it went to. */
  id: string;
  port: number;
  announced: boolean;
  /** When it was asked for the last time: of a row of so many questions that not all are kept, its own last second. */
  untilSec: number;
}

/** Whether an address is a host's that is judged. */
export type IsJudged = (realm: number, family: number, word: number) => boolean;

/** Of each pair of flows the first answer to the newest question before it. */
export function findAnswers(seen: Observation, isJudged: IsJudged | null = null): Answer[] {
  const view = new FlowView(seen);
  const questions = readQuestions(seen, view);
  const found: Answer[] = [];
  if (questions.size === 0) return found;
  for (const flow of flowsSaying(seen, "message")) {
    if (!mayAsk(view.move(flow))) continue;
    const asked = ([0, 1] as const).map((near) => questions.get(keyOf(view, near, view.isGroup(near))));
    if (asked[0] === undefined && asked[1] === undefined) continue;
    const pairs = new Map<number, Answer>();
    let first = true;
    for (const sighting of view.detail?.sightings ?? []) {
      if (sighting.fact.kind !== "message") continue;
      const near = sighting.dir === 0 ? 1 : 0;
      const only = view.packets(near) === 0;
      let mayFold = first && only && holdsOnlyAnswers(view.detail!, sighting.fact);
      first = false;
      for (const one of newest(asked[near] ?? NONE, sighting)) {
        if (one.flow === flow || !isAnswer(sighting.fact, one, only)) continue;
        const folds = mayFold && isOf(one, sighting, view) && isJudgedToo(one, sighting, view, isJudged);
        const known = pairs.get(one.flow);
        if (known !== undefined && !folds) continue;
        if (folds) mayFold = false;
        const found = { question: one.flow, asked: one.sighting, flow, answer: sighting, only, folds };
        // Of several questions of one flow the newest, unless another has the answer's id.
        pairs.set(one.flow, known === undefined ? found : Object.assign(known, found));
      }
    }
    found.push(...pairs.values());
  }
  return found;
}

/** By id, and from the port that was asked: what else it may be, the id alone does not tell. */
function isOf({ id, port }: Asked, { fact, dir }: Sighting, view: FlowView): boolean {
  return fact.kind === "message" && fact.id === id && view.port(dir) === port;
}

/**
 * False of what a judged host answers to somebody who is not: that stays their own conversation, because the question is
 * nobody's who is judged, and would have to become so by an answer that may be deleted.
 */
function isJudgedToo({ near }: Asked, { dir }: Sighting, view: FlowView, isJudged: IsJudged | null): boolean {
  return (
    isJudged === null ||
    isJudged(view.realm, view.family, near) ||
    !isJudged(view.realm, view.family, view.address(dir))
  );
}

/** `first`: its first message. What is counted by kind alone must be of kinds that were read one by one. */
function holdsOnlyAnswers({ sightings, operations, undecoded, dropped }: FlowDetail, first: MessageFact): boolean {
  if (undecoded > 0 || dropped > 0) return false;
  const codes = new Set<string>();
  for (const { fact } of sightings) {
    if (fact.kind === "problem") return false;
    if (fact.kind === "operation") codes.add(`${fact.role} ${fact.code}`);
    if (fact.kind !== "message") continue;
    if (fact.what !== first.what || (first.what === "oneway" && fact.id !== first.id)) return false;
  }
  return operations === null || operations.kinds.every(({ role, code }) => codes.has(`${role} ${code}`));
}

const NONE: readonly Asked[] = [];

function isAnswer({ what, id }: MessageFact, asked: Asked, only: boolean): boolean {
  if (asked.announced) return what === "oneway" && id === asked.id;
  return what === "response" && (only || id === asked.id);
}

/** Those that an answer of that time may be to, the newest first. */
function* newest(asked: readonly Asked[], { sec, nsec }: Instant): Generator<Asked> {
  const last = firstBehind(asked, { sec: sec + BEFORE_SEC, nsec }) - 1;
  for (let i = last; i >= 0 && last - i < MOST_ASKED; i--) if (sec - asked[i]!.untilSec <= WITHIN_SEC) yield asked[i]!;
}

/** By the end that asks, and once more without it for answers that go to everybody; each in order of time. */
function readQuestions(seen: Observation, view: FlowView): Map<string, Asked[]> {
  const questions = new Map<string, Asked[]>();
  const add = (key: string, asked: Asked): void => {
    const list = questions.get(key);
    if (list === undefined) questions.set(key, [asked]);
    else if (list.length < LIMITS.expectedOfPort) list.push(asked);
    else seen.caps.hit("expectedOfPort");
  };
  const expecting = new Set(flowsSaying(seen, "expect-flow"));
  for (const flow of flowsSaying(seen, "message")) {
    if (!mayAsk(view.move(flow))) continue;
    const agrees = expecting.has(flow);
    if (!agrees && !view.isGroup(0) && !view.isGroup(1)) continue;
    const { sightings, operations } = view.detail!;
    for (const sighting of sightings) {
      const { fact, dir } = sighting;
      const made = { flow, near: view.address(dir), port: view.port(1 - dir) };
      const untilSec = operations === null && view.flows === 1 ? sighting.sec : view.lastSec;
      if (fact.kind === "expect-flow" && fact.announced === true) {
        const asked = { ...made, sighting, id: fact.id ?? "", announced: true, untilSec };
        add(keyOf(view, dir, false), asked);
        add(keyOf(view, dir, true), asked);
      } else if (!agrees && fact.kind === "message" && fact.what === "request" && view.isGroup(dir === 0 ? 1 : 0))
        add(keyOf(view, dir, false), { ...made, sighting, id: fact.id, announced: false, untilSec });
    }
  }
  for (const list of questions.values()) list.sort((a, b) => compareInstants(a.sighting, b.sighting));
  return questions;
}

function mayAsk(view: FlowView): boolean {
  return view.app !== 0 && (view.proto === UDP || view.family === FAMILY_ETH);
}

/** Realm, transport, application, port, and the end that asks in a direction, unless that is left out. */
function keyOf(view: FlowView, dir: 0 | 1, anybody: boolean): string {
  const near = anybody ? "*" : String(view.address(dir));
  return `${view.realm}|${view.family}|${view.proto}|${view.app}|${view.port(dir)}|${near}`;
}

/** Index of the first that was asked after a time. */
function firstBehind(asked: readonly Asked[], time: Instant): number {
  let low = 0;
  let high = asked.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareInstants(asked[middle]!.sighting, time) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
