/**
 * What BACnet's numbers mean: services and network messages with their class, objects, properties, makers.
 * ANSI/ASHRAE 135 clauses 13 to 17 (services), 6.4 (network), 21 (numbers), annexes J and U (BVLC).
 *
 * SubscribeCOV and its kin only seem to read: they put an entry into the device's list of subscriptions
 * (active-cov-subscriptions), and make it send by itself until that ends. That is `write`. What sets clocks is too.
 * Whoever writes a file may write a program or a firmware: `program`. What makers define for themselves is `unknown`.
 * So is a change of value, or an event, that is told to somebody: whoever hears it may control by it. An audit notification becomes
 * an entry of the receiver's log; who registers as a foreign device becomes one of its table. Routers' messages of being busy stop what others send, a network's number is learned.
 */
import type { Meaning } from "./operation.ts";

export const CONFIRMED = {
  subscribe: 5,
  readFile: 6,
  writeFile: 7,
  readProperty: 12,
  readMultiple: 14,
  writeProperty: 15,
  writeMultiple: 16,
  communication: 17,
  reinitialize: 20,
  subscribeProperty: 28,
} as const;
export const UNCONFIRMED = { iAm: 0, iHave: 1, whoHas: 7, whoIs: 8 } as const;

export const CONFIRMED_SERVICES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0, ["AcknowledgeAlarm", "write"]],
  [1, ["ConfirmedCOVNotification", "unknown"]],
  [2, ["ConfirmedEventNotification", "unknown"]],
  [3, ["GetAlarmSummary", "read"]],
  [4, ["GetEnrollmentSummary", "read"]],
  [CONFIRMED.subscribe, ["SubscribeCOV", "write"]],
  [CONFIRMED.readFile, ["AtomicReadFile", "read"]],
  [CONFIRMED.writeFile, ["AtomicWriteFile", "program"]],
  [8, ["AddListElement", "write"]],
  [9, ["RemoveListElement", "write"]],
  [10, ["CreateObject", "write"]],
  [11, ["DeleteObject", "write"]],
  [CONFIRMED.readProperty, ["ReadProperty", "read"]],
  [13, ["ReadPropertyConditional", "read"]],
  [CONFIRMED.readMultiple, ["ReadPropertyMultiple", "read"]],
  [CONFIRMED.writeProperty, ["WriteProperty", "write"]],
  [CONFIRMED.writeMultiple, ["WritePropertyMultiple", "write"]],
  [CONFIRMED.communication, ["DeviceCommunicationControl", "control"]],
  [18, ["ConfirmedPrivateTransfer", "unknown"]],
  [19, ["ConfirmedTextMessage", "write"]],
  [CONFIRMED.reinitialize, ["ReinitializeDevice", "control"]],
  [21, ["VT-Open", "unknown"]],
  [22, ["VT-Close", "session"]],
  [23, ["VT-Data", "unknown"]],
  [24, ["Authenticate", "session"]],
  [25, ["RequestKey", "session"]],
  [26, ["ReadRange", "read"]],
  [27, ["LifeSafetyOperation", "control"]],
  [CONFIRMED.subscribeProperty, ["SubscribeCOVProperty", "write"]],
  [29, ["GetEventInformation", "read"]],
  [30, ["SubscribeCOVPropertyMultiple", "write"]],
  [31, ["ConfirmedCOVNotificationMultiple", "unknown"]],
  [32, ["ConfirmedAuditNotification", "write"]],
  [33, ["AuditLogQuery", "read"]],
]);

export const UNCONFIRMED_SERVICES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [UNCONFIRMED.iAm, ["I-Am", "discover"]],
  [UNCONFIRMED.iHave, ["I-Have", "discover"]],
  [2, ["UnconfirmedCOVNotification", "unknown"]],
  [3, ["UnconfirmedEventNotification", "unknown"]],
  [4, ["UnconfirmedPrivateTransfer", "unknown"]],
  [5, ["UnconfirmedTextMessage", "write"]],
  [6, ["TimeSynchronization", "write"]],
  [UNCONFIRMED.whoHas, ["Who-Has", "discover"]],
  [UNCONFIRMED.whoIs, ["Who-Is", "discover"]],
  [9, ["UTCTimeSynchronization", "write"]],
  [10, ["WriteGroup", "write"]],
  [11, ["UnconfirmedCOVNotificationMultiple", "unknown"]],
  [12, ["UnconfirmedAuditNotification", "write"]],
  [13, ["Who-Am-I", "discover"]],
  [14, ["You-Are", "write"]],
]);

