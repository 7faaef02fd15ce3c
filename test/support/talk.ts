/** What programs say to each other, for tests: messages of TLS, DNS, STUN and NTP, and whole TCP connections of frames. */
import { parseAddress } from "../../src/address.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { type TcpFields, tcpFrame, udpFrame } from "./frames.ts";
import { ascii, concat } from "./hex.ts";
import { bytes, u16, u32 } from "./packets.ts";

// ---- TLS (RFC 8446)

export function clientHello(name: string | null, options: { ech?: boolean; alpn?: string } = {}): Uint8Array {
  const extensions: Uint8Array[] = [];
  if (name !== null) {
    const host = concat([bytes(0), sized(2, ascii(name))]);
    extensions.push(u16(0), sized(2, sized(2, host)));
  }
  if (options.alpn !== undefined) extensions.push(u16(16), sized(2, sized(2, sized(1, ascii(options.alpn)))));
  if (options.ech === true)
    extensions.push(u16(0xfe0d), sized(2, concat([bytes(0), u16(1), u16(1), bytes(7), u16(0), u16(0)])));
  const suites = sized(2, u16(0xc02f));
  const body = [u16(0x0303), new Uint8Array(32).fill(7), bytes(0), suites, bytes(1, 0), sized(2, concat(extensions))];
  return handshake(1, concat(body));
}

/** TLS 1.2 unless given: the number on the wire. */
export function serverHello(version = 0x0303): Uint8Array {
  return handshake(2, concat([u16(version), new Uint8Array(32).fill(9), bytes(0), u16(0xc02f), bytes(0)]));
}

/** Change of cipher, and a first protected record: the sender's part of the handshake is done. */
export function upRecords(): Uint8Array {
  return concat([bytes(20, 3, 3, 0, 1, 1), bytes(23, 3, 3, 0, 16), new Uint8Array(16).fill(0xab)]);
}

export const alert = (code: number): Uint8Array => bytes(21, 3, 3, 0, 2, 2, code);

function handshake(type: number, body: Uint8Array): Uint8Array {
  const message = concat([bytes(type, 0), u16(body.length), body]);
  return concat([bytes(22, 3, 1), u16(message.length), message]);
}

// ---- DNS (RFC 1035)

const TYPES = { A: 1, CNAME: 5, AAAA: 28, HTTPS: 65, ANY: 255 } as const;
export interface RecordToWrite {
  name: string;
  type: keyof typeof TYPES;
  /** An address, a name, or for HTTPS the public name of its ECH configuration. */
  data: string;
  ttl?: number;
}

export function dnsQuery(name: string, options: { id?: number; type?: keyof typeof TYPES } = {}): Uint8Array {
  return dnsMessage(0x0100, name, [], options);
}

export function dnsAnswer(
  name: string,
  records: readonly RecordToWrite[],
  options: { id?: number; type?: keyof typeof TYPES; rcode?: number } = {},
): Uint8Array {
  return dnsMessage(0x8180 | (options.rcode ?? 0), name, records, options);
}

function dnsMessage(
  flags: number,
  name: string,
  records: readonly RecordToWrite[],
  { id = 1, type = "A" }: { id?: number; type?: keyof typeof TYPES },
): Uint8Array {
  const header = [u16(id), u16(flags), u16(1), u16(records.length), u16(0), u16(0)];
  return concat([...header, nameBytes(name), u16(TYPES[type]), u16(1), ...records.map(recordBytes)]);
}

function recordBytes({ name, type, data, ttl = 60 }: RecordToWrite): Uint8Array {
  return concat([nameBytes(name), u16(TYPES[type]), u16(1), u32(ttl), sized(2, recordData(type, data))]);
}

function recordData(type: keyof typeof TYPES, data: string): Uint8Array {
  if (type === "CNAME") return nameBytes(data);
  if (type !== "HTTPS") return Uint8Array.from(Buffer.from(parseAddress(data)!.hex, "hex"));
  const key = [bytes(7), u16(32), sized(2, new Uint8Array(32)), sized(2, concat([u16(1), u16(1)]))];
  const config = concat([...key, bytes(0), sized(1, ascii(data)), u16(0)]);
  return concat([u16(1), bytes(0), u16(5), sized(2, sized(2, concat([u16(0xfe0d), sized(2, config)])))]);
}

function nameBytes(name: string): Uint8Array {
  return concat([...name.split(".").map((label) => sized(1, ascii(label))), bytes(0)]);
}

// ---- STUN (RFC 8489) and NTP (RFC 5905)

/** `0x0001` request, `0x0011` indication, `0x0101` success. */
export function stun(type: number, transaction = 1): Uint8Array {
  return concat([u16(type), u16(0), u32(0x2112a442), u32(0), u32(0), u32(transaction)]);
}

export function ntp(mode: number): Uint8Array {
  const message = new Uint8Array(48);
  message[0] = (4 << 3) | mode;
  message[1] = mode === 3 ? 0 : 2;
  message.set(u32(3_981_430_800), 40);
  return message;
}

// ---- frames

/** A question over UDP and its answer, 2 ms later. */
export function lookUp(
  client: string,
  server: string,
  name: string,
  addresses: readonly string[],
  ms: number,
  records: readonly RecordToWrite[] = addresses.map((data) => ({ name, type: "A", data })),
): [Frame, Frame] {
  const [from, to] = [`${client}:${20_000 + (ms % 30_000)}`, `${server}:53`];
  return [
    udpFrame({ from, to, ms, data: dnsQuery(name) }),
    udpFrame({ from: to, to: from, ms: ms + 2, data: dnsAnswer(name, records) }),
  ];
}

/** What one side says in a connection: `>` the client, `<` the server; or a lone flag such as `>R`. */
export type Line = readonly ["<" | ">", Uint8Array | string];

/** A TCP connection from its SYN on, 1 ms a frame; `lines` with their numbers right, no other ACKs between them. */
export function connection(from: string, to: string, ms: number, lines: readonly Line[], isn = 1000): Frame[] {
  const next = { ">": isn + 1, "<": 5001 };
  let at = ms;
  const send = (side: "<" | ">", fields: Omit<TcpFields, "from" | "to">): Frame => {
    const ends = side === ">" ? { from, to } : { from: to, to: from };
    const numbers = { seq: next[side], ack: next[side === ">" ? "<" : ">"] };
    return tcpFrame({ ...ends, ...numbers, ms: at++, ...fields });
  };
  const frames = [
    send(">", { flags: "S", seq: isn, ack: 0 }),
    send("<", { flags: "SA", seq: 5000 }),
    send(">", { flags: "A" }),
  ];
  for (const [side, what] of lines) {
    if (typeof what === "string") {
      frames.push(send(side, { flags: what }));
    } else {
      frames.push(send(side, { flags: "PA", data: what }));
      next[side] += what.length;
    }
  }
  return frames;
}

/** A TLS connection that came up. */
export function tlsConnection(from: string, to: string, ms: number, hello: Uint8Array, version?: number): Frame[] {
  return connection(from, to, ms, [
    [">", hello],
    ["<", serverHello(version)],
    [">", upRecords()],
    ["<", upRecords()],
  ]);
}

function sized(width: 1 | 2, content: Uint8Array): Uint8Array {
  return concat([width === 1 ? bytes(content.length) : u16(content.length), content]);
}
