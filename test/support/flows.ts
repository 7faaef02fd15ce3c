/** Flows of an observation as lines that read well in a test. */
import { S_QUOTED } from "../../src/flow/row.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { addressText, FlowView } from "../../src/observe/flow-view.ts";
import type { Observation } from "../../src/observe/observation.ts";

/** `10.0.0.1:40000 > 10.0.0.2:443 syn established 3/2`: packets of initiator and responder; with the application where known. */
export function flowLines(seen: Observation): string[] {
  new Conversations(seen); // matches the ICMP errors
  const view = new FlowView(seen);
  return Array.from({ length: seen.flows.table.count }, (_, flow) => {
    view.move(flow);
    const { dir, by } = view.initiator();
    const back = dir === 0 ? 1 : 0;
    const end = (d: 0 | 1) => {
      const address = addressText(seen.flows.ipv6, view.family, view.address(d));
      return `${view.family === 6 ? `[${address}]` : address}:${view.port(d)}`;
    };
    const words = [end(dir), ">", end(back), by, view.outcome(dir, view.has(S_QUOTED, dir))];
    words.push(`${view.packets(dir)}/${view.packets(back)}`);
    if (view.app !== 0) words.push(seen.decoders[view.app - 1]!.id);
    return words.join(" ");
  });
}
