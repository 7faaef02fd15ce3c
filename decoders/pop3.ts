/**
 * POP3: a mail program fetches mail from a server; in clear or not, and by which way it logs in.
 * RFC 1939; capabilities RFC 2449, STLS RFC 2595, AUTH RFC 5034.
 *
 *     server  +OK Dovecot ready.            client  CAPA
 *             +OK                                   STLS
 *             STLS                                  (TLS from here on, in both directions)
 *             SASL PLAIN LOGIN                      USER operator
 *             .                                     STAT
 *
 * `+OK` is Redis's as well and USER also FTP's: a greeting that says more than OK, commands that only POP3 has, or the
 * other direction prove it. A direction is read until the mailbox is open.
 *
 * Does not cover: credentials and mails (never kept), what runs inside TLS.
 */
import { type Decoder, type Emit, STREAM_DONE } from "../src/decode/decoder.ts";
import { beginsCommand, bounded, commandForms, inClear, nextLine, provedBy, type Weight } from "./shared/dialogue.ts";

const ANSWER = /^(\+OK|-ERR)(?: (.*))?$/;
const GREETING = /pop|ready|hello|server|welcome|<[^<>@ ]+@[^<>@ ]+>/i;
const CAPABILITY =
  /^(?:TOP|USER|SASL(?: .*)?|RESP-CODES|LOGIN-DELAY .*|PIPELINING|EXPIRE .*|UIDL|STLS|IMPLEMENTATION .*)$/;
const COMMAND = /^(USER|PASS|APOP|AUTH|CAPA|STLS|UTF8|LANG|STAT|LIST|RETR|DELE|NOOP|RSET|QUIT|TOP|UIDL)(?: (.*))?$/i;
/** Those before the mailbox is open (RFC 1939 section 4). */
const BEFORE = new Set("USER PASS APOP AUTH CAPA STLS UTF8 LANG NOOP".split(" "));
const OWN = new Set("APOP CAPA STLS UIDL".split(" "));
/** Lines of a server behind which it has long logged somebody in: a long list of capabilities and a few attempts. */
const MOST_LINES = 48;

export const pop3: Decoder = {
  id: "pop3",
  title: "Post Office Protocol, version 3",
  specs: ["RFC 1939", "RFC 2449", "RFC 2595", "RFC 5034"],
  ports: { tcp: [110] },
  fields: [
    { field: "pop3.server", about: "the greeting: what the server says it is" },
    { field: "pop3.auth", about: "how the client logs in: USER, APOP, or the mechanism of AUTH" },
    { field: "pop3.auth-offered", about: "the mechanisms that the server offers, with commas" },
    { field: "pop3.password", about: "how the client sends its password: in clear" },
    { field: "pop3.stls", about: "offered, or asked for; agreed where inner_app is tls" },
  ],
  opens: { stream: [0x2b, 0x2d, [0x41, 0x5a], [0x61, 0x7a]] },
  forms: {
    stream: [
      { first: [0x2b], bytes: [[1, 0xff, 0x4f]] },
      { first: [0x2d], bytes: [[1, 0xff, 0x45]] },
      ...commandForms(3, 4),
    ],
  },
  everyMessage: true,
  bothBegin: true,

  looksStream(buf, off, len) {
    if (buf[off] === 0x2b) return len < 2 || buf[off + 1] === 0x4f; // +OK
    if (buf[off] === 0x2d) return len < 2 || buf[off + 1] === 0x45; // -ERR
    return beginsCommand(buf, off, len, 3, 4);
  },

  stream(c, emit, at) {
    const begun = c.at;
    if (!at.started) {
      const taken = provedBy(c, at, weigh);
      if (taken < 0) return taken;
    }
    const line = nextLine(c, at);
    if (typeof line === "number") return line;
    const taken = c.at - begun;
    const command = COMMAND.exec(line);
    const known = at.state ?? 0; // 0: not told yet · 1: a client · above: a server, and how many lines it said
    if (known < 2 && command !== null) {
      at.state = 1;
      return tellCommand(command[1]!.toUpperCase(), command[2] ?? "", known === 0, emit) ? STREAM_DONE : taken;
    }
    if (known === 1) return taken;
    at.state = Math.max(2, known + 1);
    tellAnswer(line, known === 0, emit);
    return at.state > MOST_LINES ? STREAM_DONE : taken;
  },
};

function weigh(text: string, line: number): Weight {
  const answer = ANSWER.exec(text);
  if (answer !== null) return line === 0 && GREETING.test(answer[2] ?? "") ? "proves" : "fits";
  // Only behind an answer: a client's CAPA is no capability.
  if (line > 0 && text !== "USER" && CAPABILITY.test(text)) return "proves";
  const command = COMMAND.exec(text);
  if (command === null) return line > 0 && text === "." ? "fits" : "no";
  const verb = command[1]!.toUpperCase();
  if (OWN.has(verb)) return "proves";
  if (line > 0 && verb === "STAT" && command[2] === undefined) return "proves";
  return "fits";
}

/** True where the mailbox is open: nothing more is learned. */
function tellCommand(verb: string, words: string, first: boolean, emit: Emit): boolean {
  if (first) emit({ kind: "role", sender: "client", why: `POP3 ${verb}` });
  if (verb === "USER" || verb === "APOP") emit({ kind: "field", field: "pop3.auth", value: verb });
  const mechanism = verb === "AUTH" ? /^[A-Z0-9_-]+/i.exec(words)?.[0] : undefined;
  if (mechanism !== undefined) emit({ kind: "field", field: "pop3.auth", value: bounded(mechanism.toUpperCase()) });
  if (verb === "PASS" || (mechanism !== undefined && inClear(mechanism)))
    emit({ kind: "field", field: "pop3.password", value: "in clear" });
  if (verb === "STLS") emit({ kind: "field", field: "pop3.stls", value: "asked for" });
  emit({ kind: "message", what: "request", id: "" });
  return !BEFORE.has(verb);
}

function tellAnswer(line: string, first: boolean, emit: Emit): void {
  const answer = ANSWER.exec(line);
  if (answer === null) {
    if (line === "STLS") emit({ kind: "field", field: "pop3.stls", value: "offered" });
    const offered = /^SASL (.+)$/.exec(line)?.[1];
    if (offered !== undefined) {
      emit({
        kind: "field",
        field: "pop3.auth-offered",
        value: bounded(offered.trim().toUpperCase().replace(/\s+/g, ",")),
      });
    }
    return;
  }
  const text = answer[2] ?? "";
  if (first) {
    emit({ kind: "role", sender: "server", why: `POP3 ${answer[1]}` });
    // The time in a greeting is APOP's, and different each time.
    const server = text.replace(/<[^<>]*>/g, "").trim();
    if (answer[1] === "+OK" && server !== "") emit({ kind: "field", field: "pop3.server", value: bounded(server) });
  }
  const failed = answer[1] === "-ERR";
  if (failed)
    emit({ kind: "fault", what: "pop3-error", code: -1, text: /^\[([A-Z/-]+)\]/.exec(text)?.[1] ?? "refused" });
  emit({ kind: "message", what: "response", id: "", ...(failed ? { failed } : {}) });
}
