/**
 * SNMP: what was asked of a device or written to it, and what it says it is.
 * Versions 1 (RFC 1157), 2c (RFC 1901, 3416) and 3 (RFC 3412, 3414); objects RFC 3418, 6933.
 *
 *     SEQUENCE { version 0 or 1, community, PDU }
 *     SEQUENCE { version 3, { message id, size, flags, model }, security parameters, { engine, context, PDU } or encrypted }
 *     PDU      [0] get [1] get-next [2] response [3] set [4] trap of version 1 [5] get-bulk [6] inform [7] trap [8] report
 *              { request id, error, index, { { object, value } … } }
 *
 * The nesting proves it on any port: every length has to agree with the ones around it. An encrypted PDU may be anything,
 * so its operation is unknown. Community strings are passwords and are never told.
 *
 * Does not cover: decryption, authentication, versions 2p and 2u, SNMP over TCP; values beyond those that identify the
 * device, and of traps their objects.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import {
  BER,
  context,
  elementSize,
  enterElement,
  oidValue,
  peekTag,
  readInteger,
  readLength,
  skipElement,
  valueAt,
} from "./shared/ber.ts";
import {
  asksIdentity,
  enterpriseOf,
  meaningOf,
  PDU,
  type Pdu,
  pduOf,
  SYS_OBJECT_ID,
  servicesText,
  snmpError,
} from "./shared/snmp-codes.ts";

const NOTIFICATION_PORT = 162;
const PORTS = [161, NOTIFICATION_PORT];
const VERSIONS = new Map([
  [0, "1"],
  [1, "2c"],
  [3, "3"],
]);
const V3 = 3;
const FLAG = { authenticated: 1, encrypted: 2, reportable: 4 } as const;
/** Objects named in one operation's target. */
const MOST_TARGETS = 8;
const MOST_BINDINGS = 256;

export const snmp: Decoder = {
  id: "snmp",
  title: "Simple Network Management Protocol",
  specs: ["RFC 1157", "RFC 3416", "RFC 3412", "RFC 3414", "RFC 3418", "RFC 6933"],
  ports: { udp: PORTS },
  fields: [
    { field: "snmp.version", about: "1, 2c or 3" },
    { field: "snmp.security", about: "of version 3: noAuthNoPriv, authNoPriv or authPriv" },
    { field: "snmp.user", about: "of version 3: the user's name" },
    { field: "snmp.engine", about: "of version 3: the answering engine's identifier, hexadecimal" },
    { field: "snmp.error", about: "why a request failed: noSuchName, notWritable …" },
    { field: "snmp.object-id", about: "sysObjectID: the vendor's own identifier for the product" },
    { field: "snmp.enterprise", about: "of a version 1 trap: whose it is" },
  ],
  opens: { datagram: [0x30] },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    const size = elementSize(buf, off, len, BER.sequence);
    if (size < 10) return false;
    const at = valueAt(buf, off);
    if (at + 4 > off + len || buf[at] !== BER.integer || buf[at + 1] !== 1) return false;
    const version = buf[at + 2]!;
    return version < 2 ? buf[at + 3] === BER.octets : version === V3 && buf[at + 3] === BER.sequence;
  },

  datagram(c, emit, at) {
    const size = elementSize(c.buf, c.pos, c.left, BER.sequence);
    if (size !== c.left + c.cutOff) return false;
    // What the capture cut is a short read, not a contradiction: then the message's own length rules nothing.
    if (c.cutOff > 0) c.pos = valueAt(c.buf, c.pos);
    const outer = c.cutOff > 0 ? c.end : enterElement(c, BER.sequence, "message");
    const version = readInteger(c, "version");
    if (version === V3) version3(c, emit, at);
    else {
      const community = enterElement(c, BER.octets, "community");
      c.leave(community);
      const pdu = pduOf(peekTag(c) - context(0));
      if (pdu === null) return false;
      tellPdu(c, pdu, { version, id: null }, emit);
    }
    if (c.cutOff === 0) c.leave(outer);
    return true;
  },
};

interface Around {
  version: number;
  /** Of version 3: the message id, by which it pairs. */
  id: string | null;
}

