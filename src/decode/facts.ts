/**
 * What decoders may say. A closed set that every stage downstream understands, so that a new protocol needs no change
 * outside its own file: a decoder maps its messages to these.
 *
 * A fact is about one message. Where it was (frame, time, direction) is kept beside it, see `Sighting`.
 */
export type Fact =
  | RoleFact
  | NameFact
  | QueryFact
  | AnswerFact
  | MessageFact
  | ExpectFlowFact
  | FieldFact
  | OperationFact
  | AssetFact
  | FaultFact
  | UpFact
  | InnerFact
  | ProblemFact;

/** The message's own words say which side its sender is (NTP mode, DNS QR, STUN class, TLS hello). Never the order of packets. */
export interface RoleFact {
  kind: "role";
  sender: "client" | "server";
  /** What said so, for people: `NTP mode 3`. */
  why: string;
}

/** A name that the client sent for its peer; of source `certificate` one that the server's certificate has: weak evidence. */
export interface NameFact {
  kind: "name";
  source: NameSource;
  /** Lower case, no trailing dot; bytes outside printable ASCII as `\xNN`. */
  name: string;
}
export type NameSource =
  | "tls-sni"
  | "quic-sni"
  | "dtls-sni"
  | "http-host"
  | "http2-authority"
  | "icap-host"
  | "certificate";

/** A question of DNS or of its kin. */
export interface QueryFact {
  kind: "query";
  id: number;
  /** Lower case, no trailing dot; the root is `.`. */
  name: string;
  /** `A`, `AAAA`, `HTTPS` …, unknown ones `TYPE65535`. */
  type: string;
}

/** An answer of DNS or of its kin, to the question repeated in it. */
export interface AnswerFact {
  kind: "answer";
  id: number;
  name: string;
  type: string;
  /** `NOERROR`, `NXDOMAIN` …, unknown ones `RCODE11`. */
  rcode: string;
  /** The TC bit, or the message ended early: the records are not all there. */
  partial: boolean;
  /** Answer section only, CNAME chain included, in the message's order. */
  records: DnsRecord[];
}
export interface DnsRecord {
  name: string;
  type: string;
  /** Seconds. */
  ttl: number;
  /** Canonical address for A and AAAA, the target name for CNAME, PTR, SRV, NS and MX, else text for people. */
  data: string;
  /** HTTPS and SVCB only: `ech` where a public name is published, with that name. */
  echPublicName?: string;
}

/** One request or response of a protocol that pairs them; facts for outcome and for request/response pairing. */
export interface MessageFact {
  kind: "message";
  /** `request` expects a response; `oneway` expects none. */
  what: "request" | "response" | "oneway";
  /** What the protocol pairs by, as text: a transaction id. */
  id: string;
  /** True where the response is an error by the protocol's own word. */
  failed?: boolean;
}

/**
 * Another flow that this message agrees on, or that answers it: a data channel (FTP, SIP), or an answer from another port
 * or address (TFTP, SSDP, DHCP). Where that flow comes in time, it is part of this one's conversation (`observe/folds.ts`).
 *
 * One of its ends is `address` and `port`. The other is the receiver of this message (anybody, where that is a group), or
 * an end that another message of the same flow names, so that media agreed on through a proxy are found as well.
 */
export interface ExpectFlowFact {
  kind: "expect-flow";
  /** What will run there, a decoder's id; null where the message does not say. */
  app: string | null;
  transport: "tcp" | "udp";
  /** Who waits there, as canonical text; null: the sender of this message (anybody, where it has no address yet). */
  address: string | null;
  /** Null: the port that this message came from. */
  port: number | null;
  /** Where the answer repeats a transaction id: the `id` that a message of that flow must have. */
  id?: string;
  /**
   * Whoever answers announces it, by a message of `id` that expects none: to this message's sender or to everybody, and
   * perhaps in a flow in which that sender asks more, which then stays what it is (`observe/everybody.ts`).
   */
  announced?: true;
}

/** A value that models can hold an expectation against, or that a report shows. Field names are documented by the decoder. */
export interface FieldFact {
  kind: "field";
  /** `tls.version`, `ntp.stratum` … */
  field: string;
  value: string | number;
}

