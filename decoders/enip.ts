/**
 * EtherNet/IP: finds controllers and drives, and carries CIP to them, which reads and writes them, and starts and stops them.
 * CIP Networks Library volume 2, chapter 2; what CIP says is told as operations of protocol `cip`, PCCC inside it as `pccc`.
 *
 *     ┌─────────┬────────┬─────────┬────────┬──────────┬─────────┬───────────────────────────────────────────────────────┐
 *     │ command │ length │ session │ status │ context  │ options │ per command: items, of them CIP                       │
 *     └────2────┴───2────┴────4────┴───4────┴────8─────┴────4────┴───────────────────────────────────────────────────────┘
 *     items: count 2, each type 2, length 2: 0xa1 connection, 0xb1 sequence 2 and CIP, 0xb2 CIP; 0x0c who a device is
 *     I/O (UDP alone): items without the header: 0x8002 connection and sequence, 0xb1 data
 *
 * All numbers have their lowest byte first. Command, length, status, options 0 and the items' lengths prove it on any port;
 * a request without a body is all zeros behind its command and counts on the port only, or behind others.
 *
 * The carriers SendRRData and SendUnitData are `session` where the CIP in them is told beside them, else `unknown`. I/O (`cip-io`)
 * is `control`: who sends it holds a connection that takes part in the process.
 *
 * Does not cover: CIP Security (that is TLS and DTLS), Modbus and DeviceNet behind translators, Safety and Motion data.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import { isCipReply, looksLikeCip, paddedText, tellCip, tellCutCip, tellIdentity } from "./shared/cip.ts";
import { endOfCut } from "./shared/frames.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 44_818;
const IO_PORT = 2222;
const HEADER_LENGTH = 24;
const LONGEST = 65_511;

const COMMAND = {
  nop: 0,
  services: 4,
  identity: 0x63,
  interfaces: 0x64,
  register: 0x65,
  unregister: 0x66,
  rr: 0x6f,
  unit: 0x70,
};
const COMMANDS: ReadonlyMap<number, Meaning> = new Map([
  [COMMAND.nop, ["NOP", "session"]],
  [COMMAND.services, ["ListServices", "discover"]],
  [COMMAND.identity, ["ListIdentity", "discover"]],
  [COMMAND.interfaces, ["ListInterfaces", "discover"]],
  [COMMAND.register, ["RegisterSession", "session"]],
  [COMMAND.unregister, ["UnRegisterSession", "session"]],
  [COMMAND.rr, ["SendRRData", "session"]],
  [COMMAND.unit, ["SendUnitData", "session"]],
  [0x72, ["IndicateStatus", "unknown"]],
  [0x73, ["Cancel", "session"]],
  [0xc8, ["StartDTLS", "session"]],
]);
/** Of those, the lower byte; 2 begins I/O. */
const FIRST_BYTES = [2, ...[...COMMANDS.keys()].map((command) => command & 0xff)];
/** Success, the seven kinds of failure of table 2-3.3, and those of CIP Security. */
const STATUSES = new Set([0, 1, 2, 3, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a]);
const ITEM = { identity: 0x0c, connected: 0xb1, unconnected: 0xb2, services: 0x100, sequenced: 0x8002 };

export const enip: Decoder = {
  id: "enip",
  title: "EtherNet/IP and CIP",
  specs: ["CIP Networks Library volumes 1 and 2"],
  ports: { udp: [PORT, IO_PORT], tcp: [PORT] },
  fields: [
    { field: "enip.product-code", about: "ListIdentity: the maker's number of the product" },
    { field: "enip.service", about: "ListServices: what a device offers, `Communications` for CIP" },
  ],
  forms: { datagram: [{ first: FIRST_BYTES, least: 18, bytes: [[1, 0xff, 0]] }] },
  everyMessage: true,
  opens: { datagram: FIRST_BYTES, stream: FIRST_BYTES },

  looksDatagram: (buf, off, len) =>
    looksLikeIo(buf, off, len) || (len >= HEADER_LENGTH && looksLikeHeader(buf, off, len, false)),

  datagram(c, emit, at) {
    if (looksLikeIo(c.buf, c.pos, c.left)) return io(c, emit);
    if (lengthAt(c) !== c.left + c.cutOff - HEADER_LENGTH) return false;
    return message(c, emit, at);
  },

  looksStream: (buf, off, len) => looksLikeHeader(buf, off, len, false),

  stream(c, emit, at) {
    if (!looksLikeHeader(c.buf, c.pos, c.left, at.started)) return STREAM_NO;
    c.need(HEADER_LENGTH);
    const whole = HEADER_LENGTH + lengthAt(c);
    if (c.left < whole && c.cutOff === 0) return STREAM_MORE;
    const outer = c.left < whole ? c.end : c.enter(whole, "message");
    const cut = c.left < whole;
    if (!message(c, emit, at)) return STREAM_NO;
    if (cut) return endOfCut(c, whole, "EtherNet/IP", emit);
    c.leave(outer);
    return whole;
  },
};

