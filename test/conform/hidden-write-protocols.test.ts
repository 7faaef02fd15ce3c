/** One write among ten thousand reads, in protocols other than Modbus: found, named with its target and frame, and a violation. */
import test from "ava";
import { crc } from "../../decoders/shared/dnp3-codes.ts";
import type { Frame } from "../../src/capture/frame.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { numbered, udpFrame } from "../support/frames.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { u16 } from "../support/packets.ts";
import { connection, type Line } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";

const DEVICE = "203.0.113.10";
const READS = 10_000;
const HIDDEN = 6_180;

/** A session of one protocol: how it opens, and the `i`th question with its answer, reading or writing. */
interface Session {
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

const SESSIONS: Readonly<Record<string, Session>> = {
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

function frames({ over, open, ask }: Session): Frame[] {
  const lines: Line[] = [...open];
  for (let i = 0; i < READS; i++) {
    const [question, answer] = ask(i, i === HIDDEN);
    lines.push([">", question], ["<", answer]);
  }
  const [transport, port] = over.split("/");
  const [from, to] = [`${HOST}:40000`, `${DEVICE}:${port}`];
  if (transport === "tcp") return numbered(connection(from, to, 10, lines));
  return numbered(
    lines.map(([way, data], ms) =>
      udpFrame({ from: way === ">" ? from : to, to: way === ">" ? to : from, data: data as Uint8Array, ms }),
    ),
  );
}

for (const [app, session] of Object.entries(SESSIONS)) {
  test(`${app}: the write is found among ${READS} reads`, async (t) => {
    const rule = { id: "profile", to: "device", over: session.over, app, expect: { operations: "at most read" } };
    const endpoints = { device: { addresses: [DEVICE] } };
    const judged = async (all: readonly Frame[]): Promise<ConversationRow | undefined> => {
      const trial = await trialOf({ rules: [rule], endpoints, frames: all });
      return judgeFrames(trial, trial.frames).result.judged.find(({ responder }) => responder === DEVICE);
    };
    const all = frames(session);
    const row = await judged(all);
    t.is(row?.verdict, "violation", row?.reason ?? "");
    t.regex(row?.found ?? "", session.found);
    const frame = Number(/first in frame (\d+)/.exec(row?.found ?? "")?.[1]);
    const question = session.ask(HIDDEN, true)[0];
    const { buf, capLen } = all[frame - 1]!;
    t.deepEqual(buf.slice(capLen - question.length, capLen), question, "the frame that is named holds the write");
    const asked = row!.operations.filter(({ role, class: of }) => role === "request" && of !== "session");
    t.is(
      asked.reduce((count, kind) => count + kind.count, 0),
      READS,
    );
    t.is(
      asked.reduce((count, kind) => count + kind.unanswered, 0),
      0,
    );
    // Without it the session is what the document says.
    const without = await judged(numbered(frames({ ...session, ask: (i) => session.ask(i, false) })));
    t.is(without?.verdict, "documented", without?.reason ?? "");
  });
}
