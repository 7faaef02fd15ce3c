/** What fixtures can't show of HTTP: bodies that are never held, holes in them, and what a direction remembers. */
import test from "ava";
import { http } from "../../decoders/http.ts";
import { isCommand, methodClass, refusalName } from "../../decoders/shared/http-codes.ts";
import { hostOf, looksLikeHead } from "../../decoders/shared/http-head.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import { type Context, STREAM_DONE, STREAM_MORE } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const CLIENT = streamAt(40_001, 80);

/** One direction as the driver feeds it: bytes that are taken are gone, `lost` are missing before these. */
class Direction {
  readonly at: Context = { ...CLIENT, state: 0, lost: 0 };
  facts: Fact[] = [];
  held: Uint8Array = new Uint8Array(0);

  feed(bytes: Uint8Array, lost = 0): number {
    this.at.lost = lost;
    this.held = concat([this.held, bytes]);
    let result = 0;
    while (this.held.length > 0) {
      const said: Fact[] = [];
      const state = this.at.state ?? 0;
      try {
        result = http.stream!(new Cursor().set(this.held, 0, this.held.length), (fact) => said.push(fact), this.at);
      } catch (fault) {
        if (!(fault instanceof Fault) || fault.what !== "short") throw fault;
        this.at.state = state;
        return STREAM_MORE;
      }
      if (result === STREAM_MORE) return result;
      this.facts.push(...said);
      if (result < 0) return result;
      this.at.started = true;
      this.at.lost = 0;
      this.held = this.held.slice(result);
    }
    return result;
  }
  statuses(): (string | number)[] {
    return this.facts.flatMap((fact) => (fact.kind === "field" && fact.field === "http.status" ? [fact.value] : []));
  }
}

test("a body of a terabyte is passed over piece by piece", (t) => {
  const direction = new Direction();
  direction.feed(ascii("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"));
  const piece = new Uint8Array(1460).fill(0x2e);
  for (let i = 0; i < 1000; i++) t.is(direction.feed(piece), piece.length);
  t.is(direction.held.length, 0);
  t.deepEqual(direction.statuses(), [200]);
});

