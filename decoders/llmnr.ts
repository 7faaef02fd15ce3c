/**
 * Link-Local Multicast Name Resolution: hosts of Windows ask their neighbours for names of one label.
 * RFC 4795. The wire form is DNS's (shared/dns-message.ts), with other flags:
 *
 *     │QR│ opcode │C│TC│T│ zero 4 │ rcode │      C: several hosts claim the name · T: not yet sure of it
 *
 * The question goes to 224.0.0.252 or ff02::1:3, the answer comes from the host's own address and repeats the question.
 * On port 5355 a message that begins with a whole question is LLMNR; elsewhere all of it has to be right and the name has
 * to be one label, which DNS is never asked for without recursion.
 *
 * Does not cover: which multicast question an answer belongs to (it stands in a flow of its own).
 */

import type { Cursor } from "../src/decode/cursor.ts";
import type { Context, Emit } from "../src/decode/decoder.ts";
import { type Decoder, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { isKnownType, rcodeName, typeName } from "./shared/dns-codes.ts";
import { countsHold, kinOf, readKin, tellKinEnd } from "./shared/dns-kin.ts";
import { HEADER_LENGTH, readHeader } from "./shared/dns-message.ts";

const PORT = 5355;

export const llmnr: Decoder = {
  id: "llmnr",
  title: "Link-Local Multicast Name Resolution",
  specs: ["RFC 4795"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [
    { field: "llmnr.conflict", about: "several hosts claim the name: yes" },
    { field: "llmnr.tentative", about: "the host is not sure yet that the name is its own: yes" },
  ],
  opens: { stream: [[0, 0x3f]] },
  forms: {
    stream: [
      {
        first: [[0, 0x3f]],
        bytes: [
          [5, 0xf0, 0],
          [7, 0xff, 1],
        ],
      },
    ],
    datagram: [
      {
        first: [[0, 255]],
        least: HEADER_LENGTH,
        bytes: [
          [2, 0x78, 0],
          [3, 0xf0, 0],
          [4, 0xff, 0],
          [5, 0xff, 1],
        ],
      },
    ],
  },
  everyMessage: true,

  looksDatagram: looks,
  datagram: message,

  looksStream(buf, off, len) {
    if (buf[off]! > 0x3f) return false; // names of a link are short
    return len >= 2 && ((buf[off]! << 8) | buf[off + 1]!) < HEADER_LENGTH ? false : looks(buf, off + 2, len - 2, true);
  },

  stream(c, emit, at) {
    const length = c.u16();
    if (c.left < HEADER_LENGTH) return STREAM_MORE;
    if (!looks(c.buf, c.pos, Math.max(length, HEADER_LENGTH))) return STREAM_NO;
    if (c.left < length && c.cutOff === 0) return STREAM_MORE;
    const outer = c.enter(length, "message");
    const { start } = c;
    c.start = c.pos; // pointers count from the message's own first byte
    const ours = message(c, emit, at);
    c.start = start;
    c.leave(outer);
    return ours ? c.at : STREAM_NO;
  },
};

/** One question, as every message has; opcode and the four bits behind T are zero. `begun`: what is not there may follow. */
function looks(buf: Uint8Array, off: number, len: number, begun = false): boolean {
  if (len < HEADER_LENGTH && !begun) return false;
  if (len > 3 && ((buf[off + 2]! & 0x78) !== 0 || (buf[off + 3]! & 0xf0) !== 0)) return false;
  return len < 6 || (buf[off + 4] === 0 && buf[off + 5] === 1);
}

/** One message between the cursor and its end. False where it is none. */
function message(c: Cursor, emit: Emit, at: Context): boolean {
  const strict = at.senderPort !== PORT && at.receiverPort !== PORT;
  const missing = at.transport === "udp" ? c.cutOff : 0;
  const h = readHeader(c);
  if (!countsHold(h, c.left + missing) || (!h.response && h.rcode !== 0)) return false;
  const said = readKin(c, h);
  const [question] = said.questions;
  if (question === undefined) return false;
  const { name, type } = question;
  if (strict) {
    if (said.fault !== null && !(said.fault.what === "short" && missing > 0)) return false;
    if (kinOf(h, name, type) !== "llmnr" || !isKnownType(type)) return false;
    if (h.response ? said.answers.length === 0 : h.answers > 0) return false;
  }
  emit({ kind: "role", sender: h.response ? "server" : "client", why: `LLMNR QR ${h.response ? 1 : 0}` });
  if (h.authoritative) emit({ kind: "field", field: "llmnr.conflict", value: "yes" });
  if (h.recursion) emit({ kind: "field", field: "llmnr.tentative", value: "yes" });
  if (h.response) {
    const partial = h.truncated || said.fault !== null || said.capped;
    const rcode = rcodeName(h.rcode);
    emit({ kind: "answer", id: h.id, name, type: typeName(type), rcode, partial, records: said.answers });
  } else {
    emit({ kind: "query", id: h.id, name, type: typeName(type) });
  }
  emit({ kind: "message", what: h.response ? "response" : "request", id: String(h.id) });
  if (!h.response && at.transport === "udp")
    emit({ kind: "expect-flow", app: "llmnr", transport: "udp", address: null, port: null, id: String(h.id) });
  return tellKinEnd(said, emit);
}
