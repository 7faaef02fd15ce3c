/** Days in the site's timezone: when a retired address's last day ends, and on which day waivers are asked to hold. */

/** A damaged record's time may be any number; beyond these, days are not told apart. */
const FIRST_SEC = Date.parse("1000-01-02T00:00:00Z") / 1000;
const LAST_SEC = Date.parse("9999-12-30T00:00:00Z") / 1000;
const inRange = (sec: number): number => Math.min(LAST_SEC, Math.max(FIRST_SEC, sec));

/** Seconds since 1970 at which the day `YYYY-MM-DD` ends in a timezone (IANA name). */
export function endOfDay(day: string, timezone: string): number {
  const midnight = Date.parse(`${day}T00:00:00Z`) / 1000 + 86_400;
  // The offset just before and at that moment may differ by a clock change; the second look settles it.
  const guess = midnight - offsetAt(midnight, timezone);
  const end = midnight - offsetAt(guess, timezone);
  // Where clocks go forward at midnight itself there is no such moment: the day ends with the change.
  return end + offsetAt(end, timezone) < midnight ? Math.max(guess, end) : end;
}

/** The day of an instant in a timezone, as `YYYY-MM-DD`. */
export function dayOf(instant: number, timezone: string): string {
  const sec = inRange(instant);
  return new Date((sec + offsetAt(sec, timezone)) * 1000).toISOString().slice(0, 10);
}

/** Seconds that local time is ahead of UTC. */
function offsetAt(sec: number, timezone: string): number {
  if (timezone === "UTC") return 0;
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(new Date(sec * 1000));
  const part = (type: string) => Number(parts.find((p) => p.type === type)!.value);
  return (
    Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) / 1000 -
    Math.floor(sec)
  );
}

/** Minutes after midnight in a timezone: 0 to 1,439. */
export function minutesOf(instant: number, timezone: string): number {
  const sec = inRange(instant);
  const local = sec + offsetAt(sec, timezone);
  return Math.floor((((local % 86_400) + 86_400) % 86_400) / 60);
}
