/** Applications that are not spoken over what a rule names. */
import { DECODERS } from "../../decoders/index.ts";
import { APP_PARTS } from "./apps.ts";
import type { Rule, Transport } from "./types.ts";

/** Why no conversation can be what the rule names (`tls is not spoken over udp`); null where one can, or nobody knows. */
export function neverRead({ apps, over }: Rule): string | null {
  if (apps === null) return null;
  const spoken = new Set<Transport>();
  for (const app of apps) {
    const transports = transportsOf(APP_PARTS[app]?.app ?? app);
    if (transports === null) return null;
    for (const transport of transports) spoken.add(transport);
  }
  if (over.some(({ transport }) => transport === "any" || spoken.has(transport))) return null;
  const named = [...new Set(over.map(({ transport }) => transport))];
  return `${apps.join(" or ")} is not spoken over ${named.join(" or ")}`;
}

/** Null where no decoder of that name is built in. */
function transportsOf(app: string): Transport[] | null {
  const decoder = DECODERS.find(({ id }) => id === app);
  if (decoder === undefined) return null;
  const { ports, stream, datagram } = decoder;
  const found: Transport[] = stream === undefined ? [] : ["tcp"];
  if (datagram === undefined) return found;
  if (ports.eth !== undefined) found.push("eth");
  if (ports.sctp !== undefined) found.push("sctp");
  if (ports.udp !== undefined || (ports.eth === undefined && ports.sctp === undefined)) found.push("udp");
  return found;
}
