/** Which hosts leave work to their network card, as the quality table says it: their packets were captured on themselves. */
import { formatIpv4 } from "../address.ts";
import type { SenderSums } from "../decode/senders.ts";
import type { Quality } from "../report/result.ts";
import { addressText } from "./flow-view.ts";
import { DEFAULT_REALM, type Observation } from "./observation.ts";

/** So many messages of a sender with no whole checksum are no accident: one in 65,536 has such a one by chance. */
const ENOUGH = 3;
/** Hosts named in one measure. */
const NAMED = 8;

export function offloadOf(seen: Observation): Quality {
  const all = [...seen.identified.senders.by];
  const left = all.filter(([, { partial }]) => partial >= ENOUGH);
  const wrong = all.filter(([, { partial, bad }]) => partial < ENOUGH && bad >= ENOUGH);
  const large = all.filter(([, sums]) => sums.large > 0);
  const most = Math.max(...large.map(([, { largest }]) => largest));
  return {
    ...named("offload_senders", left, seen),
    ...named("bad_checksum_senders", wrong, seen),
    ...(large.length > 0 && {
      large_segments: large.reduce((sum, [, sums]) => sum + sums.large, 0),
      largest_segment: most,
    }),
    ...named("large_segment_senders", large, seen),
  };
}

function named(measure: string, senders: readonly [number, SenderSums][], seen: Observation): Quality {
  if (senders.length === 0) return {};
  const names = senders.map(([key]) => nameOf(key, seen)).sort();
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return { [measure]: names.slice(0, NAMED).join(", ") + more };
}

/** The address of an `addressKey`, with its realm where somebody named one. */
function nameOf(key: number, { realms, flows }: Observation): string {
  const top = Math.floor(key / 2 ** 32);
  const word = key % 2 ** 32;
  const text = top % 2 === 0 ? formatIpv4(word) : addressText(flows.ipv6, 6, word);
  const realm = realms[Math.floor(top / 2)] ?? DEFAULT_REALM;
  return realm === DEFAULT_REALM || realm === "" ? text : `${realm}/${text}`;
}
