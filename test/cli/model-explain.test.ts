/** `models explain`: the question before a firewall is opened, without a capture. */
import test from "ava";
import { wirepact } from "./command.ts";

const ASK = ["models", "explain", "opswat-sdp"];

/** Arguments, and what the first line and the rest have to say. */
const ANSWERS: [string, string[], RegExp, RegExp][] = [
  [
    "a documented name",
    ["--from", "gateway", "--to", "api-us.sdp.opswat.com", "--over", "tcp/443", "--set", "region=us"],
    /DOCUMENTED/,
    /gateway-api-us {2}required[\s\S]*as tls[\s\S]*Gateway \/ HTTPS APIs/,
  ],
  [
    "a documented address",
    ["--from", "gateway", "--to", "18.116.34.83", "--over", "udp/30000", "--set", "region=us"],
    /DOCUMENTED/,
    /gateway-stun-us/,
  ],
  [
    "role to role",
    ["--from", "client", "--to", "role:gateway", "--over", "udp/30001"],
    /DOCUMENTED/,
    /client-opens-firewall[\s\S]*expected: /,
  ],
  [
    "another region",
    ["--from", "gateway", "--to", "api-eu.sdp.opswat.com", "--over", "tcp/443", "--set", "region=us"],
    /UNDOCUMENTED/,
    /nearest rule is gateway-api-eu: documented only where region is eu/,
  ],
  [
    "a parameter that decides",
    ["--from", "gateway", "--to", "api-us.sdp.opswat.com", "--over", "tcp/443"],
    /DEPENDS/,
    /give --set region=us\|eu/,
  ],
  [
    "another application",
    ["--from", "gateway", "--to", "api-us.sdp.opswat.com", "--over", "tcp/443", "--app", "http", "--set", "region=us"],
    /UNDOCUMENTED/,
    /http instead of tls/,
  ],
  [
    "the wrong way round",
    ["--from", "gateway", "--to", "client", "--over", "udp/30000"],
    /UNDOCUMENTED/,
    /nearest rule|No rule/,
  ],
  [
    "another name",
    ["--from", "client", "--to", "api.example.com", "--over", "tcp/443", "--set", "region=us"],
    /UNDOCUMENTED/,
    /nearest rule is client-api-us: the client asked for api\.example\.com/,
  ],
  [
    "an address that may be a role",
    ["--from", "10.30.0.9", "--to", "gateway", "--over", "udp/30000"],
    /DEPENDS/,
    /client-gateway {2}required: 10\.30\.0\.9 could be client[\s\S]*ask with --from client/,
  ],
  [
    "nothing in common",
    ["--from", "198.51.100.1", "--to", "198.51.100.2", "--over", "tcp/22"],
    /UNDOCUMENTED/,
    /No rule of the model/,
  ],
];

for (const [title, args, first, rest] of ANSWERS) {
  test(`explained: ${title}`, async (t) => {
    const { code, stdout, stderr } = await wirepact([...ASK, ...args]);
    t.is(code, 0, stderr);
    t.regex(stdout.split("\n")[0]!, first);
    t.regex(stdout, rest);
  });
}

test("explained: another model's retired address, a port that was set, a peer that may be anywhere", async (t) => {
  const ask = async (model: string, ...args: string[]) =>
    (await wirepact(["models", "explain", model, ...args])).stdout;
  const icap = "clearswift-icap-gateway";
  t.regex(
    await ask(icap, "--from", "gateway", "--to", "79.125.3.206", "--over", "tcp/80"),
    /RETIRED.*[\s\S]*until 2018-11-22/,
  );
  const port = ["--from", "icap-client", "--to", "gateway", "--over", "tcp/1344", "--set", "icap-port=11344"];
  t.regex(await ask(icap, ...port), /tcp\/1344 instead of tcp\/11344/);
  const peer = ["--from", "203.0.113.9", "--to", "recorder", "--over", "udp/50000", "--set", "connection=peer-to-peer"];
  t.regex(await ask("openeye-ows", ...peer), /^\S+ DOCUMENTED[\s\S]*web-recorder-p2p/);
});

const WRONG: [string, string[], RegExp][] = [
  [
    "a misspelt role",
    ["--from", "gatway", "--to", "x.example.com", "--over", "tcp/443"],
    /unknown role "gatway", did you mean "gateway"/,
  ],
  [
    "a misspelt role as the other end",
    ["--from", "client", "--to", "gatway", "--over", "udp/30000"],
    /unknown role "gatway", did you mean "gateway"/,
  ],
  [
    "an endpoint in place of a host",
    ["--from", "client", "--to", "api-us", "--over", "tcp/443"],
    /an endpoint; name one of its hosts: api-us\.sdp\.opswat\.com/,
  ],
  ["no port", ["--from", "gateway", "--to", "x.example.com", "--over", "443"], /port without a transport/],
  ["several ports", ["--from", "gateway", "--to", "x.example.com", "--over", "tcp/1-9"], /name one port/],
  [
    "an unknown application",
    ["--from", "gateway", "--to", "x.example.com", "--over", "tcp/443", "--app", "tsl"],
    /did you mean "tls"/,
  ],
  ["nothing asked", [], /required option '--from/],
];

for (const [title, args, message] of WRONG) {
  test(`refused: ${title}`, async (t) => {
    const { code, stderr } = await wirepact([...ASK, ...args]);
    t.is(code, 2);
    t.regex(stderr, message);
  });
}
