/** Proxies: what is asked of one is what is judged, and asking one hides nothing. Each scene in parts of it. */
import test from "ava";
import { ascii, concat } from "../support/hex.ts";
import { judgeFrames, keyOf } from "../support/judged.ts";
import { bytes } from "../support/packets.ts";
import { supported } from "../support/promises.ts";
import { clientHello, connection, type Line, lookUp, serverHello, upRecords } from "../support/talk.ts";
import { brokenBySomePart } from "./every-part.ts";
import { HOST, play, RESOLVER } from "./scene.ts";

const PROXY = "10.0.0.80";
const FROM = `${HOST}:40000`;
const TO = `${PROXY}:3128`;
const API = "203.0.113.10";
const BIND = [`host=${HOST}`, `proxy=${PROXY}`];

const connect = (target: string): Line => [">", ascii(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)];
const get = (target: string, host: string): Line => [">", ascii(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)];
const said = (status: string, head = ""): Line => ["<", ascii(`HTTP/1.1 ${status}\r\n${head}\r\n`)];
const granted = said("200 Connection established");
const done = said("200 OK", "Content-Length: 0\r\n");
const hello = (name: string): Line[] => [
  [">", clientHello(name)],
  ["<", serverHello()],
  [">", upRecords()],
];
const SSH: Line = [">", ascii("SSH-2.0-OpenSSH_9.2\r\n")];
const socks = (target: string, port = 443): Line[] => [
  [">", bytes(5, 1, 0)],
  ["<", bytes(5, 0)],
  [">", concat([bytes(5, 1, 0, 3, target.length), ascii(target), bytes(port >> 8, port & 255)])],
  ["<", bytes(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)],
];

const clear = (host: string): Line[] => [get("/", host), done];

const tls = { id: "r", to: "api", over: "tcp/443", app: "tls" };
const any = { id: "r", to: "api", over: "tcp/443", app: "any" };
const http = { id: "r", to: "api", over: "tcp/80", app: "http" };

interface Through {
  what: string;
  lines: readonly Line[];
  verdict: string;
  reason?: string;
  rule?: Record<string, unknown>;
  /** Status of the rule, where the scene says something of it. */
  status?: string;
  bind?: readonly string[];
  /** Several destinations in one conversation: without the worst of them it is better, and the frames that say so are told. */
  mixed?: boolean;
  before?: Parameters<typeof play>[0]["frames"];
}

