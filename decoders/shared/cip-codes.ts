/**
 * What CIP's numbers mean: services with their operation class, objects, who made a device and what kind it is.
 * CIP Networks Library volume 1 (services: appendix A, object ids: chapter 5), Rockwell 1756-PM020 (tags).
 *
 * A code from 0x32 on means something else in every object. The path says in which; where it does not, the operation is
 * unknown: 0x4c reads a tag, and unlocks a controller.
 */
import { type Meaning, unknownCode } from "./operation.ts";

type Services = ReadonlyMap<number, Meaning>;

export const OBJECT = {
  identity: 0x01,
  router: 0x02,
  manager: 0x06,
  file: 0x37,
  pccc: 0x67,
  symbol: 0x6b,
  template: 0x6c,
};

export const OBJECT_NAMES: ReadonlyMap<number, string> = new Map([
  [OBJECT.identity, "Identity"],
  [OBJECT.router, "Message Router"],
  [0x04, "Assembly"],
  [0x05, "Connection"],
  [OBJECT.manager, "Connection Manager"],
  [0x0f, "Parameter"],
  [OBJECT.file, "File"],
  [0x43, "Time Sync"],
  [0x48, "QoS"],
  [OBJECT.pccc, "PCCC"],
  [OBJECT.symbol, "Symbol"],
  [OBJECT.template, "Template"],
  [0xf4, "Port"],
  [0xf5, "TCP/IP Interface"],
  [0xf6, "Ethernet Link"],
]);

/** Services that mean the same in every object. The two carriers have no class of their own: what they carry is told beside them. */
const COMMON: Services = new Map<number, Meaning>([
  [0x01, ["Get Attributes All", "read"]],
  [0x02, ["Set Attributes All", "write"]],
  [0x03, ["Get Attribute List", "read"]],
  [0x04, ["Set Attribute List", "write"]],
  [0x05, ["Reset", "control"]],
  [0x06, ["Start", "control"]],
  [0x07, ["Stop", "control"]],
  [0x08, ["Create", "write"]],
  [0x09, ["Delete", "write"]],
  [0x0a, ["Multiple Service Packet", "session"]],
  [0x0d, ["Apply Attributes", "write"]],
  [0x0e, ["Get Attribute Single", "read"]],
  [0x10, ["Set Attribute Single", "write"]],
  [0x11, ["Find Next Object Instance", "read"]],
  [0x15, ["Restore", "write"]],
  [0x16, ["Save", "write"]],
  [0x17, ["No Operation", "session"]],
  [0x18, ["Get Member", "read"]],
  [0x19, ["Set Member", "write"]],
  [0x1a, ["Insert Member", "write"]],
  [0x1b, ["Remove Member", "write"]],
  [0x1c, ["Group Sync", "write"]],
]);
export const MULTIPLE_SERVICE = 0x0a;

export const MANAGER = { close: 0x4e, unconnectedSend: 0x52, open: 0x54, largeOpen: 0x5b } as const;
export const EXECUTE_PCCC = 0x4b;

const TAG: Services = new Map<number, Meaning>([
  [0x4c, ["Read Tag", "read"]],
  [0x4d, ["Write Tag", "write"]],
  [0x4e, ["Read Modify Write Tag", "write"]],
  [0x52, ["Read Tag Fragmented", "read"]],
  [0x53, ["Write Tag Fragmented", "write"]],
  [0x55, ["Get Instance Attribute List", "read"]],
]);

const OF_OBJECT: ReadonlyMap<number, Services> = new Map<number, Services>([
  [
    OBJECT.manager,
    new Map<number, Meaning>([
      [MANAGER.close, ["Forward Close", "session"]],
      [MANAGER.unconnectedSend, ["Unconnected Send", "session"]],
      [MANAGER.open, ["Forward Open", "control"]],
      [0x56, ["Get Connection Data", "read"]],
      [0x57, ["Search Connection Data", "read"]],
      [0x5a, ["Get Connection Owner", "read"]],
      [MANAGER.largeOpen, ["Large Forward Open", "control"]],
    ]),
  ],
  [
    OBJECT.file,
    new Map<number, Meaning>([
      [0x4b, ["Initiate Upload", "read"]],
      [0x4c, ["Initiate Download", "program"]],
      [0x4d, ["Initiate Partial Read", "read"]],
      [0x4e, ["Initiate Partial Write", "program"]],
      [0x4f, ["Upload Transfer", "read"]],
      [0x50, ["Download Transfer", "program"]],
      [0x51, ["Clear File", "program"]],
    ]),
  ],
  [OBJECT.pccc, new Map<number, Meaning>([[EXECUTE_PCCC, ["Execute PCCC", "session"]]])],
  [OBJECT.symbol, TAG],
  [OBJECT.template, new Map<number, Meaning>([[0x4c, ["Read Template", "read"]]])],
]);

/** What asks an Identity object, asks who the device is. */
const IDENTIFIES = new Set([0x01, 0x03, 0x0e]);

