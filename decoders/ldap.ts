/**
 * LDAP: a client asks a directory; over UDP (CLDAP) domain members look for their controllers.
 * RFC 4511, SASL binds RFC 4513, result codes RFC 4511 appendix A; CLDAP RFC 1798 and MS-ADTS 6.3.
 *
 *     30 length { 02 message id, operation { … }, [0] controls }        one message; several come in a row
 *       bind 60 { 02 version, 04 name, [0] password or [3] { mechanism, credentials } }
 *       search 63 { 04 base, 0a scope, 0a aliases, 02 sizes … }   extended 77 { [0] object id … }
 *       results 61 65 67 69 6b 6d 6f 78 { 0a code, 04 name, 04 text … }
 *
 * The nesting proves it on any port: an id, a known operation, and that operation's first elements. Behind StartTLS
 * (extended 1.3.6.1.4.1.1466.20037) TLS begins. A message is read as far as it says something and the rest passed over.
 *
 * Does not cover: names, filters, attributes and credentials (never kept), what SASL protects.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NEXT, STREAM_NO } from "../src/decode/decoder.ts";
import type { OperationFact } from "../src/decode/facts.ts";
import { BER, context, elementSize, enterElement, peekTag, readInteger, readLength, valueAt } from "./shared/ber.ts";
import { beginsTls, bounded } from "./shared/dialogue.ts";
import { LDAP_EXTENDED, LDAP_FINE, LDAP_OPERATIONS, type LdapOperation, ldapResult } from "./shared/ldap-codes.ts";
import { tls } from "./tls.ts";

const PORTS = [389, 3268];
const MOST_ID = 2 ** 31 - 1; // RFC 4511 section 4.1.1
const LONGEST = 1 << 30;
const LONGEST_OID = 64;
/** Context tags in their primitive form: a simple password, an extended request's object identifier. */
const PRIMITIVE_0 = 0x80;
const TAG = { bind: 0x60, search: 0x63, entry: 0x64, reference: 0x73, intermediate: 0x79, extended: 0x77 } as const;
const UNBIND = 0x42;
const ABANDON = 0x50;
const DELETE = 0x4a;

export const ldap: Decoder = {
  id: "ldap",
  title: "Lightweight Directory Access Protocol",
  specs: ["RFC 4511", "RFC 4513", "RFC 1798"],
  ports: { tcp: PORTS, udp: [389] },
  fields: [
    { field: "ldap.version", about: "of a bind: 3, or 2" },
    {
      field: "ldap.auth",
      about: "how the client binds: anonymous, simple (a password in clear), or the SASL mechanism",
    },
    { field: "ldap.password", about: "how the client sends its password: in clear" },
    {
      field: "ldap.result",
      about: "what the server answered, by RFC 4511's names: invalidCredentials, noSuchObject …",
    },
    { field: "ldap.starttls", about: "asked for; agreed where inner_app is tls" },
  ],
  opens: { datagram: [0x30], stream: [0x30] },
  everyMessage: true,

  looksDatagram: (buf, off, len) => len >= 7 && looks(buf, off, len),

  datagram(c, emit) {
    if (elementSize(c.buf, c.pos, c.left, BER.sequence) !== c.left + c.cutOff) return false;
    const message = read(c);
    if (message === null) return false;
    tell(message, false, emit);
    if (c.cutOff > 0) c.short(c.left + c.cutOff);
    return true;
  },

  looksStream: (buf, off, len) => looks(buf, off, len),

  stream(c, emit, at) {
    if (!at.started) at.state = 0;
    const left = at.state ?? 0; // bytes of a message that are passed over
    if (left > 0) return passOver(c, at, left);
    if (at.started && beginsTls(c)) {
      at.next = tls.id;
      return STREAM_NEXT;
    }
    // Behind a bind by SASL whole messages may be wrapped, each behind its length (RFC 4422 section 3.7).
    if (at.started && c.buf[c.pos] !== BER.sequence) return STREAM_DONE;
    const begun = c.pos;
    c.need(2);
    c.need(Math.min(6, 2 + lengthBytes(c.buf[c.pos + 1]!)));
    const size = elementSize(c.buf, c.pos, c.left, BER.sequence);
    if (size < 7 || size > LONGEST) return at.started ? c.bad("no message's length") : STREAM_NO;
    const message = read(c);
    if (message === null) return at.started ? c.bad("no operation") : STREAM_NO;
    if (c.pos - begun > size) return at.started ? c.bad("an operation longer than its message") : STREAM_NO;
    tell(message, at.started, emit);
    const there = Math.min(c.end, begun + size) - begun;
    at.state = size - there;
    return there;
  },
};

const lengthBytes = (first: number): number => (first < 0x80 ? 0 : first & 0x7f);

/** SEQUENCE, a message id of 1 to 4 bytes, and a known operation, as far as the bytes go. Allocates nothing. */
function looks(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off] !== BER.sequence) return false;
  if (len < 7) return true;
  const size = elementSize(buf, off, len, BER.sequence);
  if (size < 7) return false;
  const id = valueAt(buf, off);
  if (id + 2 > off + len) return true;
  const width = buf[id + 1]!;
  if (buf[id] !== BER.integer || width === 0 || width > 4) return false;
  const operation = id + 2 + width;
  return operation >= off + len || LDAP_OPERATIONS.has(buf[operation]!);
}

