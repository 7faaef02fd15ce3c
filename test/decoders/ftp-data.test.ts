/** What fixtures can't show of lists of files: their other forms, and text that only looks like one. */
import test from "ava";
import { ftpData } from "../../decoders/ftp-data.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii } from "../support/hex.ts";

const AWAY = streamAt(40_001, 41_000);
const form = (text: string, at = AWAY): unknown =>
  decodeStream(ftpData, ascii(text), at).facts.flatMap((f) => (f.kind === "field" ? [f.value] : []))[0];

test("lists in three forms", (t) => {
  t.is(form("total 4\r\n-rw-r--r--    1 0        0        1073741824000 Feb 19  2016 1000GB.zip\r\n"), "unix");
  t.is(form("drwxrwsr-x+ 2 ftp ftp 4096 Nov 24 16:00 a b\r\n"), "unix");
  t.is(form("11-24-26  04:00PM       <DIR>          backup\r\n"), "dos");
  t.is(form("11-24-2026  04:00AM            1234567 backup.zip\r\n"), "dos");
  t.is(form("Type=dir;Modify=20261124160000; backup\r\n"), "machine");
});

test("neither files, nor a list without an end, nor one amid something", (t) => {
  for (const text of [
    "total 4\r\n",
    "-rw-r--r-- is a mode\r\n",
    "drwxr-xr-x 2 ftp ftp",
    "a=b; c\r\n",
    "% ls -l\r\n-rw-r--r--    1 0        0  1 Feb 19  2016 a\r\n",
  ])
    t.is(form(text), undefined, text);
  t.is(form("-rw-r--r--    1 0        0  1 Feb 19  2016 a\r\n", { ...AWAY, fromStart: false }), undefined);
});

test("a list that answers words of the other end is a shell's, or whoever's", (t) => {
  const list = "total 4\n-rw-r--r-- 1 root root 57011 Jun  9  2016 LICENSE\n";
  t.is(form(list, { ...AWAY, peerSilent: true }), "unix");
  t.is(form(list, { ...AWAY, peerSilent: false }), undefined);
});
