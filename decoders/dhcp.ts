/**
 * DHCP and BOOTP: which host got which address, from which server, and what else it was told to use.
 * RFC 2131, 951; options RFC 2132; client names RFC 4702; overloaded fields RFC 2131 section 4.1.
 *
 *     ┌────┬───────┬──────┬──────┬─────┬──────┬───────┐
 *     │ op │ htype │ hlen │ hops │ xid │ secs │ flags │ 0
 *     ├────┴───────┴──────┴──────┴─────┴──────┴───────┤
 *     │ ciaddr · yiaddr · siaddr · giaddr             │ 12, 16, 20, 24
 *     │ chaddr 16 · sname 64 · file 128               │ 28, 44, 108
 *     │ cookie 63 82 53 63                            │ 236
 *     │ options: code 1, length 1, value; 0 pads, 255 ends
 *     └───────────────────────────────────────────────┘
 *     op: 1 the client's word (BOOTREQUEST) · 2 the server's (BOOTREPLY)
 *
 * The cookie proves it on any port. Without it a message is BOOTP, and only on DHCP's ports. Transaction ids pair
 * messages across flows: an answer may go to the broadcast address, or to a relay.
 *
 * Does not cover: authentication, what relays add (option 82), boot options of vendors.
 */
import { formatIpv4, formatMac } from "../src/address.ts";
import { type Cursor, escapeBytes, Fault } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import { type DhcpWhat, dhcpType } from "./shared/dhcp-codes.ts";

const PORTS = [67, 68];
const SERVER_NAME = { at: 44, length: 64 };
const FILE = { at: 108, length: 128 };
const COOKIE_AT = 236;
const COOKIE = 0x63825363;
const ETHERNET = 1;
const MOST_HARDWARE = 38; // IANA's highest hardware type

const OPTION = {
  router: 3,
  dns: 6,
  hostName: 12,
  domain: 15,
  ntp: 42,
  requested: 50,
  lease: 51,
  overload: 52,
  type: 53,
  server: 54,
  message: 56,
  vendorClass: 60,
  bootServer: 66,
  bootFile: 67,
  fqdn: 81,
  end: 255,
} as const;

export const dhcp: Decoder = {
  id: "dhcp",
  title: "Dynamic Host Configuration Protocol, with BOOTP",
  specs: ["RFC 2131", "RFC 2132", "RFC 951", "RFC 4702"],
  ports: { udp: PORTS },
  fields: [
    {
      field: "dhcp.type",
      about: "DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE, INFORM …; BOOTREQUEST or BOOTREPLY without it",
    },
    { field: "dhcp.client-mac", about: "the client's hardware address" },
    { field: "dhcp.host-name", about: "the client's name for itself, or the name that the server gives it" },
    { field: "dhcp.fqdn", about: "the client's full name" },
    { field: "dhcp.vendor-class", about: "what kind of client it says it is" },
    { field: "dhcp.requested-address", about: "the address that the client wants" },
    { field: "dhcp.assigned-address", about: "the address that the server gives" },
    { field: "dhcp.client-address", about: "the address that the client has already" },
    { field: "dhcp.server", about: "the server's address, by its own word or as the client chose it" },
    { field: "dhcp.relay", about: "the address of the relay in between" },
    { field: "dhcp.router", about: "a router that the client shall use" },
    { field: "dhcp.dns", about: "a DNS server that the client shall use" },
    { field: "dhcp.ntp", about: "an NTP server that the client shall use" },
    { field: "dhcp.domain", about: "the client's domain" },
    { field: "dhcp.lease", about: "how long the address may be kept, seconds" },
    { field: "dhcp.boot-server", about: "the server to boot from: a name or an address" },
    { field: "dhcp.boot-file", about: "the file to boot" },
    { field: "dhcp.message", about: "why the server refuses, in its words" },
  ],
  opens: { datagram: [1, 2] },
  forms: { datagram: [{ first: [1, 2], least: COOKIE_AT }] },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    const op = buf[off]!;
    return len >= COOKIE_AT && (op === 1 || op === 2) && buf[off + 1]! <= MOST_HARDWARE && buf[off + 2]! <= 16;
  },

  datagram(c, emit, at) {
    const m = readFixed(c);
    if (!m.cookie) {
      // BOOTP had 64 bytes for vendors where options are now; programs pad to 300.
      if (!isOnPort(at) || c.left + c.cutOff < 64 || m.hops > 16 || (c.buf[c.start + 10]! & 0x7f) !== 0) return false;
      tellFixed(m, emit, null, true);
      return true;
    }
    const options = readOptions(c);
    const code = options.values.get(OPTION.type);
    const type = code === undefined ? null : dhcpType(c.buf[code.at]!);
    const named = code === undefined ? null : (type ?? ([`type ${c.buf[code.at]}`, what(m)] as const));
    tellFixed(m, emit, named, options.fault === null);
    tellOptions(c, m, options.values, emit);
    if (options.fault !== null) throw options.fault;
    return true;
  },
};

