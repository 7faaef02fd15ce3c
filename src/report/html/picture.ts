/**
 * Who talks to whom, drawn: initiators by role on the left, responders by role or name on the right, an edge for each
 * pair with its worst verdict. The same is told in a table below, for those who can't see it.
 */
import { hostTest } from "../profile.ts";
import type { ConversationRow, RunResult } from "../result.ts";
import { number } from "../words.ts";
import { cells, html, type Markup, NOTHING, table } from "./markup.ts";
import { kindOf, MOODS, type Mood, moodOf, sign, signed } from "./mood.ts";

/** Nodes of a side that can be told apart on a screen; the rest is one node. */
const NODES = 14;
const ROW = 46;

interface Edge {
  from: string;
  to: string;
  count: number;
  mood: Mood;
  kinds: Set<string>;
  services: Set<string>;
}

export function picture(result: RunResult, rows: readonly ConversationRow[]): Markup {
  if (rows.length === 0) return NOTHING;
  const edges = edgesOf(result, rows);
  const left = ranked(edges, (edge) => edge.from, "other initiators");
  const right = ranked(edges, (edge) => edge.to, "other responders");
  const drawn = merged(edges.map((edge) => ({ ...edge, from: left.name(edge.from), to: right.name(edge.to) })));
  const height = Math.max(left.names.length, right.names.length) * ROW + 10;
  const y = (names: readonly string[], name: string): number => names.indexOf(name) * ROW + 25;
  const lines = drawn.map(({ from, to, mood }) => {
    const [y1, y2] = [y(left.names, from), y(right.names, to)];
    return html`<path class="e-${mood}" d="M250 ${y1}C420 ${y1} 420 ${y2} 588 ${y2}"/>`;
  });
  const nodes = (names: readonly string[], x: number): Markup[] =>
    names.map(
      (name) =>
        html`<g><title>${name}</title><rect class="node" x="${x}" y="${y(names, name) - 17}" width="248" height="34" rx="5"/><text x="${x + 10}" y="${y(names, name) + 5}">${short(name)}</text></g>`,
    );
  const sums = merged(drawn.map((edge) => ({ ...edge, from: "" }))).map(
    ({ to, mood, count }) =>
      html`<text class="e-${mood}" x="594" y="${y(right.names, to) + 5}">${sign(mood)} ${number(count)}</text>`,
  );
  const worst = [...drawn].sort((a, b) => MOODS.indexOf(a.mood) - MOODS.indexOf(b.mood));
  return html`<section><h2 id="picture">Who talks to whom</h2>
<p class="dim">Who opened conversations on the left, whom with on the right. The worst verdict of each pair decides its line; the number counts the conversations that end there. ${signed("good", "documented")} · ${signed("bad", "undocumented or in violation")} · ${signed("unsure", "not proved (dashed)")} · ${signed("off", "ignored, waived or not judged (dotted)")}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Picture of who talks to whom"><svg viewBox="0 0 900 ${height}" role="img" aria-label="Who talks to whom; the table below says the same">${lines}${sums}${nodes(left.names, 1)}${nodes(right.names, 650)}</svg></div>
<details><summary>The picture as a table</summary>${table(
    "Pairs, the worst first",
    ["Worst verdict", "From", "To", "Over", "Conversations"],
    worst.map((edge) =>
      cells(
        signed(edge.mood, [...edge.kinds].join(", ")),
        edge.from,
        edge.to,
        [...edge.services].join(", "),
        edge.count,
      ),
    ),
  )}</details></section>`;
}

function edgesOf(result: RunResult, rows: readonly ConversationRow[]): Edge[] {
  const tests = result.run.bindings.map(({ role, values }) => ({ role, has: hostTest(values) }));
  const known = new Map<string, string | null>();
  const roleOf = (address: string): string | null => {
    const before = known.get(address);
    if (before !== undefined) return before;
    const role = tests.find(({ has }) => has(address))?.role ?? null;
    known.set(address, role);
    return role;
  };
  return merged(
    rows.map((c) => ({
      from: roleOf(c.initiator) ?? c.initiator,
      to: roleOf(c.responder) ?? c.server_name ?? c.peer_name ?? c.responder,
      count: 1,
      mood: moodOf(c),
      kinds: new Set([kindOf(c)]),
      services: new Set([c.port === null ? c.transport : `${c.transport}/${c.port}`]),
    })),
  );
}

function merged(edges: readonly Edge[]): Edge[] {
  const pairs = new Map<string, Edge>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.from, edge.to]);
    const known = pairs.get(key);
    if (known === undefined) {
      pairs.set(key, { ...edge, kinds: new Set(edge.kinds), services: new Set(edge.services) });
      continue;
    }
    known.count += edge.count;
    if (MOODS.indexOf(edge.mood) < MOODS.indexOf(known.mood)) known.mood = edge.mood;
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
      mood: Math.min(known.mood, MOODS.indexOf(edge.mood)),
      count: known.count + edge.count,
    });
  }
  const all = [...weight].sort(([, a], [, b]) => a.mood - b.mood || b.count - a.count).map(([name]) => name);
  if (all.length <= NODES) return { names: all, name: (name: string) => name };
  const kept = new Set(all.slice(0, NODES - 1));
  const rest = `${number(all.length - kept.size)} ${others}`;
  return { names: [...kept, rest], name: (name: string) => (kept.has(name) ? name : rest) };
}

function short(name: string): string {
  return name.length <= 29 ? name : `${name.slice(0, 12)}…${name.slice(-16)}`;
}
