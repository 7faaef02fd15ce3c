/**
 * MMS: what is asked of substation devices (IEC 61850) and other servers: names, values, files, controls, programs.
 * ISO 9506-2; names of controls IEC 61850-8-1; over COTP, ISO session and presentation (RFC 1006, X.225, X.226, X.227).
 *
 *     TPKT, COTP │ session │ presentation │ MMS PDU
 *     [0] request   { id, [service] … }     [1] response { id, [service] … }     [2] error { [0] id, … }
 *     [3] unconfirmed { [service] … }       [4] reject { [0] id, … }             [8] [9] initiate   [11] [12] conclude
 *
 * The nesting of session, presentation and PDU proves it on any port: all the lengths have to agree. What runs on the
 * same layers and is no MMS is not taken. A service is told by its tag; what is not in the standard is `unknown`.
 *
 * A read of a control's SBO selects it: `control`, as is each write to a control. Others are what the service is.
 *
 * Does not cover: values, alternate access within structures, files' contents, authentication, MMS over TLS.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { BER, context, enterElement, peekTag, readInteger, readLength, skipElement } from "./shared/ber.ts";
import { DATA_MORE, DATA_NONE, dataAt, readTsdu, TPDU, tsduSize } from "./shared/cotp.ts";
import { type Framing, readFrame } from "./shared/frames.ts";
import { PDU, SERVICE, SERVICES, UNCONFIRMED, variableClass } from "./shared/mms-codes.ts";
import { findServiceError, readAccessError, readReject, readServiceError } from "./shared/mms-errors.ts";
import { looksLikeSession, toMms } from "./shared/mms-layers.ts";
import { joinTargets, type Meaning, MOST_TARGETS, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 102;
const ID = "mms";
const VISIBLE_STRING = 0x1a;
const NAME = { vmd: 0x80, domain: 0xa1, association: 0x82 } as const;
const FAILURE = 0x80;
/** Of an initiate: the first that stands in it, if it does. */
const LOCAL_DETAIL = 0x80;

const FRAMING: Framing = { protocol: ID, ports: [PORT], name: "MMS", size: tsduSize, tell };

export const mms: Decoder = {
  id: ID,
  title: "Manufacturing Message Specification",
  specs: ["ISO 9506-2", "IEC 61850-8-1", "RFC 1006"],
  ports: { tcp: [PORT] },
  fields: [
    { field: "mms.max-pdu", about: "bytes of the longest message, as proposed or agreed" },
    { field: "mms.error", about: "why a request was refused: class and code, such as `access/object-non-existent`" },
    { field: "mms.access-error", about: "why a variable was not read or written, such as `object-access-denied`" },
    { field: "mms.reject", about: "which PDU an end could not take, and the reason's number" },
  ],
  opens: { stream: [3] },
  everyMessage: true,

  looksStream(buf, off, len) {
    const first = dataAt(buf, off, len);
    return first === DATA_MORE || (first >= 0 && looksLikeSession(buf, first, off + len - first));
  },

  stream(c, emit, at) {
    if (!at.started) {
      const first = dataAt(c.buf, c.pos, c.left);
      if (first === DATA_NONE) return STREAM_NO;
      if (first === DATA_MORE) return STREAM_MORE;
      if (!looksLikeSession(c.buf, first, c.end - first)) return STREAM_NO;
    }
    return readFrame(FRAMING, c, emit, at);
  },
};

function tell(c: Cursor, emit: Emit, at: Context, cut: boolean): boolean {
  const { code, body } = readTsdu(c, cut);
  if (code !== TPDU.data) {
    const request = code === TPDU.connect;
    if (request || code === TPDU.confirm)
      emit({
        kind: "role",
        sender: request ? "client" : "server",
        why: `COTP connection ${request ? "request" : "confirm"}`,
      });
    return true;
  }
  if (body.left === 0) return true;
  const layers = toMms(body);
  if (layers === "mms") return tellPdu(body, emit, at, cut);
  if (layers === "other" && at.started) body.bad("no session with MMS");
  return layers === "around" && at.started;
}

