/**
 * MQTT: who publishes what to which broker, and who listens to what.
 * MQTT 3.1 (`MQIsdp`), 3.1.1 and 5.0 (OASIS).
 *
 *     ┌──────────────┬────────────────────┬─────────────────┬─────────┐
 *     │ type 4·flags │ remaining length   │ variable header │ payload │
 *     └──────1───────┴─ 1 to 4, 7 bits ea.┴─────────────────┴─────────┘
 *     1 CONNECT  2 CONNACK  3 PUBLISH  4-7 its acknowledgements  8 SUBSCRIBE  9 SUBACK  10 UNSUBSCRIBE  11 UNSUBACK
 *     12 PINGREQ  13 PINGRESP  14 DISCONNECT  15 AUTH
 *
 * CONNECT proves it. A broker is believed where its CONNACK answers one, or where whole packets follow it; a connection
 * that is joined, where a subscription or a topic stands in it. A payload is passed over as it comes.
 *
 * Does not cover: what is published, properties of version 5 (passed over), passwords (never told).
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import { bounded } from "./shared/bounded.ts";
import { leftBehind } from "./shared/hole.ts";
import { acknowledges, CONNECT_REASONS, MQTT, mqttTypeName, RETURN_CODES_3 } from "./shared/mqtt-codes.ts";
import { tellOperation } from "./shared/operation.ts";

const VERSIONS = new Map([
  [3, "3.1"],
  [4, "3.1.1"],
  [5, "5"],
]);
const MOST_FILTERS = 64;
/** A topic this long is no accident in a connection that is joined. */
const PROVING_TOPIC = 4;

/** A direction's state: who sends (1 client, 2 broker), times 8, plus the version; from `PAYLOAD` on what is left of one. */
const SENDER = { unknown: 0, client: 1, broker: 2 } as const;
export const PAYLOAD = 32;

export const mqtt: Decoder = {
  id: "mqtt",
  title: "MQTT",
  specs: ["MQTT 3.1", "MQTT 3.1.1", "MQTT 5.0"],
  ports: { tcp: [1883] },
  fields: [
    { field: "mqtt.version", about: "the protocol's version that the client speaks: 3.1, 3.1.1 or 5" },
    { field: "mqtt.client-id", about: "the client's name for itself" },
    { field: "mqtt.user", about: "the user's name that the client gives" },
    { field: "mqtt.reason", about: "the broker's answer to CONNECT: success, not authorized …" },
  ],
  forms: {
    stream: [
      { first: [MQTT.connect << 4] },
      {
        first: Array.from({ length: 256 }, (_, byte) => byte).filter(
          (byte) => flagsHold(byte) && byte >> 4 !== MQTT.connect,
        ),
      },
    ],
  },
  everyMessage: true,
  opens: { stream: [[0x10, 0xf0]] },

  looksStream(buf, off, len) {
    const first = buf[off]!;
    if (first === MQTT.connect << 4) return looksLikeConnect(buf, off, len);
    return flagsHold(first) && (len < 2 || first < 0xc0 || buf[off + 1] === 0 || first >> 4 >= MQTT.disconnect);
  },

  stream(c, emit, at) {
    if (!at.started) {
      at.state = 0;
      if (c.left > 0 && c.buf[c.pos]! >> 4 !== MQTT.connect && !joins(c, at)) return STREAM_NO;
      return packet(c, emit, at, true);
    }
    let left = Math.floor((at.state ?? 0) / PAYLOAD);
    const own = (at.state ?? 0) % PAYLOAD;
    left = leftBehind(at, left);
    if (left < 0) return STREAM_DONE;
    at.state = own + Math.max(0, left - c.left) * PAYLOAD;
    return left > 0 ? Math.min(left, c.left) : packet(c, emit, at, false);
  },
};

/** The lower half of a packet's first byte: PUBLISH has flags there, some others a fixed 2, the rest nothing. */
function flagsHold(first: number): boolean {
  const type = first >> 4;
  if (type === MQTT.publish) return (first & 6) !== 6;
  return (
    type > 0 && (first & 15) === (type === MQTT.pubrel || type === MQTT.subscribe || type === MQTT.unsubscribe ? 2 : 0)
  );
}

