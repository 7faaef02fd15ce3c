/**
 * The driver's half of the contract in src/decode/decoder.ts, in its plainest form: one decoder, one message or one
 * direction of a stream, and what it said.
 */
import { DECODERS } from "../../decoders/index.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import {
  type Context,
  DATAGRAM_DONE,
  DATAGRAM_MORE,
  type Decoder,
  STREAM_DONE,
  STREAM_MORE,
  STREAM_NEXT,
  STREAM_NO,
} from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";

export interface Outcome {
  recognised: boolean;
  facts: Fact[];
  /** Bytes of whole messages that were taken. */
  taken: number;
  /** How reading ended; `none` at a message's end. `more`: the next bytes, or datagrams, are needed too. */
  end: "none" | "more" | "done" | "bad" | "no";
}

/** A datagram between two ports, and the beginning of a stream. */
export const datagramAt = (senderPort: number, receiverPort: number): Context => ({
  transport: "udp",
  senderPort,
  receiverPort,
  sec: 1_764_000_000,
  nsec: 0,
  started: false,
  fromStart: true,
  peerStarted: false,
});
export const streamAt = (senderPort: number, receiverPort: number): Context => ({
  ...datagramAt(senderPort, receiverPort),
  transport: "tcp",
});

/** Bytes that the decoder must not look at stand on both sides of the message; two kinds of them have to change nothing. */
const AROUND = 32;

function within(bytes: Uint8Array, around: number): Uint8Array {
  const whole = new Uint8Array(bytes.length + 2 * AROUND).fill(around);
  whole.set(bytes, AROUND);
  return whole;
}

export function decodeDatagram(d: Decoder, bytes: Uint8Array, at: Context, cutOff = 0, around = 0): Outcome {
  const facts: Fact[] = [];
  const said = { recognised: false, facts, taken: 0, end: "none" as const };
  const buf = within(bytes, around);
  // Frames of Ethernet's own are offered to decoders of their type alone, and nothing else is.
  if (at.transport === "eth" && d.ports.eth?.includes(at.etherType ?? 0) !== true) return said;
  if (d.datagram === undefined || d.looksDatagram?.(buf, AROUND, bytes.length) !== true) return said;
  const cursor = new Cursor().set(buf, AROUND, bytes.length, cutOff);
  let end: Outcome["end"] = "none";
  try {
    const result = d.datagram(cursor, (fact) => facts.push(fact), at);
    if (result === false) return { ...said, facts: [] };
    if (result === DATAGRAM_DONE) end = "done";
    if (result === DATAGRAM_MORE) end = "more";
    if (result === DATAGRAM_MORE && facts.length === 0) return { ...said, end };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    if (facts.length === 0) return said;
    facts.push(problem(fault, cutOff));
  }
  return { recognised: true, facts, taken: bytes.length, end };
}

/** Reads a direction's contiguous bytes, which come in pieces of these lengths (the last one repeats; default: at once). */
export function decodeStream(
  d: Decoder,
  bytes: Uint8Array,
  at: Context,
  cutOff = 0,
  around = 0,
  pieces = [bytes.length],
): Outcome {
  const said: Outcome = { recognised: false, facts: [], taken: 0, end: "none" };
  const over = (): boolean => said.end === "done" || said.end === "bad" || said.end === "no";
  const memory: Context = { ...at, state: 0 };
  const reading: Reading = { decoder: d, handed: false };
  let length = 0;
  for (let i = 0; length < bytes.length && !over(); i++) {
    length = Math.min(bytes.length, length + Math.max(1, pieces[Math.min(i, pieces.length - 1)]!));
    said.end = "none";
    const buf = within(bytes.subarray(0, length), around);
    while (said.taken < length && said.end === "none") step(reading, buf, length - said.taken, memory, cutOff, said);
  }
  return said.recognised ? said : { ...said, facts: [] };
}

/** Who reads a direction; `handed`: another decoder gave it to this one, which has not accepted any bytes yet. */
interface Reading {
  decoder: Decoder;
  handed: boolean;
}

/** One call. What the decoder leaves in `memory.state` counts where the call took bytes. */
function step(reading: Reading, buf: Uint8Array, length: number, memory: Context, cutOff: number, said: Outcome): void {
  const facts: Fact[] = [];
  const from = AROUND + said.taken;
  const { decoder: d, handed } = reading;
  if (!said.recognised && d.looksStream?.(buf, from, length) !== true) {
    said.end = "no";
    return;
  }
  const cursor = new Cursor().set(buf, from, length, cutOff);
  const at: Context = { ...memory, started: said.recognised && !handed };
  if (handed) at.fromStart = true;
  let result: number;
  try {
    result = d.stream!(cursor, (fact) => facts.push(fact), at);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    if (fault.what === "short") said.end = "more";
    else if (!said.recognised && facts.length === 0) said.end = "no";
    else {
      said.recognised = true;
      said.facts.push(...facts, problem(fault, cutOff));
      said.end = "bad";
    }
    return;
  }
  if (result === STREAM_NO) said.end = said.recognised ? "bad" : "no";
  else if (result === STREAM_MORE) said.end = "more";
  else if (result === STREAM_NEXT) {
    const next = DECODERS.find((other) => other.id === at.next);
    if (!at.started || next === undefined) throw new Error(`${d.id} hands over to ${at.next}`);
    said.facts.push(...facts);
    reading.decoder = next;
    reading.handed = true;
    memory.state = 0;
  } else {
    said.recognised = true;
    if (handed) said.facts.push({ kind: "inner", app: d.id });
    reading.handed = false;
    said.facts.push(...facts);
    memory.state = at.state ?? 0;
    if (result === STREAM_DONE) said.end = "done";
    else if (result < 1 || result > length) throw new Error(`${d.id} took ${result} bytes of ${length}`);
    else said.taken += result;
  }
}

function problem(fault: Fault, cutOff: number): Fact {
  const what = fault.what === "short" && cutOff > 0 ? "cut" : "malformed";
  return { kind: "problem", what, why: fault.toString() };
}
