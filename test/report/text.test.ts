import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { textWidth } from "../../src/report/layout.ts";
import { makePen } from "../../src/report/pen.ts";
import type { ConversationRow, RuleRow, RunResult } from "../../src/report/result.ts";
import { idLength } from "../../src/report/summary.ts";
import { textReport } from "../../src/report/text.ts";
import { HOSTILE, poisoned } from "./hostile.ts";
import { hasHarmful, withoutColors } from "./plain.ts";
import {
  capture,
  conversation,
  inconclusive,
  lookup,
  rest,
  result,
  rollout,
  rule,
  runInfo,
  undocumented,
  violation,
} from "./sample.ts";

const FOLDER = "fixtures/report";

/** The expectation stands in `fixtures/report/`; UPDATE_EXPECTED=1 writes it anew, for a reviewer to read. */
function expectText(t: ExecutionContext, name: string, text: string): void {
  const path = `${FOLDER}/${name}.txt`;
  if (process.env.UPDATE_EXPECTED) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, text);
  }
  t.true(existsSync(path), `${path} is missing; UPDATE_EXPECTED=1 writes it`);
  t.is(text, readFileSync(path, "utf8"));
}

function print(
  value: RunResult,
  width: number,
  options: { all?: boolean; color?: boolean; database?: string | null } = {},
): string {
  const database = options.database === undefined ? "wirepact.sqlite" : options.database;
  return textReport(value, { pen: makePen(width, options.color ?? false), database, all: options.all ?? false });
}

function tooWide(text: string, width: number): string[] {
  return text.split("\n").filter((line) => textWidth(line) > width && !/^ {2}(wirepact|tshark) /.test(line));
}

const observed = (): RunResult =>
  result({
    run: runInfo({ models: [], bindings: [], parameters: [] }),
    judged: [],
    rules: [],
    rest: rest([
      undocumented({ verdict: null }),
      inconclusive({ verdict: null, bytes: 12 }),
      violation({ verdict: null, app: null, hint: "ntp", bytes: 90 }),
    ]),
    lookups: [lookup(), lookup({ client: "10.20.0.6", type: "AAAA", result: "NODATA" })],
  });

const nothing = (): RunResult =>
  result({
    run: runInfo({
      exit_code: 4,
      bindings: [{ role: "gateway", model: "opswat-sdp", values: ["10.99.0.5"], how: "given", seen: false }],
      warnings: ["gateway = 10.99.0.5 never appears in the capture; 10.20.0.5 looks like it."],
    }),
    judged: [],
    rules: [
      rule({
        status: "not-evaluable",
        reason: "gateway (10.99.0.5) never appears.",
        remedy: "Bind gateway to the host that plays it: --bind gateway=ADDRESS.",
        conversations: 0,
      }),
    ],
  });

const damaged = (): RunResult =>
  result({
    run: runInfo({ exit_code: 3 }),
    captures: [
      capture(),
      capture({
        capture_id: 2,
        path: "/other/span.pcap",
        cut: true,
        damage: "at byte 4096 a record claims 4,294,967,295 bytes; the file is damaged there. Copy it again.",
      }),
    ],
  });

const unread = (): RunResult =>
  result({
    run: runInfo({
      exit_code: 3,
      first_time: null,
      last_time: null,
      warnings: ["10.20.0.5, bound to gateway, never appears in the capture."],
    }),
    captures: [
      capture({ path: "notes.txt", packets: 0, damage: "This is a text, not a capture: give a pcap or pcapng file." }),
    ],
    judged: [],
    rules: [rule({ status: "not-evaluable", remedy: "Say --set region=us." })],
    quality: { packets: 0 },
  });

for (const [name, make] of Object.entries({ rollout, observed, nothing, damaged, unread, good: () => result() })) {
  for (const width of [80, 120]) {
    test(`${name} at ${width} columns`, (t) => {
      const text = print(make(), width);
      expectText(t, `${name}.${width}`, text);
      t.deepEqual(tooWide(text, width), []);
    });
  }
}

