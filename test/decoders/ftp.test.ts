/** What fixtures can't show of FTP: what proves it against its kin, and where data connections will be. */
import test from "ava";
import { ftp } from "../../decoders/ftp.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const AWAY = streamAt(40_001, 41_000);
const is = (text: string): boolean => decodeStream(ftp, ascii(text), AWAY).recognised;
const expected = (text: string): string[] =>
  decodeStream(ftp, ascii(text), AWAY).facts.flatMap((fact) =>
    fact.kind === "expect-flow" ? [`${fact.app} ${fact.address} ${fact.port}`] : [],
  );

test("a server proves itself by its words or by asking for a password", (t) => {
  for (const text of [
    "220 (vsFTPd 3.0.3)\r\n",
    "220 ready\r\n331 Password required\r\n",
    "220-Hello\r\n and\r\n220 FTP\r\n",
  ])
    t.true(is(text), text);
  for (const text of [
    "220 ready\r\n",
    "220 ftp.rollout.example ESMTP\r\n",
    "220 ready\r\n250 rollout\r\n",
    "200 ready\r\n",
  ])
    t.false(is(text), text);
});

test("a client proves itself by commands that POP3 and IRC do not have", (t) => {
  for (const text of [
    "AUTH TLS\r\n",
    "FEAT\r\n",
    "USER anonymous\r\n",
    "USER gw7\r\nPASS x\r\nSYST\r\n",
    "USER a\r\nPASS b\r\nTYPE I\r\n",
  ])
    t.true(is(text), text);
  for (const text of [
    "USER gw7\r\nPASS x\r\n",
    "MODE gw7 -x+i\r\nJOIN #rollout\r\nMODE gw7 -x+i\r\n",
    "PASS x\r\nTYPE me\r\n",
    "NOOP\r\nPASV 7\r\n",
    "USER gw7\r\nPASS x\r\nRETR 1\r\n",
    "USER a b c :d\r\n",
    "AUTH PLAIN\r\n",
    "QUIT\r\n",
  ])
    t.false(is(text), text);
});

test("where the data connection will be", (t) => {
  const opened = (line: string): string[] => expected(`220 FTP\r\n${line}\r\n`);
  const asked = (line: string): string[] => expected(`USER anonymous\r\n${line}\r\n`);
  t.deepEqual(opened("227 Entering Passive Mode (10,0,0,2,100,85)."), ["ftp-data 10.0.0.2 25685"]);
  t.deepEqual(opened("227 Entering Passive Mode 0,0,0,0,100,85"), ["ftp-data null 25685"]);
  t.deepEqual(opened("229 Entering Extended Passive Mode (|||25685|)"), ["ftp-data null 25685"]);
  t.deepEqual(asked("PORT 10,0,0,1,156,64"), ["ftp-data 10.0.0.1 40000"]);
  t.deepEqual(asked("EPRT |1|10.0.0.1|40000|"), ["ftp-data 10.0.0.1 40000"]);
  t.deepEqual(asked("EPRT !2!FD00:0::7!40000!"), ["ftp-data fd00::7 40000"]);
});

test("what is no address and port is expected nowhere", (t) => {
  for (const line of [
    "PORT 10,0,0,1,156",
    "PORT 10,0,0,256,1,1",
    "PORT 10,0,0,1,0,0",
    "PORT a,b,c,d,e,f",
    "EPRT",
    "EPRT |1|gw7|40000|",
    "EPRT |1|10.0.0.1|70000|",
    "EPRT |1|00:11:22:33:44:55|40000|",
  ])
    t.deepEqual(expected(`USER anonymous\r\n${line}\r\n`), [], line);
  for (const line of ["227 (1,2,3)", "229 (|||0|)", "229 no", "227-Entering (10,0,0,2,100,85)"])
    t.deepEqual(expected(`220 FTP\r\n${line}\r\n`), [], line);
});

test("users, passwords and files are told nobody", (t) => {
  const said = decodeStream(ftp, ascii("USER gw7\r\nPASS secret\r\nCWD hidden\r\nRETR backup.txt\r\n"), AWAY);
  t.true(said.recognised);
  t.notRegex(JSON.stringify(said.facts), /gw7|secret|hidden|backup/);
});

test("amid a session a server's passive reply says where the data will be; any reply fits a client that is known", (t) => {
  const amid = { ...AWAY, fromStart: false };
  const said = (text: string, at = amid): string[] =>
    decodeStream(ftp, ascii(text), at).facts.flatMap((fact) => (fact.kind === "expect-flow" ? [`${fact.port}`] : []));
  t.deepEqual(said("227 Entering Passive Mode (192,0,2,9,82,16).\r\n"), ["21008"]);
  t.deepEqual(said("229 Entering Extended Passive Mode (|||40007|)\r\n"), ["40007"]);
  const reply = ascii("226 Transfer complete.\r\n");
  t.false(decodeStream(ftp, reply, amid).recognised);
  t.true(decodeStream(ftp, reply, { ...amid, peerStarted: true }).recognised);
});
