/**
 * DHCPv6: which host got which address or prefix, from which server, and what else it was told to use.
 * RFC 8415; DNS servers RFC 3646, client names RFC 4704, NTP RFC 5908, leasequery RFC 5007.
 *
 *     ┌──────┬────────────────┬──────────────────────────────────┐
 *     │ type │ transaction id │ option: code 2, length 2, value ×│        client and server
 *     ├──────┼──────┬─────────┴────┬──────────────┬──────────────┤
 *     │ type │ hops │ link address │ peer address │ options      │        relay, the message in its option 9
 *     └──────┴──────┴──────────────┴──────────────┴──────────────┘
 *
 * Nothing in it is a mark of its own: away from its ports the options have to fill it exactly, all of them known, and one
 * of them has to identify client or server by a DUID of a known kind.
 *
 * Does not cover: authentication, options of vendors.
 */
import { formatIpv6Bytes, formatMac } from "../src/address.ts";
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import { dhcpv6Status, dhcpv6Type, V6 } from "./shared/dhcp-codes.ts";

const PORTS = [546, 547];
const HEADER_LENGTH = 4;
const RELAY_HEADER_LENGTH = 34;
const MOST_RELAYS = 8; // HOP_COUNT_LIMIT, RFC 8415 section 7.6
const HIGHEST_OPTION = 147; // IANA's list

const OPTION = {
  clientId: 1,
  serverId: 2,
  address: 5,
  relayed: 9,
  status: 13,
  vendorClass: 16,
  dns: 23,
  domains: 24,
  prefix: 26,
  fqdn: 39,
  ntp: 56,
} as const;
/** Options that hold options behind so many bytes: IA_NA, IA_TA, IA_PD, and an address and a prefix with their status. */
const HOLDING = new Map([
  [3, 12],
  [4, 4],
  [25, 12],
]);

