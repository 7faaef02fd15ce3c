/** Capture filters in libpcap's language (pcap-filter(7)), compiled by libpcap itself, and its refusals with a caret. */
import { UsageError } from "../errors.ts";
import type { Native, Pointer } from "./libpcap.ts";

/** `struct bpf_program`: a count, and a pointer at the place that a 64-bit machine gives it. */
const PROGRAM_BYTES = 16;
const INSTRUCTIONS_AT = 8;
const NETMASK_UNKNOWN = 0xffffffff;

/**
 * A program for the handle's link type, to be freed with `freeCode`. UsageError with libpcap's own words and a caret
 * under the place where it stopped to understand.
 */
export function compileFilter(native: Native, pcap: Pointer, text: string): Uint8Array {
  const program = new Uint8Array(PROGRAM_BYTES);
  if (native.pcap.compile(pcap, program, text, 1, NETMASK_UNKNOWN) === 0) return program;
  const said = native.pcap.error(pcap);
  const shown = text.replaceAll(/[\n\t]/g, " ");
  const column = faultAt(shown, said, (part) => compiles(native, pcap, part));
  throw new UsageError(`-f: libpcap does not take this filter: ${said}\n  ${shown}\n  ${" ".repeat(column)}^`);
}

function compiles(native: Native, pcap: Pointer, text: string): boolean {
  const program = new Uint8Array(PROGRAM_BYTES);
  if (native.pcap.compile(pcap, program, text, 1, NETMASK_UNKNOWN) !== 0) return false;
  native.pcap.freeCode(program);
  return true;
}

/** What a filter may end without: a value, a second side, a bracket. */
const COMPLETIONS = [" 1.2.3.4", " 80", " ip", ")", " ip)", "0]"];

/**
 * libpcap says what is wrong and not where. Where it quotes a word, that is the place. Where something is missing, it is the
 * end; else the first word behind the longest beginning that makes a filter by itself.
 */
export function faultAt(text: string, said: string, compilesPart: (part: string) => boolean): number {
  const [, quoted] = /['"]([^'"]+)['"]/.exec(said) ?? [];
  if (quoted !== undefined && text.includes(quoted)) return text.indexOf(quoted);
  if (COMPLETIONS.some((rest) => compilesPart(`${text}${rest}`))) return text.trimEnd().length;
  const words = [...text.matchAll(/[()!]|&&|\|\||[^\s()!&|]+|./g)].filter(([word]) => word.trim() !== "");
  let good = 0;
  for (let count = words.length - 1; count > 0 && good === 0; count--) {
    const last = words[count - 1]!;
    if (compilesPart(text.slice(0, last.index + last[0].length))) good = count;
  }
  while (good > 0 && good < words.length - 1 && /^(and|or|not|&&|\|\||!|\()$/.test(words[good]![0])) good++;
  return words[good]?.index ?? text.length;
}

/** A program's instructions, copied out of libpcap's memory: four words each, code | jump true << 16 | jump false << 24. */
export function instructionsOf(native: Native, program: Uint8Array): Instruction[] {
  const count = new DataView(program.buffer).getUint32(0, true);
  const at = new DataView(program.buffer).getBigUint64(INSTRUCTIONS_AT, true);
  if (count === 0 || at === 0n) return [];
  const view = new DataView(native.view(at, count * 8).buffer);
  return Array.from({ length: count }, (_, i) => ({
    code: view.getUint16(i * 8, true),
    jt: view.getUint8(i * 8 + 2),
    jf: view.getUint8(i * 8 + 3),
    k: view.getUint32(i * 8 + 4, true),
  }));
}

/** `struct bpf_insn`. */
export interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}
