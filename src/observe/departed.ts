/**
 * Conversations that have left an observation for the database, because they have been silent for long (`live/attic.ts`): each
 * as bytes from which its flows can be put back, and what all of them together still count for where the rest is judged.
 */
import { isSameFamily } from "../address.ts";
import { type FlowDetail, newDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import * as R from "../flow/row.ts";
import type { Verdict } from "../report/result.ts";
import { FIRST_DEPARTED } from "../store/store.ts";
import type { AssetClaims } from "./assets.ts";
import * as C from "./conversations.ts";
import { type DepartedLookups, nothingSaid } from "./departed-lookups.ts";
import type { DepartedUse, DepartedUses } from "./departed-uses.ts";
import { ownDetails, packDetails } from "./details-codec.ts";
import type { DepartedExchanges } from "./exchanges.ts";
import type { Observation } from "./observation.ts";

/** What they count for. */
export interface Departed {
  conversations: number;
  flows: number;
  oneSided: number;
  /** Realm (its number) << 8 | IP protocol of each flow that ever was among them. */
  protocols: Set<number>;
  /** Bound hosts that were in them, by realm and binding. */
  hosts: Map<string, DepartedHost>;
  /** Something else has been judged by since the first of them left: they may be what is missing now. */
  judgedOtherwise: boolean;
  /** What devices said of themselves in them. */
  assets: AssetClaims;
  /** Messages in them that no decoder accepted. */
  undecoded: number;
  /** What they count for in rules' statuses; those that stay say all else. */
  uses: DepartedUses;
  /** What look-ups among them said. */
  said: DepartedLookups;
  /** By conversation's id, where a rule compares clocks: exchanges of NTP. */
  clocks: Map<string, DepartedExchanges>;
}

export interface DepartedHost {
  realm: string;
  /** One of its addresses. */
  address: string;
  /** Its connections of which bytes are missing (`Coverage.holed`). */
  holed: number;
  firstSec: number;
  lastSec: number;
  bothWays: boolean;
  opened: boolean;
  /** Bound hosts that it called; and whether it called anybody else. */
  reached: Set<string>;
  /** Bound hosts that called it, with packets both ways. */
  callers: Set<string>;
  elsewhere: boolean;
  /** When hosts of the Internet answered it: stretches with more than `ANSWERS_APART_SEC` between them, and one who did. */
  answers: { fromSec: number; toSec: number; responder: string }[];
}

/** As far as an answer may be from what it is to show (`conform/blocked.ts`). */
export const ANSWERS_APART_SEC = 300;

export function nobodyDeparted(): Departed {
  const counts = { conversations: 0, flows: 0, oneSided: 0, undecoded: 0 };
  const tables = { hosts: new Map(), assets: new Map(), uses: new Map(), clocks: new Map() };
  return { ...counts, ...tables, judgedOtherwise: false, protocols: new Set(), said: nothingSaid() };
}

export const protocolKey = (meta: number): number => ((meta >>> 16) << 8) | (meta & 0xff);

export function addAnswer({ answers }: DepartedHost, fromSec: number, toSec: number, responder: string): void {
  const near = answers.filter(
    (known) =>
      fromSec <= known.toSec + ANSWERS_APART_SEC &&
      toSec >= known.fromSec - ANSWERS_APART_SEC &&
      isSameFamily(known.responder, responder),
  );
  const joined = { fromSec, toSec, responder: near[0]?.responder ?? responder };
  for (const known of near) {
    joined.fromSec = Math.min(joined.fromSec, known.fromSec);
    joined.toSec = Math.max(joined.toSec, known.toSec);
    answers.splice(answers.indexOf(known), 1);
  }
  answers.push(joined);
}

/** What was said of it when it left. */
export interface DepartedAs {
  /** Whether it had been told of as a finding. */
  told: boolean;
  /** Null where nobody judged it. */
  verdict: Verdict | null;
  waived: boolean;
  /** Empty where no rule's status counts it. */
  uses: readonly DepartedUse[];
  /** Which loading of models, site and bindings it was judged by. */
  load: number;
}

/** One conversation, as it stands in its part. */
export interface DepartedConversation extends DepartedAs {
  id: string;
  flowCount: number;
  oneSided: number;
  undecoded: number;
  /** `weight`: flows beside itself that a row stands for; -n of a row that is no flow, whose facts were said n times. */
  flows: { words: number[]; weight: number; addresses?: [number[], number[]]; detail?: number }[];
  /** As `packDetails` has them, in base64. */
  details: string;
}

/** The number of its part: 52 bits of its id. Two may have the same; then only one of them may leave. */
export function departedNumber([high, low]: [number, number]): number {
  return FIRST_DEPARTED + (high & 0xfffff) * 0x1_0000_0000 + low;
}

export function departedConversation(all: C.Conversations, conversation: number, as: DepartedAs): DepartedConversation {
  const { flows: tracker, identified } = all.seen;
  const details: FlowDetail[] = [];
  const flows: DepartedConversation["flows"] = [];
  const view = all.view();
  let [flowCount, oneSided] = [0, 0];
  for (const flow of all.flowsOf(conversation)) {
    view.move(flow);
    flowCount += view.flows;
    if (all.isOneSided(view)) oneSided++;
    const row = tracker.table.rows(flow);
    const at = tracker.table.at(flow);
    const index = row[at + R.DETAIL]! - 1;
    const one: DepartedConversation["flows"][number] = {
      words: R.rowWords(row, at),
      weight: tracker.weights.get(flow) ?? 0,
    };
    if (((row[at + R.META]! >>> 8) & 0xff) !== 4) one.addresses = addressesOf(tracker, row, at);
    if (index >= 0) {
      const detail = identified.details[index]!;
      const known = details.indexOf(detail);
      one.detail = known < 0 ? details.push(detail) - 1 : known;
    }
    flows.push(one);
  }
  const undecoded = details.reduce((sum, detail) => sum + detail.undecoded, 0);
  return { id: C.idText(all.id(conversation)), ...as, flowCount, oneSided, undecoded, flows, details: textOf(details) };
}

/**
 * What flows said, as a part without their packets, bytes and number, which stay where they are. `number`: of the part, among
 * those of its kind. `said`: what of it, where that is not all.
 */
export function leftSaying(
  all: C.Conversations,
  flows: readonly number[],
  number: number,
  said: readonly (readonly Sighting[])[] | null = null,
): DepartedConversation {
  const { flows: tracker } = all.seen;
  const view = all.view();
  const details: FlowDetail[] = [];
  const rows: DepartedConversation["flows"] = [];
  for (const [i, flow] of flows.entries()) {
    const { row, at, detail } = view.move(flow);
    const words = new Int32Array(R.ROW_SPAN);
    R.copyRow(row, at, words, 0);
    for (const dir of [0, 1]) {
      for (const field of [R.PACKETS, R.BYTES, R.NEXT, R.START]) words[field + dir] = 0;
    }
    words[R.BYTES_HIGH] = 0;
    const one: DepartedConversation["flows"][number] = { words: R.rowWords(words, 0), weight: -view.times };
    if (view.family !== 4) one.addresses = addressesOf(tracker, row, at);
    const left = said === null ? detail : { ...newDetail(), sightings: [...said[i]!] };
    if (left !== null) one.detail = details.push(left) - 1;
    rows.push(one);
  }
  const id = number.toString(16).padStart(16, "0");
  const nobody = {
    told: false,
    verdict: null,
    waived: false,
    uses: [],
    load: 0,
    flowCount: 0,
    oneSided: 0,
    undecoded: 0,
  };
  return { id, ...nobody, flows: rows, details: textOf(details) };
}

function textOf(details: readonly FlowDetail[]): string {
  return Buffer.from(packDetails(details)).toString("base64");
}

function addressesOf({ ipv6 }: Observation["flows"], row: Int32Array, at: number): [number[], number[]] {
  const address = (word: number): number[] => [0, 1, 2, 3].map((i) => ipv6.word(word, i));
  return [address(row[at + R.LOW]!), address(row[at + R.HIGH]!)];
}

/** Its flows are there again, as flows that are over. False where there is no room for them. */
export function putBack(seen: Observation, { flows, details }: DepartedConversation): boolean {
  const { flows: tracker, identified } = seen;
  const { table, ipv6 } = tracker;
  const first = new Map<number, number>();
  const said = ownDetails(Buffer.from(details, "base64"));
  for (const { words, weight, addresses, detail } of flows) {
    const row = new Int32Array(R.ROW_SPAN);
    R.writeRow(words, row, 0);
    row[R.DETAIL] = 0;
    if (addresses !== undefined) {
      const of = ([a = 0, b = 0, c = 0, d = 0]: number[]): number => ipv6.of(a, b, c, d);
      row[R.LOW] = of(addresses[0]);
      row[R.HIGH] = of(addresses[1]);
    }
    const known = table.find(row[R.LOW]!, row[R.HIGH]!, row[R.PORTS]!, row[R.META]!) >= 0;
    const flow = known ? table.append() : table.add(row[R.LOW]!, row[R.HIGH]!, row[R.PORTS]!, row[R.META]!);
    if (flow < 0) return false;
    R.copyRow(row, 0, table.rows(flow), table.at(flow));
    if (weight !== 0) tracker.weights.set(flow, weight);
    if (detail === undefined) continue;
    const there = first.get(detail);
    if (there !== undefined) {
      table.rows(flow)[table.at(flow) + R.DETAIL] = there;
      continue;
    }
    const made = identified.detail(table.rows(flow), table.at(flow));
    Object.assign(made, said[detail]!, { shared: true });
    first.set(detail, table.rows(flow)[table.at(flow) + R.DETAIL]!);
  }
  return true;
}

export function encodeDeparted(one: DepartedConversation): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(one));
}

export function decodeDeparted(data: Uint8Array): DepartedConversation {
  return JSON.parse(new TextDecoder().decode(data)) as DepartedConversation;
}
