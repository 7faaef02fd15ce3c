/**
 * Writes an office as a classic pcap: hosts that all play one role, 250 conversations each, no two of them alike. Half are
 * documented by names, addresses or DNS, the rest are not: names that no document has, services inside, attempts. The same
 * bytes every time.
 *
 *     of a hundred   30 TLS to a wildcard · 10 TLS to a deep wildcard · 20 TLS to other names · 10 tcp/445 to a network
 *                    10 a service inside · 7 HTTP to other names · 5 SYNs without answer · 4 UDP inside · 1 telnet
 *                    1 TLS without a name · 1 refused · 1 TLS to a name of another region
 *     of each host   8 look-ups, one of a name that is not there and one that no document has
 */
import { writeSync } from "node:fs";
import { clientHello, dnsAnswer, dnsQuery, serverHello, upRecords } from "../test/support/talk.ts";

export const EACH = 250;
const LOOKUPS = 8;
const FIRST_HOST = 0x0a100001;
const RESOLVER = 0x0a020035;
const FILES = 0x0afe0000; // 10.254.0.0
const INSIDE = 0x0ac80000; // 10.200.0.0
const OUTSIDE = 0xc6130000; // 198.19.0.0, set aside for benchmarks (RFC 2544)
const START_SEC = 1_780_000_000;
const GAP_US = 40;
const NOTHING = Buffer.alloc(0);
const [SYN, RST, SYN_ACK, ACK, DATA] = [2, 0x14, 0x12, 0x10, 0x18];

/** Held against it: names, wildcards, a network, a role that nobody plays, a condition that is off, something forbidden. */
export const MODEL = `wirepact: 1
model: office
document: { title: Office }
parameters: { region: { values: [us, eu] } }
roles: { host: { about: everybody in the office }, printer: { about: nobody } }
endpoints:
  apps: { hosts: ["*.apps.example.com"] }
  media: { hosts: ["**.media.example.net"] }
  eu: { hosts: ["*.eu.example.com"] }
  login: { hosts: [login.example.com, sso.example.com], need: any }
  files: { addresses: [10.254.0.0/16] }
  time: { hosts: [pool.ntp.org], pool: true }
rules:
  - { id: apps, from: host, to: apps, over: tcp/443, app: tls, requirement: optional, cite: { section: "1" } }
  - { id: media, from: host, to: media, over: "tcp/80,443", app: [tls, http], requirement: optional, cite: { section: "2" } }
  - { id: eu, from: host, to: eu, over: tcp/443, app: tls, when: { region: eu }, requirement: required, cite: { section: "3" } }
  - { id: login, from: host, to: login, over: tcp/443, app: tls, requirement: required, cite: { section: "4" } }
  - { id: files, from: host, to: files, over: tcp/445, app: any, requirement: optional, cite: { section: "5" } }
  - { id: time, from: host, to: time, over: udp/123, app: ntp, requirement: optional, cite: { section: "6" } }
  - { id: printing, from: host, to: role:printer, over: tcp/9100, app: any, requirement: optional, cite: { section: "7" } }
  - { id: telnet, from: host, to: anyone, over: tcp/23, app: any, requirement: forbidden, cite: { section: "8" } }
`;

export class OfficeWriter {
  readonly #file: number;
  readonly #buffer = Buffer.alloc((1 << 20) + 4_096);
  #at = 0;
  #frames = 0;
  #port = 0;
  readonly #hellos = new Map<string, Buffer>();
  readonly #serverHello = Buffer.from(serverHello());
  readonly #up = Buffer.from(upRecords());

  constructor(file: number) {
    this.#file = file;
    for (const word of [0xa1b2c3d4, 0x00040002, 0, 0, 262_144, 1])
      this.#at = this.#buffer.writeUInt32LE(word, this.#at);
  }

  /** So many conversations, look-ups beside them. */
  write(conversations: number): void {
    const hosts = Math.ceil(conversations / EACH);
    for (let host = 0; host < hosts; host++) this.#lookUps(host);
    for (let k = 0; k < EACH; k++) for (let host = 0; host < hosts; host++) this.#conversation(host, k);
    this.#flush();
  }

