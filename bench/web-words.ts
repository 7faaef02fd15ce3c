/**
 * What the conversations of `web` say: TLS's flights as OpenSSL sent them in the decoders' fixtures, with another name and
 * fresh random fields in each; a hello in a QUIC Initial that is really sealed; questions and answers of DNS.
 */
import { createCipheriv, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const RECORD_HEADER = 5;
const RANDOM_AT = 11; // of a hello in its record: record header 5, handshake header 4, version 2
const RANDOM_LENGTH = 32;
const SERVER_NAME = 0;
const ALPN = 16;
const QUIC_PARAMETERS = 0x39;

/** One connection's words, as three flights of records. */
export interface Flights {
  hello: Buffer;
  server: Buffer;
  client: Buffer;
}

/** What of a template is made anew. */
export interface Template {
  /** The hello in its record, without its server_name and without the lengths around it. */
  readonly head: Buffer;
  readonly extensions: readonly { type: number; data: Buffer }[];
  readonly server: Buffer;
  readonly client: Buffer;
}

/** A fixture's connection: its blocks of hex under `client` and `server`. */
export function templateOf(fixture: string): Template {
  const text = readFileSync(`fixtures/decoders/tls/${fixture}.md`, "utf8");
  const [client, server] = ["client", "server"].map((side) => {
    const block = text.split(`## ${side}\n`)[1]?.split("```")[1] ?? "";
    return Buffer.from(block.slice(block.indexOf("\n")).replace(/#.*$/gm, "").replace(/\s+/g, ""), "hex");
  });
  const end = RECORD_HEADER + client!.readUInt16BE(3);
  let at = RANDOM_AT + RANDOM_LENGTH;
  at += 1 + client![at]!; // session id
  at += 2 + client!.readUInt16BE(at); // cipher suites
  at += 1 + client![at]!; // compressions
  const head = client!.subarray(0, at);
  const extensions: { type: number; data: Buffer }[] = [];
  for (at += 2; at < end; ) {
    const length = client!.readUInt16BE(at + 2);
    const type = client!.readUInt16BE(at);
    if (type !== SERVER_NAME) extensions.push({ type, data: client!.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return { head, extensions, server: server!, client: client!.subarray(end) };
}

/** The flights of one connection. `random`: fresh bytes. */
export function flightsOf(template: Template, name: string, random: (length: number) => Buffer): Flights {
  const hello = helloOf(template.head, [serverName(name), ...template.extensions], random);
  const server = Buffer.from(template.server);
  random(RANDOM_LENGTH).copy(server, RANDOM_AT);
  return { hello, server, client: template.client };
}

/** A hello in its record, with these extensions; the lengths around it are made to fit. */
function helloOf(head: Buffer, extensions: Template["extensions"], random: (length: number) => Buffer): Buffer {
  const parts: Buffer[] = [];
  for (const { type, data } of extensions) parts.push(u16(type), u16(data.length), data);
  const tail = Buffer.concat(parts);
  const hello = Buffer.concat([head, u16(tail.length), tail]);
  hello.writeUInt16BE(hello.length - RECORD_HEADER, 3);
  hello.writeUIntBE(hello.length - RECORD_HEADER - 4, RECORD_HEADER + 1, 3);
  random(RANDOM_LENGTH).copy(hello, RANDOM_AT);
  return hello;
}

function serverName(name: string): { type: number; data: Buffer } {
  const bytes = Buffer.from(name);
  const data = Buffer.concat([u16(bytes.length + 3), Buffer.of(0), u16(bytes.length), bytes]);
  return { type: SERVER_NAME, data };
}

const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255);

// ---- QUIC version 1 (RFC 9000, 9001)

const SALT = Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex");
const INITIAL_LENGTH = 1200;
const TAG = 16;
const ONLY_H3 = Buffer.from("0003026833", "hex");

/** A client's Initial, padded to 1200 bytes, and the server's that answers it. `cid`: the 8 bytes that the client chose. */
export function initialsOf(
  template: Template,
  name: string,
  cid: Buffer,
  random: (length: number) => Buffer,
): { client: Buffer; server: Buffer } {
  const others = template.extensions.filter(({ type }) => type !== ALPN);
  const parameters = Buffer.concat([Buffer.from("0104800075300504800600000f08", "hex"), random(8)]);
  const quic = [
    { type: ALPN, data: ONLY_H3 },
    { type: QUIC_PARAMETERS, data: parameters },
  ];
  const hello = helloOf(template.head, [serverName(name), ...others, ...quic], random).subarray(RECORD_HEADER);
  const answer = template.server.subarray(RECORD_HEADER, RECORD_HEADER + template.server.readUInt16BE(3));
  const secret = hmac(SALT, cid);
  const own = random(cid[0]! % 4 === 0 ? 8 : 0); // Chromium's clients have an empty one, and most clients are of that kind
  return {
    client: sealInitial(expand(secret, "client in", 32), cid, own, crypto(hello)),
    server: sealInitial(expand(secret, "server in", 32), own, cid, Buffer.concat([ACK_OF_FIRST, crypto(answer)])),
  };
}

const ACK_OF_FIRST = Buffer.of(2, 0, 0, 0, 0);
const crypto = (message: Buffer): Buffer => Buffer.concat([Buffer.of(6, 0), longVarint(message.length), message]);
const longVarint = (value: number): Buffer => u16(0x4000 | value);

/** Header, packet number 0 in one byte, frames and padding up to 1200 bytes, sealed and masked. */
function sealInitial(secret: Buffer, destination: Buffer, source: Buffer, frames: Buffer): Buffer {
  const ids = [Buffer.of(destination.length), destination, Buffer.of(source.length), source];
  const before = Buffer.concat([Buffer.from("c000000001", "hex"), ...ids, Buffer.of(0)]);
  const protectedLength = INITIAL_LENGTH - before.length - 2;
  const header = Buffer.concat([before, longVarint(protectedLength), Buffer.of(0)]);
  const plain = Buffer.alloc(protectedLength - 1 - TAG);
  frames.copy(plain);
  const gcm = createCipheriv("aes-128-gcm", expand(secret, "quic key", 16), expand(secret, "quic iv", 12));
  gcm.setAAD(header);
  const packet = Buffer.concat([header, gcm.update(plain), gcm.final(), gcm.getAuthTag()]);
  const numberAt = header.length - 1;
  const ecb = createCipheriv("aes-128-ecb", expand(secret, "quic hp", 16), null);
  const mask = ecb.update(packet.subarray(numberAt + 4, numberAt + 20));
  packet[0]! ^= mask[0]! & 0x0f;
  packet[numberAt]! ^= mask[1]!;
  return packet;
}

const hmac = (key: Buffer, data: Buffer): Buffer => createHmac("sha256", key).update(data).digest();

function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  return hmac(secret, Buffer.concat([u16(length), Buffer.of(name.length), name, Buffer.of(0, 1)])).subarray(0, length);
}

// ---- DNS (RFC 1035)

const QUESTION_AT = 12;
const IN = 1;
const TYPE = { A: 1, CNAME: 5 } as const;

/** A question for a name's IPv4 address. */
export function questionOf(id: number, name: string): Buffer {
  return Buffer.concat([u16(id), Buffer.from("01000001000000000000", "hex"), domain(name), u16(TYPE.A), u16(IN)]);
}

/** Its answer: an address of 32 bits, behind another name where there is an `alias`. */
export function answerOf(id: number, name: string, alias: string | null, address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  const records = [record(u16(0xc000 | QUESTION_AT), TYPE.A, bytes)];
  if (alias !== null) {
    records[0] = record(domain(alias), TYPE.A, bytes);
    records.unshift(record(u16(0xc000 | QUESTION_AT), TYPE.CNAME, domain(alias)));
  }
  const head = [u16(id), Buffer.from("81800001", "hex"), u16(records.length), Buffer.alloc(4)];
  return Buffer.concat([...head, domain(name), u16(TYPE.A), u16(IN), ...records]);
}

const record = (owner: Buffer, type: number, data: Buffer): Buffer =>
  Buffer.concat([owner, u16(type), u16(IN), Buffer.of(0, 0, 1, 44), u16(data.length), data]);

function domain(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.of(0)]);
}
