/**
 * S7 communication: what was asked of a Siemens controller (S7-200, 300, 400, and others that serve it), and what it says it is.
 * No public specification; after Wireshark's dissector and what controllers and Snap7 say. Transport RFC 1006, RFC 905.
 *
 *     TPKT, COTP data │ 32 │ kind │ 0000 │ reference │ parameter length │ data length │ [error 2] │ parameters │ data │
 *     kind 1 job      function, what it needs             answered by 3 (with data) or 2 of the same reference
 *     kind 7 userdata 00 01 12, length, method, type and group, subfunction, number │ unit, last, error
 *                     type 4 request, 8 answer, 0 pushed by the controller
 *
 * The magic byte within TPKT and COTP, and lengths that agree, prove it on any port; a connection without data proves
 * nothing, because MMS and RDP open theirs alike. TSAPs name rack and slot. A list in several answers is read as far
 * as the first one goes; further requests for the same one are of its class.
 *
 * Does not cover: values that are read or written, blocks that are transferred, the passwords that are sent.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import { DATA_MORE, DATA_NONE, dataAt, readTsdu, TPDU, type Tsdu, tsapText, tsduSize } from "./shared/cotp.ts";
import { type Framing, readFrame } from "./shared/frames.ts";
import { joinTargets, type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";
import {
  GROUP,
  invocationMeaning,
  JOB,
  JOB_CONTROL,
  JOBS,
  READ_SZL,
  ROSCTR,
  szlClass,
  userdataMeaning,
} from "./shared/s7-codes.ts";
import { blockName, failedItem, itemError, RETURN_OK, readItems, tellSzl } from "./shared/s7-items.ts";

const PORT = 102;
const MAGIC = 0x32;
const TYPE = { push: 0, request: 4, response: 8 } as const;
const ID = "s7comm";

const FRAMING: Framing = { protocol: ID, ports: [PORT], name: "S7", size: tsduSize, tell };

export const s7comm: Decoder = {
  id: ID,
  title: "S7 communication",
  specs: ["RFC 1006", "RFC 905"],
  ports: { tcp: [PORT] },
  fields: [
    { field: "s7comm.called", about: "the TSAP that is called: two bytes in hexadecimal, or text" },
    { field: "s7comm.calling", about: "the TSAP that calls" },
    { field: "s7comm.rack", about: "of the called TSAP: the rack of the module" },
    { field: "s7comm.slot", about: "of the called TSAP: the slot of the module" },
    { field: "s7comm.pdu-length", about: "bytes of the longest message, as proposed or agreed" },
    { field: "s7comm.error", about: "why a job failed: class and code, hexadecimal" },
  ],
  opens: { stream: [3] },
  everyMessage: true,

  looksStream(buf, off, len) {
    const first = dataAt(buf, off, len);
    return first === DATA_MORE || (first >= 0 && looksLikeS7(buf, first, off + len - first));
  },

  stream(c, emit, at) {
    if (!at.started) {
      const first = dataAt(c.buf, c.pos, c.left);
      if (first === DATA_NONE) return STREAM_NO;
      if (first === DATA_MORE) return STREAM_MORE;
      if (!looksLikeS7(c.buf, first, c.end - first)) return STREAM_NO;
    }
    return readFrame(FRAMING, c, emit, at);
  },
};

/** Magic byte, kind, and two zeros, as far as the bytes go. */
function looksLikeS7(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off] !== MAGIC) return false;
  if (len < 2) return true;
  const kind = buf[off + 1]!;
  if (kind !== ROSCTR.job && kind !== ROSCTR.ack && kind !== ROSCTR.ackData && kind !== ROSCTR.userdata) return false;
  return (len < 3 || buf[off + 2] === 0) && (len < 4 || buf[off + 3] === 0);
}

function tell(c: Cursor, emit: Emit, at: Context, cut: boolean): boolean {
  const tsdu = readTsdu(c, cut);
  if (tsdu.code !== TPDU.data) {
    tellConnection(tsdu, emit);
    return true;
  }
  const { body } = tsdu;
  if (body.left === 0) return true;
  if (body.buf[body.pos] !== MAGIC) {
    if (at.started) body.bad("no S7 message");
    return false;
  }
  body.skip(1);
  const kind = body.u8();
  body.skip(2);
  const id = String(body.u16());
  const parameters = body.u16();
  const data = body.u16();
  const error = kind === ROSCTR.ack || kind === ROSCTR.ackData ? tellError(body, emit) : 0;
  if (!at.started && !cut && body.left !== parameters + data) return false;
  const message: Message = { c: body, kind, id, parameters, data, error };
  if (kind === ROSCTR.job) tellJob(message, emit, at);
  else if (kind === ROSCTR.ackData || kind === ROSCTR.ack) tellAck(message, emit, at);
  else if (kind === ROSCTR.userdata) tellUserdata(message, emit, at);
  else if (at.started) body.bad(`a message of kind ${kind}`);
  else return false;
  return true;
}

