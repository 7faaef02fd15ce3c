/** Hand-made results for the tests of the report forms: small, whole, and with one of each kind of finding. */
import type {
  CaptureRow,
  ConversationRow,
  LookupRow,
  RestConversations,
  RuleRow,
  RunInfo,
  RunResult,
} from "../../src/report/result.ts";

export const NO_REST: RestConversations = { count: 0, rows: () => [], chunks: () => [] };

export function rest(rows: ConversationRow[]): RestConversations {
  return { count: rows.length, rows: () => rows, chunks: () => [JSON.stringify(rows.map(compact))] };
}

/** A row as the store takes it (see `RestConversations.chunks`). */
function compact(c: ConversationRow): unknown[] {
  const half = (from: number): number => Number.parseInt(c.conversation_id.slice(from, from + 8), 16);
  const time = (text: string): number[] => [Math.floor(Date.parse(text) / 1000), Number(text.slice(20, 26))];
  const { names, operations, outcomes, hint, fields } = c;
  return [
    ...[half(0), half(8), c.realm, address(c.initiator), address(c.responder), c.transport, c.port, c.app, c.inner_app],
    ...[c.server_name, c.peer_name, c.outcome, c.verdict, c.flows, c.packets, c.bytes],
    ...[...time(c.first_seen), ...time(c.last_seen)],
    { names, operations, outcomes, hint, fields, initiator_by: "SYN" },
  ];
}

function address(text: string): string | number {
  return /^[0-9.]+$/.test(text) ? text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) : text;
}

export function capture(change: Partial<CaptureRow> = {}): CaptureRow {
  return {
    capture_id: 1,
    path: "/captures/span.pcap",
    realm: "default",
    parts: [],
    format: "pcap",
    packets: 48_211,
    bytes: 31_000_000,
    drops: null,
    cut: false,
    damage: null,
    first_time: "2026-11-20T08:00:00.000001Z",
    last_time: "2026-11-20T09:02:11.500000Z",
    ...change,
  };
}

export function conversation(change: Partial<ConversationRow> = {}): ConversationRow {
  return {
    conversation_id: "3f2a91c0d4e5f607",
    realm: "default",
    initiator: "10.20.0.5",
    responder: "203.0.113.9",
    transport: "tcp",
    port: 443,
    app: "tls",
    inner_app: null,
    server_name: "api-us.sdp.opswat.com",
    peer_name: "api-us.sdp.opswat.com",
    outcome: "established",
    verdict: "documented",
    model: "opswat-sdp",
    rule_id: "gateway-api-us",
    reason_code: "covered",
    reason: "Rule gateway-api-us covers it.",
    evidence: {
      support: [{ capture_id: 1, frame: 1042, what: "hello with the server name" }],
      support_count: 1,
      against: [],
      against_count: 0,
      clauses: [
        { clause: "who", result: "proved", says: "10.20.0.5 plays gateway." },
        { clause: "whom", result: "proved", says: "It asked for api-us.sdp.opswat.com by TLS SNI." },
      ],
      initiator_by: "SYN",
      nearest: null,
    },
    flows: 12,
    packets: 340,
    bytes: 1_234_567,
    first_seen: "2026-11-20T08:00:10.000000Z",
    last_seen: "2026-11-20T09:00:10.000000Z",
    waived: null,
    hint: null,
    names: [{ name: "api-us.sdp.opswat.com", source: "tls-sni", capture_id: 1, frame: 1042 }],
    operations: [],
    outcomes: { established: 12 },
    fields: { "tls.version": [772] },
    rules: [{ model: "opswat-sdp", rule_id: "gateway-api-us" }],
    expectation: null,
    found: null,
    ...change,
  };
}

export function undocumented(change: Partial<ConversationRow> = {}): ConversationRow {
  return conversation({
    conversation_id: "81d2c4b6a8907f6e",
    responder: "198.51.100.77",
    server_name: "telemetry.example.com",
    peer_name: "telemetry.example.com",
    verdict: "undocumented",
    model: null,
    rule_id: null,
    reason_code: "no-rule",
    reason: "No rule covers it.",
    evidence: {
      support: [
        { capture_id: 1, frame: 2201, what: "SYN" },
        { capture_id: 1, frame: 2204, what: "hello with the server name" },
      ],
      support_count: 2,
      against: [],
      against_count: 0,
      clauses: [{ clause: "whom", result: "failed", says: "telemetry.example.com is not api-us.sdp.opswat.com." }],
      initiator_by: "SYN",
      nearest: {
        model: "opswat-sdp",
        rule_id: "gateway-api-us",
        clause: "whom",
        says: "the name is telemetry.example.com, not api-us.sdp.opswat.com.",
      },
    },
    rules: [],
    names: [
      { name: "telemetry.example.com", source: "tls-sni", capture_id: 1, frame: 2204 },
      { name: "telemetry.example.com", source: "dns", capture_id: 1, frame: 2190 },
    ],
    ...change,
  });
}

