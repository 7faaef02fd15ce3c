/** What fixtures can't show of SSDP: HTTP that is none, and answers that lack what an answer has. */
import test from "ava";
import { ssdp } from "../../decoders/ssdp.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const is = (text: string): boolean => decodeDatagram(ssdp, ascii(text), away).recognised;

test("a start line and what it is about prove it, on any port", (t) => {
  t.true(is("M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n"));
  t.true(is("NOTIFY * HTTP/1.1\nNT: upnp:rootdevice\n\n"), "lines may end by LF alone");
  t.false(is("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"), "nothing is looked for");
  t.false(is("HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n\r\n"), "nobody answers");
  t.false(is("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "plain HTTP");
  t.false(is("NOTIFY sip:gw7@rollout.example SIP/2.0\r\nNT: x\r\n\r\n"), "SIP");
});

test("a notification has no role and expects nothing", (t) => {
  const { facts } = decodeDatagram(ssdp, ascii("NOTIFY * HTTP/1.1\r\nNT: a\r\nNTS: ssdp:alive\r\n\r\n"), away);
  t.false(facts.some((f) => f.kind === "role"));
  t.true(facts.some((f) => f.kind === "message" && f.what === "oneway"));
});
