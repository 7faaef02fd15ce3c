/**
 * DCE/RPC: which interfaces of a host are bound and called, over TCP and in datagrams.
 * DCE 1.1 RPC (C706) chapter 12, [MS-RPCE]; the headers: shared/dcerpc.ts.
 *
 *     bind           header 16 │ longest fragments 2+2 │ group 4 │ count 1 │ 3 │ context 2, syntaxes 1, 1, interface 16+4, syntax 20 × n
 *     bind_ack       header 16 │ longest fragments 2+2 │ group 4 │ address: length 2, text │ padding to 4 │ count, results
 *     request        header 16 │ hint 4 │ context 2 │ operation 2 │ …
 *     datagram       header 80 with interface, activity and operation │ body
 *
 * The header proves it: version, type, data representation, and lengths that agree. A body is passed over as it comes.
 * PROFINET's interfaces are `profinet-cm`'s, and away from port 135 a datagram for the endpoint mapper may be.
 *
 * Does not cover: arguments, endpoints that a mapper gives, calls inside of SMB's pipes or of HTTP, what is encrypted.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import {
  CL,
  CL_FLAG,
  CL_HEADER_LENGTH,
  CO,
  CO_FLAG,
  CO_HEADER_LENGTH,
  type CoHeader,
  ENDPOINT_MAPPER,
  isProfinet,
  looksLikeCl,
  looksLikeCo,
  readClHeader,
  readCoHeader,
  readU16,
  readU32,
  readUuid,
} from "./shared/dcerpc.ts";
import { interfaceName } from "./shared/dcerpc-interfaces.ts";
import { leftBehind } from "./shared/hole.ts";

const PORT = 135;
const MOST_CONTEXTS = 32;
const SYNTAX_LENGTH = 20;
/** Who sends a stream's message; cancels, orphans and the third leg of a login are the client's. */
const CO_SENDERS = new Map<number, "client" | "server">([
  [CO.request, "client"],
  [CO.bind, "client"],
  [CO.alterContext, "client"],
  [CO.auth3, "client"],
  [CO.cancel, "client"],
  [CO.orphaned, "client"],
  [CO.response, "server"],
  [CO.fault, "server"],
  [CO.bindAck, "server"],
  [CO.bindNak, "server"],
  [CO.alterContextResponse, "server"],
  [CO.shutdown, "server"],
]);
const CL_CLIENTS: readonly number[] = [CL.request, CL.ping, CL.ack, CL.cancel];

export const dcerpc: Decoder = {
  id: "dcerpc",
  title: "DCE/RPC",
  specs: ["C706", "MS-RPCE"],
  ports: { tcp: [PORT], udp: [PORT] },
  fields: [
    { field: "dcerpc.interface", about: "UUID of an interface that the client binds or calls" },
    { field: "dcerpc.service", about: "what that interface is, where it is a known one: epmapper, netlogon …" },
    { field: "dcerpc.operation", about: "in datagrams: the number of the operation within its interface" },
    { field: "dcerpc.fault", about: "the status with which a call or a bind was refused, in hexadecimal" },
  ],
  everyMessage: true,
  opens: { datagram: [4], stream: [5] },

  looksDatagram: looksLikeCl,

  datagram(c, emit, at) {
    const header = readClHeader(c);
    if (isProfinet(header.interface) || (header.interface === ENDPOINT_MAPPER && !isOnPort(at))) return false;
    if (header.length > c.left + c.cutOff) return false;
    // Nothing but padding may stand behind the body.
    if (header.length + MOST_PADDING < c.left + c.cutOff) return false;
    const client = CL_CLIENTS.includes(header.type);
    if (header.type !== CL.fragmentAck)
      emit({ kind: "role", sender: client ? "client" : "server", why: `DCE/RPC datagram of type ${header.type}` });
    if (header.type === CL.request) tellInterface(header.interface, emit);
    const id = `${header.activity}/${header.sequence}`;
    const whole = (header.flags & CL_FLAG.fragment) === 0 || header.fragment === 0;
    if (header.type === CL.request && whole) {
      emit({ kind: "field", field: "dcerpc.operation", value: header.operation });
      const oneway = (header.flags & CL_FLAG.maybe) !== 0;
      emit({ kind: "message", what: oneway ? "oneway" : "request", id });
    }
    if (header.type === CL.response && whole) emit({ kind: "message", what: "response", id });
    if (header.type === CL.fault || header.type === CL.reject) {
      emit({ kind: "message", what: "response", id, failed: true });
      c.part = "status";
      emit({ kind: "field", field: "dcerpc.fault", value: hex8(readU32(c, header.little)) });
    }
    c.skip(Math.max(0, header.length - (c.pos - c.start - CL_HEADER_LENGTH)));
    return true;
  },

  looksStream: looksLikeCo,

  stream(c, emit, at) {
    let left = at.started ? (at.state ?? 0) : 0;
    left = leftBehind(at, left);
    if (left < 0) return STREAM_DONE;
    at.state = Math.max(0, left - c.left);
    return left > 0 ? Math.min(left, c.left) : message(c, emit, at);
  },
};

