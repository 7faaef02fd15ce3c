/**
 * Whether two hosts are beyond the same router, as MAC addresses tell: what the one was sent went to where the other is
 * reached (`flow/hops.ts`). In a private network that is the only sign that an answer would have come the same way.
 *
 *     10.50.1.10 ──▶ router ──▶ 10.60.0.20   answers
 *                       └─────▶ 10.60.0.19   silent: an answer would have come back as the other's did
 */
import { parseAddress } from "../address.ts";
import { addressKey } from "../flow/distances.ts";
import { hopText, SEVERAL_HOPS } from "../flow/hops.ts";
import * as C from "../observe/conversations.ts";
import type { Observation } from "../observe/observation.ts";
import type { Judged } from "./judged.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** True where nothing says that the responder of `other` is reached through another router than an unanswered attempt was sent to. */
export function isSameWay(other: Judged, { nextHop }: SubjectFlow, all: C.Conversations): boolean {
  return mayBeWay(hopTo(other, all), nextHop);
}

/** Where several routers lead to a host, other hosts' traffic is what shows it: that changes nothing. */
const mayBeWay = (hop: number | undefined, nextHop: number): boolean =>
  nextHop === 0 || hop === nextHop || hop === SEVERAL_HOPS;

/** The same of an address whose conversations have left a live run. */
export function wasSameWay(address: string, realm: number, { nextHop }: SubjectFlow, { flows }: Observation): boolean {
  if (nextHop === 0) return true;
  const parsed = parseAddress(address);
  if (parsed === null || parsed.family === "mac") return false;
  const words = (parsed.hex.match(/.{8}/g) ?? []).map((hex) => Number.parseInt(hex, 16) | 0);
  const [a = 0, b = 0, c = 0, d = 0] = words;
  const meta = (realm << 16) | (parsed.family << 8);
  const key = addressKey(meta, parsed.family === 4 ? a : flows.ipv6.of(a, b, c, d));
  return mayBeWay(flows.hops.known.get(key), nextHop);
}

/** The next hop of packets for a responder, or `SEVERAL_HOPS`; undefined where none was seen. */
function hopTo({ conversation }: Judged, all: C.Conversations): number | undefined {
  const key = addressKey(all.word(conversation, C.C_META), all.word(conversation, C.C_RESPONDER));
  return all.seen.flows.hops.known.get(key);
}

/**
 * True where the responder of `other` is beyond the next hop of an unanswered attempt by the same address. What somebody on
 * the link answers, the router among them, shows nothing of what is beyond it: then the MAC address was claimed for it.
 */
export function isBeyond(other: Judged, attempted: Judged, at: SubjectFlow, all: C.Conversations): boolean {
  const { nextHop } = at;
  if (nextHop === 0 || other.initiator !== attempted.initiator) return false;
  if (hopTo(other, all) !== nextHop) return false;
  const { neighbours } = all.seen;
  const mac = hopText(nextHop);
  const isNear = ({ realm, responder }: Judged): boolean => {
    const address = parseAddress(responder);
    return address === null || neighbours.has(realm, address, mac);
  };
  return !isNear(other) && !isNear(attempted);
}
