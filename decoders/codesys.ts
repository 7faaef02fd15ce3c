/**
 * CODESYS V3: programs controllers of many makers, and reads and writes them. Not public; what researchers published:
 * Kaspersky ICS CERT, "Security research: CODESYS Runtime", 2019.
 *
 *     TCP  ┌─────────────────┬──────────┐ datagram ┌──────┬──────┬──────┬─────────┬─────────┬─────────┬───────────┬─────┐
 *          │ 00 01 17 e8     │ length 4 │          │ 0xc5 │ hops │ flags│ service │ message │ lengths │ addresses │ pad │
 *          └─────────────────┴──────────┘          └──1───┴──1───┴──1───┴────1────┴────1────┴────1────┴───────────┴─────┘
 *     service 0x40: a channel: kind 1, flags 1, … · kind 1: channel 2, block 4, acknowledged 4, size 4, sum 4, then
 *     ┌──────────┬─────────────┬───────┬─────────┬─────────┬────────┐ 0xcd55 in clear, 0x7557 secured · a group's bit 7:
 *     │ protocol │ header size │ group │ service │ session │ size   │ an answer. Numbers have their lowest byte first
 *     └────2─────┴──────2──────┴───2───┴────2────┴────4────┴───4────┘
 *
 * Over TCP the magic proves it; over UDP the datagram's header counts on its ports only. Operations: `GROUP/SERVICE`. But
 * for a few of the device's own, which are published, services are `unknown`, as are blocks that carry on a message.
 *
 * Does not cover: CODESYS V2 (1200, 2455), tags inside services, names in answers.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const UDP_PORTS = [1740, 1741, 1742, 1743];
const TCP_PORTS = [11_740, 11_741, 11_742, 11_743];
const MAGIC = [0x00, 0x01, 0x17, 0xe8];
const TCP_HEADER_LENGTH = 8;
const LONGEST = 8192;
const DATAGRAM = 0xc5;
/** The words that the hops' lower bits count: magic to lengths. */
const HEADER_WORDS = 3;

const SERVICE = { addressRequest: 1, addressAnswer: 2, nameServer: 3, nameClient: 4, channel: 0x40 } as const;
const DATAGRAMS: ReadonlyMap<number, readonly [meaning: Meaning, answer: boolean]> = new Map<
  number,
  readonly [Meaning, boolean]
>([
  [SERVICE.addressRequest, [["Address Notification", "discover"], false]],
  [SERVICE.addressAnswer, [["Address Notification", "discover"], true]],
  [SERVICE.nameServer, [["Name Service", "discover"], false]],
  [SERVICE.nameClient, [["Name Service", "discover"], true]],
]);

const BLOCK = 1;
/** Kinds of a channel's messages: what, and whether it answers. */
const CHANNEL: ReadonlyMap<number, readonly [operation: string, answer: boolean]> = new Map<
  number,
  readonly [string, boolean]
>([
  [2, ["Acknowledge", false]],
  [3, ["Keep Alive", false]],
  [0xc2, ["Channel Info", false]],
  [0x82, ["Channel Info", true]],
  [0xc3, ["Open Channel", false]],
  [0x83, ["Open Channel", true]],
  [0xc4, ["Close Channel", false]],
]);
const PROTOCOL = { clear: 0xcd55, secured: 0x7557 } as const;
const ANSWER = 0x80;
/** Group 1, the device. */
const DEVICE = 1;
const DEVICE_SERVICES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x01, ["Get Target Identity", "identify"]],
  [0x02, ["Login", "session"]],
  [0x03, ["Logout", "session"]],
  [0x0a, ["Create Session", "session"]],
]);

export const codesys: Decoder = {
  id: "codesys",
  title: "CODESYS V3",
  specs: ["Kaspersky ICS CERT, Security research: CODESYS Runtime"],
  ports: { udp: UDP_PORTS, tcp: TCP_PORTS },
  fields: [],
  everyMessage: true,
  opens: { datagram: [DATAGRAM], stream: [0] },

  looksDatagram: (buf, off, len) => len >= 6 && isDatagram(buf, off),

  datagram(c, emit, at) {
    if (!isOnPort(at) && !at.peerStarted) return false;
    return layer(c, 0, emit);
  },

  looksStream(buf, off, len) {
    for (let i = 0; i < 4 && i < len; i++) if (buf[off + i] !== MAGIC[i]) return false;
    return true;
  },

  stream(c, emit) {
    if (!codesys.looksStream!(c.buf, c.pos, c.left)) return STREAM_NO;
    c.skip(4);
    const whole = c.u32le();
    if (whole < TCP_HEADER_LENGTH + 6 || whole > LONGEST) return STREAM_NO;
    if (c.end - c.start < whole && c.cutOff === 0) return STREAM_MORE;
    const cut = c.end - c.start < whole;
    const outer = cut ? c.end : c.enter(whole - TCP_HEADER_LENGTH, "datagram");
    if (!isDatagram(c.buf, c.pos) || !layer(c, TCP_HEADER_LENGTH, emit)) return STREAM_NO;
    if (cut) c.short(whole - c.at);
    c.leave(outer);
    return whole;
  },
};

