/**
 * One decoder by itself: its fixtures' messages, changed, in the driver's plainest form. Held to what every decoder
 * promises: nothing is thrown but a fault, no more is taken than was there, bytes beside the message change nothing, and
 * what is said stays in proportion to what was read.
 *
 * A sweep makes and tries messages where they stand, some hundred thousand a second, and looks closely at a few of them;
 * whatever breaks is made again by its number as a value, tried closely, and cut down.
 */
import { DECODERS } from "../../decoders/index.ts";
import type { Context, Decoder } from "../../src/decode/decoder.ts";
import { decodeDatagram, decodeStream, type Outcome } from "../support/decode.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";
import { mutate, mutateWithin, ROOM } from "./mutate.ts";
import { Random } from "./random.ts";
import { Sweeper } from "./sweeper.ts";
import { Broken, type Input, type Target } from "./target.ts";

/** A name is at most as long as its bytes written as `\xNN`; and some words of our own come with each fact. */
const MOST_TEXT_PER_BYTE = 64;
const MOST_TEXT = 64 << 10;
/** One message in so many of a sweep is looked at closely. */
const CLOSELY = 64;
/** A stream comes in at most 2^5 small pieces. */
const MOST_PIECES_BITS = 5;

interface About {
  at: Omit<Context, "before">;
  cutOff: number;
  /** Lengths in which a stream comes. */
  pieces: number[];
}

/** A message being made: its bytes stand at the beginning of `buf`. */
interface Draft {
  buf: Uint8Array;
  length: number;
  at: Context;
  cutOff: number;
  pieces: number[];
}

export function decoderTargets(): Target[] {
  return DECODERS.map((decoder) => {
    const name = `decoder/${decoder.id}`;
    let made: Maker | null = null;
    const maker = (): Maker => {
      made ??= new Maker(fixturesOf(decoder.id));
      return made;
    };
    return {
      name,
      batch: 20_000,
      make: (random) => inputOf(name, maker().make(random)),
      try: (input) => closely(decoder, input),
      sweep: (from, count, failed) => {
        const draft = maker();
        const sweeper = new Sweeper(decoder);
        const random = new Random("");
        for (let number = from; number < from + count; number++) {
          const { buf, length, at, cutOff, pieces } = draft.make(random.begin(`${name}:${number}`));
          if (length === 0) continue; // the driver offers no empty payload
          try {
            if (number % CLOSELY === 0) closely(decoder, inputOf(name, draft.draft));
            else sweeper.try(buf, length, at, cutOff, pieces);
          } catch (error) {
            failed(number, error);
          }
        }
        return count;
      },
    };
  });
}

class Maker {
  readonly draft: Draft;
  readonly #fixtures: readonly Fixture[];
  readonly #others: readonly Uint8Array[];

  constructor(fixtures: readonly Fixture[]) {
    this.#fixtures = fixtures;
    this.#others = fixtures.map(({ bytes }) => bytes);
    const longest = Math.max(...this.#others.map(({ length }) => length));
    const at: Context = { ...fixtures[0]!.at };
    this.draft = { buf: new Uint8Array(longest + ROOM), length: 0, at, cutOff: 0, pieces: [] };
  }

  make(random: Random): Draft {
    const { draft } = this;
    const { buf, pieces } = draft;
    const fixture = random.pick(this.#fixtures);
    const { at } = fixture;
    const { length } = fixture.bytes;
    buf.set(fixture.bytes);
    draft.length = mutateWithin(buf, 0, length, length, random, this.#others);
    const swapped = random.once(8);
    draft.at = {
      transport: at.transport,
      ...(at.etherType === undefined ? {} : { etherType: at.etherType }),
      senderPort: swapped ? at.receiverPort : at.senderPort,
      receiverPort: swapped ? at.senderPort : at.receiverPort,
      sec: at.sec,
      nsec: at.nsec,
      started: false,
      fromStart: random.once(4) ? !at.fromStart : at.fromStart,
      peerStarted: random.once(4),
    };
    draft.cutOff = random.once(6) ? 1 + random.below(2_000) : fixture.cutOff;
    pieces.length = 0;
    if (!random.once(2)) pieces.push(1 + random.below(draft.length), this.#pieceBehind(random));
    if (at.before !== undefined)
      draft.at.before = at.before.map((bytes) => (random.once(3) ? mutate(bytes, random, this.#others) : bytes));
    return draft;
  }

  /**
   * How long the pieces behind a first one are: one cut mostly, small ones now and then. A decoder is called anew for each
   * and reads its message from the start, so that a few bytes at a time cost as much as a hundred other messages.
   */
  #pieceBehind(random: Random): number {
    const { length } = this.draft;
    return random.once(4) ? Math.max(1 + random.below(64), length >> MOST_PIECES_BITS) : length + 1;
  }
}

/** As a value. The last part is the message, those before it are what a datagram decoder had kept. */
function inputOf(target: string, { buf, length, at: { before = [], ...at }, cutOff, pieces }: Draft): Input {
  const about: About = { at, cutOff, pieces };
  return { target, about: JSON.stringify(about), parts: [...before, buf.slice(0, length)], own: true };
}

/** Tried with bytes of two kinds beside it, and all that is said is measured. */
function closely(decoder: Decoder, input: Input): number {
  const about = JSON.parse(input.about) as About; // written by `inputOf`
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