test("the first screen has the verdict, what it rests on and what to do", (t) => {
  const screen = print(rollout(), 80).split("\n").slice(0, 24).join("\n");
  t.regex(screen, /^✗ NOT AS DOCUMENTED/);
  t.regex(screen, /2 undocumented conversations, 1 violation, 1 rule blocked/);
  t.regex(screen, /lost 212 packets/);
  t.regex(screen, /never appears/);
  t.regex(screen, /WHAT TO DO[\s\S]*Allow tcp\/443[\s\S]*Ask the vendor/);
});

test("of a capture that was not read nothing is said but why", (t) => {
  t.false(print(unread(), 80).includes("never appears"));
  const piped = unread();
  piped.captures = [capture({ path: "-", packets: 0, damage: "This is empty." })];
  t.regex(print(piped, 80), /! +Standard input: This is empty\./);
});

test("much that no document has and nothing that it asks for: the binding is doubted first", (t) => {
  const strays = (count: number, ...others: ConversationRow[]): RunResult =>
    result({
      judged: [...Array.from({ length: count }, (_, i) => undocumented({ port: 5000 + i })), ...others],
      rules: [rule({ status: "not-evaluable", conversations: 0 })],
    });
  const doubt = /1\. +Check that 10\.20\.0\.5 is gateway/;
  t.regex(print(strays(3), 120), doubt);
  t.notRegex(print(strays(2), 120), doubt);
  t.notRegex(print(strays(3, conversation()), 120), doubt);
});

test("without a model, what has no ports is counted by its protocol", (t) => {
  const row = conversation({ transport: "icmp6", port: null, app: null, verdict: null });
  const value = result({ run: runInfo({ models: [], exit_code: 0 }), judged: [row], rules: [] });
  t.regex(print(value, 80), /AS WHAT\n +icmp6 1\n/);
});

test("colours change nothing but colours", (t) => {
  const colored = print(rollout(), 100, { color: true });
  t.true(colored.includes("\x1b[31m"));
  t.is(withoutColors(colored), print(rollout(), 100));
});

test("a strict run says what strictness found", (t) => {
  const value = result({ run: runInfo({ exit_code: 1 }), judged: [inconclusive()], lookups: [lookup()] });
  t.regex(print(value, 120), /1 conversation not proved, 1 undocumented look-up\./);
});

test("one address of two realms that asks for a name is told as two", (t) => {
  const asked = ["plant-a", "plant-b", "default"].map((realm) => lookup({ realm }));
  const value = result({ judged: [], lookups: asked });
  const told = /telemetry\.example\.com +by plant-a\/10\.20\.0\.5, plant-b\/10\.20\.0\.5, 10\.20\.0\.5:/;
  t.regex(print(value, 160), told);
  t.regex(print({ ...value, run: runInfo({ models: [] }) }, 160), told);
});

test("many names below one domain are told in a line, and --all lists each", (t) => {
  const below = (count: number, domain: string) =>
    Array.from({ length: count }, (_, i) => lookup({ name: `n${i}.${domain}`, first_frame: 900 - i, count: 1 }));
  const names = [
    ...below(8, "t.example.com"),
    lookup({ name: `${"\\xff".repeat(20)}.example.com` }),
    lookup({ name: "a.test" }),
  ];
  const value = result({ judged: [conversation()], lookups: names });
  const text = print(value, 400);
  t.regex(text, /^✓ NO DRIFT FOUND .* But 10 look-ups are undocumented\./);
  t.regex(
    text,
    /\n {2}example\.com {2}9 names below it, such as [^;]*n0\.t\.example\.com, [^;]*; by 10\.20\.0\.5: A, 11 times,.*#893]\n/,
  );
  t.regex(text, /\n {2}a\.test {2}by /);
  t.is(text.match(/n7\.t/g), null);
  t.is(print(value, 400, { all: true }).match(/\n {4}n7\.t\.example\.com {2}by /g)?.length, 1);
  t.regex(text, /Ask the vendor what 9 names below example\.com, a\.test are for, which 10\.20\.0\.5 looked up/);
  const suffix = below(8, "co.uk");
  t.notRegex(print(result({ judged: [], lookups: suffix }), 200), /below it/, "a public suffix joins nobody");
});

