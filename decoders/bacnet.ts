/**
 * BACnet: heating, air and light of buildings, over IPv4, IPv6 and Ethernet.
 * ANSI/ASHRAE 135: annexes J and U (BVLC over IP and IPv6), clauses 6 (network), 7 (Ethernet), 20 (application).
 *
 *     ┌──────────────┬──────────┬────────┬────────────────────────┬───┬─────────┬──────────────────────────────────┬──────┐
 *     │ 0x81 or 0x82 │ function │ length │ by function: addresses │ 1 │ control │ to: network 2, length 1, address │ APDU │
 *     │              │          │        │                        │   │         │ from: the same; hop count        │      │
 *     └──────1───────┴────1─────┴───2────┴────────────────────────┴─1─┴────1────┴──────────────────────────────────┴──────┘
 *
 * On Ethernet the network layer stands by itself behind LLC's service 0x82, which proves it.
 *
 * The length is the datagram's, the network layer's version 1, its reserved bits 0: that proves it on any port. A BVLC
 * message without a network layer is short, and counts on the port only, or behind others.
 *
 * Services are operations `confirmed:N` and `unconfirmed:N` of protocol `bacnet`; functions of BVLC are of protocol
 * `bvlc`, messages of the network layer of `bacnet-network`. What a device behind a router says of itself, or one whose
 * words were forwarded, is told as `bacnet.behind` and never as an asset of the address that carried it.
 *
 * Does not cover: BACnet/SC (that is TLS), MS/TP, ARCNET; what makers define; values that are written.
 */
import { formatIpv4, formatIpv6Bytes } from "../src/address.ts";
import type { Cursor } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import { type Announcement, type Route, tellAnnouncement, tellApdu } from "./shared/bacnet-apdu.ts";
import { INITIALIZE_ROUTING, NETWORK_MESSAGES } from "./shared/bacnet-codes.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 47_808;
const LLC_SERVICE = 0x82;
const IP = 0x81;
const IP6 = 0x82;

/** A BVLC function: what stands before the network layer, or what it says itself. */
interface BvlcFunction {
  /** Bytes of addresses before the network layer; where the original sender's stand among them. */
  carries?: { before: number; origin?: number };
  says?: Meaning;
  response?: true;
}
const IP_FUNCTIONS: ReadonlyMap<number, BvlcFunction> = new Map<number, BvlcFunction>([
  [0x00, { says: ["BVLC-Result", "session"], response: true }],
  [0x01, { says: ["Write-Broadcast-Distribution-Table", "write"] }],
  [0x02, { says: ["Read-Broadcast-Distribution-Table", "read"] }],
  [0x03, { says: ["Read-Broadcast-Distribution-Table-Ack", "read"], response: true }],
  [0x04, { carries: { before: 6, origin: 0 } }],
  [0x05, { says: ["Register-Foreign-Device", "write"] }],
  [0x06, { says: ["Read-Foreign-Device-Table", "read"] }],
  [0x07, { says: ["Read-Foreign-Device-Table-Ack", "read"], response: true }],
  [0x08, { says: ["Delete-Foreign-Device-Table-Entry", "write"] }],
  [0x09, { carries: { before: 0 } }],
  [0x0a, { carries: { before: 0 } }],
  [0x0b, { carries: { before: 0 } }],
  [0x0c, { says: ["Secure-BVLL", "unknown"] }],
]);
const IP6_FUNCTIONS: ReadonlyMap<number, BvlcFunction> = new Map<number, BvlcFunction>([
  [0x00, { says: ["BVLC-Result", "session"], response: true }],
  [0x01, { carries: { before: 6 } }],
  [0x02, { carries: { before: 3 } }],
  [0x03, { says: ["Address-Resolution", "discover"] }],
  [0x04, { says: ["Forwarded-Address-Resolution", "discover"] }],
  [0x05, { says: ["Address-Resolution-ACK", "discover"], response: true }],
  [0x06, { says: ["Virtual-Address-Resolution", "discover"] }],
  [0x07, { says: ["Virtual-Address-Resolution-ACK", "discover"], response: true }],
  [0x08, { carries: { before: 21, origin: 3 } }],
  [0x09, { says: ["Register-Foreign-Device", "write"] }],
  [0x0a, { says: ["Delete-Foreign-Device-Table-Entry", "write"] }],
  [0x0b, { says: ["Secure-BVLL", "unknown"] }],
  [0x0c, { carries: { before: 3 } }],
]);
const functionOf = (type: number, code: number): BvlcFunction | undefined =>
  (type === IP ? IP_FUNCTIONS : IP6_FUNCTIONS).get(code);

const NPDU_VERSION = 1;
const CONTROL = { message: 0x80, reserved: 0x50, destination: 0x20, source: 0x08 } as const;
/** Network messages from here on are makers' own. */
const PROPRIETARY = 0x80;

