/**
 * IEC 60870-5-104: control centres and the stations of grids and pipelines: what is reported, asked for, and commanded.
 * IEC 60870-5-104, types and causes of 60870-5-101.
 *
 *     ┌────┬────────┬───────────┬──────┬───────────┬───────┬────────────┬─────────┬─────────┬─────────┬──
 *     │ 68 │ length │ control 4 │ type │ SQ, count │ cause │ originator │ station │ object  │ element │ …
 *     └────┴────────┴───────────┴──────┴───────────┴───1───┴─────1──────┴────2────┴────3────┴─────────┴──
 *     control: I frames (bit 0 off) carry the rest; S frames acknowledge; U frames start, stop and test
 *
 * A U frame proves it on any port, and an I frame whose type, cause and count agree with its length; a type that is not
 * known, or an S frame, counts on the port or behind others. An activation is a request, and its confirmation the answer;
 * whatever else a station sends is told as an answer without a question. Test frames say nothing and are not told.
 *
 * An interrogation of counters that freezes or resets them is `control`, however much it looks like a question. Of a file
 * it depends on the way: to the station it is a download, from it a read.
 *
 * Does not cover: values, time tags, addresses of other lengths than 104 has, security after IEC 62351.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_NO } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import { type Framing, looksFramed, readFrame } from "./shared/frames.ts";
import { type AsduType, CAUSE, hasSelect, isCause, selectAt, TYPE, TYPES, UFRAMES } from "./shared/iec104-codes.ts";
import { joinTargets, MOST_TARGETS, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 2404;
const ID = "iec104";
const START = 0x68;
const APCI = 6;
const LEAST_LENGTH = 4;
const MOST_LENGTH = 253;
const ASDU_HEAD = 6;
const OBJECT_ADDRESS = 3;
const SEQUENCE = 0x80;
const NEGATIVE = 0x40;
const SELECT = 0x80;
/** Qualifier of a counter interrogation: what to do with the counters beside reading them. */
const FREEZE = 0xc0;
const DELETE_FILE = 4; // select and call qualifier

const FRAMING: Framing = { protocol: ID, ports: [PORT], name: "IEC 104", size, tell };

export const iec104: Decoder = {
  id: ID,
  title: "IEC 60870-5-104",
  specs: ["IEC 60870-5-104", "IEC 60870-5-101"],
  ports: { tcp: [PORT] },
  fields: [{ field: "iec104.cause", about: "why a station refused: unknown type, cause, station or object" }],
  opens: { stream: [0x68] },
  everyMessage: true,

  looksStream: (buf, off, len) => looksFramed(FRAMING, buf, off, len),

  stream(c, emit, at) {
    if (!at.started && !at.peerStarted && !isHinted(at) && !proves(c)) return STREAM_NO;
    return readFrame(FRAMING, c, emit, at);
  },
};

const isHinted = (at: Context): boolean => at.senderPort === PORT || at.receiverPort === PORT;

/** Start, length, and a control field of one of the three kinds. */
function size(buf: Uint8Array, off: number, len: number): number {
  if (len < 1) return -1;
  if (buf[off] !== START) return 0;
  if (len < 2) return -1;
  const length = buf[off + 1]!;
  if (length < LEAST_LENGTH || length > MOST_LENGTH) return 0;
  if (len < APCI) return -1;
  const control = buf[off + 2]!;
  const receive = buf[off + 4]!;
  if ((control & 1) === 0) return length > LEAST_LENGTH + ASDU_HEAD && (receive & 1) === 0 ? length + 2 : 0;
  if (length !== LEAST_LENGTH) return 0;
  if (control === 1) return buf[off + 3] === 0 && (receive & 1) === 0 ? APCI : 0;
  return UFRAMES.has(control) && buf[off + 3] === 0 && receive === 0 && buf[off + 5] === 0 ? APCI : 0;
}

