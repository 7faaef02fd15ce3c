/**
 * The public views: the contract's names, columns and order, then what else is there. The tables beneath may change with
 * the schema version; these may not.
 *
 * Conversations come from two places. Judged ones are rows of `conversation`, each with its `kind` (`conversation-table.ts`). All others are JSON texts of about 1,000
 * compact rows in `rest_chunk` (see `RestConversations.chunks`), which the views take apart with `json_each`: writing
 * them so is more than ten times faster than as rows, and nearly all conversations of a span port are of that kind. Rules
 * are texts of 1,000 too (`rule_chunk`), as objects, and look-ups (`lookup_chunk`), as lists of values.
 *
 * Only what SQLite's JSON functions have had from the start is used (no `->>`, no `format`), so that the shells of older
 * systems read the file too.
 */

import { LOOKUP_PLACE } from "./chunks.ts";
import { CONVERSATION_FROM, conversationColumn, verdictCode } from "./conversation-table.ts";

/** Item `index` of compact row `r`. */
const item = (index: number): string => `json_extract(r.value, '$[${index}]')`;
/** NULL for an empty text: nothing observed. */
const seen = (expression: string): string => `NULLIF(${expression}, '')`;
const extra = (name: string): string => `json_extract(r.value, '$[20].${name}')`;
/** Of what many rows have alike, or of a row's own. */
const alike = (name: string): string =>
  `CASE WHEN c.alike IS NULL THEN ${extra(name)} ELSE json_extract(c.alike, '$[' || ${extra("alike")} || '].${name}') END`;

/** An address: IPv4 as an unsigned number, anything else as text. The inner LIMIT keeps SQLite from extracting five times. */
const address = (index: number): string => `(
    SELECT CASE typeof(a)
      WHEN 'integer' THEN (a >> 24) || '.' || ((a >> 16) & 255) || '.' || ((a >> 8) & 255) || '.' || (a & 255)
      ELSE NULLIF(a, '') END
    FROM (SELECT ${item(index)} AS a LIMIT 1))`;

/** Seconds and microseconds as `YYYY-MM-DDThh:mm:ss.ffffffZ`; seconds that are no date stay a number, as `formatInstant` has it. */
const time = (sec: number, us: number): string => `COALESCE(
    strftime('%Y-%m-%dT%H:%M:%S', ${item(sec)}, 'unixepoch') || printf('.%06dZ', ${item(us)}),
    '@' || ${item(sec)} || printf('.%06d000', ${item(us)}))`;

/** Columns of a judged conversation, each under its name. */
const judged = (columns: string): string =>
  columns
    .split(", ")
    .map((column) => `${conversationColumn(column)} AS ${column}`)
    .join(", ");

/** An empty list or object is nothing observed. */
const some = (column: string, empty: "[]" | "{}"): string => `NULLIF(${column}, '${empty}')`;

const REST_FROM =
  "FROM rest_chunk AS c LEFT JOIN rest_mask AS m ON m.run_id = c.run_id AND m.seq = c.seq, json_each(c.data) AS r";
/** Not of a row that is judged now and stands in the text still. */
const IS_REST = "substr(m.masked, r.key + 1, 1) IS NOT X'01'";
/** Of a row's own, or of all in its text. */
const REST_VERDICT = `COALESCE(${item(12)}, c.verdict)`;
const REST_ID = `printf('%08x%08x', ${item(0)}, ${item(1)})`;

const CONVERSATION_VERDICTS = `CREATE VIEW conversation_verdicts AS
SELECT ${judged(
  "run_id, conversation_id, realm, initiator, responder, transport, port, app, inner_app, server_name, peer_name, " +
    "outcome, verdict, model, rule_id, reason_code, reason, evidence, flows, packets, bytes, first_seen, last_seen, " +
    "waived, hint",
)}, ${some(conversationColumn("names"), "[]")} AS names, ${some(conversationColumn("outcomes"), "{}")} AS outcomes,
  ${some(conversationColumn("fields"), "{}")} AS fields, ${some(conversationColumn("rules"), "[]")} AS rules, ${judged("expectation, found")}
${CONVERSATION_FROM}
UNION ALL
SELECT c.run_id, ${REST_ID}, ${seen(item(2))}, ${address(3)}, ${address(4)},
  ${seen(item(5))}, ${item(6)}, ${seen(item(7))}, ${seen(item(8))}, ${seen(item(9))}, ${seen(item(10))},
  ${seen(item(11))}, ${seen(REST_VERDICT)}, NULL, NULL, CASE ${REST_VERDICT} WHEN 'unrelated' THEN 'no-role' END, NULL,
  CASE WHEN ${seen(alike("initiator_by"))} IS NOT NULL THEN json_object(
    'support', json('[]'), 'support_count', 0, 'against', json('[]'), 'against_count', 0, 'clauses', json('[]'),
    'initiator_by', ${alike("initiator_by")}, 'nearest', NULL) END,
  ${item(13)}, ${item(14)}, ${item(15)},
  ${time(16, 17)},
  ${time(18, 19)},
  NULL, ${seen(extra("hint"))}, ${some(extra("names"), "[]")}, COALESCE(${some(extra("outcomes"), "{}")}, json_object(${item(11)}, ${item(13)})),
  ${some(alike("fields"), "{}")}, NULL, NULL, NULL
${REST_FROM}
WHERE ${IS_REST};`;

const FINDING_COLUMNS =
  "run_id, conversation_id, initiator, responder, transport, port, app, server_name, first_seen, last_seen, flows, packets, bytes";

