import test from "ava";
import { conversationCommands, endsFilter, frameCommands } from "../../src/report/explain/filters.ts";
import { explain, find } from "../../src/report/explain.ts";
import { textWidth } from "../../src/report/layout.ts";
import { makePen } from "../../src/report/pen.ts";
import type { RunResult } from "../../src/report/result.ts";
import { HOSTILE, poisoned } from "./hostile.ts";
import { hasHarmful } from "./plain.ts";
import { capture, conversation, rest, result, rollout, rule, undocumented } from "./sample.ts";

function page(value: RunResult, id: string, width = 100): string {
  return explain(value, id, { pen: makePen(width, false), database: "wirepact.sqlite", all: false });
}

test("ids: a conversation's, its beginning, a rule's, with its model", (t) => {
  const value = rollout();
  t.is(find(value, "81d2c4b6a8907f6e").kind, "conversation");
  t.is(find(value, "81D2C4B6A").kind, "conversation");
  t.deepEqual(find(value, "81d2c4b6"), { kind: "several", ids: ["81d2c4b6a8907f6e", "81d2c4b6ffff0000"] });
  t.is(find(value, "gateway-stun-us").kind, "rule");
  t.is(find(value, "opswat-sdp/gateway-stun-us").kind, "rule");
  t.is(find(value, "eeeeeeee").kind, "conversation", "one that nobody judged");
  t.is(find(value, "81d").kind, "none", "three digits say too little");
  t.is(find(value, "gateway").kind, "none");
});

test("a rule's id that two models have asks which", (t) => {
  const value = result({ rules: [rule(), rule({ model: "other" })] });
  t.deepEqual(find(value, "gateway-api-us"), {
    kind: "several",
    ids: ["opswat-sdp/gateway-api-us", "other/gateway-api-us"],
  });
});

test("a judged conversation goes before one that nobody judged", (t) => {
  const value = result({
    judged: [conversation({ conversation_id: "abcd000000000001" })],
    rest: rest([conversation({ conversation_id: "abcd000000000002" })]),
  });
  const found = find(value, "abcd");
  t.is(found.kind === "conversation" && found.conversation.conversation_id, "abcd000000000001");
});

test("what would change an undocumented one: all that failed at once, and what is open beside it", (t) => {
  const clauses = [
    { clause: "over", result: "failed", says: "tcp/22 instead of tcp/443" },
    { clause: "app", result: "failed", says: "ssh instead of tls" },
    { clause: "when", result: "unproved", says: "region was not given" },
  ] as const;
  const one = undocumented();
  const value = result({ judged: [{ ...one, evidence: { ...one.evidence!, clauses: [...clauses] } }] });
  t.true(
    page(value, one.conversation_id, 400).includes(
      "if the transport and port and the application were as documented: tcp/22 instead of tcp/443; ssh instead of tls. Also to be proved: the rule's condition (region was not given).",
    ),
  );
});

