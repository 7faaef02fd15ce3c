/**
 * CODESYS V3: programs controllers of many makers, and reads and writes them. Not public; what researchers published:
 * Kaspersky ICS CERT, "Security research: CODESYS Runtime", 2019; A. Galauner's client in Nmap (Rapid7, 2021).
 *
 *     TCP  ┌─────────────────┬──────────┐ datagram ┌──────┬──────┬──────┬─────────┬─────────┬─────────┬───────────┬─────┐
 *          │ 00 01 17 e8     │ length 4 │          │ 0xc5 │ hops │ flags│ service │ message │ lengths │ addresses │ pad │
 *          └─────────────────┴──────────┘          └──1───┴──1───┴──1───┴────1────┴────1────┴────1────┴───────────┴─────┘
 *     the hops' lower bits: words of header up to the addresses, 3, or 4 where a broadcast's number follows the lengths
 *     service 0x40: a channel: kind 1, flags 1, … · kind 1: channel 2, block 4, acknowledged 4, size 4, sum 4, then
 *     ┌──────────┬─────────────┬───────┬─────────┬─────────┬────────┐ 0xcd55 in clear, 0x7557 secured · a group's bit 7:
 *     │ protocol │ header size │ group │ service │ session │ size   │ an answer. Numbers have their lowest byte first
 *     └────2─────┴──────2──────┴───2───┴────2────┴────4────┴───4────┘
 *
 * Over TCP the magic proves it; over UDP the datagram's header counts on its ports only. Operations: `GROUP/SERVICE`. But
 * for a few of the device's own, which are published, services are `unknown`, as are blocks that carry on a message.
 *
 * Does not cover: CODESYS V2 (1200, 2455), tags inside services.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { bounded } from "./shared/bounded.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";
import { readUtf16 } from "./shared/utf16.ts";

const UDP_PORTS = [1740, 1741, 1742, 1743];
const TCP_PORTS = [11_740, 11_741, 11_742, 11_743];
const MAGIC = [0x00, 0x01, 0x17, 0xe8];
const TCP_HEADER_LENGTH = 8;
const LONGEST = 8192;
const DATAGRAM = 0xc5;
/** Words of header, magic to lengths; one more of a broadcast. */
const [HEADER_WORDS, BROADCAST_HEADER_WORDS] = [3, 4];

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
const [OPENED, CLOSE] = [0x83, 0xc4];
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
  fields: [
    {
      field: "codesys.target-id",
      about: "a device's description: the maker's number and the product's, in hexadecimal",
    },
    { field: "codesys.protection", about: "how services are asked for: clear, or secured" },
    { field: "codesys.close-reason", about: "why a channel was not opened, or is closed: a number other than 0" },
  ],
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
  const words = buf[off + 1]! & 7;
  return (
    buf[off] === DATAGRAM &&
    (words === HEADER_WORDS || words === BROADCAST_HEADER_WORDS) &&
    (service === SERVICE.channel || DATAGRAMS.has(service))
  );
}

/** The datagram layer; `before`: bytes in front of it, with which it is padded to a multiple of 4. */
function layer(c: Cursor, before: number, emit: Emit): boolean {
  c.part = "datagram";
  const from = c.pos;
  c.skip(1);
  const words = c.u8() & 7;
  c.skip(1);
  const service = c.u8();
  c.skip(1);
  const lengths = c.u8();
  const addresses = 2 * (words - HEADER_WORDS + (lengths >> 4) + (lengths & 15));
  if (c.left + c.cutOff < addresses) return false;
  c.skip(addresses);
  const pad = (before + c.pos - from) % 4;
  if (pad > 0 && c.left > 0) c.skip(pad);
  if (service === SERVICE.channel) channel(c, emit);
  else {
    const [meaning, answer] = DATAGRAMS.get(service)!;
    emit({ kind: "role", sender: answer ? "server" : "client", why: `CODESYS ${meaning[0]}` });
    emit({ kind: "message", what: answer ? "response" : "request", id: meaning[0] });
    tellOperation(emit, "codesys", answer ? "response" : "request", `datagram:${service}`, meaning);
    if (service === SERVICE.nameClient) identification(c, emit);
  }
  c.skip(c.left + c.cutOff);
  return true;
}

