/**
 * PROFINET IO context management: who connects to an IO device, reads and writes its records, and controls it.
 * IEC 61158-6-10 (RPC services, records, I&M), IEC 61158-5-10; DCE 1.1 RPC (C706) for what it stands on.
 *
 *     ┌──────────────────────┬─────────────────────────────────────────────────────────┬────────────────────────────────┐
 *     │ DCE/RPC datagram, 80 │ request: most 4, length 4, array 4+4+4                  │ block: type 2, length 2,       │
 *     │ (shared/dcerpc.ts)   │ answer: status 4, length 4, array 4+4+4                 │ version 1.1, …               × │
 *     └──────────────────────┴─────────────────────────────────────────────────────────┴────────────────────────────────┘
 *
 * The interface's UUID proves it on any port. Look-ups of DCE/RPC's endpoint mapper are taken on port 34964, or behind it.
 * An answer, the mapper's too, may come from another port: activity and sequence pair it.
 *
 * Operations: code is the RPC operation (0 connect … 5 read implicit), or `epm:N`. A connect takes an IO connection and is
 * `control`, unless it is a supervisor's for device access alone: that is `session`, as a release is. Controls are
 * `control`; that a device is ready, which it says to its controller, is `session`.
 *
 * Does not cover: records but I&M, what fragments behind the first hold, cyclic data, alarms; security (encrypted ARs).
 */
import { type Cursor, Fault } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import {
  CL,
  CL_FLAG,
  CL_HEADER_LENGTH,
  type ClHeader,
  ENDPOINT_MAPPER,
  isProfinet,
  looksLikeCl,
  readClHeader,
  readU32,
} from "./shared/dcerpc.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";
import { isIdentification, profinetVendor, recordName } from "./shared/profinet-codes.ts";

const PORT = 34_964;
/** Where everybody else's endpoint mapper is. */
const MAPPER_PORT = 135;

const OPERATION = { connect: 0, release: 1, read: 2, write: 3, control: 4, readImplicit: 5 } as const;
/** A device does what the operation says: a header of reading makes no less of any other. */
const READS: readonly number[] = [OPERATION.read, OPERATION.readImplicit];
export const OPERATIONS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [OPERATION.connect, ["Connect", "control"]],
  [OPERATION.release, ["Release", "session"]],
  [OPERATION.read, ["Read", "read"]],
  [OPERATION.write, ["Write", "write"]],
  [OPERATION.control, ["Control", "control"]],
  [OPERATION.readImplicit, ["Read Implicit", "read"]],
]);
/** C706 appendix O. */
export const MAPPER_OPERATIONS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0, ["ept_insert", "write"]],
  [1, ["ept_delete", "write"]],
  [2, ["ept_lookup", "discover"]],
  [3, ["ept_map", "discover"]],
  [4, ["ept_lookup_handle_free", "session"]],
  [5, ["ept_inq_object", "discover"]],
  [6, ["ept_mgmt_delete", "write"]],
]);
const LOOKUP = 2;

const BLOCK = {
  write: 0x0008,
  read: 0x0009,
  im0: 0x0020,
  im1: 0x0021,
  connect: 0x0101,
  io: 0x0102,
  readAnswer: 0x8009,
};
/** Blocks of a control that only say that a device is ready, for a connection, a module, a companion, RT class 3. */
const READY = [0x0112, 0x0113, 0x0116, 0x0117];
/** IOSAR: a supervisor's relation; with this property it reads and writes records and takes no IO. */
const SUPERVISOR = 0x0006;
const DEVICE_ACCESS = 0x100;

export const profinetCm: Decoder = {
  id: "profinet-cm",
  title: "PROFINET IO Context Management",
  specs: ["IEC 61158-6-10", "C706"],
  ports: { udp: [PORT] },
  fields: [
    { field: "profinet-cm.station", about: "the name of station that the one who connects says it has" },
    { field: "profinet-cm.status", about: "the status of an answer that failed, in hexadecimal" },
  ],
  everyMessage: true,
  opens: { datagram: [4] },

  looksDatagram: (buf, off, len) => looksLikeCl(buf, off, len),

  datagram(c, emit, at) {
    const header = readClHeader(c);
    const mapper = header.interface === ENDPOINT_MAPPER && (isOnPort(at) || isAnswerFromElsewhere(header, at));
    if (!isProfinet(header.interface) && !mapper) return false;
    if (CL_HEADER_LENGTH + header.length > c.end - c.start + c.cutOff) return false;
    const known = (mapper ? MAPPER_OPERATIONS : OPERATIONS).get(header.operation);
    const call: Call = {
      header,
      id: `${header.activity}/${header.sequence}`,
      code: mapper ? `epm:${header.operation}` : String(header.operation),
      meaning: known ?? unknownCode("Operation", header.operation),
    };
    if (header.type === CL.request) request(c, call, mapper, emit);
    else if (header.type === CL.response) response(c, call, mapper, emit);
    else if (header.type === CL.fault || header.type === CL.reject) refused(call, emit);
    else emit({ kind: "message", what: "oneway", id: call.id });
    const rest = CL_HEADER_LENGTH + header.length - c.at;
    if (rest > 0) c.skip(rest);
    return true;
  },
};