test("a name is asked about once: with the conversation that it was looked up for", (t) => {
  const asked = (judged: ConversationRow[]): boolean =>
    /looked up: no document/.test(print(result({ judged, lookups: [lookup()] }), 300));
  t.true(asked([conversation()]));
  t.false(asked([undocumented({ server_name: "telemetry.example.com" })]));
});

test("what nothing but one reason keeps from being proved is one finding", (t) => {
  const open = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      inconclusive({ conversation_id: `eeee${String(i).padStart(12, "0")}`, responder: `2001:db8::${i + 20}` }),
    );
  const reason = /Its address was never resolved|its address was never resolved/g;
  const four = print(result({ judged: open(4) }), 300);
  t.regex(four, /One cause {2}4 conversations: its address was never resolved/i);
  t.is(four.match(reason)?.length, 1);
  t.is(four.match(/2001:db8::2\d/g)?.length, 4, "each is listed beneath");
  t.is(print(result({ judged: open(3) }), 300).match(reason)?.length, 3, "three stand by themselves");
  const own = open(4).map((row, i) => {
    const name = `n${i}.example.com`;
    const says = `the hello may be encrypted, and ${name} is only its outer name; ${row.responder} could be a.test`;
    return { ...row, server_name: name, reason: `${says}: ${row.initiator} never resolved it` };
  });
  t.regex(
    print(result({ judged: own }), 300),
    /One cause {2}4 conversations: the hello may be encrypted, and its name is only its outer name; its address could be a\.test: 2001:db8::5 never/,
    "own names and addresses are no other reasons",
  );
});

test("waived findings are told and not counted", (t) => {
  const value = result({ judged: [conversation(), undocumented({ waived: "ticket 4711" })] });
  const text = print(value, 100);
  t.regex(text, /^✓ AS DOCUMENTED/);
  t.regex(text, /WAIVED[\s\S]*ticket 4711/);
  t.notRegex(text, /^UNDOCUMENTED/m);
});

test("of a long document the first rules of each status are listed, and --all lists the others", (t) => {
  const rules = Array.from({ length: 10_000 }, (_, i) =>
    rule({ rule_id: `r${i}`, status: i % 10 === 0 ? "met" : i % 10 < 8 ? "unused" : "not-evaluable" }),
  );
  const text = print(result({ judged: [], rules }), 120);
  const listed = (said: string): number =>
    said.match(/^ {2}\S (?:met|unused|not evaluable)[^\n]* r\d+ /gm)?.length ?? 0;
  t.is(listed(text), 150);
  t.regex(text, /and 950 more met, 6,950 more unused, 1,950 more not evaluable; --all lists them\n/);
  const all = print(result({ judged: [], rules }), 120, { all: true });
  t.is(listed(all), 10_000);
  t.notRegex(all, /more met/);
});

