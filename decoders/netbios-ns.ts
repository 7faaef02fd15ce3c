/**
 * NetBIOS name service: hosts of Windows register names on their link, look for others', and ask a host for all of its.
 * RFC 1001, 1002 section 4.2. The wire form is DNS's (shared/dns-message.ts), with other flags and its own names:
 *
 *     │R│ opcode │AA│TC│RD│RA│0 0│B│ rcode │    opcode: 0 query, 5 registration, 6 release, 7 WACK, 8, 9 refresh, 15 multi
 *     a name: 16 bytes (15 of text padded with blanks, 1 of kind), each as two letters from A to P; then a scope
 *
 * The names prove it, on whatever port; the port forgives what is wrong behind the first one. A question to a broadcast
 * address is answered from the host's own address.
 *
 * Does not cover: redirects to other servers, statistics behind a node status answer's names.
 */
import { formatIpv4 } from "../src/address.ts";
import type { Cursor } from "../src/decode/cursor.ts";
import type { Decoder, Emit } from "../src/decode/decoder.ts";
import type { DnsRecord } from "../src/decode/facts.ts";
import { countsHold } from "./shared/dns-kin.ts";
import { type DnsHeader, HEADER_LENGTH, readHeader, readName } from "./shared/dns-message.ts";
import { decodeName, ENCODED_LENGTH, NAME_LENGTH, nameText, withoutKind } from "./shared/netbios-name.ts";

const PORT = 137;
const TYPE = { NULL: 10, NB: 0x20, NBSTAT: 0x21 } as const;
const TYPES: readonly number[] = Object.values(TYPE);
const INTERNET = 1;
const WORKSTATION = "<00>";
const NO_MAC = "000000000000";
const QUERY = 0;
const OPCODES = new Map([
  [0, "query"],
  [5, "registration"],
  [6, "release"],
  [7, "wait for acknowledgement"],
  [8, "refresh"],
  [9, "refresh"],
  [15, "multi-homed registration"],
]);
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "ACTIVE", "CONFLICT"];
const GROUP = 0x8000;
const FLAGS_LOW_AT = 3;
const BROADCAST = 0x10;

