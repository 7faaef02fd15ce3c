/** Writes a capture's frames: classic pcap, Ethernet, IPv4, TCP and UDP, with every length and checksum right. */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** What the bench's packets have in their headers. Sides: 0 client, 1 server. */
export interface Endpoints {
  side: 0 | 1;
  client: number;
  server: number;
  clientPort: number;
  serverPort: number;
  ipId: number;
}

/** Puts a payload into the buffer, at a place that is even in its packet; returns the sum of its 16-bit words. */
export type Payload = (to: Uint8Array, at: number, length: number) => number;

export const SYN = 0x02;
export const ACK = 0x10;
export const PSH_ACK = 0x18;
export const FIN_ACK = 0x11;
export const ETHERNET = 14;
export const IP = 20;
export const UDP = 8;
export const TCP = 20;
export const LEAST_FRAME = 60;
export const LARGEST_FRAME = 1514;

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MSS_OPTION = 4;
const BLOCK = 4 << 20;
const START_SEC = 1_780_000_000;
const GAP_US = 5;

/** A half-written file never has the final name. */
export function writeCapture(path: string, write: (file: CaptureFile) => void): void {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.part`;
  const descriptor = openSync(unfinished, "w");
  const file = new CaptureFile(descriptor);
  write(file);
  file.flush();
  closeSync(descriptor);
  renameSync(unfinished, path);
}

export class CaptureFile {
  readonly #file: number;
  readonly #buffer = new Uint8Array(BLOCK + RECORD_HEADER + LARGEST_FRAME);
  readonly #view = new DataView(this.#buffer.buffer);
  #at = FILE_HEADER;
  #timeUs = 0;

  /** Begins with the header: microseconds, little-endian, Ethernet. */
  constructor(file: number) {
    this.#file = file;
    const view = this.#view;
    view.setUint32(0, 0xa1b2c3d4, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, 262_144, true);
    view.setUint32(20, 1, true);
  }

  udp(ends: Endpoints, length: number, payload: Payload): void {
    const ip = this.#ipHeader(ends, 17, UDP + length);
    const view = this.#view;
    const udp = ip + IP;
    this.#ports(ends, udp);
    view.setUint16(udp + 4, UDP + length);
    view.setUint16(udp + 6, 0);
    const words = payload(this.#buffer, udp + UDP, length);
    const sum = checksum(this.#pseudoHeader(ip, 17, UDP + length) + sumWords(view, udp, UDP) + words);
    view.setUint16(udp + 6, sum === 0 ? 0xffff : sum); // RFC 768: 0 would mean that there is none
    this.#endFrame(udp + UDP + length);
  }

  tcp(ends: Endpoints, flags: number, sequence: number, acknowledged: number, length: number, payload: Payload): void {
    const header = flags & SYN ? TCP + MSS_OPTION : TCP;
    const ip = this.#ipHeader(ends, 6, header + length);
    const view = this.#view;
    const tcp = ip + IP;
    this.#ports(ends, tcp);
    view.setUint32(tcp + 4, sequence);
    view.setUint32(tcp + 8, flags & ACK ? acknowledged : 0);
    view.setUint16(tcp + 12, ((header / 4) << 12) | flags);
    view.setUint16(tcp + 14, 64_240);
    view.setUint32(tcp + 16, 0);
    if (flags & SYN) view.setUint32(tcp + TCP, 0x020405b4); // maximum segment size 1460
    const words = length === 0 ? 0 : payload(this.#buffer, tcp + header, length);
    const pseudo = this.#pseudoHeader(ip, 6, header + length);
    view.setUint16(tcp + 16, checksum(pseudo + sumWords(view, tcp, header) + words));
    this.#endFrame(tcp + header + length);
  }

  flush(): void {
    for (let done = 0; done < this.#at; ) done += writeSync(this.#file, this.#buffer, done, this.#at - done);
    this.#at = 0;
  }

  /** Record header (its lengths come last), Ethernet and IPv4; returns where IP begins. */
  #ipHeader({ side, client, server, ipId }: Endpoints, protocol: number, length: number): number {
    const view = this.#view;
    const frame = this.#at + RECORD_HEADER;
    view.setUint16(frame, 0x0200);
    view.setUint32(frame + 2, side === 0 ? 2 : 1); // to the server's side, locally administered addresses
    view.setUint16(frame + 6, 0x0200);
    view.setUint32(frame + 8, side === 0 ? 1 : 2);
    view.setUint16(frame + 12, 0x0800);
    const ip = frame + ETHERNET;
    view.setUint16(ip, 0x4500);
    view.setUint16(ip + 2, IP + length);
    view.setUint16(ip + 4, ipId);
    view.setUint16(ip + 6, 0x4000); // don't fragment
    view.setUint16(ip + 8, (64 << 8) | protocol);
    view.setUint16(ip + 10, 0);
    view.setUint32(ip + 12, side === 0 ? client : server);
    view.setUint32(ip + 16, side === 0 ? server : client);
    view.setUint16(ip + 10, checksum(sumWords(view, ip, IP)));
    return ip;
  }

  #ports({ side, clientPort, serverPort }: Endpoints, at: number): void {
    this.#view.setUint16(at, side === 0 ? clientPort : serverPort);
    this.#view.setUint16(at + 2, side === 0 ? serverPort : clientPort);
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
    if (this.#at >= BLOCK) this.flush();
  }
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
