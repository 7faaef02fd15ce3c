/**
 * WireGuard: a tunnel between two hosts that know each other's keys.
 * "WireGuard: Next Generation Kernel Network Tunnel", section 5.4. Numbers are little-endian.
 *
 *     1 initiation  148 bytes: type 1, zero 3, sender 4, ephemeral key 32, static key 48, time 28, MACs 16 + 16
 *     2 response     92 bytes: type 1, zero 3, sender 4, receiver 4, ephemeral key 32, nothing 16, MACs 16 + 16
 *     3 cookie       64 bytes: type 1, zero 3, receiver 4, nonce 24, cookie 32
 *     4 data              type 1, zero 3, receiver 4, counter 8, packet padded to 16, tag 16
 *
 * Type, the three zeros and the exact length prove a handshake. Data show little: three in a row to one receiver with
 * counters that rise by little, or a flow that is known.
 *
 * Does not cover: everything encrypted, which is all that is said.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, DATAGRAM_MORE, type DatagramResult, type Decoder, type Emit } from "../src/decode/decoder.ts";

const TYPE = { initiation: 1, response: 2, cookie: 3, data: 4 } as const;
const NAMES = ["", "initiation", "response", "cookie", "data"];
const LENGTHS = [0, 148, 92, 64];
const DATA_LEAST = 32;
const DATA_HEAD = 16;
/** Data in a row that prove it, and how far their counters may be apart: packets may be lost on the way. */
const ENOUGH = 3;
const MOST_LOST = 64;

export const wireguard: Decoder = {
  id: "wireguard",
  title: "WireGuard",
  specs: ["WireGuard: Next Generation Kernel Network Tunnel"],
  ports: { udp: [51820] },
  fields: [{ field: "wireguard.type", about: "initiation, response, cookie or data" }],
  opens: { datagram: [[1, 4]] },
  forms: {
    datagram: [
      {
        first: [[TYPE.initiation, TYPE.data]],
        least: DATA_HEAD,
        bytes: [
          [1, 0xff, 0],
          [2, 0xff, 0],
          [3, 0xff, 0],
        ],
      },
    ],
  },
  everyMessage: false,

  looksDatagram(buf, off, len) {
    const type = buf[off]!;
    if (len < DATA_HEAD || type < TYPE.initiation || type > TYPE.data) return false;
    return buf[off + 1] === 0 && buf[off + 2] === 0 && buf[off + 3] === 0;
  },

  datagram(c, emit, at) {
    const size = c.left + c.cutOff;
    const type = c.u8();
    c.skip(3);
    if (type === TYPE.data) return data(c, size, emit, at);
    if (size !== LENGTHS[type] || hasRun(c)) return false;
    const first = c.hex(4);
    const client = type === TYPE.initiation;
    // A response and a cookie carry the number that the initiation gave its sender.
    const id = type === TYPE.response ? c.hex(4) : first;
    emit({ kind: "role", sender: client ? "client" : "server", why: `WireGuard ${NAMES[type]}` });
    emit({ kind: "field", field: "wireguard.type", value: NAMES[type]! });
    emit({ kind: "message", what: client ? "request" : "response", id });
    if (c.cutOff > 0) c.short(c.left + c.cutOff);
    return true;
  },
};

/** Keys and what is encrypted are random: eight equal bytes in a row are another protocol's. */
function hasRun(c: Cursor): boolean {
  const keys = Math.min(c.end, c.start + 60); // the last MAC is zero where no cookie was given
  let run = 1;
  for (let i = c.start + 9; i < keys; i++) {
    run = c.buf[i] === c.buf[i - 1] ? run + 1 : 1;
    if (run >= 8) return true;
  }
  return false;
}

function data(c: Cursor, size: number, emit: Emit, at: Context): DatagramResult {
  if (size < DATA_LEAST || (size - DATA_LEAST) % 16 !== 0) return false;
  if (!at.peerStarted) {
    // Others may have been kept for another decoder, which found them plausible.
    const before = at.before?.filter((bytes) => bytes[0] === TYPE.data && bytes.length >= DATA_HEAD) ?? [];
    const last = before.at(-1);
    const here = c.buf.subarray(c.start, c.start + DATA_HEAD);
    if (last !== undefined && !follows(last, here)) return false;
    if (before.length + 1 < ENOUGH) return DATAGRAM_MORE;
  }
  emit({ kind: "field", field: "wireguard.type", value: "data" });
  return true;
}

/** The same receiver, and a counter that is a little higher. */
function follows(last: Uint8Array, here: Uint8Array): boolean {
  for (let i = 4; i < 8; i++) if (last[i] !== here[i]) return false;
  for (let i = 12; i < 16; i++) if (last[i] !== here[i]) return false;
  const step = counterOf(here) - counterOf(last);
  return step > 0 && step <= MOST_LOST;
}

const counterOf = (head: Uint8Array): number =>
  (head[8]! | (head[9]! << 8) | (head[10]! << 16) | (head[11]! << 24)) >>> 0;