function version3(c: Cursor, emit: Emit, at: Context): void {
  const header = enterElement(c, BER.sequence, "header");
  const id = String(readInteger(c, "message id"));
  readInteger(c, "largest size");
  const flagOctets = enterElement(c, BER.octets, "flags");
  const flags = c.u8();
  c.leave(flagOctets);
  const model = readInteger(c, "security model");
  c.leave(header);
  const security = enterElement(c, BER.octets, "security parameters");
  const said = model === 3 && c.left > 0 ? readUser(c) : null;
  c.leave(security);
  const tell = (): void => {
    const level =
      (flags & FLAG.encrypted) !== 0 ? "authPriv" : (flags & FLAG.authenticated) !== 0 ? "authNoPriv" : "noAuthNoPriv";
    emit({ kind: "field", field: "snmp.security", value: level });
    if (said !== null && said.user !== "") emit({ kind: "field", field: "snmp.user", value: said.user });
    if (said !== null && said.engine !== "") emit({ kind: "field", field: "snmp.engine", value: said.engine });
  };
  if (peekTag(c) === BER.octets) {
    const encrypted = enterElement(c, BER.octets, "encrypted PDU");
    c.skip(c.left);
    c.leave(encrypted);
    tellEncrypted(id, (flags & FLAG.reportable) !== 0, emit, at);
    tell();
    return;
  }
  const scoped = enterElement(c, BER.sequence, "scoped PDU");
  c.leave(enterElement(c, BER.octets, "context engine"));
  c.leave(enterElement(c, BER.octets, "context name"));
  const pdu = pduOf(peekTag(c) - context(0));
  if (pdu === null) c.bad(`a PDU of tag 0x${peekTag(c).toString(16)}`);
  tellPdu(c, pdu, { version: V3, id }, emit, tell);
  c.leave(scoped);
}

/** RFC 3414 section 2.4: engine, boots, time, user, and what authenticates and encrypts. */
function readUser(c: Cursor): { engine: string; user: string } {
  const outer = enterElement(c, BER.sequence, "user security");
  const engineOctets = enterElement(c, BER.octets, "engine");
  const engine = c.hex(c.left);
  c.leave(engineOctets);
  readInteger(c, "engine boots");
  readInteger(c, "engine time");
  const userOctets = enterElement(c, BER.octets, "user");
  const user = c.text(c.left);
  c.leave(userOctets);
  c.skip(c.left);
  c.leave(outer);
  return { engine, user };
}

/**
 * Whoever wants to be told of errors asks for something (RFC 3412 section 6.4); what it asks nobody sees. Who does not, answers
 * or tells of something unasked, which goes to a port of its own; between two such ports it may be either, and nobody's turn.
 */
function tellEncrypted(id: string, asks: boolean, emit: Emit, at: Context): void {
  const tells = !asks && at.receiverPort === NOTIFICATION_PORT;
  const isEither = tells && at.senderPort === NOTIFICATION_PORT;
  const sender = asks || tells ? "client" : "server";
  if (!isEither) emit({ kind: "role", sender, why: `SNMPv3 ${asks ? "reportable" : "not reportable"}` });
  emit({ kind: "field", field: "snmp.version", value: "3" });
  const isTold = tells && !isEither;
  emit({ kind: "message", what: asks ? "request" : isTold ? "oneway" : "response", id });
  const role = asks || isTold ? "request" : "response";
  tellOperation(emit, { role, code: "encrypted", operation: "encrypted", class: "unknown", id: isTold ? null : id });
}

interface Said {
  role: "request" | "response";
  code: string;
  operation: string;
  class: OperationClass;
  target?: string | null;
  id: string | null;
  failed?: boolean;
  answer?: string;
}
const tellOperation = (emit: Emit, { target = null, failed = false, ...said }: Said): void =>
  emit({ kind: "operation", protocol: "snmp", ...said, target, failed });

/** A PDU of which the capture has the beginning: what is asked is known, of what is not. */
function tellCut(c: Cursor, pdu: Pdu, around: Around, emit: Emit, also?: () => void): never {
  const number = c.u8() - context(0);
  readLength(c);
  const numbered = around.id === null && number !== PDU.trapV1 && c.left >= 2 && c.left >= 2 + c.buf[c.pos + 1]!;
  const id = numbered ? String(readInteger(c, "request id")) : around.id;
  emit({ kind: "role", sender: pdu.what === "response" ? "server" : "client", why: `SNMP ${pdu.name}` });
  emit({ kind: "field", field: "snmp.version", value: VERSIONS.get(around.version)! });
  also?.();
  if (id !== null) emit({ kind: "message", what: pdu.what, id });
  const role = pdu.what === "response" ? "response" : "request";
  const pairs = pdu.what === "oneway" ? null : id;
  tellOperation(emit, { role, code: String(number), operation: pdu.name, class: pdu.class, id: pairs });
  return c.short(c.left + c.cutOff);
}