function tellPdu(c: Cursor, emit: Emit, at: Context, cut: boolean): boolean {
  c.part = "MMS PDU";
  const tag = c.u8();
  const length = readLength(c);
  if (!at.started && !cut && length !== c.left) return false;
  c.enter(length, "MMS PDU");
  const said = (
    role: "request" | "response",
    code: string | number,
    meaning: Meaning,
    id: string | null,
    failed = false,
    answer: string | null = null,
  ): void => {
    tellRole(role === "request" ? "client" : "server", meaning[0], emit, at);
    tellOperation(emit, ID, role, code, meaning, { id, failed, ...(answer === null ? {} : { answer }) });
  };
  switch (tag) {
    case PDU.request:
      tellRequest(c, emit, at);
      return true;
    case PDU.response:
      tellResponse(c, emit, at);
      return true;
    case PDU.unconfirmed: {
      const service = readTag(c);
      said(
        "response",
        `unconfirmed:${service}`,
        UNCONFIRMED.get(service) ?? unknownCode("unconfirmed service", service),
        null,
      );
      return true;
    }
    case PDU.error:
    case PDU.reject:
    case PDU.cancelError: {
      // Which service it was, the id tells; a reject of something without an id has none.
      const id = peekTag(c) === 0x80 ? String(readInteger(c, "invoke id", 0x80)) : null;
      const [code, name] = tag === PDU.reject ? ["reject", "rejected"] : ["error", "refused"];
      let why: string | null = null;
      try {
        why = tag === PDU.reject ? readReject(c) : findServiceError(c, context(tag === PDU.error ? 2 : 1));
      } finally {
        said("response", code!, [name!, "session"], id, true, why);
      }
      tellField(emit, tag === PDU.reject ? "mms.reject" : "mms.error", why);
      return true;
    }
    case PDU.cancelRequest:
    case PDU.cancelResponse:
      said(tag === PDU.cancelRequest ? "request" : "response", "cancel", ["cancel", "session"], null);
      return true;
    case PDU.initiateRequest:
    case PDU.initiateResponse:
    case PDU.initiateError:
      said(
        tag === PDU.initiateRequest ? "request" : "response",
        "initiate",
        ["initiate", "session"],
        "initiate",
        tag === PDU.initiateError,
      );
      if (tag === PDU.initiateResponse) emit({ kind: "up" });
      if (tag === PDU.initiateError) tellField(emit, "mms.error", readServiceError(c));
      else if (peekTag(c) === LOCAL_DETAIL)
        tellField(emit, "mms.max-pdu", readInteger(c, "local detail", LOCAL_DETAIL));
      return true;
    case PDU.concludeRequest:
    case PDU.concludeResponse:
    case PDU.concludeError:
      said(
        tag === PDU.concludeRequest ? "request" : "response",
        "conclude",
        ["conclude", "session"],
        "conclude",
        tag === PDU.concludeError,
      );
      if (tag === PDU.concludeError) tellField(emit, "mms.error", readServiceError(c));
      return true;
    default:
      if (at.started) c.bad(`a PDU of tag 0x${tag.toString(16)}`);
      return false;
  }
}

function tellField(emit: Emit, field: string, value: string | number | null): void {
  if (value !== null) emit({ kind: "field", field, value });
}

/** Once is enough: a direction does not change sides. */
function tellRole(sender: "client" | "server", what: string, emit: Emit, at: Context): void {
  if (!at.started) emit({ kind: "role", sender, why: `MMS ${what}` });
}

/** The number of the next tag, of one byte or two; the tag is taken, its length is not. */
function readTag(c: Cursor): number {
  const first = c.u8() & 0x1f;
  return first < 0x1f ? first : c.u8() & 0x7f;
}

function tellRequest(c: Cursor, emit: Emit, at: Context): void {
  const id = String(readInteger(c, "invoke id"));
  if (peekTag(c) === BER.sequence) skipElement(c); // modifiers
  const bare = (peekTag(c) & CONSTRUCTED) === 0;
  const service = readTag(c);
  const meaning = SERVICES.get(service) ?? unknownCode("service", service);
  tellRole("client", meaning[0], emit, at);
  const names: string[] = [];
  let class_ = meaning[1];
  try {
    c.enter(readLength(c), meaning[0]);
    if (service === SERVICE.read || service === SERVICE.write) {
      class_ = "unknown"; // until its names say that they are no controls
      readVariables(c, service === SERVICE.read, names);
      class_ = variableClass(service === SERVICE.write, names);
    } else if (bare && BARE_NAMES.includes(service)) names.push(c.text(c.left));
    else if (peekTag(c) === NAME.vmd && isNamed(service)) names.push(readObjectName(c));
    else readNames(c, names, 0);
  } finally {
    const target = joinTargets(names);
    tellOperation(emit, ID, "request", service, [meaning[0], class_], { target, id });
  }
}

const CONSTRUCTED = 0x20;
/** Of these a name is all that there is: downloads' segments, uploads, domains and program invocations. */
const BARE_NAMES: readonly number[] = [27, 29, 36, 37, 39, 45];
/** Services on a domain or a program invocation: its name comes first, as [0]. */
const isNamed = (service: number): boolean => service >= 26 && service <= 45;

