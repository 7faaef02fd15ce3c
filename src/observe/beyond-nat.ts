/**
 * Both sides of a NAT or a load balancer in one capture: the same packets again, with another address and port at one end.
 *
 *     10.20.0.5:51000 ── 10.20.0.5 … NAT … 198.51.100.7 ── 198.51.100.7:62011 ──▶ 203.0.113.10:443
 *       the flow                                             its copy: the same far end, numbers and words
 *
 * Claimed only where the site says that the one address is the other's outside, and where nothing tells the two apart but
 * that: the same far end, the same first and last sequence numbers of both ends (of datagrams: the same packets, bytes and
 * ids each way), the same words. A translator that gives connections other numbers leaves two flows, each judged by itself.
 */
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";

/** Whether the one address is the outside of the other, by what the site says; addresses as text. */
export interface Sides {
  isOutside(realm: string, address: string): boolean;
  isPair(realm: string, outside: string, inside: string): boolean;
}

/** A translator hands packets on at once. */
const WITHIN_SEC = 1;
/** Flows with one far end and the same numbers that are compared. */
const MOST_ALIKE = 256;

interface Side {
  flow: number;
  /** The end that is translated. */
  near: 0 | 1;
  address: string;
}

/** By flow beyond the translator: the flow on this side of which it is the copy. */
export function findCopiesBeyondNat(seen: Observation, sides: Sides): Map<number, number> {
  const outside = new Map<string, Side[]>();
  const inside = new Map<string, Side[]>();
  const view = new FlowView(seen);
  const each = (take: (key: string, side: Side, realm: string) => void): void => {
    for (let flow = 0; flow < seen.flows.table.count; flow++) {
      view.move(flow);
      const realm = seen.realms[view.realm] ?? "";
      for (const near of [0, 1] as const) {
        const address = addressText(seen.flows.ipv6, view.family, view.address(near));
        const key = keyOf(view, near);
        if (key !== null) take(key, { flow, near, address }, realm);
      }
    }
  };
  each((key, side, realm) => {
    if (sides.isOutside(realm, side.address)) add(outside, key, side);
  });
  if (outside.size === 0) return new Map();
  each((key, side, realm) => {
    if (outside.has(key) && !sides.isOutside(realm, side.address)) add(inside, key, side);
  });
  const copies = new Map<number, number>();
  const taken = new Set<number>();
  for (const [key, all] of outside) {
    for (const one of all) {
      const realm = seen.realms[view.move(one.flow).realm] ?? "";
      const same = (inside.get(key) ?? []).filter(
        (other) => sides.isPair(realm, one.address, other.address) && isSame(seen, one, other),
      );
      // Of several nobody can say which one it is.
      if (same.length !== 1 || taken.has(same[0]!.flow)) continue;
      taken.add(same[0]!.flow);
      copies.set(one.flow, same[0]!.flow);
    }
  }
  return copies;
}

function add(sides: Map<string, Side[]>, key: string, side: Side): void {
  const known = sides.get(key);
  if (known === undefined) sides.set(key, [side]);
  else if (known.length < MOST_ALIKE) known.push(side);
}

/** What the two have in common: the far end and, over TCP, both ends' first numbers. Null for what can't be told. */
function keyOf(view: FlowView, near: 0 | 1): string | null {
  const far = near === 0 ? 1 : 0;
  const ends = `${view.realm}|${view.family}|${view.proto}|${view.address(far)}|${view.port(far)}`;
  if (view.proto === UDP) return ends;
  if (view.proto !== TCP || view.midstream || !view.has(R.S_SEQ, 0) || !view.has(R.S_SEQ, 1)) return null;
  return `${ends}|${view.row[view.at + R.START + near]!}|${view.row[view.at + R.START + far]!}`;
}

function isSame(seen: Observation, one: Side, other: Side): boolean {
  const [a, b] = [new FlowView(seen).move(one.flow), new FlowView(seen).move(other.flow)];
  if (Math.abs(a.firstSec - b.firstSec) > WITHIN_SEC || Math.abs(a.lastSec - b.lastSec) > WITHIN_SEC) return false;
  if (a.app !== b.app || (a.state & R.S_HOLE) !== (b.state & R.S_HOLE)) return false;
  for (const [dirA, dirB] of [
    [one.near, other.near],
    [1 - one.near, 1 - other.near],
  ] as [0 | 1, 0 | 1][]) {
    if (a.proto === TCP && a.row[a.at + R.NEXT + dirA] !== b.row[b.at + R.NEXT + dirB]) return false;
    if (a.proto !== TCP && (a.packets(dirA) !== b.packets(dirB) || a.bytes(dirA) !== b.bytes(dirB))) return false;
  }
  const [words, others] = [wordsOf(a, one.near), wordsOf(b, other.near)];
  if (words.join() !== others.join()) return false;
  return a.proto === TCP || words.some((word) => word.startsWith(MESSAGE));
}

/** A message that has an id of its own. */
const MESSAGE = "id ";

/** What was said, by which end, without its frames, and in no order: that of the two ends' words depends on the file's. */
function wordsOf({ detail }: FlowView, near: 0 | 1): string[] {
  const words = (detail?.sightings ?? []).map(({ fact, dir }) => {
    const hasId = (fact.kind === "message" || fact.kind === "query" || fact.kind === "answer") && `${fact.id}` !== "";
    return `${hasId ? MESSAGE : ""}${dir === near ? "near" : "far"} ${JSON.stringify(fact)}`;
  });
  return words.sort();
}
