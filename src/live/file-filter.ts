/** `-f` on files: libpcap compiles the expression, and a machine of our own runs it over the frames. */
import type { FrameFilter } from "../capture/filtered.ts";
import type { Frame } from "../capture/frame.ts";
import { CaptureError } from "../errors.ts";
import { BpfProgram } from "./bpf.ts";
import { compileFilter, instructionsOf } from "./filter.ts";
import { loadNative, type Native } from "./libpcap.ts";

/** LINKTYPE_ values (what files have) that differ from the DLT_ values that libpcap compiles for on Linux. */
const DLT_OF: Readonly<Record<number, number>> = { 50: 50, 100: 11, 101: 12, 102: 15, 103: 16, 106: 19 };
const SNAP = 262_144;
const ETHERNET = 1;

/** Compiles for a link type when its first frame comes: one interface of a pcapng file may differ from the next. */
export class FileFilter implements FrameFilter {
  readonly #native: Native;
  readonly text: string;
  readonly #programs = new Map<number, BpfProgram>();

  private constructor(native: Native, text: string) {
    this.#native = native;
    this.text = text;
  }

  /** UsageError where libpcap is not there, or does not take the filter. */
  static async of(text: string): Promise<FileFilter> {
    const filter = new FileFilter(await loadNative(), text);
    filter.#programs.set(ETHERNET, filter.#compile(ETHERNET));
    return filter;
  }

  /** The captured frames that pass. */
  matches(frame: Frame): boolean {
    let program = this.#programs.get(frame.linkType);
    if (program === undefined) {
      program = this.#compileOrNothing(frame.linkType);
      this.#programs.set(frame.linkType, program);
    }
    return program.matches(frame.buf, frame.off, frame.capLen, frame.wireLen);
  }

  /** A filter that cannot be said for a link type (`vlan` on raw IP) passes nothing there. */
  #compileOrNothing(linkType: number): BpfProgram {
    try {
      return this.#compile(linkType);
    } catch {
      return new BpfProgram([]);
    }
  }

  #compile(linkType: number): BpfProgram {
    const { pcap } = this.#native;
    const dead = pcap.openDead(DLT_OF[linkType] ?? linkType, SNAP);
    if (dead === null) throw new CaptureError("libpcap has no memory for a filter");
    try {
      const program = compileFilter(this.#native, dead, this.text);
      const compiled = new BpfProgram(instructionsOf(this.#native, program));
      pcap.freeCode(program);
      return compiled;
    } finally {
      pcap.close(dead);
    }
  }
}
