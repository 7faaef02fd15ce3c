/**
 * Who talks to whom, drawn: initiators by role on the left, responders by role or name on the right, an edge for each
 * pair with its worst verdict. The same is told in a table below, for those who can't see it.
 */

import { textWidth } from "../layout.ts";
import type { ConversationRow, RunResult } from "../result.ts";
import { safe } from "../safe.ts";
import { number } from "../words.ts";
import { cells, html, type Markup, NOTHING, own, table } from "./markup.ts";
import { kindOf, MOODS, type Mood, moodOf, sign, signed } from "./mood.ts";
import { Roles } from "./roles.ts";

/** Nodes of a side that can be told apart on a screen; the rest is one node. */
const NODES = 14;
const ROW = 48;
/** Addresses of an end that are counted; more are "several". */
const NAMED = 9;

interface Edge {
  from: string;
  to: string;
  /** Conversations by what is thought of them. */
  counts: Record<Mood, number>;
  kinds: Set<string>;
  services: Set<string>;
}

export function picture(result: RunResult, rows: readonly ConversationRow[]): Markup {
  if (rows.length === 0) return NOTHING;
  const { edges, addresses } = edgesOf(result, rows);
  const left = ranked(edges, (edge) => edge.from, "other initiators");
  const right = ranked(edges, (edge) => edge.to, "other responders");
  const drawn = merged(edges.map((edge) => ({ ...edge, from: left.name(edge.from), to: right.name(edge.to) })));
  const height = Math.max(left.names.length, right.names.length) * ROW + 6;
  const y = (names: readonly string[], name: string): number => names.indexOf(name) * ROW + 24;
  const lines = drawn.map((edge) => {
    const [y1, y2] = [y(left.names, edge.from), y(right.names, edge.to)];
    return html`<path class="e-${worstOf(edge)}" d="M250 ${y1}C420 ${y1} 420 ${y2} 598 ${y2}"/>`;
  });
  const nodes = (names: readonly string[], x: number): Markup[] =>
    names.map((name) => node(name, addresses.get(name) ?? "", x, y(names, name)));
  const sums = merged(drawn.map((edge) => ({ ...edge, from: "" }))).map(
    (edge) =>
      html`<text class="e-${worstOf(edge)}" x="604" y="${y(right.names, edge.to) + 5}">${sign(worstOf(edge))} ${countText(edge)}</text>`,
  );
  const worst = [...drawn].sort((a, b) => MOODS.indexOf(worstOf(a)) - MOODS.indexOf(worstOf(b)));
  return html`<section><h2 id="picture">Who talks to whom</h2>
<p class="dim">On the left who began a conversation, on the right with whom. The worst verdict decides a line’s colour and the sign at its end; <q>1 of 2</q> there means that one of two conversations has it.</p>
<p class="dim legend">${signed("good", "documented")} · ${signed("bad", "undocumented or in violation")} · ${signed("unsure", "not proved (dashed)")} · ${signed("off", "ignored, waived or not judged (dotted)")}</p>
<p class="narrow dim">The picture is wider than this screen: move it sideways, or open the table below it.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Picture of who talks to whom"><svg viewBox="0 0 960 ${height}" role="img" aria-label="Who talks to whom; the table below says the same">${lines}${sums}${nodes(left.names, 1)}${nodes(right.names, 710)}</svg></div>
<details><summary>The picture as a table</summary>${table(
    "Pairs, the worst first",
    ["Worst verdict", "From", "To", "Over", "Conversations"],
    worst.map((edge) =>
      cells(
        own(signed(worstOf(edge), [...edge.kinds].join(", "))),
        edge.from,
        edge.to,
        [...edge.services].join(", "),
        countText(edge),
      ),
    ),
  )}</details></section>`;
}

function node(name: string, addresses: string, x: number, y: number): Markup {
  const below = addresses === "" || addresses === name ? NOTHING : addresses;
  const lines =
    below === NOTHING
      ? html`<text x="${x + 10}" y="${y + 5}">${short(name)}</text>`
      : html`<text x="${x + 10}" y="${y - 2}">${short(name)}</text><text class="small" x="${x + 10}" y="${y + 13}">${short(addresses)}</text>`;
  return html`<g><title>${name}${below === NOTHING ? "" : `: ${addresses}`}</title><rect class="node" x="${x}" y="${y - 19}" width="248" height="38" rx="5"/>${lines}</g>`;
}