/** An operation on a device; classes weakest first. */
export interface OperationFact {
  kind: "operation";
  protocol: string;
  role: "request" | "response";
  code: string;
  operation: string;
  class: OperationClass;
  target: string | null;
  /**
   * Pairs request and response; null where the protocol has nothing to pair by, and of a request that has no answer. Of
   * each direction and protocol it names one request at a time; several of one message may share it. A number where only
   * one protocol of the flow uses numbers: cheaper, where there are millions.
   */
  id: string | number | null;
  failed: boolean;
  /** Responses only: what it says, for people, where there is more to say than success or failure: `illegal data address`. */
  answer?: string;
  /** It stands in a message that was told before it: both are asked together, and count once in how fast somebody asks. */
  within?: true;
  /** It only carries others, which are told beside it and ask for something: an envelope, and no question by itself. */
  carries?: true;
}
export const OPERATION_CLASSES = ["session", "discover", "identify", "read", "write", "control", "program"] as const;
/** Code of an answer that does not say to what it answers: its number alone pairs it with its question. */
export const ANSWER_TO_ANY = "answer";
export type OperationClass = (typeof OPERATION_CLASSES)[number] | "unknown";

/** A device's own words about itself. Facts of one message are about its sender. */
export interface AssetFact {
  kind: "asset";
  what: "kind" | "vendor" | "product" | "order-code" | "version" | "serial" | "name" | "location";
  value: string;
  /** The message that said so, for people. */
  source: string;
}

/** The protocol itself says that it failed: a TLS alert before the handshake ended, an HTTP 403; or that it is not here. */
export interface FaultFact {
  kind: "fault";
  /** `tls-alert`, `http-status`, `http-redirect` … */
  what: string;
  code: number;
  /** The code's standard name; of a redirect, the host that the client is sent on to. */
  text: string;
}

/** The application came up as seen from this direction: its part of the handshake is done. */
export interface UpFact {
  kind: "up";
}

/** What runs inside, where ALPN or an upgrade shows it; a decoder's id, or the ALPN text where we have no decoder. */
export interface InnerFact {
  kind: "inner";
  app: string;
}

/** A message that could not be read to its end. What was read before it has been said already. */
export interface ProblemFact {
  kind: "problem";
  /**
   * cut: by the capture's snap length · hole: bytes before it are missing in the stream, and may have been messages, which the
   * driver says of every protocol · malformed: the message contradicts itself · unsupported: known and not decoded ·
   * overlap: TCP segments, or pieces of a message, bring other bytes for the same place, and which arrived no capture tells
   */
  what: "cut" | "hole" | "malformed" | "unsupported" | "overlap";
  /** Where and why, for people: `DNS answer 3: 4 bytes needed at 57, 2 there (rdlength)`. */
  why: string;
}

/** Fields by which a client says whom a proxy shall reach, and in which way. */
export const ASKING_FIELDS: Readonly<Record<string, "connect" | "absolute" | "socks">> = {
  "http.connect": "connect",
  "http.absolute": "absolute",
  "tls.socks": "socks",
  "http.socks": "socks",
};

/** Whether a fact may say whom a flow is for: none of them may hide behind facts of no consequence. */
export function isNaming(fact: Fact): boolean {
  return fact.kind === "name" || fact.kind === "inner" || (fact.kind === "field" && fact.field in ASKING_FIELDS);
}

/** A fact and the frame that carried it. */
export interface Sighting {
  fact: Fact;
  /** 0: from the flow's lower end to its higher; 1: back. */
  dir: 0 | 1;
  capture: number;
  /** The frame that completed the message. */
  frame: number;
  /** The decoder that said it, where that is not the flow's own but one that shares the flow (`Decoder.prepares`). */
  beside?: string;
  /**
   * Of what a device says it is: the MAC address that its frame came from, where no router was between (its TTL is one that
   * senders begin with); absent where that cannot be said.
   */
  mac?: string;
  /** Frames that carried earlier pieces of it; absent where it stood in one. */
  parts?: readonly number[];
  sec: number;
  nsec: number;
}
