/** The proof of one role as HTML: the page of `report --profile`, and a section of the whole report. */
import type { Profile, ProfiledOperation } from "../profile.ts";
import { FLOOD, PROFILE_CLASSES, profileOf } from "../profile.ts";
import type { RunResult } from "../result.ts";
import {
  aboutRows,
  answer as answerOf,
  NOTHING_LACKS,
  ONLY_THIS,
  operationText,
  outcome,
  TITLE,
} from "../text/profile.ts";
import { FrameNames, number, plural } from "../words.ts";
import { cells, html, type Markup, NOTHING, table } from "./markup.ts";
import { type Mood, signed } from "./mood.ts";

/** Rows of a table; JSON has all. */
const LISTED = 200;
const MOOD: Readonly<Record<Profile["verdict"], Mood>> = {
  "read-only": "good",
  "not-read-only": "bad",
  unproved: "unsure",
  "nothing-asked": "unsure",
};

/** Of each role that asked for operations; nothing where there is none. */
export function profiles(result: RunResult): Markup[] {
  const sections: Markup[] = [];
  for (const binding of result.run.bindings) {
    const profile = profileOf(result, binding);
    if (profile.questions > 0) sections.push(profileSection(result, profile, "h3"));
  }
  if (sections.length === 0) return [];
  return [html`<section><h2 id="proof">What was asked of devices</h2>${sections}</section>`];
}

export function profileSection(result: RunResult, profile: Profile, level: "h1" | "h3"): Markup {
  const frames = new FrameNames(result.captures);
  const first = (o: ProfiledOperation): string => frames.name(o.first_capture_id, o.first_frame);
  const title = html`${signed(MOOD[profile.verdict], TITLE[profile.verdict])} · ${profile.role} of ${profile.model}`;
  const head = level === "h1" ? html`<h1>${title}</h1>` : html`<h3>${title}</h3>`;
  const about = level === "h1" ? aboutRows(result, profile) : aboutRows(result, profile).slice(0, 1);
  return html`${head}<p class="lead">${answerOf(profile)}</p><dl>${about.map(([what, text]) => html`<dt>${what}</dt><dd>${text}</dd>`)}</dl>
${listed("More than asking, the gravest first", ["Device", "Operation", "Times", "First at", "Outcome"], profile.beyond, (o) => cells(o.device, `${o.protocol} ${operationText(o)}`, number(o.count), first(o), outcome(o)))}
${listed("Not readable: what nobody can vouch for", ["Device", "Over", "As", "Why"], profile.unread, (u) => cells(u.device, u.over, u.app ?? "unknown", u.why))}
${asked(profile, frames)}
${listed("The questions themselves: each kind once, the gravest first", ["Protocol", "Question", "Class", "Times", "Devices", "First at"], profile.asked, (q) => cells(q.protocol, q.operation, q.class, number(q.count), q.devices.join(", "), frames.name(q.first_capture_id, q.first_frame)))}
${listed(`How fast: above ${FLOOD.perSecond} questions a second, or ${FLOOD.atOnce} at once, a device is flooded`, ["Device", "Busiest second", "At once, at most", "Questions", ""], profile.pace, (p) => cells(p.device, number(p.per_second), number(p.at_once), number(p.questions), p.floods ? "flooded" : ""))}
${listed("Also spoken with: nothing there is an operation", ["Device", "Over", "As", "Verdict"], profile.others, (o) => cells(o.device, o.over, o.app ?? "unknown", o.verdict ?? ""))}
${listed("Asked by the devices, or told unasked, in conversations with the role: not questions of the role", ["Device", "Operation", "Times", "First at"], profile.asked_back, (o) => cells(o.device, `${o.protocol} ${operationText(o)}`, number(o.count), first(o)))}
${listed("What the document lists for this role", ["Row", "What", "Seen on", "Place"], profile.coverage, (c) => cells(c.rule_id, c.what, seenOn(c), c.section))}
${listed("Failed questions", ["Device", "Operation", "Times", "Refused", "Without an answer", "First at"], profile.failed, (o) => cells(o.device, `${o.protocol} ${operationText(o)}`, number(o.count), number(o.failed), number(o.unanswered), first(o)))}
${listed("Not reached: nothing came up, so nothing was asked", ["Device", "Over", "Outcome", "Times", "Row"], profile.unreached, (u) => cells(u.device, u.over, u.outcome, number(u.count), u.rules.join(", ")))}
${profile.failed.length === 0 && profile.questions > 0 ? html`<p>Failed questions: none; every one that can be paired has its answer.</p>` : NOTHING}
${listed("What the capture may lack", ["Count", "What"], profile.limits, ({ measure, value }) => cells(number(value), measure.replaceAll("_", " ")))}
${profile.limits.length === 0 ? html`<p>What the capture may lack: ${NOTHING_LACKS}</p>` : NOTHING}<p class="dim">${ONLY_THIS}</p>`;
}

const seenOn = ({ devices, status }: Profile["coverage"][number]): string =>
  devices.length === 0 ? "not seen" : `${devices.join(", ")}${status === "violated" ? " (violated)" : ""}`;

function asked(profile: Profile, frames: FrameNames): Markup {
  const seen = PROFILE_CLASSES.filter((of) => profile.lines.some((line) => line.classes[of] !== undefined));
  return listed(
    "What was asked, by class, and as which row of the document",
    ["Device", "Protocol", "Over", ...seen, "Documented as", "First at"],
    profile.lines,
    (line) => {
      const identity = profile.identities[line.device];
      return cells(
        identity === undefined ? line.device : `${line.device} (${identity})`,
        line.protocol,
        line.over,
        ...seen.map((of) => number(line.classes[of] ?? 0)),
        line.rules.join(", ") || "not in the document",
        frames.name(line.first_capture_id, line.first_frame),
      );
    },
  );
}

function listed<T>(caption: string, heads: readonly string[], rows: readonly T[], row: (value: T) => Markup): Markup {
  if (rows.length === 0) return NOTHING;
  const more = rows.length - LISTED;
  const rest = more > 0 ? html`<p>${plural(more, "row")} more: <code>--format json</code> has them.</p>` : NOTHING;
  return html`${table(caption, heads, rows.slice(0, LISTED).map(row))}${rest}`;
}