/** What a read or write is about: a list of variables, or the name of such a list. */
function readVariables(c: Cursor, read: boolean, names: string[]): void {
  if (read && peekTag(c) === 0x80) skipElement(c); // whether the specification shall come back
  if (read) c.enter(enterLength(c, context(1)), "variables");
  if (peekTag(c) === context(1)) {
    c.enter(enterLength(c, context(1)), "variable list");
    names.push(readObjectName(c));
    return;
  }
  const list = enterElement(c, context(0), "variables");
  while (c.left > 0) {
    const variable = enterElement(c, BER.sequence, `variable ${names.length + 1}`);
    if (peekTag(c) === context(0)) {
      const name = enterElement(c, context(0), c.part);
      names.push(readObjectName(c));
      c.leave(name);
    } else {
      names.push("by address"); // not by name: which one, its own encoding says
      skipElement(c);
    }
    c.leave(variable);
  }
  c.leave(list);
}

function enterLength(c: Cursor, tag: number): number {
  if (c.u8() !== tag) c.bad(`no tag 0x${tag.toString(16)}`);
  return readLength(c);
}

/** `DOMAIN/ITEM`, an item of the device, or one of the association. */
function readObjectName(c: Cursor): string {
  const tag = c.u8();
  const outer = c.enter(readLength(c), "object name");
  let name = "";
  if (tag === NAME.domain) name = `${readString(c)}/${readString(c)}`;
  else if (tag === NAME.vmd || tag === NAME.association) name = c.text(c.left);
  else c.bad(`an object name of tag 0x${tag.toString(16)}`);
  c.leave(outer);
  return name;
}

function readString(c: Cursor): string {
  const outer = enterElement(c, VISIBLE_STRING, "object name");
  const text = c.text(c.left);
  c.leave(outer);
  return text;
}

/** Texts that stand in a request of another service: domains, files, program invocations. Bounded in depth and number. */
function readNames(c: Cursor, names: string[], depth: number): void {
  while (c.left > 0 && names.length < MOST_TARGETS) {
    const tag = c.u8();
    if ((tag & 0x1f) === 0x1f) c.skip(1);
    const outer = c.enter(readLength(c), "name");
    if (tag === VISIBLE_STRING || tag === GRAPHIC_STRING) names.push(c.text(c.left));
    else if ((tag & 0x20) !== 0 && depth < DEEPEST) readNames(c, names, depth + 1);
    c.leave(outer);
  }
}
const GRAPHIC_STRING = 0x19;
const DEEPEST = 6;

function tellResponse(c: Cursor, emit: Emit, at: Context): void {
  const id = String(readInteger(c, "invoke id"));
  if (c.left === 0) c.bad("no service");
  const service = readTag(c);
  const meaning = SERVICES.get(service) ?? unknownCode("service", service);
  tellRole("server", meaning[0], emit, at);
  const outer = c.enter(readLength(c), meaning[0]);
  const said: { failed: boolean; answer?: string } = { failed: false };
  try {
    if (service === SERVICE.read || service === SERVICE.write) said.failed = toFailure(c, service === SERVICE.read);
    if (said.failed) said.answer = readAccessError(c);
  } finally {
    tellOperation(emit, ID, "response", service, meaning, { id, ...said });
  }
  if (said.answer !== undefined) tellField(emit, "mms.access-error", said.answer);
  if (service === SERVICE.identify) tellIdentity(c, emit);
  c.leave(outer);
}

/** Failures stand among the results as tag [0]; the cursor ends at the first. False where there is none. */
function toFailure(c: Cursor, read: boolean): boolean {
  if (read) {
    while (c.left > 0 && peekTag(c) !== context(1)) skipElement(c);
    if (c.left === 0) return false;
    c.enter(enterLength(c, context(1)), "results");
  }
  while (c.left > 0 && peekTag(c) !== FAILURE) skipElement(c);
  return c.left > 0;
}

/** [0] vendor, [1] model, [2] revision. */
function tellIdentity(c: Cursor, emit: Emit): void {
  for (const [i, what] of (["vendor", "product", "version"] as const).entries()) {
    if (peekTag(c) !== (0x80 | i)) return;
    const outer = enterElement(c, 0x80 | i, what);
    const value = c.text(c.left).trim();
    c.leave(outer);
    if (value !== "") emit({ kind: "asset", what, value, source: "MMS identify" });
  }
}
