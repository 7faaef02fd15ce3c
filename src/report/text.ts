/**
 * The report for people. Its first screen answers three questions (is it all right, what is not, what should I do); what
 * follows is the proof, the worst first: findings, what could not be decided, the document's rows, what was in force.
 */
import { Page } from "./page.ts";
import type { Pen } from "./pen.ts";
import type { RunResult } from "./result.ts";
import { nothingRead } from "./summary.ts";
import { TextContext } from "./text/context.ts";
import { printFindings } from "./text/findings.ts";
import { printHead } from "./text/head.ts";
import { printObserved } from "./text/observed.ts";
import { printRules } from "./text/rules.ts";
import { printTail } from "./text/tail.ts";

export interface TextOptions {
  pen: Pen;
  /** The database that holds this run, as a command would name it (`DB` or `DB@RUN`); null: it was not stored. */
  database: string | null;
  /** List every finding, not only the first ones of a kind. */
  all: boolean;
}

/** The whole report as one text with a newline at its end. No line but a command to copy is wider than the pen. */
export function textReport(result: RunResult, options: TextOptions): string {
  const page = new Page(options.pen);
  const context = new TextContext(result, options);
  printHead(page, context);
  if (nothingRead(result)) return page.toString();
  if (result.run.models.length === 0) printObserved(page, context);
  else {
    printFindings(page, context);
    printRules(page, context);
  }
  printTail(page, context);
  return page.toString();
}