export function violation(change: Partial<ConversationRow> = {}): ConversationRow {
  return conversation({
    conversation_id: "a4a4a4a4a4a4a4a4",
    responder: "192.0.2.123",
    port: 123,
    transport: "udp",
    app: "ntp",
    server_name: null,
    peer_name: "pool.ntp.org",
    outcome: "answered",
    verdict: "violation",
    rule_id: "gateway-ntp-ova",
    rules: [{ model: "opswat-sdp", rule_id: "gateway-ntp-ova" }],
    reason_code: "expectation",
    reason: "The clock of 10.20.0.5 is off by more than the document allows.",
    expectation: "ntp.offset: within 3 s",
    found: "5.1 s",
    ...change,
  });
}

export function inconclusive(change: Partial<ConversationRow> = {}): ConversationRow {
  return conversation({
    conversation_id: "b1b1b1b1b1b1b1b1",
    initiator: "2001:db8::5",
    responder: "2001:db8::17",
    server_name: null,
    peer_name: null,
    verdict: "inconclusive",
    reason_code: "never-resolved",
    reason:
      "Its address was never resolved in this capture: restart the service during the capture, or give it under hosts: in the site file.",
    ...change,
  });
}

export function rule(change: Partial<RuleRow> = {}): RuleRow {
  return {
    model: "opswat-sdp",
    rule_id: "gateway-api-us",
    status: "met",
    requirement: "required",
    from_role: "gateway",
    to_endpoint: "api-us.sdp.opswat.com",
    transport: "tcp",
    ports: "443",
    app: "tls",
    reason_code: "seen",
    reason: "12 flows of 10.20.0.5 are documented by it.",
    document: "Networking Requirements",
    section: "Gateway / HTTPS APIs",
    item: "api-us.sdp.opswat.com",
    waived: null,
    remedy: null,
    hosts: [{ realm: "default", host: "10.20.0.5", status: "met", reason: "12 flows" }],
    evidence: [{ capture_id: 1, frame: 1042, what: "hello" }],
    conversations: 1,
    ...change,
  };
}

export function lookup(change: Partial<LookupRow> = {}): LookupRow {
  return {
    realm: "default",
    client: "10.20.0.5",
    server: "10.20.0.1",
    name: "telemetry.example.com",
    type: "A",
    result: "NOERROR",
    answers: ["198.51.100.77"],
    verdict: "undocumented",
    first_frame: 2190,
    first_capture_id: 1,
    count: 3,
    ...change,
  };
}

export function runInfo(change: Partial<RunInfo> = {}): RunInfo {
  return {
    run_id: 1,
    status: "finished",
    started_at: "2026-11-21T10:00:00.000000Z",
    command: "wirepact check span.pcap --model opswat-sdp --bind gateway=10.20.0.5",
    wirepact: "0.1.0",
    models: [{ name: "opswat-sdp", source: "shipped", document: "OPSWAT SDP, Networking Requirements", version: null }],
    site: null,
    first_time: "2026-11-20T08:00:00.000001Z",
    last_time: "2026-11-20T09:02:11.500000Z",
    exit_code: 0,
    warnings: [],
    bindings: [{ role: "gateway", model: "opswat-sdp", values: ["10.20.0.5"], how: "given", seen: true }],
    parameters: [
      { name: "region", model: "opswat-sdp", value: "us", how: "given" },
      { name: "gateway-port", model: "opswat-sdp", value: "30000", how: "default" },
      { name: "platform", model: "opswat-sdp", value: null, how: "missing" },
    ],
    ...change,
  };
}

export function result(change: Partial<RunResult> = {}): RunResult {
  return {
    run: runInfo(),
    captures: [capture()],
    judged: [conversation()],
    rest: NO_REST,
    rules: [rule()],
    lookups: [],
    assets: [],
    quality: { packets: 48_211, bytes: 31_000_000, drops: 0, frames_cut: 0, duplicates: 12 },
    ...change,
  };
}

