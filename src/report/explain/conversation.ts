import { isBan } from "../drift.ts";
import { Page, type Piece } from "../page.ts";
import type { Pen } from "../pen.ts";
import type { ClauseResult, ConversationRow, Evidence, FrameRef, RuleRow, RunResult } from "../result.ts";
import { shellWord } from "../safe.ts";
import type { TextOptions } from "../text.ts";
import {
  bytes,
  cited,
  duration,
  expected,
  FrameNames,
  fieldText,
  isDefaultRealm,
  number,
  plural,
  responder,
  sentence,
  series,
  service,
  stamp,
  wayOf,
} from "../words.ts";
import { conversationCommands, frameCommands } from "./filters.ts";

const COLUMN = 16;

export function explainConversation(result: RunResult, c: ConversationRow, options: TextOptions): string {
  const { pen } = options;
  const page = new Page(pen);
  const frames = new FrameNames(result.captures);
  page.hang({ text: `${pen.glyphs.dot} CONVERSATION ${c.conversation_id}`, paint: pen.bold }, verdictOf(c), {
    indent: 0,
    paint: verdictPaint(c, pen),
  });
  page.text(`${c.initiator} ${wayOf(c, pen.glyphs)} ${responder(c)} ${service(c)}`);
  if (c.reason !== null) page.text(sentence(c.reason));
  if (c.expectation !== null && !isBan(c))
    page.text(`Documented: ${c.expectation}. Found: ${c.found ?? "nothing that can be read"}.`);
  if (c.waived !== null) page.text(`Waived: ${c.waived}`, { paint: pen.yellow });

  printWhatItIs(page, c);
  printNames(page, c, frames);
  printOperations(page, c, frames);
  if (c.evidence !== null) printJudgement(page, result, c, c.evidence, frames);
  printPackets(page, result, c);
  printNext(page, result, c, options);
  return page.toString();
}

function verdictOf(c: ConversationRow): string {
  if (c.verdict === null) return "observed; no model was given";
  return c.reason_code === null ? c.verdict : `${c.verdict} (${c.reason_code})`;
}

function verdictPaint(c: ConversationRow, pen: Pen): (text: string) => string {
  if (c.verdict === "undocumented" || c.verdict === "violation") return pen.red;
  if (c.verdict === "inconclusive") return pen.yellow;
  return c.verdict === "documented" ? pen.green : pen.dim;
}

function printWhatItIs(page: Page, c: ConversationRow): void {
  page.heading("WHAT WAS SEEN");
  const seconds = (Date.parse(c.last_seen) - Date.parse(c.first_seen)) / 1000;
  const outcomes = Object.entries(c.outcomes).map(([outcome, count]) => `${outcome} ${number(count)}`);
  fact(page, "opened by", opener(c));
  fact(page, "traffic", `${plural(c.flows, "flow")}, ${plural(c.packets, "packet")}, ${bytes(c.bytes)}`);
  fact(
    page,
    "time",
    `${stamp(c.first_seen)} to ${stamp(c.last_seen)} UTC${seconds > 0 ? ` (${duration(seconds)})` : ""}`,
  );
  fact(page, "outcome", outcomes.length > 1 ? `${c.outcome} (${outcomes.join(", ")})` : c.outcome);
  if (!isDefaultRealm(c.realm)) fact(page, "realm", c.realm);
  for (const [field, values] of Object.entries(c.fields))
    fact(page, field, values.map((value) => fieldText(field, value)).join(", "));
}

/** A documented or usual port makes it likely who opened a conversation, and proves nothing. */
function opener({ initiator, evidence }: ConversationRow): string {
  if (evidence === null) return initiator;
  return evidence.initiator_by === "port"
    ? `probably ${initiator}: going by the ports alone, no packet proves it`
    : `${initiator}, known by ${evidence.initiator_by}`;
}