test("many findings with one cause are one, of many causes the first, and --all lists them", (t) => {
  const clients = Array.from({ length: 50 }, (_, i) =>
    undocumented({ conversation_id: `aaaa${String(i).padStart(12, "0")}`, initiator: `10.30.0.${i}` }),
  );
  const one = print(result({ judged: clients }), 100);
  t.is(one.match(/telemetry\.example\.com\s+\(198/g)?.length, 2, "once as advice, once as a finding");
  t.regex(one, /and 47 more/);
  const names = Array.from({ length: 50 }, (_, i) =>
    undocumented({ conversation_id: `bbbb${String(i).padStart(12, "0")}`, server_name: `n${i}.example${i}.com` }),
  );
  const many = print(result({ judged: names }), 100);
  t.regex(many, /and 30 more; --all lists them/);
  t.regex(print(result({ judged: names }), 100, { all: true }), /n49\.example49\.com/);
  t.notRegex(many, /n49\.example49\.com/);
});

test("hosts of one domain, and addresses without a name, are one finding that lists them all", (t) => {
  const named = (count: number, name: (i: number) => string | null) =>
    Array.from({ length: count }, (_, i) =>
      undocumented({
        conversation_id: `cccc${String(i).padStart(12, "0")}`,
        server_name: name(i),
        peer_name: null,
        responder: `198.51.100.${i}`,
      }),
    );
  const domain = print(result({ judged: named(5, (i) => `n${i}.telemetry.example.com`) }), 100, { all: true });
  t.regex(domain, /5 conversations with 5 names under \*\.telemetry\.example\.com, over tcp\/443/);
  t.is(domain.match(/n4\.telemetry\.example\.com/g)?.length, 1, "listed beneath, and no advice of its own");
  t.regex(print(result({ judged: named(5, () => null) }), 100), /5 addresses that nobody named/);
  t.notRegex(print(result({ judged: named(3, () => null) }), 100), /that nobody named/, "three stand by themselves");
  t.notRegex(
    print(result({ judged: named(5, (i) => `n${i}.co.uk`) }), 100),
    /under \*/,
    "a public suffix joins nobody",
  );
});

test("ports of one host that somebody tried in vain are one finding, as long as they are many", (t) => {
  const tried = (count: number, outcome: ConversationRow["outcome"] = "unanswered") =>
    Array.from({ length: count }, (_, i) =>
      undocumented({
        ...{ conversation_id: `dddd${String(i).padStart(12, "0")}`, server_name: null, peer_name: null },
        ...{ responder: "10.20.0.9", port: 100 + i, app: null, inner_app: null, outcome, evidence: null },
      }),
    );
  const scan = print(result({ judged: tried(40) }), 200, { all: true });
  t.is(scan.match(/with 40 ports of 10\.20\.0\.9 over tcp, none of which came up/g)?.length, 2, "as advice, and found");
  t.is(scan.match(/tcp\/139/g)?.length, 1, "each is listed beneath");
  t.notRegex(print(result({ judged: tried(7) }), 200), /none of which came up/, "a client that falls back");
  t.notRegex(print(result({ judged: tried(40, "established") }), 200), /none of which came up/);
});

test("a name that is the address itself is said once", (t) => {
  const text = print(result({ judged: [undocumented({ server_name: "10.20.0.9", responder: "10.20.0.9" })] }), 200);
  t.notRegex(text, /10\.20\.0\.9 \(10\.20\.0\.9\)/);
  t.regex(text, /→ 10\.20\.0\.9 tcp/);
});

test("ids are long enough to be told apart", (t) => {
  const text = print(
    result({
      judged: [
        undocumented({ conversation_id: "1111111122222222" }),
        undocumented({ conversation_id: "1111111133333333", server_name: "b.example" }),
      ],
    }),
    100,
  );
  t.regex(text, / 111111112 /);
  t.regex(text, / 111111113 /);
});

test("no character of an id less or more than tells all of them apart, and eight at least", (t) => {
  const anyId = fc.array(fc.constantFrom("0", "1"), { minLength: 16, maxLength: 16 }).map((digits) => digits.join(""));
  fc.assert(
    fc.property(fc.uniqueArray(anyId, { minLength: 1, maxLength: 40 }), (ids) => {
      const length = idLength({ judged: ids.map((conversation_id) => undocumented({ conversation_id })) });
      const apart = (characters: number): boolean =>
        new Set(ids.map((id) => id.slice(0, characters))).size === ids.length;
      t.true(length >= 8 && apart(length) && (length === 8 || !apart(length - 1)));
    }),
  );
});

test("frames are FILE#N, with the path where two captures share a name", (t) => {
  t.regex(print(rollout(), 120), /\[span\.pcap#77 span\.pcap#78\]/);
  const two = { ...rollout(), captures: [capture(), capture({ capture_id: 2, path: "/other/span.pcap" })] };
  t.regex(print(two, 120), /\[\/captures\/span\.pcap#77/);
});

test("without a database no command names one", (t) => {
  t.notRegex(print(rollout(), 100, { database: null }), /wirepact explain|wirepact report/);
});

test("hostile text stays text, and inside the width", (t) => {
  for (const poison of HOSTILE) {
    for (const width of [40, 80, 130]) {
      const text = print(poisoned(poison), width);
      t.false(hasHarmful(text), JSON.stringify(poison));
      t.deepEqual(tooWide(text, width), [], JSON.stringify(poison));
      t.is(text.match(/^✓ (AS DOCUMENTED|NO DRIFT)/gm), null);
    }
  }
});

test("several undocumented conversations that one setting would explain are one question, and each is listed", (t) => {
  const off = (n: number, name: string, rule: string) =>
    undocumented({
      conversation_id: `${n}`.repeat(16),
      server_name: name,
      verdict: "undocumented",
      reason_code: "condition-off",
      reason: "documented only where region is eu",
      evidence: {
        ...undocumented().evidence!,
        nearest: { model: "opswat-sdp", rule_id: rule, clause: "when", says: "documented only where region is eu" },
      },
    });
  const judged = [off(1, "api-eu.example.com", "gateway-api-eu"), off(2, "ws-eu.example.com", "gateway-websocket-eu")];
  const text = print({ ...rollout(), judged }, 200);
  t.true(text.includes("--set region=us: 2 conversations would be documented where region is eu"), text);
  t.is(text.split("region is eu").length - 1, 2, "once as advice and once as finding");
  for (const name of ["api-eu.example.com", "ws-eu.example.com", "gateway-api-eu", "gateway-websocket-eu"])
    t.true(text.includes(name));
});

test("nothing against it and nothing for it is no pass", (t) => {
  const value = result({
    run: runInfo({ exit_code: 0 }),
    judged: [inconclusive()],
    rules: [rule({ status: "unused" })],
  });
  t.regex(
    print(value, 200),
    /^\? NOTHING PROVED +No drift found, but 0 rules met and 0 conversations documented\. 1 conv/,
  );
  t.regex(print({ ...value, judged: [inconclusive(), conversation()] }, 200), /^✓ NO DRIFT FOUND/);
});

test("a record that is damage is no limit of the program's own", (t) => {
  const limits = (quality: RunResult["quality"]): string => print({ ...damaged(), quality }, 200);
  t.notRegex(limits({ caps_hit: 1, "cap:recordBytes": 1 }), /limit of its own/);
  t.regex(limits({ caps_hit: 3, "cap:recordBytes": 1, "cap:flows": 2 }), /limit of its own 2 times \(flows 2\)/);
});

test("what hangs on a setting that is in doubt stands under the question", (t) => {
  const off = { reason_code: "condition-off" };
  const nearest = { model: "opswat-sdp", rule_id: "x", clause: "when", says: "documented only where region is us" };
  const strays = ["a.us.example.com", "b.us.example.com"].map((name, i) => {
    const row = undocumented({ ...off, conversation_id: `${i}1d2c4b6a8907f6e`, server_name: name, peer_name: name });
    return { ...row, evidence: { ...row.evidence!, nearest } };
  });
  const blocked = rule({
    rule_id: "eu",
    status: "blocked",
    remedy: "allow tcp/443 from 10.20.0.5 to a.eu.example.com (documented under Gateway, where region is eu)",
  });
  const parameters = [{ name: "region", model: "opswat-sdp", value: "eu", how: "given" as const }];
  const value = result({ run: runInfo({ parameters, exit_code: 1 }), judged: strays, rules: [blocked] });
  const text = print(value, 200);
  t.regex(text, /1\. +Check --set region=eu: .* Only if that is right is anything to be done about the rule below/);
  t.notRegex(text, /\d\. +Allow tcp/);
});

test("judged strictly, names that no document has are asked about, and required rules are counted as the head counts them", (t) => {
  const remedy = "give --bind client=ADDRESS";
  const waiting = ["required", "required", "optional"].map((requirement, i) =>
    rule({ rule_id: `r${i}`, status: "not-evaluable", requirement, remedy, reason_code: "role-not-bound" }),
  );
  const value = result({
    run: runInfo({ exit_code: 1 }),
    judged: [conversation()],
    rules: waiting,
    lookups: [lookup()],
  });
  const text = print(value, 200);
  t.regex(text, /1 undocumented look-up, 2 required rules not evaluable/);
  t.regex(text, /Ask the vendor what \S+ is for, which 10\.20\.0\.5 looked up: no document names it/);
  t.regex(text, /client=ADDRESS \(2 required rules wait, and 1 that is not, for it\)/);
});

test("what is a setting of one's own is no question to the vendor", (t) => {
  const near = (
    clause: "over" | "when" | "who",
    says: string,
    also: readonly "app"[] = [],
  ): ConversationRow["evidence"] => ({
    ...undocumented().evidence!,
    clauses: [clause, ...also].map((failed) => ({ clause: failed, result: "failed", says })),
    nearest: { model: "opswat-sdp", rule_id: "gateway-api-us", clause, says },
  });
  const advice = (change: Partial<ConversationRow>, run = runInfo({ exit_code: 1 })): string =>
    print(result({ run, judged: [undocumented(change)], rules: [rule({ to_endpoint: "role:client" })] }), 200);
  const dns = {
    app: "dns",
    transport: "udp",
    port: 53,
    evidence: { ...undocumented().evidence!, nearest: null },
  } as const;
  t.regex(advice(dns), /1\. +Run it again with --bind resolver=198\.51\.100\.77, if that is a name server/);
  t.regex(advice({ ...dns, responder: "10.20.0.5" }), /1\. +Ask the vendor/);
  const alone = runInfo({ exit_code: 1, command: "wirepact check a.pcap --no-background" });
  t.regex(advice(dns, alone), /1\. +Ask the vendor/);
  const over = { evidence: near("over", "udp/514 instead of tcp/514") };
  t.regex(
    advice(over),
    /1\. +Set 10\.20\.0\.5 .* up as gateway-api-us has it \(udp\/514 instead of tcp\/514\), or ask/,
  );
  const both = { evidence: near("over", "udp/514 instead of tcp/514; dns instead of syslog", ["app"]) };
  t.regex(
    advice(both),
    /1\. +Ask the vendor what 10\.20\.0\.5 .* is for: it is near gateway-api-us, but udp\/514 instead/,
  );
  t.regex(
    advice({ evidence: near("when", "documented only where region is eu") }),
    /1\. +Check --set region=us: 10\.20/,
  );
  const who = { initiator: "192.0.2.9", evidence: near("who", "192.0.2.9 is not bound to gateway") };
  t.regex(advice(who), /1\. +Ask the vendor what 192\.0\.2\.9/);
  const unseen = runInfo({ exit_code: 1 });
  for (const binding of unseen.bindings) binding.seen = false;
  t.regex(
    advice(who, unseen),
    /1\. +Find out who 192\.0\.2\.9 is: no host bound to gateway is in the capture.* --bind gateway=192\.0\.2\.9, or that under outside:/,
  );
  t.regex(
    advice({ evidence: near("when", "documented only where region is eu; dns instead of tls", ["app"]) }),
    /1\. +Ask the vendor what 10\.20\.0\.5 .* is for: it is near gateway-api-us, but documented only where region is eu; dns/,
    "another region would not document it either",
  );
});

test("where nothing but a port that no document has says who opened it, no end is told to have", (t) => {
  const guessed = { ...undocumented().evidence!, initiator_by: "port", nearest: null };
  t.regex(print(result({ judged: [undocumented({ evidence: guessed })] }), 200), /10\.20\.0\.5 ↔ telemetry/);
});

test("one role is to be bound once, and both directions come before it", (t) => {
  const open = (rule_id: string, remedy: string): RuleRow => rule({ rule_id, status: "not-evaluable", remedy });
  const rules = [
    open("a", "give --bind client=ADDRESS"),
    open("b", "give --bind client=internet, or its addresses"),
    open("c", "mirror both directions"),
  ];
  const text = print(result({ run: runInfo(), judged: [], rules }), 200);
  t.regex(text, /1\. +Mirror both directions \(1 rule waits for it\)\.\n/);
  t.regex(text, /2\. +Run it again with --bind client=internet, or its addresses \(2 rules wait for it\)\.\n/);
});

test("a capture of one direction: to mirror both is the first thing to do", (t) => {
  const rules = [rule({ status: "not-evaluable", remedy: "mirror both directions", reason_code: "one-sided" })];
  const value = result({
    run: runInfo({ exit_code: 4 }),
    judged: [],
    rules,
    quality: { packets: 9, flows: 4, one_sided: 3 },
  });
  const text = print(value, 200);
  t.regex(text, /1\. +Mirror both directions: 3 of 4 flows are seen in one only\./);
  t.notRegex(text, /2\. +Mirror/);
});
