/** What makes flows equal, so that one row, or one set of facts, stands for several. */
import type { FlowDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import type { AddressTable } from "../flow/addresses.ts";
import * as R from "../flow/row.ts";
import type { FlowView } from "../observe/flow-view.ts";
import { pairingOf } from "../observe/pairs.ts";

/** DNS answers hold for a day at least, so within one day it does not matter which flow was the first. */
const DAY_SEC = 86_400;
/** From here on systems take ports for clients (Linux; RFC 6335 and others begin later): no document names one by itself. */
const FIRST_EPHEMERAL = 32_768;

/** What tells how a flow ended, and as what; not what is only needed while packets come. */
const ENDED =
  (0xff << R.APP_SHIFT) |
  R.S_MIDSTREAM |
  R.S_CUT |
  [R.S_SYN, R.S_SYNACK, R.S_FIN, R.S_RST, R.S_DATA, R.S_ACK, R.S_QUOTED].reduce(
    (bits, bit) => bits | bit | (bit << 1),
    0,
  );

/** All that an equal flow's row has, but for counts, times, and what it said. */
export function rowKey(view: FlowView): string {
  const { row, at } = view;
  const { dir, by } = view.initiator();
  const bits = (view.packets(0) > 0 ? 1 : 0) | (view.packets(1) > 0 ? 2 : 0);
  const day = Math.floor(view.firstSec / DAY_SEC);
  const ported = view.proto === TCP || view.proto === UDP;
  // Where no packet says who asked, other models may find the responder at the other end.
  const settled = by !== "port" || view.port(dir) >= FIRST_EPHEMERAL;
  const ports = ported && settled ? view.port(1 - dir) : row[at + R.PORTS];
  return [
    ...[row[at + R.LOW], row[at + R.HIGH], row[at + R.META], ports, dir, day, bits, view.state & ENDED],
    ...[row[at + R.VLANS], row[at + R.CAPTURES], view.nextHop(0), view.nextHop(1)],
  ].join();
}

/** Two ends, lower port and day of a flow, and its facts without what differs from one time to the next. */
export function whatItSaid(ipv6: AddressTable, row: Int32Array, at: number, detail: FlowDetail): string {
  const ports = row[at + R.PORTS]!;
  const port = Math.min(ports >>> 16, ports & 0xffff);
  const day = Math.floor(row[at + R.LAST]! / DAY_SEC);
  return `${endsText(ipv6, row, at)},${port},${day}|${factsText(detail)}`;
}

/** Ids differ each time, and what they tell does not: whether an answer is to what was asked. */
export function factsText({ sightings }: FlowDetail): string {
  return `${pairingOf(sightings)?.question === null}|${sightings.map(textOf).join("|")}`;
}

/** The same without the ports that were agreed on, which are others each time. */
export function clusterText({ sightings }: FlowDetail): string {
  return sightings
    .map((one) => textOf(one.fact.kind === "expect-flow" ? { ...one, fact: { ...one.fact, port: null } } : one))
    .join("|");
}

const textOf = ({ fact, dir }: Sighting): string => `${dir}${JSON.stringify(fact, withoutPassing)}`;

export function endsText(ipv6: AddressTable, row: Int32Array, at: number): string {
  const family = (row[at + R.META]! >>> 8) & 0xff;
  // An address's number changes when rows are gone through; its words do not.
  const address = (word: number): string =>
    family === 4 ? `${word}` : [0, 1, 2, 3].map((i) => ipv6.word(word, i)).join(".");
  return `${address(row[at + R.LOW]!)},${address(row[at + R.HIGH]!)},${row[at + R.META]}`;
}

function withoutPassing(key: string, value: unknown): unknown {
  if (key === "id" || key === "ttl") return undefined;
  if (key !== "records" || !Array.isArray(value)) return value;
  return value.map((record) => JSON.stringify(record, withoutPassing)).sort();
}