export const netbiosNs: Decoder = {
  id: "netbios-ns",
  title: "NetBIOS Name Service",
  specs: ["RFC 1001", "RFC 1002"],
  ports: { udp: [PORT] },
  fields: [
    { field: "netbios-ns.opcode", about: "what the message is about, where it is no query: registration, release …" },
    { field: "netbios-ns.name", about: "the name that is registered, refreshed or given up, with its kind: `ws1<20>`" },
    { field: "netbios-ns.status", about: "a name whose host is asked for all of its names; `*` is any" },
    { field: "netbios-ns.node-name", about: "a name of the answering host, with its kind; `group` behind a group's" },
    { field: "netbios-ns.mac", about: "the answering host's hardware address" },
  ],
  forms: {
    datagram: [
      {
        first: [[0, 255]],
        bytes: [
          [HEADER_LENGTH, 0xff, ENCODED_LENGTH],
          [HEADER_LENGTH + 1, 0xff, 0x41, 0x50],
        ],
      },
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    // Header, then the length byte of a first name, which is never a pointer.
    return (
      len > HEADER_LENGTH + 1 && buf[off + HEADER_LENGTH] === ENCODED_LENGTH && isHalf(buf[off + HEADER_LENGTH + 1]!)
    );
  },

  datagram(c, emit, at) {
    const trusted = at.senderPort === PORT || at.receiverPort === PORT;
    const h = readHeader(c);
    if (!OPCODES.has(h.opcode) || !countsHold(h, c.left + c.cutOff)) return false;
    if (!trusted && (h.questions + h.answers !== 1 || h.authorities > 0 || h.additional > 1)) return false;
    const first = readHead(c, h.questions > 0 ? "question" : "answer");
    if (first === null || (!trusted && !TYPES.includes(first.type))) return false;
    tell(c, h, first, emit);
    return true;
  },
};

const isHalf = (byte: number): boolean => byte >= 0x41 && byte <= 0x50;

interface Head {
  /** `ws1<20>`. */
  name: string;
  type: number;
}

/** Name, type and class; null where it is no NetBIOS name. */
function readHead(c: Cursor, part: string): Head | null {
  c.part = part;
  const name = scopedName(readName(c));
  const type = c.u16();
  return c.u16() === INTERNET && name !== null ? { name, type } : null;
}

/** The name of `readName`, behind it the scope where there is one. */
function scopedName(wire: string): string | null {
  const [letters = "", ...scope] = wire.split(".");
  const name = decodeName(letters);
  return name === null ? null : [name, ...scope].join(".");
}

function tell(c: Cursor, h: DnsHeader, first: Head, emit: Emit): void {
  const id = String(h.id);
  emit({ kind: "role", sender: h.response ? "server" : "client", why: `NetBIOS R ${h.response ? 1 : 0}` });
  if (h.opcode !== QUERY) {
    emit({ kind: "field", field: "netbios-ns.opcode", value: OPCODES.get(h.opcode)! });
    emit({ kind: "field", field: "netbios-ns.name", value: first.name });
  }
  if (!h.response) {
    if (h.opcode === QUERY && first.type === TYPE.NBSTAT) {
      emit({ kind: "field", field: "netbios-ns.status", value: first.name });
    } else if (h.opcode === QUERY) emit({ kind: "query", id: h.id, name: first.name, type: "NB" });
    // What went to everybody is answered, if at all, from a host's own address.
    const broadcast = (c.buf[c.start + FLAGS_LOW_AT]! & BROADCAST) !== 0;
    emit({ kind: "message", what: broadcast ? "oneway" : "request", id });
    return;
  }
  emit({ kind: "message", what: "response", id, ...(h.rcode === 0 ? {} : { failed: true }) });
  if (h.questions > 0) return; // no server repeats the question; what follows is not ours to guess
  c.part = "answer";
  const ttl = c.u32();
  const outer = c.enter(c.u16(), "answer data");
  if (first.type === TYPE.NBSTAT) tellStatus(c, emit);
  else if (h.opcode === QUERY) {
    const records: DnsRecord[] = [];
    if (h.rcode === 0) while (c.left > 0) records.push(readAddress(c, first.name, ttl));
    const rcode = RCODES[h.rcode] ?? `RCODE${h.rcode}`;
    emit({ kind: "answer", id: h.id, name: first.name, type: "NB", rcode, partial: h.truncated, records });
  }
  c.leave(outer);
}

/** Flags 2 and an address 4 (RFC 1002 section 4.2.1.3). */
function readAddress(c: Cursor, name: string, ttl: number): DnsRecord {
  c.skip(2);
  return { name, type: "NB", ttl, data: formatIpv4(c.u32()) };
}

/** RFC 1002 section 4.2.18: how many names, each of 16 bytes with flags 2, then a hardware address. */
function tellStatus(c: Cursor, emit: Emit): void {
  const count = c.u8();
  for (let i = 0; i < count; i++) {
    c.part = `name ${i + 1}`;
    c.need(NAME_LENGTH + 2);
    const name = nameText(c.buf, c.pos);
    c.skip(NAME_LENGTH);
    const group = (c.u16() & GROUP) !== 0;
    emit({ kind: "field", field: "netbios-ns.node-name", value: group ? `${name} group` : name });
    if (!group && name.endsWith(WORKSTATION)) {
      emit({ kind: "asset", what: "name", value: withoutKind(name), source: "NetBIOS node status" });
    }
  }
  c.part = "hardware address";
  const mac = c.hex(6);
  if (mac !== NO_MAC) emit({ kind: "field", field: "netbios-ns.mac", value: mac.replace(/..(?=.)/g, "$&:") });
}
