/**
 * What a decoder is. One protocol a file in `decoders/`, one line each in `decoders/index.ts`; ports, fields and
 * specifications live in the decoder, everything else reads them from there.
 *
 * Content decides, the port is a hint. A decoder keeps no state between calls: the driver (`identify.ts`) keeps what a
 * direction has consumed, and pairing of requests and responses happens after observations are merged.
 */

import type { Cursor } from "./cursor.ts";
import type { Fact } from "./facts.ts";

/** What a decoder is told about the message beside its bytes. */
export interface Context {
  transport: "udp" | "tcp" | "sctp" | "eth";
  /** `eth` only: the frame's EtherType. */
  etherType?: number;
  /** Ports of sender and receiver; 0 where the transport has none. */
  senderPort: number;
  receiverPort: number;
  /** Wire time of the message. */
  sec: number;
  nsec: number;
  /**
   * Streams only: true where `stream` has accepted bytes of this direction before, so that this call begins at a
   * message boundary of this very protocol.
   */
  started: boolean;
  /** Streams only: true where the direction's first byte is the connection's first (its SYN was seen). */
  fromStart: boolean;
  /** True where the other direction has already been identified as this protocol. */
  peerStarted: boolean;
  /** Streams only: false where the other direction has said something before, whatever it was. */
  peerSilent?: boolean;
  /**
   * Datagrams only: those of this direction that the decoder asked to keep (`DATAGRAM_MORE`), oldest first; empty else.
   * A copy each, whole as captured unless `keeps` said otherwise.
   */
  before?: readonly Uint8Array[];
  /** Datagrams only: with `DATAGRAM_MORE`, how many of the datagram's first bytes are enough to keep; all unless set. */
  keeps?: number;
  /**
   * Streams only: a decoder's one memory of a direction, for what must be passed over piece by piece (so many bytes of a
   * body are still to come). What it sets in a call that takes bytes is here again in the next one; 0 at first.
   */
  state?: number;
  /**
   * Streams only: bytes before these that the capture lacks, behind what was taken last; 0 where nothing is missing. The driver
   * says that a message may have been among them, unless the decoder knows better, and sets this to 0.
   */
  lost?: number;
  /** A cap that kept something of this message from being read: set by the decoder, counted where it accepts the message. */
  capped?: "handshakeBytes" | "handshakePieces" | undefined;
  /** Streams only: with `STREAM_NEXT`, the id of the decoder that reads this direction from here on. */
  next?: string;
}

export type Emit = (fact: Fact) => void;

/** Of `stream`, whose results below zero are these: not this protocol. Zero or more is the count of bytes consumed, up to a message boundary. */
export const STREAM_NO = -1;
/** Of `stream`: plausible so far, nothing whole yet; call again with more bytes. */
export const STREAM_MORE = -2;
/** Of `stream`: nothing more to learn from this direction; later packets only count. */
export const STREAM_DONE = -3;
/**
 * What begins at this message boundary is another protocol, agreed on in this one (STARTTLS): set `at.next` to its
 * decoder's id. From these bytes on that decoder reads the direction, as if they were a connection's first; what it says is
 * the flow's, which keeps its application, and where it accepts them the driver says `inner` for it. Each direction finds
 * its own way there, by content. Only where `at.started`; an id without a decoder ends the direction.
 */
export const STREAM_NEXT = -4;

/** What `datagram` says beside yes and no: plausible, and the next ones are needed too (a hello in several datagrams). */
export const DATAGRAM_MORE = "more";
/** Ours, and nothing more to learn from this direction: later datagrams only count. */
export const DATAGRAM_DONE = "done";
export type DatagramResult = boolean | typeof DATAGRAM_MORE | typeof DATAGRAM_DONE;

/** Bytes, single ones and inclusive ranges. */
export type ByteSet = readonly (number | readonly [number, number])[];
export const ANY_BYTE: ByteSet = [[0, 255]];

/** Calls `act` for each byte of a set; twice for one that stands in two of its parts. */
export function eachByte(set: ByteSet, act: (byte: number) => void): void {
  for (const part of set) {
    const [from, to] = typeof part === "number" ? [part, part] : part;
    for (let byte = from; byte <= to; byte++) act(byte);
  }
}

/** What messages of one kind have in common. */
export interface Form {
  readonly first: ByteSet;
  /** Bytes that a whole message has at least. */
  readonly least?: number;
  /** Bytes behind the first: where, under which mask, and the least and the greatest value there (one value: just that). */
  readonly bytes?: readonly (readonly [at: number, mask: number, least: number, most?: number])[];
  /** A length of 16 bits, highest byte first: with `more` it is no more than what a whole datagram has. */
  readonly fits?: { readonly at: number; readonly more: number };
  /** At least one of the bytes from `from` to before `to` has a bit of the mask. */
  readonly some?: readonly [from: number, to: number, mask: number];
}

export interface FieldDoc {
  field: string;
  /** Units and meaning. */
  about: string;
}

/**
 * Messages of which two say the same, but for their ids, where the compared bytes are equal: of one direction, in states
 * that this shape is for. `stream` says nothing of them but one operation each, and leaves the state as it is; where it said
 * more of the first one, or that it failed, no other is counted by it.
 */