/** TSAPs of two bytes: the kind of connection, and rack (3 bits) and slot (5 bits). */
function tellConnection({ code, called, calling }: Tsdu, emit: Emit): void {
  if (code !== TPDU.connect && code !== TPDU.confirm) return;
  const request = code === TPDU.connect;
  emit({
    kind: "role",
    sender: request ? "client" : "server",
    why: `COTP connection ${request ? "request" : "confirm"}`,
  });
  if (!request) return;
  if (called.length > 0) emit({ kind: "field", field: "s7comm.called", value: tsapText(called) });
  if (calling.length > 0) emit({ kind: "field", field: "s7comm.calling", value: tsapText(calling) });
  if (called.length !== 2) return;
  emit({ kind: "field", field: "s7comm.rack", value: called[1]! >>> 5 });
  emit({ kind: "field", field: "s7comm.slot", value: called[1]! & 0x1f });
}

interface Message {
  c: Cursor;
  kind: number;
  /** The reference that its answer repeats. */
  id: string;
  /** Bytes of the two parts. */
  parameters: number;
  data: number;
  /** Of an acknowledgement: what it says went wrong, 0 where nothing did. */
  error: number;
}

/** Class and code of an acknowledgement; 0 where they say no error. */
function tellError(c: Cursor, emit: Emit): number {
  const error = c.u16();
  if (error !== 0) emit({ kind: "field", field: "s7comm.error", value: hex4(error) });
  return error;
}

/** What an error makes of an answer. */
const refusal = (error: number): { failed: boolean; answer?: string } =>
  error === 0 ? { failed: false } : { failed: true, answer: `error ${hex4(error)}` };

/** Once is enough: a direction does not change sides. */
function tellRole(at: Context, sender: "client" | "server", why: string, emit: Emit): void {
  if (!at.started) emit({ kind: "role", sender, why });
}

const jobMeaning = (code: number): Meaning => JOBS.get(code) ?? unknownCode("function", code);

/** A job is the client's; but of a download the controller asks for the block's pieces by jobs of its own. */
function tellJob({ c, id, parameters }: Message, emit: Emit, at: Context): void {
  const code = c.u8();
  let meaning = jobMeaning(code);
  let target: string | null = null;
  const own = code === JOB.downloadBlock || code === JOB.downloadEnded;
  tellRole(at, own ? "server" : "client", `S7 job ${meaning[0]}`, emit);
  try {
    const outer = c.enter(Math.max(0, parameters - 1), "parameters");
    if (code === JOB.read || code === JOB.write) target = readItems(c);
    else if (code === JOB.invoke) ({ meaning, target } = readInvocation(c));
    else if (code === JOB.setup) tellPduLength(c, emit);
    else if (code >= JOB.requestDownload && code <= JOB.startUpload) target = readBlock(c);
    c.leave(outer);
  } finally {
    tellOperation(emit, ID, "request", code, meaning, { target, id }); // asked for, whatever is wrong with the rest
  }
}

/** Two counts of parallel jobs, then the longest message. */
function tellPduLength(c: Cursor, emit: Emit): void {
  c.skip(5);
  emit({ kind: "field", field: "s7comm.pdu-length", value: c.u16() });
}

/** Seven bytes, an argument with its length, the name with its length. Blocks stand in the argument. */
function readInvocation(c: Cursor): { meaning: Meaning; target: string | null } {
  c.part = "program invocation";
  c.skip(7);
  const argument = c.bytes(c.u16());
  const name = c.text(c.u8());
  const text = escapeBytes(argument, 0, argument.length);
  const blocks = text.match(/0[8A-F]\d{5}[ABP]?/g)?.map((block) => blockName(`_${block}`)) ?? [];
  return { meaning: invocationMeaning(name), target: joinTargets(blocks) };
}

/** The file name of a block: one byte, five that stand for nothing here, then its length. */
function readBlock(c: Cursor): string | null {
  if (c.left < 8) return null;
  c.skip(7);
  const length = c.u8();
  return length > 0 && length <= c.left ? blockName(c.text(length)) : null;
}

