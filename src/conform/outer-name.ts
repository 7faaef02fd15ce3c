/**
 * The name in a hello that may have an encrypted one inside (ECH, RFC 9849): browsers send the extension on ordinary
 * connections too, so the outer name may be the one that is meant, or everybody's.
 */
import type { FrameRef } from "../report/result.ts";
import { type Clause, unproved } from "./clause.ts";
import type { SentName } from "./sent-name.ts";

const OWN_DNS = "capture this host's own DNS answers as well";
const NO_DECOY = "turn ECH off on this host, or look at what it is set to call";

/**
 * Nothing is known but the outer name. `cover`: the HTTPS record that published it as such, or null. `doubts`: what contends with
 * the answers that would confirm it.
 */
export function outerNameAlone(
  { name, frames }: SentName,
  cover: Omit<FrameRef, "what"> | null,
  doubts: readonly FrameRef[],
): Clause {
  if (cover === null) {
    const against = [...frames, ...doubts];
    return unproved("whom", "ech", `the hello may be encrypted: ${name} is only its outer name`, OWN_DNS, against);
  }
  const says = `DNS told the client to send ${name} as the outer name of an encrypted hello`;
  const against = [...frames, { ...cover, what: `HTTPS record with the public name ${name}` }, ...doubts];
  return unproved("whom", "ech", says, NO_DECOY, against);
}

/**
 * The outer name may be a decoy: what else is known of the address says whom it may be, and proves nothing. That goes for
 * whom it may not be, too: many share such an address, and what DNS told the client before the capture nobody knows.
 */
export function behindEch({ name, frames }: SentName, known: Clause): Clause {
  const says = `the hello may be encrypted, and ${name} is only its outer name; ${known.says}`;
  return unproved("whom", "ech", says, OWN_DNS, [...frames, ...known.against]);
}