/** Reads the PDU at the cursor and says what it is; then `also`. */
function tellPdu(c: Cursor, pdu: Pdu, around: Around, emit: Emit, also?: () => void): void {
  const number = peekTag(c) - context(0);
  if (c.cutOff > 0 && elementSize(c.buf, c.pos, c.left, context(number)) > c.left) tellCut(c, pdu, around, emit, also);
  const outer = enterElement(c, context(number), pdu.name);
  const trap = number === PDU.trapV1;
  let id = "";
  let error = 0;
  let enterprise = "";
  if (trap) enterprise = readTrapHead(c);
  else {
    id = around.id ?? String(readInteger(c, "request id"));
    if (around.id !== null) readInteger(c, "request id");
    error = readInteger(c, "error status");
    readInteger(c, "error index");
    if (number === PDU.getBulk) error = 0; // there it counts those that are not repeated
  }
  const bindings = readBindings(c, number === PDU.response);
  c.leave(outer);
  const failed = number === PDU.response && error !== 0;
  const sender = pdu.what === "response" ? "server" : "client";
  emit({ kind: "role", sender, why: `SNMP ${pdu.name}` });
  emit({ kind: "field", field: "snmp.version", value: VERSIONS.get(around.version)! });
  also?.();
  emit({ kind: "message", what: pdu.what, id, ...(failed ? { failed } : {}) });
  if (failed) emit({ kind: "field", field: "snmp.error", value: snmpError(error) });
  if (enterprise !== "") emit({ kind: "field", field: "snmp.enterprise", value: enterprise });
  const asked = pdu.class === "read" && pdu.what === "request" && number !== PDU.inform && asksIdentity(bindings.oids);
  tellOperation(emit, {
    role: pdu.what === "response" ? "response" : "request",
    code: String(number),
    operation: pdu.name,
    class: asked ? "identify" : pdu.class,
    target: targetOf(bindings.oids, pdu.what === "request"),
    id: id === "" || pdu.what === "oneway" ? null : id, // nothing answers a notification
    failed,
    ...(failed ? { answer: snmpError(error) } : {}),
  });
  // A set that failed gets its own values back.
  if (!failed) for (const { oid, text } of bindings.texts) tellAsset(oid, text, emit);
}

/** Requests name their objects: all of them up to a few. What is answered repeats them. */
function targetOf(oids: readonly string[], request: boolean): string | null {
  if (!request || oids.length === 0) return null;
  return oids.slice(0, MOST_TARGETS).join(",") + (oids.length > MOST_TARGETS ? ",…" : "");
}

/** RFC 1157 section 4.1.6: enterprise, agent, two numbers of the trap, when. */
function readTrapHead(c: Cursor): string {
  const outer = enterElement(c, BER.oid, "enterprise");
  const enterprise = oidValue(c);
  c.leave(outer);
  for (let i = 0; i < 4; i++) skipElement(c);
  return enterprise;
}

interface Bindings {
  oids: string[];
  texts: { oid: string; text: string }[];
}

/** Object and value, in pairs; the values only of a response, and only those that say what the device is. */
function readBindings(c: Cursor, response: boolean): Bindings {
  const bindings: Bindings = { oids: [], texts: [] };
  const list = enterElement(c, BER.sequence, "bindings");
  while (c.left > 0) {
    if (bindings.oids.length >= MOST_BINDINGS) {
      c.skip(c.left);
      break;
    }
    const pair = enterElement(c, BER.sequence, `binding ${bindings.oids.length + 1}`);
    const name = enterElement(c, BER.oid, c.part);
    const oid = oidValue(c);
    c.leave(name);
    bindings.oids.push(oid);
    if (response && (meaningOf(oid) !== null || oid === SYS_OBJECT_ID)) bindings.texts.push({ oid, text: readText(c) });
    else skipElement(c);
    c.leave(pair);
  }
  c.leave(list);
  return bindings;
}

/** Text of a value, a number in digits; nothing of what says that there is none. */
function readText(c: Cursor): string {
  const tag = peekTag(c);
  if (tag === BER.integer) return String(readInteger(c, c.part));
  if (tag !== BER.octets && tag !== BER.oid) {
    skipElement(c); // noSuchObject and its like
    return "";
  }
  const outer = enterElement(c, tag, c.part);
  const text =
    tag === BER.oid
      ? oidValue(c)
      : escapeBytes(c.buf, c.pos, c.end)
          .replace(/\\x0d|\\x0a/g, " ")
          .trim();
  c.leave(outer);
  return text;
}

function tellAsset(oid: string, value: string, emit: Emit): void {
  const meaning = meaningOf(oid);
  if (value === "") return;
  if (meaning === null) {
    emit({ kind: "field", field: "snmp.object-id", value });
    const vendor = enterpriseOf(value);
    if (vendor !== null) emit({ kind: "asset", what: "vendor", value: vendor, source: "SNMP sysObjectID" });
  } else if (meaning.what === "kind") {
    const services = servicesText(Number(value));
    if (services !== "") emit({ kind: "asset", what: "kind", value: services, source: `SNMP ${meaning.object}` });
  } else emit({ kind: "asset", what: meaning.what, value, source: `SNMP ${meaning.object}` });
}
