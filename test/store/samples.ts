/** A small, readable result, its parts, and how it is stored. Apart from ava, for the child processes. */
import type {
  ConversationRow,
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
    answer: "success",
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
      parts: [{ realm: "plant-a", vlans: [[10, 19]], untagged: false, vnis: [] }],
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
      realm: "plant",
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
      realm: "default",
      mac: null,
      order_code: "EX-5",
      location: null,
      how: "asked",
      first_frame: 78,
      first_capture_id: 1,
    },
  ],
  quality: { packets: 100, bytes: 5_000_000_000, drops: null, first_time: "2026-03-01T08:00:00.000000Z", ratio: 0.5 },
};

/** Stores a result and gives its run's id. */
export async function save(store: Store, result: RunResult, parts: Iterable<ObservationPart> = []): Promise<number> {
  const writer = await store.startRun({ ...result.run, status: "running" });
  await writer.write(result, parts);
  return writer.runId;
}
