/**
 * PROFINET DCP: finds devices on the link, names them, gives them addresses, lets them blink, and resets them.
 * IEC 61158-6-10 (discovery and basic configuration), on Ethernet type 0x8892.
 *
 *     ┌──────────┬─────────┬──────┬─────┬───────┬────────┬──────────────────────────────────────────────────────────────┐
 *     │ frame id │ service │ type │ xid │ delay │ length │ block: option 1, suboption 1, length 2, value, pad to even ×  │
 *     └────2─────┴────1────┴──1───┴──4──┴───2───┴───2────┴──────────────────────────────────────────────────────────────┘
 *
 * Frame ids 0xfefc to 0xfeff are DCP's own; service, type and the chain of blocks have to agree with them.
 *
 * Operations: code is the service (3 Get, 4 Set, 5 Identify, 6 Hello). A Set is `write`; one that lets the device blink or
 * resets it is `control`. What a device says in answers and in Hello are assets.
 *
 * Does not cover: cyclic data, alarms and time of the same Ethernet type: they are no operations.
 */
import { formatIpv4 } from "../src/address.ts";
import type { Cursor } from "../src/decode/cursor.ts";
import type { Decoder, Emit } from "../src/decode/decoder.ts";
import { type Meaning, tellOperation } from "./shared/operation.ts";
import { profinetVendor } from "./shared/profinet-codes.ts";

const ETHER_TYPE = 0x8892;
const HEADER_LENGTH = 12;
const SERVICE = { get: 3, set: 4, identify: 5, hello: 6 } as const;
const TYPE = { request: 0, success: 1, unsupported: 5 } as const;
/** Which service a frame id carries, and which types of it. */
const FRAMES: ReadonlyMap<number, { services: readonly number[]; request: boolean; response: boolean }> = new Map([
  [0xfefc, { services: [SERVICE.hello], request: true, response: false }],
  [0xfefd, { services: [SERVICE.get, SERVICE.set], request: true, response: true }],
  [0xfefe, { services: [SERVICE.identify], request: true, response: false }],
  [0xfeff, { services: [SERVICE.identify], request: false, response: true }],
]);
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [SERVICE.get, ["Get", "identify"]],
  [SERVICE.set, ["Set", "write"]],
  [SERVICE.identify, ["Identify", "discover"]],
  [SERVICE.hello, ["Hello", "discover"]],
]);

const IP = 1;
const DEVICE = 2;
const CONTROL = 5;
const ALL = 0xff;
const key = (option: number, suboption: number): number => (option << 8) | suboption;
const BLOCK = {
  address: key(IP, 2),
  product: key(DEVICE, 1),
  name: key(DEVICE, 2),
  id: key(DEVICE, 3),
  role: key(DEVICE, 4),
  alias: key(DEVICE, 6),
  start: key(CONTROL, 1),
  end: key(CONTROL, 2),
  signal: key(CONTROL, 3),
  response: key(CONTROL, 4),
  factoryReset: key(CONTROL, 5),
  resetToFactory: key(CONTROL, 6),
} as const;
const BLOCKS: ReadonlyMap<number, string> = new Map([
  [key(IP, 1), "MAC"],
  [BLOCK.address, "IP"],
  [key(IP, 3), "IP suite"],
  [BLOCK.product, "type of station"],
  [BLOCK.name, "name of station"],
  [BLOCK.id, "device id"],
  [BLOCK.role, "device role"],
  [key(DEVICE, 5), "device options"],
  [BLOCK.alias, "alias"],
  [key(DEVICE, 7), "device instance"],
  [key(DEVICE, 8), "OEM device id"],
  [BLOCK.start, "start"],
  [BLOCK.end, "end"],
  [BLOCK.signal, "blink"],
  [BLOCK.response, "response"],
  [BLOCK.factoryReset, "factory reset"],
  [BLOCK.resetToFactory, "reset to factory"],
  [key(ALL, 0xff), "all"],
]);
/** What makes a Set act on a device beyond its settings. */
const ACTS: readonly number[] = [BLOCK.signal, BLOCK.factoryReset, BLOCK.resetToFactory];
const ROLES = ["IO device", "IO controller", "IO multidevice", "IO supervisor"];

