/**
 * The bench's captures: the same bytes on every machine and in every run, from a fixed seed.
 *
 *     small   8 M frames of 60 bytes, 100,000 flows: what a packet costs
 *     mix     4 M frames of 60 to 1514 bytes, 100,000 flows: what a byte costs
 *     web     1 M short conversations that say names, 7.2 M frames: what a conversation costs (`web.ts`)
 *
 * Every length and checksum is right, TCP's numbers add up. Half of the flows of the first two are TCP: SYN, SYN-ACK, ACK,
 * then data and acknowledgements both ways, FIN both ways. Half are UDP. The payload is no protocol. All flows are open at
 * once and each frame belongs to another flow than the one before it, which is the hardest case for a flow table. Two flows
 * are opened by 10.20.0.5, so that a model has something to judge.
 */
import { existsSync, statSync } from "node:fs";
import {
  ACK,
  type CaptureFile,
  type Endpoints,
  ETHERNET,
  FIN_ACK,
  IP,
  LARGEST_FRAME,
  LEAST_FRAME,
  type Payload,
  PSH_ACK,
  SYN,
  TCP,
  UDP,
  writeCapture,
} from "./capture-file.ts";
import { RandomPool } from "./random.ts";
import { framesOfWeb, writeWeb } from "./web.ts";

export const INPUTS = ["small", "mix", "web"] as const;
export type InputName = (typeof INPUTS)[number];
type FillerName = Exclude<InputName, "web">;

/** Frames and flows at scale 1. */
const FULL_SIZE: Record<FillerName, { frames: number; flows: number }> = {
  small: { frames: 8_000_000, flows: 100_000 },
  mix: { frames: 4_000_000, flows: 100_000 },
};
/** The host that is bound as gateway; it opens flow 0 (TCP) and flow 1 (UDP). */
export const GATEWAY = "10.20.0.5";
const GATEWAY_NUMBER = 0x0a140005;
/** Part of the file names: raise it when the bytes change, so that an old file is not taken for a new one. */
const EDITION = 1;

const CLIENTS = 0xc6120000; // 198.18.0.0 and 198.19.0.0: the networks set aside for benchmarks (RFC 2544)
const SERVERS = 0xc6130000;
const CLIENT_HOSTS = 20_000;
const SERVER_HOSTS = 2_000;
const FIRST_CLIENT_PORT = 32_768;
/** And the 63 after it: no protocol has its home there. */
export const FIRST_SERVER_PORT = 15_500;
const SERVER_PORTS = 64;

/** Conversations of `web` at scale 1. */
const FULL_WEB = 1_000_000;

/** A capture's size at `scale`; packets a flow stay the same. */
export function sizeOf(name: InputName, scale: number): { frames: number; flows: number } {
  if (name === "web") {
    const conversations = Math.max(10, Math.round((FULL_WEB * scale) / 10) * 10);
    return { frames: framesOfWeb(conversations), flows: conversations };
  }
  const { frames, flows } = FULL_SIZE[name];
  const scaledFlows = Math.max(2, Math.round(flows * scale));
  return { frames: scaledFlows * (frames / flows), flows: scaledFlows };
}

/** Makes the capture in `folder` unless it is there; returns its path. */
export function makeInput(name: InputName, scale: number, folder: string): string {
  const path = `${folder}/${name}-${scale}-edition${EDITION}.pcap`;
  if (!existsSync(path)) writeInput(path, name, sizeOf(name, scale));
  return path;
}

/** The same flows with twice as many packets each. */
export function makeTwiceAsLong(name: FillerName, scale: number, folder: string): string {
  const path = `${folder}/${name}-${scale}-twice-edition${EDITION}.pcap`;
  const { frames, flows } = sizeOf(name, scale);
  if (!existsSync(path)) writeInput(path, name, { frames: 2 * frames, flows });
  return path;
}

/** A capture of 100 frames, for what a start costs. */
export function makeTinyInput(folder: string): string {
  const path = `${folder}/tiny-edition${EDITION}.pcap`;
  if (!existsSync(path)) writeInput(path, "small", { frames: 100, flows: 4 });
  return path;
}

/** Writes `frames` frames of `flows` flows; `frames` is a multiple of `flows`, and of `web` what its flows come to. */
export function writeInput(path: string, name: InputName, size: { frames: number; flows: number }): void {
  writeCapture(path, (file) => {
    if (name === "web") writeWeb(file, size.flows);
    else new FlowWriter(file, name, size.flows, size.frames / size.flows).writeAll();
  });
}

export const megabytes = (path: string): number => statSync(path).size / 1e6;

