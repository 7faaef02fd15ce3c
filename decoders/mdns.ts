/**
 * Multicast DNS: who looks for which names and services on the link, and who announces what.
 * RFC 6762; service discovery RFC 6763. The wire form is DNS's (shared/dns-message.ts).
 *
 *     query to 224.0.0.251 or ff02::fb, from port 5353, id 0   any number of questions, known answers beside them
 *     query from another port (legacy, one-shot)               one question; the answer repeats it with its id
 *     response                                                 no question: the records themselves
 *     class: its top bit asks for a direct answer, or says that the record replaces what was known
 *
 * On port 5353 a message that begins with a whole question or record is mDNS; elsewhere all of it has to be right and its
 * first name has to be one of `.local`. Answers come by another way than the questions went (to the group, or from the
 * host's own address), so messages of port 5353 expect no answer in their own flow, and a question of one may read as
 * unanswered among the look-ups.
 *
 * Does not cover: which answer belongs to which multicast question, conflicts (the records of a probe
 * are read and not said), the truth of TXT records.
 */
import type { Context, Decoder, Emit } from "../src/decode/decoder.ts";
import type { DnsRecord } from "../src/decode/facts.ts";
import { rcodeName, typeName } from "./shared/dns-codes.ts";
import { countsHold, type KinMessage, kinOf, readKin, tellKinEnd } from "./shared/dns-kin.ts";
import { type DnsHeader, HEADER_LENGTH, readHeader } from "./shared/dns-message.ts";

const PORT = 5353;

export const mdns: Decoder = {
  id: "mdns",
  title: "Multicast DNS",
  specs: ["RFC 6762", "RFC 6763"],
  ports: { udp: [PORT] },
  fields: [
    { field: "mdns.answer", about: "a record that a response without a question gives: name, type, data" },
    { field: "mdns.probe", about: "a name that the sender wants to take, and asks whether anybody has it" },
    { field: "mdns.known-answer", about: "a record that the asker has already: name, type, data" },
  ],
  forms: {
    datagram: [
      {
        first: [[0, 255]],
        least: HEADER_LENGTH,
        bytes: [
          [2, 0x78, 0],
          [3, 0x4f, 0],
          [4, 0xff, 0],
          [6, 0xff, 0],
        ],
      },
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    // QUERY, and neither a response code nor the bits that mDNS leaves zero but DNS programs set (RD, RA, AD, CD).
    return len >= HEADER_LENGTH && (buf[off + 2]! & 0x78) === 0 && (buf[off + 3]! & 0x4f) === 0;
  },

  datagram(c, emit, at) {
    const strict = at.senderPort !== PORT && at.receiverPort !== PORT;
    const h = readHeader(c);
    if (h.opcode !== 0 || !countsHold(h, c.left + c.cutOff)) return false;
    const message = readKin(c, h);
    const { fault, questions, answers, others } = message;
    const first = questions[0]?.name ?? answers[0]?.name ?? others[0]?.name;
    if (first === undefined) return false;
    if (strict && ((fault !== null && !(fault.what === "short" && c.cutOff > 0)) || kinOf(h, first, 0) !== "mdns")) {
      return false;
    }
    tell(h, message, emit, at);
    return tellKinEnd(message, emit);
  },
};

function tell(h: DnsHeader, message: KinMessage, emit: Emit, at: Context): void {
  const { questions, answers } = message;
  const legacy = h.response ? at.receiverPort !== PORT && questions.length > 0 : at.senderPort !== PORT;
  emit({ kind: "role", sender: h.response ? "server" : "client", why: `mDNS QR ${h.response ? 1 : 0}` });
  const partial = h.truncated || message.fault !== null || message.capped;
  if (!h.response) {
    for (const { name, type } of questions) {
      // A probe brings the records that it would take (RFC 6762 section 8.1): no look-up, the sender means itself.
      if (h.authorities > 0) emit({ kind: "field", field: "mdns.probe", value: name });
      else emit({ kind: "query", id: h.id, name, type: typeName(type) });
    }
    for (const record of answers) tellRecord("mdns.known-answer", record, emit);
  } else if (legacy) {
    for (const { name, type } of questions) {
      const rcode = rcodeName(h.rcode);
      emit({ kind: "answer", id: h.id, name, type: typeName(type), rcode, partial, records: answers });
    }
  } else {
    for (const record of answers) tellRecord("mdns.answer", record, emit);
  }
  const what = !legacy ? "oneway" : h.response ? "response" : "request";
  emit({ kind: "message", what, id: String(h.id) });
  // Who asks from a port of its own is answered there (RFC 6762 section 6.7).
  if (what === "request")
    emit({ kind: "expect-flow", app: "mdns", transport: "udp", address: null, port: null, id: String(h.id) });
}

const tellRecord = (field: string, { name, type, data }: DnsRecord, emit: Emit): void =>
  emit({ kind: "field", field, value: `${name} ${type} ${data}` });