function passOver(c: Cursor, at: Context, left: number): number {
  const lost = Math.min(left, at.lost ?? 0);
  const take = Math.min(left - lost, c.left);
  at.state = left - lost - take;
  if (take === 0) return STREAM_DONE; // the hole took more than the message: where the next one begins is not known
  at.lost = 0;
  return take;
}

interface Message {
  id: number;
  operation: LdapOperation;
  /** Of a bind. */
  version: number;
  auth: string;
  /** Of a response; -1 else. */
  result: number;
  /** Of an extended request. */
  oid: string;
}

/** The head of the message at the cursor, as far as it says something. Null where it is none; faults as the cursor does. */
function read(c: Cursor): Message | null {
  c.part = "message";
  c.skip(1);
  readLength(c);
  const id = readInteger(c, "message id");
  if (id < 0 || id > MOST_ID) return null;
  const tag = c.u8();
  const operation = LDAP_OPERATIONS.get(tag);
  if (operation === undefined) return null;
  c.part = operation.name;
  const length = readLength(c);
  const message: Message = { id, operation, version: 0, auth: "", result: -1, oid: "" };
  if (tag === UNBIND) return length === 0 ? message : null;
  if (tag === ABANDON) return length >= 1 && length <= 4 ? message : null;
  if (tag === DELETE) return message;
  if (length < 2) return null;
  c.need(2);
  if (operation.what === "response") {
    if (peekTag(c) !== BER.enumerated) return null;
    message.result = readInteger(c, "result", BER.enumerated);
    c.need(1);
    return peekTag(c) === BER.octets ? message : null;
  }
  if (tag === TAG.bind) return readBind(c, message) ? message : null;
  if (tag === TAG.extended) return readOid(c, message) ? message : null;
  if (tag === TAG.reference) return peekTag(c) === BER.octets ? message : null;
  if (tag === TAG.intermediate) return (peekTag(c) & 0xc0) === PRIMITIVE_0 ? message : null;
  if (peekTag(c) !== BER.octets) return null;
  if (tag !== TAG.search) return message;
  c.skip(1);
  c.skip(readLength(c));
  return isEnum(c, 3) && isEnum(c, 3) ? message : null;
}

/** ENUMERATED of 0 to `most`. */
const isEnum = (c: Cursor, most: number): boolean => c.u8() === BER.enumerated && c.u8() === 1 && c.u8() <= most;

function readBind(c: Cursor, message: Message): boolean {
  if (peekTag(c) !== BER.integer) return false;
  message.version = readInteger(c, "version");
  if (message.version < 2 || message.version > 3 || c.u8() !== BER.octets) return false;
  const name = readLength(c);
  c.skip(name);
  const choice = c.u8();
  const length = readLength(c);
  // A name without a password is nobody as well (RFC 4513 section 5.1.2).
  if (choice === PRIMITIVE_0) message.auth = length === 0 ? "anonymous" : "simple";
  else if (choice !== context(3)) {
    // Windows' own ways of NTLM, before it had SASL (MS-ADTS 5.1.1.1.3).
    message.auth = "sicily";
    return choice >= 0x89 && choice <= 0x8b;
  } else {
    const outer = enterElement(c, BER.octets, "mechanism");
    message.auth = bounded(escapeBytes(c.buf, c.pos, c.end));
    c.leave(outer);
  }
  return true;
}

/** The object identifier, as text: [0], or with the tag that some clients put there. */
function readOid(c: Cursor, message: Message): boolean {
  if (c.u8() !== PRIMITIVE_0) return false;
  const length = readLength(c);
  if (length === 0 || length > LONGEST_OID) return false;
  message.oid = c.text(length);
  return /^\d+(?:\.\d+)+$/.test(message.oid);
}

function tell({ id, operation, version, auth, result, oid }: Message, started: boolean, emit: Emit): void {
  const extended = LDAP_EXTENDED[oid];
  const name = oid === "" ? operation.name : (extended?.name ?? oid);
  const why = `LDAP ${operation.name} ${operation.sender === "client" ? "request" : "answer"}`;
  if (!started) emit({ kind: "role", sender: operation.sender, why });
  if (version !== 0) emit({ kind: "field", field: "ldap.version", value: version });
  if (auth !== "") emit({ kind: "field", field: "ldap.auth", value: auth });
  if (auth === "simple" || auth === "PLAIN") emit({ kind: "field", field: "ldap.password", value: "in clear" });
  if (name === "StartTLS") emit({ kind: "field", field: "ldap.starttls", value: "asked for" });
  if (operation.what === "part") return;
  const failed = result >= 0 && !LDAP_FINE.includes(result);
  if (result > 0) emit({ kind: "field", field: "ldap.result", value: ldapResult(result) });
  if (failed) emit({ kind: "fault", what: "ldap-result", code: result, text: ldapResult(result) });
  const said: OperationFact = {
    kind: "operation",
    protocol: "ldap",
    role: operation.what === "response" ? "response" : "request",
    code: oid === "" ? operation.name : oid,
    operation: name,
    class: extended?.class ?? operation.class,
    target: null,
    id: operation.what === "oneway" ? null : id,
    failed,
    ...(result > 0 ? { answer: ldapResult(result) } : {}),
  };
  emit(said);
  emit({ kind: "message", what: operation.what, id: String(id), ...(failed ? { failed } : {}) });
}
