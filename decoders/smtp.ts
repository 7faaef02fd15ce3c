/**
 * SMTP: a mail program, or another mail server, hands mail to a server; whether it does so in clear, and as whom it logs in.
 * RFC 5321; submission RFC 6409, STARTTLS RFC 3207, AUTH RFC 4954, LMTP RFC 2033.
 *
 *     server  220 mail.rollout.example ESMTP Postfix     client  EHLO gw7.rollout.example
 *             250-mail.rollout.example                           STARTTLS
 *             250 STARTTLS                                       (TLS from here on, in both directions)
 *             220 2.0.0 Ready to start TLS                       MAIL FROM:<…>
 *             354 End data with <CR><LF>.<CR><LF>                DATA
 *
 * `220` opens FTP as well, so a greeting proves itself by its words or by the reply behind it; EHLO and MAIL FROM prove
 * the client. A direction is read until the mail itself begins (DATA, BDAT, 354).
 *
 * Does not cover: addresses, mails and credentials (never kept), what runs inside TLS.
 */
import { type Decoder, type Emit, STREAM_DONE } from "../src/decode/decoder.ts";
import {
  beginsCommand,
  beginsReply,
  bounded,
  commandForms,
  inClear,
  nextLine,
  provedBy,
  replyForm,
  type Weight,
} from "./shared/dialogue.ts";

const REPLY = /^(2[1235]\d|3[35]4|[45][0-5]\d)([ -]|$)(.*)$/;
const GREETING = /\b[EL]?SMTP\b/i;
const HELLO = /^(EHLO|HELO|LHLO)(?: +(\S+))? *$/i;
const COMMAND =
  /^(EHLO|HELO|LHLO|MAIL FROM:|RCPT TO:|DATA|BDAT|RSET|VRFY|EXPN|HELP|NOOP|QUIT|STARTTLS|AUTH|XCLIENT|XFORWARD)(?=$|[ <])/i;
const READY = 220;
const CLOSING = 221;
const SEND_MAIL = 354;

export const smtp: Decoder = {
  id: "smtp",
  title: "Simple Mail Transfer Protocol",
  specs: ["RFC 5321", "RFC 6409", "RFC 3207", "RFC 4954", "RFC 2033"],
  ports: { tcp: [25, 587, 2525] },
  fields: [
    { field: "smtp.client", about: "the name that the client gives itself: EHLO's word" },
    { field: "smtp.server", about: "the name that the server gives itself in its greeting" },
    { field: "smtp.starttls", about: "offered, or asked for; agreed where inner_app is tls" },
    { field: "smtp.auth", about: "the mechanism that the client logs in by: PLAIN, LOGIN, XOAUTH2 …" },
    { field: "smtp.password", about: "how the client sends its password: in clear" },
    { field: "smtp.auth-offered", about: "the mechanisms that the server offers, with commas" },
  ],
  opens: { stream: [0x32, 0x35, [0x41, 0x5a], [0x61, 0x7a]] },
  forms: { stream: [replyForm(5), ...commandForms(4, 8)] },
  everyMessage: true,
  bothBegin: true,

  looksStream(buf, off, len) {
    const first = buf[off]!;
    if (first === 0x32 || first === 0x35) return beginsReply(buf, off, len, 5); // 220, 554
    return "EHLMRDBVNQSAX".includes(String.fromCharCode(first & 0xdf)) && beginsCommand(buf, off, len, 4, 8);
  },

  stream(c, emit, at) {
    const begun = c.at;
    if (!at.started) {
      const taken = provedBy(c, at, weigh);
      if (taken < 0) return taken;
    }
    const line = nextLine(c, at);
    if (typeof line === "number") return line;
    const reply = REPLY.exec(line);
    const done = reply === null ? command(line, at.started, emit) : told(reply, at.started, emit);
    return done ? STREAM_DONE : c.at - begun;
  },
};

function weigh(text: string, line: number): Weight {
  const reply = REPLY.exec(text);
  if (reply === null) {
    if (HELLO.test(text) || /^MAIL FROM: *</i.test(text)) return "proves";
    if (line > 0) return /^\d{3}(?:[ -]|$)/.test(text) ? "no" : "fits"; // another protocol's reply, or a client's secret
    return COMMAND.test(text) ? "fits" : "no";
  }
  const code = Number(reply[1]);
  if (line === 0) {
    if (code !== READY && code !== 554 && code !== 421 && code !== 250) return "no";
    return code !== 250 && GREETING.test(reply[3]!) ? "proves" : "fits";
  }
  // Behind 220 a server of FTP can only ask for a password.
  return code === 250 || code === SEND_MAIL ? "proves" : "fits";
}

