/** The clause "expect": what else the document says must hold, where the capture can show it. */

import type { Expectation } from "../model/types.ts";
import { protocolVersion } from "../protocol-versions.ts";
import type { FrameRef } from "../report/result.ts";
import { plural } from "../report/words.ts";
import { type Clause, proved, unobservable, unproved } from "./clause.ts";
import { encryption } from "./encrypted.ts";
import { type ClocksOf, clocksApart, ntpOffset, type TimeBroken, timeOfDay } from "./expect-time.ts";
import { askingFrames, framesOf } from "./flow-frames.ts";
import { operationsAtMost, WHOLE } from "./operations.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** A broken expectation also says what was found instead. */
export interface Broken {
  clause: Clause;
  expectation: string;
  found: string;
}

/** What the expectations about time need beside the flow. */
export interface TimeContext {
  clocksOf: ClocksOf;
  /** The site's, an IANA name. */
  timezone: string;
  /** Told where what is found rests on how many packets there were, or on when the last one came. */
  counts: Counts;
}

/** Somebody may want to know whether what further packets change makes a difference. */
export interface Counts {
  onAsk: (() => void) | null;
}

export function checkExpectation(
  expectation: Expectation,
  flow: SubjectFlow,
  subject: Subject,
  context: TimeContext,
): Clause | Broken {
  const made = (checked: Clause | TimeBroken): Clause | Broken => {
    if (!("found" in checked)) return checked;
    const { clause, ...rest } = broken(expectation, checked.found, checked.against);
    return { ...rest, clause: checked.unlisted === undefined ? clause : { ...clause, unlisted: checked.unlisted } };
  };
  switch (expectation.kind) {
    case "tls-version":
      return tlsVersion(expectation, flow);
    case "reply":
      return reply(expectation, flow);
    case "packets":
      // Once it is broken it stays so, and a direction's first packet is more than a count.
      if (flow.countedBy > 1 || (largestBurst(flow) > 0 && largestBurst(flow) <= expectation.most))
        context.counts.onAsk?.();
      return packets(expectation, flow);
    case "operations":
      return operations(expectation, flow);
    case "field":
      return field(expectation, flow);
    case "encrypted": {
      const checked = encryption(expectation.value, expectation.text, subject.app, flow);
      return "found" in checked ? broken(expectation, checked.found, checked.against) : checked;
    }
    case "content-type":
      return contentType(expectation, flow);
    case "time-of-day":
      context.counts.onAsk?.();
      return made(timeOfDay(expectation, flow, context.timezone));
    case "ntp-offset":
      return made(ntpOffset(expectation, subject));
    case "clocks":
      return made(clocksApart(expectation, subject, context.clocksOf));
  }
}

function broken(expectation: Expectation, found: string, against: FrameRef[]): Broken {
  const clause: Clause = {
    clause: "expect",
    result: "failed",
    reason: "expectation-broken",
    says: `expected ${expectation.text}, found ${found}`,
    decide: null,
    support: [],
    against,
  };
  return { clause, expectation: expectation.text, found };
}

function tlsVersion(expectation: Expectation & { kind: "tls-version" }, flow: SubjectFlow): Clause | Broken {
  for (const sighting of flow.sightings) {
    const { fact } = sighting;
    if (fact.kind !== "field" || fact.field !== "tls.version" || typeof fact.value !== "number") continue;
    const frames = framesOf(sighting, protocolVersion(fact.value) ?? `TLS version ${fact.value}`);
    if (fact.value >= expectation.least)
      return proved("expect", `${protocolVersion(fact.value) ?? fact.value} was chosen`, frames);
    return broken(expectation, protocolVersion(fact.value) ?? `version 0x${fact.value.toString(16)}`, frames);
  }
  return unproved(
    "expect",
    "expectation-unproved",
    `${expectation.text}: the server's hello is not in the capture`,
    "capture both directions from the connection's start",
  );
}

