/** SNMP's operations with their classes (RFC 3416 section 3), error names, and the objects that say what a device is. */
import type { AssetFact, OperationClass } from "../../src/decode/facts.ts";

export interface Pdu {
  name: string;
  what: "request" | "response" | "oneway";
  /** Of requests: what they do to the device. */
  class: OperationClass;
}

/** By the number of the context tag. A notification changes nothing: the device tells values by itself. */
const PDUS: readonly Pdu[] = [
  { name: "get", what: "request", class: "read" },
  { name: "get-next", what: "request", class: "read" },
  { name: "response", what: "response", class: "read" },
  { name: "set", what: "request", class: "write" },
  { name: "trap", what: "oneway", class: "read" },
  { name: "get-bulk", what: "request", class: "read" },
  { name: "inform", what: "request", class: "read" },
  { name: "trap-v2", what: "oneway", class: "read" },
  { name: "report", what: "response", class: "session" },
];
export const PDU = { response: 2, set: 3, trapV1: 4, getBulk: 5, inform: 6, trapV2: 7, report: 8 } as const;

export const pduOf = (number: number): Pdu | null => PDUS[number] ?? null;

const ERRORS = (
  "noError tooBig noSuchName badValue readOnly genErr noAccess wrongType wrongLength wrongEncoding wrongValue noCreation " +
  "inconsistentValue resourceUnavailable commitFailed undoFailed authorizationError notWritable inconsistentName"
).split(" ");

/** `noSuchName`; an unknown one `error 30`. */
export const snmpError = (code: number): string => ERRORS[code] ?? `error ${code}`;

const SYSTEM = "1.3.6.1.2.1.1.";
const PHYSICAL = "1.3.6.1.2.1.47.1.1.1.1.";

/** Whether all of these ask only who the device is: the system group, the entity table. */
export const asksIdentity = (oids: readonly string[]): boolean =>
  oids.length > 0 && oids.every((oid) => `${oid}.`.startsWith(SYSTEM) || `${oid}.`.startsWith(PHYSICAL));

interface Meaning {
  /** The object's name in SNMPv2-MIB and ENTITY-MIB (RFC 3418, 6933). */
  object: string;
  what: AssetFact["what"];
}
const SYSTEM_OBJECTS = new Map<string, Meaning>([
  [`${SYSTEM}1.0`, { object: "sysDescr", what: "product" }],
  [`${SYSTEM}5.0`, { object: "sysName", what: "name" }],
  [`${SYSTEM}7.0`, { object: "sysServices", what: "kind" }],
  [`${SYSTEM}6.0`, { object: "sysLocation", what: "location" }],
]);
const PHYSICAL_COLUMNS = new Map<string, Meaning>([
  ["2", { object: "entPhysicalDescr", what: "product" }],
  ["7", { object: "entPhysicalName", what: "name" }],
  ["9", { object: "entPhysicalFirmwareRev", what: "version" }],
  ["10", { object: "entPhysicalSoftwareRev", what: "version" }],
  ["11", { object: "entPhysicalSerialNum", what: "serial" }],
  ["12", { object: "entPhysicalMfgName", what: "vendor" }],
  ["13", { object: "entPhysicalModelName", what: "order-code" }],
]);
export const SYS_OBJECT_ID = `${SYSTEM}2.0`;

/** What sysServices adds up (RFC 3418): a bit a layer, in the words that stand there as examples. */
const LAYERS = ["repeater", "bridge", "router", "host", "", "", "applications"];
export const servicesText = (sum: number): string =>
  LAYERS.filter((name, bit) => name !== "" && (sum >> bit) & 1).join(", ");

/** What an object says of the device, or of one of its parts, which the table counts; null for all others. */
export function meaningOf(oid: string): Meaning | null {
  if (!oid.startsWith(PHYSICAL)) return SYSTEM_OBJECTS.get(oid) ?? null;
  const [column, ...part] = oid.slice(PHYSICAL.length).split(".");
  const meaning = PHYSICAL_COLUMNS.get(column!);
  return meaning === undefined ? null : { object: `${meaning.object} of part ${part.join(".")}`, what: meaning.what };
}

/** Makers by their number in IANA's list of private enterprises: those whose devices stand in plants. */
const ENTERPRISES: ReadonlyMap<number, string> = new Map([
  [9, "Cisco"],
  [11, "Hewlett-Packard"],
  [95, "Rockwell Automation"],
  [248, "Hirschmann"],
  [311, "Microsoft"],
  [318, "American Power Conversion"],
  [409, "Mitsubishi Electric"],
  [534, "Eaton"],
  [674, "Dell"],
  [1890, "Red Lion Controls"],
  [2636, "Juniper Networks"],
  [3833, "Schneider Electric"],
  [4196, "Siemens"],
  [4329, "Siemens"],
  [4346, "Phoenix Contact"],
  [7427, "Yokogawa Electric"],
  [8072, "Net-SNMP"],
  [8691, "Moxa"],
  [10297, "Advantech"],
  [13576, "WAGO"],
  [16177, "Westermo"],
  [16838, "Omron"],
  [25157, "Beckhoff Automation"],
]);
const PRIVATE = /^1\.3\.6\.1\.4\.1\.(\d+)(?:\.|$)/;
/** Whose identifier this is: `Siemens`, `IANA enterprise 30507`; null where it is no maker's. */
export function enterpriseOf(oid: string): string | null {
  const number = PRIVATE.exec(oid)?.[1];
  return number === undefined ? null : (ENTERPRISES.get(Number(number)) ?? `IANA enterprise ${number}`);
}
