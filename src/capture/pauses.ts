/** Times in which a capture shows nothing at all: it was stopped, cut, or put together from several. */

/** Not a single packet after the one at `fromSec` until the one at `toSec`; seconds since 1970. */
export interface Pause {
  fromSec: number;
  toSec: number;
}

/**
 * Hosts ask for the time, every 1,024 s at the longest (RFC 5905's usual MAXPOLL), announce themselves and keep connections
 * open: twenty minutes without a packet of anybody are no quiet network.
 */
export const PAUSE_SEC = 1200;

/** What several captures of one network show together: pauses of one are none where another one saw something. */
export function commonPauses(
  captures: readonly { firstSec: number; lastSec: number; packets: number; pauses: readonly Pause[] }[],
): Pause[] {
  const seen = captures
    .filter(({ packets }) => packets > 0)
    .flatMap(stretches)
    .sort((a, b) => a.fromSec - b.fromSec);
  const pauses: Pause[] = [];
  let until = seen[0]?.toSec ?? 0;
  for (const { fromSec, toSec } of seen) {
    if (fromSec - until > PAUSE_SEC) pauses.push({ fromSec: until, toSec: fromSec });
    if (toSec > until) until = toSec;
  }
  return pauses;
}

/** The times between a capture's pauses. */
function stretches({ firstSec, lastSec, pauses }: Parameters<typeof commonPauses>[0][number]): Pause[] {
  const sorted = [...pauses].sort((a, b) => a.fromSec - b.fromSec);
  const starts = [firstSec, ...sorted.map(({ toSec }) => toSec)];
  const ends = [...sorted.map(({ fromSec }) => fromSec), lastSec];
  return starts.map((fromSec, i) => ({ fromSec, toSec: ends[i]! }));
}

/** Seconds of a time that lie in pauses. */
export function pausedWithin(pauses: readonly Pause[], firstSec: number, lastSec: number): number {
  return pauses.reduce(
    (sum, { fromSec, toSec }) => sum + Math.max(0, Math.min(toSec, lastSec) - Math.max(fromSec, firstSec)),
    0,
  );
}
