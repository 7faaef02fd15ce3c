import { judgedRows } from "../packed-rows.ts";
import type { Page } from "../page.ts";
import type { ConversationRow, RunResult } from "../result.ts";
import { compareText } from "../summary.ts";
import { bytes, clientOf, few, number, over, plural, responder, service } from "../words.ts";
import { printMore, type TextContext } from "./context.ts";

/** Without a model: who talks to whom, as what, under which name. The most traffic first. */
export function printObserved(page: Page, context: TextContext): void {
  const { pen } = page;
  const seen = overview(context.result, context.listed);
  page.heading("AS WHAT");
  const apps = [...seen.apps].sort((a, b) => b[1] - a[1] || compareText(a[0], b[0]));
  page.text(
    few(
      apps.map(([app, count]) => `${app} ${number(count)}`),
      20,
    ) || "nothing above the network layer",
  );
  if (seen.top.length > 0) {
    page.heading(
      "WHO TO WHOM",
      `${plural(seen.count, "conversation")}${seen.top.length < seen.count ? ", the largest" : ""}`,
    );
    for (const c of seen.top) {
      page.hang(
        { text: bytes(c.bytes).padStart(9), paint: pen.dim },
        `${c.initiator} ${pen.glyphs.arrow} ${responder(c)} ${service(c)}, ${c.outcome}`,
        {
          column: 13,
        },
      );
    }
    if (seen.top.length < seen.count)
      page.text(`and ${number(seen.count - seen.top.length)} more; --all lists them`, { paint: pen.dim });
  }
  printNames(page, context);
}

interface Overview {
  count: number;
  apps: Map<string, number>;
  /** The largest conversations, the largest first. */
  top: ConversationRow[];
}

/** One pass over conversations that may be millions: counts, and the largest few. */
function overview(result: RunResult, most: number): Overview {
  const seen: Overview = { count: 0, apps: new Map(), top: [] };
  const larger = (a: ConversationRow, b: ConversationRow): number =>
    b.bytes - a.bytes || compareText(a.conversation_id, b.conversation_id);
  const take = (c: ConversationRow): void => {
    seen.count++;
    // What runs over a port can be identified; the rest is what its protocol is.
    const app = c.app ?? (c.port === null ? over(c) : "not identified");
    seen.apps.set(app, (seen.apps.get(app) ?? 0) + 1);
    seen.top.push(c);
    if (seen.top.length >= most * 8) seen.top = seen.top.sort(larger).slice(0, most);
  };
  for (const c of judgedRows(result)) take(c);
  for (const c of result.rest.rows()) take(c);
  seen.top = seen.top.sort(larger).slice(0, most);
  return seen;
}

function printNames(page: Page, context: TextContext): void {
  const names = new Map<string, { clients: Set<string>; results: Set<string>; count: number; frame: string }>();
  for (const lookup of context.result.lookups) {
    let entry = names.get(lookup.name);
    if (entry === undefined) {
      entry = {
        clients: new Set(),
        results: new Set(),
        count: 0,
        frame: context.frames.name(lookup.first_capture_id, lookup.first_frame),
      };
      names.set(lookup.name, entry);
    }
    entry.clients.add(clientOf(lookup));
    entry.results.add(lookup.result);
    entry.count += lookup.count;
  }
  if (names.size === 0) return;
  page.heading("LOOKED UP", plural(names.size, "name"));
  const sorted = [...names].sort((a, b) => b[1].count - a[1].count || compareText(a[0], b[0]));
  for (const [name, entry] of sorted.slice(0, context.listed)) {
    const text = `by ${few([...entry.clients], 3)}: ${plural(entry.count, "time")}, ${few([...entry.results], 3)} [${entry.frame}]`;
    page.hang({ text: name }, text, { paint: page.pen.dim });
  }
  printMore(page, context, sorted.length);
}
