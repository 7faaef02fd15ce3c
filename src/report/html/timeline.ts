/** When conversations were: a bar from the first to the last packet of each, over what the captures cover. */
import type { CaptureRow, ConversationRow, RunResult } from "../result.ts";
import { safe } from "../safe.ts";
import { number, plural, responder, service, stamp, timeSpan } from "../words.ts";
import { html, type Markup, NOTHING } from "./markup.ts";
import { moodOf, sign } from "./mood.ts";
import { Roles } from "./roles.ts";

const BARS = 40;
const LEFT = 360;
const WIDTH = 590;

interface Span {
  from: number;
  to: number;
}

export function timeline(result: RunResult, rows: readonly ConversationRow[]): Markup {
  const { first_time, last_time } = result.run;
  const start = Date.parse(first_time ?? "");
  const end = Date.parse(last_time ?? "");
  if (!(end > start) || rows.length === 0) return NOTHING;
  const x = (time: number): number => LEFT + Math.round(((time - start) / (end - start)) * WIDTH * 10) / 10;
  const shown = rows.slice(0, BARS);
  const height = shown.length * 22 + 34;
  const holes = holesOf(result.captures, { from: start, to: end });
  const roles = new Roles(result);
  const bars = shown.map((c, i) => {
    const from = x(Date.parse(c.first_seen));
    const width = Math.max(3, x(Date.parse(c.last_seen)) - from);
    const mood = moodOf(c);
    const name = safe(
      `${roles.end(c.initiator, null)} → ${roles.end(c.responder, c.server_name ?? c.peer_name)} ${service(c)}`,
    );
    const said = `${c.initiator} → ${responder(c)} ${service(c)}, ${timeSpan(c.first_seen, c.last_seen) ?? ""}`;
    return html`<g><title>${said}</title><text class="small" x="0" y="${i * 22 + 15}">${sign(mood)} ${name.length > 48 ? `${name.slice(0, 47)}…` : name}</text><rect class="e-${mood}" x="${from}" y="${i * 22 + 5}" width="${width}" height="12"/></g>`;
  });
  const dark = holes.map(
    ({ from, to }) =>
      html`<rect class="hole" x="${x(from)}" y="0" width="${Math.max(2, x(to) - x(from))}" height="${height - 30}"><title>No capture: ${span({ from, to })}</title></rect>`,
  );
  const more =
    rows.length > BARS
      ? ` The first ${BARS} of ${number(rows.length)}, the worst first; the table of conversations has every one's times.`
      : "";
  return html`<section><h2 id="timeline">When</h2>
<p class="dim">A bar reaches from a conversation’s first packet to its last; in between it may have been silent.${more}</p>
<p>${drops(result)} ${holes.length === 0 ? "The recording has no gap." : `${plural(holes.length, "gap")} in the recording (grey): ${holes.slice(0, 5).map(span).join("; ")}${holes.length > 5 ? " …" : ""}.`}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Timeline of conversations"><svg viewBox="0 0 960 ${height}" role="img" aria-label="Timeline; the table of conversations has the same times">${dark}${bars}<path class="axis" d="M${LEFT} ${height - 28}H${LEFT + WIDTH}"/><text class="small" x="${LEFT}" y="${height - 8}">${stamp(first_time ?? "")}</text><text class="small" x="${LEFT + WIDTH}" y="${height - 8}" text-anchor="end">${stamp(last_time ?? "")} UTC</text></svg></div></section>`;
}

/** Drops are counted by the capture, not timed: they are said, not drawn. */
function drops(result: RunResult): string {
  const lost = Number(result.quality.drops ?? 0);
  if (lost > 0) return `The capture lost ${plural(lost, "packet")}; it does not say when.`;
  return result.captures.every((capture) => capture.drops !== null)
    ? "No packet was lost while it was recorded."
    : "The file does not say whether packets were lost while it was recorded.";
}

/** Times between the captures of a run that none of them covers. */
function holesOf(captures: readonly CaptureRow[], whole: Span): Span[] {
  const spans = captures
    .map(({ first_time, last_time }) => ({ from: Date.parse(first_time ?? ""), to: Date.parse(last_time ?? "") }))
    .filter(({ from, to }) => to >= from)
    .sort((a, b) => a.from - b.from);
  const holes: Span[] = [];
  let covered = whole.from;
  for (const { from, to } of spans) {
    if (from - covered >= 1000) holes.push({ from: covered, to: from });
    covered = Math.max(covered, to);
  }
  return holes;
}

function span({ from, to }: Span): string {
  return timeSpan(new Date(from).toISOString(), new Date(to).toISOString()) ?? "";
}