/** Bytes that some devices send behind a datagram's body. */
const MOST_PADDING = 8;
const isOnPort = (at: Context): boolean => at.senderPort === PORT || at.receiverPort === PORT;
const hex8 = (n: number): string => `0x${n.toString(16).padStart(8, "0")}`;

function message(c: Cursor, emit: Emit, at: Context): number {
  const ours = looksLikeCo(c.buf, c.pos, c.left);
  const header = ours ? readCoHeader(c) : null;
  if (header === null) return at.started ? c.bad("no DCE/RPC message") : STREAM_NO;
  const sender = at.started ? undefined : CO_SENDERS.get(header.type);
  const body = header.length - CO_HEADER_LENGTH;
  switch (header.type) {
    case CO.bind:
    case CO.alterContext: {
      const outer = c.enter(body, "bind");
      if (sender !== undefined) emit({ kind: "role", sender, why: "DCE/RPC bind" });
      contexts(c, header, emit);
      c.leave(outer);
      emit({ kind: "message", what: "request", id: bindId(header) });
      return c.at;
    }
    case CO.bindNak: {
      const outer = c.enter(body, "bind_nak");
      if (sender !== undefined) emit({ kind: "role", sender, why: "DCE/RPC bind_nak" });
      emit({ kind: "field", field: "dcerpc.fault", value: hex8(readU16(c, header.little)) });
      emit({ kind: "message", what: "response", id: bindId(header), failed: true });
      c.leave(outer);
      return c.at;
    }
    case CO.fault: {
      const outer = c.enter(body, "fault");
      if (sender !== undefined) emit({ kind: "role", sender, why: "DCE/RPC fault" });
      c.skip(8);
      emit({ kind: "field", field: "dcerpc.fault", value: hex8(readU32(c, header.little)) });
      emit({ kind: "message", what: "response", id: String(header.call), failed: true });
      c.leave(outer);
      return c.at;
    }
    default:
      if (sender !== undefined) emit({ kind: "role", sender, why: `DCE/RPC message of type ${header.type}` });
      if (header.type === CO.bindAck || header.type === CO.alterContextResponse)
        emit({ kind: "message", what: "response", id: bindId(header) });
      else if ((header.flags & CO_FLAG.first) !== 0 && (header.type === CO.request || header.type === CO.response))
        emit({ kind: "message", what: header.type === CO.request ? "request" : "response", id: String(header.call) });
      at.state = body;
      return c.at;
  }
}

/** A bind and the first call may have the same number. */
const bindId = (header: CoHeader): string => `bind ${header.call}`;

/** The interfaces that a bind offers, each with the syntaxes in which it may be spoken. */
function contexts(c: Cursor, header: CoHeader, emit: Emit): void {
  c.skip(8);
  const count = Math.min(c.u8(), MOST_CONTEXTS);
  c.skip(3);
  const told = new Set<string>();
  for (let i = 0; i < count; i++) {
    c.part = `context ${i + 1}`;
    c.skip(2);
    const syntaxes = c.u8();
    c.skip(1);
    const uuid = readUuid(c, header.little);
    if (!told.has(uuid)) tellInterface(uuid, emit);
    told.add(uuid);
    c.skip(4 + syntaxes * SYNTAX_LENGTH);
  }
}

function tellInterface(uuid: string, emit: Emit): void {
  emit({ kind: "field", field: "dcerpc.interface", value: uuid });
  const name = interfaceName(uuid);
  if (name !== null) emit({ kind: "field", field: "dcerpc.service", value: name });
}