/**
 * A service, as the object that its path names understands it. `object` is null where the path is a tag's name, undefined
 * where nothing says which object it is (an answer, a path through several objects).
 */
export function cipService(code: number, object: number | null | undefined): Meaning {
  const specific =
    object === null ? TAG.get(code) : object === undefined ? undefined : OF_OBJECT.get(object)?.get(code);
  const [name, class_] = specific ?? COMMON.get(code) ?? unknownCode("Service", code);
  return [name, object === OBJECT.identity && IDENTIFIES.has(code) ? "identify" : class_];
}

/** General status of an answer (volume 1, appendix B-1), of those by which a device refuses. */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [0x01, "connection failure"],
  [0x02, "resource unavailable"],
  [0x03, "invalid parameter value"],
  [0x04, "path segment error"],
  [0x05, "path destination unknown"],
  [0x07, "connection lost"],
  [0x08, "service not supported"],
  [0x09, "invalid attribute value"],
  [0x0a, "attribute list error"],
  [0x0b, "already in requested mode"],
  [0x0c, "object state conflict"],
  [0x0d, "object already exists"],
  [0x0e, "attribute not settable"],
  [0x0f, "privilege violation"],
  [0x10, "device state conflict"],
  [0x11, "reply data too large"],
  [0x13, "not enough data"],
  [0x14, "attribute not supported"],
  [0x15, "too much data"],
  [0x16, "object does not exist"],
  [0x1f, "vendor specific error"],
  [0x20, "invalid parameter"],
  [0x26, "path size invalid"],
]);
/** `status 0x0e, attribute not settable`. */
export function cipStatus(status: number): string {
  const name = STATUSES.get(status);
  return `status 0x${status.toString(16).padStart(2, "0")}${name === undefined ? "" : `, ${name}`}`;
}

const VENDORS: ReadonlyMap<number, string> = new Map([
  [1, "Rockwell Automation/Allen-Bradley"],
  [5, "Rockwell Automation/Reliance Electric"],
  [7, "SMC"],
  [8, "Molex"],
  [26, "Festo"],
  [40, "WAGO"],
  [43, "Balluff"],
  [44, "Yaskawa Electric America"],
  [46, "ABB Industrial Systems"],
  [47, "Omron"],
  [48, "Turck"],
  [57, "Pepperl+Fuchs"],
  [68, "Eaton Electrical"],
  [77, "Rockwell Software"],
  [83, "Opto 22"],
  [90, "HMS Industrial Networks"],
  [97, "Danfoss"],
  [108, "Beckhoff Automation"],
  [121, "KUKA Roboter"],
  [145, "Siemens Energy & Automation"],
  [161, "Mitsubishi Electric"],
  [176, "Red Lion Controls"],
  [243, "Schneider Automation"],
  [250, "Yokogawa Electric"],
  [255, "Bosch Rexroth"],
  [283, "Hilscher"],
  [309, "ProSoft Technology"],
  [315, "SEW-Eurodrive"],
  [322, "ifm efector"],
  [345, "Endress+Hauser"],
  [367, "Keyence"],
  [445, "Lenze"],
  [562, "Phoenix Contact"],
  [591, "FANUC"],
  [634, "Hirschmann"],
  [640, "Murrelektronik"],
  [678, "Cognex"],
  [808, "SICK"],
  [887, "B&R Industrial Automation"],
  [939, "Cisco Systems"],
  [991, "Moxa"],
]);
/** ODVA's number of a maker; those that are not among the common ones stay numbers. */
export const cipVendor = (id: number): string => VENDORS.get(id) ?? `ODVA vendor ${id}`;

const KINDS: ReadonlyMap<number, string> = new Map([
  [0x00, "Generic Device"],
  [0x02, "AC Drive"],
  [0x03, "Motor Overload"],
  [0x04, "Limit Switch"],
  [0x05, "Inductive Proximity Switch"],
  [0x06, "Photoelectric Sensor"],
  [0x07, "General Purpose Discrete I/O"],
  [0x0c, "Communications Adapter"],
  [0x0e, "Programmable Logic Controller"],
  [0x10, "Position Controller"],
  [0x13, "DC Drive"],
  [0x15, "Contactor"],
  [0x16, "Motor Starter"],
  [0x17, "Soft Start"],
  [0x18, "Human-Machine Interface"],
  [0x1a, "Mass Flow Controller"],
  [0x1b, "Pneumatic Valve"],
  [0x1c, "Vacuum Pressure Gauge"],
  [0x22, "Encoder"],
  [0x23, "Safety Discrete I/O Device"],
  [0x24, "Fluid Flow Controller"],
  [0x25, "CIP Motion Drive"],
  [0x2a, "Safety Analog I/O Device"],
  [0x2b, "Generic Device (keyable)"],
  [0x2c, "Managed Ethernet Switch"],
  [0x2d, "CIP Motion Safety Drive Device"],
  [0x2e, "Safety Drive Device"],
  [0x33, "Circuit Breaker"],
  [0xc8, "Embedded Component"],
]);
export const cipKind = (type: number): string => KINDS.get(type) ?? `CIP device type ${type}`;
