/**
 * FTP's control connection: who logs in where, in clear or not, and where the data connections will be.
 * RFC 959; EPRT and EPSV RFC 2428, AUTH TLS RFC 4217, FEAT RFC 2389.
 *
 *     server  220 (vsFTPd 3.0.3)                         client  USER operator
 *             331 Please specify the password.                   PASS …
 *             227 Entering Passive Mode (10,0,0,2,100,85)        PASV              data: client → 10.0.0.2, port 100 × 256 + 85
 *             229 Entering Extended Passive Mode (|||25685|)     EPSV              data: client → this server
 *             200 PORT command successful                        PORT 10,0,0,1,156,64 · EPRT |1|10.0.0.1|40000|
 *             234 Proceed with negotiation                       AUTH TLS          (TLS from here on, in both directions)
 *
 * `220` opens SMTP as well and USER is also POP3's: words of the greeting, or commands and replies that only FTP has,
 * prove it.
 *
 * Does not cover: credentials (never kept), file names, data connections themselves, what runs inside TLS.
 */
import { formatHex, parseAddress } from "../src/address.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import {
  beginsCommand,
  beginsReply,
  bounded,
  commandForms,
  nextLine,
  provedBy,
  replyForm,
  type Weight,
} from "./shared/dialogue.ts";

const REPLY = /^([1-6]\d\d)([ -]|$)(.*)$/;
/** What the servers call themselves; a mail server may stand on a host of that name. */
const GREETING = /ftp|filezilla|serv-u/i;
const MAIL = /\b[EL]?SMTP\b/i;
const COMMAND = /^([A-Za-z]{3,4})(?: (.*))?$/;
const READY = 220;
const PASSIVE = 227;
const EXTENDED_PASSIVE = 229;

/** Commands of RFC 959, 2228, 2389, 2428, 2640, 3659, 7151 and 4217, by what they do to the server's files. */
const CLASSES: Readonly<Record<string, OperationClass>> = {
  ...Object.fromEntries(
    (
      "USER PASS ACCT CWD XCWD CDUP XCUP SMNT REIN QUIT PORT PASV EPRT EPSV TYPE STRU MODE REST ABOR PWD XPWD NOOP AUTH ADAT PROT " +
      "PBSZ CCC MIC CONF ENC FEAT OPTS LANG HOST CLNT ALLO LPRT LPSV"
    )
      .split(" ")
      .map((verb) => [verb, "session"] as const),
  ),
  ...Object.fromEntries("SYST STAT HELP".split(" ").map((verb) => [verb, "identify"] as const)),
  ...Object.fromEntries(
    "RETR LIST NLST MLSD MLST SIZE MDTM HASH XCRC XMD5 XSHA".split(" ").map((verb) => [verb, "read"] as const),
  ),
  ...Object.fromEntries(
    "STOR STOU APPE RNFR RNTO DELE RMD XRMD MKD XMKD MFMT".split(" ").map((verb) => [verb, "write"] as const),
  ),
  SITE: "unknown",
};
/** A client's state: it logs in as nobody in particular, so that its password is none, or as somebody; 0: nobody knows. */
const NOBODY = 1;
const SOMEBODY = 2;
/** Commands that POP3 and SMTP have too. */
const SHARED = new Set("USER PASS QUIT NOOP AUTH HELP LIST STAT RSET".split(" "));
/** What stands behind commands that have one form: other text protocols have some of the words too (IRC's MODE). */
const FORMS: Readonly<Record<string, RegExp>> = {
  MODE: /^[BCS]$/i,
  STRU: /^[FPR]$/i,
  TYPE: /^(?:[AE](?: [CNT])?|I|L \d+)$/i,
  PORT: /^\d+(?:,\d+){5}$/,
  EPRT: /^(\S)[12]\1\S+\1\d+\1$/,
  EPSV: /^(?:[12]|ALL)?$/i,
  PROT: /^[CEPS]$/i,
  REST: /^\d+$/,
  PBSZ: /^\d+$/,
  ...Object.fromEntries("PASV PWD XPWD CDUP XCUP REIN ABOR SYST".split(" ").map((verb) => [verb, /^$/] as const)),
};
/** Replies to logging in: no mail server says these. */
const OWN_REPLIES = new Set([230, 331, 332]);

