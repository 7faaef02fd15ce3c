/**
 * Modbus' functions by name and class, from the MODBUS Application Protocol Specification V1.1b3 (sections 6 and 7), and
 * those of the older Modicon guide (PI-MBUS-300) that some controllers still know.
 *
 * A function that is not here is `unknown`, and so is what has no published meaning (8 and 43 with other sub-functions,
 * 90, under which Schneider's tools both read and program).
 */
import type { OperationClass } from "../../src/decode/facts.ts";

export interface ModbusFunction {
  readonly name: string;
  readonly class: OperationClass;
}
const f = (name: string, of: OperationClass): ModbusFunction => ({ name, class: of });

const FUNCTIONS: ReadonlyMap<number, ModbusFunction> = new Map([
  [1, f("read coils", "read")],
  [2, f("read discrete inputs", "read")],
  [3, f("read holding registers", "read")],
  [4, f("read input registers", "read")],
  [5, f("write single coil", "write")],
  [6, f("write single register", "write")],
  [7, f("read exception status", "read")],
  [8, f("diagnostics", "unknown")],
  [9, f("program (484)", "program")],
  [10, f("poll (484)", "unknown")],
  [11, f("get comm event counter", "read")],
  [12, f("get comm event log", "read")],
  [13, f("program controller", "program")],
  [14, f("poll controller", "unknown")],
  [15, f("write multiple coils", "write")],
  [16, f("write multiple registers", "write")],
  [17, f("report server id", "identify")],
  [18, f("program (884)", "program")],
  [19, f("reset communication link", "control")],
  [20, f("read file record", "read")],
  [21, f("write file record", "write")],
  [22, f("mask write register", "write")],
  [23, f("read/write multiple registers", "write")],
  [24, f("read FIFO queue", "read")],
  [40, f("program (Concept)", "program")],
  [43, f("encapsulated interface", "unknown")],
  [90, f("UMAS", "unknown")],
  [125, f("firmware replacement", "program")],
  [126, f("program (984)", "program")],
]);

/** Section 6.8.1. */
const DIAGNOSTICS: ReadonlyMap<number, ModbusFunction> = new Map([
  [0, f("return query data", "session")],
  [1, f("restart communications", "control")],
  [2, f("return diagnostic register", "read")],
  [3, f("change ASCII input delimiter", "write")],
  [4, f("force listen only mode", "control")],
  [10, f("clear counters and diagnostic register", "write")],
  [11, f("return bus message count", "read")],
  [12, f("return bus communication error count", "read")],
  [13, f("return bus exception error count", "read")],
  [14, f("return server message count", "read")],
  [15, f("return server no response count", "read")],
  [16, f("return server NAK count", "read")],
  [17, f("return server busy count", "read")],
  [18, f("return bus character overrun count", "read")],
  [20, f("clear overrun counter and flag", "write")],
]);

/** Section 6.19. CANopen's general reference reads and writes an object dictionary. */
const INTERFACES: ReadonlyMap<number, ModbusFunction> = new Map([
  [13, f("CANopen general reference", "unknown")],
  [14, f("read device identification", "identify")],
]);

const KNOWN = new Map<number, ModbusFunction>();

/** What a function does; `sub` is the sub-function of 8 or the interface type of 43, -1 where there is none. */
export function modbusFunction(code: number, sub: number): ModbusFunction {
  const key = (code << 16) | (sub & 0xffff);
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const plain = FUNCTIONS.get(code) ?? f(`function ${code}`, "unknown");
  const table = code === 8 ? DIAGNOSTICS : code === 43 ? INTERFACES : null;
  const inner = table === null || sub < 0 ? plain : (table.get(sub) ?? f(`${plain.name} ${sub}`, "unknown"));
  const made =
    inner === plain || inner.name.startsWith(plain.name) ? inner : f(`${plain.name}: ${inner.name}`, inner.class);
  if (KNOWN.size < 1_024) KNOWN.set(key, made);
  return made;
}

/** Whether the specification publishes the function: only those may identify a flow by themselves. */
export function isPublic(code: number): boolean {
  return (code >= 1 && code <= 8) || PUBLIC.has(code);
}
const PUBLIC: ReadonlySet<number> = new Set([11, 12, 15, 16, 17, 20, 21, 22, 23, 24, 43]);

/** Section 7. */
const EXCEPTIONS: ReadonlyMap<number, string> = new Map([
  [1, "illegal function"],
  [2, "illegal data address"],
  [3, "illegal data value"],
  [4, "server device failure"],
  [5, "acknowledge"],
  [6, "server device busy"],
  [7, "negative acknowledge"],
  [8, "memory parity error"],
  [10, "gateway path unavailable"],
  [11, "gateway target device failed to respond"],
]);

export function exceptionText(code: number): string {
  const name = EXCEPTIONS.get(code);
  return name === undefined ? `exception ${code}` : `exception ${code}, ${name}`;
}

/** The last two bytes of an RTU frame (MODBUS over Serial Line V1.02, section 6.2.2), low byte first on the wire. */
export function crc16(buf: Uint8Array, from: number, to: number): number {
  let crc = 0xffff;
  for (let i = from; i < to; i++) {
    crc ^= buf[i]!;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}
