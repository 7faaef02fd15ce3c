/** The proof page for people: the answer first, then what it rests on, so that it can be handed over as it is. */
import { Page, type Piece } from "../page.ts";
import type { Pen } from "../pen.ts";
import { FLOOD, PROFILE_CLASSES, type Profile, type ProfiledOperation } from "../profile.ts";
import type { RunResult } from "../result.ts";
import { FrameNames, few, number, plural, timeSpan } from "../words.ts";

/** Failed questions and operations beyond reading that are listed; the JSON form has all. */
const LISTED = 20;
const HEADS = [...PROFILE_CLASSES];

export function profilePage(result: RunResult, profile: Profile, pen: Pen): string {
  const page = new Page(pen);
  const frames = new FrameNames(result.captures);
  const frameOf = (o: ProfiledOperation): string => frames.name(o.first_capture_id, o.first_frame);
  printAnswer(page, result, profile);
  printBeyond(page, profile, frameOf);
  printUnread(page, profile);
  printAsked(page, profile, frames);
  printQuestions(page, profile, frames);
  printPace(page, profile);
  printOthers(page, profile);
  printAskedBack(page, profile, frameOf);
  printCoverage(page, profile);
  printFailed(page, profile, frameOf);
  printUnreached(page, profile);
  printLimits(page, profile);
  return page.toString();
}

function printAnswer(page: Page, result: RunResult, profile: Profile): void {
  const { pen } = page;
  const good = profile.verdict === "read-only";
  const sign = good ? pen.glyphs.good : profile.verdict === "not-read-only" ? pen.glyphs.bad : pen.glyphs.unsure;
  const paint = good ? pen.green : profile.verdict === "not-read-only" ? pen.red : pen.yellow;
  page.hang({ text: `${sign} ${TITLE[profile.verdict]}`, paint }, answer(profile), { indent: 0 });
  page.blank();
  for (const [label, text] of aboutRows(result, profile))
    page.hang({ text: label, paint: pen.dim }, text, { column: 14 });
}

/** What the page is about: whose questions, by which document, from which capture, in which time. */
export function aboutRows(result: RunResult, profile: Profile): [string, string][] {
  const rows: [string, string][] = [
    ["Role", `${profile.role} of ${profile.model}: ${profile.hosts.join(", ") || "bound to no address"}`],
  ];
  const model = result.run.models.find(({ name }) => name === profile.model);
  if (model !== undefined)
    rows.push(["Document", model.version === null ? model.document : `${model.document} ${model.version}`]);
  const paths = result.captures.map((capture) => capture.path);
  rows.push(["Capture", few(paths, 3)]);
  const span = timeSpan(result.run.first_time, result.run.last_time);
  if (span !== null) rows.push(["Time", span]);
  const run = result.run.run_id === null ? "" : `, run ${result.run.run_id}`;
  rows.push(["Made by", `Wirepact ${result.run.wirepact}${run}`]);
  return rows;
}

export const TITLE: Readonly<Record<Profile["verdict"], string>> = {
  "read-only": "ASKED ONLY",
  "not-read-only": "MORE THAN ASKING",
  unproved: "NOT PROVED",
  "nothing-asked": "NOTHING ASKED",
};

export function answer(profile: Profile): string {
  const asked = `${plural(profile.questions, "question")} to ${plural(profile.devices, "device")}`;
  const floods = profile.pace.filter((pace) => pace.floods).length;
  const fast = floods === 0 ? "" : ` Flooded with them: ${plural(floods, "device")}, see how fast.`;
  const lacks = profile.limits.length === 0 ? "" : " The capture lacks some of the traffic: see what, at the end.";
  return `${answerOf(profile, asked)}${fast}${profile.questions === 0 ? "" : lacks}`;
}

function answerOf(profile: Profile, asked: string): string {
  switch (profile.verdict) {
    case "read-only":
      return `${asked}, each read from the packets, none above class read: nothing was written, switched or programmed.`;
    case "not-read-only": {
      const count = profile.beyond.reduce((sum, operation) => sum + operation.count, 0);
      const devices = new Set(profile.beyond.map(({ device }) => device)).size;
      return `${asked}; ${number(count)} of them did more than read, on ${plural(devices, "device")}: see below.`;
    }
    case "unproved":
      return `${asked}; none that could be read is above class read, but not everything could be read: see below.`;
    case "nothing-asked":
      return "No operation of this role is in the capture.";
  }
}

function printBeyond(page: Page, profile: Profile, frameOf: (o: ProfiledOperation) => string): void {
  if (profile.beyond.length === 0) return;
  page.heading("MORE THAN ASKING", "the gravest first; a write that was refused was still tried");
  for (const o of profile.beyond.slice(0, LISTED)) {
    const label = { text: o.device, paint: page.pen.bold };
    page.hang(label, `${o.protocol} ${operationText(o)}`, { column: 20, paint: page.pen.red });
    page.text(`${o.count === 1 ? "once" : `${number(o.count)} times`}, first at ${frameOf(o)}; ${outcome(o)}`, {
      indent: 20,
    });
  }
  more(page, profile.beyond.length);
}

