/** Packets made up in memory in an interface's place: UDP from one host to ever other ones, no rights needed. */
import { loadJudging } from "../src/judging.ts";
import { MadeUpSource, MOST_AT_ONCE, RECORD_HEADER } from "./made-up-source.ts";

export interface Talk {
  /** The far end, its port and the sender's, by the packet's number. */
  far(number: number): number;
  port(number: number): number;
  /** Milliseconds since 1970 at which it was sent. */
  timeMs(number: number): number;
  /** The far end's port: discard (RFC 863), where it is not given. */
  farPort?: number;
  /** Whether it is the far end that sends it; never, where it is not given. */
  answers?(number: number): boolean;
  /** What it says, 80 bytes at most; its number, where it is not given. */
  payload?(number: number): Uint8Array;
}

const FRAME_BYTES = 122;
const HEADERS = 42;
const DISCARD = 9;
const RECORD_BYTES = RECORD_HEADER + FRAME_BYTES;
/** Who sends. */
const SENDER = "10.77.0.2";

/** What a run over it is judged against: nothing that the sender says is documented. */
export const senderJudged = (): ReturnType<typeof loadJudging> =>
  loadJudging({
    ...{ models: ["opswat-sdp"], site: null, bind: [`gateway=${SENDER}`], set: ["region=us", "platform=aws"] },
    background: true,
  });

export class MadeUp extends MadeUpSource {
  readonly #talk: Talk;

  constructor(talk: Talk, due: number) {
    super(due);
    this.#talk = talk;
  }

  protected fill(into: Uint8Array, at: number, view: DataView): number {
    const count = Math.min(this.due - this.sent, MOST_AT_ONCE, Math.floor(view.byteLength / RECORD_BYTES));
    into.fill(0, at, at + count * RECORD_BYTES);
    for (let i = 0; i < count; i++) this.#frame(into, view, at, i * RECORD_BYTES);
    return count * RECORD_BYTES;
  }

  #frame(into: Uint8Array, view: DataView, at: number, off: number): void {
    const number = this.sent++;
    const ms = this.#talk.timeMs(number);
    view.setUint32(off, Math.floor(ms / 1000), true);
    view.setUint32(off + 4, Math.floor(ms % 1000) * 1_000_000 + (number % 1_000_000), true);
    view.setUint32(off + 8, FRAME_BYTES, true);
    view.setUint32(off + 12, FRAME_BYTES, true);
    const { farPort = DISCARD, answers, payload } = this.#talk;
    const said = payload?.(number) ?? null;
    const words = said?.length ?? 18;
    into.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 28 + words], at + off + 16);
    const ip = off + 30;
    const [source, target] = answers?.(number) === true ? [16, 12] : [12, 16];
    view.setUint16(ip + 4, number & 0xffff);
    into.set([64, 17], at + ip + 8);
    view.setUint32(ip + source, 0x0a4d0002);
    view.setUint32(ip + target, this.#talk.far(number));
    view.setUint16(ip + 14 + source / 2, this.#talk.port(number));
    view.setUint16(ip + 14 + target / 2, farPort);
    view.setUint16(ip + 24, 8 + words);
    if (said === null) view.setUint32(ip + 28, number);
    else into.set(said, at + off + 16 + HEADERS);
  }
}
