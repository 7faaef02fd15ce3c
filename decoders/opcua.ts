/**
 * OPC UA in its binary form: which service a client asks of a server, of which nodes, and how it ends.
 * OPC 10000-4 (services), 10000-6 (binary encoding, secure conversation, TCP).
 *
 *     ┌──────┬───────┬────────┐ HEL ACK ERR RHE: hello, sizes, an endpoint
 *     │ type │ chunk │ size 4 │ OPN: channel 4, policy, two certificates, then as MSG; where there is a policy protected
 *     └──3───┴───1───┴────────┘ MSG CLO: channel 4, token 4, number 4, request 4, then type id, header, the service's own
 *     chunk: F the last one, C more of the same message follow, A given up        numbers: lowest byte first
 *
 * Type, chunk and size prove it on any port. A service is the identifier of its message; where a message does not begin
 * with one of those that are known it is protected, or somebody's own, and `unknown` either way. A message in several
 * chunks is told by its first. Requests and answers pair by the request's number in the channel.
 *
 * Does not cover: what is encrypted, values, filters, sessions without a channel (HTTPS, JSON, PubSub).
 */
import type { Cursor } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import { type Framing, looksFramed, readFrame } from "./shared/frames.ts";
import { ASKING_METHODS, isIdentity, requestOf, SERVICE, SERVICE_FAULT, SERVICES } from "./shared/opcua-codes.ts";
import { readAnswer, readHeader, skipRequestHeader, tellServer } from "./shared/opcua-messages.ts";
import { readCount, readNodeId, readText, skipBytes } from "./shared/opcua-types.ts";
import { joinTargets, MOST_TARGETS, tellOperation } from "./shared/operation.ts";

const PORTS = [4840];
const ID = "opcua";
const HEADER = 8;
/** `HEL`, `ACK` … as numbers, the first letter lowest. */
const KIND = {
  HEL: 0x4c4548,
  ACK: 0x4b4341,
  ERR: 0x525245,
  RHE: 0x454852,
  OPN: 0x4e504f,
  MSG: 0x47534d,
  CLO: 0x4f4c43,
} as const;
const CHUNK = { final: 0x46, more: 0x43, abort: 0x41 } as const;
/** Longest chunk; the standard's default is 64 KiB. */
const LONGEST = 96 << 10;
const NO_SECURITY = "http://opcfoundation.org/UA/SecurityPolicy#None";
/** In a direction's state: the next chunk goes on with the last message; who sends, where a message in clear said it. */
const STATE = { goesOn: 2, client: 4, server: 8 } as const;

const FRAMING: Framing = { protocol: ID, ports: PORTS, name: "OPC UA", size, tell };

export const opcua: Decoder = {
  id: ID,
  title: "OPC Unified Architecture, binary",
  specs: ["OPC 10000-4", "OPC 10000-6"],
  ports: { tcp: PORTS },
  fields: [
    { field: "opcua.endpoint", about: "the URL that the client's hello names" },
    { field: "opcua.policy", about: "the security policy that a channel is opened with" },
    {
      field: "opcua.error",
      about: "why the server ends the connection, or refuses a service: a status code, hexadecimal",
    },
  ],
  opens: { stream: [[0x41, 0x52]] },
  everyMessage: true,

  looksStream: (buf, off, len) => looksFramed(FRAMING, buf, off, len),
  stream: (c, emit, at) => readFrame(FRAMING, c, emit, at),
};

const kindAt = (buf: Uint8Array, off: number): number => buf[off]! | (buf[off + 1]! << 8) | (buf[off + 2]! << 16);

function size(buf: Uint8Array, off: number, len: number): number {
  const first = buf[off]!;
  if (len < 1) return -1;
  if (
    first !== 0x48 &&
    first !== 0x41 &&
    first !== 0x45 &&
    first !== 0x52 &&
    first !== 0x4f &&
    first !== 0x4d &&
    first !== 0x43
  )
    return 0;
  if (len < 4) return -1;
  const kind = kindAt(buf, off);
  const chunk = buf[off + 3]!;
  const many = kind === KIND.MSG;
  if (
    !many &&
    kind !== KIND.HEL &&
    kind !== KIND.ACK &&
    kind !== KIND.ERR &&
    kind !== KIND.RHE &&
    kind !== KIND.OPN &&
    kind !== KIND.CLO
  )
    return 0;
  if (chunk !== CHUNK.final && !(many && (chunk === CHUNK.more || chunk === CHUNK.abort))) return 0;
  if (len < HEADER) return -1;
  const length = buf[off + 4]! | (buf[off + 5]! << 8) | (buf[off + 6]! << 16);
  return buf[off + 7] === 0 && length >= HEADER + LEAST && length <= LONGEST ? length : 0;
}
const LEAST = 8; // an error's code and an empty reason

