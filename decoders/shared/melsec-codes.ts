/** What the commands of MELSEC's protocols mean. Mitsubishi SH-080008 (MC protocol), SH-080956 (SLMP). */
import type { Meaning } from "./operation.ts";

/**
 * Commands of MC protocol and SLMP. A file that is opened may be opened to be written, and closing may close those of others: that
 * is unknown. A password is locked and unlocked for all who use the connection.
 */
export const MC_COMMANDS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x0101, ["CPU Model Read", "identify"]],
  [0x0401, ["Batch Read", "read"]],
  [0x0403, ["Random Read", "read"]],
  [0x0406, ["Multiple Block Read", "read"]],
  [0x041a, ["Array Label Read", "read"]],
  [0x041c, ["Label Random Read", "read"]],
  [0x0601, ["Intelligent Module Read", "read"]],
  [0x0613, ["Buffer Memory Read", "read"]],
  [0x0619, ["Loopback Test", "session"]],
  [0x0801, ["Register Monitor", "write"]],
  [0x0802, ["Monitor", "read"]],
  [0x0e30, ["Node Search", "discover"]],
  [0x0e31, ["IP Address Set", "write"]],
  [0x1001, ["Remote Run", "control"]],
  [0x1002, ["Remote Stop", "control"]],
  [0x1003, ["Remote Pause", "control"]],
  [0x1005, ["Remote Latch Clear", "control"]],
  [0x1006, ["Remote Reset", "control"]],
  [0x1401, ["Batch Write", "write"]],
  [0x1402, ["Random Write", "write"]],
  [0x1406, ["Multiple Block Write", "write"]],
  [0x141a, ["Array Label Write", "write"]],
  [0x141b, ["Label Random Write", "write"]],
  [0x1601, ["Intelligent Module Write", "write"]],
  [0x1613, ["Buffer Memory Write", "write"]],
  [0x1617, ["Clear Error", "control"]],
  [0x1630, ["Remote Password Unlock", "control"]],
  [0x1631, ["Remote Password Lock", "control"]],
  [0x1810, ["Read Directory", "read"]],
  [0x1811, ["Search Directory", "read"]],
  [0x1820, ["New File", "program"]],
  [0x1822, ["Delete File", "program"]],
  [0x1824, ["Copy File", "program"]],
  [0x1825, ["Change File State", "program"]],
  [0x1826, ["Change File Date", "write"]],
  [0x1827, ["Open File", "unknown"]],
  [0x1828, ["Read File", "read"]],
  [0x1829, ["Write File", "program"]],
  [0x182a, ["Close File", "unknown"]],
]);
export const DEVICES: ReadonlyMap<number, string> = new Map([
  [0x90, "M"],
  [0x91, "SM"],
  [0x92, "L"],
  [0x93, "F"],
  [0x94, "V"],
  [0x9c, "X"],
  [0x9d, "Y"],
  [0xa0, "B"],
  [0xa8, "D"],
  [0xa9, "SD"],
  [0xaf, "R"],
  [0xb0, "ZR"],
  [0xb4, "W"],
  [0x98, "S"],
  [0xa1, "SB"],
  [0xa2, "DX"],
  [0xa3, "DY"],
  [0xb5, "SW"],
  [0xc0, "TC"],
  [0xc1, "TS"],
  [0xc2, "TN"],
  [0xc3, "CC"],
  [0xc4, "CS"],
  [0xc5, "CN"],
  [0xc6, "SC"],
  [0xc7, "SS"],
  [0xc8, "SN"],
  [0xcc, "Z"],
]);
/** Devices that are numbered in hexadecimal. */
export const HEXADECIMAL: readonly string[] = ["X", "Y", "B", "W", "SB", "SW", "DX", "DY"];

/** MELSOFT's own numbers; nobody has published them, so that but one is known: the answer to it is the CPU's model. */
export const MELSOFT_MODEL = 0x0121;
