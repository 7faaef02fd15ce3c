/** S7's functions by name and class: jobs, userdata by group, program invocations. */
import type { OperationClass } from "../../src/decode/facts.ts";
import { meanings } from "./frames.ts";
import type { Meaning } from "./operation.ts";

export const ROSCTR = { job: 1, ack: 2, ackData: 3, userdata: 7 } as const;
export const JOB = {
  read: 0x04,
  write: 0x05,
  requestDownload: 0x1a,
  downloadBlock: 0x1b,
  downloadEnded: 0x1c,
  startUpload: 0x1d,
  upload: 0x1e,
  endUpload: 0x1f,
  invoke: 0x28,
  stop: 0x29,
  setup: 0xf0,
} as const;

/** Of a download the controller itself asks for the block's pieces; the first request is the programmer's. */
export const JOBS: ReadonlyMap<number, Meaning> = meanings({
  session: { [JOB.setup]: "setup communication" },
  read: {
    [JOB.read]: "read variable",
    [JOB.startUpload]: "start upload",
    [JOB.upload]: "upload",
    [JOB.endUpload]: "end upload",
  },
  write: { [JOB.write]: "write variable" },
  control: { [JOB.stop]: "PLC stop" },
  program: {
    [JOB.requestDownload]: "request download",
    [JOB.downloadBlock]: "download block",
    [JOB.downloadEnded]: "download ended",
  },
  unknown: { 0: "CPU services", [JOB.invoke]: "program invocation" },
});

export const GROUP = {
  mode: 0,
  programmer: 1,
  cyclic: 2,
  block: 3,
  cpu: 4,
  security: 5,
  bsend: 6,
  time: 7,
  nc: 15,
} as const;
export const READ_SZL = 1; // of group 4
export const JOB_CONTROL = { disable: 13, enable: 14, delete: 15 } as const; // of group 1: of a job set up before

/**
 * A table (modify variable, force) is set up first and takes effect with its job: both are writes. What only watches
 * stays a read, though the controller keeps a job for it.
 */
const PROGRAMMER = meanings({
  read: {
    1: "block status",
    2: "variable status",
    3: "output ISTACK",
    4: "output BSTACK",
    5: "output LSTACK",
    6: "time measurement",
    16: "read job list",
    17: "read job",
    19: "block status v2",
  },
  write: { 8: "modify variable", 9: "force" },
  control: { 10: "breakpoint", 11: "exit HOLD", 22: "flash LED" },
  program: { 12: "memory reset" },
  unknown: { 7: "force selection", 13: "disable job", 14: "enable job", 15: "delete job", 18: "replace job" },
});

const CYCLIC = meanings({
  read: {
    1: "cyclic transfer",
    4: "unsubscribe",
    5: "change-driven transfer",
    7: "modify change-driven transfer",
    8: "read record",
  },
});
const BLOCK = meanings({ read: { 1: "list blocks", 2: "list blocks of type", 3: "get block info" } });
const CPU = meanings({
  read: {
    [READ_SZL]: "read SZL",
    2: "message service",
    3: "diagnostic message",
    5: "ALARM_8 indication",
    6: "NOTIFY indication",
    9: "SCAN indication",
    12: "ALARM ack indication",
    13: "ALARM lock indication",
    14: "ALARM unlock indication",
    17: "ALARM_SQ indication",
    18: "ALARM_S indication",
    19: "ALARM query",
    22: "NOTIFY_8 indication",
  },
  control: { 7: "ALARM_8 lock", 8: "ALARM_8 unlock", 11: "ALARM ack" },
});
const SECURITY = meanings({ session: { 1: "PLC password", 2: "clear PLC password" } });
const TIME = meanings({
  read: { 1: "read clock", 3: "read clock (following)" },
  write: { 2: "set clock", 4: "set clock (following)" },
});
const NC = meanings({
  program: { 1: "NC request download", 2: "NC download block", 3: "NC continue download", 4: "NC download ended" },
  read: { 6: "NC start upload", 7: "NC upload", 8: "NC continue upload" },
});

const GROUPS: ReadonlyMap<number, ReadonlyMap<number, Meaning>> = new Map([
  [GROUP.programmer, PROGRAMMER],
  [GROUP.cyclic, CYCLIC],
  [GROUP.block, BLOCK],
  [GROUP.cpu, CPU],
  [GROUP.security, SECURITY],
  [GROUP.time, TIME],
  [GROUP.nc, NC],
]);

/** Of group 4: what a controller tells by itself. */
const INDICATIONS: ReadonlySet<number> = new Set([3, 5, 6, 9, 12, 13, 14, 17, 18, 22]);

/**
 * What a userdata function is; of group and subfunction that are not known, `unknown`. So are the controller's own notices
 * where somebody sends them to it: what it does with them nobody says.
 */
export function userdataMeaning(group: number, subfunction: number, request = false): Meaning {
  if (request && (group === GROUP.mode || (group === GROUP.cpu && INDICATIONS.has(subfunction))))
    return [`${GROUPS.get(group)?.get(subfunction)?.[0] ?? "mode transition"} as a request`, "unknown"];
  if (group === GROUP.mode) return ["mode transition", "read"]; // the controller's own notice
  if (group === GROUP.bsend) return ["BSEND", "write"]; // data for the partner's memory
  return GROUPS.get(group)?.get(subfunction) ?? [`function ${group}/${subfunction}`, "unknown"];
}

/** A program invocation by its name: P_PROGRAM starts the program (warm, or cold with an argument), the others change it. */
export function invocationMeaning(name: string): Meaning {
  return INVOCATIONS.get(name) ?? [`program invocation ${name}`, "unknown"];
}
const INVOCATIONS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["P_PROGRAM", ["PLC start", "control"]],
  ["_INSE", ["activate block", "program"]],
  ["_INS2", ["activate block", "program"]],
  ["_DELE", ["delete block", "program"]],
  ["_MODU", ["copy RAM to ROM", "program"]],
  ["_GARB", ["compress memory", "program"]],
  ["_N_LOGIN_", ["log in to the NC", "session"]],
  ["_N_LOGOUT", ["log out of the NC", "session"]],
]);

/** Lists that say what the module is: its identification and the names of its components. */
export const SZL = { module: 0x11, component: 0x1c } as const;
export const szlClass = (id: number): OperationClass =>
  (id & 0xff) === SZL.module || (id & 0xff) === SZL.component ? "identify" : "read";
