/** Any result that fast-check can think of, with text as hostile as it comes. */
import fc from "fast-check";
import { compareConversations } from "../../src/report/order.ts";
import type {
  AssetRow,
  CaptureRow,
  ConversationRow,
  FrameRef,
  LookupRow,
  OperationRow,
  RuleRow,
  RunInfo,
  RunResult,
} from "../../src/report/result.ts";
import type { CompactRow } from "../../src/store/rest.ts";
import { restOf } from "./samples.ts";

/** A record as an object literal makes it: with a prototype. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Text as hostile as it comes: quotes, NUL, bidirectional marks, lone surrogates, SQL and JSON of its own, nothing. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom("\0", "\ud800", "\udfff", "\u202e", "'", '"', "\\", "\\u0000", "[", "{", "\n", "é", "😀"),
  }),
  fc.constantFrom("'); DROP TABLE run;--", '"operations":[{', "__proto__", "123", "1e5", "null", ""),
);
const nullable = fc.option(text, { nil: null });
const whole = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER));
const frames = fc.array(record<FrameRef>({ capture_id: whole, frame: whole, what: text }), { maxLength: 3 });
const outcome = fc.constantFrom<ConversationRow["outcome"]>("established", "one-way", "failed");
const status = fc.constantFrom<RuleRow["status"]>("met", "missing", "blocked", "not-evaluable");
const names = fc.array(record({ name: text, source: text, capture_id: whole, frame: whole }), { maxLength: 3 });
const outcomes = fc.dictionary(outcome, whole, { noNullPrototype: true }) as fc.Arbitrary<ConversationRow["outcomes"]>;
const fields = fc.dictionary(text, fc.array(fc.oneof(text, whole), { maxLength: 3 }), { noNullPrototype: true });

const anyOperation = record<OperationRow>({
  conversation_id: text,
  protocol: text,
  role: fc.constantFrom("request", "response"),
  code: text,
  operation: text,
  class: text,
  target: nullable,
  count: whole,
  failed: whole,
  unanswered: whole,
  first_frame: whole,
  first_capture_id: whole,
  answer: nullable,
});
const evidence = record<NonNullable<ConversationRow["evidence"]>>({
  support: frames,
  support_count: whole,
  against: frames,
  against_count: whole,
  initiator_by: text,
  clauses: fc.array(
    record({ clause: fc.constant("whom" as const), result: fc.constant("proved" as const), says: text }),
    { maxLength: 2 },
  ),
  nearest: fc.option(record({ model: text, rule_id: text, clause: text, says: text }), { nil: null }),
});
export const anyConversation = record<ConversationRow>({
  conversation_id: text,
  realm: text,
  initiator: text,
  responder: text,
  transport: text,
  port: fc.option(whole, { nil: null }),
  app: nullable,
  inner_app: nullable,
  server_name: nullable,
  peer_name: nullable,
  outcome,
  verdict: fc.constantFrom(null, "documented" as const, "violation" as const, "undocumented" as const),
  model: nullable,
  rule_id: nullable,
  reason_code: nullable,
  reason: nullable,
  evidence: fc.option(evidence, { nil: null }),
  flows: whole,
  packets: whole,
  bytes: whole,
  first_seen: text,
  last_seen: text,
  waived: nullable,
  hint: nullable,
  names,
  operations: fc.array(anyOperation, { maxLength: 2 }),
  outcomes,
  fields,
  rules: fc.array(record({ model: text, rule_id: text }), { maxLength: 2 }),
  expectation: nullable,
  found: nullable,
});
const anyRule = record<RuleRow>({
  model: text,
  rule_id: text,
  status,
  requirement: text,
  from_role: text,
  to_endpoint: text,
  transport: text,
  ports: text,
  app: nullable,
  reason_code: text,
  reason: text,
  document: text,
  section: text,
  item: nullable,
  waived: nullable,
  remedy: nullable,
  hosts: fc.array(record({ realm: text, host: text, status, reason: text }), { maxLength: 2 }),
  evidence: frames,
  conversations: whole,
});
const anyLookup = record<LookupRow>({
  realm: text,
  client: text,
  server: text,
  name: text,
  type: text,
  result: text,
  answers: fc.array(text, { maxLength: 3 }),
  verdict: fc.constantFrom(null, "ignored" as const),
  first_frame: whole,
  first_capture_id: whole,
  count: whole,
});
const anyAsset = record<AssetRow>({
  address: text,
  kind: nullable,
  vendor: nullable,
  product: nullable,
  version: nullable,
  serial: nullable,
  name: nullable,
  source: text,
  first_seen: text,
  last_seen: text,
  realm: text,
  mac: nullable,
  order_code: nullable,
  location: nullable,
  how: fc.constantFrom<AssetRow["how"]>("asked", "heard"),
  first_frame: whole,
  first_capture_id: whole,
});
const anyCapture = record<CaptureRow>({
  capture_id: whole,
  path: text,
  realm: text,
  parts: fc.array(
    fc.record(
      {
        realm: fc.string(),
        vlans: fc.array(fc.tuple(fc.nat(4095), fc.nat(4095)), { maxLength: 2 }),
        untagged: fc.boolean(),
        vnis: fc.constant([]),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 2 },
  ) as never,
  format: text,
  packets: whole,
  bytes: whole,
  drops: fc.option(whole, { nil: null }),
  cut: fc.boolean(),
  damage: nullable,
  first_time: nullable,
  last_time: nullable,
});
const anyRun = record<RunInfo>({
  run_id: fc.constant(null),
  status: fc.constantFrom("finished", "interrupted", "failed"),
  started_at: text,
  command: text,
  wirepact: text,
  models: fc.array(record({ name: text, source: text, document: text, version: nullable }), { maxLength: 2 }),
  site: nullable,
  first_time: nullable,
  last_time: nullable,
  exit_code: fc.option(fc.nat(5), { nil: null }),
  warnings: fc.array(text, { maxLength: 2 }),
  bindings: fc.array(
    record({
      role: text,
      model: text,
      values: fc.array(text),
      how: fc.constantFrom("given", "inferred"),
      seen: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  parameters: fc.array(record({ name: text, model: text, value: nullable, how: fc.constantFrom("given", "missing") }), {
    maxLength: 2,
  }),
});

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const us = fc.nat(999_999);
export const anyCompactRow: fc.Arbitrary<CompactRow> = fc.tuple(
  u32,
  u32,
  text,
  fc.oneof(u32, text),
  fc.oneof(u32, text),
  text,
  fc.option(fc.nat(65_535), { nil: null }),
  nullable,
  nullable,
  nullable,
  nullable,
  outcome,
  fc.constantFrom(null, "unrelated" as const),
  whole,
  whole,
  whole,
  u32,
  us,
  u32,
  us,
  fc.option(
    fc.record(
      {
        names,
        operations: fc.array(anyOperation, { maxLength: 2 }),
        outcomes,
        hint: nullable,
        fields,
        initiator_by: nullable,
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    { nil: null },
  ),
);
export const anyRestRows = fc.array(anyCompactRow, { maxLength: 5 });

/** Everything but `rest`, whose rows come from `anyRestRows`. */
export const anyResult: fc.Arbitrary<RunResult> = record({
  run: anyRun,
  captures: fc.array(anyCapture, { maxLength: 2 }),
  judged: fc.array(anyConversation, { maxLength: 4 }).map((rows) => rows.sort(compareConversations)),
  rest: anyRestRows.map((rows) => restOf(rows, 2)),
  rules: fc.array(anyRule, { maxLength: 3 }),
  lookups: fc.array(anyLookup, { maxLength: 3 }),
  assets: fc.array(anyAsset, { maxLength: 3 }),
  quality: fc.dictionary(fc.constantFrom("packets", "cap:flows", "first_time"), fc.oneof(whole, nullable), {
    noNullPrototype: true,
  }),
});
