/**
 * Writes a Modbus session of one master and many devices as a classic pcap: the same bytes every time. Each device has a
 * connection that stays open and is asked 20 times a second; its answer comes 3 ms later, so questions and answers of
 * different devices stand between each other.
 */
import { writeSync } from "node:fs";

export const DEVICES = 50;
const SENSOR = 0x0a140005; // 10.20.0.5
const FIRST_DEVICE = 0x0a1e0001; // 10.30.0.1
const START_SEC = 1_780_000_000;
/** One device is asked in each step: 1,000 questions a second. */
const STEP_US = 1_000;
/** Steps until the answer. */
const ANSWERED_AFTER = 3;
const ANSWER_US = 90;
const TARGETS = 20;
const NOTHING = Buffer.alloc(0);

/** Number of the frame that asks for the write, where each device is asked so many questions. */
export function frameOfWrite(each: number): number {
  const step = (each >> 1) * DEVICES + (DEVICES >> 1);
  return DEVICES * 2 + step + Math.max(0, step - ANSWERED_AFTER) + 1;
}

export class ModbusWriter {
  readonly #file: number;
  readonly #buffer = Buffer.alloc((1 << 20) + 256);
  #at = 0;
  #us = 0;
  #ipId = 0;
  readonly #next: [number, number][] = Array.from({ length: DEVICES }, () => [1, 1]);

  constructor(file: number) {
    this.#file = file;
    for (const word of [0xa1b2c3d4, 0x00040002, 0, 0, 262_144, 1])
      this.#at = this.#buffer.writeUInt32LE(word, this.#at);
  }

  session(each: number): void {
    for (let device = 0; device < DEVICES; device++) {
      this.#segment(device, 0, 0x02, NOTHING);
      this.#segment(device, 1, 0x12, NOTHING);
    }
    const steps = each * DEVICES;
    for (let step = 0; step < steps + ANSWERED_AFTER; step++) {
      this.#us += STEP_US - ANSWER_US;
      if (step < steps) this.#ask(step, each);
      this.#us += ANSWER_US;
      if (step >= ANSWERED_AFTER) this.#answer(step - ANSWERED_AFTER, each);
    }
    this.#flush();
  }

  #ask(step: number, each: number): void {
    this.#segment(step % DEVICES, 0, 0x18, adu(Math.floor(step / DEVICES), questionOf(step, each)));
  }

  #answer(step: number, each: number): void {
    const i = Math.floor(step / DEVICES);
    const question = questionOf(step, each);
    const answer = question[0] === WRITE ? question : Buffer.from([question[0]!, 8, 0, 1, 0, 2, 0, 3, 0, i & 255]);
    this.#segment(step % DEVICES, 1, 0x18, adu(i, answer));
  }

  /** Ethernet, IPv4 and TCP; checksums are left to the hardware, as on a host that captures itself. */
  #segment(device: number, dir: 0 | 1, flags: number, payload: Buffer): void {
    const b = this.#buffer;
    const start = this.#at;
    const length = 54 + payload.length;
    b.fill(0, start, start + 16 + length);
    b.writeUInt32LE(START_SEC + Math.floor(this.#us / 1e6), start);
    b.writeUInt32LE(this.#us % 1e6, start + 4);
    b.writeUInt32LE(length, start + 8);
    b.writeUInt32LE(length, start + 12);
    const ip = start + 16 + 14;
    b.writeUInt16BE(0x0800, ip - 2);
    b[ip] = 0x45;
    b.writeUInt16BE(length - 14, ip + 2);
    b.writeUInt16BE(this.#ipId++ & 0xffff, ip + 4);
    b[ip + 8] = 64;
    b[ip + 9] = 6;
    const ends = [SENSOR, FIRST_DEVICE + device];
    b.writeUInt32BE(ends[dir]!, ip + 12);
    b.writeUInt32BE(ends[1 - dir]!, ip + 16);
    const ports = [40_000 + device, 502];
    const tcp = ip + 20;
    b.writeUInt16BE(ports[dir]!, tcp);
    b.writeUInt16BE(ports[1 - dir]!, tcp + 2);
    const next = this.#next[device]!;
    b.writeUInt32BE(next[dir]! >>> 0, tcp + 4);
    b.writeUInt32BE(next[dir === 0 ? 1 : 0]! >>> 0, tcp + 8);
    b[tcp + 12] = 0x50;
    b[tcp + 13] = flags;
    b.writeUInt16BE(64_000, tcp + 14);
    payload.copy(b, tcp + 20);
    next[dir] = next[dir]! + payload.length + ((flags & 2) >> 1);
    this.#at = start + 16 + length;
    if (this.#at > 1 << 20) this.#flush();
  }

  #flush(): void {
    writeSync(this.#file, this.#buffer, 0, this.#at);
    this.#at = 0;
  }
}

const WRITE = 6;

/** A read of one of the device's registers in turn; in the middle of all, once, a write. */
function questionOf(step: number, each: number): Buffer {
  const i = Math.floor(step / DEVICES);
  if (step === (each >> 1) * DEVICES + (DEVICES >> 1)) return Buffer.from([WRITE, 0, 40, 0, 7]);
  return Buffer.from([3 + (i & 1), 0, (i % TARGETS) * 10, 0, 4]);
}

function adu(transaction: number, pdu: Buffer): Buffer {
  const header = Buffer.alloc(7);
  header.writeUInt16BE(transaction & 0xffff, 0);
  header.writeUInt16BE(pdu.length + 1, 4);
  header[6] = 1;
  return Buffer.concat([header, pdu]);
}
