/** An exchange of NTP, as far as it tells how two clocks are apart (`conform/clocks.ts`). */
import type { FrameRef } from "../report/result.ts";

/** The server's clock minus the client's, in seconds, between the two. */
export interface Exchange {
  least: number;
  most: number;
  frames: FrameRef[];
  /** When a capture saw the question, and how far its clock was ahead of the client's then, up to a second too much. */
  asked: { sec: number; ahead: number; capture: number };
}

/** Those of a conversation that has left a live run's memory for its database. */
export interface DepartedExchanges {
  realm: number;
  client: string;
  server: string;
  exchanges: readonly Exchange[];
}