/** Away from its port one frame has to prove it, or what stands behind an S frame; what is not there yet may. */
function proves(c: Cursor): boolean {
  const control = c.left >= 3 ? c.buf[c.pos + 2]! : 0;
  if (c.left < APCI || (control & 3) === 3) return true;
  if (control === 1) return false;
  if (c.left < APCI + ASDU_HEAD) return true;
  const type = TYPES.get(c.buf[c.pos + APCI]!);
  const count = c.buf[c.pos + APCI + 1]!;
  return (
    type !== undefined &&
    isCause(c.buf[c.pos + APCI + 2]! & 0x3f) &&
    fits(type, count, c.buf[c.pos + 1]! - LEAST_LENGTH - ASDU_HEAD)
  );
}

/** Whether so many objects of the type fill so many bytes: each with its address, or (SQ) one address for all. */
function fits({ size: element }: AsduType, count: number, bytes: number): boolean {
  const objects = count & 0x7f;
  if (objects === 0) return false;
  if (element < 0) return bytes > OBJECT_ADDRESS;
  const expected = (count & SEQUENCE) !== 0 ? OBJECT_ADDRESS + objects * element : objects * (OBJECT_ADDRESS + element);
  return bytes === expected;
}

function tell(c: Cursor, emit: Emit, at: Context, cut: boolean): boolean {
  c.skip(2);
  const control = c.u8();
  c.skip(3);
  if ((control & 1) === 0) tellAsdu(c, emit, at, cut);
  else if (control !== 1) tellUFrame(control, emit, at);
  return true;
}

/** Only the controlling station starts and stops; both test, and that says nothing. */
function tellUFrame(control: number, emit: Emit, at: Context): void {
  const name = UFRAMES.get(control)!;
  if (!name.startsWith("ST")) return;
  const act = name.endsWith("act");
  at.state = (at.state ?? 0) | (act ? SIDE.centre : SIDE.station);
  tellRole(act, name, emit, at);
  const code = `u:${name.split(" ")[0]!.toLowerCase()}`;
  tellOperation(emit, ID, act ? "request" : "response", code, [name, "session"], { id: code });
  if (!act) emit({ kind: "up" });
}

/** Once is enough; tests that come before say nothing of it. */
function tellRole(centre: boolean, what: string, emit: Emit, at: Context): void {
  if (((at.state ?? 0) & ROLE_TOLD) !== 0) return;
  at.state = (at.state ?? 0) | ROLE_TOLD;
  emit({ kind: "role", sender: centre ? "client" : "server", why: `IEC 104 ${what}` });
}

function tellAsdu(c: Cursor, emit: Emit, at: Context, cut: boolean): void {
  c.part = "ASDU";
  const code = c.u8();
  const count = c.u8();
  const causes = c.u8();
  c.skip(1);
  const station = c.u16le();
  const cause = causes & 0x3f;
  const type = TYPES.get(code);
  const request = asks(code, cause, at);
  tellRole(request, `type ${code}, cause ${cause}`, emit, at);
  const refused = cause >= CAUSE.unknownType && cause <= CAUSE.unknownObject;
  if (refused) emit({ kind: "field", field: "iec104.cause", value: REFUSALS[cause - CAUSE.unknownType]! });
  const failed = !request && ((causes & NEGATIVE) !== 0 || refused);
  const objects: number[] = [];
  let name = type?.name ?? unknownCode("type", code)[0];
  let class_: OperationClass = type?.class ?? "unknown";
  try {
    if (type === undefined) return;
    class_ = cut && !ruledByRest(code) ? plainClass(type, request) : "unknown"; // until the rest says what the type does not
    if (cut && c.left < OBJECT_ADDRESS) c.short(OBJECT_ADDRESS);
    if (!cut && !fits(type, count, c.left)) c.bad(`${count & 0x7f} objects of type ${code} in ${c.left} bytes`);
    const first = c.pos + OBJECT_ADDRESS;
    readObjects(c, type, count, objects);
    class_ = classOf(code, type, c.buf, first, request);
    if (hasSelect(code) && (c.buf[first + selectAt(code)]! & SELECT) !== 0) name += " select";
    if (cause === CAUSE.deactivation) name += " cancel";
  } finally {
    // What all stations are asked, each answers for itself.
    const id = isAnswered(cause) && station !== ALL_STATIONS ? `${code}/${station}/${objects[0] ?? ""}` : null;
    const target = joinTargets(objects.map(String), (count & 0x7f) > objects.length);
    const where = `station ${station}${target === null || target === "0" ? "" : ` object ${target}`}`;
    tellOperation(emit, ID, request ? "request" : "response", code, [name, class_], {
      target: request ? where : null,
      id,
      failed,
      ...(failed ? { answer: refused ? REFUSALS[cause - CAUSE.unknownType]! : "not confirmed" } : {}),
    });
  }
}

