/**
 * DNS over UDP and TCP: who asked for which name, and what came back.
 * RFC 1035, 2181; EDNS RFC 6891; UPDATE RFC 2136; NOTIFY RFC 1996; HTTPS and SVCB RFC 9460; over TCP RFC 7766.
 *
 *     TCP only  ┌────────┐
 *               │ length │
 *     ┌─────────┴────────┴──────────────────────────────────────┐
 *     │ id  flags  counts: questions answers authority additional│ 12 bytes
 *     ├──────────────────────────────────────────────────────────┤
 *     │ question: name, type, class                              │ ×
 *     ├──────────────────────────────────────────────────────────┤
 *     │ record: name, type, class, TTL, length, data             │ × in three sections
 *     └──────────────────────────────────────────────────────────┘
 *
 * On port 53 a message that begins as DNS is DNS, and what is wrong with it is a problem; on any other port all of it
 * has to be right. mDNS, LLMNR and NetBIOS name service look alike and are other applications, told by their ports, and
 * away from all of them by their names (shared/dns-kin.ts).
 *
 * Does not cover: signatures and their chains (records are named, not checked), transfers beyond their first message's
 * question, sessions of RFC 8490, DNS inside TLS or HTTPS.
 */
import { type Cursor, Fault } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import type { DnsRecord } from "../src/decode/facts.ts";
import { LIMITS } from "../src/limits.ts";
import { isKnownClass, isKnownType, opcodeName, rcodeName, TYPE, typeName } from "./shared/dns-codes.ts";
import { readRecord } from "./shared/dns-data.ts";
import { kinOf } from "./shared/dns-kin.ts";
import {
  type DnsHeader,
  HEADER_LENGTH,
  type Question,
  readHeader,
  readQuestion,
  readRecordHead,
  SHORTEST_QUESTION,
  SHORTEST_RECORD,
} from "./shared/dns-message.ts";
import { field, message as messageFact, role } from "./shared/known-facts.ts";

const PORT = 53;
const KIN = [5353, 5355, 137]; // mDNS, LLMNR, NetBIOS name service
const OPCODE = { query: 0, notify: 4, update: 5 } as const;
/** Answers, not failures: no error, no such name, and the prerequisites of an update that did not hold. */
const ANSWERING_RCODES = [0, 3, 6, 7, 8];

/** Bytes of a connection's first message, at most: what is longer is no DNS, or begins amid a connection. */
const LONGEST_FIRST = 0x3fff;

