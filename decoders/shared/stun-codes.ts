/** Codes of STUN and TURN, from IANA's "Session Traversal Utilities for NAT (STUN) Parameters". */

const METHODS = new Map<number, string>([
  [0x001, "Binding"],
  [0x002, "SharedSecret"],
  [0x003, "Allocate"],
  [0x004, "Refresh"],
  [0x006, "Send"],
  [0x007, "Data"],
  [0x008, "CreatePermission"],
  [0x009, "ChannelBind"],
  [0x00a, "Connect"],
  [0x00b, "ConnectionBind"],
  [0x00c, "ConnectionAttempt"],
  [0x080, "GOOG_PING"],
]);

/** `Binding`; an unknown one `0x00d`. */
export const methodName = (method: number): string =>
  METHODS.get(method) ?? `0x${method.toString(16).padStart(3, "0")}`;

/** Attributes that the decoder reads. */
export const ATTRIBUTE = {
  mappedAddress: 0x0001,
  username: 0x0006,
  errorCode: 0x0009,
  xorPeerAddress: 0x0012,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  xorMappedAddress: 0x0020,
  useCandidate: 0x0025,
  /** Before RFC 5389 it stood among the attributes that may be ignored. */
  oldXorMappedAddress: 0x8020,
  software: 0x8022,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

const ERRORS = new Map<number, string>([
  [300, "Try Alternate"],
  [400, "Bad Request"],
  [401, "Unauthenticated"],
  [403, "Forbidden"],
  [405, "Mobility Forbidden"],
  [420, "Unknown Attribute"],
  [430, "Stale Credentials"],
  [431, "Integrity Check Failure"],
  [432, "Missing Username"],
  [433, "Use TLS"],
  [437, "Allocation Mismatch"],
  [438, "Stale Nonce"],
  [440, "Address Family not Supported"],
  [441, "Wrong Credentials"],
  [442, "Unsupported Transport Protocol"],
  [443, "Peer Address Family Mismatch"],
  [446, "Connection Already Exists"],
  [447, "Connection Timeout or Failure"],
  [486, "Allocation Quota Reached"],
  [487, "Role Conflict"],
  [500, "Server Error"],
  [508, "Insufficient Capacity"],
  [600, "Global Failure"],
]);

export const errorName = (code: number): string | undefined => ERRORS.get(code);

/** Classic STUN has two methods: Binding and Shared Secret (RFC 3489 section 11.1). */
export const isClassicMethod = (method: number): boolean => method === 1 || method === 2;

/**
 * Whether classic STUN has such an attribute of such a length (RFC 3489 section 11.2): 1, 2, 4, 5 and 11 are IPv4
 * addresses; 3 is CHANGE-REQUEST; 6, 7, 9 and 10 are texts and lists in words of four; 8 is a SHA-1. Beside them the
 * optional ones that were in use before RFC 5389: XOR-MAPPED-ADDRESS, XOR-ONLY, SERVER.
 */
export function classicSize(type: number, length: number): boolean {
  switch (type) {
    case 1:
    case 2:
    case 4:
    case 5:
    case 11:
    case 0x8020:
      return length === 8;
    case 3:
      return length === 4;
    case 6:
    case 7:
    case 10:
    case 0x8022:
      return length % 4 === 0 && length > 0;
    case 9:
      return length >= 4;
    case 8:
      return length === 20;
    case 0x0021:
      return length === 0;
    default:
      return false;
  }
}