/** `3`, or `1 of 3` where not all have the worst verdict. */
function countText(edge: Edge): string {
  const all = MOODS.reduce((sum, mood) => sum + edge.counts[mood], 0);
  const worst = edge.counts[worstOf(edge)];
  return worst === all ? number(all) : `${number(worst)} of ${number(all)}`;
}

function worstOf(edge: Edge): Mood {
  return MOODS.find((mood) => edge.counts[mood] > 0) ?? "off";
}

/** Pairs of ends by role, else by name, else by address; and for each end the addresses that stand for it. */
function edgesOf(
  result: RunResult,
  rows: readonly ConversationRow[],
): { edges: Edge[]; addresses: ReadonlyMap<string, string> } {
  const roles = new Roles(result);
  const behind = new Map<string, Set<string>>();
  const seen = (end: string, address: string): string => {
    const known = behind.get(end);
    if (known === undefined) behind.set(end, new Set([address]));
    else if (known.size <= NAMED) known.add(address);
    return end;
  };
  const edges = merged(
    rows.map((c) => ({
      from: seen(roles.end(c.initiator, null), c.initiator),
      to: seen(roles.end(c.responder, c.server_name ?? c.peer_name), c.responder),
      counts: { bad: 0, unsure: 0, good: 0, off: 0, [moodOf(c)]: 1 },
      kinds: new Set([kindOf(c)]),
      services: new Set([c.port === null ? c.transport : `${c.transport}/${c.port}`]),
    })),
  );
  const texts = [...behind].map(([end, set]): [string, string] => {
    const bound = roles.addresses(end);
    const [first = "", ...more] = set;
    return [
      end,
      bound !== ""
        ? bound
        : more.length === 0
          ? first
          : set.size > NAMED
            ? "several addresses"
            : `${set.size} addresses`,
    ];
  });
  return { edges, addresses: new Map(texts) };
}

function merged(edges: readonly Edge[]): Edge[] {
  const pairs = new Map<string, Edge>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.from, edge.to]);
    const known = pairs.get(key);
    if (known === undefined) {
      const { counts, kinds, services } = edge;
      pairs.set(key, { ...edge, counts: { ...counts }, kinds: new Set(kinds), services: new Set(services) });
      continue;
    }
    for (const mood of MOODS) known.counts[mood] += edge.counts[mood];
    for (const kind of edge.kinds) known.kinds.add(kind);
    for (const service of edge.services) if (known.services.size < 6) known.services.add(service);
  }
  return [...pairs.values()];
}

/** The nodes of a side: those with the worst verdicts first, then the busiest; what does not fit is one node. */
function ranked(edges: readonly Edge[], end: (edge: Edge) => string, others: string) {
  const weight = new Map<string, { mood: number; count: number }>();
  for (const edge of edges) {
    const known = weight.get(end(edge)) ?? { mood: MOODS.length, count: 0 };
    weight.set(end(edge), {
      mood: Math.min(known.mood, MOODS.indexOf(worstOf(edge))),
      count: known.count + MOODS.reduce((sum, mood) => sum + edge.counts[mood], 0),
    });
  }
  const all = [...weight].sort(([, a], [, b]) => a.mood - b.mood || b.count - a.count).map(([name]) => name);
  if (all.length <= NODES) return { names: all, name: (name: string) => name };
  const kept = new Set(all.slice(0, NODES - 1));
  const rest = `${number(all.length - kept.size)} ${others}`;
  return { names: [...kept, rest], name: (name: string) => (kept.has(name) ? name : rest) };
}

/** Cut where it is shown: invisible characters take their place first. */
function short(text: string): string {
  const name = safe(text);
  const most = textWidth(name) > name.length ? 14 : 29; // letters of double width
  if (name.length <= most) return name;
  const head = Math.floor(most * 0.4);
  return `${name.slice(0, head)}…${name.slice(head + 1 - most)}`;
}