export const ftp: Decoder = {
  id: "ftp",
  title: "File Transfer Protocol, control connection",
  specs: ["RFC 959", "RFC 2389", "RFC 2428", "RFC 4217"],
  ports: { tcp: [21, 2121] },
  fields: [
    { field: "ftp.server", about: "the greeting: what the server says it is" },
    { field: "ftp.system", about: "the operating system that the server names in answer to SYST" },
    { field: "ftp.auth", about: "the mechanism of an upgrade that the client asks for: TLS, SSL, GSSAPI …" },
    { field: "ftp.anonymous", about: "whether the client logs in as nobody in particular: yes or no" },
    { field: "ftp.password", about: "how the client sends its password: in clear" },
    { field: "ftp.mode", about: "who opens the data connections: passive (the client) or active (the server)" },
    { field: "ftp.protection", about: "of the data connections behind AUTH: C clear, P private" },
  ],
  opens: {
    stream: [
      [0x31, 0x36],
      [0x41, 0x5a],
      [0x61, 0x7a],
    ],
  },
  forms: { stream: [replyForm(6), ...commandForms(3, 4)] },
  everyMessage: true,
  bothBegin: true,

  looksStream: (buf, off, len) => beginsReply(buf, off, len, 6) || beginsCommand(buf, off, len, 3, 4),

  stream(c, emit, at) {
    const begun = c.at;
    if ((at.lost ?? 0) > 0) at.state = 0; // who logs in may have stood in what is missing
    if (!at.started) {
      const taken = provedBy(c, at, (text, number) => weigh(text, number, at.fromStart));
      if (taken < 0) return taken;
    }
    const line = nextLine(c, at);
    if (typeof line === "number") return line;
    const reply = REPLY.exec(line);
    if (reply !== null) tellReply(reply, at.started, emit);
    else tellCommand(line, at, emit);
    return c.at - begun;
  },
};

function weigh(text: string, line: number, fromStart: boolean): Weight {
  const reply = REPLY.exec(text);
  if (reply !== null) {
    const code = Number(reply[1]);
    if (line === 0 && fromStart && code !== READY && code !== 120 && code !== 421 && code !== 530) return "no";
    if (OWN_REPLIES.has(code) || passive(code, reply[3]!) !== null) return "proves";
    if (MAIL.test(text) || (line > 0 && code === 250)) return "no";
    return GREETING.test(reply[3]!) ? "proves" : "fits";
  }
  const command = COMMAND.exec(text);
  const verb = command?.[1]?.toUpperCase() ?? "";
  // A greeting of several lines has lines without a code between; a client's first one is a command.
  if (CLASSES[verb] === undefined && verb !== "LIST" && verb !== "RSET") return line === 0 ? "no" : "fits";
  const words = command![2] ?? "";
  if (FORMS[verb]?.test(words.trim()) === false) return "no";
  if (verb === "AUTH") return /^(?:TLS|SSL|TLS-C|TLS-P)$/i.test(words) ? "proves" : "fits";
  if (verb === "USER") return /^(?:anonymous|ftp)$/i.test(words) ? "proves" : words.includes(" ") ? "no" : "fits";
  // POP3 retrieves by number.
  if (verb === "RETR") return /^\d+$/.test(words) ? "no" : "fits";
  return SHARED.has(verb) ? "fits" : provesAlone(verb, line);
}

/** A lone word proves little; behind another line, or where nothing else has it, enough. */
const provesAlone = (verb: string, line: number): Weight =>
  line > 0 || /^(?:FEAT|SYST|EPSV|PASV|OPTS|CLNT)$/.test(verb) ? "proves" : "fits";

