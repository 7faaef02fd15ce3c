/** Names of DHCP's message types: RFC 2132, 3203, 4388, 6926, 7724; of DHCPv6: RFC 8415, 5007, 5460; status codes of RFC 8415. */

/** How a message takes part in an exchange. */
export type DhcpWhat = "request" | "response" | "oneway";

const TYPES: readonly (readonly [string, DhcpWhat])[] = [
  ["DISCOVER", "request"],
  ["OFFER", "response"],
  ["REQUEST", "request"],
  ["DECLINE", "oneway"],
  ["ACK", "response"],
  ["NAK", "response"],
  ["RELEASE", "oneway"],
  ["INFORM", "request"],
  ["FORCERENEW", "oneway"],
  ["LEASEQUERY", "request"],
  ["LEASEUNASSIGNED", "response"],
  ["LEASEUNKNOWN", "response"],
  ["LEASEACTIVE", "response"],
  ["BULKLEASEQUERY", "request"],
  ["LEASEQUERYDONE", "response"],
  ["ACTIVELEASEQUERY", "request"],
  ["LEASEQUERYSTATUS", "response"],
  ["TLS", "request"],
];

/** `DISCOVER`; null where the number has no name. */
export const dhcpType = (code: number): readonly [string, DhcpWhat] | null => TYPES[code - 1] ?? null;

const V6_TYPES: readonly (readonly [string, DhcpWhat])[] = [
  ["SOLICIT", "request"],
  ["ADVERTISE", "response"],
  ["REQUEST", "request"],
  ["CONFIRM", "request"],
  ["RENEW", "request"],
  ["REBIND", "request"],
  ["REPLY", "response"],
  ["RELEASE", "request"],
  ["DECLINE", "request"],
  ["RECONFIGURE", "oneway"],
  ["INFORMATION-REQUEST", "request"],
  ["RELAY-FORW", "request"],
  ["RELAY-REPL", "response"],
  ["LEASEQUERY", "request"],
  ["LEASEQUERY-REPLY", "response"],
];
export const V6 = { reconfigure: 10, relayForward: 12, relayReply: 13 } as const;

/** `SOLICIT`; null where the number has no name. */
export const dhcpv6Type = (code: number): readonly [string, DhcpWhat] | null => V6_TYPES[code - 1] ?? null;

const STATUSES = ["Success", "UnspecFail", "NoAddrsAvail", "NoBinding", "NotOnLink", "UseMulticast", "NoPrefixAvail"];

/** `NoAddrsAvail`; an unknown one `status 23`. */
export const dhcpv6Status = (code: number): string => STATUSES[code] ?? `status ${code}`;