function printNames(page: Page, c: ConversationRow, frames: FrameNames): void {
  page.heading(
    "NAMES",
    c.names.length === 0
      ? "none: nobody named this address in the capture"
      : "what says that this address goes by a name",
  );
  page.table(
    c.names.map((each) => [
      { text: each.name },
      { text: each.source, paint: page.pen.dim },
      // Names that a site or a document gives stand in no frame.
      { text: each.frame > 0 ? frames.name(each.capture_id, each.frame) : "", paint: page.pen.dim },
    ]),
  );
}

function printOperations(page: Page, c: ConversationRow, frames: FrameNames): void {
  if (c.operations.length === 0) return;
  page.heading("OPERATIONS", "what was asked of the device");
  page.table(
    c.operations.map((op) => [
      { text: `${number(op.count)} ×` },
      { text: `${op.protocol} ${op.operation} (${op.code})` },
      { text: op.class },
      { text: op.target ?? "" },
      { text: trouble(op.failed, op.unanswered), paint: page.pen.yellow },
      { text: frames.name(op.first_capture_id, op.first_frame), paint: page.pen.dim },
    ]),
  );
}

function trouble(failed: number, unanswered: number): string {
  return [failed > 0 ? `${number(failed)} failed` : "", unanswered > 0 ? `${number(unanswered)} unanswered` : ""]
    .filter(Boolean)
    .join(", ");
}

function printJudgement(
  page: Page,
  result: RunResult,
  c: ConversationRow,
  evidence: Evidence,
  frames: FrameNames,
): void {
  const { pen } = page;
  const rules = (
    c.rules.length > 0
      ? c.rules
      : c.rule_id !== null && c.model !== null
        ? [{ model: c.model, rule_id: c.rule_id }]
        : []
  ).slice(0, 8);
  const named = evidence.nearest !== null && rules.length === 0 ? [evidence.nearest] : rules;
  if (named.length > 0 || evidence.clauses.length > 0) {
    page.heading("THE RULE", rules.length === 0 ? "the nearest one; it does not cover this conversation" : "");
  }
  for (const { model, rule_id } of named) {
    const rule = result.rules.find((each) => each.model === model && each.rule_id === rule_id);
    page.hang({ text: `${model}/${rule_id}`, paint: pen.bold }, rule === undefined ? "" : describe(rule, pen));
  }
  page.table(evidence.clauses.map((clause) => clauseRow(clause, pen)));
  const { nearest } = evidence;
  if (
    nearest !== null &&
    !evidence.clauses.some((clause) => clause.clause === nearest.clause && clause.result === "failed")
  ) {
    page.hang(
      { text: `${pen.glyphs.bad} ${nearest.clause}`, paint: pen.red },
      `${nearest.model}/${nearest.rule_id}: ${nearest.says}`,
    );
  }
  printFrames(page, "SPEAKS FOR IT", evidence.support, evidence.support_count, frames);
  printFrames(page, "SPEAKS AGAINST IT", evidence.against, evidence.against_count, frames);
  const change = whatWouldChange(c, evidence);
  if (change.length === 0) return;
  page.heading("WHAT WOULD CHANGE THE VERDICT");
  for (const each of change) page.hang({ text: pen.glyphs.idle }, sentence(each));
}

function describe(rule: RuleRow, pen: Pen): string {
  return `${expected(rule, pen.glyphs.arrow)}, ${rule.requirement} (${[rule.document, cited(rule)].filter((part) => part !== "").join(": ")})`;
}

function clauseRow(clause: ClauseResult, pen: Pen): Piece[] {
  const marks = {
    proved: [pen.glyphs.good, pen.green],
    failed: [pen.glyphs.bad, pen.red],
    unproved: [pen.glyphs.unsure, pen.yellow],
    unobservable: [pen.glyphs.idle, pen.dim],
  } as const;
  const [glyph, paint] = marks[clause.result];
  return [
    { text: `${glyph} ${clause.clause}`, paint },
    { text: clause.result, paint },
    { text: sentence(clause.says) },
  ];
}