/** An acknowledgement without data names no function: it pairs by its reference alone. */
function tellAck({ c, id, parameters, data, error }: Message, emit: Emit, at: Context): void {
  if (parameters === 0) {
    tellRole(at, "server", "S7 acknowledgement", emit);
    tellOperation(emit, ID, "response", "ack", ["acknowledgement", "session"], { id, ...refusal(error) });
    return;
  }
  const code = c.u8();
  const meaning = jobMeaning(code);
  const own = code === JOB.downloadBlock || code === JOB.downloadEnded;
  tellRole(at, own ? "client" : "server", `S7 acknowledgement of ${meaning[0]}`, emit);
  let said = refusal(error);
  try {
    const outer = c.enter(parameters - 1, "parameters");
    const count = (code === JOB.read || code === JOB.write) && c.left > 0 ? c.u8() : 0;
    if (code === JOB.setup) tellPduLength(c, emit);
    c.leave(outer);
    const item = data > 0 ? failedItem(c, count, code === JOB.read) : null;
    if (item !== null && error === 0) said = { failed: true, answer: itemError(item) };
  } finally {
    tellOperation(emit, ID, "response", code, meaning, { id, ...said });
  }
}

function tellUserdata({ c, id, parameters, data }: Message, emit: Emit, at: Context): void {
  const outer = c.enter(parameters, "userdata parameters");
  c.skip(5); // 00 01 12, length, method
  const kinds = c.u8();
  const type = kinds >>> 4;
  const group = kinds & 0x0f;
  const subfunction = c.u8();
  c.skip(1);
  if (c.left >= 4) c.skip(2); // unit, and whether it is the last
  const error = c.left >= 2 ? c.u16() : 0;
  c.leave(outer);
  const pushed = type === TYPE.push;
  const request = type === TYPE.request;
  const kind = request ? "request" : pushed ? "push" : "response";
  tellRole(at, request ? "client" : "server", `S7 userdata ${kind}`, emit);
  if (error !== 0) emit({ kind: "field", field: "s7comm.error", value: hex4(error) });
  const [name, usual] = userdataMeaning(group, subfunction, request);
  let about: About = {};
  try {
    if (data >= 4) about = readUserdata(c, group, subfunction, request);
  } finally {
    const meaning: Meaning = [pushed ? `${name} (pushed)` : name, about.class ?? usual];
    const more = { target: about.target ?? null, id: pushed ? null : id, ...refusal(error) };
    tellOperation(emit, ID, request ? "request" : "response", `ud:${group}/${subfunction}`, meaning, more);
  }
  if (about.list) tellSzl(c, emit);
}

interface About {
  /** Where the data say more than the code does. */
  class?: OperationClass;
  target?: string;
  /** The cursor stands before a list that says what the device is. */
  list?: true;
}

/** Return code, transport size and length, then the data: of those that decide what a function does. The cursor stays in them. */
function readUserdata(c: Cursor, group: number, subfunction: number, request: boolean): About {
  c.part = "userdata";
  const result = c.u8();
  c.skip(1);
  c.enter(Math.min(c.u16(), c.left), "userdata");
  if (group === GROUP.cpu && subfunction === READ_SZL && c.left >= 4) {
    const id = (c.buf[c.pos]! << 8) | c.buf[c.pos + 1]!;
    const index = (c.buf[c.pos + 2]! << 8) | c.buf[c.pos + 3]!;
    if (request) return { class: szlClass(id), target: `SZL ${hex4(id)}/${hex4(index)}` };
    return result === RETURN_OK ? { class: szlClass(id), list: true } : {};
  }
  if (group === GROUP.programmer && request && isJobControl(subfunction) && c.left >= 4) {
    const parameters = c.u16();
    c.skip(2 + parameters);
    return c.left >= 2 ? ofJob(c.u8()) : {};
  }
  return {};
}

const hex4 = (n: number): string => `0x${n.toString(16).padStart(4, "0")}`;
const isJobControl = (subfunction: number): boolean =>
  subfunction === JOB_CONTROL.enable || subfunction === JOB_CONTROL.disable || subfunction === JOB_CONTROL.delete;

/** What is enabled, disabled or deleted is a job of some function, and of that one's class. */
function ofJob(jobFunction: number): About {
  const [target, class_] = userdataMeaning(GROUP.programmer, jobFunction);
  return { class: class_, target };
}