function tell(c: Cursor, emit: Emit, at: Context): boolean {
  const kind = kindAt(c.buf, c.pos);
  c.skip(3);
  const chunk = c.u8();
  c.skip(4);
  switch (kind) {
    case KIND.HEL:
    case KIND.RHE:
      return tellHello(c, kind, emit, at);
    case KIND.ACK:
      tellRole("server", "Acknowledge", emit, at);
      tellOperation(emit, ID, "response", "ACK", ["Acknowledge", "session"], { id: "HEL" });
      return true;
    case KIND.ERR:
      tellRole("server", "Error", emit, at);
      emit({ kind: "field", field: "opcua.error", value: status(c.u32le()) });
      tellOperation(emit, ID, "response", "ERR", ["Error", "session"], { id: "HEL", failed: true });
      return true;
    case KIND.OPN:
      tellOpen(c, emit, at);
      return true;
    default: {
      const state = at.state ?? 0;
      const went = (state & STATE.goesOn) !== 0;
      at.state = chunk === CHUNK.more ? state | STATE.goesOn : state & ~STATE.goesOn;
      if (!went && chunk !== CHUNK.abort) tellMessage(c, kind === KIND.CLO, chunk === CHUNK.final, emit, at);
      return true;
    }
  }
}

/** Version and four sizes, then the endpoint; of a reverse hello, which a server sends, its URI and endpoint. */
function tellHello(c: Cursor, kind: number, emit: Emit, at: Context): boolean {
  const reverse = kind === KIND.RHE;
  if (reverse) skipBytes(c);
  else c.skip(20);
  const url = readText(c);
  if (!at.started && url !== "" && !/^[a-z.]+:\/\//i.test(url)) return false;
  tellRole(reverse ? "server" : "client", reverse ? "ReverseHello" : "Hello", emit, at);
  if (url !== "") emit({ kind: "field", field: "opcua.endpoint", value: url });
  if (reverse) tellOperation(emit, ID, "response", "RHE", ["ReverseHello", "session"]);
  else tellOperation(emit, ID, "request", "HEL", ["Hello", "session"], { id: "HEL", target: url === "" ? null : url });
  return true;
}

const status = (code: number): string => `0x${code.toString(16).padStart(8, "0")}`;

/** Once is enough: a direction does not change sides. */
function tellRole(sender: "client" | "server", what: string, emit: Emit, at: Context): void {
  at.state = (at.state ?? 0) | STATE[sender];
  if (!at.started) emit({ kind: "role", sender, why: `OPC UA ${what}` });
}

/** The policy stands in clear; with one, what follows does not, and whoever said hello asks. */
function tellOpen(c: Cursor, emit: Emit, at: Context): void {
  c.skip(4);
  const policy = readText(c);
  emit({ kind: "field", field: "opcua.policy", value: policy.slice(policy.lastIndexOf("#") + 1) });
  skipBytes(c);
  skipBytes(c);
  if (policy === NO_SECURITY) {
    tellBody(c, emit, at, true);
    return;
  }
  const answers = isAnswer(at);
  const code = SERVICE.openChannel + (answers ? 3 : 0);
  tellOperation(emit, ID, answers ? "response" : "request", code, ["OpenSecureChannel (protected)", "session"]);
}

/** What is protected does not say whether it asks: the direction's hello does, or else the port. */
function isAnswer(at: Context): boolean {
  const side = (at.state ?? 0) & (STATE.client | STATE.server);
  if (side !== 0) return side === STATE.server;
  return PORTS.includes(at.senderPort) && !PORTS.includes(at.receiverPort);
}

/** A message's first chunk. A channel's end is asked for in a message of its own kind, protected or not. */
function tellMessage(c: Cursor, closes: boolean, whole: boolean, emit: Emit, at: Context): void {
  c.skip(8); // channel, token
  if (isClear(c)) tellBody(c, emit, at, whole);
  else if (closes) tellOperation(emit, ID, "request", 452, ["CloseSecureChannel (protected)", "session"]);
  else tellOperation(emit, ID, isAnswer(at) ? "response" : "request", "protected", ["protected message", "unknown"]);
}

/** Behind number and request: a node id of four bytes in namespace 0, and a service that is known. */
function isClear(c: Cursor): boolean {
  const at = c.pos + 8;
  if (c.left < 12 || c.buf[at] !== 1 || c.buf[at + 1] !== 0) return false;
  const id = c.buf[at + 2]! | (c.buf[at + 3]! << 8);
  return id === SERVICE_FAULT || SERVICES.has(id) || requestOf(id) !== 0;
}

/** Number, request, type id, header, and of some services what they are about. */
function tellBody(c: Cursor, emit: Emit, at: Context, whole: boolean): void {
  c.part = "message";
  c.skip(4);
  const id = String(c.u32le());
  const node = readNodeId(c);
  const type = Number(/^i=(\d+)$/.exec(node)?.[1] ?? -1);
  const service = SERVICES.get(type);
  if (service !== undefined) {
    tellRole("client", `${service[0]} request`, emit, at);
    tellRequest(c, type, service[0], service[1], id, whole, emit);
    return;
  }
  const request = requestOf(type);
  const answered = SERVICES.get(request);
  const known = answered !== undefined || type === SERVICE_FAULT;
  if (!known) {
    tellOperation(emit, ID, isAnswer(at) ? "response" : "request", node, [`type ${node}`, "unknown"], { id });
    return;
  }
  const name = answered?.[0] ?? "ServiceFault";
  tellRole("server", `${name} response`, emit, at);
  const said: { failed: boolean; answer?: string } = { failed: type === SERVICE_FAULT };
  try {
    const error = readHeader(c);
    if (error >= BAD) {
      said.failed = true;
      said.answer = `status ${status(error)}`;
      emit({ kind: "field", field: "opcua.error", value: status(error) });
    } else if (whole) {
      const bad = readAnswer(c, request);
      if (bad !== null) Object.assign(said, { failed: true, answer: `status ${status(bad)}` });
    }
  } finally {
    tellOperation(emit, ID, "response", type, [name, answered?.[1] ?? "session"], { id, ...said });
  }
  if (request === SERVICE.openChannel && !said.failed) emit({ kind: "up" });
  if (whole && !said.failed) tellServer(c, request, emit);
}
const BAD = 0x8000_0000;

function tellRequest(
  c: Cursor,
  type: number,
  name: string,
  usual: OperationClass,
  id: string,
  whole: boolean,
  emit: Emit,
): void {
  const nodes: string[] = [];
  let count = 0;
  let class_: OperationClass = usual;
  try {
    skipRequestHeader(c);
    if (type === SERVICE.read) {
      c.skip(12); // age, which times
      count = readCount(c);
      for (let i = 0; i < count && i < MOST_NODES; i++) nodes.push(readValueId(c));
      if (count > 0 && count === nodes.length && nodes.every(isIdentity)) class_ = "identify";
    } else if (type === SERVICE.write) {
      count = readCount(c);
      if (count > 0) nodes.push(readNodeId(c)); // the next ones stand behind a value
    } else if (type === SERVICE.call) {
      count = readCount(c);
      if (count > 0) {
        const object = readNodeId(c);
        const method = readNodeId(c);
        nodes.push(`${object} method ${method}`);
        if (count === 1 && ASKING_METHODS.includes(method)) class_ = "read";
      }
    } else if (type === SERVICE.browse) {
      readNodeId(c);
      c.skip(8 + 4 + 4); // of the view its time and version; most references
      count = readCount(c);
      if (count > 0) nodes.push(readNodeId(c));
    }
  } catch (fault) {
    if (whole) throw fault; // of a message in several chunks the first one ends somewhere
  } finally {
    const target = joinTargets(nodes.slice(0, MOST_TARGETS), count > Math.min(nodes.length, MOST_TARGETS));
    tellOperation(emit, ID, "request", type, [name, class_], { target, id });
  }
}
const MOST_NODES = 64;

/** Node, attribute, index range, encoding. */
function readValueId(c: Cursor): string {
  const node = readNodeId(c);
  c.skip(4);
  skipBytes(c);
  c.skip(2);
  skipBytes(c);
  return node;
}