class FlowWriter {
  readonly #file: CaptureFile;
  readonly #small: boolean;
  readonly #flows: number;
  readonly #packetsPerFlow: number;
  readonly #pool = new RandomPool();
  // State of each flow, by direction: 2 × flow for the client's side, 2 × flow + 1 for the server's.
  readonly #sequence: Uint32Array;
  readonly #ipId: Uint16Array;
  /** Random bytes after a first one that opens no known protocol. */
  readonly #payload: Payload = (to, at, length) => this.#pool.copy(to, at, length);

  constructor(file: CaptureFile, name: FillerName, flows: number, packetsPerFlow: number) {
    this.#file = file;
    this.#small = name === "small";
    this.#flows = flows;
    this.#packetsPerFlow = packetsPerFlow;
    this.#sequence = Uint32Array.from({ length: 2 * flows }, () => this.#pool.next());
    this.#ipId = Uint16Array.from({ length: 2 * flows }, () => this.#pool.next());
  }

  writeAll(): void {
    const step = strideThrough(this.#flows);
    for (let round = 0; round < this.#packetsPerFlow; round++) {
      let flow = round % this.#flows;
      for (let i = 0; i < this.#flows; i++) {
        if (flow % 2 === 0) this.#tcpPacket(flow, round);
        else this.#udpPacket(flow, round);
        flow = (flow + step) % this.#flows;
      }
    }
  }

  #tcpPacket(flow: number, round: number): void {
    const last = this.#packetsPerFlow - 1;
    if (round === 0) this.#tcp(flow, 0, SYN, 0);
    else if (round === 1) this.#tcp(flow, 1, SYN | ACK, 0);
    else if (round === 2) this.#tcp(flow, 0, ACK, 0);
    else if (round === last - 2) this.#tcp(flow, 0, FIN_ACK, 0);
    else if (round === last - 1) this.#tcp(flow, 1, FIN_ACK, 0);
    else if (round === last) this.#tcp(flow, 0, ACK, 0);
    else if (this.#small) this.#smallExchange(flow, round - 3);
    else this.#mixedExchange(flow, round - 3);
  }

  /** Six bytes each way, every fourth packet a bare acknowledgement. */
  #smallExchange(flow: number, turn: number): void {
    if (turn % 4 === 3) this.#tcp(flow, 0, ACK, 0);
    else this.#tcp(flow, turn % 4 === 0 ? 0 : 1, PSH_ACK, LEAST_FRAME - ETHERNET - IP - TCP);
  }

  /** A request, a full segment and a part of one in answer, an acknowledgement. */
  #mixedExchange(flow: number, turn: number): void {
    const headers = ETHERNET + IP + TCP;
    if (turn % 4 === 0) this.#tcp(flow, 0, PSH_ACK, this.#pool.between(100, 700) - headers);
    else if (turn % 4 === 1) this.#tcp(flow, 1, ACK, LARGEST_FRAME - headers);
    else if (turn % 4 === 2) this.#tcp(flow, 1, PSH_ACK, this.#pool.between(LEAST_FRAME, LARGEST_FRAME) - headers);
    else this.#tcp(flow, 0, ACK, 0);
  }

  #udpPacket(flow: number, round: number): void {
    const frame = this.#small ? LEAST_FRAME : this.#pool.between(LEAST_FRAME, LARGEST_FRAME);
    this.#file.udp(this.#ends(flow, round % 2 === 0 ? 0 : 1), frame - ETHERNET - IP - UDP, this.#payload);
  }

  #tcp(flow: number, side: 0 | 1, flags: number, length: number): void {
    const mine = 2 * flow + side;
    const ends = this.#ends(flow, side);
    this.#file.tcp(ends, flags, this.#sequence[mine]!, this.#sequence[2 * flow + 1 - side]!, length, this.#payload);
    this.#sequence[mine]! += length + (flags & SYN || (flags & FIN_ACK) === FIN_ACK ? 1 : 0);
  }

  #ends(flow: number, side: 0 | 1): Endpoints {
    return {
      side,
      client: flow < 2 ? GATEWAY_NUMBER : CLIENTS + (flow % CLIENT_HOSTS),
      server: SERVERS + ((flow * 31) % SERVER_HOSTS),
      clientPort: FIRST_CLIENT_PORT + Math.floor(flow / CLIENT_HOSTS) * 97 + (flow % 97),
      serverPort: FIRST_SERVER_PORT + (flow % SERVER_PORTS),
      ipId: this.#ipId[2 * flow + side]!++,
    };
  }
}

/** A step that visits every flow once a round, in an order far from sequential: coprime to `flows`, near its golden section. */
function strideThrough(flows: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let step = Math.max(1, Math.round(flows * 0.618));
  while (gcd(step, flows) !== 1) step++;
  return step;
}
