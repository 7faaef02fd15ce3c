/** Expectations about time: how far clocks are apart, and at which time of the day. */

import type { Expectation } from "../model/types.ts";
import type { Exchange } from "../observe/exchanges.ts";
import type { FrameRef } from "../report/result.ts";
import { minutesOf } from "./calendar.ts";
import { type Clause, proved, unobservable, unproved } from "./clause.ts";
import {
  ENOUGH,
  exchangesOf,
  farthestOf,
  provedApart,
  provedApartInCapture,
  provedOffset,
  provedWithin,
  secondsText,
} from "./clocks.ts";
import { askingFrames } from "./flow-frames.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** What was found instead, with the frames that show it. `unlisted`: frames that show it too and are not known. */
export interface TimeBroken {
  found: string;
  against: FrameRef[];
  unlisted?: number;
}

/** What an address asked of each time server, by the server's address. */
export type ClocksOf = (realm: number, address: string) => ReadonlyMap<string, readonly Exchange[]>;

/** Where a client sends random numbers for its time it does so in every capture: only the host itself knows its offset then. */
const ASK =
  "ask the host itself how far its clock is off, by chronyc tracking, timedatectl timesync-status or w32tm /query /status: a longer capture will not show it";

/** The client's clock against the server's that it asks. */
export function ntpOffset(expectation: Expectation & { kind: "ntp-offset" }, subject: Subject): Clause | TimeBroken {
  const { exchanges, hidden } = exchangesOf(subject);
  const within = expectation.withinMs / 1000;
  const offset = provedOffset(exchanges);
  if (Math.abs(offset) > within) {
    const behind = offset > 0 ? "behind" : "ahead of";
    const found = `${subject.initiator}'s clock at least ${secondsText(offset)} ${behind} ${subject.responder}'s`;
    const beyond = exchanges.filter(({ least, most }) => least > within || most < -within);
    return { found, against: beyond.flatMap(({ frames }) => frames) };
  }
  if (provedWithin(exchanges, within)) {
    const widest = Math.max(...exchanges.map((exchange) => Math.abs(farthestOf(exchange))));
    const says = `${exchanges.length} exchanges: the clocks are within ${secondsText(widest)} of each other`;
    const shown = exchanges.slice(0, ENOUGH);
    return proved(
      "expect",
      says,
      shown.flatMap(({ frames }) => frames),
    );
  }
  if (exchanges.length === 0) {
    const [why, decides] =
      hidden > 0
        ? ["its questions hold no plausible time: random numbers, as chrony sends, or a clock more than a day off", ASK]
        : ["no exchange in the capture gives a time", "see why the server gives none: it may not be set itself"];
    return unproved("expect", "expectation-unproved", `${expectation.text}: ${why}`, decides);
  }
  const against = exchanges.flatMap(({ frames }) => frames);
  if (exchanges.length < ENOUGH) {
    const says = `${expectation.text}: ${exchanges.length} of the ${ENOUGH} exchanges that would show it`;
    return { ...unproved("expect", "expectation-unproved", says, "capture until it has asked again"), against };
  }
  const says = `${expectation.text}: ${exchanges.length} exchanges, and not each of them shows it: they differ, or were long on their way`;
  return { ...unproved("expect", "expectation-unproved", says, ASK), against };
}

/** Two roles' clocks: those of this conversation's own ends, each against a time server that both ask, or one the other's. */
export function clocksApart(
  expectation: Expectation & { kind: "clocks" },
  subject: Subject,
  clocksOf: ClocksOf,
): Clause | TimeBroken {
  const { initiator, responder, realm } = subject;
  const within = expectation.withinMs / 1000;
  const [ours, theirs] = [clocksOf(realm, initiator), clocksOf(realm, responder)];
  for (const [server, mine] of ours) {
    const direct = server === responder;
    const other = theirs.get(server) ?? [];
    const apart = direct ? -provedOffset(mine) : provedApart(mine, other);
    if (Math.abs(apart) <= within) continue;
    const by = direct ? "" : `, both by ${server}`;
    const found = `${initiator}'s clock at least ${secondsText(apart)} ${apart > 0 ? "ahead of" : "behind"} ${responder}'s${by}`;
    return { found, against: [...mine, ...other].flatMap(({ frames }) => frames) };
  }
  const [mine, other] = [[...ours.values()].flat(), [...theirs.values()].flat()];
  const apart = provedApartInCapture(mine, other, within);
  if (apart !== 0) {
    const found = `${initiator}'s clock at least ${secondsText(apart)} ${apart > 0 ? "ahead of" : "behind"} ${responder}'s, both by the capture's`;
    return { found, against: [...mine, ...other].flatMap(({ frames }) => frames) };
  }
  return unobservable(
    "expect",
    `${expectation.text}: nothing shows them farther apart: that takes three exchanges of each, with a server that both ask or by the capture's own clock`,
  );
}

/** When it was opened; datagrams: its first and its last. Nobody knows when a connection began that was under way. */
export function timeOfDay(
  expectation: Expectation & { kind: "time-of-day" },
  flow: SubjectFlow,
  timezone: string,
): Clause | TimeBroken {
  const times = flow.connectionless ? [flow.firstSec, flow.lastSec] : [flow.openedSec];
  if (!flow.connectionless && flow.openedSec !== flow.firstSec)
    return unproved(
      "expect",
      "expectation-unproved",
      `${expectation.text}: no packet shows when it was opened`,
      "restart the service during the capture",
    );
  const outside = times.find((sec) => !isWithin(expectation, minutesOf(sec, timezone)));
  if (outside === undefined && flow.connectionless && lastsBeyond(expectation, flow, timezone)) {
    const says = `${expectation.text}: it went on for longer, and when each of its packets between was sent is not kept`;
    return { ...unproved("expect", "expectation-unproved", says, "look at its packets"), unlisted: 1 };
  }
  if (outside === undefined) return proved("expect", expectation.text, flow.opening);
  const minutes = minutesOf(outside, timezone);
  const clock = `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  return { found: `${clock} (${timezone})`, against: [...askingFrames(flow), ...flow.opening], unlisted: 1 };
}

/** Whether it went on until after the end of the time in which it began. */
function lastsBeyond({ to }: { to: number }, { firstSec, lastSec }: SubjectFlow, timezone: string): boolean {
  const left = (to - minutesOf(firstSec, timezone) + DAY_MINUTES) % DAY_MINUTES;
  return lastSec - firstSec > left * 60;
}
const DAY_MINUTES = 24 * 60;

/** `from` later than `to`: over midnight. */
function isWithin({ from, to }: { from: number; to: number }, minutes: number): boolean {
  return from <= to ? minutes >= from && minutes < to : minutes >= from || minutes < to;
}
