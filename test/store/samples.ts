/** Results to store: one small and readable, and any that fast-check can think of. Apart from ava, for the child processes. */
import fc from "fast-check";
import type {
  AssetRow,
  CaptureRow,
  ConversationRow,
  FrameRef,
  LookupRow,
  OperationRow,
  RestConversations,
  RuleRow,
  RunInfo,
  RunResult,
} from "../../src/report/result.ts";
import { ChunkedRest, type CompactRow } from "../../src/store/rest.ts";
import type { ObservationPart, Store } from "../../src/store/store.ts";

export const RUN_INFO: RunInfo = {
  run_id: null,
  status: "running",
  started_at: "2026-03-01T10:00:00.000000Z",
  command: "check span.pcap --model example",
  wirepact: "0.1.0",
  models: [{ name: "example", source: "shipped", document: "Ports", version: null }],
  site: null,
  first_time: "2026-03-01T08:00:00.000000Z",
  last_time: "2026-03-01T09:00:00.000001Z",
  exit_code: 1,
  warnings: ["span.pcap is cut in its last record"],
  bindings: [{ role: "gateway", model: "example", values: ["10.20.0.5"], how: "given", seen: true }],
  parameters: [{ name: "port", model: "example", value: null, how: "missing" }],
};

export function conversation(changes: Partial<ConversationRow> = {}): ConversationRow {
  return {
    conversation_id: "00000000000000aa",
    realm: "default",
    initiator: "10.20.0.5",
    responder: "2001:db8::1",
    transport: "tcp",
    port: 443,
    app: "tls",
    inner_app: null,
    server_name: "update.example.com",
    peer_name: "update.example.com",
    outcome: "established",
    verdict: "documented",
    model: "example",
    rule_id: "updates",
    reason_code: "covered",
    reason: "Rule updates covers it.",
    evidence: {
      support: [{ capture_id: 1, frame: 4, what: "SYN" }],
      support_count: 1,
      against: [],
      against_count: 0,
      clauses: [{ clause: "whom", result: "proved", says: "The client sent the name." }],
      initiator_by: "syn",
      nearest: null,
    },
    flows: 1,
    packets: 12,
    bytes: 5_000_000_000,
    first_seen: "2026-03-01T08:00:00.000001Z",
    last_seen: "2026-03-01T08:00:09.999999Z",
    waived: null,
    hint: null,
    names: [{ name: "update.example.com", source: "tls-sni", capture_id: 1, frame: 6 }],
    operations: [],
    outcomes: { established: 1 },
    fields: { "tls.version": [771] },
    rules: [{ model: "example", rule_id: "updates" }],
    expectation: null,
    found: null,
    ...changes,
  };
}

export function operation(changes: Partial<OperationRow> = {}): OperationRow {
  return {
    conversation_id: "00000000000000bb",
    protocol: "modbus",
    role: "request",
    code: "6",
    operation: "write-single-register",
    class: "write",
    target: "register 40",
    count: 3,
    failed: 1,
    unanswered: 0,
    first_frame: 77,
    first_capture_id: 1,
    ...changes,
  };
}

export function rule(changes: Partial<RuleRow> = {}): RuleRow {
  return {
    model: "example",
    rule_id: "updates",
    status: "met",
    requirement: "required",
    from_role: "gateway",
    to_endpoint: "update.example.com",
    transport: "tcp",
    ports: "443",
    app: "tls",
    reason_code: "seen",
    reason: "It came up.",
    document: "Ports",
    section: "2",
    item: null,
    waived: null,
    remedy: null,
    hosts: [{ realm: "default", host: "10.20.0.5", status: "met", reason: "It came up." }],
    evidence: [{ capture_id: 1, frame: 4, what: "SYN" }],
    conversations: 1,
    ...changes,
  };
}