export const bacnet: Decoder = {
  id: "bacnet",
  title: "BACnet over IP, IPv6 and Ethernet",
  specs: ["ANSI/ASHRAE 135"],
  ports: { udp: [PORT], eth: [LLC_SERVICE] },
  fields: [
    { field: "bacnet.device", about: "I-Am: the device object, `device,1234`" },
    {
      field: "bacnet.behind",
      about: "what a device behind a router, or one whose words were forwarded, says of itself",
    },
    { field: "bacnet.application", about: "the device's application software version" },
    { field: "bacnet.description", about: "the device's description" },
  ],
  forms: { datagram: [{ first: [IP, IP6], bytes: [[2, 0xff, 0, 5]], fits: { at: 2, more: 0 } }] },
  everyMessage: true,
  // Who is told of events stands in the device; who is told of a change of value has subscribed to it, and that is a write.
  reports: ["confirmed:2", "unconfirmed:3"],
  opens: { datagram: [NPDU_VERSION, IP, IP6] },

  looksDatagram(buf, off, len) {
    if (len > 2 && buf[off] === NPDU_VERSION) return (buf[off + 1]! & CONTROL.reserved) === 0; // on Ethernet
    if (len < 4 || (buf[off] !== IP && buf[off] !== IP6)) return false;
    return functionOf(buf[off]!, buf[off + 1]!) !== undefined && ((buf[off + 2]! << 8) | buf[off + 3]!) >= 4;
  },

  datagram(c, emit, at) {
    if (at.transport === "eth") return npdu(c, null, emit);
    if (c.buf[c.pos] === NPDU_VERSION) return false;
    const type = c.u8();
    const code = c.u8();
    const fn = functionOf(type, code)!;
    if (c.u16() !== c.end - c.start + c.cutOff) return false;
    if (fn.says !== undefined) return bvlc(c, code, fn.says, fn.response === true, emit, at);
    if (c.cutOff === 0) c.enter(c.left, "BVLC"); // what is short now will stay so
    const { before, origin } = fn.carries!;
    const behind = origin === undefined ? null : readOrigin(c, type, before, origin);
    if (behind === null) c.skip(before);
    return npdu(c, behind, emit);
  },
};

/** A function of BVLC itself. */
function bvlc(c: Cursor, code: number, says: Meaning, response: boolean, emit: Emit, at: Context): boolean {
  if (at.senderPort !== PORT && at.receiverPort !== PORT && !at.peerStarted) return false;
  const failed = response && code === 0 && c.left >= 2 && (c.buf[c.end - 2] !== 0 || c.buf[c.end - 1] !== 0);
  emit({ kind: "role", sender: response ? "server" : "client", why: `BVLC ${says[0]}` });
  if (c.cutOff > 0) c.short(c.left + c.cutOff);
  tellOperation(emit, "bvlc", response ? "response" : "request", code, says, { failed });
  c.skip(c.left);
  return true;
}

/** Who sent first what is forwarded: an address and a port. */
function readOrigin(c: Cursor, type: number, before: number, origin: number): string {
  c.skip(origin);
  if (type === IP) return `${formatIpv4(c.u32())}:${c.u16()}`;
  c.need(before - origin);
  const address = formatIpv6Bytes(c.buf, c.pos);
  c.skip(16);
  return `[${address}]:${c.u16()}`;
}

/** The network layer (clause 6.2), and what it carries. `behind`: who sent it first, where it was forwarded. */
function npdu(c: Cursor, behind: string | null, emit: Emit): boolean {
  c.part = "NPDU";
  if (c.u8() !== NPDU_VERSION) return false;
  const control = c.u8();
  if ((control & CONTROL.reserved) !== 0) return false;
  const to = (control & CONTROL.destination) === 0 ? null : readNetwork(c);
  const from = (control & CONTROL.source) === 0 ? null : readNetwork(c);
  if (to !== null) c.skip(1); // hop count
  if ((control & CONTROL.message) !== 0) networkMessage(c, emit);
  else if (c.left === 0 && c.cutOff === 0) return false;
  else tellApdu(c, routeOf(from, to, behind), emit);
  return true;
}

/** A network alone is everybody there: no device that ids belong to. */
const routeOf = (from: string | null, to: string | null, behind: string | null): Route => ({
  from: from ?? behind,
  to: to?.endsWith(":") ? null : to,
});

/** `5:0a`: network and address, `65535:` for everybody everywhere. */
function readNetwork(c: Cursor): string {
  const network = c.u16();
  return `${network}:${c.hex(c.u8())}`;
}

/** Messages of which one is answered by the other (clauses 6.4.1, 6.4.2, 6.4.19 and 6.4.20). */
const ANNOUNCED: ReadonlyMap<number, Announcement> = new Map<number, Announcement>([
  [0x00, { asks: "i-am-router" }],
  [0x01, { says: "i-am-router" }],
  [0x12, { asks: "network-number-is" }],
  [0x13, { says: "network-number-is" }],
]);

function networkMessage(c: Cursor, emit: Emit): void {
  c.part = "network message";
  const type = c.u8();
  if (type >= PROPRIETARY) c.skip(2); // whose
  const known = NETWORK_MESSAGES.get(type) ?? unknownCode("Network-Message", type);
  if (type === INITIALIZE_ROUTING) c.need(1);
  const asks = type === INITIALIZE_ROUTING && c.buf[c.pos] === 0;
  if (ANNOUNCED.has(type)) tellAnnouncement(emit, ANNOUNCED.get(type), known[0]);
  tellOperation(emit, "bacnet-network", "request", type, asks ? [known[0], "read"] : known);
  c.skip(c.left);
}
