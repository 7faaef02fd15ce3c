/**
 * Slices cut anywhere in a conversation of datagrams say what the whole says: messages of real programs (the decoders'
 * fixtures), those among them that only several datagrams prove, and hellos in several datagrams.
 */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";
import { numbered, udpFrame } from "../support/frames.ts";
import { observe, told } from "../support/observe.ts";

/** The messages of one file between two hosts, in order: who sends from the port that sent first is the first host. */
function talk(messages: readonly Fixture[]): Frame[] {
  const first = messages[0]!.at.senderPort;
  return numbered(
    messages.map(({ at, bytes }, i) => {
      const [from, to] = at.senderPort === first ? ["10.0.0.5", "10.0.0.9"] : ["10.0.0.9", "10.0.0.5"];
      return udpFrame({ from: `${from}:${at.senderPort}`, to: `${to}:${at.receiverPort}`, ms: i * 20, data: bytes });
    }),
  );
}

for (const { id } of DECODERS) {
  const datagrams = fixturesOf(id).filter(({ at, cutOff }) => at.transport === "udp" && cutOff === 0);
  for (const file of new Set(datagrams.map((fixture) => fixture.file))) {
    test(`${file}: every single cut`, (t) => {
      const frames = talk(datagrams.filter((fixture) => fixture.file === file)).slice(0, 24);
      const whole = told(observe(frames));
      t.true(whole.conversations.length > 0);
      for (let cut = 1; cut < frames.length; cut++) {
        const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
        t.deepEqual(told(mergeObservations(parts, DECODERS)), whole, `cut before frame ${cut + 1}`);
      }
    });
  }
}
