/** As `disguise.test.ts`: a documented host in the first request, and another that some reader of the bytes would find. */
import test from "ava";
import { ascii, concat, hex } from "../support/hex.ts";
import { bytes } from "../support/packets.ts";
import { connection, type Line } from "../support/talk.ts";
import { play } from "./scene.ts";
import { api, FAR, FROM } from "./stage.ts";

const WEB = `${FAR}:80`;
const get = (host: string, fields = ""): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`);
const post = (fields: string, body = ""): Uint8Array =>
  ascii(`POST / HTTP/1.1\r\nHost: api.example.com\r\n${fields}\r\n${body}`);
const good = get("api.example.com");
const evil = get("evil.example.net");
const DONE = ascii("HTTP/1.1 204 No Content\r\n\r\n");
const WEBSOCKET =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const PREFACE = concat([ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), hex`00 00 00 04 00 00 00 00 00`]);
const SETTINGS = hex`00 00 00 04 00 00 00 00 00`;
const literal = (name: Uint8Array, value: string): Uint8Array => concat([name, bytes(value.length), ascii(value)]);
/** HEADERS of a GET (RFC 9113 section 6.2): method, scheme and path by index, `:authority`, and more. */
const headers = (stream: number, authority: string, more: Uint8Array = new Uint8Array()): Uint8Array => {
  const block = concat([hex`82 86 84`, literal(hex`41`, authority), more]);
  return concat([bytes(0, 0, block.length, 1, 5, 0, 0, 0, stream), block]);
};
const both = concat([DONE, DONE]);

/** What the client says, and the answer. */
const DISGUISES: Record<string, Line[]> = {
  "bytes that are no HTTP, and a request behind them": [
    [">", good],
    ["<", DONE],
    [">", ascii("\x01\x02\x03\r\n\r\n")],
    [">", evil],
    ["<", DONE],
  ],
  "two lengths of one body, by one of which it is a request": [
    [">", concat([post(`Content-Length: ${evil.length}\r\nContent-Length: 0\r\n`), evil])],
    ["<", both],
  ],
  "a request behind the last chunk, within the length": [
    [">", concat([post("Content-Length: 60\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), evil])],
    ["<", both],
  ],
  "a request within a chunk, behind the length": [
    [
      ">",
      post(
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        `${evil.length.toString(16)}\r\n${Buffer.from(evil).toString()}\r\n0\r\n\r\n`,
      ),
    ],
    ["<", DONE],
  ],
  "a coding that is none": [
    [">", concat([post("Transfer-Encoding: xchunked\r\n"), evil])],
    ["<", both],
  ],
  "a target whose host depends on who reads it": [
    [">", ascii("GET http://evil.example.net\\@api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n")],
    ["<", DONE],
  ],
  "a documented name before an @": [
    [">", get("api.example.com:80@evil.example.net")],
    ["<", DONE],
  ],
  "a Host that goes on in the next line": [
    [">", ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n evil.example.net\r\n\r\n")],
    ["<", DONE],
  ],
  "a Host with a blank before its colon": [
    [">", ascii("GET / HTTP/1.1\r\nHost : evil.example.net\r\nHost: api.example.com\r\n\r\n")],
    ["<", DONE],
  ],
  "a second Host behind three hundred fields": [
    [">", get("api.example.com", `${"X: 1\r\n".repeat(300)}Host: evil.example.net\r\n`)],
    ["<", DONE],
  ],
  "an upgrade to WebSocket that is refused, and another request behind it": [
    [">", get("api.example.com", WEBSOCKET)],
    ["<", ascii("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")],
    [">", evil],
    ["<", DONE],
  ],
  "an upgrade to WebSocket, and a request in its place": [
    [">", get("api.example.com", WEBSOCKET)],
    ["<", ascii("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")],
    [">", evil],
    ["<", DONE],
  ],
  "an upgrade to something that nobody can name": [
    [">", get("api.example.com", "Connection: Upgrade\r\nUpgrade: shell\r\n")],
    ["<", ascii("HTTP/1.1 101 Switching Protocols\r\nUpgrade: shell\r\nConnection: Upgrade\r\n\r\n")],
    [">", hex`de ad be ef`],
    ["<", hex`fe ed fa ce`],
  ],
  "an upgrade to HTTP/2, and another :authority": [
    [
      ">",
      get("api.example.com", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
    ],
    ["<", ascii("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")],
    [">", concat([PREFACE, headers(3, "evil.example.net")])],
    ["<", SETTINGS],
  ],
  "HTTP/2: another :authority in the next stream": [
    [">", concat([PREFACE, headers(1, "api.example.com"), headers(3, "evil.example.net")])],
    ["<", SETTINGS],
  ],
  "HTTP/2: a Host beside the :authority": [
    [
      ">",
      concat([
        PREFACE,
        headers(1, "api.example.com", literal(concat([hex`40 04`, ascii("host")]), "evil.example.net")),
      ]),
    ],
    ["<", SETTINGS],
  ],
};

for (const [what, lines] of Object.entries(DISGUISES)) {
  test(what, async (t) => {
    const rules = [{ id: "r", to: "api", over: "tcp/80", app: ["http", "http2"] }];
    const { said } = await play({ rules, endpoints: api, frames: connection(FROM, WEB, 0, lines) });
    const rows = said.result.judged;
    // Either nothing of the connection is documented, or the other host stands in a row of its own that is not.
    const named = rows.some(
      ({ server_name, verdict }) => server_name === "evil.example.net" && verdict !== "documented",
    );
    const none = rows.length > 0 && rows.every(({ verdict }) => verdict !== "documented");
    t.true(
      named || none,
      JSON.stringify(rows.map(({ server_name, verdict, reason }) => [server_name, verdict, reason])),
    );
  });
}

test("a request as they all are is documented", async (t) => {
  const rules = [{ id: "r", to: "api", over: "tcp/80", app: ["http", "http2"] }];
  for (const lines of [
    [[">", good] as const, ["<", DONE] as const],
    [[">", concat([PREFACE, headers(1, "api.example.com")])] as const, ["<", SETTINGS] as const],
    [[">", post("Content-Length: 2\r\n", "hi")] as const, ["<", DONE] as const],
  ]) {
    const { said } = await play({ rules, endpoints: api, frames: connection(FROM, WEB, 0, lines) });
    t.deepEqual(
      said.result.judged.map(({ verdict }) => verdict),
      ["documented"],
    );
  }
});
