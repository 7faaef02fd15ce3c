/**
 * Profiling sessions of device protocols: thousands of questions that read, each with its answer, and one that does more.
 * Messages are made by hand after the specifications, or are those of `fixtures/decoders` with another number in them.
 */
import { crc } from "../../decoders/shared/dnp3-codes.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { fixturesOf } from "./decoder-fixtures.ts";
import { frameOfBytes, numbered, udpFrame } from "./frames.ts";
import { ascii, concat, hex } from "./hex.ts";
import { u16, u32 } from "./packets.ts";
import { connection, type Line } from "./talk.ts";

export const READS = 10_000;
/** Which of them does more. */
export const HIDDEN = 6_180;

/** A session of one protocol: how it opens, and the `i`th question with its answer, reading or writing. */
export interface Session {
  over: string;
  open: readonly Line[];
  ask(i: number, write: boolean): readonly [question: Uint8Array, answer: Uint8Array];
  /** What the finding names. */
  found: RegExp;
}

const le16 = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8);
const le32 = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);

const tpkt = (...parts: Uint8Array[]): Uint8Array => {
  const body = concat(parts);
  return concat([hex`03 00`, u16(7 + body.length), hex`02 f0 80`, body]);
};
const s7 = (kind: number, i: number, parameters: Uint8Array, data = hex``): Uint8Array =>
  tpkt(
    concat([hex`32 ${kind} 00 00`, u16(i), u16(parameters.length), u16(data.length), kind === 3 ? hex`00 00` : hex``]),
    parameters,
    data,
  );
const ITEM = hex`01 12 0a 10 02 00 02 00 01 84 00 00 20`;

const enip = (command: number, session: number, i: number, data: Uint8Array): Uint8Array =>
  concat([le16(command), le16(data.length), le32(session), le32(0), le32(i), le32(0), le32(0), data]);
const cip = (i: number, service: Uint8Array): Uint8Array =>
  enip(0x6f, 7, i, concat([hex`00 00 00 00 05 00 02 00 00 00 00 00 b2 00`, le16(service.length), service]));
const ATTRIBUTE = hex`03 20 04 24 64 30 03`;

const bacnet = (npdu: number, apdu: Uint8Array): Uint8Array =>
  concat([hex`81 0a`, u16(6 + apdu.length), hex`01 ${npdu}`, apdu]);
const VALUE = hex`0c 00 80 00 01 19 55`;
const REAL = hex`3e 44 3f 80 00 00 3f`;

const sum = (bytes: Uint8Array): Uint8Array => le16(crc(bytes, 0, bytes.length));
const dnp3 = (control: number, data: Uint8Array): Uint8Array => {
  const head = concat([
    Uint8Array.of(5, 0x64, 5 + data.length, control),
    control & 0x80 ? hex`0a 00 01 00` : hex`01 00 0a 00`,
  ]);
  const parts = [head, sum(head)];
  for (let at = 0; at < data.length; at += 16) parts.push(data.slice(at, at + 16), sum(data.slice(at, at + 16)));
  return concat(parts);
};

const opcua = (type: string, body: Uint8Array): Uint8Array => concat([ascii(type), le32(8 + body.length), body]);
const service = (i: number, id: number, body: Uint8Array): Uint8Array =>
  opcua("MSGF", concat([le32(7), le32(1), le32(51 + i), le32(i + 1), hex`01 00`, le16(id), body]));
const asks = (i: number): Uint8Array =>
  concat([hex`00 00  00 00 00 00 00 00 00 00`, le32(i + 1), hex`00 00 00 00  ff ff ff ff  00 00 00 00  00 00 00`]);
const answers = (i: number): Uint8Array =>
  concat([hex`00 00 00 00 00 00 00 00`, le32(i + 1), hex`00 00 00 00  00  00 00 00 00  00 00 00`]);
const NODE = hex`01 02 39 05  0d 00 00 00  ff ff ff ff`;

