/** What fixtures can't show of ICAP: previews that go on, scanners by name, heads that are cut or none. */
import test from "ava";
import { http } from "../../decoders/http.ts";
import { icap } from "../../decoders/icap.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const read = (...lines: string[]) => decodeStream(icap, ascii(lines.join("\r\n")), at);
const HEAD = [
  "REQMOD icap://Scan.Example:1344/av?x=1 ICAP/1.0",
  "Host: other.example",
  "Encapsulated: req-hdr=0, req-body=6",
];

test("the scanner's name stands in the address, or in Host", (t) => {
  const names = (said: ReturnType<typeof read>) =>
    said.facts.flatMap((fact) => (fact.kind === "name" ? [fact.name] : []));
  t.deepEqual(names(read(...HEAD, "", "")), ["scan.example"]);
  t.deepEqual(names(read("OPTIONS icap:///av ICAP/1.0", "Host: scan.example", "", "")), ["scan.example"]);
});

test("behind a preview the rest of the body may follow, or the next request", (t) => {
  const preview = [...HEAD, "Preview: 3", "", "GET /\n3", "abc", "0", ""];
  const rest = read(...preview, "4", "defg", "0", "", ...HEAD, "", "");
  const next = read(...preview, ...HEAD, "", "");
  for (const said of [rest, next]) t.is(said.facts.filter((fact) => fact.kind === "message").length, 2);
});

test("100 says to go on and answers nothing yet; 404 is a refusal", (t) => {
  const { facts } = read("ICAP/1.0 100 Continue", "", "ICAP/1.0 404 Service not found", "", "");
  const messages = facts.filter((fact) => fact.kind === "message");
  t.deepEqual(messages, [{ kind: "message", what: "response", id: "", failed: true }]);
});

test("kin of its shape are not it, nor is it HTTP", (t) => {
  for (const line of ["OPTIONS rtsp://x/ RTSP/1.0", "OPTIONS * HTTP/1.1", "REQMOD http://x/ HTTP/1.1", "ICAP/1.x 200"])
    t.false(read(line, "", "").recognised, line);
  t.false(decodeStream(http, ascii(`${HEAD.join("\r\n")}\r\n\r\n`), at).recognised);
});

test("what is no chunk and no head ends the direction", (t) => {
  t.is(read(...HEAD, "", "GET /\nxyz").end, "bad");
});
