/**
 * The bench's captures: the same bytes on every machine and in every run, from a fixed seed.
 *
 *     small   8 M frames of 60 bytes, 100,000 flows: what a packet costs
 *     mix     4 M frames of 60 to 1514 bytes, 100,000 flows: what a byte costs
 *
 * Half of the flows are TCP: SYN, SYN-ACK, ACK, then data and acknowledgements both ways, FIN both ways, with sequence
 * numbers that add up. Half are UDP. IP identifications count up, every length and checksum is right. The payload is no
 * protocol. All flows are open at once and each frame belongs to another flow than the one before it, which is the
 * hardest case for a flow table. Two flows are opened by 10.20.0.5, so that a model has something to judge.
 */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { RandomPool } from "./random.ts";

export type InputName = "small" | "mix";

/** Frames and flows at scale 1. */
const FULL_SIZE: Record<InputName, { frames: number; flows: number }> = {
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

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const IP = 20;
const UDP = 8;
const TCP = 20;
const MSS_OPTION = 4;
const LEAST_FRAME = 60;
const LARGEST_FRAME = 1514;
const BLOCK = 4 << 20;

const SYN = 0x02;
const ACK = 0x10;
const PSH_ACK = 0x18;
const FIN_ACK = 0x11;
const START_SEC = 1_780_000_000;
const GAP_US = 5;

/** A capture's size at `scale`; packets a flow stay the same. */
export function sizeOf(name: InputName, scale: number): { frames: number; flows: number } {
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

/** A capture of 100 frames, for what a start costs. */
export function makeTinyInput(folder: string): string {
  const path = `${folder}/tiny-edition${EDITION}.pcap`;
  if (!existsSync(path)) writeInput(path, "small", { frames: 100, flows: 4 });
  return path;
}

/** Writes `frames` frames of `flows` flows; `frames` is a multiple of `flows`. A half-written file never has the final name. */
export function writeInput(path: string, name: InputName, size: { frames: number; flows: number }): void {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.part`;
  const file = openSync(unfinished, "w");
  const writer = new FlowWriter(file, name, size.flows, size.frames / size.flows);
  writer.writeAll();
  closeSync(file);
  renameSync(unfinished, path);
}

export const megabytes = (path: string): number => statSync(path).size / 1e6;

class FlowWriter {
  readonly #file: number;
  readonly #small: boolean;
  readonly #flows: number;
  readonly #packetsPerFlow: number;
  readonly #pool = new RandomPool();
  readonly #buffer = new Uint8Array(BLOCK + RECORD_HEADER + LARGEST_FRAME);
  readonly #view = new DataView(this.#buffer.buffer);
  #at = 0;
  #timeUs = 0;
  // State of each flow, by direction: 2 × flow for the client's side, 2 × flow + 1 for the server's.
  readonly #sequence: Uint32Array;
  readonly #ipId: Uint16Array;

  constructor(file: number, name: InputName, flows: number, packetsPerFlow: number) {
    this.#file = file;
    this.#small = name === "small";
    this.#flows = flows;
    this.#packetsPerFlow = packetsPerFlow;
    this.#sequence = Uint32Array.from({ length: 2 * flows }, () => this.#pool.next());
    this.#ipId = Uint16Array.from({ length: 2 * flows }, () => this.#pool.next());
  }

  writeAll(): void {
    this.#fileHeader();
    const step = strideThrough(this.#flows);
    for (let round = 0; round < this.#packetsPerFlow; round++) {
      let flow = round % this.#flows;
      for (let i = 0; i < this.#flows; i++) {
        if (flow % 2 === 0) this.#tcpPacket(flow, round);
        else this.#udpPacket(flow, round);
        flow = (flow + step) % this.#flows;
      }
    }
    this.#flush();
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
    const side = round % 2;
    const frame = this.#small ? LEAST_FRAME : this.#pool.between(LEAST_FRAME, LARGEST_FRAME);
    const length = frame - ETHERNET - IP;
    const ip = this.#ipHeader(flow, side, 17, length);
    const view = this.#view;
    const udp = ip + IP;
    this.#ports(flow, side, udp);
    view.setUint16(udp + 4, length);
    view.setUint16(udp + 6, 0);
    const payload = this.#payload(udp + UDP, length - UDP);
    const sum = checksum(this.#pseudoHeader(ip, 17, length) + sumWords(view, udp, UDP) + payload);
    view.setUint16(udp + 6, sum === 0 ? 0xffff : sum); // RFC 768: 0 would mean that there is none
    this.#endFrame(udp + length);
  }

  #tcp(flow: number, side: number, flags: number, payloadLength: number): void {
    const header = flags & SYN ? TCP + MSS_OPTION : TCP;
    const length = header + payloadLength;
    const ip = this.#ipHeader(flow, side, 6, length);
    const view = this.#view;
    const tcp = ip + IP;
    const mine = 2 * flow + side;
    this.#ports(flow, side, tcp);
    view.setUint32(tcp + 4, this.#sequence[mine]!);
    view.setUint32(tcp + 8, flags & ACK ? this.#sequence[2 * flow + 1 - side]! : 0);
    view.setUint16(tcp + 12, ((header / 4) << 12) | flags);
    view.setUint16(tcp + 14, 64_240);
    view.setUint32(tcp + 16, 0);
    if (flags & SYN) view.setUint32(tcp + TCP, 0x020405b4); // maximum segment size 1460
    const payload = this.#payload(tcp + header, payloadLength);
    view.setUint16(tcp + 16, checksum(this.#pseudoHeader(ip, 6, length) + sumWords(view, tcp, header) + payload));
    this.#sequence[mine]! += payloadLength + (flags & SYN || (flags & FIN_ACK) === FIN_ACK ? 1 : 0);
    this.#endFrame(tcp + length);
  }

  /** Record header (its lengths come last), Ethernet and IPv4; returns where IP begins. */
  #ipHeader(flow: number, side: number, protocol: number, length: number): number {
    const view = this.#view;
    const frame = this.#at + RECORD_HEADER;
    view.setUint16(frame, 0x0200);
    view.setUint32(frame + 2, side === 0 ? 2 : 1); // to the server's side, locally administered addresses
    view.setUint16(frame + 6, 0x0200);
    view.setUint32(frame + 8, side === 0 ? 1 : 2);
    view.setUint16(frame + 12, 0x0800);
    const ip = frame + ETHERNET;
    const client = flow < 2 ? GATEWAY_NUMBER : CLIENTS + (flow % CLIENT_HOSTS);
    const server = SERVERS + ((flow * 31) % SERVER_HOSTS);
    view.setUint16(ip, 0x4500);
    view.setUint16(ip + 2, IP + length);
    view.setUint16(ip + 4, this.#ipId[2 * flow + side]!++);
    view.setUint16(ip + 6, 0x4000); // don't fragment
    view.setUint16(ip + 8, (64 << 8) | protocol);
    view.setUint16(ip + 10, 0);
    view.setUint32(ip + 12, side === 0 ? client : server);
    view.setUint32(ip + 16, side === 0 ? server : client);
    view.setUint16(ip + 10, checksum(sumWords(view, ip, IP)));
    return ip;
  }

  #ports(flow: number, side: number, at: number): void {
    const client = FIRST_CLIENT_PORT + Math.floor(flow / CLIENT_HOSTS) * 97 + (flow % 97);
    const server = FIRST_SERVER_PORT + (flow % SERVER_PORTS);
    this.#view.setUint16(at, side === 0 ? client : server);
    this.#view.setUint16(at + 2, side === 0 ? server : client);
  }

  /** Random bytes after a first one that opens no known protocol; returns the sum of their 16-bit words. */
  #payload(at: number, length: number): number {
    return length === 0 ? 0 : this.#pool.copy(this.#buffer, at, length);
  }

  #pseudoHeader(ip: number, protocol: number, length: number): number {
    return sumWords(this.#view, ip + 12, 8) + protocol + length;
  }

  /** Pads to the least frame, fills in the record's header and writes a full block out. */
  #endFrame(end: number): void {
    const frame = this.#at + RECORD_HEADER;
    const length = Math.max(LEAST_FRAME, end - frame);
    this.#buffer.fill(0, end, frame + length);
    this.#timeUs += GAP_US;
    this.#view.setUint32(this.#at, START_SEC + Math.floor(this.#timeUs / 1e6), true);
    this.#view.setUint32(this.#at + 4, this.#timeUs % 1e6, true);
    this.#view.setUint32(this.#at + 8, length, true);
    this.#view.setUint32(this.#at + 12, length, true);
    this.#at = frame + length;
    if (this.#at >= BLOCK) this.#flush();
  }

  /** Classic pcap, microseconds, little-endian, Ethernet. */
  #fileHeader(): void {
    const view = this.#view;
    view.setUint32(0, 0xa1b2c3d4, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, 262_144, true);
    view.setUint32(20, 1, true);
    this.#at = FILE_HEADER;
  }

  #flush(): void {
    for (let done = 0; done < this.#at; ) done += writeSync(this.#file, this.#buffer, done, this.#at - done);
    this.#at = 0;
  }
}

/** A step that visits every flow once a round, in an order far from sequential: coprime to `flows`, near its golden section. */
function strideThrough(flows: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let step = Math.max(1, Math.round(flows * 0.618));
  while (gcd(step, flows) !== 1) step++;
  return step;
}

/** Sum of `length / 2` big-endian 16-bit words. */
function sumWords(view: DataView, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += view.getUint16(at + i);
  return sum;
}

/** The Internet checksum of a sum of 16-bit words (RFC 1071). */
function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return 0xffff - folded;
}