const lengthAt = (c: Cursor): number => c.buf[c.pos + 2]! | (c.buf[c.pos + 3]! << 8);

/** As far as the bytes go; `anyCommand` where others stood before it. */
function looksLikeHeader(buf: Uint8Array, off: number, len: number, anyCommand: boolean): boolean {
  const command = buf[off]! | ((len > 1 ? buf[off + 1]! : 0) << 8); // none is above 255
  if (!anyCommand && !COMMANDS.has(command)) return false;
  if (len > 3 && (buf[off + 2]! | (buf[off + 3]! << 8)) > LONGEST) return false;
  if (len > 11 && (!STATUSES.has(buf[off + 8]!) || buf[off + 9] !== 0 || buf[off + 10] !== 0 || buf[off + 11] !== 0))
    return false;
  for (let i = 20; i < 24 && i < len; i++) if (buf[off + i] !== 0) return false;
  return true;
}

function looksLikeIo(buf: Uint8Array, off: number, len: number): boolean {
  return (
    len >= 18 &&
    buf[off] === 2 &&
    buf[off + 1] === 0 &&
    buf[off + 2] === 2 &&
    buf[off + 3] === 0x80 &&
    buf[off + 4] === 8 &&
    buf[off + 5] === 0 &&
    buf[off + 14] === ITEM.connected &&
    buf[off + 15] === 0
  );
}

function io(c: Cursor, emit: Emit): boolean {
  c.part = "I/O";
  c.skip(6);
  const connection = c.u32le().toString(16).padStart(8, "0");
  c.skip(6);
  const length = c.u16le();
  if (length !== c.left + c.cutOff) return false;
  const target = `connection 0x${connection}`;
  tellOperation(emit, "cip-io", "request", "io", ["I/O", "control"], { target });
  c.skip(length);
  return true;
}

interface Header {
  command: number;
  session: number;
  status: number;
  /** What the sender wants to see again in the answer. */
  context: string;
}

/** One whole message from the header on. False where it is none. */
function message(c: Cursor, emit: Emit, at: Context): boolean {
  if (c.left < HEADER_LENGTH) return false;
  c.part = "header";
  const command = c.u16le();
  const length = c.u16le();
  const header: Header = { command, session: c.u32le(), status: c.u32le(), context: c.hex(8) };
  c.skip(4);
  const proved = at.started || at.peerStarted || at.senderPort === PORT || at.receiverPort === PORT;
  if (length === 0 && !proved) return false;
  if (command === COMMAND.register && length !== 4 && header.status === 0) return false;
  if (command === COMMAND.rr || command === COMMAND.unit) {
    if (c.left > 0 || length > 0) return data(c, header, emit, at);
  } else if (command === COMMAND.nop && !proved) return false;
  const reply = isReply(header, length, at);
  tell(header, reply, COMMANDS.get(command)?.[1] ?? "unknown", emit);
  if (reply && (command === COMMAND.identity || command === COMMAND.services) && length > 0) items(c, emit);
  else c.skip(length);
  return true;
}

/** What lists is asked without a body; a session is asked for without a number. */
function isReply({ command, session, status }: Header, length: number, at: Context): boolean {
  if (command === COMMAND.nop || command === COMMAND.unregister) return false;
  if (status !== 0) return true;
  if (command === COMMAND.services || command === COMMAND.identity || command === COMMAND.interfaces) return length > 0;
  if (command === COMMAND.register) return session !== 0;
  return at.senderPort === PORT && at.receiverPort !== PORT;
}

