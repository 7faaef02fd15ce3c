/** What fixtures can't show of POP3: what proves it against Redis and FTP, and what is never told. */
import test from "ava";
import { pop3 } from "../../decoders/pop3.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const AWAY = streamAt(40_001, 41_000);
const is = (text: string, peerStarted = false): boolean =>
  decodeStream(pop3, ascii(text), { ...AWAY, peerStarted }).recognised;

test("a greeting that says more than OK", (t) => {
  for (const text of [
    "+OK POP3 server ready\r\n",
    "+OK <1896.697170952@mail.rollout.example>\r\n",
    "+OK Dovecot ready.\r\n",
  ])
    t.true(is(text), text);
  for (const text of ["+OK\r\n", "+OK\r\n+OK\r\n", "-ERR unknown command\r\n", "+PONG\r\n"]) t.false(is(text), text);
  t.true(is("+OK\r\n", true), "where the client is known");
});

test("commands that only POP3 has", (t) => {
  for (const text of ["CAPA\r\n", "STLS\r\n", "APOP gw7 c4c9\r\n", "UIDL\r\n", "USER gw7\r\nPASS x\r\nSTAT\r\n"])
    t.true(is(text), text);
  for (const text of ["USER gw7\r\nPASS x\r\n", "LIST\r\n", "QUIT\r\n", "USER gw7\r\nPASS x\r\nSYST\r\n"])
    t.false(is(text), text);
});

test("users, passwords and mails are told nobody", (t) => {
  const said = decodeStream(pop3, ascii("CAPA\r\nUSER gw7\r\nPASS secret\r\nAUTH PLAIN\r\nc2VjcmV0\r\nSTAT\r\n"), AWAY);
  t.notRegex(JSON.stringify(said.facts), /gw7|secret|c2Vj/);
  t.is(said.end, "done");
});

test("a server is read until somebody has long been logged in", (t) => {
  t.is(decodeStream(pop3, ascii(`+OK POP3 ready\r\n${"a line of a mail\r\n".repeat(100)}`), AWAY).end, "done");
});