const isOnPort = (at: Context): boolean => at.senderPort === PORT || at.receiverPort === PORT || at.peerStarted;

/** A device may answer a look-up from a port of its own, as it does any call; what comes from 135 is other mappers'. */
const isAnswerFromElsewhere = ({ type }: ClHeader, { senderPort, receiverPort }: Context): boolean =>
  (type === CL.response || type === CL.fault || type === CL.reject) &&
  senderPort !== MAPPER_PORT &&
  receiverPort !== MAPPER_PORT;

interface Call {
  header: ClHeader;
  id: string;
  code: string;
  meaning: Meaning;
}

/** Parts of a call behind the first hold bytes from the middle of a block. */
const isLater = ({ flags, fragment }: ClHeader): boolean => (flags & CL_FLAG.fragment) !== 0 && fragment > 0;

function request(c: Cursor, call: Call, mapper: boolean, emit: Emit): void {
  const { header, id, code, meaning } = call;
  emit({ kind: "role", sender: "client", why: `PROFINET ${meaning[0]} request` });
  if (isLater(header)) return;
  emit({ kind: "message", what: "request", id });
  emit({ kind: "expect-flow", app: "profinet-cm", transport: "udp", address: null, port: null, id });
  if (mapper) {
    tellOperation(emit, "profinet-cm", "request", code, meaning, { id });
    return;
  }
  c.part = "arguments";
  c.skip(4);
  const blocks = readArray(c, header.little);
  const tell = ({ target, class: class_ = meaning[1] }: Said): void =>
    tellOperation(emit, "profinet-cm", "request", code, [meaning[0], class_], { target, id });
  let said: Said;
  try {
    said = readRequest(c, blocks, header.operation, emit);
  } catch (fault) {
    // What is asked is known, only of what is not: where the capture did not cut it off, nothing more will come.
    if (fault instanceof Fault && c.cutOff === 0) tell({ target: null });
    throw fault;
  }
  tell(said);
}

/** Length, and the array that says it again three times; the bytes of blocks that follow. */
function readArray(c: Cursor, little: boolean): number {
  const length = readU32(c, little);
  c.skip(12);
  return length;
}

interface Said {
  target: string | null;
  /** Where the blocks tell more than the operation. */
  class?: Meaning[1];
}

/** What the first block of a request says; of a connect, what all of them do. */
function readRequest(c: Cursor, length: number, operation: number, emit: Emit): Said {
  const end = c.pos + length;
  const said: Said = { target: null };
  let first = true;
  let io = false;
  while (end - c.pos >= 6) {
    c.part = "block";
    const type = c.u16();
    const outer = c.enter(c.u16(), `block 0x${type.toString(16).padStart(4, "0")}`);
    c.skip(2);
    if (first && type === BLOCK.connect && operation === OPERATION.connect) {
      const { accessOnly, station } = readConnect(c);
      if (accessOnly) said.class = "session";
      if (station !== "") emit({ kind: "field", field: "profinet-cm.station", value: station });
    } else if (first && (type === BLOCK.read || type === BLOCK.write)) {
      const { target, index } = readRecord(c);
      said.target = target;
      if (type === BLOCK.read && READS.includes(operation) && isIdentification(index)) said.class = "identify";
    } else if (first && operation === OPERATION.control && READY.includes(type)) said.class = "session";
    if (type === BLOCK.io) io = true;
    c.leave(outer);
    first = false;
    if (operation !== OPERATION.connect) break; // behind a record's header stands the record
  }
  if (io) delete said.class;
  return said;
}

/** ARBlockReq: kind 2, id 16, key 2, MAC 6, object 16, properties 4, timeout 2, port 2, name. */
function readConnect(c: Cursor): { accessOnly: boolean; station: string } {
  const kind = c.u16();
  c.skip(16 + 2 + 6 + 16);
  const properties = c.u32();
  c.skip(4);
  const station = c.text(c.u16());
  return { accessOnly: kind === SUPERVISOR && (properties & DEVICE_ACCESS) !== 0, station };
}

