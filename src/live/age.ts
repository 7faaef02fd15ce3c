/**
 * What keeps a run of weeks in bounded memory. Flows come and go by the thousand a second; what they say is mostly what
 * others said before them, so a flow that has fallen silent is kept in two steps less than whole:
 *
 *     live ──10 s silent──▶ shares its facts ──idle gap──▶ stands in the row of an equal one, which counts it
 *
 * Equal are flows of one day between the same two ends, to the same port, with the same facts (but transaction ids and
 * remaining lifetimes), that ended in the same way. Verdicts, names, look-ups and counts stay; evidence names the frames
 * of the first of them.
 */
import { type FlowDetail, NEITHER } from "../decode/details.ts";
import { TCP } from "../dissect/packet.ts";
import { AddressTable } from "../flow/addresses.ts";
import { addBursts } from "../flow/bursts.ts";
import { movedKey, type Reset } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import type { FlowTable } from "../flow/table.ts";
import { type FlowTracker, IDLE_SEC, IDLE_TCP_SEC } from "../flow/tracker.ts";
import type { DocumentedPorts } from "../observe/documented-ports.ts";
import { FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { endsText, rowKey, whatItSaid } from "./alike.ts";
import { ClockTimes } from "./clock-times.ts";
import { Clusters } from "./clusters.ts";
import { isReadWhole, latestSec } from "./flows.ts";

/** Seconds of silence after which a flow has said what it had to say for now. */
const SILENT_SEC = 10;
/** Seconds that the late segments of a closed connection may take: what systems wait in TIME-WAIT (RFC 9293, 3.6.1) or twice that. */
export const CLOSED_SEC = 120;
/** Rows are gone through once there are this many more, and a fifth more, than were left the last time. */
const MORE_ROWS = 20_000;
const MOST_PACKETS = 0x7fff_ffff;

const NOTHING: FlowDetail["sightings"] = [];

export class Ager {
  readonly #seen: Observation;
  /** Details that others share, by what they say, and where they are. */
  #said = new Map<string, number>();
  readonly #clocks = new ClockTimes();
  /** Applications whose questions are answered in flows of their own, by the question's id. */
  readonly #answeredElsewhere = new Set<string | undefined>();
  #rowsLeft = 0;
  readonly #moreRows: number;

  /** `moreRows`: for tests; the result never depends on it. */
  constructor(seen: Observation, moreRows = MORE_ROWS) {
    this.#seen = seen;
    this.#moreRows = moreRows;
  }

  /**
   * To be called every few seconds of a run; cheap where nothing is to be done. True where flows have other numbers now.
   * `documented`: ports of the models at hand, which tell responders where no packet does.
   */
  age(documented: DocumentedPorts | null = null): boolean {
    const { flows } = this.#seen;
    const now = latestSec(this.#seen);
    this.#shareFacts(now);
    if (flows.table.count < this.#rowsLeft * 1.2 + this.#moreRows) return false;
    this.#foldRows(now, documented);
    this.#rowsLeft = flows.table.count;
    return true;
  }

  /** Flows that are kept elsewhere from now on; all others have other numbers. */
  takeOut(gone: ReadonlySet<number>, documented: DocumentedPorts | null): void {
    this.#foldRows(latestSec(this.#seen), documented, gone);
    this.#rowsLeft = this.#seen.flows.table.count;
  }

  #shareFacts(now: number): void {
    const { flows, identified, decoders } = this.#seen;
    const { table } = flows;
    let settled = 0;
    for (let flow = 0; flow < table.count; flow++) {
      const row = table.rows(flow);
      const at = table.at(flow);
      const index = row[at + R.DETAIL]! - 1;
      if (index < 0 || now - lastOf(row, at) < SILENT_SEC) continue;
      const detail = identified.details[index]!;
      const state = row[at + R.STATE]!;
      for (const { fact } of detail.shared ? NOTHING : detail.sightings)
        if (fact.kind === "expect-flow" && fact.id !== undefined && fact.announced !== true)
          this.#answeredElsewhere.add(fact.app ?? undefined);
      if (detail.shared || !isSettled(detail, state, row[at + R.META]! & 0xff)) continue;
      const app = decoders[(state >>> R.APP_SHIFT) - 1]?.id;
      if (app === "tls" && isOpenHandshake(detail)) continue;
      if (this.#answeredElsewhere.has(app) && isAnswer(detail)) continue;
      settled++;
      if (app === "ntp") this.#clocks.thin(endsText(flows.ipv6, row, at), detail);
      const key = whatItSaid(flows.ipv6, row, at, detail);
      const known = this.#said.get(key);
      if (known === undefined) this.#said.set(key, index);
      else identified.share(row, at, known);
      // The first of its kind is as good as shared: whoever speaks again gets a copy.
      if (known === undefined) dropUnfinished(detail);
    }
    if (settled > 0) identified.recount();
  }

  /** Goes through all rows: flows that are over stand in the row of an equal one; the others move up. */
  #foldRows(now: number, documented: DocumentedPorts | null, gone: ReadonlySet<number> | null = null): void {
    const { flows, identified } = this.#seen;
    const target = new Rebuilt(flows, identified.details);
    const view = new FlowView(this.#seen, documented);
    const { count } = flows.table;
    for (const { low, high, ports, meta, dir } of flows.quotes) {
      const flow = flows.table.find(low, high, ports, meta);
      if (flow >= 0) flows.table.rows(flow)[flows.table.at(flow) + R.STATE]! |= R.S_QUOTED << dir;
    }
    const clusters = new Clusters(this.#seen, view, (flow) => view.move(flow).flows > 0 && isOver(view, now));
    flows.table.restart();
    for (let flow = 0; flow < count; flow++) {
      if (gone?.has(flow) === true) continue;
      view.move(flow);
      if (view.flows === 0) target.keepSaid(view);
      else if (clusters.isWhole(flow)) target.foldWhole(view, clusters.standsIn.get(flow));
      else if (isOver(view, now)) target.fold(view, clusters.folds.get(flow)?.into ?? -1);
      else target.keep(view);
    }
    flows.table.settle();
    // Before the old addresses are gone.
    for (const quote of flows.quotes.splice(0)) {
      const moved = target.moveQuote(quote);
      if (moved !== null) flows.quotes.push(moved);
    }
    const { answers, resets } = flows.distances;
    const hops = flows.hops.known;
    for (const reset of resets.splice(0)) {
      const moved = target.moveReset(reset);
      if (moved !== null) resets.push(moved);
    }
    const known = [...answers];
    answers.clear();
    for (const [key, ttls] of known) answers.set(target.moveAddress(key), ttls);
    const reached = [...hops];
    hops.clear();
    for (const [key, hop] of reached) hops.set(target.moveAddress(key), hop);
    const { by } = identified.senders;
    const counted = [...by];
    by.clear();
    for (const [key, sums] of counted) by.set(target.moveAddress(key), sums);
    flows.takeOver(target);
    identified.replaceDetails(target.details);
    this.#said = new Map(
      [...this.#said].flatMap(([key, index]) => {
        const moved = target.movedDetail(index);
        return moved === null ? [] : [[key, moved] as const];
      }),
    );
  }
}

/**
 * The table that is left, in the memory of the old one: a row is written to its own place or to one that was gone through
 * already. With it everything that names rows, addresses and details is renumbered.
 */
class Rebuilt {
  readonly table: FlowTable;
  readonly ipv6 = new AddressTable();
  readonly details: FlowDetail[] = [];
  readonly repeatsOf: FlowTracker["repeatsOf"] = new Map();
  readonly weights: FlowTracker["weights"] = new Map();
  readonly #from: FlowTracker;
  readonly #words = new Int32Array(R.ROW_SPAN);
  readonly #oldDetails: readonly FlowDetail[];
  readonly #newIndex: Int32Array;
  /** Rows of flows that are over, by what makes them equal. */
  readonly #equal = new Map<string, number>();
  /** By flow of a cluster: its new number. */
  readonly #placed = new Map<number, number>();

  constructor(from: FlowTracker, details: readonly FlowDetail[]) {
    this.#from = from;
    this.table = from.table;
    this.#oldDetails = details;
    this.#newIndex = new Int32Array(details.length).fill(-1);
  }

  /** A flow that may go on. */
  keep(view: FlowView): void {
    const { row, at } = view;
    const [low, high] = this.#ends(view);
    this.#copy(view, low, high, () => this.table.add(low, high, row[at + R.PORTS]!, row[at + R.META]!));
  }

  /** A flow that is over: counted in an equal one's row, or the first of its kind. `into`: the flow that it folds into, -1 for none. */
  fold(view: FlowView, into: number): void {
    const { row, at } = view;
    const key = `${rowKey(view)},${row[at + R.DETAIL]},${into}`;
    const there = this.#equal.get(key);
    if (there !== undefined && (view.state & R.S_REPEAT) === 0 && addTo(this.table, there, view)) {
      this.weights.set(there, (this.weights.get(there) ?? 0) + view.flows);
      return;
    }
    this.#equal.set(key, this.#append(view));
  }

  /** A row that is no flow: what was said in one that came back from the database (`names.ts`); nothing, once that has left again. */
  keepSaid(view: FlowView): void {
    if (view.detail === null) return;
    const { times } = view; // the row may be written over
    this.weights.set(this.#append(view), -times);
  }

  /** One of a cluster that is over (`clusters.ts`): counted where it stands in, or the first of its kind. */
  foldWhole(view: FlowView, standsIn: number | undefined): void {
    const there = standsIn === undefined ? undefined : this.#placed.get(standsIn);
    if (there === undefined) this.#placed.set(view.flow, this.#append(view));
    else {
      addTo(this.table, there, view);
      this.weights.set(there, (this.weights.get(there) ?? 0) + view.flows);
    }
  }

  #append(view: FlowView): number {
    const [low, high] = this.#ends(view);
    return this.#copy(view, low, high, () => this.table.append());
  }

  movedDetail(index: number): number | null {
    const moved = this.#newIndex[index] ?? -1;
    return moved < 0 ? null : moved;
  }

  /** An error message about a flow that is still known by its key; null for others: what it said is in their rows. */
  moveQuote<Q extends FlowTracker["quotes"][number]>(quote: Q): Q | null {
    const family = (quote.meta >>> 8) & 0xff;
    const low = this.#address(family, quote.low);
    const high = this.#address(family, quote.high);
    if (this.table.find(low, high, quote.ports, quote.meta) < 0) return null;
    return { ...quote, low, high, sender: this.#address(family, quote.sender) };
  }

  /** The same of a RST. */
  moveReset(reset: Reset): Reset | null {
    const family = (reset.meta >>> 8) & 0xff;
    const low = this.#address(family, reset.low);
    const high = this.#address(family, reset.high);
    return this.table.find(low, high, reset.ports, reset.meta) < 0 ? null : { ...reset, low, high };
  }

  /** An address of `Distances.answers`, `Hops.known` and `Senders.by`. */
  moveAddress(key: number): number {
    return movedKey(
      key,
      (index) => this.#address(6, index),
      (realm) => realm,
    );
  }

  /** Its two ends under their new numbers. */
  #ends({ row, at, family }: FlowView): [number, number] {
    return [this.#address(family, row[at + R.LOW]!), this.#address(family, row[at + R.HIGH]!)];
  }

  /** All words are taken before a place is made, which may be the row's own. Returns the flow's new number. */
  #copy(view: FlowView, low: number, high: number, makePlace: () => number): number {
    const { row, at } = view;
    const { flows } = view;
    R.copyRow(row, at, this.#words, 0);
    const flow = makePlace();
    const into = this.table.rows(flow);
    const place = this.table.at(flow);
    R.copyRow(this.#words, 0, into, place);
    into[place + R.LOW] = low;
    into[place + R.HIGH] = high;
    const index = this.#words[R.DETAIL]! - 1;
    if (index >= 0) {
      if (this.#newIndex[index]! < 0) this.#newIndex[index] = this.details.push(this.#oldDetails[index]!) - 1;
      into[place + R.DETAIL] = this.#newIndex[index]! + 1;
    }
    for (const dir of [0, 1]) {
      const repeats = this.#from.repeatsOf.get(view.flow * 2 + dir);
      if (repeats !== undefined) this.repeatsOf.set(flow * 2 + dir, repeats);
    }
    if (flows > 1) this.weights.set(flow, flows - 1);
    return flow;
  }

  #address(family: number, word: number): number {
    if (family === 4) return word;
    const { ipv6 } = this.#from;
    return this.ipv6.of(ipv6.word(word, 0), ipv6.word(word, 1), ipv6.word(word, 2), ipv6.word(word, 3));
  }
}

/** Counts and times of a flow into the row of an equal one; false where a count would overflow. */
function addTo(table: FlowTable, flow: number, view: FlowView): boolean {
  const row = table.rows(flow);
  const at = table.at(flow);
  const from = view.row;
  const fromAt = view.at;
  for (const dir of [0, 1]) {
    if (row[at + R.PACKETS + dir]! + from[fromAt + R.PACKETS + dir]! > MOST_PACKETS) return false;
    if (((row[at + R.BYTES_HIGH]! >>> (dir * 16)) & 0xffff) === 0xffff) return false;
  }
  if (view.proto !== TCP) for (const dir of [0, 1] as const) addBursts(row, at, from, fromAt, dir);
  for (const dir of [0, 1]) {
    row[at + R.PACKETS + dir]! += from[fromAt + R.PACKETS + dir]!;
    const low = (row[at + R.BYTES + dir]! >>> 0) + (from[fromAt + R.BYTES + dir]! >>> 0);
    const high = ((from[fromAt + R.BYTES_HIGH]! >>> (dir * 16)) & 0xffff) + (low > 0xffff_ffff ? 1 : 0);
    row[at + R.BYTES + dir] = low | 0;
    row[at + R.BYTES_HIGH]! += high << (dir * 16);
    const last = R.LAST + dir * 2;
    if (isLater(from, fromAt + last, row, at + last)) copyTime(from, fromAt + last, row, at + last);
    const first = R.FIRST + dir * 2;
    if (isLater(row, at + first, from, fromAt + first)) copyTime(from, fromAt + first, row, at + first);
  }
  return true;
}

function isLater(a: Int32Array, at: number, b: Int32Array, bt: number): boolean {
  return a[at]! > b[bt]! || (a[at]! === b[bt]! && a[at + 1]! > b[bt + 1]!);
}

function copyTime(from: Int32Array, fromAt: number, to: Int32Array, toAt: number): void {
  to[toAt] = from[fromAt]!;
  to[toAt + 1] = from[fromAt + 1]!;
}

function lastOf(row: Int32Array, at: number): number {
  return Math.max(row[at + R.LAST]!, row[at + R.LAST + 2]!);
}

/** It is done, and there is nothing half said in it that an equal flow would not have. */
function isOver(view: FlowView, now: number): boolean {
  const { detail } = view;
  return isDone(view, now) && (detail === null || detail.shared || !hasUnfinished(detail) || isUpAndRead(detail));
}

/** No packet can belong to it any more: another one of its key would be another flow. */
export function isDone(view: FlowView, now: number): boolean {
  const { row, at, state } = view;
  const silent = now - lastOf(row, at);
  const finished = (state & R.S_FIN) !== 0 && (state & (R.S_FIN << 1)) !== 0;
  const refused = (state & (R.S_RST | (R.S_RST << 1))) !== 0;
  const closed = view.proto === TCP && (finished || refused);
  if (silent <= (closed ? CLOSED_SEC : IDLE_SEC)) return false;
  if (view.proto !== TCP || closed || silent > IDLE_TCP_SEC) return true;
  const unanswered = (state & (R.S_DATA | (R.S_DATA << 1) | R.S_ACK | (R.S_ACK << 1))) === 0;
  return unanswered;
}

/** Nothing is half said: what it has is all there is for now. */
function isSettled(detail: FlowDetail, state: number, proto: number): boolean {
  const { sightings } = detail;
  if (!isReadWhole(detail) || sightings.length === 0) return false;
  // Whom such a message speaks of is told by its time, which an equal one does not have; an announcement is found all the same.
  if (sightings.some(({ fact }) => fact.kind === "expect-flow" && fact.announced !== true)) return false;
  const closed = (state & (R.S_RST | (R.S_RST << 1))) !== 0 || (state & R.S_FIN && state & (R.S_FIN << 1)) !== 0;
  return (proto === TCP && closed && !hasUnread(detail)) || !hasUnfinished(detail);
}

/** It answers what was asked in another flow: which one that was its id tells. */
function isAnswer({ sightings }: FlowDetail): boolean {
  const said = sightings.flatMap(({ fact }) => (fact.kind === "message" ? [fact.what] : []));
  return said.includes("response") && !said.includes("request");
}

/** Bytes wait for more, behind a hole or without one: a judge hears of them. */
function hasUnread({ streams }: FlowDetail): boolean {
  return streams.some((stream) => stream !== null && (stream.length > 0 || stream.pending.length > 0));
}

/** Whether the client left it before it was done is told by how far its streams were read (`observe/handshake.ts`). */
function isOpenHandshake({ streams, sightings }: FlowDetail): boolean {
  return streams.some((stream) => stream !== null) && !sightings.some(({ fact }) => fact.kind === "up");
}

/** A connection that came up, whose next words never came. */
function isUpAndRead(detail: FlowDetail): boolean {
  const isUp = detail.sightings.some(({ fact }) => fact.kind === "up");
  return isUp && !hasUnread(detail) && detail.datagrams.every((kept) => kept === null);
}

function hasUnfinished({ streams, datagrams }: FlowDetail): boolean {
  return [...streams, ...datagrams].some((each) => each !== null);
}

function dropUnfinished(detail: FlowDetail): void {
  detail.streams = NEITHER;
  detail.datagrams = NEITHER;
  detail.heads = NEITHER;
  detail.shared = true;
}
