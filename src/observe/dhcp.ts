/** Which addresses devices have, as DHCP says (RFC 2131): a client names its hardware address, and what it has or is given. */
import type { Instant } from "../time.ts";
import { FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

export interface DhcpAddress extends Instant {
  /** Index of the realm. */
  realm: number;
  mac: string;
  address: string;
  /** Whether a server acknowledged it here; else the client says that it has it. */
  acknowledged: boolean;
  /** Where it says so. */
  capture: number;
  frame: number;
}

/** Flow by flow, each in the order of its messages. */
export function* dhcpAddresses(seen: Observation): Iterable<DhcpAddress> {
  const view = new FlowView(seen);
  const dhcp = seen.decoders.findIndex(({ id }) => id === "dhcp") + 1;
  for (const flow of flowsSaying(seen, "field")) {
    if (view.move(flow).app !== dhcp) continue;
    const { realm } = view;
    let type = "";
    let mac = "";
    for (const { fact, capture, frame, sec, nsec } of view.detail?.sightings ?? []) {
      if (fact.kind === "role") type = mac = ""; // every message begins so
      if (fact.kind !== "field") continue;
      const value = String(fact.value);
      const acknowledged = fact.field === "dhcp.assigned-address" && type === "ACK";
      if (fact.field === "dhcp.type") type = value;
      else if (fact.field === "dhcp.client-mac") mac = value;
      else if (mac !== "" && (acknowledged || fact.field === "dhcp.client-address"))
        yield { realm, mac, address: value, acknowledged, capture, frame, sec, nsec };
    }
  }
}