const SCENES: readonly Through[] = [
  {
    what: "a tunnel to a documented name",
    lines: [connect("api.example.com:443"), granted, ...hello("api.example.com")],
    verdict: "documented",
    status: "met",
  },
  {
    what: "a tunnel through a proxy that is bound by its name",
    lines: [connect("api.example.com:443"), granted, ...hello("api.example.com")],
    verdict: "documented",
    status: "met",
    bind: [`host=${HOST}`, "proxy=proxy.example.net"],
    before: lookUp("10.0.0.77", RESOLVER, "proxy.example.net", [PROXY], 0),
  },
  {
    what: "a tunnel through a host that is not the site's proxy",
    lines: [connect("api.example.com:443"), granted, ...hello("api.example.com")],
    verdict: "undocumented",
    bind: [`host=${HOST}`, "proxy=10.0.0.99"],
  },
  {
    what: "a tunnel to another name",
    lines: [connect("x.example.net:443"), granted, ...hello("x.example.net")],
    verdict: "undocumented",
  },
  {
    what: "a tunnel to a documented name, and another name inside",
    lines: [connect("api.example.com:443"), granted, ...hello("x.example.net")],
    verdict: "undocumented",
  },
  {
    what: "the same where any application is documented",
    rule: any,
    lines: [connect("api.example.com:443"), granted, ...hello("x.example.net")],
    verdict: "undocumented",
  },
  {
    what: "a tunnel to another name, and a documented one inside",
    lines: [connect("x.example.net:443"), granted, ...hello("api.example.com")],
    verdict: "inconclusive",
    reason: "name-contradicted",
  },
  {
    what: "a tunnel to a documented name and another port",
    lines: [connect("api.example.com:8443"), granted, ...hello("api.example.com")],
    verdict: "undocumented",
  },
  {
    what: "a tunnel to a documented name, and SSH inside",
    lines: [connect("api.example.com:443"), granted, SSH],
    verdict: "undocumented",
  },
  {
    what: "a tunnel in which nothing was said yet",
    lines: [connect("api.example.com:443"), granted],
    verdict: "inconclusive",
    reason: "name-unseen",
  },
  {
    what: "the same where any application is documented: the client may yet send another name",
    rule: any,
    lines: [connect("api.example.com:443"), granted],
    verdict: "inconclusive",
    reason: "name-unseen",
  },
  {
    what: "any application in the tunnel",
    rule: any,
    lines: [connect("api.example.com:443"), granted, SSH],
    verdict: "documented",
    status: "met",
  },
  {
    what: "a tunnel that the proxy refuses",
    lines: [connect("api.example.com:443"), said("403 Filtered")],
    verdict: "inconclusive",
    reason: "never-came-up",
    status: "blocked",
  },
  {
    what: "a tunnel to nobody's name that the proxy refuses",
    lines: [connect("x.example.net:443"), said("403 Filtered")],
    verdict: "undocumented",
  },
  {
    what: "a tunnel at the second try",
    lines: [
      connect("api.example.com:443"),
      said("407 Authenticate", "Content-Length: 0\r\n"),
      connect("api.example.com:443"),
      granted,
      ...hello("api.example.com"),
    ],
    verdict: "documented",
    status: "met",
  },
  {
    what: "a tunnel to an address that DNS gave for the name",
    before: lookUp(HOST, RESOLVER, "api.example.com", [API], 0),
    lines: [connect(`${API}:443`), granted, [">", clientHello(null)], ["<", serverHello()], [">", upRecords()]],
    verdict: "documented",
  },
  {
    what: "a tunnel to an address that nobody named",
    lines: [connect(`${API}:443`), granted, [">", clientHello(null)], ["<", serverHello()], [">", upRecords()]],
    verdict: "inconclusive",
    reason: "address-unresolved",
  },
  {
    what: "an absolute URI",
    rule: http,
    lines: [get("http://api.example.com/a", "api.example.com"), done],
    verdict: "documented",
    status: "met",
  },
  {
    what: "an absolute URI whose Host field says something documented",
    rule: http,
    lines: [get("http://x.example.net/a", "api.example.com"), done],
    verdict: "undocumented",
  },
  {
    what: "an absolute URI that the proxy does not reach",
    rule: http,
    lines: [get("http://api.example.com/a", "api.example.com"), said("502 Bad Gateway", "Content-Length: 0\r\n")],
    verdict: "inconclusive",
    reason: "never-came-up",
  },
  {
    what: "an absolute URI, and then a request for the proxy's host itself",
    mixed: true,
    rule: http,
    lines: [get("http://api.example.com/a", "api.example.com"), done, get("/admin", "api.example.com"), done],
    verdict: "undocumented",
  },
  {
    what: "two ports of one name",
    mixed: true,
    rule: http,
    lines: [
      get("http://api.example.com/a", "api.example.com"),
      done,
      get("http://api.example.com:8080/a", "api.example.com:8080"),
      done,
    ],
    verdict: "undocumented",
  },
  {
    what: "SOCKS to a documented name",
    lines: [...socks("api.example.com"), ...hello("api.example.com")],
    verdict: "documented",
    status: "met",
  },
  {
    what: "SOCKS to a documented name, and another inside",
    lines: [...socks("api.example.com"), ...hello("x.example.net")],
    verdict: "undocumented",
  },
  {
    what: "SOCKS to a documented name, and requests in clear behind it",
    rule: http,
    lines: [...socks("api.example.com", 80), ...clear("api.example.com"), ...clear("api.example.com")],
    verdict: "documented",
    status: "met",
  },
  {
    what: "SOCKS to a documented name, and requests in clear for another",
    rule: http,
    lines: [...socks("api.example.com", 80), ...clear("x.example.net")],
    verdict: "undocumented",
  },
  {
    what: "SOCKS to a documented name, which the proxy does not let through",
    lines: [...socks("api.example.com").slice(0, 3), ["<", bytes(5, 2, 0, 1, 0, 0, 0, 0, 0, 0)]],
    verdict: "inconclusive",
    reason: "never-came-up",
    status: "blocked",
  },
  {
    what: "SOCKS to a name of nobody's, which the proxy does not let through",
    lines: [...socks("x.example.net").slice(0, 3), ["<", bytes(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)]],
    verdict: "undocumented",
  },
  {
    what: "SOCKS 4 to a documented name, which the proxy does not let through",
    lines: [
      [">", concat([bytes(4, 1, 1, 187, 0, 0, 0, 1, 0), ascii("api.example.com"), bytes(0)])],
      ["<", bytes(0, 0x5b, 0, 0, 0, 0, 0, 0)],
    ],
    verdict: "inconclusive",
    reason: "never-came-up",
    status: "blocked",
  },
  {
    what: "SOCKS to a documented name, and the proxy says nothing",
    lines: socks("api.example.com").slice(0, 3),
    verdict: "inconclusive",
    reason: "one-direction",
  },
  { what: "SSH to the proxy's host", lines: [SSH], verdict: "undocumented" },
  {
    what: "TLS to the proxy, in which anything may be asked",
    lines: hello("proxy.example.org"),
    verdict: "inconclusive",
    reason: "inner-unseen",
  },
  {
    what: "a leg that is opened and closed without a word",
    lines: [[">", "FA"]],
    verdict: "ignored",
    reason: "proxy-leg",
  },
  { what: "a leg that has said nothing yet", lines: [], verdict: "inconclusive", reason: "inner-unseen" },
  {
    what: "a tunnel to a documented name through a host that nobody called a proxy",
    bind: [`host=${HOST}`],
    lines: [connect("api.example.com:443"), granted, ...hello("api.example.com")],
    verdict: "inconclusive",
    reason: "role-not-bound",
    status: "not-evaluable",
  },
  {
    what: "a tunnel to another name through such a host",
    bind: [`host=${HOST}`],
    lines: [connect("x.example.net:443"), granted, ...hello("x.example.net")],
    verdict: "undocumented",
  },
];