export interface GlanceShape {
  /** The direction's `Context.state`, masked, is this. */
  readonly state: { readonly mask: number; readonly is: number };
  /** Where the message says how long it is, in how many bytes, and how many bytes of it are not counted there. */
  readonly length: {
    readonly at: number;
    readonly bytes: 1 | 2;
    readonly order?: "big" | "little";
    readonly beside: number;
  };
  /** The byte that says what is asked or answered, and its values that may be counted so: nothing that changes a device. */
  readonly code: { readonly at: number; readonly of: readonly number[] };
  /**
   * The first bytes of each message, 48 at most: `==` where two of a like have the same, `id` where they differ by their ids
   * alone, `..` where a difference says nothing; at the end `...` where any others may follow, else the message ends there.
   */
  readonly bytes: string;
  /** Bytes that make the operation's id, a signed number of 32 bits: the highest first, at most four. */
  readonly id: readonly number[];
}

export interface Decoder {
  /** From the closed list in the contract: the `app` column, `app:` in models. */
  readonly id: string;
  readonly title: string;
  /** `RFC 1035`, `RFC 8446` … */
  readonly specs: readonly string[];
  /**
   * Ports that suggest it. They order the tries and fill `hint`; they never decide. `eth`: the EtherTypes of a protocol
   * that stands on Ethernet itself, or below 0x600 the service of LLC (802.2) that is its own; frames of these are offered to `datagram` with `at.transport` `eth` (padding of the
   * frame included), and those that it accepts become conversations between MAC addresses. A list for `sctp`, though
   * empty, says that SCTP's packets, from the first chunk on, are offered to `datagram` with `at.transport` `sctp`.
   */
  readonly ports: {
    readonly udp?: readonly number[];
    readonly tcp?: readonly number[];
    readonly eth?: readonly number[];
    readonly sctp?: readonly number[];
  };
  readonly fields: readonly FieldDoc[];
  /**
   * Codes of operations by which a device tells somebody, of itself, what happened to it: sent by the end that is asked, they
   * ask nothing of it. Not those that somebody has to subscribe to, where subscribing writes.
   */
  readonly reports?: readonly string[];
  /** Where true, every message of an identified flow is decoded; else the flow is settled once it is identified. */
  readonly everyMessage: boolean;
  /** Streams only: true where each end begins with bytes that `stream` accepts; an end that begins otherwise is then told. */
  readonly bothBegin?: boolean;
  /**
   * Datagrams only: true where the protocol prepares a path for another one and then shares it (STUN for DTLS and RTP, RFC
   * 7983). A flow of it is offered to the other decoders too, and the first that accepts a datagram names the flow.
   */
  readonly prepares?: boolean;

  /**
   * Datagrams only: a direction that has said `up` is read on, with `at.state` 1, until one more of its datagrams was taken or
   * refused: what was agreed on has to be what follows.
   */
  readonly readsOn?: boolean;

  /**
   * First bytes that `looksDatagram` and `looksStream` may accept, as single ones and inclusive ranges; any byte where it is
   * left out. Unknown payload is offered only to decoders whose first byte it has.
   */
  readonly opens?: { readonly datagram?: ByteSet; readonly stream?: ByteSet };
  /**
   * The same in more words, which spares reading most of what nobody knows: where ports suggest no decoder and the flow has
   * no name yet, one of these forms is in every whole datagram that `datagram` accepts, and in the first bytes of every
   * connection's direction that `looksStream` and `stream` accept, seen from its beginning. Left out: what `opens` says.
   */
  readonly forms?: { readonly datagram?: readonly Form[]; readonly stream?: readonly Form[] };

  /** Cheap first look at a datagram: allocates nothing, throws nothing. False means: surely not ours. */
  looksDatagram?(buf: Uint8Array, off: number, len: number): boolean;
  /**
   * Decodes one datagram (bytes between `c.start` and `c.end`; `c.cutOff` more were on the wire). Returns true where the
   * content proves that it is ours, having emitted its facts. A fault before that is a no; after it a `problem`. With
   * `DATAGRAM_MORE` the datagram is kept (a few of them, within limits) and given again in `at.before`; the flow counts as
   * identified where facts were emitted with it. `DATAGRAM_DONE` is a yes that ends the direction.
   */
  datagram?(c: Cursor, emit: Emit, at: Context): DatagramResult;

  /**
   * Datagrams only: forms of later messages that only its own ends can read. A flow of such datagrams alone is unreadable,
   * and no proof of another application.
   */
  readonly later?: readonly Form[];

  /** Cheap first look at the first bytes of a direction (at least one). False means: surely not ours. */
  looksStream?(buf: Uint8Array, off: number, len: number): boolean;
  /**
   * Decodes the first message of one direction's contiguous bytes, which begin at a message boundary (or, mid-stream, at
   * a segment's start). Returns how many bytes that message took (at least one; the driver calls again for the next), or
   * one of the codes above. A short read by the cursor counts as STREAM_MORE; what was emitted in a call that ends so is
   * dropped, because the call comes again with more bytes. A malformed message after the first ends the direction.
   */
  stream?(c: Cursor, emit: Emit, at: Context): number;
  /**
   * What a direction's first bytes say where no decoder accepted them and the connection says nothing more: what stands before
   * a message of this protocol that never came. The flow stays unidentified. Faults say nothing.
   */
  left?(c: Cursor, emit: Emit): void;

  /**
   * Streams only, where one flow may hold millions of operations: messages that say the same as one before, but for the id
   * that pairs them, and so need no more than a glance. At most one shape fits a state.
   */
  readonly glances?: readonly GlanceShape[];
}

/** A protocol of Ethernet's own is found by its EtherType, and has no business in UDP. */
export function isOnlyEther({ ports }: Decoder): boolean {
  return ports.eth !== undefined && ports.udp === undefined;
}
