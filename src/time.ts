/** Capture time: whole seconds since 1970 and nanoseconds, two numbers because one double cannot hold both. */
export interface Instant {
  readonly sec: number;
  readonly nsec: number;
}

export function compareInstants(a: Instant, b: Instant): number {
  return a.sec - b.sec || a.nsec - b.nsec;
}

/** `YYYY-MM-DDThh:mm:ss.ffffffZ`: microseconds, the rest cut (contract of the views). */
export function formatInstant(sec: number, nsec: number): string {
  const whole = new Date(sec * 1000);
  if (Number.isNaN(whole.getTime())) return `@${sec}.${String(nsec).padStart(9, "0")}`;
  return `${whole.toISOString().slice(0, -5)}.${String(Math.floor(nsec / 1000)).padStart(6, "0")}Z`;
}
