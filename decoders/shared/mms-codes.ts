/** MMS services by class (ISO 9506-2), and what the names of IEC 61850-8-1 make of a read or a write. */
import type { OperationClass } from "../../src/decode/facts.ts";
import { meanings } from "./frames.ts";

export const SERVICE = { identify: 2, read: 4, write: 5, obtainFile: 46 } as const;

/** ConfirmedServiceRequest, by tag. Uploads read a domain of the device; downloads, and a file that it shall fetch, change it. */
export const SERVICES = meanings({
  identify: { 2: "identify", 71: "getCapabilityList" },
  read: {
    0: "status",
    1: "getNameList",
    4: "read",
    6: "getVariableAccessAttributes",
    9: "getScatteredAccessAttributes",
    12: "getNamedVariableListAttributes",
    15: "getNamedTypeAttributes",
    23: "reportSemaphoreStatus",
    24: "reportPoolSemaphoreStatus",
    25: "reportSemaphoreEntryStatus",
    29: "initiateUploadSequence",
    30: "uploadSegment",
    31: "terminateUploadSequence",
    37: "getDomainAttributes",
    45: "getProgramInvocationAttributes",
    49: "getEventConditionAttributes",
    50: "reportEventConditionStatus",
    55: "getEventActionAttributes",
    56: "reportEventActionStatus",
    59: "reportEventEnrollmentStatus",
    60: "getEventEnrollmentAttributes",
    63: "getAlarmSummary",
    64: "getAlarmEnrollmentSummary",
    65: "readJournal",
    68: "reportJournalStatus",
    72: "fileOpen",
    73: "fileRead",
    74: "fileClose",
    77: "fileDirectory",
  },
  write: {
    3: "rename",
    5: "write",
    7: "defineNamedVariable",
    8: "defineScatteredAccess",
    10: "deleteVariableAccess",
    11: "defineNamedVariableList",
    13: "deleteNamedVariableList",
    14: "defineNamedType",
    16: "deleteNamedType",
    18: "output",
    21: "defineSemaphore",
    22: "deleteSemaphore",
    47: "defineEventCondition",
    48: "deleteEventCondition",
    51: "alterEventConditionMonitoring",
    53: "defineEventAction",
    54: "deleteEventAction",
    57: "defineEventEnrollment",
    58: "deleteEventEnrollment",
    61: "acknowledgeEventNotification",
    62: "alterEventEnrollment",
    66: "writeJournal",
    67: "initializeJournal",
    69: "createJournal",
    70: "deleteJournal",
    75: "fileRename",
    76: "fileDelete",
    81: "exchangeData",
  },
  control: {
    19: "takeControl",
    20: "relinquishControl",
    40: "start",
    41: "stop",
    42: "resume",
    43: "reset",
    44: "kill",
    52: "triggerEvent",
  },
  program: {
    26: "initiateDownloadSequence",
    27: "downloadSegment",
    28: "terminateDownloadSequence",
    32: "requestDomainDownload",
    33: "requestDomainUpload",
    34: "loadDomainContent",
    35: "storeDomainContent",
    36: "deleteDomain",
    38: "createProgramInvocation",
    39: "deleteProgramInvocation",
    46: "obtainFile",
  },
  unknown: { 17: "input", 78: "additionalService" },
});

/** Unconfirmed services, which a device sends of its own accord. */
export const UNCONFIRMED = meanings({
  read: { 0: "informationReport", 1: "unsolicitedStatus", 2: "eventNotification" },
});

/** What stands around a session, by the tag of its PDU, and who sends it. */
export const PDU = {
  request: 0xa0,
  response: 0xa1,
  error: 0xa2,
  unconfirmed: 0xa3,
  reject: 0xa4,
  cancelRequest: 0x85,
  cancelResponse: 0x86,
  cancelError: 0xa7,
  initiateRequest: 0xa8,
  initiateResponse: 0xa9,
  initiateError: 0xaa,
  concludeRequest: 0x8b,
  concludeResponse: 0x8c,
  concludeError: 0xad,
} as const;

/**
 * IEC 61850-8-1: objects of the functional constraint CO are controls. Writing one selects, operates or cancels; and
 * reading its SBO selects it for this client, however much that looks like a question (so does TASE.2's `DEVICE_SBO`).
 */
export function variableClass(write: boolean, names: readonly string[]): OperationClass {
  const controls = names.filter((name) => /\$CO(\$|$)/.test(name));
  if (write) return controls.length > 0 ? "control" : "write";
  return controls.some((name) => name.endsWith("$SBO")) || names.some((name) => name.endsWith("_SBO"))
    ? "control"
    : "read";
}
