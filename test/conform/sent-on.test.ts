/** What a portal or a filter on the way says in the far end's name documents nothing, and breaks nothing. */
import test from "ava";
import { ascii } from "../support/hex.ts";
import { judgeFrames, keyOf } from "../support/judged.ts";
import { supported } from "../support/promises.ts";
import { connection, type Line } from "../support/talk.ts";
import { brokenBySomePart } from "./every-part.ts";
import { HOST, PEER, play } from "./scene.ts";

const FAR = "203.0.113.10";
const get = (host: string): Line => [">", ascii(`GET /a HTTP/1.1\r\nHost: ${host}\r\n\r\n`)];
const onTo = (location: string, status = 302): Line => [
  "<",
  ascii(`HTTP/1.1 ${status} Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`),
];
const done: Line = ["<", ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")];
const forbidden: Line = ["<", ascii("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")];
const asked = get("api.example.com");

interface Sent {
  what: string;
  lines: readonly Line[];
  /** Verdict and reason of the conversation, status of the rule. */
  says: string;
  /** The rule's far end is a bound host, not a name. */
  bound?: boolean;
}

const PORTAL = "inconclusive never-came-up blocked";
const ELSEWHERE = "inconclusive sent-on not-evaluable";
const FINE = "documented rule-proved met";

const SCENES: readonly Sent[] = [
  { what: "to a private address", lines: [asked, onTo("http://10.0.0.1:8000/login")], says: PORTAL },
  {
    what: "to a name that no registry gives out",
    lines: [asked, onTo("http://login.portal.lan/?url=x")],
    says: PORTAL,
  },
  { what: "to a name of one label", lines: [asked, onTo("http://portal/", 307)], says: PORTAL },
  { what: "to a private address, and a refusal", lines: [asked, onTo("//10.0.0.1/"), asked, forbidden], says: PORTAL },
  { what: "to another owner's host", lines: [asked, onTo("https://gateway.example.net/blocked")], says: ELSEWHERE },
  { what: "to an address of the Internet", lines: [asked, onTo("http://198.51.100.7/")], says: ELSEWHERE },
  {
    what: "once to a private address, once to another owner's host",
    lines: [asked, onTo("http://10.0.0.1/"), asked, onTo("http://gateway.example.net/")],
    says: ELSEWHERE,
  },
  { what: "to the same host", lines: [asked, onTo("https://API.example.com./a", 301)], says: FINE },
  { what: "to a sibling", lines: [asked, onTo("https://www.example.com/a", 308)], says: FINE },
  { what: "to a path", lines: [asked, onTo("/b")], says: FINE },
  { what: "to another host that the document names", lines: [asked, onTo("http://cdn.example.org/a")], says: FINE },
  { what: "and an answer that is none", lines: [asked, onTo("http://10.0.0.1/"), asked, done], says: FINE },
  { what: "in a status that is no redirect", lines: [asked, onTo("http://10.0.0.1/", 201)], says: FINE },
  { what: "of a host of the site's own", lines: [get(PEER), onTo("http://plc.lan/")], says: FINE, bound: true },
];

for (const { what, lines, says, bound = false } of SCENES) {
  test(what, async (t) => {
    const far = bound ? PEER : FAR;
    const { trial, said } = await play({
      endpoints: { api: { hosts: ["api.example.com"] }, cdn: { hosts: ["*.example.org"] } },
      rules: [
        { id: "r", to: bound ? "role:peer" : "api", over: "tcp/80", app: "http" },
        { id: "other", to: "cdn", over: "tcp/443", app: "tls", requirement: "optional" },
      ],
      bind: [`host=${HOST}`, `peer=${PEER}`],
      frames: connection(`${HOST}:40000`, `${far}:80`, 10, lines),
    });
    const row = [...said.conversations.values()].find(({ responder }) => responder === far)!;
    t.is(`${row.verdict} ${row.reason_code} ${said.rules.get("m/r")!.status}`, says);
    for (const { what: claim, support, holds } of supported(said)) {
      const kept = trial.frames.filter((frame) => support.has(keyOf(frame)));
      t.true(holds(judgeFrames(trial, kept)), `${claim} is not proved by ${[...support].join(" ")}`);
    }
    t.deepEqual(brokenBySomePart(trial, said), []);
  });
}

const typed = (status: string, type: string): Line => [
  "<",
  ascii(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nLocation: /\r\nContent-Length: 0\r\n\r\n`),
];

const TYPED: readonly Sent[] = [
  { what: "the type that is expected", lines: [asked, typed("200 OK", "message/http")], says: FINE },
  { what: "another type", lines: [asked, typed("200 OK", "text/html")], says: "violation expectation-broken violated" },
  { what: "a filter's page", lines: [asked, typed("403 Forbidden", "text/html")], says: PORTAL },
  {
    what: "the type that is expected behind an error's page",
    lines: [asked, typed("404 Not Found", "text/html"), asked, typed("200 OK", "message/http")],
    says: FINE,
  },
];

for (const { what, lines, says } of TYPED) {
  test(`content type: ${what}`, async (t) => {
    const { trial, said } = await play({
      endpoints: { api: { hosts: ["api.example.com"] } },
      rules: [{ id: "r", to: "api", over: "tcp/80", app: "http", expect: { "content-type": "message/http" } }],
      frames: connection(`${HOST}:40000`, `${FAR}:80`, 10, lines),
    });
    const row = [...said.conversations.values()].find(({ responder }) => responder === FAR)!;
    t.is(`${row.verdict} ${row.reason_code} ${said.rules.get("m/r")!.status}`, says);
    t.deepEqual(brokenBySomePart(trial, said), []);
  });
}
