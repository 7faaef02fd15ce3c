/** What fixtures can't show of IMAP: other greetings and tags, and what is never told. */
import test from "ava";
import { imap } from "../../decoders/imap.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const AWAY = streamAt(40_001, 41_000);
const say = (text: string, peerStarted = false) => decodeStream(imap, ascii(text), { ...AWAY, peerStarted });

test("greetings", (t) => {
  for (const text of ["* OK ready\r\n", "* PREAUTH [CAPABILITY IMAP4rev2] gw7\r\n", "* BYE too many connections\r\n"])
    t.true(say(text).recognised, text);
  for (const text of ["* ACAP (IMPLEMENTATION)\r\n", "* OKAY\r\n", "** OK\r\n", "a1 OK done\r\n", "OK\r\n"])
    t.false(say(text).recognised, text);
});

test("commands prove themselves by their form", (t) => {
  for (const text of [
    "a1 CAPABILITY\r\n",
    "x STARTTLS\r\n",
    "A001 login gw7 secret\r\n",
    "1 AUTHENTICATE PLAIN\r\n",
    "7 ID NIL\r\n",
  ])
    t.true(say(text).recognised, text);
  for (const text of [
    "please LOGIN here now\r\n",
    "a1 LOGIN\r\n",
    "a1 CAPABILITY please\r\n",
    "a1 NOOP\r\n",
    "a1 HELLO\r\n",
  ])
    t.false(say(text).recognised, text);
  t.true(say("a1 NOOP\r\n", true).recognised, "where the server is known");
});

test("users, passwords and mailboxes are told nobody", (t) => {
  const said = say(
    "a1 LOGIN {3}\r\ngw7 {6}\r\nsecret\r\na2 LOGIN gw7 secret\r\na3 AUTHENTICATE PLAIN\r\nAGd3NwBz\r\na4 SELECT hidden\r\n",
  );
  t.notRegex(JSON.stringify(said.facts), /gw7|secret|AGd3|hidden/);
  t.is(said.end, "done");
});

test("what a server offers, in a greeting and in an answer", (t) => {
  const said = say(
    "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 LOGINDISABLED] hi\r\n* CAPABILITY IMAP4rev1 AUTH=GSSAPI\r\na1 OK done\r\n",
  );
  const values = said.facts.flatMap((f) => (f.kind === "field" ? [`${f.field}=${f.value}`] : []));
  t.deepEqual(values, [
    "imap.server=hi",
    "imap.version=IMAP4rev2",
    "imap.login-disabled=yes",
    "imap.version=IMAP4rev1",
    "imap.auth-offered=GSSAPI",
  ]);
});
