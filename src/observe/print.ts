/**
 * Prints of all that a conversation is judged by in its own flows: equal as long as none of it has changed, whatever number
 * its flows have by then. Two of them, because most packets of a connection change nothing but counts:
 *
 *     steady    ends, states, first packets, what was said, what is unfinished, ICMP errors, answers from elsewhere
 *     passing   packets, bytes, last times, sequence numbers, bursts
 *
 * 64 bits each under a secret of this process, so that nobody can make packets that leave them as they were.
 */
import { secretWord } from "../builtins.ts";
import { TCP } from "../dissect/packet.ts";
import { addressKey, tripUsOf } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import * as C from "./conversations.ts";

/** Made when the first print is. */
let secret: Int32Array | null = null;

export class ConversationPrint {
  /** Of the conversation last taken. */
  steadyHigh = 0;
  steadyLow = 0;
  passingHigh = 0;
  passingLow = 0;
  /** Where counts may say more than that, they are steady too: answers from elsewhere, tallies, what waits behind a hole. */
  #whole = false;

  take(all: C.Conversations, conversation: number): void {
    secret ??= Int32Array.from({ length: 4 }, secretWord);
    this.steadyHigh = secret[0]!;
    this.steadyLow = secret[1]!;
    this.passingHigh = secret[2]!;
    this.passingLow = secret[3]!;
    const row = all.rows(conversation);
    const at = all.at(conversation);
    // Of very many flows some stand for others, by their counts too.
    this.#whole = row[at + C.C_FLOWS]! > LIMITS.conversationFlows;
    const meta = row[at + C.C_META]!;
    this.#steady(meta);
    this.#steady(row[at + C.C_PORT_APP]!);
    this.#address(all, meta, row[at + C.C_INITIATOR]!);
    this.#address(all, meta, row[at + C.C_RESPONDER]!);
    this.#steady(row[at + C.C_FLOWS]!);
    this.#steady(row[at + C.C_OUTCOME]!);
    this.#steady(row[at + C.C_FIRST]!);
    this.#steady(row[at + C.C_FIRST + 1]!);
    this.#passing(row[at + C.C_PACKETS]!);
    for (let i = C.C_BYTES; i < C.C_FIRST; i++) this.#passing(row[at + i]!);
    for (let i = C.C_LAST; i < C.C_OUTCOME; i++) this.#passing(row[at + i]!);
    for (const flow of all.flowsOf(conversation)) {
      const fold = all.folds.get(flow) ?? all.answersTo.get(flow);
      const heard = all.heard.get(flow)?.map((answer) => answer.flow) ?? NONE;
      const folded = all.answeredBy.get(flow) ?? NONE;
      const answers = heard.length + folded.length === 0 ? undefined : [...folded, ...heard];
      const session = all.hiddenChannels.get(flow);
      if (fold !== undefined || answers !== undefined || session !== undefined) {
        this.#whole = true;
        this.#steady(flow); // the judgement names its flow, and others
      }
      this.#flow(all, flow);
      if (fold !== undefined) {
        this.#steady(fold.sighting.frame);
        this.#steady(fold.into);
        this.#flow(all, fold.into);
      }
      for (const answer of answers ?? NONE) {
        this.#steady(answer);
        this.#flow(all, answer);
      }
      if (session !== undefined) {
        this.#steady(session);
        this.#flow(all, session);
      }
    }
  }