const ALL_STATIONS = 0xffff;
const REFUSALS = ["unknown type", "unknown cause", "unknown station", "unknown object"];

/**
 * Commands ask by their cause. Files go both ways, and a command of a cause that no command has is one for whoever takes it:
 * there what the direction said before tells, or else the port.
 */
function asks(code: number, cause: number, at: Context): boolean {
  const said = sideOf(code, cause);
  if (said !== 0) at.state = (at.state ?? 0) | said;
  const side = said !== 0 ? said : (at.state ?? 0) & (SIDE.centre | SIDE.station);
  if (side !== 0) return side === SIDE.centre;
  return at.senderPort !== PORT || at.receiverPort === PORT;
}
/** In a direction's state: who sends, where a message said it. */
const SIDE = { centre: 2, station: 4 } as const;
/** In a direction's state: whose it is was said. */
const ROLE_TOLD = 8;

/** Causes by which a station confirms, ends or refuses a command, or sends a parameter that it was asked for. */
const ANSWERING: readonly number[] = [7, 9, 10, 20, 44, 45, 46, 47];

/** Who sends such a message; 0 where both may. */
function sideOf(code: number, cause: number): number {
  if (code <= TYPE.lastMonitored || code === TYPE.endOfInitialisation || code === TYPE.directory) return SIDE.station;
  if (cause === CAUSE.activation || cause === CAUSE.deactivation || cause === CAUSE.request) return SIDE.centre;
  return ANSWERING.includes(cause) ? SIDE.station : 0;
}

/** Only these pair: what is terminated later was confirmed before. */
const isAnswered = (cause: number): boolean =>
  (cause >= CAUSE.activation && cause <= CAUSE.deactivationConfirmed) ||
  (cause >= CAUSE.unknownType && cause <= CAUSE.unknownObject);

function readObjects(c: Cursor, type: AsduType, count: number, objects: number[]): void {
  const sequence = (count & SEQUENCE) !== 0;
  for (let i = 0; i < Math.min(count & 0x7f, MOST_TARGETS); i++) {
    if (i === 0 || !sequence) objects.push(c.u16le() + c.u8() * 0x1_0000);
    else objects.push(objects[0]! + i);
    if (type.size >= 0) c.skip(type.size);
  }
}

/** What the qualifier makes of it. `first`: where the first element stands. */
function classOf(code: number, type: AsduType, buf: Uint8Array, first: number, request: boolean): OperationClass {
  if (code === TYPE.counterInterrogation && (buf[first]! & FREEZE) !== 0) return "control";
  if (code === TYPE.fileCall && (buf[first + 3]! & 0x0f) === DELETE_FILE) return "write";
  return plainClass(type, request);
}

const plainClass = (type: AsduType, request: boolean): OperationClass =>
  type.class === "program" && !request ? "read" : type.class;

/** What it does is said by its first element. */
const ruledByRest = (code: number): boolean => code === TYPE.counterInterrogation || code === TYPE.fileCall;