test("bytes lost within a body are counted as passed over", (t) => {
  const direction = new Direction();
  direction.feed(ascii("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"));
  direction.feed(new Uint8Array(1000));
  direction.feed(new Uint8Array(500), 1500);
  direction.feed(ascii("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
  t.deepEqual(direction.statuses(), [200, 404]);
});

test("behind lost heads the next message is found at a segment's start", (t) => {
  const direction = new Direction();
  direction.feed(ascii("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"));
  direction.feed(ascii("of something"), 4000);
  direction.feed(ascii("and more of it, HTTP/1.1 500 within a segment\r\n\r\n"));
  direction.feed(ascii("HTTP/1.1 204 No Content\r\n\r\n"));
  t.deepEqual(direction.statuses(), [200, 204]);
});

test("bytes lost within a tunnel end the direction", (t) => {
  const direction = new Direction();
  direction.feed(ascii("CONNECT api.rollout.example:443 HTTP/1.1\r\n\r\n"));
  t.is(direction.feed(hex`16 03 01`, 100), STREAM_DONE);
});

test("a length that is a lie, or none", (t) => {
  for (const length of ["-1", "12x", "99999999999999999999", "0x10"]) {
    const direction = new Direction();
    direction.feed(ascii(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`));
    direction.feed(ascii("a body"));
    direction.feed(ascii("HTTP/1.1 404 Not Found\r\n\r\n"));
    t.deepEqual(direction.statuses(), [200, 404], length);
  }
});

test("what runs behind CONNECT is named only where it is known", (t) => {
  const inner = (bytes: Uint8Array): string[] =>
    decodeStream(http, concat([ascii("CONNECT api.rollout.example:22 HTTP/1.1\r\n\r\n"), bytes]), CLIENT).facts.flatMap(
      (fact) => (fact.kind === "inner" ? [fact.app] : []),
    );
  t.deepEqual(inner(ascii("SSH-2.0-OpenSSH_9.2\r\n")), []);
  t.deepEqual(inner(ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), ["http2"]);
  t.deepEqual(inner(hex`16 03 01 00 05 68 65 6c 6c 6f`), []);
});

test("a name is a host without its port", (t) => {
  const cases: [string, string, number][] = [
    ["GW7.rollout.example.", "gw7.rollout.example", 80],
    ["gw7.rollout.example:8080", "gw7.rollout.example", 8080],
    ["gw7.rollout.example:", "gw7.rollout.example", 80],
    ["[FD00::7]:443", "fd00::7", 443],
    ["fd00::7", "fd00::7", 80],
    ["user:secret@192.0.2.1:81", "192.0.2.1", 81],
    ["", "", 80],
  ];
  for (const [text, host, port] of cases) t.deepEqual(hostOf(text, 80), { host, port }, text);
});

test("the first look refuses other protocols by their first bytes", (t) => {
  const looks = (text: string): boolean => looksLikeHead(ascii(text), 0, text.length);
  for (const text of ["G", "GET", "GET /", "M-SEARCH *", "HTTP/1.1 2", "RPC_OUT_DATA http", "PRI * HTTP/2.0"]) {
    t.true(looks(text), text);
  }
  for (const text of ["get /", "SSH-2.0-x", "220 mail", "* OK", "GET\0", "A /", "HTTP/2", "HTTP?", "GET \x01"]) {
    t.false(looks(text), text);
  }
});

test("methods and statuses mean what they say", (t) => {
  t.deepEqual(
    [
      ["GET", false],
      ["GET", true],
      ["POST", true],
      ["TRACE", false],
      ["RPC_IN_DATA", false],
    ].map(([method, query]) => methodClass(String(method), query === true)),
    ["read", "unknown", "write", "session", "unknown"],
  );
  t.is(refusalName(407), "Proxy Authentication Required");
  t.is(refusalName(404), null);
});

test("the subprotocol that a WebSocket's server agrees to says what runs inside", (t) => {
  const inner = (sub: string): unknown => {
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${sub}\r\n`;
    const { facts } = decodeStream(http, ascii(head), streamAt(80, 40_001));
    return facts.flatMap((fact) => (fact.kind === "inner" ? [fact.app] : []));
  };
  t.deepEqual(inner("Sec-WebSocket-Protocol: mqtt\r\n"), ["mqtt"]);
  t.deepEqual(inner("Sec-WebSocket-Protocol: status.v1\r\n"), ["websocket"]);
  t.deepEqual(inner(""), ["websocket"]);
});

const assets = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) => (fact.kind === "asset" ? [`${fact.source}: ${fact.value}`] : []));
const PAGE = "<html>\n<HEAD><title lang='en'>\r\n  PM554 \t web </title></HEAD><body>long</body></html>";
const page = (head: string, body = PAGE): Uint8Array =>
  ascii(`HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n${head}\r\n${body}`);
const TITLED = ["HTTP page title: PM554 web"];

test("a page's title says what the server is, however the page comes", (t) => {
  const chunks = `5\r\n${PAGE.slice(0, 5)}\r\n0\r\n\r\n`;
  const chunked = `${PAGE.length.toString(16)}\r\n${PAGE}\r\n0\r\n\r\n`;
  const next = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  for (const whole of [
    page(`Content-Length: ${PAGE.length}\r\n`, PAGE + next),
    page("Transfer-Encoding: chunked\r\n", chunked + next),
    page(""),
  ]) {
    for (const size of [whole.length, 300, 7, 1]) {
      const direction = new Direction();
      for (let at = 0; at < whole.length; at += size) direction.feed(whole.slice(at, at + size));
      t.deepEqual(assets(direction.facts), TITLED);
    }
  }
  t.deepEqual(
    assets(decodeStream(http, page("Transfer-Encoding: chunked\r\n", chunks), streamAt(80, 40_001)).facts),
    [],
  );
});

test("what is no page of the server's own has no title", (t) => {
  const length = `Content-Length: ${PAGE.length}\r\n`;
  const none = (bytes: Uint8Array): void => {
    t.deepEqual(assets(decodeStream(http, bytes, streamAt(80, 40_001)).facts), []);
  };
  none(page(`${length}Via: 1.1 proxy\r\n`));
  none(page(`${length}Content-Encoding: gzip\r\n`));
  none(ascii(`HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n${length}\r\n${PAGE}`));
  none(ascii(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${length}\r\n${PAGE}`));
  const headless = new Direction();
  headless.feed(page(length, ""));
  headless.feed(ascii("HTTP/1.1 204 No Content\r\n\r\n"));
  t.deepEqual(headless.statuses(), [200, 204], "the answer to HEAD has no body");
});

test("of a page without a title no more than its first bytes are held", (t) => {
  const direction = new Direction();
  direction.feed(page("Content-Length: 100000\r\n", ""));
  for (let i = 0; i < 20; i++) direction.feed(new Uint8Array(1_000).fill(0x2e));
  t.is(direction.held.length, 0);
  t.is(direction.facts.filter((fact) => fact.kind === "asset").length, 0);
});

test("the realm that a server asks a password for names it", (t) => {
  const refused = ascii(
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="Pump house 3"\r\nContent-Length: 0\r\n\r\n',
  );
  t.deepEqual(assets(decodeStream(http, refused, streamAt(80, 40_001)).facts), [
    "HTTP WWW-Authenticate realm: Pump house 3",
  ]);
});

test("a GET that runs something only seems to read", (t) => {
  for (const path of [
    "/a?b",
    "/a;b=1",
    "/a%3fstop",
    "/cgi-bin/reset",
    "/CGI-BIN/x",
    "/c%67i-bin/x",
    "/stop.cgi",
    "/a/b.cgi/c",
  ])
    t.true(isCommand(path), path);
  for (const path of ["/", "/index.html", "/cgi-binary", "/a.cgix", "/portal.htm", "/%", "/a%2", "*"])
    t.false(isCommand(path), path);
  const classOf = (request: string): unknown =>
    decodeStream(http, ascii(request), streamAt(40_001, 80)).facts.find((fact) => fact.kind === "operation")?.class;
  t.is(classOf("GET /status HTTP/1.1\r\nHost: plc\r\n\r\n"), "read");
  t.is(classOf("GET /status HTTP/1.1\r\nHost: plc\r\nContent-Length: 0\r\n\r\n"), "read");
  t.is(classOf("GET /status HTTP/1.1\r\nHost: plc\r\nContent-Length: 4\r\n\r\nstop"), "unknown");
  t.is(classOf("GET /cgi-bin/stop HTTP/1.1\r\nHost: plc\r\n\r\n"), "unknown");
  t.is(classOf("GET http://plc/a;stop HTTP/1.1\r\nHost: plc\r\n\r\n"), "unknown");
});

test("a request that reads by its method and does more by its fields is of no known class", (t) => {
  const classOf = (head: string): unknown =>
    decodeStream(http, ascii(`${head}\r\n\r\n`), CLIENT).facts.flatMap((f) =>
      f.kind === "operation" ? [f.class] : [],
    )[0];
  t.is(classOf("GET /status HTTP/1.1"), "read");
  t.is(classOf("GET /status HTTP/1.1\r\nX-HTTP-Method-Override: DELETE"), "unknown");
  t.is(
    classOf("GET /live HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket"),
    "unknown",
    "nobody reads its frames",
  );
  t.is(classOf("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c"), "read", "that is read on");
  t.is(classOf("CONNECT 10.0.0.9:502 HTTP/1.1"), "unknown", "whatever passes through it");
  t.is(classOf("GET /goform/reboot HTTP/1.1"), "unknown");
  t.is(classOf("GET /goforms.html HTTP/1.1"), "read");
});

test("the realm may stand in any of several challenges, with quotes or without", (t) => {
  const realm = (...challenges: string[]): unknown =>
    decodeStream(
      http,
      ascii(
        `HTTP/1.1 401 Unauthorized\r\n${challenges.map((c) => `WWW-Authenticate: ${c}\r\n`).join("")}Content-Length: 0\r\n\r\n`,
      ),
      streamAt(80, 40_001),
    ).facts.flatMap((f) => (f.kind === "asset" ? [f.value] : []))[0];
  t.is(realm("Negotiate", 'Digest qop="auth", realm="AC500", nonce="1"'), "AC500");
  t.is(realm("Basic realm=plc7"), "plc7");
  t.is(realm("Negotiate"), undefined);
});
