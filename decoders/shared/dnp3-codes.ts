/** DNP3's function codes by class (IEEE 1815, 4.4), its check sum, and the attributes that say what a device is. */
import type { AssetFact } from "../../src/decode/facts.ts";
import { meanings } from "./frames.ts";

export const FUNCTION = {
  confirm: 0,
  read: 1,
  select: 3,
  operate: 4,
  directOperate: 5,
  directOperateNoAck: 6,
  open: 25,
  response: 129,
  unsolicited: 130,
  authentication: 131,
} as const;

/**
 * Freezing moves counters, and with clear it resets them; which class an event has and whether it is sent unasked is the
 * outstation's configuration; recording the time prepares setting it; who aborts a file's transfer may abort another's: none
 * of them only reads. Authentication proves who asks, and changes keys and users too, in objects that are not read: unknown.
 */
export const FUNCTIONS = meanings({
  session: {
    0: "Confirm",
    26: "Close File",
    29: "Authenticate File",
  },
  read: {
    1: "Read",
    23: "Delay Measurement",
    28: "Get File Information",
    129: "Response",
    130: "Unsolicited Response",
    131: "Authentication Response",
  },
  write: {
    2: "Write",
    20: "Enable Unsolicited",
    21: "Disable Unsolicited",
    22: "Assign Class",
    24: "Record Current Time",
    27: "Delete File",
  },
  control: {
    3: "Select",
    4: "Operate",
    5: "Direct Operate",
    6: "Direct Operate, No Ack",
    7: "Immediate Freeze",
    8: "Immediate Freeze, No Ack",
    9: "Freeze and Clear",
    10: "Freeze and Clear, No Ack",
    11: "Freeze at Time",
    12: "Freeze at Time, No Ack",
    13: "Cold Restart",
    14: "Warm Restart",
    15: "Initialize Data",
    16: "Initialize Application",
    17: "Start Application",
    18: "Stop Application",
    30: "Abort File Transfer",
  },
  program: { 19: "Save Configuration", 31: "Activate Configuration" },
  unknown: { 25: "Open File", 32: "Authentication Request", 33: "Authentication Request, No Ack" },
});
/** Requests that nobody answers. */
export const UNANSWERED: readonly number[] = [0, 6, 8, 10, 12, 33];

/** Functions of the link layer (9.2.4), of the primary and of the secondary station. Resetting the user process, which is obsolete, restarts what runs above. */
export const LINK_PRIMARY = meanings({
  control: { 1: "Reset User Process" },
  session: { 0: "Reset Link", 2: "Test Link", 9: "Request Link Status" },
});
export const LINK_SECONDARY = meanings({ session: { 0: "Ack", 1: "Nack", 11: "Link Status", 15: "Not Supported" } });
export const LINK_DATA: readonly number[] = [3, 4];

/** Group 0: a device's attributes by variation. */
export const ATTRIBUTES: ReadonlyMap<number, readonly [AssetFact["what"], string]> = new Map([
  [242, ["version", "software version"]],
  [245, ["location", "location name"]],
  [247, ["name", "device name"]],
  [248, ["serial", "serial number"]],
  [250, ["product", "product name and model"]],
  [252, ["vendor", "manufacturer"]],
]);
export const DEVICE_ATTRIBUTES = 0;
export const FILE_COMMAND = { group: 70, variation: 3 } as const;
export const CONTROL_GROUPS: readonly number[] = [12, 41];

/** CRC-16/DNP over `length` bytes, as it stands on the wire: the lower byte first. Allocates nothing. */
export function crc(buf: Uint8Array, off: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum = (sum >>> 8) ^ TABLE[(sum ^ buf[off + i]!) & 0xff]!;
  return ~sum & 0xffff;
}
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) !== 0 ? (sum >>> 1) ^ 0xa6bc : sum >>> 1;
  return sum;
});
