/**
 * MELSEC: MC protocol and SLMP read and write Mitsubishi's controllers and start and stop them; MELSOFT programs them.
 * Mitsubishi SH-080008 (frames 3E and 4E), SH-080956 (SLMP). MELSOFT is not public: what captures show of its frame.
 *
 *     3E  ┌────────┬─────────┬────┬────┬─────────┬────────┬───────┬─────────┬────────────┬──────┐   0x50 request, 0xd0 answer
 *         │ 0x50 0 │ network │ PC │ IO │ station │ length │ timer │ command │ subcommand │ data │   4E: 0x54, 0xd4, then a
 *         └───2────┴────1────┴─1──┴─2──┴────1────┴───2────┴───2───┴────2────┴─────2──────┴──────┘   serial 2 and 0 2
 *     answers have an end code in place of timer to subcommand; ASCII: the same in hexadecimal letters, high digits first
 *     MELSOFT  0x57 (0xd7), number, … 18, length 2, 24 more, answers: status 2, command 2, …   search: 0x5a (0xda) 0 0, what
 *
 * Binary numbers have their lowest byte first. Lengths with a known command prove a request on any port; the rest counts
 * on the ports, or behind one. A search counts on its ports only.
 *
 * Does not cover: frames 1E and 1C to 4C, values, what MELSOFT's commands mean: they are `unknown`.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { ANSWER_TO_ANY } from "../src/decode/facts.ts";
import { endOfCut } from "./shared/frames.ts";
import { MC_COMMANDS, MELSOFT_MODEL } from "./shared/melsec-codes.ts";
import { devicesAt, devicesInLetters, lettersAt } from "./shared/melsec-devices.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const SEARCH_PORTS = [5560, 5561, 5562];
const PORTS = [1280, 5000, 5001, 5002, 5006, 5007, 5008, 5010];

const ALL_PORTS: ReadonlySet<number> = new Set([...SEARCH_PORTS, ...PORTS]);
/** Subcommands say how devices are numbered, and whether others choose them. */
const LARGEST_SUBCOMMAND = 0xff;

/** A frame's shape: bytes before the length field's end, in bytes of binary or letters of ASCII. */
interface Frame {
  ascii: boolean;
  answer: boolean;
  /** 4E: a serial number stands behind the subheader. */
  serial: boolean;
}
const HEAD = { binary3: 9, binary4: 13, ascii3: 18, ascii4: 26 } as const;
const headOf = ({ ascii, serial }: Frame): number =>
  ascii ? (serial ? HEAD.ascii4 : HEAD.ascii3) : serial ? HEAD.binary4 : HEAD.binary3;

const MELSOFT = { request: 0x57, answer: 0xd7, length: 19, body: 21, mark: 0x1c, command: 45, least: 49 } as const;
const SEARCH = { request: 0x5a, answer: 0xda } as const;
/** Longest frames: MC's 960 words and a little, MELSOFT's files. */
const LONGEST = 8192;

export const melsec: Decoder = {
  id: "melsec",
  title: "MELSEC: MC protocol, SLMP and MELSOFT",
  specs: ["Mitsubishi SH-080008", "Mitsubishi SH-080956"],
  ports: { udp: [...SEARCH_PORTS, ...PORTS, 61_440, 61_441], tcp: [...SEARCH_PORTS, ...PORTS] },
  fields: [{ field: "melsec.end-code", about: "why a request was refused, in hexadecimal" }],
  forms: {
    datagram: [
      { first: [SEARCH.request, SEARCH.answer, 0x50, 0x54, 0xd0, 0xd4], bytes: [[1, 0xff, 0]] },
      {
        first: [0x35, 0x44],
        bytes: [
          [1, 0xfb, 0x30],
          [2, 0xff, 0x30],
          [3, 0xff, 0x30],
        ],
      },
      { first: [MELSOFT.request, MELSOFT.answer], least: MELSOFT.least, bytes: [[MELSOFT.body, 0x7f, MELSOFT.mark]] },
    ],
  },
  everyMessage: true,
  opens: {
    datagram: [0x35, 0x44, 0x50, 0x54, 0x57, 0x5a, 0xd0, 0xd4, 0xd7, 0xda],
    stream: [0x35, 0x44, 0x50, 0x54, 0x57, 0xd0, 0xd4, 0xd7],
  },

  looksDatagram(buf, off, len) {
    if (len < 4) return false;
    if (buf[off] === SEARCH.request || buf[off] === SEARCH.answer) return buf[off + 1] === 0 && buf[off + 2] === 0;
    return isMelsoft(buf[off]!) || frameAt(buf, off, len) !== null;
  },

  datagram(c, emit, at) {
    const first = c.buf[c.pos]!;
    if (first === SEARCH.request || first === SEARCH.answer) return search(c, emit, at);
    const whole = wholeAt(c);
    if (whole !== c.left + c.cutOff) return false;
    return message(c, whole, emit, at);
  },

  looksStream: (buf, off, len) => isMelsoft(buf[off]!) || frameAt(buf, off, len) !== null,

  stream(c, emit, at) {
    const whole = wholeAt(c);
    if (whole < 0) return STREAM_NO;
    if (whole === 0 || (c.left < whole && c.cutOff === 0)) return STREAM_MORE;
    if (c.left >= whole) return message(c, whole, emit, at) ? whole : STREAM_NO;
    return message(c, c.left, emit, at) ? endOfCut(c, whole, "MELSEC", emit) : STREAM_NO;
  },
};