export const dns: Decoder = {
  id: "dns",
  title: "Domain Name System",
  specs: ["RFC 1035", "RFC 2136", "RFC 6891", "RFC 7766", "RFC 9460"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [
    { field: "dns.opcode", about: "what the message asks for, where it is no plain query: NOTIFY, UPDATE, STATUS …" },
  ],
  // Whole zones go in messages of 16 KiB and less; a query, which comes first, is far shorter.
  opens: { stream: [[0, LONGEST_FIRST >> 8]] },
  forms: {
    stream: [
      {
        first: [[0, LONGEST_FIRST >> 8]],
        bytes: [[6, 0xff, 0]],
      },
    ],
    datagram: [{ first: [[0, 255]], least: HEADER_LENGTH, bytes: [[4, 0xff, 0]] }],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    return len >= HEADER_LENGTH && buf[off + 4] === 0;
  },

  datagram(c, emit, at) {
    if (isKin(at)) return false;
    return message(c, emit, !onPort(at) && !at.peerStarted);
  },

  looksStream(buf, off, len) {
    if (buf[off]! > LONGEST_FIRST >> 8) return false;
    if (len >= 2 && ((buf[off]! << 8) | buf[off + 1]!) < HEADER_LENGTH) return false;
    if (len < 7) return len < 6 || flagsHold(buf[off + 4]!, buf[off + 5]!);
    return buf[off + 6] === 0 && flagsHold(buf[off + 4]!, buf[off + 5]!); // never 256 questions
  },

  stream(c, emit, at) {
    if (isKin(at)) return STREAM_NO;
    const trusted = at.started || at.peerStarted || onPort(at);
    const length = c.u16();
    if (length < HEADER_LENGTH) return at.started ? c.bad(`a message of ${length} bytes`) : STREAM_NO;
    if (c.left < HEADER_LENGTH && c.cutOff === 0) return STREAM_MORE;
    if (c.left < length) {
      const begun = c.pos;
      if (!flagsHold(c.buf[begun + 2]!, c.buf[begun + 3]!)) return STREAM_NO; // nothing is waited for that no message is
      if (!headerHolds(readHeader(c), length - HEADER_LENGTH, !trusted)) return STREAM_NO;
      if (c.cutOff === 0) return STREAM_MORE; // costs less than a fault
      c.pos = begun;
    }
    const outer = c.enter(length, "message");
    const start = c.start;
    c.start = c.pos; // pointers count from the message's own first byte
    const ours = message(c, emit, !trusted);
    c.start = start;
    c.leave(outer);
    if (!ours) return at.started ? c.bad("what follows is no DNS message") : STREAM_NO;
    return c.at;
  },
};

/** Whether two bytes can be a header's flags: an opcode that exists, and no response code in a question. */
const flagsHold = (high: number, low: number): boolean =>
  ((high >> 3) & 0x0f) <= 6 && (high >= 0x80 || (low & 0x0f) === 0);

const onPort = (at: Context): boolean => at.senderPort === PORT || at.receiverPort === PORT;
const isKin = (at: Context): boolean => !onPort(at) && (KIN.includes(at.senderPort) || KIN.includes(at.receiverPort));

/** Whether counts and flags can belong to a message with `room` bytes behind its header. */
function headerHolds(h: DnsHeader, room: number, strict: boolean): boolean {
  const records = h.answers + h.authorities + h.additional;
  const least = h.questions * SHORTEST_QUESTION + records * SHORTEST_RECORD;
  if (h.questions === 0 && records === 0) return !strict && h.response && h.rcode !== 0 && room === 0;
  if (!strict) return true;
  if (least > room && !h.truncated) return false;
  if (!h.zero || h.questions !== 1) return false;
  if (h.opcode === OPCODE.update) return true;
  if (h.opcode !== OPCODE.query && h.opcode !== OPCODE.notify) return false;
  return h.response || (h.rcode === 0 && h.authorities <= 1 && h.additional <= 3 && h.answers <= 1);
}

/** One message between `c.start` and `c.end`. False, or a fault with nothing emitted, where it is none. */
function message(c: Cursor, emit: Emit, strict: boolean): boolean {
  const h = readHeader(c);
  if (!headerHolds(h, c.left + c.cutOff, strict)) return false;
  const questions: Question[] = [];
  const records: DnsRecord[] = [];
  let fault: Fault | null = null;
  let rest: Rest = { rcode: h.rcode, read: 0, capped: false };
  try {
    for (let i = 0; i < h.questions; i++) {
      const question = readQuestion(c, `question ${i + 1}`);
      if (!isKnownClass(question.class & 0x7fff)) c.bad(`class ${question.class}`);
      if (strict && !isKnownType(question.type)) c.bad(`type ${question.type}`);
      if (strict && kinOf(h, question.name, question.type) !== null) return false;
      questions.push(question);
    }
    rest = sections(c, h, records);
    if (strict && c.left > 0) c.bad(`${c.left} bytes left over`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Off its port a message has to be right as far as the capture shows it; on its port it has to begin with a question.
    const mendable = strict ? error.what === "short" && c.cutOff > 0 : true;
    if (!mendable || questions.length === 0) throw error;
    fault = error;
  }
  tell(emit, h, questions, records, rest, h.truncated || fault !== null || rest.capped);
  if (rest.capped) {
    emit({
      kind: "problem",
      what: "unsupported",
      why: `more than ${LIMITS.dnsRecords} records; the rest was not read`,
    });
  }
  // A message that says itself that it was cut may end within a record (RFC 2181 section 9).
  if (fault !== null && !(h.truncated && fault.what === "short")) throw fault;
  // Every record has its length, so nothing belongs behind the last one; what stands there may be anything. (Home routers fill
  // their refusals up to 512 bytes with zeros.)
  if (fault === null && !rest.capped && !onlyZeros(c)) c.bad(`${c.left} bytes behind the last record`);
  return true;
}

function onlyZeros(c: Cursor): boolean {
  for (let i = c.pos; i < c.end; i++) if (c.buf[i] !== 0) return false;
  return true;
}

interface Rest {
  /** Header and EDNS together. */
  rcode: number;
  read: number;
  capped: boolean;
}

/** Reads the three sections of records; those of the answer go to `records`, of the others only EDNS matters. */
function sections(c: Cursor, h: DnsHeader, records: DnsRecord[]): Rest {
  const counts = [h.answers, h.authorities, h.additional];
  const names =
    h.opcode === OPCODE.update ? ["prerequisite", "update", "additional"] : ["answer", "authority", "additional"];
  const rest: Rest = { rcode: h.rcode, read: 0, capped: false };
  for (let s = 0; s < 3; s++) {
    for (let i = 0; i < counts[s]!; i++) {
      if (++rest.read > LIMITS.dnsRecords) return { ...rest, capped: true };
      const part = `${names[s]} ${i + 1}`;
      const head = readRecordHead(c, part);
      if (s === 0 && h.opcode !== OPCODE.update) {
        records.push(readRecord(c, head, part));
      } else {
        c.skip(head.length);
        // EDNS keeps eight more bits of the rcode where a TTL would be (RFC 6891 section 6.1.3).
        if (s === 2 && head.type === TYPE.OPT) rest.rcode |= (head.ttl >>> 24) << 4;
      }
    }
  }
  return rest;
}

function tell(
  emit: Emit,
  h: DnsHeader,
  questions: Question[],
  records: DnsRecord[],
  rest: Rest,
  partial: boolean,
): void {
  emit(h.response ? role("server", "DNS QR 1") : role("client", "DNS QR 0"));
  if (h.opcode !== OPCODE.query) emit(field("dns.opcode", opcodeName(h.opcode)));
  if (!h.response) {
    if (h.opcode === OPCODE.query) {
      for (const q of questions) emit({ kind: "query", id: h.id, name: q.name, type: typeName(q.type) });
    }
    emit(messageFact("request", h.id));
    return;
  }
  const rcode = rcodeName(rest.rcode);
  if (h.opcode === OPCODE.query) {
    for (const q of questions) {
      emit({ kind: "answer", id: h.id, name: q.name, type: typeName(q.type), rcode, partial, records });
    }
  }
  if (ANSWERING_RCODES.includes(rest.rcode)) emit(messageFact("response", h.id));
  else emit({ kind: "message", what: "response", id: String(h.id), failed: true });
}
