/**
 * One decoder by itself: its fixtures' messages, changed, in the driver's plainest form. Held to what every decoder
 * promises: nothing is thrown but a fault, no more is taken than was there, bytes beside the message change nothing, and
 * what is said stays in proportion to what was read.
 */
import { DECODERS } from "../../decoders/index.ts";
import type { Context, Decoder } from "../../src/decode/decoder.ts";
import { decodeDatagram, decodeStream, type Outcome } from "../support/decode.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";
import { Broken, type Input, type Target } from "./target.ts";

/** A name is at most as long as its bytes written as `\xNN`; and some words of our own come with each fact. */
const MOST_TEXT_PER_BYTE = 64;
const MOST_TEXT = 64 << 10;

interface About {
  at: Omit<Context, "before">;
  cutOff: number;
  /** Lengths in which a stream comes. */
  pieces: number[];
}

export function decoderTargets(): Target[] {
  return DECODERS.map((decoder) => {
    let fixtures: Fixture[] | null = null;
    return {
      name: `decoder/${decoder.id}`,
      batch: 2_000,
      make: (random) => {
        fixtures ??= fixturesOf(decoder.id);
        return make(decoder, fixtures, random);
      },
      try: (input) => attempt(decoder, input),
    };
  });
}

/** The last part is the message, those before it are what a datagram decoder had kept. */
function make(decoder: Decoder, fixtures: readonly Fixture[], random: Random): Input {
  const fixture = random.pick(fixtures);
  const others = fixtures.map((other) => other.bytes);
  const { before = [], ...at } = fixture.at;
  const message = mutate(fixture.bytes, random, others);
  const about: About = {
    at: {
      ...at,
      fromStart: random.once(4) ? !at.fromStart : at.fromStart,
      peerStarted: random.once(4),
      ...(random.once(8) ? { senderPort: at.receiverPort, receiverPort: at.senderPort } : {}),
    },
    cutOff: random.once(6) ? 1 + random.below(2_000) : fixture.cutOff,
    pieces: random.once(2) ? [] : [1 + random.below(message.length), 1 + random.below(64)],
  };
  const kept = before.map((bytes) => (random.once(3) ? mutate(bytes, random, others) : bytes));
  return { target: `decoder/${decoder.id}`, about: JSON.stringify(about), parts: [...kept, message], own: true };
}

function attempt(decoder: Decoder, input: Input): number {
  const about = JSON.parse(input.about) as About; // written by `make`
  const message = input.parts.at(-1) ?? new Uint8Array(0);
  if (message.length === 0) return 1; // the driver offers no empty payload
  const at: Context = { ...about.at, ...(input.parts.length > 1 ? { before: input.parts.slice(0, -1) } : {}) };
  const pieces = about.pieces.length === 0 ? [message.length] : about.pieces;
  const read = (around: number): Outcome =>
    at.transport === "tcp"
      ? decodeStream(decoder, message, at, about.cutOff, around, pieces)
      : decodeDatagram(decoder, message, at, about.cutOff, around);
  const outcome = read(0);
  if (outcome.taken > message.length) throw new Broken(`${outcome.taken} bytes taken of ${message.length}`);
  const said = JSON.stringify(outcome);
  if (said !== JSON.stringify(read(0xff))) throw new Broken("bytes beside the message change what is said");
  const length = input.parts.reduce((sum, part) => sum + part.length, 0);
  if (said.length > MOST_TEXT + MOST_TEXT_PER_BYTE * length)
    throw new Broken(`${said.length} characters said of ${length} bytes`);
  return 1;
}