/** Messages of the network layer; a routing table that is sent empty is only asked for. */
export const NETWORK_MESSAGES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x00, ["Who-Is-Router-To-Network", "discover"]],
  [0x01, ["I-Am-Router-To-Network", "discover"]],
  [0x02, ["I-Could-Be-Router-To-Network", "discover"]],
  [0x03, ["Reject-Message-To-Network", "session"]],
  [0x04, ["Router-Busy-To-Network", "control"]],
  [0x05, ["Router-Available-To-Network", "control"]],
  [0x06, ["Initialize-Routing-Table", "write"]],
  [0x07, ["Initialize-Routing-Table-Ack", "session"]],
  [0x08, ["Establish-Connection-To-Network", "control"]],
  [0x09, ["Disconnect-Connection-To-Network", "control"]],
  [0x12, ["What-Is-Network-Number", "discover"]],
  [0x13, ["Network-Number-Is", "write"]],
]);
export const INITIALIZE_ROUTING = 0x06;

const OBJECT_TYPES = (
  "analog-input analog-output analog-value binary-input binary-output binary-value calendar command device " +
  "event-enrollment file group loop multi-state-input multi-state-output notification-class program schedule averaging " +
  "multi-state-value trend-log life-safety-point life-safety-zone accumulator pulse-converter event-log global-group " +
  "trend-log-multiple load-control structured-view access-door timer access-credential access-point access-rights " +
  "access-user access-zone credential-data-input network-security bitstring-value characterstring-value " +
  "date-pattern-value date-value datetime-pattern-value datetime-value integer-value large-analog-value " +
  "octetstring-value positive-integer-value time-pattern-value time-value notification-forwarder alert-enrollment " +
  "channel lighting-output binary-lighting-output network-port elevator-group escalator lift staging audit-log " +
  "audit-reporter color color-temperature"
).split(" ");
export const DEVICE = 8;
/** `device,1234`, by the 10 and 22 bits of an object identifier. */
export function bacnetObject(id: number): string {
  const type = id >>> 22;
  return `${OBJECT_TYPES[type] ?? `object-type-${type}`},${id & 0x3fffff}`;
}

export const PROPERTY = {
  application: 12,
  description: 28,
  firmware: 44,
  location: 58,
  model: 70,
  identifier: 75,
  name: 77,
  vendorId: 120,
  vendor: 121,
  serial: 372,
} as const;
/** Properties of a device object that say which device it is. */
export const IDENTIFYING: ReadonlySet<number> = new Set(Object.values(PROPERTY));

const PROPERTIES: ReadonlyMap<number, string> = new Map([
  [8, "all"],
  [11, "apdu-timeout"],
  [PROPERTY.application, "application-software-version"],
  [PROPERTY.description, "description"],
  [36, "event-state"],
  [PROPERTY.firmware, "firmware-revision"],
  [56, "local-date"],
  [57, "local-time"],
  [PROPERTY.location, "location"],
  [62, "max-apdu-length-accepted"],
  [PROPERTY.model, "model-name"],
  [PROPERTY.identifier, "object-identifier"],
  [76, "object-list"],
  [PROPERTY.name, "object-name"],
  [79, "object-type"],
  [80, "optional"],
  [81, "out-of-service"],
  [85, "present-value"],
  [87, "priority-array"],
  [96, "protocol-object-types-supported"],
  [97, "protocol-services-supported"],
  [98, "protocol-version"],
  [103, "reliability"],
  [104, "relinquish-default"],
  [105, "required"],
  [107, "segmentation-supported"],
  [111, "status-flags"],
  [112, "system-status"],
  [117, "units"],
  [PROPERTY.vendorId, "vendor-identifier"],
  [PROPERTY.vendor, "vendor-name"],
  [123, "weekly-schedule"],
  [139, "protocol-revision"],
  [152, "active-cov-subscriptions"],
  [155, "database-revision"],
  [371, "property-list"],
  [PROPERTY.serial, "serial-number"],
]);
export const bacnetProperty = (id: number): string => PROPERTIES.get(id) ?? `property-${id}`;

