/**
 * The third capture: short conversations that all say names. Of ten, four are look-ups of DNS, five are TLS (TLS 1.3 and every
 * fifth TLS 1.2) and one is QUIC; four of those six go to a name that the same client has looked up before. 20,000 clients,
 * 50,000 names, 4,000 conversations open at once, each packet of another one than the packet before it.
 */
import {
  ACK,
  type CaptureFile,
  type Endpoints,
  FIN_ACK,
  LARGEST_FRAME,
  type Payload,
  PSH_ACK,
  SYN,
} from "./capture-file.ts";
import { RandomPool } from "./random.ts";
import { answerOf, type Flights, flightsOf, initialsOf, questionOf, templateOf } from "./web-words.ts";

/** Frames of ten conversations: four look-ups of 2, five connections of 12, one of QUIC of 4. */
const FRAMES_OF_TEN = 4 * 2 + 5 * 12 + 4;
const VISITS_OF_TEN = 6;
/** Conversations by tens between a look-up and the connection for which it was. */
const TENS_AHEAD = 800;
const OPEN_AT_ONCE = 4_000;

const GATEWAY = 0x0a140005; // 10.20.0.5, which makes the first six visits
const CLIENTS = 0xc6120000;
const CLIENT_HOSTS = 20_000;
const SERVERS = 0xc6130000;
const SERVER_HOSTS = 60_000;
const RESOLVERS = 0xc613ff00;
const NAMES = 50_000;
const MOST_PAYLOAD = LARGEST_FRAME - 54;

const HOSTS = ["www", "api", "static", "img", "login", "media", "edge", "news"];
const ZONES = [
  "harbour.example.com",
  "meadow.example.net",
  "lantern.example.org",
  "granite.example",
  "shop.example.com",
];

export const framesOfWeb = (conversations: number): number => (conversations / 10) * FRAMES_OF_TEN;

/** Writes so many conversations, a multiple of ten. */
export function writeWeb(file: CaptureFile, conversations: number): void {
  new WebWriter(file, conversations).writeAll();
}

/** What one conversation still has to send. */
interface Open {
  ends: Endpoints;
  steps: readonly Step[];
  next: number;
  sequence: [number, number];
}

type Step = { side: 0 | 1; flags: number; bytes: Buffer };
const NOTHING = Buffer.alloc(0);

class WebWriter {
  readonly #file: CaptureFile;
  readonly #conversations: number;
  readonly #pool = new RandomPool();
  readonly #templates = [templateOf("tls13"), templateOf("tls12")];
  #begun = 0;

  constructor(file: CaptureFile, conversations: number) {
    this.#file = file;
    this.#conversations = conversations;
  }

  writeAll(): void {
    const open: (Open | null)[] = [];
    while (open.length < OPEN_AT_ONCE) open.push(this.#begin());
    for (let left = true; left; ) {
      left = false;
      for (const [i, conversation] of open.entries()) {
        if (conversation === null) continue;
        left = true;
        this.#send(conversation);
        if (conversation.next === conversation.steps.length) open[i] = this.#begin();
      }
    }
  }

  #send(conversation: Open): void {
    const { ends, steps, sequence } = conversation;
    const { side, flags, bytes } = steps[conversation.next++]!;
    ends.side = side;
    ends.ipId = (ends.ipId + 1) & 0xffff;
    const payload: Payload = (to, at, length) => {
      to.set(bytes, at);
      return sumOf(bytes, length);
    };
    if (flags === 0) {
      this.#file.udp(ends, bytes.length, payload);
      return;
    }
    this.#file.tcp(ends, flags, sequence[side], sequence[side === 0 ? 1 : 0], bytes.length, payload);
    const takesOne = (flags & SYN) !== 0 || flags === FIN_ACK;
    sequence[side] = (sequence[side] + bytes.length + (takesOne ? 1 : 0)) >>> 0;
  }

  #begin(): Open | null {
    if (this.#begun === this.#conversations) return null;
    const i = this.#begun++;
    const ten = Math.floor(i / 10);
    const place = i % 10;
    if (place < 4) return this.#lookUp(i, ten * VISITS_OF_TEN + place);
    const visit = (ten - TENS_AHEAD) * VISITS_OF_TEN + place - 4;
    return place < 9 ? this.#tls(i, visit) : this.#quic(i, visit);
  }