const isOnPort = (at: Context): boolean => PORTS.includes(at.senderPort) && PORTS.includes(at.receiverPort);

interface Fixed {
  op: number;
  hops: number;
  xid: string;
  client: number;
  assigned: number;
  relay: number;
  /** Empty where it is no Ethernet address. */
  mac: string;
  cookie: boolean;
}

const what = (m: Fixed): DhcpWhat => (m.op === 1 ? "request" : "response");

function readFixed(c: Cursor): Fixed {
  c.part = "header";
  const op = c.u8();
  const hardware = c.u8();
  const length = c.u8();
  const hops = c.u8();
  const xid = c.hex(4);
  c.skip(4);
  const client = c.u32();
  const assigned = c.u32();
  c.skip(4);
  const relay = c.u32();
  const mac = hardware === ETHERNET && length === 6 ? formatMac(c.buf, c.pos) : "";
  c.pos = c.start + COOKIE_AT;
  c.part = "cookie";
  const cookie = c.u32() === COOKIE;
  if (!cookie) c.pos = c.start + COOKIE_AT;
  return { op, hops, xid, client, assigned, relay, mac, cookie };
}

interface Value {
  at: number;
  length: number;
}

/** Where each option's value stands; the first of two that are alike counts. A fault ends it and is given back. */
function readOptions(c: Cursor): { values: Map<number, Value>; fault: Fault | null } {
  const values = new Map<number, Value>();
  try {
    walk(c, values);
    const overload = values.get(OPTION.overload);
    const fields = overload === undefined ? 0 : c.buf[overload.at]!;
    const { end } = c;
    // Options may go on in the two fields that were meant for names; else these say what the options of them would.
    for (const { bit, at, length, option } of [
      { bit: 1, ...FILE, option: OPTION.bootFile },
      { bit: 2, ...SERVER_NAME, option: OPTION.bootServer },
    ]) {
      if ((fields & bit) === 0) {
        const said = c.buf.subarray(c.start + at, c.start + at + length).indexOf(0);
        if (said !== 0 && !values.has(option))
          values.set(option, { at: c.start + at, length: said < 0 ? length : said });
        continue;
      }
      c.pos = c.start + at;
      const outer = c.enter(length, "options in a name's place");
      walk(c, values);
      c.leave(outer);
    }
    c.pos = end;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { values, fault: error };
  }
  return { values, fault: null };
}

function walk(c: Cursor, values: Map<number, Value>): void {
  while (c.left > 0) {
    c.part = "option";
    const code = c.u8();
    if (code === 0) continue;
    if (code === OPTION.end) return;
    c.part = `option ${code}`;
    const length = c.u8();
    c.need(length);
    if (length > 0 && !values.has(code)) values.set(code, { at: c.pos, length });
    c.skip(length);
  }
  if (c.depth === 0) c.short(1); // the end has to be said (RFC 2131 section 4.1)
}

