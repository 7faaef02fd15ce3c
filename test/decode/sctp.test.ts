/** SCTP on IP, from frames to conversations: chunks name the flow, data settle it, strangers stay unknown. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { SCTP } from "../../src/dissect/packet.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { frameOfBytes, numbered } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { ethernet, ipv4, u16, u32 } from "../support/packets.ts";

/** One packet between the fixtures' ports; the client is the lower address. */
function packet(chunks: Uint8Array, client: boolean, ms: number): Frame {
  const [from, to] = client ? [32_905, 2_905] : [2_905, 32_905];
  const whole = concat([u16(from), u16(to), u32(7), u32(0), chunks]);
  const [src, dst]: [string, string] = client ? ["10.20.0.1", "10.20.0.2"] : ["10.20.0.2", "10.20.0.1"];
  return frameOfBytes(ethernet(0x0800, ipv4(SCTP, whole, { src, dst })), ms);
}
const FIXTURES = fixturesOf("sctp").filter(({ at }) => at.transport === "sctp");
const FRAMES = numbered(FIXTURES.map(({ at, bytes }, i) => packet(bytes, at.receiverPort === 2_905, i * 10)));

test("an association is a conversation of transport sctp, opened by INIT, with what it carries inside", (t) => {
  const { conversations } = told(observe(FRAMES));
  t.is(conversations.length, 1);
  t.like(conversations[0], { transport: "sctp", app: "sctp", port: 2_905 });
  t.is(FRAMES.length, FIXTURES.length);
});

test("cut in two anywhere it is the same", (t) => {
  const whole = told(observe(FRAMES));
  for (let cut = 1; cut < FRAMES.length; cut++) {
    const parts = [FRAMES.slice(0, cut), FRAMES.slice(cut)].map((frames) => observe(frames));
    t.deepEqual(told(mergeObservations(parts, DECODERS)), whole, `before frame ${cut + 1}`);
  }
});

test("what holds no chunks is counted and claimed by nobody", (t) => {
  const strange = packet(new Uint8Array(16).fill(0x41), true, 0);
  const { conversations } = told(observe(numbered([strange])));
  t.like(conversations[0], { transport: "sctp", app: null });
});
