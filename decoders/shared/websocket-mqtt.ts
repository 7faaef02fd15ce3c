/**
 * MQTT inside WebSocket (MQTT 3.1.1 and 5.0, section 6): packets in binary frames, of which one may hold several packets or a
 * part of one; some clients send each field of a packet in a frame of its own.
 *
 *     │ head │ packet · packet · PUBLISH topic │ head │ payload … │ head │ payload · packet │
 *     └──────┴─ masked as a whole ─────────────┴──────┴───────────┴──────┴──────────────────┘
 *
 * Frames are taken whole, up to one with which a packet ends. What is published is not held: a payload that ends with its
 * frame is passed over as it comes.
 */
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import { type Context, type Emit, STREAM_MORE, STREAM_NO } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { mqtt, PAYLOAD } from "../mqtt.ts";
import { OPCODE, readFrameHead } from "./websocket-frame.ts";

/** Bytes of a frame that is not whole in which the beginning of a PUBLISH is looked for. */
const LOOKED_AT = 4 << 10;
/** What may be there of a packet without its end, as bytes and as frames; a payload is not counted. */
const LONGEST_PACKET = 16 << 10;
const MOST_FRAMES = 64;

/** A direction's state: below PAYLOAD MQTT's own; whether a payload ends the frame that is open; what is left of it. */
const IN_FRAME = PAYLOAD;
const LEFT = 2 * PAYLOAD;

/** For packets out of their frames; used and done with within one call. */
const PACKETS = new Cursor();

/**
 * Frames from a boundary on, or what comes of a payload. `at.state` is as above, `at.peerStarted` says that both ends agreed
 * on MQTT. Returns the bytes that were taken, or STREAM_NO, where not `at.started`, for what is no MQTT; short while a
 * packet is not whole.
 */
export function readMqttFrames(c: Cursor, emit: Emit, at: Context): number {
  const begun = c.pos;
  const state = at.state ?? 0;
  let left = Math.floor(state / LEFT);
  const its: Context = { ...at, state: state % IN_FRAME, lost: 0 };
  const keep = (payload: number, inFrame = false): number => {
    at.state = ((its.state ?? 0) % PAYLOAD) + (inFrame ? IN_FRAME : 0) + payload * LEFT;
    return c.pos - begun;
  };
  if (state % LEFT >= IN_FRAME) {
    c.pos += Math.min(left, c.left);
    return keep(left - (c.pos - begun), left > c.pos - begun);
  }
  let held: Uint8Array = new Uint8Array(0);
  for (let frames = 0; frames < MOST_FRAMES && held.length <= LONGEST_PACKET; frames++) {
    const head = readFrameHead(c);
    if (head === null || head.opcode === OPCODE.text || head.compressed) return refuse(c, at);
    const { length } = head;
    if (head.opcode >= OPCODE.close) {
      c.skip(length);
      if (held.length === 0 && at.started) return keep(left);
      continue;
    }
    if (left > 0 && length === left) return keep(left, true);
    if (left > 0 && length <= left) {
      c.skip(length);
      return keep(left - length);
    }
    const whole = length <= c.left;
    if (!whole && left > 0) c.short(length);
    const there = whole ? length : Math.min(LOOKED_AT, c.left);
    held = concat(held, unmasked(c, head.mask, left, there));
    left = 0;
    const used = readPackets(held, emit, its);
    if (used < 0) return refuse(c, at);
    held = held.subarray(used);
    if (held.length === 0 && its.started) {
      const payload = Math.floor((its.state ?? 0) / PAYLOAD);
      const isRest = payload === length - there;
      c.pos += whole || isRest ? there : 0;
      if (whole || isRest) return keep(payload, payload > 0 && isRest);
    }
    c.skip(length);
  }
  return c.bad(`an MQTT packet without its end in ${MOST_FRAMES} frames or ${LONGEST_PACKET} bytes`);
}

function refuse(c: Cursor, at: Context): number {
  return at.started ? c.bad("no frame of MQTT") : STREAM_NO;
}

/** Bytes of all packets that are whole; -1 where they are no MQTT. `its.started` from the first packet on. */
function readPackets(held: Uint8Array, emit: Emit, its: Context): number {
  let used = 0;
  while (used < held.length) {
    PACKETS.set(held, used, held.length - used);
    if (!its.started && mqtt.looksStream?.(held, used, held.length - used) !== true) return -1;
    const said: Fact[] = [];
    let taken = STREAM_MORE;
    try {
      taken = mqtt.stream?.(PACKETS, (fact) => said.push(fact), its) ?? STREAM_NO;
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (fault.what === "malformed" && !its.started) return -1;
      if (fault.what === "malformed") throw fault;
    }
    if (taken === STREAM_MORE) return used;
    if (taken < 0) return -1;
    for (const fact of said) emit(fact);
    its.started = true;
    used += taken;
  }
  return used;
}

/** A copy of the payload at the cursor from `from` to before `to`, without its mask; the cursor stays. */
function unmasked({ buf, pos }: Cursor, mask: number, from: number, to: number): Uint8Array {
  const bytes = buf.slice(pos + from, pos + to);
  if (mask >= 0) for (let i = 0; i < bytes.length; i++) bytes[i]! ^= buf[mask + ((from + i) & 3)]!;
  return bytes;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