  #lookUps(host: number): void {
    for (let i = 0; i < LOOKUPS; i++) {
      const number = host * LOOKUPS + i;
      const name =
        i === LOOKUPS - 1 ? `gone${host % 50}.example.com` : i === 0 ? otherName(number) : appName(number % 500);
      const address = i === 0 ? unlike(otherName(number)) : appAddress(number % 500, host);
      const records = i === LOOKUPS - 1 ? [] : [{ name, type: "A" as const, data: dotted(address), ttl: 300 }];
      const answer = dnsAnswer(name, records, { id: number & 0xffff, rcode: i === LOOKUPS - 1 ? 3 : 0 });
      this.#ports(FIRST_HOST + host, RESOLVER, 53);
      this.#datagram(0, Buffer.from(dnsQuery(name, { id: number & 0xffff })));
      this.#datagram(1, Buffer.from(answer));
    }
  }

  #conversation(host: number, k: number): void {
    const from = FIRST_HOST + host;
    const kind = k % 100;
    const other = (host * 7 + k * 13) >>> 0;
    if (kind < 30) this.#tls(from, appAddress(k * 2 + (host & 1), host), appName(k * 2 + (host & 1)));
    else if (kind < 40) this.#tls(from, OUTSIDE + 0x4000 + (other % 900), `n${k}.p${host % 30}.media.example.net`);
    else if (kind < 60) this.#tls(from, unlike(otherName(other)), otherName(other));
    else if (kind < 70) this.#exchange(from, FILES + k, 445);
    else if (kind < 80) this.#exchange(from, INSIDE + k, 8_000 + (other % 50));
    else if (kind < 87) this.#http(from, unlike(otherName(other)), otherName(other));
    else if (kind < 92) this.#attempt(from, INSIDE + 512 + k, 10_000 + (other % 5_000), false);
    else if (kind < 96) this.#udp(from, INSIDE + 1_024 + k, 9_000);
    else if (kind === 96) this.#exchange(from, INSIDE + 2_048 + k, 23);
    else if (kind === 97) this.#tls(from, appAddress((host * LOOKUPS + (k % 6) + 1) % 500, host), null);
    else if (kind === 98) this.#attempt(from, INSIDE + 4_096 + k, 9_100, true);
    else this.#tls(from, OUTSIDE + 0x6000 + k, `r${k}.eu.example.com`);
  }

  #tls(from: number, to: number, name: string | null): void {
    this.#open(from, to, 443);
    const hello = this.#hello(name);
    this.#segment(0, DATA, hello, 1, 1);
    this.#segment(1, DATA, this.#serverHello, 1, 1 + hello.length);
    this.#segment(0, DATA, this.#up, 1 + hello.length, 1 + this.#serverHello.length);
    this.#segment(1, DATA, this.#up, 1 + this.#serverHello.length, 1 + hello.length + this.#up.length);
  }

  #http(from: number, to: number, name: string): void {
    this.#open(from, to, 80);
    const question = Buffer.from(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
    const answer = Buffer.from("HTTP/1.1 204 No Content\r\n\r\n");
    this.#segment(0, DATA, question, 1, 1);
    this.#segment(1, DATA, answer, 1, 1 + question.length);
  }

  #exchange(from: number, to: number, port: number): void {
    this.#open(from, to, port);
    const words = Buffer.alloc(24, 0x7a);
    this.#segment(0, DATA, words, 1, 1);
    this.#segment(1, DATA, words, 1, 1 + words.length);
  }

  #udp(from: number, to: number, port: number): void {
    this.#ports(from, to, port);
    this.#datagram(0, Buffer.alloc(24, 0x7a));
    this.#datagram(1, Buffer.alloc(24, 0x7b));
  }

  #attempt(from: number, to: number, port: number, refused: boolean): void {
    this.#ports(from, to, port);
    this.#segment(0, SYN, NOTHING, 0, 0);
    if (refused) this.#segment(1, RST, NOTHING, 0, 1);
  }

  #open(from: number, to: number, port: number): void {
    this.#ports(from, to, port);
    this.#segment(0, SYN, NOTHING, 0, 0);
    this.#segment(1, SYN_ACK, NOTHING, 0, 1);
    this.#segment(0, ACK, NOTHING, 1, 1);
  }

  #hello(name: string | null): Buffer {
    let hello = this.#hellos.get(name ?? "");
    if (hello === undefined) {
      hello = Buffer.from(clientHello(name));
      this.#hellos.set(name ?? "", hello);
    }
    return hello;
  }

  readonly #ends = [0, 0];
  readonly #endPorts = [0, 0];

  /** A new connection's ends. */
  #ports(from: number, to: number, port: number): void {
    this.#ends[0] = from;
    this.#ends[1] = to;
    this.#endPorts[0] = 20_000 + (this.#port++ % 40_000);
    this.#endPorts[1] = port;
  }

  #datagram(dir: 0 | 1, payload: Buffer): void {
    const udp = this.#ip(dir, 17, 8 + payload.length);
    this.#buffer.writeUInt16BE(8 + payload.length, udp + 4);
    payload.copy(this.#buffer, udp + 8);
  }

  /** Sequence numbers begin at 0 on both sides. */
  #segment(dir: 0 | 1, flags: number, payload: Buffer, seq: number, ack: number): void {
    const tcp = this.#ip(dir, 6, 20 + payload.length);
    const b = this.#buffer;
    b.writeUInt32BE(seq, tcp + 4);
    b.writeUInt32BE(ack, tcp + 8);
    b[tcp + 12] = 0x50;
    b[tcp + 13] = flags;
    b.writeUInt16BE(64_000, tcp + 14);
    payload.copy(b, tcp + 20);
  }

  /** Record, Ethernet, IPv4 and ports; checksums are left to the hardware, as on a host that captures itself. */
  #ip(dir: 0 | 1, protocol: number, length: number): number {
    if (this.#at > 1 << 20) this.#flush();
    const b = this.#buffer;
    const start = this.#at;
    const frame = 34 + length;
    const us = this.#frames++ * GAP_US;
    this.#at = start + 16 + frame;
    b.fill(0, start, this.#at);
    b.writeUInt32LE(START_SEC + Math.floor(us / 1e6), start);
    b.writeUInt32LE(us % 1e6, start + 4);
    b.writeUInt32LE(frame, start + 8);
    b.writeUInt32LE(frame, start + 12);
    const ip = start + 30;
    b.writeUInt16BE(0x0800, ip - 2);
    b[ip] = 0x45;
    b.writeUInt16BE(20 + length, ip + 2);
    b.writeUInt16BE(this.#frames & 0xffff, ip + 4);
    b[ip + 8] = 64;
    b[ip + 9] = protocol;
    b.writeUInt32BE(this.#ends[dir]!, ip + 12);
    b.writeUInt32BE(this.#ends[1 - dir]!, ip + 16);
    b.writeUInt16BE(this.#endPorts[dir]!, ip + 20);
    b.writeUInt16BE(this.#endPorts[1 - dir]!, ip + 22);
    return ip + 20;
  }

  #flush(): void {
    for (let done = 0; done < this.#at; ) done += writeSync(this.#file, this.#buffer, done, this.#at - done);
    this.#at = 0;
  }
}

/** What binds the role to a share of the hosts of so many conversations: the first of them. */
export function hostsOf(conversations: number, share: number): string {
  const hosts = Math.max(1, Math.round(Math.ceil(conversations / EACH) * share));
  return `${dotted(FIRST_HOST)}-${dotted(FIRST_HOST + hosts - 1)}`;
}

const appName = (number: number): string => `a${number}.apps.example.com`;
/** Each name has four addresses, of which a host gets one. */
const appAddress = (number: number, host: number): number => OUTSIDE + number * 4 + (host & 3);
const otherName = (number: number): string => `s${number % 20_000}.example.org`;
const unlike = (name: string): number => OUTSIDE + 0x8000 + (Number(name.slice(1, name.indexOf("."))) % 0x7000);

function dotted(address: number): string {
  return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join(".");
}