/** Why a device refused: error classes and codes (clause 18), reasons of a reject (18.8) and of an abort (18.9). */
const ERROR_CLASSES = "device object property resources security services vt communication".split(" ");
const ERROR_CODES = (
  "other authentication-failed configuration-in-progress device-busy dynamic-creation-not-supported file-access-denied " +
  "incompatible-security-levels inconsistent-parameters inconsistent-selection-criterion invalid-data-type " +
  "invalid-file-access-method invalid-file-start-position invalid-operator-name invalid-parameter-data-type " +
  "invalid-time-stamp key-generation-error missing-required-parameter no-objects-of-specified-type no-space-for-object " +
  "no-space-to-add-list-element no-space-to-write-property no-vt-sessions-available property-is-not-a-list " +
  "object-deletion-not-permitted object-identifier-already-exists operational-problem password-failure " +
  "read-access-denied security-not-supported service-request-denied timeout unknown-object unknown-property removed " +
  "unknown-vt-class unknown-vt-session unsupported-object-type value-out-of-range vt-session-already-closed " +
  "vt-session-termination-failure write-access-denied character-set-not-supported invalid-array-index " +
  "cov-subscription-failed not-cov-property optional-functionality-not-supported invalid-configuration-data " +
  "datatype-not-supported duplicate-name duplicate-object-id property-is-not-an-array"
).split(" ");
/** `property: write-access-denied`. */
export const bacnetError = (class_: number, code: number): string =>
  `${ERROR_CLASSES[class_] ?? `class ${class_}`}: ${ERROR_CODES[code] ?? `code ${code}`}`;
const REJECTS = (
  "other buffer-overflow inconsistent-parameters invalid-parameter-data-type invalid-tag missing-required-parameter " +
  "parameter-out-of-range too-many-arguments undefined-enumeration unrecognized-service"
).split(" ");
const ABORTS = (
  "other buffer-overflow invalid-apdu-in-this-state preempted-by-higher-priority-task segmentation-not-supported " +
  "security-error insufficient-security window-size-out-of-range application-exceeded-reply-time out-of-resources " +
  "tsm-timeout apdu-too-long"
).split(" ");
/** `reject: unrecognized-service`. */
export const bacnetRefusal = (of: "reject" | "abort", reason: number): string =>
  `${of}: ${(of === "reject" ? REJECTS : ABORTS)[reason] ?? reason}`;

export const REINITIALIZE_STATES =
  "coldstart warmstart start-backup end-backup start-restore end-restore abort-restore activate-changes".split(" ");
export const COMMUNICATION_STATES = ["enable", "disable", "disable-initiation"];

const VENDORS: ReadonlyMap<number, string> = new Map([
  [0, "ASHRAE"],
  [1, "NIST"],
  [2, "Trane"],
  [3, "Daikin Applied Americas"],
  [5, "Johnson Controls"],
  [6, "ABB"],
  [7, "Siemens"],
  [8, "Delta Controls"],
  [9, "Siemens"],
  [10, "Schneider Electric"],
  [11, "TAC"],
  [14, "Cimetrics"],
  [16, "Carrier"],
  [17, "Honeywell"],
  [18, "Alerton/Honeywell"],
  [24, "Automated Logic"],
  [26, "Phoenix Controls"],
  [28, "KMC Controls"],
  [35, "Reliable Controls"],
  [36, "Tridium"],
  [39, "Kieback & Peter"],
  [77, "Carel"],
  [80, "Fr. Sauter"],
  [89, "Saia-Burgess Controls"],
  [91, "Trend Control Systems"],
  [176, "Lutron Electronics"],
  [190, "Danfoss Drives"],
  [226, "Phoenix Contact"],
  [227, "Grundfos"],
  [245, "Contemporary Control Systems"],
  [313, "Siemens Industry"],
  [332, "Distech Controls"],
  [415, "Beckhoff Automation"],
  [767, "Viessmann"],
]);
export const bacnetVendor = (id: number): string => VENDORS.get(id) ?? `BACnet vendor ${id}`;
