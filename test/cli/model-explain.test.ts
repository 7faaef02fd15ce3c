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

const WRONG: [string, string[], RegExp][] = [
  [
    "a misspelt role",
    ["--from", "gatway", "--to", "x", "--over", "tcp/443"],
    /unknown role "gatway", did you mean "gateway"/,
  ],
  ["no port", ["--from", "gateway", "--to", "x", "--over", "443"], /port without a transport/],
  ["several ports", ["--from", "gateway", "--to", "x", "--over", "tcp/1-9"], /name one port/],
  [
    "an unknown application",
    ["--from", "gateway", "--to", "x", "--over", "tcp/443", "--app", "tsl"],
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