/** `carries`: the CIP within is told beside it. */
function tell(header: Header, reply: boolean, class_: OperationClass, emit: Emit, carries = false): void {
  const { command, status } = header;
  const operation = (COMMANDS.get(command) ?? unknownCode("Command", command, 4))[0];
  const oneway = command === COMMAND.nop || command === COMMAND.unregister || command === COMMAND.unit;
  const id = oneway ? null : `${command}/${header.context}`;
  const failed = status !== 0;
  emit({
    kind: "role",
    sender: reply ? "server" : "client",
    why: `EtherNet/IP ${operation} ${reply ? "answer" : "request"}`,
  });
  if (!oneway)
    emit({ kind: "message", what: reply ? "response" : "request", id: id ?? "", ...(failed ? { failed } : {}) });
  const more = { id, failed, ...(carries ? { carries } : {}) };
  tellOperation(emit, "enip", reply ? "response" : "request", command, [operation, class_], more);
}

/**
 * SendRRData and SendUnitData: interface 4 (0 is CIP), timeout 2, items. Connected messages pair by their sequence, others
 * by the sender's context.
 */
function data(c: Cursor, header: Header, emit: Emit, at: Context): boolean {
  const { pos } = c;
  const found = findCip(c);
  if (found === null) {
    if (c.cutOff === 0 && !at.started && at.senderPort !== PORT && at.receiverPort !== PORT) return false;
    const reply = at.senderPort === PORT && at.receiverPort !== PORT;
    tell(header, reply, "unknown", emit);
    c.pos = pos;
    c.skip(c.left);
    return true;
  }
  const session = header.session.toString(16).padStart(8, "0");
  c.pos = found.at;
  const id = found.connected ? `${session}/${c.u16le()}` : `${session}/${header.context}`;
  if (found.end > c.end) {
    tell(header, isCipReply(c), "session", emit, true);
    tellCutCip(c, id, emit);
    if (at.transport === "udp") c.short(found.end - c.pos);
    return true;
  }
  const outer = c.enter(found.end - c.pos, "CIP");
  tell(header, isCipReply(c), "session", emit, true);
  tellCip(c, id, emit);
  c.leave(outer);
  c.skip(c.left);
  return true;
}

/** Where a CIP message stands that can be told, though the capture may have cut its end off; null where none does. */
function findCip(c: Cursor): { at: number; end: number; connected: boolean } | null {
  if (c.left < 8 || c.u32le() !== 0) return null;
  c.skip(2);
  const count = c.u16le();
  for (let i = 0; i < count && c.left >= 4; i++) {
    const type = c.u16le();
    const length = c.u16le();
    const cut = c.left < length && c.cutOff > 0;
    if (c.left < length && !cut) return null;
    if (type === ITEM.unconnected || type === ITEM.connected) {
      const at = c.pos;
      const connected = type === ITEM.connected;
      const end = at + length;
      if (length < (connected ? 4 : 2)) return null;
      if (cut) return c.left >= (connected ? 4 : 2) && length <= c.left + c.cutOff ? { at, end, connected } : null;
      const outer = c.enter(length, "item");
      if (connected) c.skip(2);
      const known = looksLikeCip(c);
      c.leave(outer);
      return known ? { at, end, connected } : null;
    }
    c.skip(length);
  }
  return null;
}

/** Answers to ListIdentity and ListServices. */
function items(c: Cursor, emit: Emit): void {
  c.part = "items";
  const count = c.u16le();
  for (let i = 0; i < count; i++) {
    const type = c.u16le();
    const outer = c.enter(c.u16le(), `item ${i + 1}`);
    if (type === ITEM.identity) {
      c.skip(2 + 16); // version of the encapsulation, address
      const product = tellIdentity(c, "EtherNet/IP ListIdentity", emit);
      emit({ kind: "field", field: "enip.product-code", value: product });
    } else if (type === ITEM.services) {
      c.skip(4); // version, flags
      emit({ kind: "field", field: "enip.service", value: paddedText(c, c.left) });
    }
    c.leave(outer);
  }
}
