/**
 * Whether two hosts are beyond the same router, as MAC addresses tell: what the one was sent went to where the other is
 * reached (`flow/hops.ts`). In a private network that is the only sign that an answer would have come the same way.
 *
 *     10.50.1.10 ──▶ router ──▶ 10.60.0.20   answers
 *                       └─────▶ 10.60.0.19   silent: an answer would have come back as the other's did
 */
import { parseAddress } from "../address.ts";
import { addressKey } from "../flow/distances.ts";
import { hopText } from "../flow/hops.ts";
import * as C from "../observe/conversations.ts";
import type { Judged } from "./judged.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/**
 * True where the responder of `other` is beyond the next hop of an unanswered attempt by the same address. What somebody on
 * the link answers, the router among them, shows nothing of what is beyond it: then the MAC address was claimed for it.
 */
export function isBeyond(other: Judged, attempted: Judged, at: SubjectFlow, all: C.Conversations): boolean {
  const { nextHop } = at;
  if (nextHop === 0 || other.initiator !== attempted.initiator) return false;
  const { flows, neighbours } = all.seen;
  const key = addressKey(all.word(other.conversation, C.C_META), all.word(other.conversation, C.C_RESPONDER));
  if (flows.hops.known.get(key) !== nextHop) return false;
  const mac = hopText(nextHop);
  const isNear = ({ realm, responder }: Judged): boolean => {
    const address = parseAddress(responder);
    return address === null || neighbours.has(realm, address, mac);
  };
  return !isNear(other) && !isNear(attempted);
}