export const dhcpv6: Decoder = {
  id: "dhcpv6",
  title: "Dynamic Host Configuration Protocol for IPv6",
  specs: ["RFC 8415", "RFC 3646", "RFC 4704", "RFC 5908"],
  ports: { udp: PORTS },
  fields: [
    { field: "dhcpv6.type", about: "SOLICIT, ADVERTISE, REQUEST, REPLY, RENEW …" },
    { field: "dhcpv6.relayed", about: "the message came through a relay: its type, RELAY-FORW or RELAY-REPL" },
    { field: "dhcpv6.client-duid", about: "the client's identifier, hexadecimal" },
    { field: "dhcpv6.client-mac", about: "the hardware address in the client's identifier" },
    { field: "dhcpv6.server-duid", about: "the server's identifier, hexadecimal" },
    { field: "dhcpv6.address", about: "an address that is asked for or given" },
    { field: "dhcpv6.prefix", about: "a prefix that is asked for or given" },
    { field: "dhcpv6.fqdn", about: "the client's full name" },
    { field: "dhcpv6.vendor-class", about: "what kind of client it says it is: enterprise number and text" },
    { field: "dhcpv6.dns", about: "a DNS server that the client shall use" },
    { field: "dhcpv6.domain", about: "a domain to search in" },
    { field: "dhcpv6.ntp", about: "an NTP server that the client shall use: an address or a name" },
    { field: "dhcpv6.status", about: "what the server could not do: NoAddrsAvail, NoBinding …" },
  ],
  opens: { datagram: [[1, 36]] },
  forms: {
    datagram: [
      { first: [[1, 36]], least: HEADER_LENGTH, bytes: [[4, 0xff, 0]] },
      { first: [V6.relayForward, V6.relayReply], bytes: [[1, 0xff, 0, 32]] },
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    return len >= HEADER_LENGTH && dhcpv6Type(buf[off]!) !== null;
  },

  datagram(c, emit, at) {
    const strict = !isOnPort(at);
    if (!optionsHold(c, strict)) return false;
    return message(c, emit, 0);
  },
};

const isOnPort = (at: Context): boolean => PORTS.includes(at.senderPort) || PORTS.includes(at.receiverPort);

const isRelay = (type: number): boolean => type === V6.relayForward || type === V6.relayReply;

/** Whether options fill what stands behind the header as far as the capture shows it, and somebody says who they are. */
function optionsHold(c: Cursor, strict: boolean): boolean {
  const relay = isRelay(c.buf[c.pos]!);
  let known = 0;
  let identified = relay;
  let at = c.pos + (relay ? RELAY_HEADER_LENGTH : HEADER_LENGTH);
  if (relay && (at > c.end || c.buf[c.pos + 1]! > 32)) return false;
  while (at < c.end) {
    if (at + 4 > c.end) return c.cutOff > 0 && identified;
    const code = (c.buf[at]! << 8) | c.buf[at + 1]!;
    const length = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    if (code === 0 || (strict && code > HIGHEST_OPTION)) return false;
    if (at + 4 + length > c.end) return c.cutOff > 0 && identified;
    if (code === OPTION.clientId || code === OPTION.serverId) {
      const kind = length < 4 ? 0 : (c.buf[at + 4]! << 8) | c.buf[at + 5]!;
      if (strict && (kind < 1 || kind > 4 || length > 130)) return false;
      identified = true;
    }
    if (code === OPTION.relayed) known++;
    at += 4 + length;
  }
  return relay ? known === 1 : identified || !strict;
}

/** One message to the cursor's end; those within relays' come after them. */
function message(c: Cursor, emit: Emit, relays: number): boolean {
  c.part = "header";
  const code = c.u8();
  const [name, what] = dhcpv6Type(code) ?? [`type ${code}`, "oneway" as const];
  if (relays === 0) {
    // A server that wants its clients to ask anew speaks first.
    const sender = what === "response" || code === V6.reconfigure ? "server" : "client";
    emit({ kind: "role", sender, why: `DHCPv6 ${name}` });
  }
  if (isRelay(code)) {
    if (relays >= MOST_RELAYS) c.bad(`more than ${MOST_RELAYS} relays`);
    emit({ kind: "field", field: "dhcpv6.relayed", value: name });
    c.skip(RELAY_HEADER_LENGTH - 1);
    tellOptions(c, emit, relays);
    return true;
  }
  const id = c.hex(3);
  emit({ kind: "field", field: "dhcpv6.type", value: name });
  emit({ kind: "message", what, id });
  tellOptions(c, emit, relays);
  return true;
}

function tellOptions(c: Cursor, emit: Emit, relays: number): void {
  const field = (name: string, value: string): void => emit({ kind: "field", field: `dhcpv6.${name}`, value });
  while (c.left > 0) {
    c.part = "option";
    const code = c.u16();
    const outer = c.enter(c.u16(), `option ${code}`);
    const inner = HOLDING.get(code);
    if (inner !== undefined) {
      c.skip(inner);
      tellOptions(c, emit, relays);
    } else if (code === OPTION.relayed) message(c, emit, relays + 1);
    else if (code === OPTION.clientId) tellClientId(c, emit);
    else if (code === OPTION.serverId) field("server-duid", c.hex(c.left));
    else if (code === OPTION.address || code === OPTION.prefix) tellLease(c, code, emit, relays);
    else if (code === OPTION.dns) while (c.left > 0) field("dns", readAddress(c));
    else if (code === OPTION.domains) while (c.left > 0) field("domain", readName(c));
    else if (code === OPTION.status) tellStatus(c, emit);
    else if (code === OPTION.ntp) tellNtp(c, emit);
    else if (code === OPTION.vendorClass) {
      const enterprise = c.u32();
      const text = c.left > 2 ? ` ${c.text(c.u16())}` : "";
      field("vendor-class", `${enterprise}${text}`);
    } else if (code === OPTION.fqdn) {
      c.skip(1); // flags
      const name = readName(c);
      if (name !== "") field("fqdn", name);
    }
    c.leave(outer);
  }
  if (c.cutOff > 0 && c.depth === 0) c.short(c.cutOff);
}

/** DUIDs of link-layer kinds (RFC 8415 section 11.2, 11.4) end in the hardware address. */
function tellClientId(c: Cursor, emit: Emit): void {
  const ethernet = c.left >= 10 && c.buf[c.pos] === 0 && c.buf[c.pos + 2] === 0 && c.buf[c.pos + 3] === 1;
  const kind = ethernet ? c.buf[c.pos + 1]! : 0;
  const { end } = c;
  const whole = (kind === 1 && c.left === 14) || (kind === 3 && c.left === 10);
  emit({ kind: "field", field: "dhcpv6.client-duid", value: c.hex(c.left) });
  if (whole) emit({ kind: "field", field: "dhcpv6.client-mac", value: formatMac(c.buf, end - 6) });
}

/** RFC 8415 sections 21.6 and 21.22: an address and two times; two times, a length and a prefix. Then options. */
function tellLease(c: Cursor, code: number, emit: Emit, relays: number): void {
  if (code === OPTION.address) {
    emit({ kind: "field", field: "dhcpv6.address", value: readAddress(c) });
    c.skip(8);
  } else {
    c.skip(8);
    const length = c.u8();
    emit({ kind: "field", field: "dhcpv6.prefix", value: `${readAddress(c)}/${length}` });
  }
  tellOptions(c, emit, relays);
}

function tellStatus(c: Cursor, emit: Emit): void {
  const status = c.u16();
  if (status === 0) return;
  const text = dhcpv6Status(status);
  emit({ kind: "field", field: "dhcpv6.status", value: text });
  emit({ kind: "fault", what: "dhcpv6-status", code: status, text });
}

/** RFC 5908 section 4: suboptions, 1 an address, 2 a group's, 3 a name. */
function tellNtp(c: Cursor, emit: Emit): void {
  while (c.left > 0) {
    const kind = c.u16();
    const outer = c.enter(c.u16(), "NTP server");
    if (kind >= 1 && kind <= 3)
      emit({ kind: "field", field: "dhcpv6.ntp", value: kind === 3 ? readName(c) : readAddress(c) });
    c.leave(outer);
  }
}

function readAddress(c: Cursor): string {
  c.need(16);
  const text = formatIpv6Bytes(c.buf, c.pos);
  c.skip(16);
  return text;
}

/** A name as DNS writes it, without pointers (RFC 8415 section 10); its end may be left out where it is no full name. */
function readName(c: Cursor): string {
  const labels: string[] = [];
  while (c.left > 0) {
    const length = c.u8();
    if (length === 0) break;
    if (length > 63) c.bad(`a label of ${length} bytes`);
    c.need(length);
    labels.push(escapeBytes(c.buf, c.pos, c.pos + length).toLowerCase());
    c.skip(length);
  }
  return labels.join(".");
}
