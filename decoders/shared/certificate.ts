/**
 * The names that a server's certificate is for: the first of the chain, as TLS 1.2 and earlier show it. X.509 RFC 5280; which
 * of its names count RFC 9525. The message is RFC 5246 section 7.4.2's.
 *
 *     length 3 · (length 3 · certificate)…
 *     certificate  SEQUENCE { body SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, key,
 *                                             [1] [2] ids, [3] extensions }, algorithm, signature }
 */
import { type Cursor, escapeBytes, Fault } from "../../src/decode/cursor.ts";
import { BER, context, enterElement, peekTag, skipElement } from "./ber.ts";

/** Of a certificate for more hosts than this the first ones are told. */
const MOST_NAMES = 16;
const LONGEST_NAME = 253;
const DNS_NAME = 0x82; // [2] of GeneralName, RFC 5280 section 4.2.1.6
/** Object identifiers as they are encoded: id-at-commonName 2.5.4.3, id-ce-subjectAltName 2.5.29.17. */
const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];

/**
 * The DNS names of the message whose body, or its beginning with the first certificate, is under the cursor, in lower case: those of subjectAltName, else a common name
 * that reads like one. What was read before a fault is kept.
 */
export function certificateNames(c: Cursor): string[] {
  const names: string[] = [];
  let common = "";
  try {
    c.part = "certificates";
    c.enter(Math.min(c.u24(), c.left), "certificates");
    c.enter(c.u24(), "certificate");
    enterElement(c, BER.sequence, "certificate");
    enterElement(c, BER.sequence, "certificate body");
    if (peekTag(c) === context(0)) skipElement(c);
    for (let i = 0; i < 4; i++) skipElement(c); // serial number, algorithm, issuer, validity
    common = commonName(c);
    skipElement(c); // public key
    while (c.left > 0 && peekTag(c) !== context(3)) skipElement(c);
    if (c.left > 0) altNames(c, names);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
  }
  return names.length === 0 && common !== "" ? [common] : names;
}

/** The subject's last common name, the most specific one, where it reads like a host's. */
function commonName(c: Cursor): string {
  let name = "";
  const subject = enterElement(c, BER.sequence, "subject");
  while (c.left > 0) {
    const set = enterElement(c, BER.set, "subject");
    const pair = enterElement(c, BER.sequence, "subject");
    if (isNext(c, COMMON_NAME)) name = textValue(c, peekTag(c)) || name;
    c.leave(pair);
    c.leave(set);
  }
  c.leave(subject);
  return name;
}

function altNames(c: Cursor, names: string[]): void {
  enterElement(c, context(3), "extensions");
  enterElement(c, BER.sequence, "extensions");
  while (c.left > 0) {
    const extension = enterElement(c, BER.sequence, "extension");
    if (isNext(c, SUBJECT_ALT_NAME)) {
      if (peekTag(c) === BER.boolean) skipElement(c); // critical
      enterElement(c, BER.octets, "subjectAltName");
      enterElement(c, BER.sequence, "subjectAltName");
      while (c.left > 0 && names.length < MOST_NAMES) {
        if (peekTag(c) !== DNS_NAME) skipElement(c);
        else {
          const name = textValue(c, DNS_NAME);
          if (name !== "" && !names.includes(name)) names.push(name);
        }
      }
      return;
    }
    c.leave(extension);
  }
}

/** Whether the element at the cursor is this object identifier; takes it. */
function isNext(c: Cursor, oid: readonly number[]): boolean {
  const outer = enterElement(c, BER.oid, "object identifier");
  const found = c.left === oid.length && oid.every((byte, i) => c.buf[c.pos + i] === byte);
  c.leave(outer);
  return found;
}

/** Text that reads like a DNS name, wildcards included; empty where it does not. */
function textValue(c: Cursor, tag: number): string {
  const outer = enterElement(c, tag, "name");
  const text = c.left > LONGEST_NAME ? "" : escapeBytes(c.buf, c.pos, c.pos + c.left).toLowerCase();
  c.leave(outer);
  return /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/.test(text) ? text : "";
}
