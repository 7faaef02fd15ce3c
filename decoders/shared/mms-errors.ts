/** Why MMS servers refuse, in ISO 9506-2's own words: ServiceError, RejectPDU and DataAccessError. */
import type { Cursor } from "../../src/decode/cursor.ts";
import { context, enterElement, integerValue, peekTag, readLength, skipElement } from "./ber.ts";

/** ServiceError's errorClass, by tag; of the classes that say most, the codes. */
const ERROR_CLASSES: readonly string[] =
  "vmd-state application-reference definition resource service service-preempt time-resolution access initiate conclude cancel file others".split(
    " ",
  );
const CODES: Readonly<Record<string, readonly string[]>> = {
  definition:
    "other object-undefined invalid-address type-unsupported type-inconsistent object-exists object-attribute-inconsistent".split(
      " ",
    ),
  service:
    "other primitives-out-of-sequence object-state-conflict pdu-size continuation-invalid object-constraint".split(" "),
  access: "other object-access-unsupported object-non-existent object-access-denied object-invalidated".split(" "),
  file: "other filename-ambiguous file-busy filename-syntax-error content-type-invalid position-invalid file-access-denied file-non-existent duplicate-filename insufficient-space-in-filestore".split(
    " ",
  ),
};

/** RejectPDU's rejectReason, by tag: what was wrong with which PDU. */
const REJECTED: readonly string[] =
  "? confirmed-request confirmed-response confirmed-error unconfirmed pdu-error cancel-request cancel-response cancel-error conclude-request conclude-response conclude-error".split(
    " ",
  );

const ACCESS_ERRORS: readonly string[] =
  "object-invalidated hardware-fault temporarily-unavailable object-access-denied object-undefined invalid-address type-unsupported type-inconsistent object-attribute-inconsistent object-access-unsupported object-non-existent object-value-invalid".split(
    " ",
  );

const SIMPLE = 0x80;
const TAG_NUMBER = 0x1f;

/** `access/object-non-existent`; of a ServiceError that was entered. Null where its class does not come first. */
export function readServiceError(c: Cursor): string | null {
  if (peekTag(c) !== context(0)) return null;
  const outer = enterElement(c, context(0), "error class");
  const tag = c.u8() & TAG_NUMBER;
  const inner = c.enter(readLength(c), "error code");
  const code = integerValue(c);
  c.leave(inner);
  c.leave(outer);
  const class_ = ERROR_CLASSES[tag] ?? String(tag);
  return `${class_}/${CODES[class_]?.[code] ?? code}`;
}

/** The same of the next element, of this tag, among others of a PDU; null where there is none. */
export function findServiceError(c: Cursor, tag: number): string | null {
  while (c.left > 0 && peekTag(c) !== tag) skipElement(c);
  if (c.left === 0) return null;
  enterElement(c, tag, "service error");
  return readServiceError(c);
}

/** `confirmed-request/1`; null where no reason follows. */
export function readReject(c: Cursor): string | null {
  if (c.left === 0) return null;
  const tag = c.u8();
  const outer = c.enter(readLength(c), "reject reason");
  const code = integerValue(c);
  c.leave(outer);
  return (tag & ~TAG_NUMBER) === SIMPLE ? `${REJECTED[tag & TAG_NUMBER] ?? tag & TAG_NUMBER}/${code}` : null;
}

/** DataAccessError, of a result of tag [0] that the cursor stands at. */
export function readAccessError(c: Cursor): string {
  const outer = enterElement(c, SIMPLE, "access error");
  const code = integerValue(c);
  c.leave(outer);
  return ACCESS_ERRORS[code] ?? String(code);
}
