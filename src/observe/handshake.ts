/**
 * Did a TLS connection come up? It did where the client said the last word of its handshake, a protected record that is
 * longer than an alert, and the server did not answer that by an alert. In TLS 1.3 (RFC 8446 section 2) the server
 * protects its part before it knows whether the client will go on, so the server's word alone is none: a client that does
 * not trust the certificate (an inspecting proxy's, most often) goes then, by a protected alert, a clear one, or without a
 * word.
 */
import { ALERT, ASKED, CLAIM, claimOf, claimsOf, firstAlert, GREETED, UP } from "../decode/claims.ts";
import { FACT_BITS, type FlowDetail, saying } from "../decode/details.ts";
import type { FaultFact, Sighting } from "../decode/facts.ts";
import * as R from "../flow/row.ts";

/** What became of it. `open`: the capture shows neither that it came up nor that it failed. */
export type Handshake =
  | { state: "up" }
  /**
   * `unheard`: all of the server that is there is its SYN-ACK, not even an acknowledgement of the hello; `mute`: no word of it is;
   * `dropped`: unheard, and the client sent its hello again and again, and nothing else, as where something drops it on the way.
   */
  | { state: "open"; holed: boolean; unheard: boolean; mute: boolean; dropped: boolean }
  /** An alert of this end, which had not finished. `sighting` has its frame; `instead` as below. */
  | {
      state: "alert";
      by: "client" | "server";
      fault: FaultFact;
      sighting: Sighting;
      afterFlight: boolean;
      instead: string | null;
    }
  /** This end closed or reset the connection. `greeted`: the server had said its hello; `instead`: what it said that is no TLS. */
  | { state: "left"; by: "client" | "server"; reset: boolean; greeted: boolean; instead: string | null };

/** Where nothing more can be told of it. */
export const openSoFar = (holed: boolean): Handshake => ({
  state: "open",
  holed,
  unheard: false,
  mute: false,
  dropped: false,
});

export const isDropped = (handshake: Handshake | null): boolean => handshake?.state === "open" && handshake.dropped;

/** A flow's row and what was said in it, as far as this needs it. */
export interface HandshakeFlow {
  detail: FlowDetail | null;
  row: Int32Array;
  at: number;
  has(bit: number, dir: number): boolean;
}

/**
 * `there`: direction of the client's packets. Null where the flow did not begin in sight: what was said before is unknown,
 * and protected records are all that one can expect.
 */
export function handshakeOf(flow: HandshakeFlow, there: 0 | 1): Handshake | null {
  const { detail } = flow;
  const back = there === 0 ? 1 : 0;
  if (detail === null) return null;
  const claims = claimsOf(detail);
  const greeted = (claims & GREETED) !== 0;
  if ((claims & ALERT) !== 0) {
    const sightings = saying(detail, FACT_BITS.up | FACT_BITS.role | FACT_BITS.fault);
    const alert = firstAlert(sightings)!;
    const by = alert.dir === there ? "client" : "server";
    const instead = greeted ? null : saidInstead(sightings);
    return { state: "alert", by, fault: alert.fact, sighting: alert, afterFlight: greeted && by === "client", instead };
  }
  if ((claims & (UP << there)) !== 0) return CAME_UP;
  if ((claims & ASKED) === 0) return null;
  const holed = detail.streams.some((stream) => stream !== null && stream.pending.length > 0);
  if (holed || !readToItsEnd(flow, there)) return openSoFar(holed);
  const reset = ([back, there] as const).find((dir) => flow.has(R.S_RST, dir));
  const ended = reset ?? ([there, back] as const).find((dir) => flow.has(R.S_FIN, dir));
  const mute = flow.has(R.S_SYNACK, back) && !flow.has(R.S_DATA, back);
  if (ended === undefined) {
    const unheard = mute && !flow.has(R.S_ACK, back);
    return { state: "open", holed: false, unheard, mute, dropped: unheard && isSentAgain(flow, there) };
  }
  const by = ended === there ? "client" : "server";
  const instead = greeted ? null : saidInstead(saying(detail, FACT_BITS.role));
  return { state: "left", by, reset: reset !== undefined, greeted, instead };
}

const CAME_UP: Handshake = { state: "up" };

/** What a server says of itself that speaks something else. */
function saidInstead(sightings: readonly Sighting[]): string | null {
  for (const { fact } of sightings) if (claimOf(fact) === CLAIM.server && fact.kind === "role") return fact.why;
  return null;
}

/**
 * True where an end sent what it had to say at least twice more, by its octets: so many can't be headers alone. Once more may be
 * a loss on the way.
 */
function isSentAgain({ row, at }: HandshakeFlow, dir: 0 | 1): boolean {
  const said = (row[at + R.NEXT + dir]! - row[at + R.START + dir]!) >>> 0;
  const family = (row[at + R.META]! >>> 8) & 0xff;
  const headers = (row[at + R.PACKETS + dir]! >>> 0) * (TCP_HEADER + (family === 4 ? IPV4_HEADER : IPV6_HEADER));
  return (row[at + R.BYTES + dir]! >>> 0) - headers >= 2 * said;
}

/** TCP's longest header, and IP's without options. */
const TCP_HEADER = 60;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

/** Every byte that this end sent was read, and what it said last was whole: nothing of it stands behind a hole or a cut. */
function readToItsEnd(flow: HandshakeFlow, dir: 0 | 1): boolean {
  const { detail, row, at } = flow;
  const stream = detail?.streams[dir] ?? null;
  if (stream === null || stream.length > 0 || stream.cutOff > 0 || stream.lost > 0) return false;
  const end = (row[at + R.NEXT + dir]! - (flow.has(R.S_FIN, dir) ? 1 : 0)) | 0;
  return stream.next === end;
}
