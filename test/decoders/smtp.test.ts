/** What fixtures can't show of SMTP: what proves it, and what is FTP's or nobody's. */
import test from "ava";
import { smtp } from "../../decoders/smtp.ts";
import type { Context } from "../../src/decode/decoder.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const AWAY = streamAt(40_001, 41_000);
const is = (text: string, at: Context = AWAY): boolean => decodeStream(smtp, ascii(text), at).recognised;

test("a greeting proves itself by its words, or by the reply behind it", (t) => {
  t.true(is("220 mail.rollout.example ESMTP Postfix\r\n"));
  t.true(is("554 no SMTP service here\r\n"));
  t.true(is("220 rollout ready\r\n250 rollout\r\n"));
  t.false(is("220 rollout ready\r\n"));
  t.false(is("220 rollout ready\r\n331 Password required\r\n"), "FTP");
  t.false(is("220 rollout ready\r\n230 Logged in\r\n"), "FTP");
  t.false(is("220 mail.rollout.example ESMTP Postfix"), "a line has an end");
});

test("where the client is known a reply is enough", (t) => {
  t.true(is("220 rollout ready\r\n", { ...AWAY, peerStarted: true }));
  t.false(is("HTTP/1.1 200 OK\r\n", { ...AWAY, peerStarted: true }));
});

test("a client proves itself by EHLO or by a sender, and by no word that others have", (t) => {
  for (const text of ["EHLO gw7\r\n", "helo gw7\r\n", "LHLO gw7\r\n", "RSET\r\nMAIL FROM:<>\r\n"])
    t.true(is(text), text);
  for (const text of ["QUIT\r\n", "AUTH PLAIN AAA=\r\n", "EHLO gw7 and more\r\n", "MAIL order\r\n", "USER gw7\r\n"])
    t.false(is(text), text);
});

test("amid a connection nothing is waited for", (t) => {
  const amid = { ...AWAY, fromStart: false };
  t.true(is("MAIL FROM:<gw7@rollout.example>\r\n", amid));
  t.is(decodeStream(smtp, ascii("some words of a mail"), amid).end, "no");
});

test("secrets are told nobody", (t) => {
  const said = decodeStream(smtp, ascii("EHLO gw7\r\nAUTH PLAIN AHgAc2VjcmV0\r\nc2VjcmV0\r\nQUIT\r\n"), AWAY);
  t.notRegex(JSON.stringify(said.facts), /c2Vjcm|AHgA/);
  t.regex(JSON.stringify(said.facts), /"smtp.auth","value":"PLAIN"/);
});

test("a line without an end, or of no text, ends the direction quietly", (t) => {
  t.is(decodeStream(smtp, ascii(`EHLO gw7\r\n${"x".repeat(9000)}`), AWAY).end, "done");
  t.is(decodeStream(smtp, ascii("EHLO gw7\r\n\x01\x02\x03"), AWAY).end, "done");
});
