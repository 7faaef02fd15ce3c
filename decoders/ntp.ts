/**
 * NTP: who asks whom for the time, how good the answer claims to be, and the times that tell the clocks' offset.
 * Versions 1 to 4: RFC 1059, 1119, 1305, 5905; SNTP RFC 4330; extension fields RFC 7822; control messages RFC 9327.
 *
 *     ┌──┬───┬────┬─────────┬──────┬───────────┐
 *     │LI│ VN│Mode│ stratum │ poll │ precision │ 0
 *     ├──┴───┴────┴─────────┴──────┴───────────┤
 *     │ root delay    16.16 s                  │ 4
 *     │ root dispersion 16.16 s                │ 8
 *     │ reference id                           │ 12
 *     │ reference · origin · receive · transmit│ 16, 24, 32, 40: seconds since 1900 and a fraction, 32 bits each
 *     │ extension fields, MAC                  │ 48
 *     └────────────────────────────────────────┘
 *     modes: 1, 2 symmetric · 3 client · 4 server · 5 broadcast · 6 control · 7 private
 *
 * On port 123 version, mode and length decide; elsewhere every value has to be plausible, the server's times against the
 * time of capture. The reply to a request carries its transmit time as origin: that is what the two pair by.
 *
 * Does not cover: the mode 0 of version 1, autokey and NTS (extension fields are skipped), what control and private
 * messages ask for.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";

const PORT = 123;
const TIME_LENGTH = 48;
const CONTROL_HEADER = 12;
const PRIVATE_HEADER = 8;
const HIGHEST_STRATUM = 16;
const MODES = [
  "reserved",
  "symmetric active",
  "symmetric passive",
  "client",
  "server",
  "broadcast",
  "control",
  "private",
];
const LEAPS = ["none", "last minute has 61 s", "last minute has 59 s", "unsynchronized"];
/** A key id alone (crypto-NAK), then with MD5 or AES-CMAC, SHA-1, SHA-256 and SHA-512. */
const MAC_LENGTHS = [4, 20, 24, 36, 68];
const KISSES = [
  "ACST",
  "AUTH",
  "AUTO",
  "BCST",
  "CRYP",
  "DENY",
  "DROP",
  "RSTR",
  "INIT",
  "MCST",
  "NKEY",
  "NTSN",
  "RATE",
  "RMOT",
  "STEP",
];

const IMPLEMENTATIONS = [0, 2, 3]; // universal, xntpd old and new

/** Of versions 1 to 4 and any leap indicator. */
const firstBytes = (...modes: number[]): number[] =>
  Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
    const version = (byte >> 3) & 7;
    return version >= 1 && version <= 4 && modes.includes(byte & 7);
  });

