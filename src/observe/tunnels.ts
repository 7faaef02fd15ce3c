/**
 * What a conversation carries, where it is a tunnel: said by the packet inside, which could be read, never by a port or a
 * protocol's number. It is a field of the outer flow, `tunnel`, with a name of `TUNNELS`; the inner ones stand for themselves.
 */
import type { Frame } from "../capture/frame.ts";
import type { Identifier } from "../decode/identify.ts";
import { type Packet, TUNNELS, UDP } from "../dissect/packet.ts";
import { tunnelBits } from "../dissect/udp-tunnels.ts";
import { LOW } from "../flow/row.ts";
import type { FlowTracker } from "../flow/tracker.ts";
import { LIMITS } from "../limits.ts";

export const TUNNEL_FIELD = "tunnel";

/** `p`: an outer packet that has been counted in a flow. Said once for each kind of tunnel. */
export function noteTunnel(flows: FlowTracker, identified: Identifier, flow: number, frame: Frame, p: Packet): void {
  const [row, at] = [flows.table.rows(flow), flows.table.at(flow)];
  const value = TUNNELS[p.carries]!;
  const { sightings } = identified.detail(row, at);
  if (sightings.length >= LIMITS.factsPerFlow) return;
  if (sightings.some(({ fact }) => fact.kind === "field" && fact.field === TUNNEL_FIELD && fact.value === value))
    return;
  const { capture, number, sec, nsec } = frame;
  const dir = p.family === 4 && p.src === row[at + LOW] ? 0 : p.family === 4 ? 1 : sideOf(flows, row, at, p);
  sightings.push({ fact: { kind: "field", field: TUNNEL_FIELD, value }, dir, capture, frame: number, sec, nsec });
}

function sideOf({ ipv6 }: FlowTracker, row: Int32Array, at: number, p: Packet): 0 | 1 {
  return ipv6.ofBytes(p.buf, p.srcOff) === row[at + LOW] ? 0 : 1;
}

/** IP in IP, IPv6 in IPv4, GRE, EtherIP, MPLS in IP. */
const PROTOCOLS: ReadonlySet<number> = new Set([4, 41, 47, 97, 137]);
const PORTS = tunnelBits();

/** Whether a conversation may be a tunnel, going by numbers alone: worth to look whether one was read. */
export function mayBeTunnel(proto: number, port: number): boolean {
  return proto === UDP ? (PORTS[port >>> 5]! & (1 << (port & 31))) !== 0 : PROTOCOLS.has(proto);
}