/** `whole`: where no type was read, there is none. */
function tellFixed(m: Fixed, emit: Emit, type: readonly [string, DhcpWhat] | null, whole: boolean): void {
  const field = (name: string, value: string): void => {
    if (value !== "") emit({ kind: "field", field: `dhcp.${name}`, value });
  };
  emit({ kind: "role", sender: m.op === 1 ? "client" : "server", why: `DHCP op ${m.op}` });
  const name = type?.[0] ?? (m.op === 1 ? "BOOTREQUEST" : "BOOTREPLY");
  if (type !== null || whole) field("type", name);
  field("client-mac", m.mac);
  if (m.client !== 0) field("client-address", formatIpv4(m.client));
  if (m.assigned !== 0) field("assigned-address", formatIpv4(m.assigned));
  if (m.relay !== 0) field("relay", formatIpv4(m.relay));
  const failed = name === "NAK" ? { failed: true } : {};
  const said = type?.[1] ?? what(m);
  emit({ kind: "message", what: said, id: m.xid, ...failed });
  // A client without an address is answered at everybody's, or at the one that it is given.
  if (said === "request")
    emit({ kind: "expect-flow", app: "dhcp", transport: "udp", address: null, port: null, id: m.xid });
}

const TEXTS: readonly (readonly [number, string])[] = [
  [OPTION.hostName, "host-name"],
  [OPTION.vendorClass, "vendor-class"],
  [OPTION.domain, "domain"],
  [OPTION.bootServer, "boot-server"],
  [OPTION.bootFile, "boot-file"],
  [OPTION.message, "message"],
];
const ADDRESSES: readonly (readonly [number, string])[] = [
  [OPTION.requested, "requested-address"],
  [OPTION.server, "server"],
  [OPTION.router, "router"],
  [OPTION.dns, "dns"],
  [OPTION.ntp, "ntp"],
];

function tellOptions(c: Cursor, m: Fixed, values: Map<number, Value>, emit: Emit): void {
  for (const [code, name] of TEXTS) {
    const value = values.get(code);
    const text = value === undefined ? "" : textOf(c, value.at, value.length);
    if (text === "") continue;
    emit({ kind: "field", field: `dhcp.${name}`, value: text });
    // Facts of a message are about its sender, and a relay is not the client.
    if (code === OPTION.hostName && m.op === 1 && m.relay === 0) {
      emit({ kind: "asset", what: "name", value: text, source: "DHCP host name" });
    }
    if (code === OPTION.vendorClass && m.op === 1 && m.relay === 0) {
      emit({ kind: "asset", what: "kind", value: text, source: "DHCP vendor class" });
    }
  }
  for (const [code, name] of ADDRESSES) {
    const value = values.get(code);
    for (let i = 0; value !== undefined && i + 4 <= value.length; i += 4) {
      emit({ kind: "field", field: `dhcp.${name}`, value: formatIpv4(u32(c.buf, value.at + i)) });
    }
  }
  const lease = values.get(OPTION.lease);
  if (lease?.length === 4) emit({ kind: "field", field: "dhcp.lease", value: u32(c.buf, lease.at) });
  const fqdn = values.get(OPTION.fqdn);
  if (fqdn !== undefined && fqdn.length > 3) tellFullName(c, fqdn, emit);
}

/** RFC 4702: flags 1, two bytes of the past, then the name as DNS writes it (flag E) or as text. */
function tellFullName(c: Cursor, { at, length }: Value, emit: Emit): void {
  const wire = (c.buf[at]! & 4) !== 0;
  const end = at + length;
  let name = "";
  if (!wire) name = textOf(c, at + 3, length - 3);
  else {
    const labels: string[] = [];
    for (let i = at + 3; i < end && c.buf[i] !== 0 && i + 1 + c.buf[i]! <= end; i += 1 + c.buf[i]!) {
      labels.push(escapeBytes(c.buf, i + 1, i + 1 + c.buf[i]!));
    }
    name = labels.join(".");
  }
  if (name !== "") emit({ kind: "field", field: "dhcp.fqdn", value: name.toLowerCase() });
}

const u32 = (buf: Uint8Array, at: number): number =>
  ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0;

/** Text without the zeros that some programs put behind it. */
function textOf(c: Cursor, at: number, length: number): string {
  let end = at + length;
  while (end > at && c.buf[end - 1] === 0) end--;
  return escapeBytes(c.buf, at, end);
}