/** A message of the fixtures. */
function message(of: string, title: string): Uint8Array {
  const known = MESSAGES.get(`${of}: ${title}`) ?? fixturesOf(of).find((each) => each.title === title)!.bytes;
  MESSAGES.set(`${of}: ${title}`, known);
  return known;
}
const MESSAGES = new Map<string, Uint8Array>();
/** The same with other bytes from a place on. */
const patched = (bytes: Uint8Array, ...changes: readonly (readonly [at: number, bytes: Uint8Array])[]): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  for (const [at, other] of changes) copy.set(other, at);
  return copy;
};

const modbus = (i: number, pdu: Uint8Array): Uint8Array => concat([u16(i), u16(0), u16(pdu.length + 1), hex`01`, pdu]);

const FINS_READ = message("fins", "read memory");
const FINS_ANSWER = message("fins", "memory read");
const FINS_WRITE = message("fins", "write memory, no answer wanted");

const SRTP_OPEN = message("ge-srtp", "open, and read registers");
const SRTP_OPENED = message("ge-srtp", "opened, and the registers");
const SRTP_WRITE = message("ge-srtp", "write registers");
const SRTP_NOT = message("ge-srtp", "not written");

const HART_READ = message("hart-ip", "who are you");
const HART_ANSWER = message("hart-ip", "this is me");
const HART_WRITE = message("hart-ip", "write the range");
const HART_NOT = message("hart-ip", "write protected");

/** An I frame: type, cause, object and element; both sides count their own. */
const iec104 = (i: number, type: number, cause: number, element: Uint8Array): Uint8Array =>
  concat([
    hex`68`,
    Uint8Array.of(13 + element.length),
    le16(i << 1),
    le16(i << 1),
    bytesOf(type, 1, cause, 0),
    hex`03 00 2c 01 00`,
    element,
  ]);
const bytesOf = (...all: number[]): Uint8Array => Uint8Array.from(all);

/** A confirmed MMS request (a0) or response (a1) right behind COTP, with its invoke id. */
const mms = (tag: number, i: number, service: Uint8Array): Uint8Array =>
  tpkt(concat([bytesOf(tag, 6 + service.length), hex`02 04`, u32(i), service]));

/** Which device it is, or that a program is to stop, with the answer to it. `message`: as the service travels. */
export const mmsAsked =
  (message: (tag: number, i: number, service: Uint8Array) => Uint8Array) =>
  (i: number, write: boolean): [Uint8Array, Uint8Array] =>
    write
      ? [message(0xa0, i, hex`bf 29 08 80 06 42 6f 69 6c 65 72`), message(0xa1, i, hex`bf 29 00`)]
      : [message(0xa0, i, hex`82 00`), message(0xa1, i, hex`a2 09 80 01 41 81 01 42 82 01 43`)];

const DCE_SEQUENCE = 64;
const PNIO_READ = message("profinet-cm", "read I&M0");
const PNIO_ANSWER = message("profinet-cm", "I&M0");
const PNIO_WRITE = message("profinet-cm", "write a record, low bytes first");
const PNIO_NOT = message("profinet-cm", "the write refused, low bytes first");

const snmp = (type: number, i: number, value: Uint8Array): Uint8Array => {
  const bind = concat([hex`06 08 2b 06 01 02 01 01 06 00`, value]);
  const binds = concat([hex`30`, bytesOf(bind.length), bind]);
  const pdu = concat([hex`02 04`, u32(0x40000000 + i), hex`02 01 00 02 01 00`, hex`30`, bytesOf(binds.length), binds]);
  const all = concat([hex`02 01 01 04 06 70 75 62 6c 69 63`, bytesOf(type, pdu.length), pdu]);
  return concat([hex`30`, bytesOf(all.length), all]);
};
const PLACE = hex`04 04 68 61 6c 6c`;

