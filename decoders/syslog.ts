/**
 * Syslog: a host sends its log to another.
 * RFC 5424, the older form RFC 3164; over UDP RFC 5426, over TCP RFC 6587.
 *
 *     <PRI>1 TIMESTAMP HOST APP PROCID MSGID [structured data] text        RFC 5424
 *     <PRI>Mmm dd hh:mm:ss HOST TAG: text                                  RFC 3164
 *     TCP, octets counted:   LENGTH <PRI>…                    TCP, by line:   <PRI>… LF, of some programs <PRI>… NUL
 *
 * PRI is facility × 8 + severity, 0 to 191. Priority and a time in one of the two forms, or what only logs begin with, prove
 * it on any port; on port 514 a priority and text are enough. The first message tells what a flow is; the others only count.
 *
 * Does not cover: what the messages say, and syslog in TLS.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";

const UDP_PORT = 514;
const TCP_PORTS = [514, 601];
const FACILITIES = (
  "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock " +
  "local0 local1 local2 local3 local4 local5 local6 local7"
).split(" ");
const SEVERITIES = "emergency alert critical error warning notice informational debug".split(" ");

const PRIORITY = /^<(0|[1-9]\d{0,2})>/;
const NEW = /^1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (\S+) (\S+) \S+ \S+ /;
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
/**
 * The time as RFC 3164 has it, a year perhaps behind or before its day, or as newer programs write it. Cisco's devices put
 * numbers, their name or just a colon before it.
 */
const OLD = new RegExp(
  String.raw`^(?:[\w.-]*: ?){0,3}[*.]?(?:(?:\d{4} )?${MONTH} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d\S*|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*) `,
);
/** What nothing but a log begins with, in devices that leave the time out: Cisco's mnemonics, CEF, LEEF, Fortinet's fields. */
const MARKED =
  /^(?:[\w.-]*: ?){0,3}(?:%[A-Z]\w*-(?:\w+-)*[0-7]-\w+: ?|CEF:\d\||LEEF:\d\.\d\||date=\d{4}-\d\d-\d\d time=)/;
const HOST = /^([A-Za-z0-9._:-]+) /;
/** Bytes in which everything that is told stands. */
const HEAD_BYTES = 512;
const MOST_DIGITS = 5;

export const syslog: Decoder = {
  id: "syslog",
  title: "Syslog",
  specs: ["RFC 5424", "RFC 3164", "RFC 5426", "RFC 6587"],
  ports: { udp: [UDP_PORT], tcp: TCP_PORTS },
  fields: [
    { field: "syslog.format", about: "rfc5424 or rfc3164" },
    { field: "syslog.framing", about: "over TCP: octet-counted, newline, or nul where messages end by a zero byte" },
    { field: "syslog.facility", about: "of the flow's first message: kern, daemon, local7 …" },
    { field: "syslog.severity", about: "of the flow's first message: emergency to debug" },
    { field: "syslog.host", about: "whose log it is, by the message's own words" },
    { field: "syslog.app", about: "of RFC 5424: the program that logged" },
  ],
  opens: { datagram: [0x3c], stream: [0x3c, [0x31, 0x39]] },
  everyMessage: false,

  looksDatagram(buf, off, len) {
    return len >= 5 && buf[off] === LESS && isDigit(buf[off + 1]!);
  },

  datagram(c, emit, at) {
    const said = read(c, c.left, at.senderPort === UDP_PORT || at.receiverPort === UDP_PORT);
    if (said === null) return false;
    tell(said, "", emit);
    if (c.cutOff > 0 && c.left < HEAD_BYTES) c.short(c.left + c.cutOff);
    return true;
  },

  looksStream(buf, off, len) {
    return buf[off] === LESS ? len < 2 || isDigit(buf[off + 1]!) : isDigit(buf[off]!) && buf[off] !== ZERO;
  },

  stream(c, emit, at) {
    return c.buf[c.pos] === LESS ? byLine(c, emit, at) : byCount(c, emit, at);
  },
};

const LESS = 0x3c;
const ZERO = 0x30;
const SPACE = 0x20;
const LF = 10;
const NUL = 0;
const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39;
const onPort = (at: Context): boolean => TCP_PORTS.includes(at.senderPort) || TCP_PORTS.includes(at.receiverPort);

function byLine(c: Cursor, emit: Emit, at: Context): number {
  let end = c.pos;
  while (end < c.end && c.buf[end] !== LF && c.buf[end] !== NUL) end++;
  if (end === c.end && c.left < HEAD_BYTES) return STREAM_MORE;
  const said = read(c, end - c.pos, onPort(at));
  if (said === null) return STREAM_NO;
  tell(said, c.buf[end] === NUL && end < c.end ? "nul" : "newline", emit);
  return STREAM_DONE;
}

function byCount(c: Cursor, emit: Emit, at: Context): number {
  let length = 0;
  for (let i = 0; ; i++) {
    const byte = c.u8();
    if (byte === SPACE) break;
    if (i >= MOST_DIGITS || !isDigit(byte)) return STREAM_NO;
    length = length * 10 + byte - ZERO;
  }
  if (c.left > 0 && c.buf[c.pos] !== LESS) return STREAM_NO;
  if (c.left < Math.min(length, HEAD_BYTES)) return STREAM_MORE;
  const said = read(c, Math.min(length, c.left), onPort(at));
  if (said === null) return STREAM_NO;
  tell(said, "octet-counted", emit);
  return STREAM_DONE;
}

interface Said {
  format: "rfc5424" | "rfc3164";
  priority: number;
  /** Empty where none was said, or the message ends within it. */
  host: string;
  app: string;
}

/** The head of one message of so many bytes at the cursor. Null where it is none. */
function read(c: Cursor, length: number, trusted: boolean): Said | null {
  let end = c.pos + Math.min(length, HEAD_BYTES);
  while (end > c.pos && (c.buf[end - 1] === NUL || c.buf[end - 1] === LF)) end--;
  const text = escapeBytes(c.buf, c.pos, end);
  const found = PRIORITY.exec(text);
  const priority = Number(found?.[1] ?? 192);
  if (found === null || priority > 191) return null;
  const rest = text.slice(found[0].length);
  const modern = NEW.exec(rest);
  if (modern !== null) {
    const [, , host, app] = modern;
    return { format: "rfc5424", priority, host: host === "-" ? "" : host!, app: app === "-" ? "" : app! };
  }
  if (/^1(?: |$)/.test(rest)) return null; // its head is not whole
  const old = OLD.exec(rest);
  if (old !== null) {
    return { format: "rfc3164", priority, host: HOST.exec(rest.slice(old[0].length))?.[1] ?? "", app: "" };
  }
  if (MARKED.test(rest)) return { format: "rfc3164", priority, host: "", app: "" };
  // Many devices leave out time and host. Other protocols of `<…>` (XML) have no number there.
  if (!trusted || rest.length < 2 || /\\x/.test(rest.slice(0, 16))) return null;
  return { format: "rfc3164", priority, host: "", app: "" };
}

function tell(said: Said, framing: string, emit: Emit): void {
  const field = (name: string, value: string): void => {
    if (value !== "") emit({ kind: "field", field: `syslog.${name}`, value });
  };
  emit({ kind: "role", sender: "client", why: "syslog message" });
  field("format", said.format);
  field("framing", framing);
  field("facility", FACILITIES[said.priority >> 3]!);
  field("severity", SEVERITIES[said.priority & 7]!);
  field("host", said.host.endsWith(":") ? "" : said.host); // without a host its place is the tag's
  field("app", said.app);
  emit({ kind: "message", what: "oneway", id: "" });
}
