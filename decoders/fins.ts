/**
 * FINS: reads and writes Omron's controllers, starts, stops and loads them. Omron W227 (commands), W421 (over TCP and UDP).
 *
 *     ┌─────┬───┬──────────┬────────────────┬────────────────┬─────┬─────────┬──────────────────┬──────┐  TCP: before it
 *     │ ICF │ 0 │ gateways │ to net, node,  │ from net, node,│ SID │ command │ answers: end code│ data │  "FINS", length 4,
 *     │     │   │          │ unit           │ unit           │     │         │                  │      │  command 4, error 4
 *     └──1──┴─1─┴────1─────┴───────3────────┴───────3────────┴──1──┴────2────┴────────2─────────┴──────┘
 *
 * Over TCP the letters prove it on any port. Over UDP the header is weak: it counts with a known command, on its port or
 * behind others. Operations: code is the command as a decimal number, over TCP `tcp:N` for what opens a connection.
 *
 * Does not cover: values, FINS on serial lines, what CIP carries of it.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { AREAS, CONTROLLER_DATA, CYCLE_TIME, FINS_COMMANDS } from "./shared/fins-codes.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 9600;
const HEADER_LENGTH = 10;
const MAGIC = [0x46, 0x49, 0x4e, 0x53]; // FINS
const TCP_HEADER_LENGTH = 16;
const LONGEST = 8192;
const TCP_COMMANDS: ReadonlyMap<number, readonly [meaning: Meaning, answer: boolean]> = new Map([
  [0, [["Node Address Request", "session"] as Meaning, false]],
  [1, [["Node Address", "session"] as Meaning, true]],
  [3, [["Error", "session"] as Meaning, true]],
  [6, [["Connection Confirm", "session"] as Meaning, false]],
]);
const SEND = 2;
/** ICF: bridged, an answer, none is wanted. */
const ICF = { bridged: 0x80, answer: 0x40, reserved: 0x3e } as const;

export const fins: Decoder = {
  id: "fins",
  title: "Factory Interface Network Service",
  specs: ["Omron W227", "Omron W421"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [{ field: "fins.end-code", about: "why a command was refused, in hexadecimal" }],
  everyMessage: true,
  opens: { datagram: [0x80, 0x81, 0xc0, 0xc1], stream: [0x46] },

  looksDatagram(buf, off, len) {
    if (len < HEADER_LENGTH + 2 || (buf[off]! & ICF.reserved) !== 0 || (buf[off]! & ICF.bridged) === 0) return false;
    return buf[off + 1] === 0 && buf[off + 2]! <= 7 && FINS_COMMANDS.has((buf[off + 10]! << 8) | buf[off + 11]!);
  },

  datagram(c, emit, at) {
    if (!isKnown(at)) return false;
    return command(c, emit);
  },

  looksStream(buf, off, len) {
    for (let i = 0; i < 4 && i < len; i++) if (buf[off + i] !== MAGIC[i]) return false;
    return true;
  },

  stream(c, emit) {
    if (!fins.looksStream!(c.buf, c.pos, c.left)) return STREAM_NO;
    c.skip(4);
    const length = c.u32();
    if (length < 8 || length > LONGEST) return STREAM_NO;
    if (c.left < length && c.cutOff === 0) return STREAM_MORE;
    const what = c.u32();
    const failed = c.u32() !== 0;
    const opens = TCP_COMMANDS.get(what);
    const size = TCP_HEADER_LENGTH - 8 + length;
    const end = c.start + size;
    if (what === SEND) {
      if (c.left < length - 8) command(c, emit);
      else {
        const outer = c.enter(length - 8, "command");
        if (!command(c, emit)) c.bad("no FINS command");
        c.leave(outer);
      }
    } else {
      const [meaning, answer] = opens ?? [unknownCode("TCP Command", what), false];
      emit({ kind: "role", sender: answer ? "server" : "client", why: `FINS ${meaning[0]}` });
      tellOperation(emit, "fins", answer ? "response" : "request", `tcp:${what}`, meaning, { failed });
    }
    if (end > c.pos) c.skip(end - c.pos);
    return size;
  },
};

const isKnown = (at: Context): boolean => at.peerStarted || at.senderPort === PORT || at.receiverPort === PORT;

/** From the header on. False where there is none. */
function command(c: Cursor, emit: Emit): boolean {
  c.part = "header";
  if (c.left < HEADER_LENGTH + 2) return false;
  const icf = c.u8();
  c.skip(2);
  const to = c.hex(3);
  const from = c.hex(3);
  const sid = c.u8();
  const code = c.u16();
  const answer = (icf & ICF.answer) !== 0;
  if (answer && c.left + c.cutOff < 2) return false;
  const known = FINS_COMMANDS.get(code) ?? unknownCode("Command", code, 4);
  // The same two nodes, whichever way.
  const id = `${answer ? from : to}/${answer ? to : from}/${sid}`;
  emit({ kind: "role", sender: answer ? "server" : "client", why: `FINS ${known[0]}` });
  const wanted = answer || (icf & 1) === 0;
  if (!answer) {
    emit({ kind: "message", what: wanted ? "request" : "oneway", id });
    const target = targetOf(c, code);
    tellOperation(emit, "fins", "request", code, asked(c, code, known), { target, id: wanted ? id : null });
  } else {
    c.part = "answer";
    // Bits of the end code say that a relay failed, or that the controller has an error; the rest is the command's fate.
    const end = c.u16() & 0x7f3f;
    const failed = end !== 0;
    emit({ kind: "message", what: "response", id, ...(failed ? { failed } : {}) });
    const endCode = end.toString(16).padStart(4, "0");
    const why = failed ? { answer: `end code 0x${endCode}` } : {};
    tellOperation(emit, "fins", "response", code, known, { id, failed, ...why });
    if (failed) emit({ kind: "field", field: "fins.end-code", value: endCode });
    else if (code === CONTROLLER_DATA) tellController(c, emit);
  }
  c.skip(c.left + c.cutOff);
  return true;
}

/** Reading cycle times has a form that sets them back. */
function asked(c: Cursor, code: number, known: Meaning): Meaning {
  if (code !== CYCLE_TIME) return known;
  c.need(1);
  return c.buf[c.pos] === 1 ? known : ["Cycle Time Initialize", "write"];
}

/** Memory commands: area 1, word 2, bit 1, count 2. */
function targetOf(c: Cursor, code: number): string | null {
  if (code < 0x0101 || code > 0x0103) return null;
  c.part = "area";
  const area = c.u8();
  const word = c.u16();
  const bit = c.u8();
  const count = c.u16();
  const name = AREAS.get(area) ?? `area 0x${area.toString(16)} `;
  return `${name}${word}${name.endsWith("bit ") ? `.${bit}` : ""}×${count}`;
}

/** Model and version, in 20 letters each. */
function tellController(c: Cursor, emit: Emit): void {
  c.part = "controller data";
  const trimmed = (text: string): string => text.replace(/(\\x00)+/g, " ").trim();
  const model = trimmed(c.text(20));
  const version = trimmed(c.text(20));
  const source = "FINS Controller Data";
  if (model !== "") emit({ kind: "asset", what: "product", value: model, source });
  if (version !== "") emit({ kind: "asset", what: "version", value: version, source });
}