/** S7comm-plus under TPKT and COTP: opcode, function, sequence, and what follows; version 2 of the protocol. */
const plus = (opcode: number, code: number, i: number, rest: Uint8Array): Uint8Array => {
  const pdu = concat([bytesOf(opcode), hex`00 00`, u16(code), hex`00 00`, u16(i), rest]);
  return tpkt(concat([hex`72 02`, u16(pdu.length), pdu, hex`72 02 00 00`]));
};
const PLUS_SESSION = hex`00 00 03 be 34`;
const PLUS_OPEN = message("s7comm-plus", "panel");
const PLUS_OPENED = message("s7comm-plus", "controller");
/** TPKT's own length at its beginning says where the first messages end. */
const firstTpkts = (bytes: Uint8Array, count: number): Uint8Array => {
  let end = 0;
  for (let i = 0; i < count; i++) end += (bytes[end + 2]! << 8) | bytes[end + 3]!;
  return bytes.slice(0, end);
};

export const SESSIONS: Readonly<Record<string, Session>> = {
  modbus: {
    over: "tcp/502",
    open: [],
    ask: (i, write) =>
      write
        ? [modbus(i, hex`06 00 28 00 07`), modbus(i, hex`06 00 28 00 07`)]
        : [modbus(i, hex`03 00 28 00 01`), modbus(i, hex`03 02 00 07`)],
    found: /write single register \(write\) of unit 1 holding register 40, once/,
  },
  melsec: {
    over: "tcp/5007",
    open: [],
    ask: (_i, write) =>
      write
        ? [message("melsec", "write bits"), hex`d0 00 00 ff ff 03 00 02 00 00 00`]
        : [message("melsec", "read devices"), message("melsec", "devices read")],
    found: /Batch Write \(write\) of Y1F, once/,
  },
  fins: {
    over: "udp/9600",
    open: [],
    ask: (i, write) =>
      write
        ? [
            patched(FINS_WRITE, [0, hex`80`], [9, bytesOf(i)]),
            concat([hex`c0`, patched(FINS_ANSWER, [9, bytesOf(i)]).slice(1, 10), hex`01 02 00 00`]),
          ]
        : [patched(FINS_READ, [9, bytesOf(i)]), patched(FINS_ANSWER, [9, bytesOf(i)])],
    found: /Memory Area Write \(write\) of .*, once/,
  },
  "ge-srtp": {
    over: "tcp/18245",
    open: [
      [">", SRTP_OPEN.slice(0, 56)],
      ["<", SRTP_OPENED.slice(0, 56)],
    ],
    ask: (i, write) =>
      write
        ? [patched(SRTP_WRITE, [2, le16(i)]), patched(SRTP_NOT, [2, le16(i)])]
        : [patched(SRTP_OPEN.slice(56), [2, le16(i)]), patched(SRTP_OPENED.slice(56), [2, le16(i)])],
    found: /Write System Memory \(write\) of %R1×4, once/,
  },
  "hart-ip": {
    over: "udp/5094",
    open: [],
    ask: (i, write) =>
      write
        ? [patched(HART_WRITE, [4, u16(i)]), patched(HART_NOT, [4, u16(i)])]
        : [patched(HART_READ, [4, u16(i)]), patched(HART_ANSWER, [4, u16(i)])],
    found: /Write Range \(write\) of 2606010203, once/,
  },
  iec104: {
    over: "tcp/2404",
    open: [
      [">", hex`68 04 07 00 00 00`],
      ["<", hex`68 04 0b 00 00 00`],
    ],
    ask: (i, write) =>
      write
        ? [iec104(i, 45, 6, hex`01`), iec104(i, 45, 7, hex`01`)]
        : [iec104(i, 102, 5, hex``), iec104(i, 11, 5, hex`07 00 00`)],
    found: /C_SC_NA_1 .*\(control\) of station 3.*, once/,
  },
  mms: {
    over: "tcp/102",
    open: [],
    ask: mmsAsked(mms),
    found: /stop \(control\) of Boiler, once/,
  },
  "profinet-cm": {
    over: "udp/34964",
    open: [],
    ask: (i, write) =>
      write
        ? [patched(PNIO_WRITE, [DCE_SEQUENCE, le32(i)]), patched(PNIO_NOT, [DCE_SEQUENCE, le32(i)])]
        : [patched(PNIO_READ, [DCE_SEQUENCE, u32(i)]), patched(PNIO_ANSWER, [DCE_SEQUENCE, u32(i)])],
    found: /Write \(write\) of slot 2\/1 0x0001, once/,
  },
  snmp: {
    over: "udp/161",
    open: [],
    ask: (i, write) =>
      write ? [snmp(0xa3, i, PLACE), snmp(0xa2, i, PLACE)] : [snmp(0xa0, i, hex`05 00`), snmp(0xa2, i, PLACE)],
    found: /set \(write\) of 1\.3\.6\.1\.2\.1\.1\.6\.0, once/,
  },
  http: {
    over: "tcp/80",
    open: [],
    ask: (_i, write) => [
      ascii(`${write ? "PUT /config" : "GET /status.html"} HTTP/1.1\r\nHost: plc\r\nContent-Length: 0\r\n\r\n`),
      ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
    found: /PUT \(write\) of \/config, once/,
  },
  "s7comm-plus": {
    over: "tcp/102",
    open: [
      [">", firstTpkts(PLUS_OPEN, 2)],
      ["<", firstTpkts(PLUS_OPENED, 2)],
    ],
    ask: (i, write) =>
      write
        ? [
            plus(0x31, 0x04f2, i, concat([hex`00 00 03 be 34`, hex`00 00 00 34 01 90 77 00 08 01 00 00 00 00`])),
            plus(0x32, 0x04f2, i, hex`34 00 00 00 00 00`),
          ]
        : [
            plus(0x31, 0x054c, i, concat([PLUS_SESSION.slice(1), hex`34 00 00 00 00 01 02 81 49 00 00 00 00`])),
            plus(0x32, 0x054c, i, hex`34 00 00 00 00 00`),
          ],
    found: /SetVariable \(.*\) of .*, once/,
  },
  "profinet-dcp": {
    over: "eth",
    open: [],
    ask: (i, write) =>
      write
        ? [
            patched(message("profinet-dcp", "Set a name for good"), [4, u32(i)]),
            patched(message("profinet-dcp", "Set done"), [4, u32(i)]),
          ]
        : [
            patched(message("profinet-dcp", "Get name and address"), [4, u32(i)]),
            patched(message("profinet-dcp", "Get answered"), [4, u32(i)]),
          ],
    found: /Set \(write\) of .*, once/,
  },
  s7comm: {
    over: "tcp/102",
    open: [
      [">", hex`03 00 00 16 11 e0 00 00 00 01 00 c0 01 0a c1 02 01 00 c2 02 01 02`],
      ["<", hex`03 00 00 16 11 d0 00 01 00 02 00 c0 01 0a c1 02 01 00 c2 02 01 02`],
      [">", s7(1, 65_535, hex`f0 00 00 01 00 01 01 e0`)],
      ["<", s7(3, 65_535, hex`f0 00 00 01 00 01 00 f0`)],
    ],
    ask: (i, write) =>
      write
        ? [s7(1, i, concat([hex`05`, ITEM]), hex`00 04 00 10 00 09`), s7(3, i, hex`05 01`, hex`ff`)]
        : [s7(1, i, concat([hex`04`, ITEM])), s7(3, i, hex`04 01`, hex`ff 04 00 10 00 07`)],
    found: /write variable \(write\) of DB1.*once/,
  },
  enip: {
    over: "tcp/44818",
    open: [
      [">", enip(0x65, 0, 0, hex`01 00 00 00`)],
      ["<", enip(0x65, 7, 0, hex`01 00 00 00`)],
    ],
    ask: (i, write) =>
      write
        ? [cip(i, concat([hex`10`, ATTRIBUTE, hex`07 00`])), cip(i, hex`90 00 00 00`)]
        : [cip(i, concat([hex`0e`, ATTRIBUTE])), cip(i, hex`8e 00 00 00 07 00`)],
    found: /Set Attribute Single \(write\) of Assembly\/100\/3, once/,
  },
  bacnet: {
    over: "udp/47808",
    open: [],
    ask: (i, write) =>
      write
        ? [bacnet(4, concat([hex`00 05 ${i & 255} 0f`, VALUE, REAL])), bacnet(0, hex`20 ${i & 255} 0f`)]
        : [
            bacnet(4, concat([hex`00 05 ${i & 255} 0c`, VALUE])),
            bacnet(0, concat([hex`30 ${i & 255} 0c`, VALUE, REAL])),
          ],
    found: /WriteProperty \(write\) of analog-value,1 present-value.*once/,
  },
  dnp3: {
    over: "tcp/20000",
    open: [],
    ask: (i, write) => {
      const control = 0xc0 | (i & 15);
      const question = write ? hex`05 0c 01 28 01 00 03 00 41 01 64 00 00 00 64 00 00 00 00` : hex`01 3c 01 06`;
      return [
        dnp3(0xc4, concat([Uint8Array.of(control, control), question])),
        dnp3(0x44, concat([Uint8Array.of(control, control), hex`81 00 00`])),
      ];
    },
    found: /Direct Operate \(control\).*once/,
  },
  opcua: {
    over: "tcp/4840",
    open: [],
    ask: (i, write) =>
      write
        ? [
            service(i, 673, concat([asks(i), le32(1), NODE, hex`01 04 07 00`])),
            service(i, 676, concat([answers(i), le32(1), le32(0), le32(-1)])),
          ]
        : [
            service(i, 631, concat([asks(i), new Uint8Array(12), le32(1), NODE, hex`00 00 ff ff ff ff`])),
            service(i, 634, concat([answers(i), le32(1), hex`01 04 07 00`, le32(-1)])),
          ],
    found: /Write \(write\) of .*i=1337.*once/,
  },
};

/** Frames of a session between two hosts, one every millisecond; of Ethernet's own protocols between two adapters. */
export function sessionFrames({ over, open, ask }: Session, host: string, device: string, reads = READS): Frame[] {
  const lines: Line[] = [...open];
  for (let i = 0; i < reads; i++) {
    const [question, answer] = ask(i, i === HIDDEN);
    lines.push([">", question], ["<", answer]);
  }
  return lineFrames(over, lines, host, device);
}

/** The same of any lines. `port`: the host's own. */
export function lineFrames(over: string, lines: readonly Line[], host: string, device: string, port = 40_000): Frame[] {
  const [transport, far] = over.split("/");
  const end = (address: string): string => (address.includes(":") ? `[${address}]` : address);
  const [from, to] = [`${end(host)}:${port}`, `${end(device)}:${far}`];
  if (transport === "tcp") return numbered(connection(from, to, 10, lines));
  if (transport === "eth") return numbered(lines.map(([way, data], ms) => etherFrame(way, data as Uint8Array, ms)));
  return numbered(
    lines.map(([way, data], ms) =>
      udpFrame({ from: way === ">" ? from : to, to: way === ">" ? to : from, data: data as Uint8Array, ms }),
    ),
  );
}

export const HOST_MAC = hex`02 00 00 00 00 05`;
export const DEVICE_MAC = hex`02 00 00 00 00 0a`;
const etherFrame = (way: "<" | ">", data: Uint8Array, ms: number): Frame => {
  const [to, from] = way === ">" ? [DEVICE_MAC, HOST_MAC] : [HOST_MAC, DEVICE_MAC];
  return frameOfBytes(concat([to, from, hex`88 92`, data, new Uint8Array(Math.max(0, 46 - data.length))]), ms);
};