const isOnPort = ({ senderPort, receiverPort }: Context): boolean =>
  UDP_PORTS.includes(senderPort) || UDP_PORTS.includes(receiverPort);

function isDatagram(buf: Uint8Array, off: number): boolean {
  const service = buf[off + 3]!;
  return (
    buf[off] === DATAGRAM &&
    (buf[off + 1]! & 7) === HEADER_WORDS &&
    (service === SERVICE.channel || DATAGRAMS.has(service))
  );
}

/** The datagram layer; `before`: bytes in front of it, with which it is padded to a multiple of 4. */
function layer(c: Cursor, before: number, emit: Emit): boolean {
  c.part = "datagram";
  const from = c.pos;
  c.skip(3);
  const service = c.u8();
  c.skip(1);
  const lengths = c.u8();
  const addresses = 2 * ((lengths >> 4) + (lengths & 15));
  if (c.left + c.cutOff < addresses) return false;
  c.skip(addresses);
  const pad = (before + c.pos - from) % 4;
  if (pad > 0 && c.left > 0) c.skip(pad);
  if (service === SERVICE.channel) channel(c, emit);
  else {
    const [meaning, answer] = DATAGRAMS.get(service)!;
    emit({ kind: "role", sender: answer ? "server" : "client", why: `CODESYS ${meaning[0]}` });
    tellOperation(emit, "codesys", answer ? "response" : "request", `datagram:${service}`, meaning);
  }
  c.skip(c.left + c.cutOff);
  return true;
}

function channel(c: Cursor, emit: Emit): void {
  c.part = "channel";
  const kind = c.u8();
  if (kind === BLOCK) {
    c.skip(1);
    services(c, emit);
    return;
  }
  const [operation, answer] = CHANNEL.get(kind) ?? [unknownCode("Channel Message", kind)[0], false];
  const class_ = CHANNEL.has(kind) ? "session" : "unknown";
  if (kind > 3) emit({ kind: "role", sender: answer ? "server" : "client", why: `CODESYS ${operation}` });
  tellOperation(emit, "codesys", answer ? "response" : "request", `channel:${kind}`, [operation, class_]);
}

/** A block that begins a message has a service's header; any other carries one on. */
function services(c: Cursor, emit: Emit): void {
  c.part = "block";
  const channelId = c.u16le();
  c.skip(4 + 4);
  const begins = c.left >= 8 + 12 ? c.buf[c.pos + 8]! | (c.buf[c.pos + 9]! << 8) : 0;
  if (begins !== PROTOCOL.clear && begins !== PROTOCOL.secured) {
    if (c.left < 8 + 12 && c.cutOff > 0) c.short(8 + 12);
    tellOperation(emit, "codesys", "request", "block", ["Block of a message", "unknown"]);
    return;
  }
  c.skip(8 + 4);
  const group = c.u16le();
  const service = c.u16le();
  const session = c.u32le();
  const answer = (group & ANSWER) !== 0;
  const of = group & ~ANSWER;
  const secured = begins === PROTOCOL.secured;
  const known = !secured && of === DEVICE ? DEVICE_SERVICES.get(service) : undefined;
  const operation = secured ? "Secured Service" : (known?.[0] ?? `Service ${of}/${service}`);
  const code = secured ? "secured" : `${of}/${service}`;
  const id = `${channelId}/${session.toString(16)}`;
  emit({ kind: "role", sender: answer ? "server" : "client", why: `CODESYS ${operation}` });
  emit({ kind: "message", what: answer ? "response" : "request", id });
  tellOperation(emit, "codesys", answer ? "response" : "request", code, [operation, known?.[1] ?? "unknown"], { id });
}