  #flow(all: C.Conversations, flow: number): void {
    const { flows, identified, ends } = all.seen;
    const row = flows.table.rows(flow);
    const at = flows.table.at(flow);
    const index = row[at + R.DETAIL]! - 1;
    const detail = index < 0 ? null : identified.details[index]!;
    const ended = ends?.has(flow) === true;
    this.#whole ||= ended || (detail !== null && detail.operations !== null) || mayBeMute(all, row[at + R.STATE]!);
    this.#row(all, row, at);
    this.#steady(flows.weights.get(flow) ?? 0);
    for (const index of all.quoted.get(flow) ?? NONE) {
      const quote = flows.quotes[index]!;
      this.#steady(quote.frame);
      this.#steady(quote.capture);
    }
    const reset = all.resets.get(flow);
    if (reset !== undefined) {
      // Whether it came from the far end is told by how far away that end's own answers come from.
      this.#steady((reset.ttl << 1) | reset.dir);
      this.#steady(reset.sinceUs ?? 0);
      for (const end of [R.LOW, R.HIGH]) {
        const answers = flows.distances.answers.get(addressKey(row[at + R.META]!, row[at + end]!)) ?? 0;
        this.#steady(answers);
        this.#steady(tripUsOf(answers));
      }
    }
    if ((row[at + R.STATE]! & R.S_REPEAT) !== 0) {
      for (const dir of [0, 1]) {
        const repeats = flows.repeatsOf.get(flow * 2 + dir);
        this.#passing(repeats?.packets ?? 0);
        this.#passing(repeats?.bytes ?? 0);
      }
    }
    if (detail === null) return;
    this.#steady(detail.sightings.length);
    this.#steady(detail.dropped);
    this.#steady(detail.undecoded);
    this.#steady(detail.cut === null ? 0 : 1);
    this.#steady((detail.shared ? 1 : 0) | (ended ? 2 : 0));
    for (const dir of [0, 1] as const) {
      const stream = detail.streams[dir];
      if (stream === null) {
        this.#steady(-1);
        continue;
      }
      this.#steady((stream.length > 0 ? 1 : 0) | (stream.pending.length > 0 ? 2 : 0) | (stream.cutOff > 0 ? 4 : 0));
      this.#steady((stream.next - row[at + R.NEXT + dir]!) | 0); // whether all that was sent was read
      this.#steady(stream.lost);
      this.#passing(stream.length);
      this.#passing(stream.pending.length);
    }
  }

  #row(all: C.Conversations, row: Int32Array, at: number): void {
    const meta = row[at + R.META]!;
    const isTcp = (meta & 0xff) === TCP;
    this.#steady(meta);
    this.#address(all, meta, row[at + R.LOW]!);
    this.#address(all, meta, row[at + R.HIGH]!);
    this.#steady(row[at + R.PORTS]!);
    this.#steady(row[at + R.STATE]!);
    this.#steady((row[at + R.PACKETS]! > 0 ? 1 : 0) | (row[at + R.PACKETS + 1]! > 0 ? 2 : 0));
    for (let i = R.PACKETS; i < R.HALF; i++) this.#passing(row[at + i]!);
    this.#passing(row[at + R.BYTES_HIGH]!);
    for (let i = R.FIRST; i <= R.BORN; i++) {
      if (i === R.BYTES_HIGH || i === R.DETAIL || i === R.TRIES) continue;
      if (isTcp || (i !== R.BURSTS && i !== R.BURSTS + 1)) this.#steady(row[at + i]!);
      else this.#passing(row[at + i]!);
    }
    // Of tries only that there were any; where they are not counted, the word is a frame.
    const tries = row[at + R.TRIES]!;
    this.#steady(isTcp && (row[at + R.STATE]! & R.S_MIDSTREAM) === 0 ? tries : tries === 0 ? 0 : 1);
    if (isTcp) {
      // Whether it was closed without a byte between SYN and FIN is told by these alone.
      for (const dir of [0, 1]) this.#steady(((row[at + R.NEXT + dir]! - row[at + R.START + dir]!) | 0) === 2 ? 1 : 0);
    }
  }

  /** What it is, not the number that it has. */
  #address(all: C.Conversations, meta: number, word: number): void {
    if (((meta >>> 8) & 0xff) === 4) this.#steady(word);
    else for (let i = 0; i < 4; i++) this.#steady(all.seen.flows.ipv6.word(word, i));
  }

  /** Two murmur-like hashes, as for a conversation's id. */
  #steady(word: number): void {
    this.steadyHigh = Math.imul(this.steadyHigh ^ word ^ (this.steadyHigh >>> 15), 0x85ebca6b);
    this.steadyLow = Math.imul(this.steadyLow ^ Math.imul(word, 0xc2b2ae35) ^ (this.steadyLow >>> 13), 0x27d4eb2f);
  }

  #passing(word: number): void {
    if (this.#whole) this.#steady(word);
    this.passingHigh = Math.imul(this.passingHigh ^ word ^ (this.passingHigh >>> 15), 0x85ebca6b);
    this.passingLow = Math.imul(this.passingLow ^ Math.imul(word, 0xc2b2ae35) ^ (this.passingLow >>> 13), 0x27d4eb2f);
  }
}

const NONE: readonly number[] = [];

/** TLS of which the server said nothing: how often its client sent its hello tells whether something drops it. */
function mayBeMute({ seen }: C.Conversations, state: number): boolean {
  const [low, high] = [R.S_DATA, R.S_DATA << 1];
  return ((state & low) === 0 || (state & high) === 0) && seen.decoders[(state >>> R.APP_SHIFT) - 1]?.id === "tls";
}