export const profinetDcp: Decoder = {
  id: "profinet-dcp",
  title: "PROFINET Discovery and Configuration",
  specs: ["IEC 61158-6-10"],
  ports: { eth: [ETHER_TYPE] },
  fields: [
    { field: "profinet-dcp.address", about: "a device's IP address, with its mask and gateway" },
    { field: "profinet-dcp.device-id", about: "the maker's number of the product" },
    { field: "profinet-dcp.asked-name", about: "the name of station that an Identify asks for" },
  ],
  everyMessage: true,

  looksDatagram(buf, off, len) {
    if (len < HEADER_LENGTH) return false;
    const frame = FRAMES.get((buf[off]! << 8) | buf[off + 1]!);
    if (frame === undefined || !frame.services.includes(buf[off + 2]!)) return false;
    const type = buf[off + 3]!;
    return type === TYPE.request
      ? frame.request
      : frame.response && (type === TYPE.success || type === TYPE.unsupported);
  },

  datagram(c, emit, at) {
    if (at.transport !== "eth") return false;
    c.skip(2);
    const service = c.u8();
    const type = c.u8();
    const id = c.hex(4);
    c.skip(2);
    const length = c.u16();
    const request = type === TYPE.request;
    // A Get asks by option and suboption alone.
    const holds = request && service === SERVICE.get ? length % 2 === 0 : blocksHold(c, length);
    if (length > c.left + c.cutOff || !holds) return false;
    const failed = type === TYPE.unsupported;
    const [name, class_] = MEANINGS.get(service)!;
    const oneway = service === SERVICE.hello;
    emit({ kind: "role", sender: request !== oneway ? "client" : "server", why: `DCP ${name}` });
    emit({
      kind: "message",
      what: oneway ? "oneway" : request ? "request" : "response",
      id,
      ...(failed ? { failed } : {}),
    });
    const cut = c.left < length;
    const outer = cut ? c.end : c.enter(length, "blocks");
    const said = blocks(c, service, request, emit);
    if (cut) c.short(length - c.at + HEADER_LENGTH);
    c.leave(outer);
    const acts = request && service === SERVICE.set && said.acts;
    const failure = failed || said.refused;
    const target = request && said.names.length > 0 ? said.names.join(", ") : null;
    const pairs = oneway ? null : id;
    const role = request ? "request" : "response";
    tellOperation(emit, "profinet-dcp", role, service, [name, acts ? "control" : class_], {
      target,
      id: pairs,
      failed: failure,
    });
    return true;
  },
};

/** Whether blocks fill the length, as far as the capture shows it; the last one's pad may be left out. */
function blocksHold(c: Cursor, length: number): boolean {
  const end = c.pos + length;
  let at = c.pos;
  while (at < end) {
    if (at + 4 > c.end) return c.cutOff > 0;
    const size = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    at += 4 + size;
    if (at > end) return false;
    at += size % 2;
  }
  return true;
}

interface Said {
  names: string[];
  acts: boolean;
  /** A Set's answer that says of a block that it was not done. */
  refused: boolean;
}

function blocks(c: Cursor, service: number, request: boolean, emit: Emit): Said {
  const said: Said = { names: [], acts: false, refused: false };
  while (c.left > 0) {
    c.part = "block";
    const block = c.u16();
    if (request && service === SERVICE.get) {
      said.names.push(nameOf(block));
      continue;
    }
    const size = c.u16();
    const outer = c.enter(size, nameOf(block));
    said.names.push(nameOf(block));
    if (ACTS.includes(block)) said.acts = true;
    if (request && service === SERVICE.identify) {
      if (block === BLOCK.name) emit({ kind: "field", field: "profinet-dcp.asked-name", value: c.text(c.left) });
    } else if (block === BLOCK.response) {
      c.skip(2);
      if (c.u8() !== 0) said.refused = true;
    } else if (!request || service === SERVICE.hello) tellBlock(c, block, emit);
    c.leave(outer);
    if (size % 2 === 1 && c.left > 0) c.skip(1);
  }
  return said;
}

const nameOf = (block: number): string => BLOCKS.get(block) ?? `option ${block >> 8}/${block & 0xff}`;

/** What a device says of itself, behind two bytes of how it came by it. */
function tellBlock(c: Cursor, block: number, emit: Emit): void {
  c.skip(2);
  const source = `DCP ${nameOf(block)}`;
  if (block === BLOCK.product || block === BLOCK.name) {
    const value = c
      .text(c.left)
      .replace(/(\\x00)+$/, "")
      .trim();
    if (value !== "") emit({ kind: "asset", what: block === BLOCK.name ? "name" : "product", value, source });
  } else if (block === BLOCK.id) {
    emit({ kind: "asset", what: "vendor", value: profinetVendor(c.u16()), source });
    emit({ kind: "field", field: "profinet-dcp.device-id", value: `0x${c.hex(2)}` });
  } else if (block === BLOCK.role) {
    const bits = c.u8();
    const roles = ROLES.filter((_, bit) => (bits >> bit) & 1);
    if (roles.length > 0) emit({ kind: "asset", what: "kind", value: roles.join(", "), source });
  } else if (block === BLOCK.address) {
    const value = `${formatIpv4(c.u32())} ${formatIpv4(c.u32())} ${formatIpv4(c.u32())}`;
    emit({ kind: "field", field: "profinet-dcp.address", value });
  }
}
