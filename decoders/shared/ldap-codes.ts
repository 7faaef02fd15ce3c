/** LDAP's numbers: operations by their tags (RFC 4511 section 4.2 to 4.14) and result codes (section 4.1.9 and appendix A). */
import type { OperationClass } from "../../src/decode/facts.ts";

export interface LdapOperation {
  name: string;
  sender: "client" | "server";
  /** `request` and `response` pair by the message's id; `part` is one of many before the response; `oneway` has no answer. */
  what: "request" | "response" | "part" | "oneway";
  class: OperationClass;
}

const op = (
  name: string,
  sender: LdapOperation["sender"],
  what: LdapOperation["what"],
  kind: OperationClass,
): LdapOperation => ({ name, sender, what, class: kind });

/** By the whole tag: application class, constructed where it holds elements. */
export const LDAP_OPERATIONS: ReadonlyMap<number, LdapOperation> = new Map([
  [0x60, op("bind", "client", "request", "session")],
  [0x61, op("bind", "server", "response", "session")],
  [0x42, op("unbind", "client", "oneway", "session")],
  [0x63, op("search", "client", "request", "read")],
  [0x64, op("search entry", "server", "part", "read")],
  [0x65, op("search", "server", "response", "read")],
  [0x66, op("modify", "client", "request", "write")],
  [0x67, op("modify", "server", "response", "write")],
  [0x68, op("add", "client", "request", "write")],
  [0x69, op("add", "server", "response", "write")],
  [0x4a, op("delete", "client", "request", "write")],
  [0x6b, op("delete", "server", "response", "write")],
  [0x6c, op("modify DN", "client", "request", "write")],
  [0x6d, op("modify DN", "server", "response", "write")],
  [0x6e, op("compare", "client", "request", "read")],
  [0x6f, op("compare", "server", "response", "read")],
  [0x50, op("abandon", "client", "oneway", "session")],
  [0x73, op("search reference", "server", "part", "read")],
  [0x77, op("extended", "client", "request", "unknown")],
  [0x78, op("extended", "server", "response", "unknown")],
  [0x79, op("intermediate", "server", "part", "unknown")],
]);

/** Extended operations whose meaning is known. */
export const LDAP_EXTENDED: Readonly<Record<string, { name: string; class: OperationClass }>> = {
  "1.3.6.1.4.1.1466.20037": { name: "StartTLS", class: "session" },
  "1.3.6.1.4.1.1466.20036": { name: "notice of disconnection", class: "session" },
  "1.3.6.1.4.1.4203.1.11.1": { name: "modify password", class: "write" },
  "1.3.6.1.4.1.4203.1.11.3": { name: "who am I", class: "session" },
  "1.3.6.1.1.8": { name: "cancel", class: "session" },
  "1.3.6.1.4.1.1466.101.119.1": { name: "refresh", class: "write" },
};

const RESULTS: Readonly<Record<number, string>> = {
  0: "success",
  1: "operationsError",
  2: "protocolError",
  3: "timeLimitExceeded",
  4: "sizeLimitExceeded",
  5: "compareFalse",
  6: "compareTrue",
  7: "authMethodNotSupported",
  8: "strongerAuthRequired",
  10: "referral",
  11: "adminLimitExceeded",
  12: "unavailableCriticalExtension",
  13: "confidentialityRequired",
  14: "saslBindInProgress",
  16: "noSuchAttribute",
  17: "undefinedAttributeType",
  18: "inappropriateMatching",
  19: "constraintViolation",
  20: "attributeOrValueExists",
  21: "invalidAttributeSyntax",
  32: "noSuchObject",
  33: "aliasProblem",
  34: "invalidDNSyntax",
  36: "aliasDereferencingProblem",
  48: "inappropriateAuthentication",
  49: "invalidCredentials",
  50: "insufficientAccessRights",
  51: "busy",
  52: "unavailable",
  53: "unwillingToPerform",
  54: "loopDetect",
  64: "namingViolation",
  65: "objectClassViolation",
  66: "notAllowedOnNonLeaf",
  67: "notAllowedOnRDN",
  68: "entryAlreadyExists",
  69: "objectClassModsProhibited",
  71: "affectsMultipleDSAs",
  80: "other",
};
export const ldapResult = (code: number): string => RESULTS[code] ?? `result ${code}`;

/** Results that are no failure: said and done, true or false, go on, ask elsewhere. */
export const LDAP_FINE: readonly number[] = [0, 5, 6, 10, 14];