/** A client's line; true where nothing more is learned behind it. Lines that are no command are credentials or noise. */
function command(line: string, started: boolean, emit: Emit): boolean {
  const verb = COMMAND.exec(line)?.[1]?.toUpperCase();
  if (verb === undefined) return false;
  if (!started) emit({ kind: "role", sender: "client", why: `SMTP ${verb}` });
  const hello = HELLO.exec(line)?.[2];
  if (hello !== undefined) emit({ kind: "field", field: "smtp.client", value: bounded(hello) });
  const mechanism = /^AUTH +([A-Z0-9_-]+)/i.exec(line)?.[1];
  if (mechanism !== undefined) emit({ kind: "field", field: "smtp.auth", value: bounded(mechanism.toUpperCase()) });
  if (mechanism !== undefined && inClear(mechanism)) emit({ kind: "field", field: "smtp.password", value: "in clear" });
  if (verb === "STARTTLS") emit({ kind: "field", field: "smtp.starttls", value: "asked for" });
  if (verb === "MAIL FROM:") {
    const mail = { protocol: "smtp", role: "request", code: "MAIL", operation: "mail", class: "write" } as const;
    emit({ kind: "operation", ...mail, target: null, id: null, failed: false });
  }
  emit({ kind: "message", what: "request", id: "" });
  return verb === "DATA" || verb === "BDAT";
}

/** A line of a reply; true where nothing more is learned behind it. */
function told(reply: RegExpExecArray, started: boolean, emit: Emit): boolean {
  const code = Number(reply[1]);
  const text = reply[3]!;
  if (!started) {
    emit({ kind: "role", sender: "server", why: `SMTP reply ${code}` });
    const name = code === READY ? /^([\w.-]+\.[\w.-]+|\[[\w:.]+\])(?= |$)/.exec(text)?.[1] : undefined;
    if (name !== undefined) emit({ kind: "field", field: "smtp.server", value: bounded(name) });
    const product = /^\S+ +(?:[EL]?SMTP[ ;:]+)?(.*[a-z]{4}.*)$/i.exec(text)?.[1];
    if (product !== undefined && code === READY) {
      emit({ kind: "asset", what: "product", value: bounded(product), source: "SMTP greeting" });
    }
  }
  if (code === 250 && /^STARTTLS *$/i.test(text)) emit({ kind: "field", field: "smtp.starttls", value: "offered" });
  const offered = code === 250 ? /^AUTH[ =](.+)$/i.exec(text)?.[1] : undefined;
  if (offered !== undefined) {
    const value = bounded(offered.trim().toUpperCase().replace(/\s+/g, ","));
    emit({ kind: "field", field: "smtp.auth-offered", value });
  }
  if (reply[2] === "-") return false;
  const failed = code >= 400;
  if (failed) emit({ kind: "fault", what: "smtp-reply", code, text: replyName(code) });
  emit({ kind: "message", what: "response", id: "", ...(failed ? { failed } : {}) });
  return code === SEND_MAIL || code === CLOSING;
}

/** What a refusal means in the document's words (RFC 5321 section 4.2.3, RFC 4954 section 6). */
const REFUSALS: Readonly<Record<number, string>> = {
  421: "service not available",
  450: "mailbox unavailable, try again",
  451: "local error",
  452: "insufficient system storage",
  454: "TLS or authentication temporarily not available",
  500: "syntax error",
  501: "syntax error in arguments",
  502: "command not implemented",
  503: "bad sequence of commands",
  530: "authentication or TLS required",
  535: "authentication credentials invalid",
  538: "encryption required for this mechanism",
  550: "mailbox unavailable",
  551: "user not local",
  552: "storage allocation exceeded",
  553: "mailbox name not allowed",
  554: "transaction failed, or no service here",
};
const replyName = (code: number): string => REFUSALS[code] ?? (code < 500 ? "refused for now" : "refused");