const isMelsoft = (first: number): boolean => first === MELSOFT.request || first === MELSOFT.answer;

/** What a subheader begins, as far as the bytes go; null where it is none. */
function frameAt(buf: Uint8Array, off: number, len: number): Frame | null {
  const first = buf[off]!;
  const second = len > 1 ? buf[off + 1]! : null;
  if (first === 0x50 || first === 0x54 || first === 0xd0 || first === 0xd4)
    return second === null || second === 0
      ? { ascii: false, answer: (first & 0x80) !== 0, serial: (first & 4) !== 0 }
      : null;
  // In letters: 5000, 5400, D000, D400.
  if ((first !== 0x35 && first !== 0x44) || (second !== null && second !== 0x30 && second !== 0x34)) return null;
  if ((len > 2 && buf[off + 2] !== 0x30) || (len > 3 && buf[off + 3] !== 0x30)) return null;
  return { ascii: true, answer: first === 0x44, serial: second === 0x34 };
}

/** Bytes of the message at the cursor; 0 while that is not known, -1 where it is none. */
function wholeAt(c: Cursor): number {
  if (isMelsoft(c.buf[c.pos]!)) {
    if (c.left <= MELSOFT.body) return 0;
    const length = c.buf[c.pos + MELSOFT.length]! | (c.buf[c.pos + MELSOFT.length + 1]! << 8);
    const whole = MELSOFT.body + length;
    const marked = (c.buf[c.pos + MELSOFT.body]! & 0x7f) === MELSOFT.mark;
    return marked && whole >= MELSOFT.least && whole <= LONGEST ? whole : -1;
  }
  const frame = frameAt(c.buf, c.pos, c.left);
  if (frame === null) return -1;
  const head = headOf(frame);
  if (c.left < head) return 0;
  if (frame.serial && !zeros(c, frame)) return -1;
  const length = frame.ascii ? lettersAt(c, head - 4) : c.buf[c.pos + head - 2]! | (c.buf[c.pos + head - 1]! << 8);
  const least = (frame.answer ? 2 : 6) * (frame.ascii ? 2 : 1);
  return length >= least && length <= LONGEST ? head + length : -1;
}

/** 4E has zeros behind its serial number. */
function zeros(c: Cursor, { ascii }: Frame): boolean {
  const from = c.pos + (ascii ? 8 : 4);
  for (let i = from; i < from + (ascii ? 4 : 2); i++) if (c.buf[i] !== (ascii ? 0x30 : 0)) return false;
  return true;
}

function message(c: Cursor, whole: number, emit: Emit, at: Context): boolean {
  const from = c.pos;
  const known = isMelsoft(c.buf[from]!) ? melsoft(c, emit) : mc(c, whole, emit, isKnown(at));
  if (known) {
    c.pos = from;
    c.skip(whole);
  }
  return known;
}

/** Whether the port, or what was said before, makes a frame this protocol whose own bytes prove too little. */
const isKnown = (at: Context): boolean =>
  at.started || at.peerStarted || ALL_PORTS.has(at.senderPort) || ALL_PORTS.has(at.receiverPort);

function mc(c: Cursor, whole: number, emit: Emit, proved: boolean): boolean {
  const frame = frameAt(c.buf, c.pos, c.left)!;
  const head = headOf(frame);
  const width = frame.ascii ? 4 : 2;
  const number = (at: number): number =>
    frame.ascii ? lettersAt(c, at) : c.buf[c.pos + at]! | (c.buf[c.pos + at + 1]! << 8);
  const id = frame.serial ? String(number(width)) : null;
  const fields = frame.answer ? 1 : 3;
  if (c.left < head + fields * width) c.short(head + fields * width);
  if (frame.answer) {
    if (!proved) return false;
    const end = number(head);
    if (end < 0) return false;
    tellAnswer(end, id, emit);
    if (end === 0 && whole === head + (frame.ascii ? 4 + 20 : 2 + 18)) tellModel(c, head + width, emit);
    return true;
  }
  const command = number(head + width);
  const sub = number(head + 2 * width);
  if (command < 0 || sub < 0) return false;
  const meaning = MC_COMMANDS.get(command);
  if (!proved && (meaning === undefined || sub > LARGEST_SUBCOMMAND)) return false;
  c.part = "request";
  const data = head + 3 * width;
  const target = (frame.ascii ? devicesInLetters : devicesAt)(c, data, command, sub);
  tellRequest(command, meaning ?? unknownCode("Command", command, 4), target, id, emit);
  return true;
}