test("a conversation's page: names with frames, the clause that failed, the section, what would change it, the packets", (t) => {
  const text = page(rollout(), "81d2c4b6a");
  t.regex(text, /CONVERSATION 81d2c4b6a8907f6e {2}undocumented \(no-rule\)/);
  t.regex(text, /telemetry\.example\.com {2}dns +span\.pcap#2190/);
  t.regex(text, /✗ whom {2}failed/);
  t.regex(text, /Gateway \/ HTTPS APIs/);
  t.regex(text, /WHAT WOULD CHANGE THE VERDICT[\s\S]*whom it goes to/);
  t.true(text.includes("tshark -r /captures/span.pcap -Y 'frame.number in {2190, 2201, 2204}'"));
  t.true(text.includes("ip.addr == 10.20.0.5 && ip.addr == 198.51.100.77 && tcp.port == 443"));
});

test("a rule's page: document, hosts, remedy, evidence, and what is near it", (t) => {
  const blocked = page(rollout(), "gateway-websocket-us");
  t.regex(blocked, /RULE opswat-sdp\/gateway-websocket-us {2}blocked/);
  t.regex(blocked, /What to do: {2}Allow tcp\/443/);
  t.regex(blocked, /10\.20\.0\.6 {2}met/);
  t.true(blocked.includes("frame.number in {77, 78}"));
  const near = page(rollout(), "gateway-api-us");
  t.regex(near, /CONVERSATIONS UNDER IT {2}2 conversations/); // the documented and the inconclusive one
  t.regex(near, /NEAREST TO IT, NOT COVERED {2}3 conversations/);
});

test("who opened it is no more certain than what shows it", (t) => {
  const by = (initiator_by: string): string => {
    const row = undocumented({ conversation_id: "abcd000000000001" });
    return page(result({ judged: [{ ...row, evidence: { ...row.evidence!, initiator_by } }] }), "abcd000000000001");
  };
  t.regex(by("syn"), /opened by +10\.20\.0\.5, known by syn/);
  t.regex(by("port"), /opened by +probably 10\.20\.0\.5: going by the ports alone/);
});

test("filters are what tshark reads, for every transport and family", (t) => {
  t.is(
    endsFilter(conversation({ initiator: "2001:db8::1", responder: "2001:db8::2", transport: "udp", port: 53 })),
    "ipv6.addr == 2001:db8::1 && ipv6.addr == 2001:db8::2 && udp.port == 53",
  );
  t.is(
    endsFilter(conversation({ transport: "icmp", port: null })),
    "ip.addr == 10.20.0.5 && ip.addr == 203.0.113.9 && icmp",
  );
  t.is(
    endsFilter(
      conversation({ transport: "eth", port: null, initiator: "00:11:22:33:44:55", responder: "66:77:88:99:aa:bb" }),
    ),
    "eth.addr == 00:11:22:33:44:55 && eth.addr == 66:77:88:99:aa:bb",
  );
  t.is(
    endsFilter(conversation({ transport: "47", port: null })),
    "ip.addr == 10.20.0.5 && ip.addr == 203.0.113.9 && (ip.proto == 47 || ipv6.nxt == 47)",
  );
});

test("commands name the capture that has the frame; standard input has none", (t) => {
  const captures = [capture(), capture({ capture_id: 2, path: "it's b.pcap" }), capture({ capture_id: 3, path: "-" })];
  const frames = [3, 2, 2].map((capture_id, i) => ({ capture_id, frame: 9 - i, what: "" }));
  t.deepEqual(frameCommands(captures, frames), ["tshark -r 'it'\\''s b.pcap' -Y 'frame.number in {7, 8}'"]);
  const live = [capture({ path: "eth0", format: "live" })];
  t.deepEqual(frameCommands(live, [{ capture_id: 0, frame: 7, what: "" }]), []); // an interface is no file
  t.deepEqual(conversationCommands(live, conversation()), []);
  t.is(conversationCommands(captures, conversation()).length, 2);
  t.is(conversationCommands(captures, conversation({ realm: "elsewhere" })).length, 0);
});

test("hostile text stays text, and inside the width", (t) => {
  for (const poison of HOSTILE) {
    const value = poisoned(poison);
    for (const id of ["81d2c4b6a", value.rules[1]?.rule_id ?? ""]) {
      const text = page(value, id, 80);
      t.false(hasHarmful(text), JSON.stringify(poison));
      t.deepEqual(
        text.split("\n").filter((line) => textWidth(line) > 80 && !/^ {2}(wirepact|tshark) /.test(line)),
        [],
      );
    }
  }
});

test("an undocumented conversation without a nearest rule still says what would change it", (t) => {
  const lone = undocumented();
  const value = result({ judged: [{ ...lone, evidence: { ...lone.evidence!, nearest: null, clauses: [] } }] });
  t.regex(page(value, lone.conversation_id), /WHAT WOULD CHANGE THE VERDICT[\s\S]*newer document/);
});