/** One of each kind of finding. */
export function rollout(): RunResult {
  return result({
    run: runInfo({ exit_code: 1, warnings: ["client = 10.30.0.0/16 never appears; 10.31.0.0/16 looks like it."] }),
    judged: [
      conversation(),
      undocumented(),
      undocumented({
        conversation_id: "81d2c4b6ffff0000",
        initiator: "10.20.0.6",
        first_seen: "2026-11-20T08:30:00.000000Z",
      }),
      violation(),
      inconclusive(),
      conversation({
        conversation_id: "c0ffee0000000001",
        verdict: "ignored",
        model: "background",
        rule_id: "dns",
        rules: [{ model: "background", rule_id: "dns" }],
        server_name: null,
        peer_name: null,
        app: "dns",
        port: 53,
      }),
      undocumented({
        conversation_id: "dddddddddddddddd",
        server_name: "updates.example.net",
        peer_name: "updates.example.net",
        waived: "ticket 4711",
      }),
    ],
    rest: rest([conversation({ conversation_id: "eeeeeeeeeeeeeeee", verdict: "unrelated", initiator: "10.99.0.1" })]),
    rules: [
      rule(),
      rule({
        rule_id: "gateway-websocket-us",
        status: "blocked",
        to_endpoint: "gateway-websockets-api-us.sdp.opswat.com",
        section: "Gateway / Gateway WebSocket APIs",
        item: "gateway-websockets-api-us.sdp.opswat.com",
        reason: "10.20.0.5 tried 11 times over 58 min and every SYN was answered with RST.",
        remedy: "Allow tcp/443 from 10.20.0.5 to gateway-websockets-api-us.sdp.opswat.com.",
        evidence: [
          { capture_id: 1, frame: 77, what: "SYN" },
          { capture_id: 1, frame: 78, what: "RST" },
        ],
        conversations: 0,
        hosts: [
          { realm: "default", host: "10.20.0.5", status: "blocked", reason: "11 attempts refused" },
          { realm: "default", host: "10.20.0.6", status: "met", reason: "2 flows" },
        ],
      }),
      rule({
        rule_id: "gateway-stun-us",
        status: "missing",
        to_endpoint: "3.128.173.107, 18.116.34.83, 3.134.96.213",
        transport: "udp",
        ports: "30000",
        app: "stun",
        section: "Gateway / STUN Servers",
        item: "US Production",
        reason: "10.20.0.5 was seen for 1 h 2 min in both directions, and it is not there.",
        conversations: 0,
        evidence: [],
      }),
      rule({
        rule_id: "gateway-ntp-ova",
        status: "violated",
        to_endpoint: "pool.ntp.org",
        transport: "udp",
        ports: "123",
        app: "ntp",
        section: "NTP",
        item: "OVA",
        reason: "1 conversation breaks ntp.offset.",
        evidence: [],
      }),
      rule({
        rule_id: "client-opens-firewall",
        status: "unused",
        from_role: "client",
        to_endpoint: "role:gateway",
        transport: "udp",
        ports: "30001",
        app: null,
        requirement: "optional",
        section: "Client-to-Gateway Communication",
        item: null,
        reason: "Optional, and not seen.",
        conversations: 0,
        evidence: [],
        hosts: [],
      }),
      ...["ova", "aws", "azure"].map((platform) =>
        rule({
          rule_id: `gateway-ntp-pool-${platform}`,
          status: "not-evaluable",
          to_endpoint: "pool.ntp.org",
          transport: "udp",
          ports: "123",
          app: "ntp",
          section: "NTP",
          item: platform.toUpperCase(),
          reason_code: "parameter-missing",
          reason: "The parameter platform is not given.",
          remedy: "Say --set platform=ova, aws or azure.",
          conversations: 0,
          evidence: [],
          hosts: [],
        }),
      ),
    ],
    lookups: [
      lookup(),
      lookup({ type: "AAAA", result: "NODATA", answers: [], count: 2 }),
      lookup({ name: "api-us.sdp.opswat.com", verdict: "documented" }),
    ],
    quality: {
      packets: 48_211,
      bytes: 31_000_000,
      drops: 212,
      frames_cut: 0,
      one_sided: 3,
      duplicates: 12,
      caps_hit: 0,
    },
  });
}
