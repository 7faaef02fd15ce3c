/**
 * Addresses of IPv4 that mean everybody on a link though they look like a host's (10.30.5.255): nobody sends from there, so
 * nobody opens anything from there either.
 *
 * A network's size is not on the wire. An address is taken for such a one where a datagram for it went to everybody on its
 * link (`S_TO_ALL`), or where it ends in 255; and where nothing in the capture was ever sent by it. (Gap: of a host that ends
 * in 255 and whose every packet is missing, it is said that it was asked as everybody.)
 */
import { UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import type { Observation } from "./observation.ts";

/** By realm: the addresses, as rows have them. */
export type Broadcasts = ReadonlyMap<number, ReadonlySet<number>>;

const NONE: Broadcasts = new Map();
const KNOWN = new WeakMap<Observation, { stamp: string; all: Broadcasts }>();

/** Worked out once for what has been read by now. */
export function broadcastsOf(seen: Observation): Broadcasts {
  const { table, now } = seen.flows;
  const stamp = `${now}/${table.count}`;
  const known = KNOWN.get(seen);
  if (known?.stamp === stamp) return known.all;
  const all = findBroadcasts(seen);
  KNOWN.set(seen, { stamp, all });
  return all;
}

function findBroadcasts({ flows: { table } }: Observation): Broadcasts {
  const found = new Map<number, Set<number>>();
  for (let flow = 0; flow < table.count; flow++) {
    const row = table.rows(flow);
    const at = table.at(flow);
    const meta = row[at + R.META]!;
    if ((meta & 0xffff) !== (UDP | (4 << 8))) continue;
    for (const dir of [0, 1] as const) {
      // Whom this direction goes to.
      const address = row[at + (dir === 0 ? R.HIGH : R.LOW)]!;
      if (row[at + R.PACKETS + dir] === 0 || row[at + R.PACKETS + 1 - dir] !== 0) continue;
      if ((address & 0xff) !== 0xff && (row[at + R.STATE]! & (R.S_TO_ALL << dir)) === 0) continue;
      const realm = found.get(meta >>> 16);
      if (realm === undefined) found.set(meta >>> 16, new Set([address]));
      else realm.add(address);
    }
  }
  if (found.size === 0) return NONE;
  for (let flow = 0; flow < table.count; flow++) {
    const row = table.rows(flow);
    const at = table.at(flow);
    const meta = row[at + R.META]!;
    const realm = ((meta >>> 8) & 0xff) === 4 ? found.get(meta >>> 16) : undefined;
    if (realm === undefined) continue;
    if (row[at + R.PACKETS]! !== 0) realm.delete(row[at + R.LOW]!);
    if (row[at + R.PACKETS + 1]! !== 0) realm.delete(row[at + R.HIGH]!);
  }
  return found;
}
