/**
 * ClientHello and ServerHello, the two handshake messages that always go in clear (RFC 8446 section 4.1, RFC 5246
 * section 7.4.1); the same bytes travel in TLS records, DTLS and QUIC.
 *
 *     client: version 2 · random 32 · session id 1+n · cipher suites 2+n · compressions 1+n · extensions 2+n
 *     server: version 2 · random 32 · session id 1+n · cipher suite 2    · compression 1    · extensions 2+n
 *     DTLS's client has a cookie 1+n behind the session id (RFC 6347 section 4.2.1)
 *     extension: type 2 · data 2+n
 *
 * The readers fill an object as they go, so that what was read before a fault is kept.
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import { nameOf, textOf } from "../../src/decode/texts.ts";

const EXTENSION = {
  serverName: 0,
  alpn: 16,
  supportedVersions: 43,
  keyShare: 51,
  encryptedClientHello: 0xfe0d,
  encryptedServerName: 0xffce,
} as const;

export const TLS13 = 0x0304;

export class ClientHello {
  /** Lengths, version and session id held together: this is a hello, whatever is wrong behind them. */
  proved = false;
  /** The highest version offered, GREASE left out, drafts of TLS 1.3 as TLS 1.3, DTLS as the TLS that it is made from. */
  offered = 0;
  /** Lower case, no trailing dot; empty where none was sent. */
  serverName = "";
  alpn: string[] = [];
  /** `outer` (RFC 9849) or `esni`, the draft before it; empty where the hello hides nothing. */
  hidden: "" | "outer" | "esni" = "";
}

export class ServerHello {
  /** As in a ClientHello. */
  proved = false;
  /** The chosen version; as in a ClientHello. */
  version = 0;
  cipher = 0;
  /** The chosen protocol, where it is said in clear: up to TLS 1.2. */
  alpn: string[] = [];
  keyShare = false;
  /** HelloRetryRequest: the client shall say hello again with another key share. */
  retry = false;
}

/** Whose hello it is: DTLS numbers its versions otherwise and has a cookie. */
export type HelloOf = "tls" | "dtls";

/** Reads what stands behind the handshake header, to the cursor's end. */
export function readClientHello(c: Cursor, hello: ClientHello, of: HelloOf = "tls"): void {
  c.part = "ClientHello";
  hello.offered = readVersion(c, of);
  c.skip(32);
  skipSessionId(c);
  if (of === "dtls") c.skip(c.u8());
  hello.proved = true;
  const suites = c.u16();
  if (suites < 2 || suites % 2 !== 0) c.bad(`${suites} bytes of cipher suites`);
  c.skip(suites);
  const compressions = c.u8();
  if (compressions === 0) c.bad("no compression method");
  c.skip(compressions);
  readExtensions(c, hello, clientExtension);
}

function clientExtension(c: Cursor, hello: ClientHello, type: number): void {
  if (type === EXTENSION.serverName) hello.serverName = joined(hello.serverName, readServerNames(c));
  else if (type === EXTENSION.alpn) hello.alpn = readProtocols(c);
  else if (type === EXTENSION.supportedVersions) hello.offered = readVersions(c);
  else if (type === EXTENSION.encryptedClientHello) hello.hidden = "outer";
  else if (type === EXTENSION.encryptedServerName) hello.hidden = "esni";
}

/** SHA-256 of `HelloRetryRequest`, which that message carries as its random (RFC 8446 section 4.1.3). */
const RETRY_RANDOM = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");

/** Reads what stands behind the handshake header, to the cursor's end. */
export function readServerHello(c: Cursor, hello: ServerHello, of: HelloOf = "tls"): void {
  c.part = "ServerHello";
  hello.version = readVersion(c, of);
  c.skip(RETRY_RANDOM.length);
  hello.retry = RETRY_RANDOM.every((byte, i) => c.buf[c.pos - RETRY_RANDOM.length + i] === byte);
  // The drafts of TLS 1.3 up to 21 left session id and compression out.
  if (hello.version !== TLS13) skipSessionId(c);
  hello.cipher = c.u16();
  if (hello.version !== TLS13) c.skip(1); // compression method
  hello.proved = true;
  readExtensions(c, hello, serverExtension);
}

function serverExtension(c: Cursor, hello: ServerHello, type: number): void {
  if (type === EXTENSION.alpn) hello.alpn = readProtocols(c);
  else if (type === EXTENSION.supportedVersions) hello.version = plainVersion(c.u16());
  else if (type === EXTENSION.keyShare) hello.keyShare = true;
}