const OBSERVED_UNDOCUMENTED = `CREATE VIEW observed_undocumented AS
SELECT ${judged(FINDING_COLUMNS)},
  ${judged("reason, nearest_rule, nearest_model, waived, reason_code, realm, inner_app, peer_name, outcome, hint, evidence")}
${CONVERSATION_FROM} WHERE c.verdict = ${verdictCode("undocumented")};`;

const OBSERVED_VIOLATIONS = `CREATE VIEW observed_violations AS
SELECT ${judged(FINDING_COLUMNS)},
  ${judged("model, rule_id, expectation, found, waived, reason_code, reason, realm, inner_app, peer_name, outcome, evidence")}
${CONVERSATION_FROM} WHERE c.verdict = ${verdictCode("violation")};`;

/** Field of a rule `r`. */
const ofRule = (name: string): string => `NULLIF(json_extract(r.value, '$.${name}'), '') AS ${name}`;
const RULE_FIELDS =
  "model rule_id status requirement from_role to_endpoint transport ports app reason document section " +
  "waived reason_code item remedy conversations evidence";
const RULE_COLUMNS = ["c.run_id AS run_id", ...RULE_FIELDS.split(" ").map(ofRule)].join(", ");
const RULE_FROM = "FROM rule_chunk AS c, json_each(c.data) AS r";

const RULE_VERDICTS = `CREATE VIEW rule_verdicts AS
SELECT ${RULE_COLUMNS} ${RULE_FROM};`;

const DOCUMENTED_MISSING = `CREATE VIEW documented_missing AS
SELECT ${RULE_COLUMNS} ${RULE_FROM}
WHERE json_extract(r.value, '$.status') IN ('missing', 'blocked', 'partial');`;

const host = (field: string): string => `NULLIF(json_extract(h.value, '$.${field}'), '') AS ${field}`;

const RULE_HOSTS = `CREATE VIEW rule_hosts AS
SELECT c.run_id AS run_id, ${["model", "rule_id"].map(ofRule).join(", ")}, ${["realm", "host", "status", "reason"].map(host).join(", ")}
${RULE_FROM}, json_each(r.value, '$.hosts') AS h;`;

/** Value of a look-up `r`. */
const lookup = (field: keyof typeof LOOKUP_PLACE): string => {
  const own = `NULLIF(json_extract(r.value, '$[${LOOKUP_PLACE[field]}]'), '')`;
  return `${field === "verdict" ? `COALESCE(${own}, c.verdict)` : own} AS ${field}`;
};

const LOOKUP_COLUMNS = [
  ...(["client", "server", "name", "type", "result", "answers", "verdict"] as const),
  ...(["first_frame", "count", "first_capture_id", "realm"] as const),
];

/** Columns of the operations view after run and conversation, from one element `o` of a list of operations. */
const OPERATION_COLUMNS = [
  ...["protocol", "role", "code", "operation", "class", "target"].map(
    (field) => `NULLIF(json_extract(o.value, '$.${field}'), '') AS ${field}`,
  ),
  ...["count", "failed", "unanswered", "first_frame", "first_capture_id"].map(
    (field) => `json_extract(o.value, '$.${field}') AS ${field}`,
  ),
  "NULLIF(json_extract(o.value, '$.answer'), '') AS answer",
  "json_extract(o.value, '$.sender') AS sender",
  "json_extract(o.value, '$.sender_address') AS sender_address",
].join(",\n  ");

const OPERATIONS = `CREATE VIEW operations AS
SELECT c.run_id, c.conversation_id,
  ${OPERATION_COLUMNS}
${CONVERSATION_FROM}, json_each(${conversationColumn("operations")}) AS o
WHERE k.operations <> '[]'
UNION ALL
SELECT c.run_id, ${REST_ID},
  ${OPERATION_COLUMNS}
${REST_FROM}, json_each(r.value, '$[20].operations') AS o
WHERE c.has_operations AND ${IS_REST};`;

const LOOKUPS = `CREATE VIEW lookups AS
SELECT c.run_id AS run_id, ${LOOKUP_COLUMNS.map(lookup).join(", ")}
FROM lookup_chunk AS c, json_each(c.data) AS r;`;

const ASSETS = `CREATE VIEW assets AS
SELECT run_id, address, kind, vendor, product, version, serial, name, source, first_seen, last_seen,
  mac, order_code, location, how, realm, first_frame, first_capture_id
FROM asset;`;

const CAPTURE_QUALITY = `CREATE VIEW capture_quality AS
SELECT run.run_id, q.key AS measure, NULLIF(q.value, '') AS value FROM run, json_each(run.quality) AS q;`;

const RUNS = `CREATE VIEW runs AS
SELECT run_id, status, started_at, command, wirepact, ${some("models", "[]")} AS models, site, first_time, last_time,
  exit_code, ${some("warnings", "[]")} AS warnings, ${some("bindings", "[]")} AS bindings,
  ${some("parameters", "[]")} AS parameters
FROM run;`;

const CAPTURES = `CREATE VIEW captures AS
SELECT run_id, capture_id, path, realm, packets, format, bytes, drops, cut, damage, first_time, last_time,
  parts
FROM capture;`;

export const VIEWS: readonly string[] = [
  OBSERVED_UNDOCUMENTED,
  OBSERVED_VIOLATIONS,
  DOCUMENTED_MISSING,
  RULE_VERDICTS,
  RULE_HOSTS,
  CONVERSATION_VERDICTS,
  LOOKUPS,
  OPERATIONS,
  ASSETS,
  CAPTURE_QUALITY,
  RUNS,
  CAPTURES,
];