for (const { what, lines, verdict, reason, status, rule = tls, bind = BIND, before = [], mixed } of SCENES) {
  test(what, async (t) => {
    const frames = [...before, ...connection(FROM, TO, 10, lines)];
    const { trial, said: whole } = await play({
      endpoints: { api: { hosts: ["api.example.com"] } },
      rules: [rule],
      bind,
      frames,
    });
    const rows = [...whole.conversations.values()].filter((row) => row.responder === PROXY);
    const verdicts = rows.map((row) => `${row.verdict} ${row.reason_code}: ${row.reason}`).join();
    t.true(
      rows.some((row) => row.verdict === verdict && (reason ?? row.reason_code) === row.reason_code),
      verdicts,
    );
    if (verdict !== "documented")
      t.false(
        rows.some((row) => row.verdict === "documented"),
        verdicts,
      );
    if (status !== undefined) t.is(whole.rules.get("m/r")?.status, status as never);
    for (const { what: claim, support, holds } of supported(whole)) {
      const kept = trial.frames.filter((frame) => support.has(keyOf(frame)));
      t.true(holds(judgeFrames(trial, kept)), `${claim} is not proved by ${[...support].join(" ")}`);
    }
    if (mixed === true) t.true(rows.every((row) => row.evidence!.against.some(({ frame }) => frame === 6)));
    else t.deepEqual(brokenBySomePart(trial, whole), []);
  });
}
