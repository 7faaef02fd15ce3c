/** What fixtures can't show of SIP: messages in a row over TCP, bodies that are not whole, its kin. */
import test from "ava";
import { sip } from "../../decoders/sip.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const request = (method: string, more = "", body = ""): string =>
  `${method} sip:desk@rollout.example SIP/2.0\r\nCall-ID: 7\r\nCSeq: 1 ${method}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const SDP =
  "v=0\r\nc=IN IP4 10.20.0.5\r\nm=audio 40000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\nm=audio 40002 RTP/AVP 8\r\nc=IN IP6 fd00:20::5\r\n";

test("the start line and the fields of every message prove it on any port", (t) => {
  const is = (text: string): boolean => decodeDatagram(sip, ascii(text), away).recognised;
  t.true(is(request("OPTIONS")));
  t.false(is("OPTIONS sip:desk@rollout.example SIP/2.0\r\nHost: a\r\n\r\n"), "no Call-ID");
  t.false(is("OPTIONS * HTTP/1.1\r\nCall-ID: 7\r\nCSeq: 1 OPTIONS\r\n\r\n"));
  t.false(is("OPTIONS rtsp://10.20.0.5/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"));
});

test("media are told with the address that holds for them", (t) => {
  const { facts } = decodeDatagram(sip, ascii(request("INVITE", "Content-Type: application/sdp\r\n", SDP)), away);
  t.deepEqual(
    facts.flatMap((f) => (f.kind === "field" && f.field === "sip.media" ? [f.value] : [])),
    ["audio 10.20.0.5:40000", "audio [fd00:20::5]:40002"],
  );
});

test("messages in a row over TCP, with what keeps the connection alive between", (t) => {
  const said = decodeStream(
    sip,
    ascii(`${request("OPTIONS", "", "abc")}\r\n\r\n${request("BYE")}`),
    streamAt(40_001, 41_000),
  );
  t.deepEqual(
    said.facts.flatMap((f) => (f.kind === "message" ? [f.id] : [])),
    ["7 1 OPTIONS", "7 1 BYE"],
  );
  t.is(decodeStream(sip, ascii(request("OPTIONS", "", "abc").slice(0, -1)), streamAt(40_001, 5060)).end, "more");
});

test("a body that is longer than the datagram is a problem", (t) => {
  const { facts } = decodeDatagram(sip, ascii(request("OPTIONS", "", "abc").slice(0, -1)), away);
  t.true(facts.some((f) => f.kind === "problem"));
});

test("asked for credentials a caller goes on; other refusals are failures", (t) => {
  const failed = (status: number): unknown => {
    const text = `SIP/2.0 ${status} No\r\nCall-ID: 7\r\nCSeq: 1 INVITE\r\n\r\n`;
    return decodeDatagram(sip, ascii(text), away).facts.flatMap((f) =>
      f.kind === "message" ? [f.failed ?? false] : [],
    );
  };
  t.deepEqual(failed(407), [false]);
  t.deepEqual(failed(486), [true]);
  t.deepEqual(failed(180), [], "ringing is no answer");
});
