/**
 * IMAP: a mail program reads a mailbox on its server; in clear or not, and by which way it logs in.
 * RFC 9051, RFC 3501; the IDs of programs RFC 2971, capabilities of a greeting RFC 3501 section 7.2.1.
 *
 *     server  * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] Dovecot ready.        client  a1 CAPABILITY
 *             * CAPABILITY IMAP4rev1 …                                                      a2 STARTTLS
 *             a2 OK Begin TLS negotiation now.                                              (TLS from here on)
 *             a3 NO [AUTHENTICATIONFAILED] Authentication failed.                           a3 LOGIN …
 *
 * `* OK` and what comes behind it, or a tag and a command, prove it on any port. A direction is read until the mailbox is
 * used; literals ({n} and n bytes) of logging in are passed over as lines that say nothing.
 *
 * Does not cover: credentials and mails (never kept), what runs inside TLS or is compressed.
 */
import { type Decoder, type Emit, STREAM_DONE } from "../src/decode/decoder.ts";
import { beginsCommand, bounded, inClear, nextLine, provedBy, type Weight } from "./shared/dialogue.ts";

const GREETING = /^\* (OK|PREAUTH|BYE) (.*)$/;
const UNTAGGED = /^\* (OK|NO|BAD|BYE|PREAUTH|CAPABILITY|ID|ENABLED)\b(.*)$/i;
const TAGGED = /^([^\s*+"(){%\\\]]{1,32}) (OK|NO|BAD)\b(?: (.*))?$/i;
const COMMAND = /^([^\s*+"(){%\\\]]{1,32}) ([A-Z]+)(?: (.*))?$/i;
/** Commands before a mailbox is used; behind any other nothing more is learned. */
const BEFORE = new Set("CAPABILITY NOOP LOGOUT STARTTLS AUTHENTICATE LOGIN ID ENABLE".split(" "));
const AFTER = new Set(
  "SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE LIST LSUB STATUS APPEND IDLE NAMESPACE XLIST FETCH UID SEARCH".split(
    " ",
  ),
);

const LONGEST_TAG = 32;
const NOT_IN_TAGS = new Set([...'*+"(){%\\]'].map((letter) => letter.charCodeAt(0)));

export const imap: Decoder = {
  id: "imap",
  title: "Internet Message Access Protocol",
  specs: ["RFC 9051", "RFC 3501", "RFC 2971"],
  ports: { tcp: [143] },
  fields: [
    { field: "imap.server", about: "the greeting: what the server says it is" },
    { field: "imap.version", about: "IMAP4rev1 or IMAP4rev2, the highest that the server offers" },
    { field: "imap.auth", about: "how the client logs in: LOGIN, or the mechanism of AUTHENTICATE" },
    { field: "imap.auth-offered", about: "the mechanisms that the server offers, with commas" },
    { field: "imap.password", about: "how the client sends its password: in clear" },
    { field: "imap.starttls", about: "offered, or asked for; agreed where inner_app is tls" },
    { field: "imap.login-disabled", about: "the server takes no passwords in clear: yes" },
  ],
  opens: { stream: [[0x21, 0x7e]] },
  forms: {
    stream: [
      { first: [0x2a], bytes: [[1, 0xff, 0x20]] },
      {
        first: [
          [0x21, 0x29],
          [0x2b, 0x7e],
        ],
        bytes: [
          [1, 0xff, 0x20, 0x7e],
          [2, 0xff, 0x20, 0x7e],
          [3, 0xff, 0x20, 0x7e],
          [4, 0xff, 0x0a, 0x7e],
        ],
      },
    ],
  },
  everyMessage: true,
  bothBegin: true,

  looksStream(buf, off, len) {
    if (buf[off] === 0x2a) return len < 2 || buf[off + 1] === 0x20;
    // A tag without what no tag has, then a blank and a word.
    for (let i = 0; i < Math.min(len, LONGEST_TAG + 1); i++) {
      const b = buf[off + i]!;
      if (b === 0x20) return i > 0 && (i + 1 === len || beginsCommand(buf, off + i + 1, len - i - 1, 2, 16));
      if (b < 0x20 || b >= 0x7f || NOT_IN_TAGS.has(b)) return false;
    }
    return len <= LONGEST_TAG;
  },

  stream(c, emit, at) {
    const begun = c.at;
    if (!at.started) {
      const taken = provedBy(c, at, weigh);
      if (taken < 0) return taken;
    }
    const line = nextLine(c, at);
    if (typeof line === "number") return line;
    const done =
      line.startsWith("* ") || TAGGED.test(line)
        ? tellAnswer(line, at.started, emit)
        : tellCommand(line, at.started, emit);
    return done ? STREAM_DONE : c.at - begun;
  },
};

function weigh(text: string, line: number): Weight {
  if (GREETING.test(text)) return "proves";
  if (UNTAGGED.test(text) || TAGGED.test(text)) return line === 0 ? "fits" : "proves";
  const command = COMMAND.exec(text);
  const verb = command?.[2]?.toUpperCase() ?? "";
  if (!BEFORE.has(verb) && !AFTER.has(verb)) return line === 0 ? "no" : "fits";
  return line === 0 ? proof(command![1]!, verb, command![3]) : "fits";
}

/** Words that make a whole command: `. CAPABILITY`, `a2 LOGIN one two`, `a3 ID NIL`. */
function proof(tag: string, verb: string, words: string | undefined): Weight {
  if (verb === "CAPABILITY" || verb === "STARTTLS") return words === undefined ? "proves" : "no";
  if (!/\d/.test(tag)) return "fits"; // clients number their commands; two words might be anybody's
  if (verb === "AUTHENTICATE") return words === undefined ? "no" : "proves";
  if (verb === "LOGIN") return /^\S+ \S+/.test(words ?? "") || /\{\d+\+?\}$/.test(words ?? "") ? "proves" : "no";
  if (verb === "ID") return /^(?:NIL$|\()/i.test(words ?? "") ? "proves" : "no";
  return "fits";
}

/** True where nothing more is learned behind it. What is no command is the rest of one: a literal, a login's secret. */
function tellCommand(line: string, started: boolean, emit: Emit): boolean {
  const command = COMMAND.exec(line);
  const verb = command?.[2]?.toUpperCase() ?? "";
  if (!BEFORE.has(verb) && !AFTER.has(verb)) return false;
  if (!started) emit({ kind: "role", sender: "client", why: `IMAP ${verb}` });
  if (verb === "LOGIN") emit({ kind: "field", field: "imap.auth", value: verb });
  const mechanism = verb === "AUTHENTICATE" ? /^"?([A-Z0-9_-]+)/i.exec(command![3] ?? "")?.[1] : undefined;
  if (mechanism !== undefined) emit({ kind: "field", field: "imap.auth", value: bounded(mechanism.toUpperCase()) });
  if (verb === "LOGIN" || (mechanism !== undefined && inClear(mechanism)))
    emit({ kind: "field", field: "imap.password", value: "in clear" });
  if (verb === "STARTTLS") emit({ kind: "field", field: "imap.starttls", value: "asked for" });
  emit({ kind: "message", what: "request", id: bounded(command![1]!) });
  return AFTER.has(verb);
}

/** True where it tells of a mailbox. */
function tellAnswer(line: string, started: boolean, emit: Emit): boolean {
  const greeting = started ? null : GREETING.exec(line);
  if (!started) {
    emit({ kind: "role", sender: "server", why: `IMAP ${greeting?.[1] ?? "answer"}` });
    const server = greeting?.[1] === "OK" ? greeting[2]!.replace(/^\[[^\]]*\] */, "") : "";
    if (server !== "") emit({ kind: "field", field: "imap.server", value: bounded(server) });
  }
  const capabilities = /^\* CAPABILITY (.*)$|\[CAPABILITY ([^\]]*)\]/i.exec(line);
  if (capabilities !== null) tellCapabilities((capabilities[1] ?? capabilities[2])!, emit);
  const tagged = TAGGED.exec(line);
  if (tagged === null) return !UNTAGGED.test(line);
  const failed = tagged[2]!.toUpperCase() !== "OK";
  if (failed) {
    const code = /^\[([A-Z-]+)/i.exec(tagged[3] ?? "")?.[1];
    emit({ kind: "fault", what: "imap-answer", code: -1, text: bounded(code ?? tagged[2]!.toUpperCase()) });
  }
  emit({ kind: "message", what: "response", id: bounded(tagged[1]!), ...(failed ? { failed } : {}) });
  return false;
}

function tellCapabilities(text: string, emit: Emit): void {
  const words = text.toUpperCase().split(" ");
  const version = words.includes("IMAP4REV2") ? "IMAP4rev2" : words.includes("IMAP4REV1") ? "IMAP4rev1" : null;
  if (version !== null) emit({ kind: "field", field: "imap.version", value: version });
  const offered = words.filter((word) => word.startsWith("AUTH=")).map((word) => word.slice("AUTH=".length));
  if (offered.length > 0) emit({ kind: "field", field: "imap.auth-offered", value: bounded(offered.join(",")) });
  if (words.includes("STARTTLS")) emit({ kind: "field", field: "imap.starttls", value: "offered" });
  if (words.includes("LOGINDISABLED")) emit({ kind: "field", field: "imap.login-disabled", value: "yes" });
}