function tellCommand(line: string, at: Context, emit: Emit): void {
  const command = COMMAND.exec(line);
  const verb = command?.[1]?.toUpperCase() ?? "";
  const kind = CLASSES[verb];
  if (kind === undefined) return;
  const words = command![2] ?? "";
  if (!at.started) emit({ kind: "role", sender: "client", why: `FTP ${verb}` });
  if (verb === "USER") {
    at.state = /^(?:anonymous|ftp)$/i.test(words) ? NOBODY : SOMEBODY;
    emit({ kind: "field", field: "ftp.anonymous", value: at.state === NOBODY ? "yes" : "no" });
  }
  if (verb === "PASS" && at.state === SOMEBODY) emit({ kind: "field", field: "ftp.password", value: "in clear" });
  if (verb === "AUTH") emit({ kind: "field", field: "ftp.auth", value: bounded(words.toUpperCase()) });
  if (verb === "PROT") emit({ kind: "field", field: "ftp.protection", value: bounded(words.toUpperCase()) });
  const target = verb === "PORT" ? hostPort(words) : verb === "EPRT" ? extended(words) : null;
  if (target !== null) expect(target, "active", emit);
  const operation = { protocol: "ftp", role: "request", code: verb, operation: verb, class: kind } as const;
  emit({ kind: "operation", ...operation, target: null, id: null, failed: false });
  if (isLogin(verb)) emit({ kind: "message", what: "request", id: "" });
}

const isLogin = (verb: string): boolean => verb === "USER" || verb === "PASS" || verb === "ACCT" || verb === "AUTH";

function tellReply(reply: RegExpExecArray, started: boolean, emit: Emit): void {
  const code = Number(reply[1]);
  const text = reply[3]!;
  if (!started) {
    emit({ kind: "role", sender: "server", why: `FTP reply ${code}` });
    if (code === READY && text !== "") {
      emit({ kind: "field", field: "ftp.server", value: bounded(text) });
      emit({ kind: "asset", what: "product", value: bounded(text), source: "FTP greeting" });
    }
  }
  if (reply[2] === "-") return;
  const target = passive(code, text);
  if (target !== null) expect(target, "passive", emit);
  if (code === 215) emit({ kind: "field", field: "ftp.system", value: bounded(text) });
  // The second digit says what a reply is about: 3 is logging in (RFC 959 section 4.2.1).
  if (Math.floor(code / 10) % 10 !== 3) return;
  const failed = code >= 400;
  if (failed) emit({ kind: "fault", what: "ftp-reply", code, text: code === 530 ? "not logged in" : "login refused" });
  emit({ kind: "message", what: "response", id: "", ...(failed ? { failed } : {}) });
}

interface Target {
  /** Null: the sender's own. */
  address: string | null;
  port: number;
}

function expect({ address, port }: Target, mode: "active" | "passive", emit: Emit): void {
  emit({ kind: "field", field: "ftp.mode", value: mode });
  emit({ kind: "expect-flow", app: "ftp-data", transport: "tcp", address, port });
}

/** Where a server waits for the data connection; null where a reply does not say so. */
function passive(code: number, text: string): Target | null {
  if (code !== PASSIVE && code !== EXTENDED_PASSIVE) return null;
  const found = (code === PASSIVE ? /(\d+,\d+,\d+,\d+,\d+,\d+)/ : /\(([^)]*)\)/).exec(text);
  if (found === null) return null;
  return code === PASSIVE ? hostPort(found[1]!) : extended(found[1]!);
}

/** `h1,h2,h3,h4,p1,p2`; null where it is none. */
function hostPort(text: string): Target | null {
  const numbers = text.trim().split(",").map(Number);
  if (numbers.length !== 6 || numbers.some((n) => !(Number.isInteger(n) && n >= 0 && n <= 255))) return null;
  const address = numbers.slice(0, 4).join(".");
  return target(address === "0.0.0.0" ? null : address, numbers[4]! * 256 + numbers[5]!);
}

/** `|1|10.0.0.1|40000|`, `|||25685|`: any character parts it (RFC 2428); null where it is none. */
function extended(text: string): Target | null {
  const parts = text.trim().split(text.trim()[0] ?? "|");
  if (parts.length !== 5 || !/^\d{1,5}$/.test(parts[3]!)) return null;
  const address = parts[2] === "" ? null : parseAddress(parts[2]!);
  if (parts[2] !== "" && (address === null || address.family === "mac")) return null;
  return target(address === null ? null : formatHex(address.family, address.hex), Number(parts[3]));
}

const target = (address: string | null, port: number): Target | null =>
  port > 0 && port < 65_536 ? { address, port } : null;
