/**
 * What stands between COTP and MMS: ISO session (X.225), presentation (X.226) and association control (X.227).
 *
 *     session 01 00 01 00 (give tokens, data) │ presentation [APPLICATION 1] { { context id, [0] MMS PDU } }
 *     session 0d, 0e (connect, accept) parameters │ c1 user data: presentation 31 { … [APPLICATION 0, 1] association
 *             { … [30] { EXTERNAL { context id, [0] MMS initiate } } }
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import { BER, context, peekTag, readLength, skipElement } from "./ber.ts";
import { PDU } from "./mms-codes.ts";

const SPDU = {
  connect: 0x0d,
  accept: 0x0e,
  data: 0x01,
  finish: 0x09,
  disconnect: 0x0a,
  refuse: 0x0c,
  abort: 0x19,
} as const;
const [USER_DATA, EXTENDED_USER_DATA] = [0xc1, 0xc2];
const FULLY_ENCODED = 0x61;
const ACSE = { request: 0x60, response: 0x61, releaseRequest: 0x62, releaseResponse: 0x63, abort: 0x64 } as const;
const USER_INFORMATION = context(30);
const EXTERNAL = 0x28;

/** Two parts of a data transfer, each without parameters, then user data. Allocates nothing. */
export function looksLikeSession(buf: Uint8Array, off: number, len: number): boolean {
  const first = buf[off]!;
  if (first === SPDU.connect || first === SPDU.accept) return len < 2 || buf[off + 1]! >= 8;
  if (first !== SPDU.data) return isPdu(first);
  for (let i = 1; i < 4 && i < len; i++) if (buf[off + i] !== [1, 0, 1, 0][i]) return false;
  return len < 5 || buf[off + 4] === FULLY_ENCODED;
}

/** Some servers and testers leave the layers out, and speak MMS on COTP itself. */
const isPdu = (tag: number): boolean => PDU_TAGS.includes(tag);
const PDU_TAGS: readonly number[] = Object.values(PDU);

export type Layers =
  /** The cursor stands at an MMS PDU. */
  | "mms"
  /** Something of these layers alone: a release, an abort, a refusal. */
  | "around"
  /** Another user of these layers, or none of them. */
  | "other";

/** Walks to the MMS PDU, or to what there is in its place. */
export function toMms(c: Cursor): Layers {
  c.part = "session";
  if (isPdu(peekTag(c))) return "mms";
  const kind = c.u8();
  if (kind === SPDU.data) {
    c.skip(3);
    return intoPresentation(c);
  }
  if (kind !== SPDU.connect && kind !== SPDU.accept) {
    return kind === SPDU.finish || kind === SPDU.disconnect || kind === SPDU.abort || kind === SPDU.refuse
      ? "around"
      : "other";
  }
  c.enter(sessionLength(c), "session");
  while (c.left > 0) {
    const code = c.u8();
    const length = sessionLength(c);
    if (code !== USER_DATA && code !== EXTENDED_USER_DATA) {
      c.skip(length);
      continue;
    }
    c.enter(length, "session user data");
    return intoConnect(c);
  }
  return "other";
}

/** One byte, or ff and two. */
function sessionLength(c: Cursor): number {
  const first = c.u8();
  return first === 0xff ? c.u16() : first;
}

/** CP and CPA types: a SET whose last element holds the user data. */
function intoConnect(c: Cursor): Layers {
  if (!enter(c, BER.set, "presentation")) return "other";
  if (!find(c, context(2)) || !enter(c, context(2), "presentation")) return "other";
  return find(c, FULLY_ENCODED) ? intoPresentation(c) : "other";
}

function intoPresentation(c: Cursor): Layers {
  if (!enter(c, FULLY_ENCODED, "presentation data") || !enter(c, BER.sequence, "presentation data")) return "other";
  if (!find(c, context(0)) || !enter(c, context(0), "presentation data")) return "other";
  return intoAssociation(c);
}

function intoAssociation(c: Cursor): Layers {
  const tag = peekTag(c);
  if (tag !== ACSE.request && tag !== ACSE.response) {
    return tag === ACSE.releaseRequest || tag === ACSE.releaseResponse || tag === ACSE.abort ? "around" : "mms";
  }
  enter(c, tag, "association");
  if (!find(c, USER_INFORMATION) || !enter(c, USER_INFORMATION, "association")) return "around";
  if (!enter(c, EXTERNAL, "user information") || !find(c, context(0))) return "other";
  return enter(c, context(0), "user information") ? "mms" : "other";
}

/** Narrows to an element; nothing is left again, the PDU is what the message ends with. */
function enter(c: Cursor, tag: number, part: string): boolean {
  if (peekTag(c) !== tag) return false;
  c.skip(1);
  c.enter(readLength(c), part);
  return true;
}

/** Passes over elements up to one of the tag; false where there is none. */
function find(c: Cursor, tag: number): boolean {
  while (c.left > 0 && peekTag(c) !== tag) skipElement(c);
  return c.left > 0;
}