export function operationText(o: ProfiledOperation): string {
  const target = o.target === null ? "" : ` of ${o.target}`;
  return `${o.operation} (${o.class})${target}${o.role === "response" ? ", known by its answer alone" : ""}`;
}

export function outcome(o: ProfiledOperation): string {
  if (o.answer === null) return "no answer";
  return `first answer: ${o.answer}`;
}

function printUnread(page: Page, profile: Profile): void {
  if (profile.unread.length === 0) return;
  page.heading("NOT READABLE", "what this page cannot vouch for");
  for (const { conversation_id, device, over, app, why } of profile.unread.slice(0, LISTED)) {
    page.hang({ text: device, paint: page.pen.bold }, `${over} ${app ?? "unknown"}: ${why}`, { column: 20 });
    page.text(conversation_id, { indent: 20, paint: page.pen.dim });
  }
  more(page, profile.unread.length);
}

function printAsked(page: Page, profile: Profile, frames: FrameNames): void {
  page.heading("WHAT WAS ASKED", "how many questions, by device, protocol and class");
  if (profile.lines.length === 0) {
    page.text("nothing");
    return;
  }
  const { pen } = page;
  const seen = HEADS.filter((of) => profile.lines.some((line) => line.classes[of] !== undefined));
  const head: Piece[] = ["device", "protocol", "over", ...seen, "documented as", "first at"].map((text) => ({
    text,
    paint: pen.dim,
  }));
  const rows = profile.lines.map((line) => [
    { text: deviceText(profile, line.device) },
    { text: line.protocol },
    { text: line.over },
    ...seen.map((of): Piece => {
      const count = line.classes[of];
      if (count === undefined) return { text: pen.glyphs.dot, paint: pen.dim };
      return isGrave(of) ? { text: number(count), paint: pen.red } : { text: number(count) };
    }),
    line.rules.length > 0 ? { text: few(line.rules, 2) } : { text: UNDOCUMENTED, paint: pen.red },
    { text: frames.name(line.first_capture_id, line.first_frame), paint: pen.dim },
  ]);
  if (page.fits([head, ...rows])) page.table([head, ...rows]);
  else printAskedNarrow(page, profile, frames);
}
const UNDOCUMENTED = "not in the document";

/** The same where the table has no room: a device a line, and below it what was asked of it, in words. */
function printAskedNarrow(page: Page, profile: Profile, frames: FrameNames): void {
  const { pen } = page;
  for (const [i, line] of profile.lines.entries()) {
    if (profile.lines[i - 1]?.device !== line.device)
      page.hang({ text: line.device, paint: pen.bold }, profile.identities[line.device] ?? "", { column: 20 });
    const counts = HEADS.flatMap((of) => {
      const count = line.classes[of];
      return count === undefined ? [] : [`${of} ${number(count)}`];
    });
    page.hang({ text: `${line.protocol} ${line.over}` }, counts.join(", "), { indent: 4, column: 28 });
    const rules = line.rules.length > 0 ? few(line.rules, 2) : UNDOCUMENTED;
    const paint = line.rules.length > 0 ? pen.dim : pen.red;
    page.text(`${rules}; first at ${frames.name(line.first_capture_id, line.first_frame)}`, { indent: 28, paint });
  }
}

/** The questions themselves. */
function printQuestions(page: Page, { asked }: Profile, frames: FrameNames): void {
  if (asked.length === 0) return;
  page.heading("THE QUESTIONS", "each kind once, the gravest first");
  for (const q of asked.slice(0, MOST_KINDS)) {
    const times = q.count === 1 ? "once" : `${number(q.count)} times`;
    const whom = q.devices.length === 1 ? q.devices[0]! : plural(q.devices.length, "device");
    const text = `${q.operation} (${q.class}), ${times} to ${whom}, first at ${frames.name(q.first_capture_id, q.first_frame)}`;
    page.hang({ text: q.protocol }, text, { column: 20, ...(isGrave(q.class) ? { paint: page.pen.red } : {}) });
  }
  more(page, asked.length, MOST_KINDS);
}
/** Kinds of questions that are listed: a profiler of every protocol that is known asks about as many. */
const MOST_KINDS = 60;

const isGrave = (of: string): boolean => of === "unknown" || ["write", "control", "program"].includes(of);

function deviceText({ identities }: Profile, device: string): string {
  const identity = identities[device];
  return identity === undefined ? device : `${device} (${identity})`;
}

function printOthers(page: Page, { others }: Profile): void {
  if (others.length === 0) return;
  page.heading("ALSO SPOKEN WITH", "conversations without operations: documented, or of a protocol that has none");
  for (const { device, over, app, verdict } of others.slice(0, LISTED))
    page.hang({ text: device }, `${over} ${app ?? "unknown"}${verdict === null ? "" : `, ${verdict}`}`, { column: 20 });
  more(page, others.length);
}

