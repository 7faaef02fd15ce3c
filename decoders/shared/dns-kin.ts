/**
 * mDNS, LLMNR and NetBIOS name service share DNS's wire form. What tells them apart away from their ports is in here, so
 * that each message has one reader; and how the first two read a whole message.
 */
import { type Cursor, Fault } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import type { DnsRecord } from "../../src/decode/facts.ts";
import { LIMITS } from "../../src/limits.ts";
import { isKnownClass } from "./dns-codes.ts";
import { readRecord } from "./dns-data.ts";
import {
  type DnsHeader,
  type Question,
  readQuestion,
  readRecordHead,
  SHORTEST_QUESTION,
  SHORTEST_RECORD,
} from "./dns-message.ts";

/** The top bit of a class: an answer is wanted directly; a record replaces what was known (RFC 6762 sections 5.4, 10.2). */
const MDNS_BIT = 0x8000;
/** A NetBIOS name on the wire: each half of a byte a letter from A to P (RFC 1001 section 14.1). */
const NETBIOS_NAME = /^[a-p]{32}(\.|$)/;

export type Kin = "mdns" | "llmnr" | "netbios-ns";

/** Whose a message is by its header and first name, where no port says; null: DNS's own, as far as that shows. */
export function kinOf(h: DnsHeader, name: string, type: number): Kin | null {
  if (NETBIOS_NAME.test(name) && (type === 32 || type === 33)) return "netbios-ns";
  // Who speaks multicast DNS asks for no recursion (RFC 6762 section 18.6); directory servers do have names in `.local`.
  if (isLocal(name) && !h.recursion) return "mdns";
  // RFC 4795 section 2.1.1 has neither recursion nor authority, and its hosts have names of one label. Where these two bits
  // stand it has others, which say that a name is not settled: of a question, where DNS has no authority.
  const unsettled = !h.response && h.authoritative;
  if (
    h.opcode === 0 &&
    !h.recursion &&
    (!h.authoritative || unsettled) &&
    h.zero &&
    name !== "." &&
    !name.includes(".")
  )
    return "llmnr";
  return null;
}

/** Names that are resolved by multicast alone (RFC 6762 sections 3 and 4). */
const isLocal = (name: string): boolean =>
  name.endsWith(".local") || name === "local" || name.endsWith(".254.169.in-addr.arpa");

export interface KinMessage {
  questions: Question[];
  answers: DnsRecord[];
  /** Records of the other two sections. */
  others: DnsRecord[];
  /** Why reading stopped early; what was read is whole. */
  fault: Fault | null;
  capped: boolean;
}

/** Whether the counts of a header can be met by what follows it. */
export function countsHold(h: DnsHeader, room: number): boolean {
  const records = h.answers + h.authorities + h.additional;
  return h.questions + records > 0 && h.questions * SHORTEST_QUESTION + records * SHORTEST_RECORD <= room;
}

/** Reads what stands behind the header; a fault stops it and is given back. */
export function readKin(c: Cursor, h: DnsHeader): KinMessage {
  const message: KinMessage = { questions: [], answers: [], others: [], fault: null, capped: false };
  try {
    for (let i = 0; i < h.questions; i++) {
      if (i >= LIMITS.dnsRecords) {
        message.capped = true;
        return message;
      }
      const question = readQuestion(c, `question ${i + 1}`);
      if (!isKnownClass(question.class & ~MDNS_BIT)) c.bad(`class ${question.class}`);
      message.questions.push(question);
    }
    readSections(c, h, message);
    if (c.left > 0) c.bad(`${c.left} bytes left over`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    message.fault = error;
  }
  return message;
}

function readSections(c: Cursor, h: DnsHeader, message: KinMessage): void {
  const sections = [
    { name: "answer", count: h.answers, records: message.answers },
    { name: "authority", count: h.authorities, records: message.others },
    { name: "additional", count: h.additional, records: message.others },
  ];
  for (const { name, count, records } of sections) {
    for (let i = 0; i < count; i++) {
      if (message.answers.length + message.others.length >= LIMITS.dnsRecords) {
        message.capped = true;
        c.skip(c.left);
        return;
      }
      const part = `${name} ${i + 1}`;
      const head = readRecordHead(c, part);
      records.push(readRecord(c, { ...head, class: head.class & ~MDNS_BIT }, part));
    }
  }
}

/** Says how reading ended, behind all other facts: what was left out, and the fault that stopped it. */
export function tellKinEnd(message: KinMessage, emit: Emit): true {
  if (message.capped) {
    const why = `more than ${LIMITS.dnsRecords} questions or records; the rest was not read`;
    emit({ kind: "problem", what: "unsupported", why });
  }
  if (message.fault !== null) throw message.fault;
  return true;
}