/** CONNECT's remaining length and the protocol's name behind it, as far as the bytes go. */
function looksLikeConnect(buf: Uint8Array, off: number, len: number): boolean {
  let at = 1;
  while (at < len && at < 5 && buf[off + at]! >= 0x80) at++;
  const name = off + at + 1;
  const end = off + len;
  if (name < end && buf[name] !== 0) return false;
  if (name + 1 < end && buf[name + 1] !== 4 && buf[name + 1] !== 6) return false;
  return name + 3 >= end || (buf[name + 2] === 0x4d && buf[name + 3] === 0x51);
}

/** Seven bits a byte, lowest first; -1 where it is longer than four bytes. */
function readLength(c: Cursor): number {
  let value = 0;
  for (let i = 0, scale = 1; i < 4; i++, scale *= 128) {
    const byte = c.u8();
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  return -1;
}

/**
 * Whether bytes that do not begin with CONNECT are MQTT's: a CONNACK that answers one or is followed by more, or amid a
 * connection a topic or a subscription, and whole packets up to the end of what is there.
 */
function joins(c: Cursor, at: Context): boolean {
  const begun = c.pos;
  const first = c.buf[c.pos]! >> 4;
  const connack = first === MQTT.connack;
  if (at.fromStart && !connack) return false;
  let proved = connack && at.peerStarted;
  for (let packets = 0; c.left > 0 && packets < 8; packets++) {
    const head = c.u8();
    if (!flagsHold(head) || head >> 4 === MQTT.connect) return false;
    const length = readLength(c);
    if (length < 0) return false;
    if (connack && packets === 0 && (length < 2 || (c.left > 0 && c.buf[c.pos]! > 1))) return false;
    const type = head >> 4;
    const topical = type === MQTT.publish || type === MQTT.subscribe || type === MQTT.unsubscribe;
    const end = c.pos + length;
    if (topical && !topicHolds(c, type, length)) return false;
    proved ||= (topical && !connack) || (connack && packets > 0 && end <= c.end && acknowledges(type));
    if (end > c.end) break; // a payload that is still to come
    c.pos = end;
  }
  if (connack && !proved) c.short(c.left + 1);
  c.pos = begun;
  return proved;
}

/** A topic, or the first filter of a subscription, of printable characters. */
function topicHolds(c: Cursor, type: number, length: number): boolean {
  const skipped = type === MQTT.publish ? 0 : 2;
  const begun = c.pos;
  c.skip(skipped);
  const size = c.u16();
  if (size < (type === MQTT.publish ? PROVING_TOPIC : 1) || skipped + 2 + size > length) return false;
  const text = c.text(size);
  c.pos = begun;
  return !text.includes("\\") && (type !== MQTT.publish || !/[+#]/.test(text));
}

/** One packet; of PUBLISH the payload stays in the direction's state. */
function packet(c: Cursor, emit: Emit, at: Context, first: boolean): number {
  c.part = "packet";
  const begun = c.pos;
  const head = c.u8();
  const type = head >> 4;
  const length = readLength(c);
  if (length < 0 || !flagsHold(head)) return first ? STREAM_NO : c.bad("no MQTT packet");
  if (type === MQTT.publish) return publish(c, emit, at, head, length);
  const outer = c.enter(length, mqttTypeName(type).toLowerCase());
  const ours = tell(c, emit, at, type);
  c.leave(outer);
  if (!ours) return first ? STREAM_NO : c.bad("no MQTT packet");
  return c.pos - begun;
}

/** A packet that is whole; false where its own form speaks against it. */
function tell(c: Cursor, emit: Emit, at: Context, type: number): boolean {
  const name = mqttTypeName(type);
  switch (type) {
    case MQTT.connect:
      return connect(c, emit, at);
    case MQTT.connack:
      role(emit, at, SENDER.broker, name);
      connack(c, emit, at);
      return true;
    case MQTT.subscribe:
    case MQTT.unsubscribe:
      role(emit, at, SENDER.client, name);
      filters(c, emit, at, type);
      return true;
    case MQTT.suback:
    case MQTT.unsuback:
      role(emit, at, SENDER.broker, name);
      emit({ kind: "message", what: "response", id: `${name === "SUBACK" ? "subscribe" : "unsubscribe"}/${c.u16()}` });
      return true;
    case MQTT.pingreq:
      role(emit, at, SENDER.client, name);
      return true;
    case MQTT.pingresp:
      role(emit, at, SENDER.broker, name);
      return true;
    default:
      return true;
  }
}

function role(emit: Emit, at: Context, sender: 1 | 2, why: string): void {
  const state = at.state ?? 0;
  if ((state % PAYLOAD) >> 3 === sender) return;
  at.state = state - (state % PAYLOAD) + sender * 8 + (state & 7);
  emit({ kind: "role", sender: sender === SENDER.client ? "client" : "server", why: `MQTT ${why}` });
}

/** 3.1: protocol's name and level, flags, keep-alive; client's name, will, user, password. */
function connect(c: Cursor, emit: Emit, at: Context): boolean {
  const protocol = c.text(c.u16());
  const level = c.u8() & 0x7f; // a bridge sets the highest bit
  if (protocol !== (level === 3 ? "MQIsdp" : "MQTT") || !VERSIONS.has(level)) return false;
  const flags = c.u8();
  c.skip(2);
  emit({ kind: "role", sender: "client", why: "MQTT CONNECT" });
  at.state = SENDER.client * 8 + level;
  emit({ kind: "field", field: "mqtt.version", value: VERSIONS.get(level)! });
  if (level === 5) c.skip(properties(c));
  const client = c.text(c.u16());
  if (client !== "") emit({ kind: "field", field: "mqtt.client-id", value: bounded(client) });
  if ((flags & 4) !== 0) {
    if (level === 5) c.skip(properties(c));
    c.skip(c.u16()); // the will's topic, and what it says
    c.skip(c.u16());
  }
  if ((flags & 0x80) !== 0) emit({ kind: "field", field: "mqtt.user", value: bounded(c.text(c.u16())) });
  emit({ kind: "message", what: "request", id: "connect" });
  return true;
}

/** Bytes of a packet's properties behind their own length. */
function properties(c: Cursor): number {
  const length = readLength(c);
  return length < 0 ? c.bad("properties without a length") : length;
}

function connack(c: Cursor, emit: Emit, at: Context): void {
  c.skip(1);
  const code = c.u8();
  const version5 = c.left > 0;
  if (version5) at.state = (at.state ?? 0) - ((at.state ?? 0) & 7) + 5;
  const reason = (version5 ? CONNECT_REASONS.get(code) : RETURN_CODES_3[code]) ?? `reason ${code}`;
  emit({ kind: "field", field: "mqtt.reason", value: reason });
  if (code === 0) emit({ kind: "message", what: "response", id: "connect" });
  else {
    emit({ kind: "fault", what: "mqtt-reason", code, text: reason });
    emit({ kind: "message", what: "response", id: "connect", failed: true });
  }
}

/** Topic filters of a subscription, or of its end. */
function filters(c: Cursor, emit: Emit, at: Context, type: number): void {
  const id = c.u16();
  if (((at.state ?? 0) & 7) === 5) c.skip(properties(c));
  const name = type === MQTT.subscribe ? "subscribe" : "unsubscribe";
  for (let count = 0; c.left > 0 && count < MOST_FILTERS; count++) {
    const target = bounded(c.text(c.u16()));
    if (type === MQTT.subscribe) c.skip(1);
    operation(emit, type, type === MQTT.subscribe ? "read" : "session", target);
  }
  emit({ kind: "message", what: "request", id: `${name}/${id}` });
}

/** The topic of what a client publishes; a broker's is what the client asked for. */
function publish(c: Cursor, emit: Emit, at: Context, head: number, length: number): number {
  const begun = c.pos;
  const size = c.u16();
  const id = (head & 6) === 0 ? 0 : 2;
  if (size + 2 + id > length) return c.bad("a topic longer than its packet");
  const topic = c.text(size);
  c.skip(id);
  const state = (at.state ?? 0) % PAYLOAD;
  if (state >> 3 === SENDER.client && topic !== "") operation(emit, MQTT.publish, "write", bounded(topic));
  at.state = state + (length - (c.pos - begun)) * PAYLOAD;
  return c.at;
}

function operation(emit: Emit, type: number, kind: "read" | "write" | "session", target: string): void {
  tellOperation(emit, "mqtt", "request", type, [mqttTypeName(type), kind], { target });
}