/** 10.0.0.1:ephemeral to 255.1.2.3:53 over UDP, an id above 2³¹, and a time with a leading zero in its microseconds. */
export const REST_IPV4: CompactRow = [
  0xdeadbeef,
  7,
  "default",
  0x0a000001,
  0xff010203,
  "udp",
  53,
  "dns",
  null,
  null,
  "ns.example.net",
  "answered",
  "unrelated",
  2,
  4,
  3_000_000_000,
  1_700_000_000,
  42,
  1_700_000_001,
  999_999,
  {
    hint: null,
    initiator_by: "dns-qr",
    names: [{ name: "ns.example.net", source: "dns", capture_id: 1, frame: 3 }],
    operations: [],
    outcomes: { answered: 2 },
    fields: {},
  },
];
export const REST_ETHERNET: CompactRow = [
  0,
  0xffffffff,
  "plant",
  "02:00:00:00:00:01",
  "01:80:c2:00:00:0e",
  "eth",
  null,
  null,
  null,
  null,
  null,
  "one-way",
  null,
  1,
  1,
  60,
  0,
  0,
  0,
  0,
  null,
];
export const REST_IPV6: CompactRow = [
  1,
  2,
  "default",
  "fe80::1",
  "ff02::fb",
  "udp",
  502,
  "modbus",
  null,
  "",
  null,
  "established",
  "unrelated",
  1,
  3,
  200,
  1_700_000_002,
  0,
  1_700_000_002,
  0,
  { operations: [operation({ conversation_id: "0000000100000002" })], hint: "mdns" },
];

/** Rest conversations out of compact rows, `size` a text. */
export function restOf(rows: readonly CompactRow[], size = 1000): RestConversations {
  const texts: string[] = [];
  for (let from = 0; from < rows.length; from += size) texts.push(JSON.stringify(rows.slice(from, from + size)));
  return new ChunkedRest(rows.length, () => texts);
}

export const UNDOCUMENTED = conversation({
  conversation_id: "00000000000000cc",
  verdict: "undocumented",
  model: null,
  rule_id: null,
  rules: [],
  reason_code: "port",
  reason: "No rule covers it.",
  evidence: {
    support: [],
    support_count: 0,
    against: [],
    against_count: 0,
    clauses: [],
    initiator_by: "syn",
    nearest: { model: "example", rule_id: "updates", clause: "over", says: "The port is another." },
  },
});

export const SAMPLE: RunResult = {
  run: { ...RUN_INFO, status: "finished" },
  captures: [
    {
      capture_id: 1,
      path: "span.pcap",
      realm: "default",
      format: "pcapng",
      packets: 100,
      bytes: 5_000_000_000,
      drops: null,
      cut: true,
      damage: null,
      first_time: "2026-03-01T08:00:00.000000Z",
      last_time: null,
    },
  ],
  judged: [
    conversation(),
    conversation({
      conversation_id: "00000000000000bb",
      verdict: "violation",
      operations: [operation()],
      expectation: "operations: at most read",
      found: "write",
      waived: "until the next release",
    }),
    UNDOCUMENTED,
  ],
  rest: restOf([REST_IPV4, REST_ETHERNET, REST_IPV6], 2),
  rules: [rule(), rule({ rule_id: "time", status: "missing", reason: "It is not there.", hosts: [] })],
  lookups: [
    {
      client: "10.20.0.5",
      server: "10.20.0.1",
      name: "gone.example.com",
      type: "A",
      result: "NXDOMAIN",
      answers: [],
      verdict: "undocumented",
      first_frame: 2,
      first_capture_id: 1,
      count: 2,
    },
  ],
  assets: [
    {
      address: "10.20.0.9",
      kind: "plc",
      vendor: "Example",
      product: null,
      version: null,
      serial: null,
      name: null,
      source: "modbus",
      first_seen: "2026-03-01T08:00:00.000000Z",
      last_seen: "2026-03-01T08:00:00.000000Z",
    },
  ],
  quality: { packets: 100, bytes: 5_000_000_000, drops: null, first_time: "2026-03-01T08:00:00.000000Z", ratio: 0.5 },
};

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
const anyConversation = record<ConversationRow>({
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
});
const anyCapture = record<CaptureRow>({
  capture_id: whole,
  path: text,
  realm: text,
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
  judged: fc.array(anyConversation, { maxLength: 4 }),
  rest: anyRestRows.map((rows) => restOf(rows, 2)),
  rules: fc.array(anyRule, { maxLength: 3 }),
  lookups: fc.array(anyLookup, { maxLength: 3 }),
  assets: fc.array(anyAsset, { maxLength: 3 }),
  quality: fc.dictionary(fc.constantFrom("packets", "cap:flows", "first_time"), fc.oneof(whole, nullable), {
    noNullPrototype: true,
  }),
});

/** Stores a result and gives its run's id. */
export async function save(store: Store, result: RunResult, parts: Iterable<ObservationPart> = []): Promise<number> {
  const writer = await store.startRun({ ...result.run, status: "running" });
  await writer.write(result, parts);
  return writer.runId;
}