/**
 * A node says who it is: kind 2, version 2, request 4, channels 2, byte order 1, address 1+2, the lengths of three names
 * in characters 2+2+2, type 4, device 4, firmware 4, flags 4, the lengths of serial number and the maker's data 1+1,
 * 10 more; then what has these lengths, names and serial number each with a zero behind it.
 */
function identification(c: Cursor, emit: Emit): void {
  c.part = "identification";
  if (c.u16le() !== IDENTIFICATION || c.u16le() !== IDENTIFICATION_VERSION) return;
  c.skip(4 + 2 + 1 + 1);
  const address = c.u16le();
  const lengths = [c.u16le(), c.u16le(), c.u16le()];
  c.skip(4);
  const target = c.hex(4);
  const version = [c.u8(), c.u8(), c.u8(), c.u8()].reverse().join(".");
  c.skip(4);
  const serialLength = c.u8();
  c.skip(1 + 10);
  emit({ kind: "field", field: "codesys.target-id", value: `0x${bytesTurned(target)}` });
  const told = (what: "name" | "product" | "vendor" | "version" | "serial", value: string): void => {
    if (value !== "") emit({ kind: "asset", what, value, source: "CODESYS name service" });
  };
  told("version", version);
  c.skip(address);
  for (const [i, what] of (["name", "product", "vendor"] as const).entries()) {
    c.need(2 * lengths[i]! + 2);
    told(what, bounded(readUtf16(c, 2 * lengths[i]! + 2).trim()));
  }
  if (serialLength > 0) told("serial", c.text(serialLength).trim());
}
const IDENTIFICATION = 0xc280;
const IDENTIFICATION_VERSION = 0x0400;
const bytesTurned = (hex: string): string => hex.match(/../g)!.reverse().join("");

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
  if (kind === CLOSE || kind === OPENED) closeReason(c, kind, emit);
}

/** Flags 1, version 2, sum 4, then of an answer its request's number 4 and the reason 2, of a close the channel 2 and the reason 2. */
function closeReason(c: Cursor, kind: number, emit: Emit): void {
  const before = 1 + 2 + 4 + (kind === OPENED ? 4 : 2);
  c.need(before + 2);
  c.skip(before);
  const value = c.u16le();
  if (value !== 0) emit({ kind: "field", field: "codesys.close-reason", value });
}

/** Whose service a group's are. */
const COMPONENTS: ReadonlyMap<number, string> = new Map([
  [0x01, "CmpDevice"],
  [0x02, "CmpApp"],
  [0x04, "CmpVisuServer"],
  [0x05, "CmpLog"],
  [0x06, "CmpSettings"],
  [0x07, "SysEthernet"],
  [0x08, "CmpFileTransfer"],
  [0x09, "CmpIecVarAccess"],
  [0x0b, "CmpIoMgr"],
  [0x0c, "CmpUserMgr"],
  [0x0f, "CmpTraceMgr"],
  [0x11, "PlcShell"],
  [0x12, "CmpAppBP"],
  [0x13, "CmpAppForce"],
  [0x18, "CmpAlarmManager"],
  [0x1b, "CmpMonitor"],
  [0x1d, "CmpCodeMeter"],
  [0x1f, "CmpCoreDump"],
  [0x22, "CmpOpenSSL"],
]);

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
  emit({ kind: "field", field: "codesys.protection", value: secured ? "secured" : "clear" });
  const known = !secured && of === DEVICE ? DEVICE_SERVICES.get(service) : undefined;
  const operation = secured ? "Secured Service" : (known?.[0] ?? `${COMPONENTS.get(of) ?? "Service"} ${of}/${service}`);
  const code = secured ? "secured" : `${of}/${service}`;
  const id = `${channelId}/${session.toString(16)}`;
  emit({ kind: "role", sender: answer ? "server" : "client", why: `CODESYS ${operation}` });
  emit({ kind: "message", what: answer ? "response" : "request", id });
  tellOperation(emit, "codesys", answer ? "response" : "request", code, [operation, known?.[1] ?? "unknown"], { id });
}