function printAskedBack(page: Page, { asked_back }: Profile, frameOf: (o: ProfiledOperation) => string): void {
  if (asked_back.length === 0) return;
  page.heading("ASKED BY THE DEVICES", "or told unasked, in conversations with the role: not questions of the role");
  for (const o of asked_back.slice(0, LISTED)) {
    const times = o.count === 1 ? "once" : `${number(o.count)} times`;
    page.hang({ text: o.device }, `${o.protocol} ${operationText(o)}, ${times}, first at ${frameOf(o)}`, {
      column: 20,
    });
  }
  more(page, asked_back.length);
}

function printPace(page: Page, profile: Profile): void {
  if (profile.pace.length === 0) return;
  const { pen } = page;
  const floods = profile.pace.filter((pace) => pace.floods).length;
  page.heading(
    "HOW FAST",
    "each device, over all its connections together: its busiest second, and at most how many at once",
  );
  if (floods > 0)
    page.text(
      `Flooded: ${plural(floods, "device")}, asked more than a controller should have to answer beside its work: above ${FLOOD.perSecond} questions a second, or ${FLOOD.atOnce} at once.`,
      { paint: pen.red },
    );
  page.table(
    profile.pace.slice(0, LISTED).map((pace) => [
      { text: pace.device },
      {
        text: `${number(pace.per_second)} a second`,
        ...(pace.per_second > FLOOD.perSecond ? { paint: pen.red } : {}),
      },
      { text: `${number(pace.at_once)} at once`, ...(pace.at_once > FLOOD.atOnce ? { paint: pen.red } : {}) },
      { text: `of ${number(pace.questions)}`, paint: pen.dim },
      ...(pace.floods ? [{ text: "flooded", paint: pen.red }] : []),
    ]),
  );
  more(page, profile.pace.length);
}

function printUnreached(page: Page, { unreached }: Profile): void {
  if (unreached.length === 0) return;
  page.heading("NOT REACHED", "where it tried to speak and nothing came up, so nothing was asked");
  for (const { device, over, outcome, count, rules } of unreached.slice(0, LISTED)) {
    const as = rules.length === 0 ? "" : ` (${few(rules, 2)})`;
    page.hang({ text: device }, `${over}${as}: ${outcome}${count === 1 ? "" : `, ${number(count)} times`}`, {
      column: 20,
    });
  }
  more(page, unreached.length);
}

function printCoverage(page: Page, profile: Profile): void {
  if (profile.coverage.length === 0) return;
  page.heading("WHAT THE DOCUMENT LISTS", "its rules that lead from this role to another, and where each was seen");
  const { pen } = page;
  const rows = profile.coverage.map(({ rule_id, what, section, status, devices }): Piece[] => [
    { text: rule_id },
    { text: what, paint: pen.dim },
    devices.length === 0
      ? { text: "not seen", paint: pen.dim }
      : {
          text: `${few(devices, 4)}${status === "violated" ? " (violated)" : ""}`,
          ...(status === "violated" ? { paint: pen.red } : {}),
        },
    { text: section, paint: pen.dim },
  ]);
  if (page.fits(rows)) page.table(rows);
  else
    for (const [rule, what, seen, section] of rows as [Piece, Piece, Piece, Piece][]) {
      page.hang(rule, `${what.text}: ${seen.text}`, { column: 24, ...(seen.paint && { paint: seen.paint }) });
      page.text(section.text, { indent: 24, paint: pen.dim });
    }
}

function printFailed(page: Page, profile: Profile, frameOf: (o: ProfiledOperation) => string): void {
  page.heading("FAILED QUESTIONS");
  if (profile.failed.length === 0) {
    page.text("none: every question that can be paired has its answer");
    return;
  }
  for (const o of profile.failed.slice(0, LISTED)) {
    const parts = [
      o.failed > 0 ? `${number(o.failed)} refused` : "",
      o.unanswered > 0 ? `${number(o.unanswered)} without an answer` : "",
    ];
    const failed = parts.filter((part) => part !== "").join(", ");
    const why = o.answer !== null && o.failed > 0 ? `, first answer: ${o.answer}` : "";
    const text = `${o.protocol} ${operationText(o)}: ${failed} of ${number(o.count)}${why}; first at ${frameOf(o)}`;
    page.hang({ text: o.device, paint: page.pen.bold }, text, { column: 20 });
  }
  more(page, profile.failed.length);
}

function printLimits(page: Page, profile: Profile): void {
  page.heading("WHAT THE CAPTURE MAY LACK");
  if (profile.limits.length === 0) {
    page.text(NOTHING_LACKS);
  } else {
    page.table(
      profile.limits.map(({ measure, value }) => [{ text: number(value) }, { text: measure.replaceAll("_", " ") }]),
    );
  }
  page.text(ONLY_THIS, { paint: page.pen.dim });
}

export const NOTHING_LACKS = "Nothing that it knows of: no drops, no cut frames, no lost segments, no cap was hit.";
export const ONLY_THIS = "A page like this speaks of what passed this capture point in this time, and of nothing else.";

function more(page: Page, count: number, listed = LISTED): void {
  if (count > listed)
    page.text(`and ${number(count - listed)} more; --format json lists them`, { paint: page.pen.dim });
}
