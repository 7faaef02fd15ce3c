import { partsText } from "../../capture/realm-parts.ts";
import { firstUnwaived } from "../packed-rows.ts";
import type { Page } from "../page.ts";
import { qualityRows } from "../quality.ts";
import type { RunInfo, RunResult, Verdict } from "../result.ts";
import { shellWord } from "../safe.ts";
import { ruleFindings, verdictCount } from "../summary.ts";
import { bytes, isDefaultRealm, number, plural, timeSpan } from "../words.ts";
import type { TextContext } from "./context.ts";

/** What else was there, what the capture was like, what was in force, and the command to type next. */
export function printTail(page: Page, context: TextContext): void {
  const { result } = context;
  if (result.run.models.length > 0) printAlsoSeen(page, result);
  printCaptures(page, result);
  if (result.run.models.length > 0) printInForce(page, result);
  printNext(page, context);
}

function printAlsoSeen(page: Page, result: RunResult): void {
  page.heading("ALSO SEEN");
  const unrelated = result.rest.count + verdictCount(result, "unrelated");
  page.table([
    [
      { text: number(verdictCount(result, "documented")) },
      { text: "documented: a rule covers it, every clause proved" },
    ],
    [
      { text: number(verdictCount(result, "ignored")) },
      { text: "ignored: background that every host needs, or the way to a proxy" },
    ],
    [{ text: number(unrelated) }, { text: "unrelated: neither end plays a role here" }],
  ]);
}

function printCaptures(page: Page, result: RunResult): void {
  const rows = qualityRows(result);
  const several = result.captures.length > 1 || result.captures.some(({ parts }) => parts.length > 0);
  if (!several && rows.length === 0) return;
  page.heading("CAPTURE");
  if (several) {
    for (const capture of result.captures) {
      const span = timeSpan(capture.first_time, capture.last_time);
      const parts = [
        capture.format,
        plural(capture.packets, "packet"),
        bytes(capture.bytes),
        ...(span === null ? [] : [span]),
      ];
      if (!isDefaultRealm(capture.realm)) parts.push(`realm ${capture.realm}`);
      if (capture.parts.length > 0) parts.push(`realms in it: ${partsText(capture.parts)}`);
      page.hang({ text: capture.path }, parts.filter((part) => part !== "").join(", "), { paint: page.pen.dim });
    }
  }
  page.table(
    rows.map(({ count, measure, about }) => [
      { text: count },
      { text: measure, paint: page.pen.dim },
      // `flows` needs no second word.
      { text: about === measure ? "" : about },
    ]),
  );
}

function printInForce(page: Page, result: RunResult): void {
  const { bindings, parameters, site } = result.run;
  page.heading("IN FORCE", site === null ? "" : `site ${site}`);
  page.table([
    ...bindings.map((b) => [
      { text: `${b.role} = ${b.values.join(", ")}` },
      { text: howBound(b), paint: b.seen ? page.pen.dim : page.pen.yellow },
    ]),
    ...parameters.map((p) => [
      { text: `${p.name} = ${p.value ?? "?"}` },
      { text: p.how === "missing" ? "not given" : p.how, paint: p.how === "missing" ? page.pen.yellow : page.pen.dim },
    ]),
  ]);
  if (bindings.length + parameters.length === 0) page.text("no bindings and no parameters");
}

/** How an address came to its role: `site, outside, not seen`. */
export function howBound({ how, outside, seen }: RunInfo["bindings"][number]): string {
  return `${how}${outside ? ", outside" : ""}${seen ? "" : ", not seen"}`;
}

function printNext(page: Page, context: TextContext): void {
  const { database } = context.options;
  if (database === null) return;
  const db = shellWord(database);
  const first = (verdict: Verdict) => firstUnwaived(context.result, verdict);
  const worst = first("violation") ?? first("undocumented") ?? first("inconclusive");
  const rule = ruleFindings(context.result)[0] ?? context.result.rules[0];
  const id = worst !== null ? context.id(worst) : rule !== undefined ? context.rule(rule) : null;
  page.heading("NEXT");
  if (context.result.run.models.length === 0) page.command("wirepact models");
  if (id !== null) page.command(`wirepact explain ${db} ${shellWord(id)}`);
  page.command(`wirepact report ${db} --format json`);
}