function reply(expectation: Expectation & { kind: "reply" }, flow: SubjectFlow): Clause | Broken {
  if (expectation.value === "none") {
    if (flow.answered === 0) return proved("expect", "no reply, as documented");
    const found = broken(expectation, `${plural(flow.answered, "packet")} back`, flow.coming.slice(-1));
    found.clause.counted = true;
    return found;
  }
  if (flow.answered > 0) return proved("expect", "a reply came", flow.coming.slice(-1));
  return unproved(
    "expect",
    "expectation-unproved",
    `${expectation.text}: no reply is in the capture`,
    "mirror both directions",
  );
}

/** Packets at most in a burst. Any of a burst's frames may be what breaks it; which they were is known of the first two. */
function packets(expectation: Expectation & { kind: "packets" }, flow: SubjectFlow): Clause | Broken {
  const largest = largestBurst(flow);
  if (largest <= expectation.most) {
    if (!flow.lacking) return proved("expect", `${plural(largest, "packet")} in a burst`);
    const says = `${expectation.text}: packets of it are missing in the capture beside the ${largest} that are there`;
    return unproved("expect", "expectation-unproved", says, "capture without loss");
  }
  if (Math.ceil(largest / flow.countedBy) <= expectation.most)
    return unproved(
      "expect",
      "expectation-unproved",
      `${expectation.text}: ${largest} packets are in ${flow.countedBy} captures of one time, and may be the same ones`,
      "judge each capture by itself, or let their clocks agree",
    );
  const found = broken(expectation, `${largest} packets in a burst`, askingFrames(flow));
  found.clause.unlisted = largest;
  found.clause.counted = true;
  return found;
}

const largestBurst = (flow: SubjectFlow): number => flow.bursts[flow.there];

function operations(expectation: Expectation & { kind: "operations" }, flow: SubjectFlow): Clause | Broken {
  const checked = operationsAtMost(expectation.most, expectation.text, flow);
  return "found" in checked ? broken(expectation, checked.found, checked.against) : checked;
}

function field(expectation: Expectation & { kind: "field" }, flow: SubjectFlow): Clause | Broken {
  let seen: Clause | null = null;
  for (const sighting of flow.sightings) {
    const { fact } = sighting;
    if (fact.kind !== "field" || fact.field !== expectation.field) continue;
    const frames = framesOf(sighting, `${fact.field} ${fact.value}`);
    if (!holds(expectation, fact.value)) return broken(expectation, `${fact.field} = ${fact.value}`, frames);
    // Behind messages that prove nothing themselves it would show a hole.
    const isFirst = flow.sightings.find(({ dir }) => dir === sighting.dir)?.frame === sighting.frame;
    seen ??= proved("expect", `${fact.field} is ${fact.value}`, isFirst ? frames : []);
  }
  if (flow.gaps.length > 0 || flow.lacksEnd) {
    const says = `${expectation.text}: bytes of it are missing in the capture, among which another one may stand`;
    return unproved("expect", "expectation-unproved", says, WHOLE, flow.gaps);
  }
  return seen ?? unobservable("expect", `${expectation.text}: not in this capture`);
}

/**
 * What HTTP says of bodies, of requests and of answers that bring what was asked for; inside TLS it says nothing. An error's
 * or a redirect's page (status 300 and above) is not the payload, and often somebody else's.
 */
function contentType(expectation: Expectation & { kind: "content-type" }, flow: SubjectFlow): Clause | Broken {
  const { value, text } = expectation;
  const pages = new Set<number>();
  for (const { fact, frame } of flow.sightings)
    if (fact.kind === "field" && fact.field === "http.status" && Number(fact.value) >= 300) pages.add(frame);
  const sightings = pages.size === 0 ? flow.sightings : flow.sightings.filter(({ frame }) => !pages.has(frame));
  const wanted: Parameters<typeof field>[0] = {
    kind: "field",
    field: "http.content-type",
    compare: "=",
    values: [value],
    text,
  };
  return field(wanted, { ...flow, sightings });
}

function holds(expectation: Expectation & { kind: "field" }, value: string | number): boolean {
  const { compare, values } = expectation;
  if (compare === "<=") return Number(value) <= Number(values[0]);
  if (compare === ">=") return Number(value) >= Number(values[0]);
  return values.some((wanted) => String(wanted) === String(value));
}
