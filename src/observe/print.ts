/**
 * A print of all that a conversation is judged by in its own flows: equal as long as none of it has changed. 64 bits under a
 * secret of this process, so that nobody can make packets that leave it as it was.
 */
import { randomInt } from "node:crypto";
import { addressKey, tripUsOf } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import * as C from "./conversations.ts";

const SECRET = [randomInt(2 ** 32), randomInt(2 ** 32)] as const;

export class ConversationPrint {
  /** Of the conversation last taken. */
  high = 0;
  low = 0;

  take(all: C.Conversations, conversation: number): void {
    this.high = SECRET[0] | 0;
    this.low = SECRET[1] | 0;
    this.#word(conversation);
    const row = all.rows(conversation);
    const at = all.at(conversation);
    // A name's number depends on the names before it; what it is stands in the flows.
    for (let i = C.C_INITIATOR; i <= C.C_OUTCOME; i++) if (i !== C.C_NAME) this.#word(row[at + i]!);
    for (const flow of all.flowsOf(conversation)) {
      this.#flow(all, flow);
      const fold = all.folds.get(flow);
      if (fold !== undefined) {
        this.#word(fold.sighting.frame);
        this.#flow(all, fold.into);
      }
      const session = all.hiddenChannels.get(flow);
      if (session !== undefined) this.#flow(all, session);
      for (const answer of all.answeredBy.get(flow) ?? NONE) this.#flow(all, answer);
    }
  }

  #flow(all: C.Conversations, flow: number): void {
    const { flows, identified, ends } = all.seen;
    const row = flows.table.rows(flow);
    const at = flows.table.at(flow);
    this.#word(flow);
    for (let i = 0; i < R.HALF; i++) {
      this.#word(row[at + i]!);
      this.#word(row[at + R.FIRST + i]!); // the cold half begins with it
    }
    this.#word(flows.weights.get(flow) ?? 0);
    for (const quote of all.quoted.get(flow) ?? NONE) this.#word(quote);
    const reset = all.resets.get(flow);
    if (reset !== undefined) {
      // Whether it came from the far end is told by how far away that end's own answers come from.
      this.#word((reset.ttl << 1) | reset.dir);
      this.#word(reset.sinceUs ?? 0);
      for (const end of [R.LOW, R.HIGH]) {
        const answers = flows.distances.answers.get(addressKey(row[at + R.META]!, row[at + end]!)) ?? 0;
        this.#word(answers);
        this.#word(tripUsOf(answers));
      }
    }
    if ((row[at + R.STATE]! & R.S_REPEAT) !== 0) {
      for (const dir of [0, 1]) {
        const repeats = flows.repeatsOf.get(flow * 2 + dir);
        this.#word(repeats?.packets ?? 0);
        this.#word(repeats?.bytes ?? 0);
      }
    }
    const index = row[at + R.DETAIL]! - 1;
    if (index < 0) return;
    const detail = identified.details[index]!;
    this.#word(detail.sightings.length);
    this.#word(detail.dropped);
    this.#word(detail.undecoded);
    this.#word(detail.cut === null ? 0 : 1);
    this.#word((detail.shared ? 1 : 0) | (ends?.has(flow) === true ? 2 : 0));
    for (const stream of detail.streams) {
      this.#word(stream === null ? -1 : stream.length);
      this.#word(stream === null ? -1 : stream.pending.length);
      this.#word(stream === null ? -1 : stream.lost);
    }
  }

  /** Two murmur-like hashes, as for a conversation's id. */
  #word(word: number): void {
    this.high = Math.imul(this.high ^ word ^ (this.high >>> 15), 0x85ebca6b);
    this.low = Math.imul(this.low ^ Math.imul(word, 0xc2b2ae35) ^ (this.low >>> 13), 0x27d4eb2f);
  }
}

const NONE: readonly number[] = [];
