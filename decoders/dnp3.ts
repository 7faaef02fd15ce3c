/**
 * DNP3: masters ask outstations of utilities for measurements, command them, and are told events unasked.
 * IEEE 1815-2012, over TCP and UDP after its clause 13.
 *
 *     ┌───────┬────────┬─────────┬─────────────┬────────┬───────┐ ┌───────────┬───────┐
 *     │ 05 64 │ length │ control │ destination │ source │ CRC 2 │ │ 16 octets │ CRC 2 │ …
 *     └───────┴────────┴─────────┴──────2──────┴───2────┴───────┘ └───────────┴───────┘
 *     data: transport 1 (FIN, FIR, number), then the application's fragment, whose first piece begins with
 *           control 1 (FIR FIN CON UNS number), function 1, of an answer internal indications 2, object headers
 *
 * The check sum of the header proves it on any port. The first piece of a fragment says what it is; the others are its
 * data. Who is master says the direction bit, not who opened the connection. Devices name themselves in group 0.
 *
 * Does not cover: measured values, secure authentication, data sets, the check sums of data (a wrong one is a problem).
 */
import { Cursor, Fault } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import { crc, FUNCTION, FUNCTIONS, LINK_DATA, LINK_PRIMARY, LINK_SECONDARY, UNANSWERED } from "./shared/dnp3-codes.ts";
import { type Objects, opensToRead, readObjects } from "./shared/dnp3-objects.ts";
import { type Framing, looksFramed, readFrame, readFrames } from "./shared/frames.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORTS = [20_000];
const ID = "dnp3";
const HEADER = 10;
const BLOCK = 16;
const CONTROL = { fromMaster: 0x80, primary: 0x40 } as const;
const TRANSPORT_FINAL = 0x80;
const TRANSPORT_FIRST = 0x40;
const APPLICATION = { confirm: 0x20, unsolicited: 0x10 } as const;
/** Second octet of the internal indications: function, object or parameter was not accepted. */
const REFUSED = 0x07;
/** By bit. */
const REFUSALS = ["function not supported", "object unknown", "parameter error"];

const FRAMING: Framing = { protocol: ID, ports: PORTS, name: "DNP3", size, tell };

export const dnp3: Decoder = {
  id: ID,
  title: "Distributed Network Protocol 3",
  specs: ["IEEE 1815-2012"],
  ports: { tcp: PORTS, udp: PORTS },
  fields: [
    { field: "dnp3.master", about: "link address of the master" },
    { field: "dnp3.outstation", about: "link address of the outstation" },
  ],
  opens: { datagram: [5], stream: [5] },
  everyMessage: true,

  looksDatagram: (buf, off, len) => len >= HEADER && looksFramed(FRAMING, buf, off, len),
  datagram: (c, emit, at) => readFrames(FRAMING, c, emit, at),

  looksStream: (buf, off, len) => looksFramed(FRAMING, buf, off, len),
  stream: (c, emit, at) => readFrame(FRAMING, c, emit, at),
};

/** Start, length and the header's check sum. */
function size(buf: Uint8Array, off: number, len: number): number {
  if (len < 1) return -1;
  if (buf[off] !== 0x05) return 0;
  if (len < 2) return -1;
  if (buf[off + 1] !== 0x64) return 0;
  if (len < 3) return -1;
  const length = buf[off + 2]!;
  if (length < 5) return 0;
  if (len < HEADER) return -1;
  if (crc(buf, off, 8) !== (buf[off + 8]! | (buf[off + 9]! << 8))) return 0;
  const data = length - 5;
  return HEADER + data + 2 * Math.ceil(data / BLOCK);
}

interface Ends {
  fromMaster: boolean;
  /** Over UDP what pairs is told of each message as well: nothing else says whether an answer came. */
  udp: boolean;
  /** `MASTER-OUTSTATION`, whoever sends. */
  pair: string;
  outstation: number;
}

function tell(c: Cursor, emit: Emit, at: Context): boolean {
  c.skip(2);
  const data = c.u8() - 5;
  const control = c.u8();
  const destination = c.u16le();
  const source = c.u16le();
  c.skip(2);
  const fromMaster = (control & CONTROL.fromMaster) !== 0;
  const [master, outstation] = fromMaster ? [source, destination] : [destination, source];
  if (!at.started) {
    emit({
      kind: "role",
      sender: fromMaster ? "client" : "server",
      why: `DNP3 from the ${fromMaster ? "master" : "outstation"}`,
    });
    emit({ kind: "field", field: "dnp3.master", value: master });
    emit({ kind: "field", field: "dnp3.outstation", value: outstation });
  }
  const ends: Ends = { fromMaster, udp: at.transport === "udp", pair: `${master}-${outstation}`, outstation };
  const primary = (control & CONTROL.primary) !== 0;
  const code = control & 0x0f;
  if (primary && LINK_DATA.includes(code)) tellData(c, data, ends, emit);
  else tellLink(primary, code, ends, emit);
  return true;
}

