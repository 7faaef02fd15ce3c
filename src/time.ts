/** Capture time: whole seconds since 1970 and nanoseconds, two numbers because one double cannot hold both. */
export interface Instant {
  readonly sec: number;
  readonly nsec: number;
}

/**
 * Milliseconds since some moment, to be compared with each other: no change of the machine's clock shows in them. (`performance.now`
 * says the same, and loading what it belongs to is 2 ms of a start.)
 */
export function nowMs(): number {
  const [sec, nsec] = process.hrtime();
  return sec * 1000 + nsec / 1e6;
}

export function compareInstants(a: Instant, b: Instant): number {
  return a.sec - b.sec || a.nsec - b.nsec;
}

/** `YYYY-MM-DDThh:mm:ss.ffffffZ`: microseconds, the rest cut (contract of the views). */
export function formatInstant(sec: number, nsec: number): string {
  if (sec !== lastSec) {
    const whole = new Date(sec * 1000);
    if (Number.isNaN(whole.getTime())) return `@${sec}.${String(nsec).padStart(9, "0")}`;
    lastSec = sec;
    lastText = `${whole.toISOString().slice(0, -5)}.`;
  }
  return `${lastText}${String(Math.floor(nsec / 1000)).padStart(6, "0")}Z`;
}
/** For people: `YYYY-MM-DD hh:mm:ss`, in UTC. */
export function formatSecond(sec: number): string {
  return formatInstant(sec, 0).slice(0, 19).replace("T", " ");
}

/** Whole seconds that were written last, with the dot: what is told one after another mostly happened in the same second. */
let lastSec = Number.NaN;
let lastText = "";
