/** The same protocols in their other forms: serial frames in TCP, other transports and address families, what rides inside. */
import { crc16 } from "../../decoders/shared/modbus-codes.ts";
import { SESSIONS, type Session } from "./device-sessions.ts";
import { ascii, concat, hex } from "./hex.ts";
import { u16, u32 } from "./packets.ts";

const le16 = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8);

const rtu = (pdu: Uint8Array): Uint8Array => {
  const frame = concat([hex`01`, pdu]);
  return concat([frame, le16(crc16(frame, 0, frame.length))]);
};

/** FINS behind TCP's header: "FINS", length, command 2, no error. */
const finsTcp = (frame: Uint8Array): Uint8Array =>
  concat([ascii("FINS"), u32(8 + frame.length), u32(2), u32(0), frame]);

/** Execute PCCC in SendRRData: requester's id, then command 0f or 4f, status, transaction, what follows. */
const pccc = (i: number, service: Uint8Array, command: number, rest: Uint8Array): Uint8Array => {
  const cip = concat([service, hex`07 4d 00 21 43 65 87`, Uint8Array.of(command, 0), le16(i & 0xffff), rest]);
  const items = concat([hex`00 00 00 00 05 00 02 00 00 00 00 00 b2 00`, le16(cip.length), cip]);
  return concat([
    hex`6f 00`,
    le16(items.length),
    hex`07 00 00 00 00 00 00 00`,
    u32(i),
    hex`00 00 00 00 00 00 00 00`,
    items,
  ]);
};
const EXECUTE = hex`4b 02 20 67 24 01`;
const EXECUTED = hex`cb 00 00 00`;

/** 4E: a serial number, then where it goes and how long it is. */
const mc4 = (first: number, i: number, body: Uint8Array): Uint8Array =>
  concat([Uint8Array.of(first, 0), le16(i & 0xffff), hex`00 00 00 ff ff 03 00`, le16(body.length), body]);
const digits = (value: number, count: number): string => value.toString(16).toUpperCase().padStart(count, "0");
const mc4Letters = (first: string, i: number, body: string): Uint8Array =>
  ascii(`${first}${digits(i & 0xffff, 4)}000000FF03FF00${digits(body.length, 4)}${body}`);

/** Original-Unicast-NPDU between two virtual addresses. */
const bacnet6 = (npdu: number, apdu: Uint8Array): Uint8Array =>
  concat([hex`82 01`, u16(12 + apdu.length), hex`00 00 05 00 00 0a 01 ${npdu}`, apdu]);
const VALUE = hex`0c 00 80 00 01 19 55`;
const REAL = hex`3e 44 3f 80 00 00 3f`;

export interface Variant extends Session {
  /** The decoder's id. */
  app: string;
  /** Whether its ends have addresses of IPv6. */
  v6?: boolean;
}

export const VARIANTS: Readonly<Record<string, Variant>> = {
  "Modbus RTU over TCP": {
    app: "modbus",
    over: "tcp/502",
    open: [],
    ask: (_i, write) =>
      write ? [rtu(hex`06 00 28 00 07`), rtu(hex`06 00 28 00 07`)] : [rtu(hex`03 00 28 00 01`), rtu(hex`03 02 00 07`)],
    found: /write single register \(write\) of unit 1 holding register 40, once/,
  },
  "FINS over TCP": {
    app: "fins",
    over: "tcp/9600",
    open: [
      [">", hex`46 49 4e 53 00 00 00 0c 00 00 00 00 00 00 00 00 00 00 00 00`],
      ["<", hex`46 49 4e 53 00 00 00 10 00 00 00 01 00 00 00 00 00 00 00 fb 00 00 00 0a`],
    ],
    ask: (i, write) => {
      const [question, answer] = SESSIONS.fins!.ask(i, write);
      return [finsTcp(question), finsTcp(answer)];
    },
    found: /Memory Area Write \(write\) of .*, once/,
  },
  "PCCC in CIP": {
    app: "enip",
    over: "tcp/44818",
    open: [
      [">", hex`65 00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00`],
      ["<", hex`65 00 04 00 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00`],
    ],
    ask: (i, write) =>
      write
        ? [pccc(i, EXECUTE, 0x0f, hex`aa 02 07 89 0a 00 07 00`), pccc(i, EXECUTED, 0x4f, hex``)]
        : [pccc(i, EXECUTE, 0x0f, hex`a2 02 07 89 0a 00`), pccc(i, EXECUTED, 0x4f, hex`07 00`)],
    found: /Protected Typed Logical Write, 3 Fields \(write\) of N7:10, once/,
  },
  "MC protocol, 4E": {
    app: "melsec",
    over: "tcp/5007",
    open: [],
    ask: (i, write) =>
      write
        ? [mc4(0x54, i, hex`10 00 01 14 00 00 64 00 00 a8 01 00 07 00`), mc4(0xd4, i, hex`00 00`)]
        : [mc4(0x54, i, hex`10 00 01 04 00 00 64 00 00 a8 01 00`), mc4(0xd4, i, hex`00 00 07 00`)],
    found: /Batch Write \(write\) of D100, once/,
  },
  "MC protocol, 4E in letters": {
    app: "melsec",
    over: "tcp/5007",
    open: [],
    ask: (i, write) =>
      write
        ? [mc4Letters("5400", i, "001014010000D*00010000010007"), mc4Letters("D400", i, "0000")]
        : [mc4Letters("5400", i, "001004010000D*0001000001"), mc4Letters("D400", i, "00000007")],
    found: /Batch Write \(write\) of D100, once/,
  },
  "BACnet/IPv6": {
    app: "bacnet",
    over: "udp/47808",
    v6: true,
    open: [],
    ask: (i, write) =>
      write
        ? [bacnet6(4, concat([hex`00 05 ${i & 255} 0f`, VALUE, REAL])), bacnet6(0, hex`20 ${i & 255} 0f`)]
        : [
            bacnet6(4, concat([hex`00 05 ${i & 255} 0c`, VALUE])),
            bacnet6(0, concat([hex`30 ${i & 255} 0c`, VALUE, REAL])),
          ],
    found: /WriteProperty \(write\) of analog-value,1 present-value.*once/,
  },
};

/** All forms, by what they are called. */
export const ALL_SESSIONS: Readonly<Record<string, Variant>> = {
  ...Object.fromEntries(Object.entries(SESSIONS).map(([app, session]) => [app, { ...session, app }])),
  ...VARIANTS,
};
