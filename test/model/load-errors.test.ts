/** What the loader says about bad files; `¦` marks where it must say it. */
import test from "ava";
import { loadModel } from "../../src/model/load.ts";
import { type Change, changed, rule } from "./helpers.ts";

const CASES: [name: string, change: Change, ...messages: string[]][] = [
  // The file itself
  ["not YAML", { roles: "roles: { client: ¦" }, "not valid YAML: "],
  ["a tab as indent", { roles: "roles:\n¦\tclient:" }, "not valid YAML: "],
  ["one key twice", { rest: "¦roles: { other: }" }, "the same key twice in one mapping"],
  [
    "an alias",
    { roles: "roles: { client: &a ¦{ about: x }, gateway: ¦*a }" },
    "anchors and",
    "anchors and aliases are",
  ],
  ["an unknown key", { rest: "¦ruls: []" }, 'model: unknown key "ruls", did you mean "rules"? Known: wirepact, model'],
  ["another version", { wirepact: "wirepact: ¦2" }, 'wirepact: found "2", expected 1, the only version'],
  ["a name with spaces", { model: "model: ¦My model" }, 'model: found "My model", expected a name: lower-case letters'],
  ["no document", { wirepact: "¦wirepact: 1", document: "" }, 'model: "document" is missing'],
  [
    "a document that is a text",
    { document: "document: ¦T" },
    'document: found "T", expected a mapping with title, publi',
  ],
  ["no title", { document: "document: ¦{ publisher: P }" }, 'document: "title" is missing'],
  [
    "no such day",
    { document: "document: { title: T, retrieved: ¦2026-02-30 }" },
    'document, retrieved: found "2026-02-30"',
  ],
  [
    "a short digest",
    { document: "document: { title: T, text-sha256: ¦abc }" },
    'document, text-sha256: found "abc", expect',
  ],
  // Parameters
  [
    "an unknown type",
    { parameters: "parameters: { v: { type: ¦prt } }" },
    'unknown parameter type "prt", did you mean "po',
  ],
  [
    "a choice of nothing",
    { parameters: "parameters: { ¦v: { type: choice } }" },
    'parameter "v": a choice needs "values"',
  ],
  [
    "values of a port",
    { parameters: "parameters: { v: { type: port, values: ¦[1] } }" },
    'parameter "v": values go with typ',
  ],
  [
    "a value twice",
    { parameters: "parameters: { v: { values: [a, ¦a] } }" },
    'parameter "v": value "a" is listed twice',
  ],
  [
    "a default of none",
    { parameters: "parameters: { v: { values: [us], default: ¦su } }" },
    'parameter "v", default: unknown',
  ],
  [
    "a default port",
    { parameters: "parameters: { v: { type: port, default: ¦70000 } }" },
    'parameter "v", default: impossibl',
  ],
  [
    "a default version",
    { parameters: "parameters: { v: { type: version, default: ¦v3 } }" },
    'parameter "v", default: "v3"',
  ],
  [
    "a default name",
    { parameters: 'parameters: { v: { type: name, default: ¦"*.a.b" } }' },
    'parameter "v", default: "*.a.b"',
  ],
  [
    "a parameter called not",
    { parameters: "parameters: { ¦not: }" },
    'parameter "not": the word belongs to conditions',
  ],
  // Roles and endpoints
  [
    "a bad role name",
    { roles: "roles: { client: , ¦Gate Way: }" },
    'roles: "Gate Way" is no name; expected lower-case',
  ],
  ["a reserved role", { roles: "roles: { client: , ¦internet: }" }, 'role "internet": the word is the language\'s own'],
  [
    "an endpoint of nobody",
    { endpoints: "endpoints: { ¦api: { need: any } }" },
    'endpoint "api": who is it? Expected "hosts"',
  ],
  [
    "an unknown need",
    { endpoints: "endpoints: { api: { hosts: [a.b], need: ¦all } }" },
    'unknown need "all". Known: any, each',
  ],
  [
    "a pool that is no flag",
    { endpoints: "endpoints: { api: { hosts: [a.b], pool: ¦yes } }" },
    'endpoint "api", pool: found',
  ],
  [
    "a URL",
    { endpoints: "endpoints: { api: { hosts: [¦https://a.b/c] } }" },
    '"https://a.b/c" is a URL; write the host alone: a.b',
  ],
  [
    "an address as host",
    { endpoints: "endpoints: { api: { hosts: [¦192.0.2.1] } }" },
    '"192.0.2.1" is no host name; addresses',
  ],
  [
    "a wildcard over a public suffix",
    { endpoints: 'endpoints: { api: { hosts: [¦"*.co.uk"] } }' },
    '"*.co.uk" is a wildcard over a public suffix: anyone may be meant',
  ],
  [
    "a wildcard over a top level",
    { endpoints: 'endpoints: { api: { hosts: [¦"**.com"] } }' },
    '"**.com" is a wildcard over a public suffix: anyone may be meant',
  ],
  ["half a wildcard", { endpoints: 'endpoints: { api: { hosts: [¦"b*.c"] } }' }, '"b*.c" is no host name: a wild'],
  [
    "only wildcards",
    { endpoints: 'endpoints: { api: { hosts: [¦"*.**"] } }' },
    "a wildcard may not stand for a whole name",
  ],
  [
    "a wildcard pool",
    { endpoints: 'endpoints: { api: { hosts: [¦"*.b.c"], pool: true } }' },
    "a pool is called by one name",
  ],
  [
    "an empty label",
    { endpoints: "endpoints: { api: { hosts: [a.¦.b] } }" },
    '"a..b" is no host name: a label is empty',
  ],
  ["a host twice", { endpoints: "endpoints: { api: { hosts: [a.b, ¦A.b] } }" }, 'host "a.b" is listed twice'],
  [
    "an unknown name parameter",
    { endpoints: "endpoints: { api: { hosts: [¦$doman] } }" },
    'unknown name parameter "doman"',
  ],
  [
    "a port as name",
    { endpoints: "endpoints: { api: { hosts: [¦$port] } }" },
    'parameter "port" is no name but of type port',
  ],
  [
    "a bad address",
    { endpoints: "endpoints: { api: { addresses: [¦192.0.2.256] } }" },
    '"192.0.2.256" is no address; expected',
  ],
  [
    "an address wildcard",
    { endpoints: 'endpoints: { api: { addresses: [¦"192.0.2.*"] } }' },
    "a wildcard may not stand in an ad",
  ],
  [
    "a long prefix",
    { endpoints: "endpoints: { api: { addresses: [192.0.2.0/¦33] } }" },
    'impossible prefix length "33"; expect',
  ],
  [
    "a prefix with host bits",
    { endpoints: "endpoints: { api: { addresses: [¦10.1.2.3/8] } }" },
    '"10.1.2.3/8" has bits beyond i',
  ],
  ["a range backwards", { endpoints: "endpoints: { api: { addresses: [¦10.0.0.9-10.0.0.1] } }" }, "impossible range"],
  [
    "an address twice",
    { endpoints: "endpoints: { api: { addresses: [192.0.2.1, ¦192.0.2.1] } }" },
    "address 192.0.2.1 is li",
  ],
  // Rules
  ["no rules", { rules: "rules: ¦[]", rule: "" }, "rules: found a list, expected at least one rule"],
  [
    "an unknown rule key",
    rule({ "¦form": "client" }),
    'rule: unknown key "form", did you mean "from"? Known: id, from',
  ],
  ["a rule without most", { rule: "  - ¦{ id: r }" }, 'rule "r": "from" is missing', ...Array(5).fill('rule "r": ')],
  ["one id twice", { rest: `${rule({ id: "¦r" }).rule}` }, 'two rules are called "r"; the first is at line 8'],
  [
    "an unknown role",
    rule({ from: "¦cleint" }),
    'from: unknown role or endpoint "cleint", did you mean "client"? Known',
  ],
  ["an unknown endpoint", rule({ to: "endpoint:apy" }), 'to: unknown endpoint "apy", did you mean "api"? Known: api'],
  [
    "endpoint to endpoint",
    { rule: rule({ from: "api" }).rule!.replace("{ id", "¦{ id") },
    'rule "r": neither end is a role',
  ],
  [
    "both role and endpoint",
    { ...rule({ from: "¦client", to: "¦client" }), endpoints: "endpoints: { client: { hosts: [a.b] } }", rest: "" },
    '"client" is a role and an endpoint; write role:client or endpoint:client',
    "",
  ],
  [
    "an unknown requirement",
    rule({ requirement: "¦requred" }),
    'unknown requirement "requred", did you mean "required"?',
  ],
  ["an alternative that is no word", rule({ "any-of": "¦two words" }), 'any-of: found "two words", expected a word: '],
  [
    "an endpoint for nobody",
    { endpoints: "endpoints: { api: { hosts: [api.example.com], role: ¦cleint } }" },
    'endpoint "api": unknown role "cleint", did you mean "client"?',
  ],
  ["an unknown decoder", rule({ app: "¦tsl" }), 'app: unknown decoder "tsl", did you mean "tls"?'],
  ["any and others", rule({ app: "[tls, ¦any]" }), "app: any stands alone; it covers the others"],
  ["an unknown transport", rule({ over: "¦tpc/443" }), 'unknown transport "tpc", did you mean "tcp"?'],
  ["turned around", rule({ over: "¦443/TCP" }), 'transport and port are turned around; found "443/TCP", write tcp/443'],
  [
    "a port alone in a list",
    rule({ over: "[tcp/443,¦8443]" }),
    'found a port without a transport, "8443"; inside brackets quote',
  ],
  [
    "a value cut by a comma",
    rule({ over: "tcp/443,¦8443" }),
    'rule: unknown key "8443". Known: id, from, to, over, outside-port, app, when, requirement, last-day, on, every, fallback-for, any-of, peer, expect, cite, note; inside { } a comma ends a value',
  ],
  ["a vendor's word", rule({ app: "¦https" }), 'app: unknown decoder "https"; here it is called tls: Transport Layer'],
  [
    "a protocol of nobody",
    rule({ app: "¦netflow" }),
    'app: unknown decoder "netflow": nothing here reads it; write any',
  ],
  [
    "an application of a port that the rule has not",
    rule({ over: '"tcp/22,443"', app: "{ 22: ssh, ¦80: http, 443: tls }" }),
    'app: found "80", expected a port that stands in "over" by itself: 22,443',
  ],
  [
    "a port without its application",
    rule({ over: '"tcp/22,443"', app: "{ ¦22: ssh }" }),
    'app: each port of "over" needs its own application; 443 has none',
  ],
  ["no such word", rule({ app: "¦xyzzyx" }), 'app: unknown decoder "xyzzyx"; "wirepact decoders" lists them'],
  ["port 0", rule({ over: "tcp/¦0" }), 'impossible port "0"; expected 1 to 65535'],
  ["port 65536", rule({ over: '"tcp/443,¦65536"' }), 'impossible port "65536"; expected 1 to 65535'],
  [
    "a range of ports backwards",
    rule({ over: "udp/¦9-1" }),
    'impossible range "9-1"; expected the lower port first: 1-9',
  ],
  ["a port twice", rule({ over: '"tcp/1-9,¦5"' }), 'port 5 is listed twice in "tcp/1-9,5"'],
  ["any port by star", rule({ over: "tcp/¦*" }), "any port is written tcp alone; found tcp/*"],
  ["ports by slash", rule({ over: "tcp/¦20/21" }), "several ports are a list; found 20/21, write 20,21"],
  [
    "two transports in one",
    rule({ over: '"udp/53, ¦tcp/53"' }),
    "several transports are a list, such as [udp/53, tcp/53]",
  ],
  ["a type of ICMP", rule({ over: "icmp/¦256" }), "expected ICMP types, 0 to 255, such as icmp/3,8"],
  ["types of ICMP", rule({ over: "icmp6/¦136-133" }), "expected ICMP types, 0 to 255, such as icmp6/3,8"],
  ["a protocol's number", rule({ over: "¦ip/256" }), "expected an IP protocol's number, 0 to 255"],
  [
    "an unknown port parameter",
    rule({ over: "tcp/¦$prt" }),
    'unknown port parameter "prt", did you mean "port"? Known: port',
  ],
  ["a parameter that is no port", rule({ over: "tcp/¦$region" }), 'parameter "region" is no port but of type choice'],
  [
    "an outside port of two",
    rule({ over: "[tcp/1, tcp/2]", "outside-port": "¦$port" }),
    "outside-port goes with one transpor",
  ],
  [
    "an outside port by number",
    rule({ "outside-port": "¦8080" }),
    'outside-port: found "8080", expected a parameter such as',
  ],
  [
    "an occasionless condition",
    { rule: rule({ requirement: "conditional" }).rule!.replace("{ id", "¦{ id") },
    'rule "r": conditional on what?',
  ],
  [
    "retired since when",
    { rule: rule({ requirement: "retired" }).rule!.replace("{ id", "¦{ id") },
    'rule "r": retired since when? "last-day" is missing',
  ],
  ["a last day of none", rule({ "last-day": "¦2018-11-22" }), "last-day goes with requirement: retired"],
  [
    "no such last day",
    rule({ requirement: "retired", "last-day": "¦22/11/18" }),
    'last-day: found "22/11/18", expected a day',
  ],
  ["a bad cadence", rule({ every: "¦daily" }), 'every: found "daily", expected a duration such as 24h'],
  ["an unknown peer", rule({ peer: "¦anywhere" }), 'unknown peer "anywhere". Known: internet'],
  ["a fallback for nobody", rule({ "fallback-for": "¦q" }), 'fallback-for: unknown rule "q". Known: r'],
  ["its own fallback", rule({ "fallback-for": "¦r" }), 'fallback-for: rule "r" would be its own fallback'],
  ["a citation of no section", rule({ cite: "¦{ item: I }" }), 'cite: "section" is missing'],
  // Conditions
  [
    "an unknown parameter",
    rule({ when: "{ ¦regio: us }" }),
    'when: unknown parameter "regio", did you mean "region"? Known:',
  ],
  ["an unknown value", rule({ when: "{ region: ¦uss }" }), 'when, region: unknown value "uss", did you mean "us"'],
  ["a bad version", rule({ when: "{ v: ¦new }" }), 'when, v: found "new", expected a version such as 3.5.0'],
  [
    "a condition that is a word",
    rule({ when: "¦us" }),
    'when: found "us", expected a condition such as { region: us }',
  ],
  ["an empty or", rule({ when: "{ or: ¦[] }" }), "when, or: found a list, expected a list of conditions"],
  [
    "never, by choice",
    rule({ when: "¦{ and: [{ region: us }, { region: eu }] }" }),
    "this condition can never hold: region is us and region is eu",
  ],
  [
    "never, by version",
    rule({ when: '¦{ and: [{ v: "< 3.5" }, { v: ">= 3.5.0" }] }' }),
    "this condition can never hold: v is below 3.5 and",
  ],
  [
    "never, by all values",
    rule({ when: "¦{ not: { region: [us, eu] } }" }),
    "this condition can never hold: not (region is us or eu)",
  ],
  // Expectations
  [
    "an unknown expectation",
    rule({ expect: "{ ¦packet: at most 1 a burst }" }),
    'expect: unknown expectation "packet", did you',
  ],
  [
    "an unknown decoder's field",
    rule({ expect: "{ ¦tsl.version: at least 1.2 }" }),
    'expect: unknown decoder "tsl", did you mean',
  ],
  [
    "no such TLS",
    rule({ expect: "{ tls.version: ¦at least 1.4 }" }),
    'expect, tls.version: found "at least 1.4", expected at lea',
  ],
  [
    "an unknown class",
    rule({ expect: "{ operations: at most ¦reed }" }),
    'expect, operations: unknown operation class "reed", did',
  ],
  [
    "a bad offset",
    rule({ expect: "{ ntp.offset: ¦3 s }" }),
    'expect, ntp.offset: found "3 s", expected within DURATION',
  ],
  [
    "clocks of nobody",
    rule({ expect: "{ clocks: client and ¦gate within 3 s }" }),
    'expect, clocks: unknown role "gate"',
  ],
  [
    "no packets",
    rule({ expect: "{ packets: ¦at most 0 a burst }" }),
    'expect, packets: found "at most 0 a burst", expected at mo',
  ],
  ["half a reply", rule({ expect: "{ reply: ¦maybe }" }), 'expect, reply: found "maybe", expected none or some'],
  [
    "a bad time",
    rule({ expect: "{ time-of-day: ¦22:00-25:00 }" }),
    'expect, time-of-day: found "22:00-25:00", expected two times',
  ],
  [
    "a bad bound",
    rule({ expect: "{ ntp.stratum: ¦at most few }" }),
    'expect, ntp.stratum: found "at most few", expected at most NU',
  ],
  // Several at once
  [
    "all errors of a file",
    {
      ...rule({ from: "¦clint", over: "tcp/¦0", app: "¦tl" }),
      document: "document: ¦{ ¦titel: T, version: 1 }",
    },
    'document: "title" is missing',
    'document: unknown key "titel", did you mean "title"?',
    "from: unknown",
    'impossible port "0"',
    'app: unknown decoder "tl", did you mean "tls"?',
  ],
];

for (const [name, change, ...messages] of CASES) {
  test(name, (t) => {
    const { text, marks } = changed(change);
    const { model, problems } = loadModel(text, "m.yaml");
    t.is(model, null);
    t.deepEqual(
      problems.map(({ message }, i) => message.slice(0, messages[i]?.length)),
      messages,
    );
    for (const [i, mark] of marks.entries()) {
      const { line, column } = problems[Math.min(i, problems.length - 1)]!;
      t.deepEqual({ line, column }, mark, problems[i]?.message);
    }
    t.true(problems.every(({ source, severity }) => source === "m.yaml" && severity === "error"));
  });
}