/** A link answers as one station to the other, without a number: the ends are all that pairs. */
function tellLink(primary: boolean, code: number, { pair, outstation }: Ends, emit: Emit): void {
  const table = primary ? LINK_PRIMARY : LINK_SECONDARY;
  const meaning: Meaning = table.get(code) ?? unknownCode("link function", code);
  const failed = !primary && (code === 1 || code === 15);
  const target = primary ? `outstation ${outstation}` : null;
  tellOperation(emit, ID, primary ? "request" : "response", `link:${code}`, meaning, {
    target,
    id: `link ${pair}`,
    failed,
  });
}

/** Takes the check sums out; a fragment's first piece says what it is. */
function tellData(c: Cursor, length: number, ends: Ends, emit: Emit): void {
  if (length === 0) return;
  const data = new Uint8Array(length);
  let read = 0;
  let sound = true;
  while (read < length && c.left > 0) {
    const block = Math.min(BLOCK, length - read, c.left);
    data.set(c.buf.subarray(c.pos, c.pos + block), read);
    const expected = crc(c.buf, c.pos, block);
    c.skip(block);
    read += block;
    if (c.left >= 2) sound = c.u16le() === expected && sound;
  }
  const fragment = new Cursor().set(data, 0, read);
  fragment.enter(read, "DNP3 fragment");
  try {
    const transport = fragment.u8();
    if ((transport & TRANSPORT_FIRST) !== 0) tellFragment(fragment, ends, emit);
  } catch (fault) {
    // Only what is whole can contradict itself.
    if (!(fault instanceof Fault) || (data[0]! & TRANSPORT_FINAL) !== 0) throw fault;
  } finally {
    if (!sound) emit({ kind: "problem", what: "malformed", why: "DNP3: a data block's check sum is wrong" });
  }
}

function tellFragment(c: Cursor, ends: Ends, emit: Emit): void {
  const control = c.u8();
  const code = c.u8();
  const answer = code >= FUNCTION.response;
  const unsolicited = code === FUNCTION.unsolicited || (control & APPLICATION.unsolicited) !== 0;
  const objects: Objects = { target: null, attributes: false, refused: false, fileMode: 0 };
  let failed = false;
  let refusals = "";
  try {
    if (answer) {
      c.skip(1);
      const indications = c.u8();
      failed = (indications & REFUSED) !== 0;
      refusals = REFUSALS.filter((_, bit) => (indications >> bit) & 1).join(", ");
    }
    readObjects(c, answer || carriesData(code), objects, null);
  } catch (fault) {
    objects.attributes = false; // what could not be read may be anything
    throw fault;
  } finally {
    const [name, usual] = FUNCTIONS.get(code) ?? unknownCode("function", code);
    const number = `${ends.pair} ${unsolicited ? "U" : ""}${control & 0x0f}`;
    const pairs = answer ? code !== FUNCTION.unsolicited : !UNANSWERED.includes(code);
    if (ends.udp) emit({ kind: "message", what: pairs ? (answer ? "response" : "request") : "oneway", id: number });
    tellOperation(emit, ID, answer ? "response" : "request", code, [name, classOf(code, usual, objects)], {
      target: answer ? null : `outstation ${ends.outstation}${objects.target === null ? "" : ` ${objects.target}`}`,
      id: pairs ? number : null,
      failed: failed || (answer && objects.refused),
      ...(failed ? { answer: refusals } : {}),
    });
  }
  if (answer && objects.attributes) tellAttributes(c, emit);
}

/** The same objects again, now for what they say of the device: after the operation that brought them. */
function tellAttributes(c: Cursor, emit: Emit): void {
  c.pos = c.start + ANSWER_HEAD;
  readObjects(c, true, { target: null, attributes: false, refused: false, fileMode: 0 }, emit);
}
const ANSWER_HEAD = 5; // transport, control, function, indications

/** Of reads, freezes and assignments there are headers only; commands, writes and files bring values. */
const carriesData = (code: number): boolean =>
  code === 2 ||
  (code >= FUNCTION.select && code <= FUNCTION.directOperateNoAck) ||
  (code >= FUNCTION.open && code <= 33);

/** A read of nothing but device attributes identifies; a file is opened to read it, or to bring one. */
function classOf(code: number, usual: OperationClass, { attributes, fileMode }: Objects): OperationClass {
  if (code === FUNCTION.read && attributes) return "identify";
  if (code !== FUNCTION.open || fileMode === 0) return usual;
  return opensToRead(fileMode) ? "read" : "program";
}
