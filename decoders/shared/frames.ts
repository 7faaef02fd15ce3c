/**
 * Messages that stand in a stream one behind the other, each with a length in its head: how control protocols use TCP.
 *
 *     ┌──────┬──────────┬──────┬──────────┬──     a segment may hold half of one, or many
 *     │ head │ body     │ head │ body     │
 *     └──────┴──────────┴──────┴──────────┴──
 *
 * What was asked of a device must not be passed over because one message is odd. So a message that contradicts itself is
 * told as a problem and the next one is read, and behind bytes that the capture lacks the next segment that begins with
 * a head is where reading goes on.
 */
import { type Cursor, Fault } from "../../src/decode/cursor.ts";
import { type Context, type Emit, STREAM_MORE, STREAM_NO } from "../../src/decode/decoder.ts";
import type { OperationClass } from "../../src/decode/facts.ts";
import { type Meaning, tellOperation } from "./operation.ts";

/** In a direction's state: the next message's head has to be found. The bits above it are the decoder's own. */
export const LOST_FRAME = 1;

export interface Framing {
  /** The protocol, as operations call it, its ports, and its name for people: `IEC 104`. */
  readonly protocol: string;
  readonly ports: readonly number[];
  readonly name: string;
  /** Bytes of the message that begins at `off`; 0 where none does, -1 where its head is not all there. Allocates nothing. */
  size(buf: Uint8Array, off: number, len: number): number;
  /**
   * Says what a message holds: bytes from `c.pos` to `c.end`, fewer than its head says where `cut`. False, with nothing
   * emitted, where it is none of this protocol.
   */
  tell(c: Cursor, emit: Emit, at: Context, cut: boolean): boolean;
}

/** Whether the first message may be the protocol's, as far as the bytes go; for `looksStream`. */
export const looksFramed = (framing: Framing, buf: Uint8Array, off: number, len: number): boolean =>
  framing.size(buf, off, len) !== 0;

/** One message of a stream; to be returned by a decoder's `stream`. */
export function readFrame(framing: Framing, c: Cursor, emit: Emit, at: Context): number {
  if (!at.started) at.state = 0;
  else if ((at.lost ?? 0) > 0) at.state = (at.state ?? 0) | LOST_FRAME;
  const size = framing.size(c.buf, c.pos, c.left);
  if (size === 0) return at.started ? passOver(framing, c, emit, at) : STREAM_NO;
  const cut = c.cutOff > 0 && (size < 0 || size > c.left);
  if (!cut && (size < 0 || size > c.left)) return STREAM_MORE;
  const length = cut ? c.left : size;
  const outer = cut ? c.end : c.enter(length, framing.name);
  at.state = (at.state ?? 0) & ~LOST_FRAME;
  const ours = within(framing, c, emit, at, cut);
  if (!ours && !at.started) return STREAM_NO;
  if (!cut) c.leave(outer);
  return length;
}

/** Whole messages in one datagram. False where the first is none. */
export function readFrames(framing: Framing, c: Cursor, emit: Emit, at: Context): boolean {
  for (let first = true; c.left > 0; first = false) {
    const size = framing.size(c.buf, c.pos, c.left);
    const cut = c.cutOff > 0 && (size < 0 || size > c.left);
    if (!cut && (size <= 0 || size > c.left)) {
      if (first) return false;
      emit({ kind: "problem", what: "malformed", why: `${framing.name}: ${c.left} bytes that are no message` });
      return true;
    }
    const outer = cut ? c.end : c.enter(size, framing.name);
    if (!within(framing, c, emit, at, cut) && first) return false;
    if (cut) return true;
    c.leave(outer);
  }
  if (c.cutOff > 0) tellCut(framing, c, emit);
  return true;
}

/**
 * The end of a message of `whole` bytes that the capture cut: where it ends with its segment, the next segment begins with a
 * message, and is read. Else nobody knows where one begins. To be returned by a decoder's `stream`.
 */
export function endOfCut(c: Cursor, whole: number, name: string, emit: Emit): number {
  const there = c.end - c.start;
  if (whole !== there + c.cutOff) {
    c.pos = c.start;
    c.short(whole);
  }
  emit({ kind: "problem", what: "cut", why: `${name}: the capture cut ${c.cutOff} bytes off` });
  return there;
}

/** Tells one message; a fault in it is its own and ends nothing. */
function within(framing: Framing, c: Cursor, emit: Emit, at: Context, cut: boolean): boolean {
  const { depth, end } = c;
  let told = 0;
  let asked = false;
  try {
    const ours = framing.tell(
      c,
      (fact) => {
        told++;
        asked ||= fact.kind === "operation";
        emit(fact);
      },
      at,
      cut,
    );
    if (!ours) return false;
    if (!cut) return true;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    if (told === 0 && !at.started) return false;
    c.end = end;
    c.depth = depth;
    if (!cut) {
      if (!asked) tellUnreadable(framing, emit, at);
      emit({ kind: "problem", what: "malformed", why: `${framing.name}: ${fault}` });
      return true;
    }
  }
  tellCut(framing, c, emit);
  c.pos = c.end;
  return true;
}

const tellCut = (framing: Framing, c: Cursor, emit: Emit): void =>
  emit({ kind: "problem", what: "cut", why: `${framing.name}: the capture cut ${c.cutOff} bytes off` });

/** What it asked for nobody knows: who claims that only reads were seen has to count it. */
function tellUnreadable({ protocol, ports, name }: Framing, emit: Emit, at: Context): void {
  const answers = ports.includes(at.senderPort) && !ports.includes(at.receiverPort);
  const meaning: Meaning = [`${name} message that contradicts itself`, "unknown"];
  tellOperation(emit, protocol, answers ? "response" : "request", "unreadable", meaning);
}

/** Bytes that begin no message: said once, and what follows in this segment is passed over with them. */
function passOver(framing: Framing, c: Cursor, emit: Emit, at: Context): number {
  const state = at.state ?? 0;
  if ((state & LOST_FRAME) === 0) {
    emit({ kind: "problem", what: "malformed", why: `${framing.name}: no message where one should begin` });
    at.state = state | LOST_FRAME;
  }
  return c.left;
}

/** Makes a table of codes from lists by class: `{ read: { 1: "read", … }, write: … }`. */
export function meanings(
  lists: Partial<Record<OperationClass, Readonly<Record<number, string>>>>,
): ReadonlyMap<number, Meaning> {
  const table = new Map<number, Meaning>();
  for (const [cls, codes] of Object.entries(lists)) {
    // Object.entries forgets the type of the keys.
    for (const [code, name] of Object.entries(codes)) table.set(Number(code), [name, cls as OperationClass]);
  }
  return table;
}