/** IODReadReqHeader and IODWriteReqHeader: sequence 2, relation 16, API 4, slot 2, subslot 2, pad 2, index 2. */
function readRecord(c: Cursor): { target: string; index: number; slot: number } {
  c.skip(2 + 16 + 4);
  const slot = c.u16();
  const subslot = c.u16();
  c.skip(2);
  const index = c.u16();
  return { target: `slot ${slot}/${subslot} ${recordName(index)}`, index, slot };
}

function response(c: Cursor, call: Call, mapper: boolean, emit: Emit): void {
  const { header, id, code, meaning } = call;
  emit({ kind: "role", sender: "server", why: `PROFINET ${meaning[0]} answer` });
  if (isLater(header)) return;
  const pairs = { id, failed: false };
  if (mapper) {
    emit({ kind: "message", what: "response", id });
    tellOperation(emit, "profinet-cm", "response", code, meaning, pairs);
    if (header.operation === LOOKUP) tellEntry(c, header.little, emit);
    return;
  }
  c.part = "arguments";
  const status = readU32(c, header.little);
  const failed = status !== 0;
  emit({ kind: "message", what: "response", id, ...(failed ? { failed } : {}) });
  const hex = status.toString(16).padStart(8, "0");
  const why = failed ? { answer: `status 0x${hex}` } : {};
  tellOperation(emit, "profinet-cm", "response", code, meaning, { id, failed, ...why });
  if (failed) emit({ kind: "field", field: "profinet-cm.status", value: hex });
  const length = readArray(c, header.little);
  if (header.operation === OPERATION.read || header.operation === OPERATION.readImplicit) tellRecord(c, length, emit);
}

/** IODReadResHeader, and behind it the record: blocks of I&M say which device, or which of its modules, this is. */
function tellRecord(c: Cursor, length: number, emit: Emit): void {
  const end = c.pos + length;
  if (length < 64) return;
  c.part = "read answer";
  if (c.u16() !== BLOCK.readAnswer) return;
  const outer = c.enter(c.u16(), "read answer");
  c.skip(2);
  const { index, slot } = readRecord(c);
  c.leave(outer);
  if (!isIdentification(index) || end - c.pos < 6) return;
  const type = c.u16();
  const record = c.enter(c.u16(), recordName(index));
  c.skip(2);
  const source = `PROFINET ${recordName(index)} of slot ${slot}`;
  if (type === BLOCK.im0) tellIm0(c, source, emit);
  else if (type === BLOCK.im1) tellIm1(c, source, emit);
  c.leave(record);
}

/** IEC 61158-6-10: vendor 2, order code 20, serial 16, hardware 2, software: a letter and three numbers. */
function tellIm0(c: Cursor, source: string, emit: Emit): void {
  const vendor = profinetVendor(c.u16());
  const order = c.text(20).trim();
  const serial = c.text(16).trim();
  c.skip(2);
  const version = `${c.text(1).trim()}${c.u8()}.${c.u8()}.${c.u8()}`;
  emit({ kind: "asset", what: "vendor", value: vendor, source });
  if (order !== "") emit({ kind: "asset", what: "order-code", value: order, source });
  if (serial !== "") emit({ kind: "asset", what: "serial", value: serial, source });
  emit({ kind: "asset", what: "version", value: version, source });
}

/** What people called it: function 32, location 22. */
function tellIm1(c: Cursor, source: string, emit: Emit): void {
  const name = c.text(32).trim();
  const location = c.text(22).trim();
  if (name !== "") emit({ kind: "asset", what: "name", value: name, source });
  if (location !== "") emit({ kind: "asset", what: "location", value: location, source });
}

/**
 * The first entry of a look-up's answer: handle 20, count 4, array 4+4+4, object 16, pointer 4, and an annotation, which
 * PROFINET fills: type of device 25, order code 20, revisions, with a blank between them.
 */
function tellEntry(c: Cursor, little: boolean, emit: Emit): void {
  c.part = "endpoint";
  c.skip(20);
  if (readU32(c, little) === 0) return;
  c.skip(12 + 16 + 4 + 4);
  const length = readU32(c, little);
  if (length < 47 || length > 65) return;
  const product = c.text(25).trim();
  c.skip(1);
  const order = c.text(20).trim();
  const source = "PROFINET endpoint mapper";
  if (product !== "") emit({ kind: "asset", what: "product", value: product, source });
  if (order !== "") emit({ kind: "asset", what: "order-code", value: order, source });
}

function refused({ id, code, meaning }: Call, emit: Emit): void {
  emit({ kind: "role", sender: "server", why: "PROFINET fault" });
  emit({ kind: "message", what: "response", id, failed: true });
  tellOperation(emit, "profinet-cm", "response", code, meaning, { id, failed: true });
}
