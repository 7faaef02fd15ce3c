/**
 * The classic BPF machine (McCanne and Jacobson, USENIX 1993; `bpf(4)`): an accumulator, an index register, 16 words of
 * scratch memory, forward jumps only, so that every program ends. For filters on files, where no kernel runs them.
 *
 * Runs for every frame: integers only, nothing allocated, no exceptions. A load beyond what was captured rejects the
 * frame, as the kernel's machine does.
 */
import type { Instruction } from "./filter.ts";

const LD = 0;
const LDX = 1;
const ST = 2;
const STX = 3;
const ALU = 4;
const JMP = 5;
const RET = 6;

export class BpfProgram {
  readonly #code: Uint16Array;
  readonly #jumps: Uint16Array;
  readonly #k: Int32Array;
  readonly #memory = new Int32Array(16);

  constructor(instructions: readonly Instruction[]) {
    this.#code = Uint16Array.from(instructions, ({ code }) => code);
    this.#jumps = Uint16Array.from(instructions, ({ jt, jf }) => jt | (jf << 8));
    this.#k = Int32Array.from(instructions, ({ k }) => k | 0);
  }

  /** Whether a frame passes: its bytes at `off`, how many were captured, and how many were on the wire. */
  matches(buf: Uint8Array, off: number, capLen: number, wireLen: number): boolean {
    const memory = this.#memory;
    let a = 0;
    let x = 0;
    for (let pc = 0; pc < this.#code.length; pc++) {
      const code = this.#code[pc]!;
      const k = this.#k[pc]!;
      switch (code & 7) {
        case LD:
        case LDX: {
          const mode = code & 0xe0;
          let value: number;
          if (mode === 0x00) value = k;
          else if (mode === 0x60) value = memory[k & 15]!;
          else if (mode === 0x80) value = wireLen;
          else {
            const at = (k >>> 0) + (mode === 0x40 ? x >>> 0 : 0);
            const size = (code & 0x18) === 0 ? 4 : (code & 0x18) === 0x08 ? 2 : 1;
            if (at + size > capLen) return false;
            value = load(buf, off + at, size);
            if (mode === 0xa0) value = (value & 0xf) << 2; // an IPv4 header's length
          }
          if ((code & 7) === LD) a = value;
          else x = value;
          break;
        }
        case ST:
          memory[k & 15] = a;
          break;
        case STX:
          memory[k & 15] = x;
          break;
        case ALU: {
          const by = (code & 8) !== 0 ? x : k;
          if (by === 0 && ((code & 0xf0) === 0x30 || (code & 0xf0) === 0x90)) return false; // division by zero
          a = calculate(code & 0xf0, a, by);
          break;
        }
        case JMP: {
          if ((code & 0xf0) === 0) {
            pc += k >>> 0;
            break;
          }
          const jumps = this.#jumps[pc]!;
          pc += jumpsOn(code & 0xf0, a, (code & 8) !== 0 ? x : k) ? jumps & 0xff : jumps >>> 8;
          break;
        }
        case RET:
          return (code & 0x18) === 0x10 ? a !== 0 : k !== 0;
        default:
          if ((code & 0xf8) === 0x80) a = x;
          else x = a;
      }
    }
    return false;
  }
}

function load(buf: Uint8Array, at: number, size: number): number {
  if (size === 1) return buf[at]!;
  if (size === 2) return (buf[at]! << 8) | buf[at + 1]!;
  return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}

function calculate(operation: number, a: number, by: number): number {
  switch (operation) {
    case 0x00:
      return (a + by) | 0;
    case 0x10:
      return (a - by) | 0;
    case 0x20:
      return Math.imul(a, by);
    case 0x30:
      return ((a >>> 0) / (by >>> 0)) | 0;
    case 0x40:
      return a | by;
    case 0x50:
      return a & by;
    case 0x60:
      return by >>> 0 > 31 ? 0 : a << by;
    case 0x70:
      return by >>> 0 > 31 ? 0 : a >>> by;
    case 0x80:
      return -a | 0;
    case 0x90:
      return ((a >>> 0) % (by >>> 0)) | 0;
    default:
      return a ^ by;
  }
}

function jumpsOn(test: number, a: number, by: number): boolean {
  switch (test) {
    case 0x10:
      return a === by;
    case 0x20:
      return a >>> 0 > by >>> 0;
    case 0x30:
      return a >>> 0 >= by >>> 0;
    default:
      return (a & by) !== 0;
  }
}