/** Frame 3E has no number: a client waits for the answer before it asks again, so there is but one open. */
const ONE_AT_A_TIME = "3E";

function tellRequest(command: number, meaning: Meaning, target: string | null, id: string | null, emit: Emit): void {
  const code = command.toString(16).padStart(4, "0");
  emit({ kind: "role", sender: "client", why: `MELSEC ${meaning[0]}` });
  emit({ kind: "message", what: "request", id: id ?? "" });
  tellOperation(emit, "melsec", "request", code, meaning, { target, id: id ?? ONE_AT_A_TIME });
}

function tellAnswer(end: number, id: string | null, emit: Emit): void {
  const failed = end !== 0;
  emit({ kind: "role", sender: "server", why: "MELSEC answer" });
  emit({ kind: "message", what: "response", id: id ?? "", ...(failed ? { failed } : {}) });
  const code = end.toString(16).padStart(4, "0");
  if (failed) emit({ kind: "field", field: "melsec.end-code", value: code });
  const why = failed ? { answer: `end code 0x${code}` } : {};
  const more = { id: id ?? ONE_AT_A_TIME, failed, ...why };
  tellOperation(emit, "melsec", "response", ANSWER_TO_ANY, ["Answer", "unknown"], more);
}

/** An answer does not say to what; a model's 16 letters, padded with blanks, and its number behind them are told from all others. */
function tellModel(c: Cursor, at: number, emit: Emit): void {
  if (c.left < at + 16) return;
  const text = escapeBytes(c.buf, c.pos + at, c.pos + at + 16);
  if (!/^(Q|L|R|FX|NZ)[A-Z0-9]*\d[A-Z0-9/-]* *$/.test(text)) return;
  emit({ kind: "asset", what: "product", value: text.trim(), source: "MELSEC CPU Model Read" });
}

function melsoft(c: Cursor, emit: Emit): boolean {
  const answer = c.buf[c.pos] === MELSOFT.answer;
  const from = c.pos;
  c.part = "MELSOFT";
  c.skip(MELSOFT.command);
  const failed = answer && c.u16le() !== 0;
  const command = c.u16();
  const id = `${command.toString(16).padStart(4, "0")}/${c.u16le()}`;
  const code = `melsoft:${command.toString(16).padStart(4, "0")}`;
  const meaning: Meaning =
    command === MELSOFT_MODEL ? ["MELSOFT CPU Model", "identify"] : unknownCode("MELSOFT Command", command, 4);
  emit({ kind: "role", sender: answer ? "server" : "client", why: `MELSOFT ${answer ? "answer" : "request"}` });
  emit({ kind: "message", what: answer ? "response" : "request", id, ...(failed ? { failed } : {}) });
  tellOperation(emit, "melsec", answer ? "response" : "request", code, meaning, { id, failed });
  if (answer && !failed && command === MELSOFT_MODEL) {
    c.skip(2);
    const value = c
      .text(16)
      .replace(/(\\x00)+$/, "")
      .trim();
    if (value !== "" && !value.includes("\\x"))
      emit({ kind: "asset", what: "product", value, source: "MELSOFT CPU Model" });
  }
  c.pos = from;
  return true;
}

/** Who is there: four bytes to everybody, and what answers them. */
function search(c: Cursor, emit: Emit, at: Context): boolean {
  const answer = c.buf[c.pos] === SEARCH.answer;
  if (!SEARCH_PORTS.includes(answer ? at.senderPort : at.receiverPort)) return false;
  if (answer ? c.left + c.cutOff < 8 : c.left + c.cutOff !== 4) return false;
  c.skip(3);
  const what = c.hex(1);
  emit({ kind: "role", sender: answer ? "server" : "client", why: "MELSOFT search" });
  emit({ kind: "message", what: answer ? "response" : "request", id: what });
  const id = `search/${what}`;
  tellOperation(emit, "melsec", answer ? "response" : "request", `search:${what}`, ["MELSOFT Search", "discover"], {
    id,
  });
  c.skip(c.left + c.cutOff);
  return true;
}
