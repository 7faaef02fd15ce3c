/**
 * FTP's data connections, where they show what they are: lists of files. What they carry else is a file's bytes, which
 * prove nothing; those are known by the control connection that names their port (`ftp` says `expect-flow`).
 * RFC 959 section 3.2, RFC 3659 (MLSD); lists as servers write them, after `ls -l` and the `dir` of MS-DOS.
 *
 *     total 12
 *     drwxr-xr-x    2 ftp      ftp          4096 Nov 24 16:00 backup
 *     11-24-26  04:00PM       <DIR>          backup
 *     type=dir;modify=20261124160000; backup
 *
 * Every line that is there has to be of a list, from the connection's first byte on. Either end may send, and one alone.
 *
 * Does not cover: files, names of files (never kept), lists in a server's own form.
 */
import { type Decoder, STREAM_DONE, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { provedBy, type Weight } from "./shared/dialogue.ts";

const UNIX = /^[-bcdlpsD](?:[-r][-w][-xsStT]){3}[.+@]? +\d+ +\S+ +\S+ +\d+(?:, *\d+)? +\S+ +\S+ +\S+ \S/;
const DOS = /^\d\d-\d\d-\d\d(?:\d\d)? {1,2}\d\d:\d\d[AP]M +(?:<DIR>|\d+) +\S/;
const MACHINE = /^(?:[a-z][\w.-]*=[^;]*;)+ \S/i;
/** Facts of RFC 3659: one of them stands in every line of such a list. */
const FACT = /(?:^|;)(?:type|modify|size|perm|unique)=/i;

export const ftpData: Decoder = {
  id: "ftp-data",
  title: "File Transfer Protocol, data connection",
  specs: ["RFC 959", "RFC 3659"],
  ports: { tcp: [20] },
  fields: [{ field: "ftp-data.list", about: "the form of the list that it carries: unix, dos or machine" }],
  opens: {
    stream: [0x2d, [0x30, 0x39], 0x44, [0x4d, 0x50], [0x53, 0x55], [0x62, 0x64], 0x6c, 0x6d, 0x70, [0x73, 0x75]],
  },
  everyMessage: false,

  looksStream: (buf, off) => LIST.has(buf[off]!),

  stream(c, emit, at) {
    if (at.started) return STREAM_DONE;
    // Amid a connection it might stand in anything; behind words of the other end it is an answer to them, as a shell's.
    if (!at.fromStart || at.peerSilent === false) return STREAM_NO;
    const form: { name: string } = { name: "" };
    const taken = provedBy(c, { ...at, peerStarted: false }, (text, line) => weigh(text, line, form));
    if (taken < 0) return taken === STREAM_MORE ? STREAM_MORE : STREAM_NO;
    emit({ kind: "field", field: "ftp-data.list", value: form.name });
    return STREAM_DONE;
  },
};

/** First bytes of a line: a mode, a digit, `total`, or a fact's name. */
const LIST = new Set([..."-bcdlpsDtmuMSTPU0123456789"].map((letter) => letter.charCodeAt(0)));

function weigh(text: string, line: number, form: { name: string }): Weight {
  if (line === 0 && /^total \d+$/.test(text)) return "fits";
  if (UNIX.test(text)) form.name = "unix";
  else if (DOS.test(text)) form.name = "dos";
  else if (MACHINE.test(text) && FACT.test(text)) form.name = "machine";
  else return "no";
  return "proves";
}