  #lookUp(i: number, visit: number): Open {
    const { client, name, alias, address } = visitOf(visit);
    const id = this.#pool.next() & 0xffff;
    return this.#open(i, client, RESOLVERS + (client & 3), 53, [
      { side: 0, flags: 0, bytes: questionOf(id, name) },
      { side: 1, flags: 0, bytes: answerOf(id, name, alias, address) },
    ]);
  }

  #tls(i: number, visit: number): Open {
    const { client, name, address } = visitOf(visit);
    const {
      hello,
      server,
      client: finished,
    }: Flights = flightsOf(this.#templates[i % 5 === 0 ? 1 : 0]!, name, this.#random);
    return this.#open(i, client, address, 443, [
      { side: 0, flags: SYN, bytes: NOTHING },
      { side: 1, flags: SYN | ACK, bytes: NOTHING },
      { side: 0, flags: ACK, bytes: NOTHING },
      { side: 0, flags: PSH_ACK, bytes: hello },
      { side: 1, flags: PSH_ACK, bytes: server.subarray(0, MOST_PAYLOAD) },
      { side: 0, flags: PSH_ACK, bytes: finished },
      { side: 1, flags: ACK, bytes: this.#data(MOST_PAYLOAD) },
      { side: 1, flags: PSH_ACK, bytes: this.#data(this.#pool.between(100, 1_000)) },
      { side: 0, flags: ACK, bytes: NOTHING },
      { side: 1, flags: FIN_ACK, bytes: NOTHING },
      { side: 0, flags: FIN_ACK, bytes: NOTHING },
      { side: 1, flags: ACK, bytes: NOTHING },
    ]);
  }

  #quic(i: number, visit: number): Open {
    const { client, name, address } = visitOf(visit);
    const id = this.#random(8);
    const initials = initialsOf(this.#templates[0]!, name, id, this.#random);
    return this.#open(i, client, address, 443, [
      { side: 0, flags: 0, bytes: initials.client },
      { side: 1, flags: 0, bytes: initials.server },
      { side: 0, flags: 0, bytes: this.#short(60) },
      { side: 1, flags: 0, bytes: this.#short(this.#pool.between(300, 1_200)) },
    ]);
  }

  #open(i: number, client: number, server: number, serverPort: number, steps: readonly Step[]): Open {
    const clientPort = 32_768 + ((i * 13) % 28_000);
    const ipId = this.#pool.next() & 0xffff;
    const sequence: Open["sequence"] = [this.#pool.next(), this.#pool.next()];
    return { ends: { side: 0, client, server, clientPort, serverPort, ipId }, steps, next: 0, sequence };
  }

  /** A record of protected data. */
  #data(length: number): Buffer {
    const bytes = this.#random(length);
    bytes[0] = 0x17;
    bytes.writeUInt16BE(0x0303, 1);
    bytes.writeUInt16BE(length - 5, 3);
    return bytes;
  }

  /** A packet behind QUIC's handshake. */
  #short(length: number): Buffer {
    const bytes = this.#random(length);
    bytes[0] = 0x40 | (bytes[0]! & 0x3f);
    return bytes;
  }

  readonly #random = (length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    this.#pool.copy(bytes, 0, length);
    return bytes;
  };
}

/** Who goes where: the same for a look-up and the connection for which it was. */
function visitOf(visit: number): { client: number; name: string; alias: string | null; address: number } {
  const n = scatter(visit) % NAMES;
  return {
    client: visit >= 0 && visit < VISITS_OF_TEN ? GATEWAY : CLIENTS + (scatter(visit ^ 0x5bd1e995) % CLIENT_HOSTS),
    name: `${HOSTS[n % 8]}-${n.toString(36)}.${ZONES[n % 5]}`,
    alias: n % 2 === 0 ? null : `e${n}.cdn.example.net`,
    address: SERVERS + ((n * 31) % SERVER_HOSTS),
  };
}

/** A number of 32 bits that looks like none of its neighbours' (murmur3's last step). */
function scatter(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Sum of the 16-bit words of bytes, an odd last one padded with zero. */
function sumOf(bytes: Buffer, length: number): number {
  let sum = 0;
  for (let i = 0; i + 1 < length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  return length & 1 ? sum + (bytes[length - 1]! << 8) : sum;
}