export function printFrames(
  page: Page,
  title: string,
  list: readonly FrameRef[],
  count: number,
  frames: FrameNames,
): void {
  if (list.length === 0) return;
  page.heading(
    title,
    count > list.length ? `the first ${list.length} of ${plural(count, "frame")}` : plural(list.length, "frame"),
  );
  page.table(
    list.map((ref) => [{ text: frames.name(ref.capture_id, ref.frame) }, { text: ref.what, paint: page.pen.dim }]),
  );
}

/** From the clauses: each that is open or failed, turned round. The reason has the remedy where conform knows one. */
function whatWouldChange(c: ConversationRow, evidence: Evidence): string[] {
  switch (c.verdict) {
    case "undocumented": {
      const list = ifAsDocumented(evidence);
      list.push(
        "A newer document that names it, or a model of your own with a rule for it; a waiver in the site file, if it is accepted.",
      );
      return list;
    }
    case "inconclusive":
      return evidence.clauses
        .filter((clause) => clause.result === "unproved")
        .map((clause) => `Proof of ${CLAUSES[clause.clause]}: ${clause.says}`);
    case "violation":
      return c.expectation === null || isBan(c)
        ? []
        : [`It would be documented if the expectation held: ${c.expectation}.`];
    case "documented":
      return evidence.against_count > 0 ? ["More of what speaks against it, above."] : [];
    default:
      return [];
  }
}

/** All that failed has to be another way at once, and what is open has to be proved beside it. */
function ifAsDocumented({ clauses, nearest }: Evidence): string[] {
  const failed = clauses.filter(({ result }) => result === "failed");
  const wrong: { clause: string; says: string }[] = failed.length === 0 && nearest !== null ? [nearest] : failed;
  if (wrong.length === 0) return [];
  const by = nearest === null ? "" : ` by ${nearest.model}/${nearest.rule_id}`;
  const what = series(wrong.map(({ clause }) => CLAUSES[clause as ClauseResult["clause"]] ?? clause));
  const says = `It would be documented${by} if ${what} were as documented: ${wrong.map((each) => each.says).join("; ")}`;
  const open = clauses.filter(({ result }) => result === "unproved");
  const proof = open.map((each) => `${CLAUSES[each.clause]} (${each.says})`).join(", ");
  return [proof === "" ? says : `${says}. Also to be proved: ${proof}`];
}

const CLAUSES: Record<ClauseResult["clause"], string> = {
  who: "who opened it",
  whom: "whom it goes to",
  over: "the transport and port",
  app: "the application",
  when: "the rule's condition",
  expect: "what else must hold",
  up: "the connection's coming up",
};

function printPackets(page: Page, result: RunResult, c: ConversationRow): void {
  const named = c.names
    .filter((each) => each.frame > 0)
    .map((each) => ({ capture_id: each.capture_id, frame: each.frame, what: "" }));
  const shown = [...(c.evidence?.support ?? []), ...(c.evidence?.against ?? []), ...named];
  const commands = [...frameCommands(result.captures, shown), ...conversationCommands(result.captures, c)];
  if (commands.length === 0) return;
  page.heading("LOOK AT THE PACKETS");
  for (const command of commands) page.command(command);
}

function printNext(page: Page, result: RunResult, c: ConversationRow, options: TextOptions): void {
  const own = c.model === null || c.rule_id === null ? null : { model: c.model, rule_id: c.rule_id };
  const rule = c.rules[0] ?? own ?? c.evidence?.nearest ?? null;
  if (options.database === null || rule === null || !result.rules.some((each) => each.rule_id === rule.rule_id)) return;
  page.heading("NEXT");
  page.command(`wirepact explain ${shellWord(options.database)} ${shellWord(`${rule.model}/${rule.rule_id}`)}`);
}

function fact(page: Page, label: string, text: string): void {
  page.hang({ text: label, paint: page.pen.dim }, text, { column: COLUMN });
}
