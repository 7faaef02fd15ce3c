/**
 * WebSocket where the capture begins amid a connection. One that is captured from its start is HTTP, with this inside.
 * RFC 6455, compression RFC 7692.
 *
 *     ┌───┬───┬────────┬────┬────────┬──────────────────┬─────────────┬─────────┐
 *     │FIN│RSV│ opcode │MASK│ length │ extended length  │ masking key │ payload │
 *     └─1─┴─3─┴───4────┴─1──┴───7────┴─ 126: 2, 127: 8 ─┴─ MASK: 4 ───┴─────────┘
 *
 * Its frames carry no mark of their own, so it is believed only where whole frames fill the bytes to their end and one
 * of them, its mask taken off, is text; or where one holds a packet of MQTT, which is read on. Only clients mask: that
 * tells who is who.
 *
 * Does not cover: compressed and other binary messages (never proof), messages over several frames, what else runs inside.
 */
import { type Cursor, Fault } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import type { Fact } from "../src/decode/facts.ts";
import { looksLikeFrame, OPCODE, readFrameHead, readPayload } from "./shared/websocket-frame.ts";
import { readMqttFrames } from "./shared/websocket-mqtt.ts";

/** Text this long and longer is no accident: 14 bytes of chance are printable once in a million times. */
const PROVING_TEXT = 14;

export const websocket: Decoder = {
  id: "websocket",
  title: "WebSocket, joined mid-stream",
  specs: ["RFC 6455", "RFC 7692"],
  ports: {},
  fields: [
    { field: "websocket.frame", about: "a kind that is among the first frames: text, binary, ping, pong, close …" },
    { field: "websocket.compression", about: "permessage-deflate, where a message is compressed (RFC 7692)" },
    { field: "websocket.close", about: "why an end closes: the status code (RFC 6455 section 7.4)" },
  ],
  opens: { stream: [0x01, 0x02, 0x41, 0x42, 0x81, 0x82, [0x88, 0x8a], 0xc1, 0xc2] },
  everyMessage: true,

  looksStream: (buf, off, len) => (buf[off]! & 15) !== OPCODE.continuation && looksLikeFrame(buf, off, len),

  stream(c, emit, at) {
    if (at.started) return (at.lost ?? 0) > 0 ? STREAM_DONE : readMqttFrames(c, emit, at);
    if (at.fromStart) return STREAM_NO;
    const taken = joinsMqtt(c, emit, at);
    if (taken !== STREAM_NO) return taken;
    let masked: boolean | null = null;
    let proved = false;
    let compressed = false;
    let close = -1;
    const kinds = new Set<string>();
    while (c.left > 0) {
      const head = readFrameHead(c);
      if (head === null || head.length > c.left) return STREAM_NO; // a part is no proof, and nothing is worth waiting for
      if (masked !== null && masked !== head.masked) return STREAM_NO;
      masked = head.masked;
      const payload = readPayload(c, head);
      kinds.add(KINDS.get(head.opcode)!);
      compressed ||= head.compressed;
      if (head.opcode === OPCODE.close && payload.length >= 2) close = (payload[0]! << 8) | payload[1]!;
      if (head.opcode !== OPCODE.text || head.compressed) continue;
      if (!payload.every(isTextByte)) return STREAM_NO;
      proved ||= head.final && payload.length >= PROVING_TEXT && payload.every(isPlain);
    }
    if (!proved) return STREAM_NO;
    emit({ kind: "role", sender: masked ? "client" : "server", why: `WebSocket ${masked ? "masked" : "plain"} frame` });
    for (const value of kinds) emit({ kind: "field", field: "websocket.frame", value });
    if (compressed) emit({ kind: "field", field: "websocket.compression", value: "permessage-deflate" });
    if (close >= 0) emit({ kind: "field", field: "websocket.close", value: close });
    return STREAM_DONE;
  },
};

const KINDS: ReadonlyMap<number, string> = new Map(Object.entries(OPCODE).map(([kind, opcode]) => [opcode, kind]));

/** Frames of MQTT from here on; STREAM_NO where the first packet does not prove it, or is not whole. */
function joinsMqtt(c: Cursor, emit: Emit, at: Context): number {
  const begun = c.pos;
  const said: Fact[] = [{ kind: "inner", app: "mqtt" }];
  let taken = STREAM_NO;
  try {
    taken = readMqttFrames(c, (fact) => said.push(fact), at);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
  }
  if (taken === STREAM_NO) c.pos = begun;
  else for (const fact of said) emit(fact);
  return taken;
}

/** Any byte of UTF-8 but most control codes. */
const isTextByte = (b: number): boolean => b >= 32 || (b >= 9 && b <= 13);
const isPlain = (b: number): boolean => isTextByte(b) && b < 127;
