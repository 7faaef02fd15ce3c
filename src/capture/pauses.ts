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

/** Pauses that are kept apart, eight weeks at least: what lies between further ones counts as a pause as well, which claims no more than was seen. */
const MOST = 4_096;

/** Notes one before all others or behind them. They are in order of time, and none reaches into another. */
export function addPause(pauses: Pause[], fromSec: number, toSec: number): void {
  const isFirst = pauses.length > 0 && toSec <= pauses[0]!.fromSec;
  if (pauses.length < MOST) {
    if (isFirst) pauses.unshift({ fromSec, toSec });
    else pauses.push({ fromSec, toSec });
  } else if (isFirst) {
    pauses[0] = { fromSec, toSec: pauses[0]!.toSec };
  } else {
    pauses[MOST - 1] = { fromSec: pauses[MOST - 1]!.fromSec, toSec };
  }
}

/** Something was seen from one time to another after all: what is left of a pause around it is one only where it is long enough. */
export function takeSeen(pauses: Pause[], fromSec: number, toSec: number): void {
  let first = 0;
  for (let end = pauses.length; first < end; ) {
    const middle = (first + end) >>> 1;
    if (pauses[middle]!.toSec <= fromSec) first = middle + 1;
    else end = middle;
  }
  let last = first;
  while (last < pauses.length && pauses[last]!.fromSec < toSec) last++;
  if (last === first) return;
  const left = { fromSec: pauses[first]!.fromSec, toSec: fromSec };
  const right = { fromSec: toSec, toSec: pauses[last - 1]!.toSec };
  const rest = [left, right].filter((pause) => pause.toSec - pause.fromSec > PAUSE_SEC);
  if (pauses.length - (last - first) + rest.length <= MOST) pauses.splice(first, last - first, ...rest);
}

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