export const ntp: Decoder = {
  id: "ntp",
  title: "Network Time Protocol",
  specs: ["RFC 5905", "RFC 1305", "RFC 4330", "RFC 7822", "RFC 9327"],
  ports: { udp: [PORT] },
  fields: [
    { field: "ntp.mode", about: "1, 2 symmetric, 3 client, 4 server, 5 broadcast, 6 control, 7 private" },
    { field: "ntp.mode-name", about: "the mode in words" },
    { field: "ntp.version", about: "1 to 4" },
    { field: "ntp.leap", about: "the leap indicator in words, where it is set" },
    { field: "ntp.stratum", about: "hops from a reference clock: 1 to 15; 16 unsynchronized, 0 unspecified" },
    {
      field: "ntp.reference",
      about: "what the server is synchronized to: a clock's name, or an address (of IPv6 a hash)",
    },
    { field: "ntp.receive", about: "when the server got the request, by its clock: seconds since 1970, nine decimals" },
    { field: "ntp.transmit", about: "when the sender sent this, by its clock: seconds since 1970, nine decimals" },
  ],
  forms: {
    datagram: [
      { first: firstBytes(1, 2, 3, 4, 5), least: TIME_LENGTH, bytes: [[1, 0xff, 0, HIGHEST_STRATUM]] },
      {
        first: firstBytes(6).filter((byte) => byte < 0x40),
        least: CONTROL_HEADER,
        fits: { at: 10, more: CONTROL_HEADER },
      },
      { first: firstBytes(7), least: PRIVATE_HEADER, bytes: [[2, 0xff, 0, Math.max(...IMPLEMENTATIONS)]] },
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    const mode = buf[off]! & 7;
    const version = (buf[off]! >> 3) & 7;
    if (version < 1 || version > 4 || mode === 0) return false;
    return len >= (mode < 6 ? TIME_LENGTH : mode === 6 ? CONTROL_HEADER : PRIVATE_HEADER);
  },

  datagram(c, emit, at) {
    const strict = at.senderPort !== PORT && at.receiverPort !== PORT;
    const mode = c.u8() & 7;
    c.pos = c.start;
    if (mode === 6) return control(c, emit, strict);
    if (mode === 7) return privateMessage(c, emit, strict);
    return mode === 0 ? false : time(c, emit, at, strict);
  },
};

/** Seconds since 1900 and a fraction of 2^-32 s; both zero where the sender doesn't know. */
interface Stamp {
  sec: number;
  fraction: number;
}

interface TimeMessage {
  leap: number;
  version: number;
  mode: number;
  stratum: number;
  poll: number;
  precision: number;
  /** Seconds, whole part. */
  rootDelay: number;
  rootDispersion: number;
  reference: number;
  origin: Stamp;
  receive: Stamp;
  transmit: Stamp;
}

function time(c: Cursor, emit: Emit, at: Context, strict: boolean): boolean {
  c.part = "header";
  const first = c.u8();
  const m: TimeMessage = {
    leap: first >> 6,
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: c.u8(),
    poll: c.i8(),
    precision: c.i8(),
    rootDelay: c.u32() >>> 16,
    rootDispersion: c.u32() >>> 16,
    reference: c.u32(),
    origin: { sec: 0, fraction: 0 },
    receive: { sec: 0, fraction: 0 },
    transmit: { sec: 0, fraction: 0 },
  };
  c.skip(8); // when the sender's clock was last set: nothing that we use
  m.origin = readStamp(c);
  m.receive = readStamp(c);
  m.transmit = readStamp(c);
  const tail = tailHolds(c);
  if (strict && !(tail && isPlausible(m, at))) return false;
  tell(m, emit, at);
  if (!tail) c.bad(`${c.left} bytes that are neither extension field nor MAC`);
  if (m.stratum > HIGHEST_STRATUM)
    emit({ kind: "problem", what: "malformed", why: `NTP stratum ${m.stratum} is reserved` });
  return true;
}

function readStamp(c: Cursor): Stamp {
  return { sec: c.u32(), fraction: c.u32() };
}
const isZero = (stamp: Stamp): boolean => stamp.sec === 0 && stamp.fraction === 0;
const stampHex = (stamp: Stamp): string =>
  stamp.sec.toString(16).padStart(8, "0") + stamp.fraction.toString(16).padStart(8, "0");

/** Extension fields (type 2, length 2, multiples of four from 16 bytes) and then a MAC, each of which may be missing. */
function tailHolds(c: Cursor): boolean {
  c.part = "extension field";
  while (c.left > 0) {
    if (c.cutOff === 0 && MAC_LENGTHS.includes(c.left)) return true;
    if (c.left < 4) return c.cutOff > 0;
    const length = (c.buf[c.pos + 2]! << 8) | c.buf[c.pos + 3]!;
    if (length < 16 || length % 4 !== 0) return c.cutOff > 0;
    if (length > c.left) return c.cutOff > 0;
    c.skip(length);
  }
  return true;
}

const UNIX_EPOCH = 2_208_988_800; // 1970 in seconds since 1900
const ERA = 2 ** 32; // seconds; the next one begins in 2036 (RFC 5905 section 6)

/** Seconds since 1970, in the era that is nearest to the time of capture. */
function unixSeconds(stamp: Stamp, near: number): number {
  const sec = stamp.sec - UNIX_EPOCH;
  return sec + Math.round((near - sec) / ERA) * ERA;
}

/** `SEC.NNNNNNNNN`. */
function stampText(stamp: Stamp, near: number): string {
  const nsec = Math.floor((stamp.fraction / ERA) * 1e9);
  return `${unixSeconds(stamp, near)}.${String(nsec).padStart(9, "0")}`;
}

const YEAR = 366 * 86_400;
const LONGEST_ROOT = 16; // seconds of delay or dispersion: beyond it a server counts as unsynchronized (RFC 5905 MAXDIST)

/** Off its port: the values of a real clock. Many clients leave all zero but the transmit time, or put a random one. */
function isPlausible(m: TimeMessage, at: Context): boolean {
  if (m.stratum > HIGHEST_STRATUM) return false;
  if (m.precision > 0 || m.precision < -40 || m.poll < -7 || m.poll > 17) return false;
  if (m.rootDelay > LONGEST_ROOT || m.rootDispersion > LONGEST_ROOT) return false;
  if (isZero(m.transmit)) return false;
  const near = (stamp: Stamp): boolean => Math.abs(unixSeconds(stamp, at.sec) - at.sec) < YEAR;
  if (m.mode === 3) return isZero(m.origin) || near(m.origin);
  if (m.stratum === 0 && !isKiss(m)) return false;
  if (!near(m.transmit)) return false;
  if (m.mode !== 4) return isZero(m.receive) || near(m.receive);
  return near(m.receive) && Math.abs(m.transmit.sec - m.receive.sec) <= LONGEST_ROOT;
}

const isKiss = (m: TimeMessage): boolean => m.stratum === 0 && KISSES.includes(asciiOf(m.reference));

/** Four bytes as text, zeros at the end left out; empty where they are no upper-case ASCII. */
function asciiOf(word: number): string {
  const text = String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
  return /^[ -~]+\0*$/.test(text) ? text.replace(/\0+$/, "") : "";
}

function referenceText(m: TimeMessage): string {
  if (m.reference === 0) return "";
  const w = m.reference;
  return (m.stratum < 2 && asciiOf(w)) || `${w >>> 24}.${(w >>> 16) & 255}.${(w >>> 8) & 255}.${w & 255}`;
}

function tell(m: TimeMessage, emit: Emit, at: Context): void {
  if (m.mode === 3) emit({ kind: "role", sender: "client", why: "NTP mode 3" });
  else if (m.mode > 3) emit({ kind: "role", sender: "server", why: `NTP mode ${m.mode}` });
  tellMode(m.mode, m.version, emit);
  if (m.leap !== 0) emit({ kind: "field", field: "ntp.leap", value: LEAPS[m.leap]! });
  if (m.mode !== 3) {
    emit({ kind: "field", field: "ntp.stratum", value: m.stratum });
    const reference = referenceText(m);
    if (reference !== "") emit({ kind: "field", field: "ntp.reference", value: reference });
  }
  if (m.mode === 4 && !isZero(m.receive)) {
    emit({ kind: "field", field: "ntp.receive", value: stampText(m.receive, at.sec) });
  }
  if (!isZero(m.transmit)) emit({ kind: "field", field: "ntp.transmit", value: stampText(m.transmit, at.sec) });
  tellExchange(m, emit);
}

function tellExchange(m: TimeMessage, emit: Emit): void {
  if (m.mode === 5) {
    emit({ kind: "message", what: "oneway", id: stampHex(m.transmit) });
    return;
  }
  // Symmetric peers answer the other's last message by the very one that asks anew.
  const answers = m.mode === 4 || (m.mode < 3 && !isZero(m.origin));
  const kissed = m.mode === 4 && isKiss(m);
  if (kissed) emit({ kind: "fault", what: "ntp-kiss", code: 0, text: asciiOf(m.reference) });
  if (answers) emit({ kind: "message", what: "response", id: stampHex(m.origin), ...(kissed ? { failed: true } : {}) });
  if (m.mode < 4) emit({ kind: "message", what: "request", id: stampHex(m.transmit) });
}

function tellMode(mode: number, version: number, emit: Emit): void {
  emit({ kind: "field", field: "ntp.mode", value: mode });
  emit({ kind: "field", field: "ntp.mode-name", value: MODES[mode]! });
  emit({ kind: "field", field: "ntp.version", value: version });
}

/**
 * Mode 6 (RFC 9327 section 2): flags 1, response, error and more bits with the opcode 1, sequence 2, status 2,
 * association 2, offset 2, count 2, then data padded to four, then perhaps a MAC.
 */
function control(c: Cursor, emit: Emit, strict: boolean): boolean {
  c.part = "control header";
  const first = c.u8();
  const flags = c.u8();
  const sequence = c.u16();
  const status = c.u16();
  c.skip(2);
  const offset = c.u16();
  const count = c.u16();
  const response = (flags & 0x80) !== 0;
  const opcode = flags & 0x1f;
  const rest = c.left + c.cutOff - ((count + 3) & ~3);
  if (c.left + c.cutOff < count || first >> 6 !== 0) return false;
  if (opcode > 12 && opcode !== 31) return false;
  if (!response && (flags & 0x60) !== 0) return false;
  if (strict) {
    // Old DTLS begins alike (0x16): a real request counts its sequence up and its data are text.
    if (rest > 0 || opcode === 0 || sequence === 0 || offset > 0x4000) return false;
    if (!response && (status !== 0 || offset !== 0)) return false;
    if (opcode > 1 && !isText(c, Math.min(count, c.left))) return false;
  }
  tellManagement(emit, (first >> 3) & 7, 6, response, `control ${sequence}`, (flags & 0x40) !== 0);
  return true;
}

function isText(c: Cursor, count: number): boolean {
  for (let i = c.pos; i < c.pos + count; i++) if (c.buf[i]! < 0x09 || c.buf[i]! > 0x7e) return false;
  return true;
}

const NO_ERROR = 0;

/**
 * Mode 7 (ntpd's ntp_request.h; RFC 1305 leaves it to the implementation): response and more bits with version and mode
 * 1, authenticated bit and sequence 1, implementation 1, request code 1, error and item count 4 + 12 bits, item size 16.
 */
function privateMessage(c: Cursor, emit: Emit, strict: boolean): boolean {
  c.part = "private header";
  const first = c.u8();
  const sequence = c.u8() & 0x7f;
  const implementation = c.u8();
  const request = c.u8();
  const counts = c.u16();
  const size = c.u16() & 0x0fff;
  const items = (counts & 0x0fff) * size;
  const response = (first & 0x80) !== 0;
  if (!IMPLEMENTATIONS.includes(implementation) || items > c.left + c.cutOff) return false;
  if (strict && (response ? items !== c.left + c.cutOff : counts !== 0 || size !== 0 || !restIsZero(c))) return false;
  const failed = response && counts >> 12 !== NO_ERROR;
  tellManagement(emit, (first >> 3) & 7, 7, response, `private ${request} ${sequence}`, failed);
  return true;
}

function restIsZero(c: Cursor): boolean {
  for (let i = c.pos; i < c.end; i++) if (c.buf[i] !== 0) return false;
  return true;
}

function tellManagement(
  emit: Emit,
  version: number,
  mode: 6 | 7,
  response: boolean,
  id: string,
  failed: boolean,
): void {
  const what = `NTP mode ${mode} ${response ? "response" : "request"}`;
  emit({ kind: "role", sender: response ? "server" : "client", why: what });
  tellMode(mode, version, emit);
  emit({ kind: "message", what: response ? "response" : "request", id, ...(failed ? { failed: true } : {}) });
}