function readVersion(c: Cursor, of: HelloOf): number {
  const sent = c.u16();
  const version = plainVersion(sent);
  if (version >> 8 !== 3 || isDatagramVersion(sent) !== (of === "dtls")) c.bad(`version ${sent}`);
  return version;
}

function skipSessionId(c: Cursor): void {
  const length = c.u8();
  if (length > 32) c.bad(`a session id of ${length} bytes`);
  c.skip(length);
}

const PARTS = new Map<number, string>();

/** An extension's part of the message; made once a type, for a hello has a dozen. */
function partOf(type: number): string {
  let part = PARTS.get(type);
  if (part === undefined) {
    part = `extension ${type}`;
    PARTS.set(type, part);
  }
  return part;
}

/** Calls `read` for each extension with the cursor narrowed to its data. */
function readExtensions<Hello>(c: Cursor, hello: Hello, read: (c: Cursor, hello: Hello, type: number) => void): void {
  if (c.left === 0) return; // before TLS 1.2 they may be left out
  c.part = "extensions";
  const length = c.u16();
  // Of a hello that the capture cut, those that are there are read: `depth` 0 says that no length rules what is left.
  const missing = c.depth === 0 ? length - c.left : 0;
  const outer = missing > 0 ? c.end : c.enter(length, "extensions");
  while (c.left > 0) {
    c.part = "extensions";
    const type = c.u16();
    const end = c.enter(c.u16(), partOf(type));
    read(c, hello, type);
    c.leave(end);
  }
  if (missing > 0) c.short(missing);
  c.leave(outer);
  if (c.left > 0) c.bad(`${c.left} bytes left over behind the extensions`);
}

/**
 * RFC 6066 section 3: a list of names, of which only host names were ever defined, and of those one at most. Servers differ
 * in which of several they take: together they are nobody's name.
 */
function readServerNames(c: Cursor): string[] {
  const names: string[] = [];
  if (c.left === 0) return names;
  const outer = c.enter(c.u16(), "server_name");
  while (c.left > 0) {
    const type = c.u8();
    const length = c.u16();
    c.need(length);
    if (type === 0) names.push(withoutDot(nameOf(c.buf, c.pos, c.pos + length)));
    c.skip(length);
  }
  c.leave(outer);
  return names;
}

const withoutDot = (name: string): string => (name.endsWith(".") ? name.slice(0, -1) : name);

/** Names without those that are there already, with commas between them. */
function joined(known: string, names: readonly string[]): string {
  if (known === "" && names.length === 1) return names[0]!;
  const all = new Set(known === "" ? [] : known.split(","));
  for (const name of names) if (name !== "") all.add(name);
  return [...all].join(",");
}

/** RFC 7301 section 3.1. */
function readProtocols(c: Cursor): string[] {
  const protocols: string[] = [];
  const outer = c.enter(c.u16(), "application_layer_protocol_negotiation");
  while (c.left > 0) {
    const length = c.u8();
    // GREASE (RFC 8701): two equal bytes with an `a` in their lower half
    const grease = length === 2 && c.left >= 2 && isGrease((c.buf[c.pos]! << 8) | c.buf[c.pos + 1]!);
    c.need(length);
    if (!grease) protocols.push(textOf(c.buf, c.pos, c.pos + length));
    c.pos += length;
  }
  c.leave(outer);
  return protocols;
}

function readVersions(c: Cursor): number {
  let highest = 0;
  const outer = c.enter(c.u8(), "supported_versions");
  while (c.left > 0) {
    const version = c.u16();
    if (!isGrease(version)) highest = Math.max(highest, plainVersion(version));
  }
  c.leave(outer);
  return highest;
}

const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);

/** Versions of DTLS by the TLS that each is made from (RFC 4347, 6347, 9147); the last is OpenSSL's before RFC 4347. */
const DATAGRAM_VERSIONS = new Map<number, number>([
  [0xfeff, 0x0302],
  [0xfefd, 0x0303],
  [0xfefc, TLS13],
  [0x0100, 0x0302],
]);

export const isDatagramVersion = (version: number): boolean => DATAGRAM_VERSIONS.has(version);

/** Drafts of TLS 1.3 (`0x7f..`, Facebook's `0xfb..`) count as TLS 1.3, versions of DTLS as the TLS behind them. */
const plainVersion = (version: number): number =>
  version >> 8 === 0x7f || version >> 8 === 0xfb ? TLS13 : (DATAGRAM_VERSIONS.get(version) ?? version);
