/** What network cards do for their hosts is told by sender, and read whatever it is. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { qualityOf } from "../../src/observe/quality.ts";
import { numbered, udpFrame } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { sum16, u16, u32 } from "../support/packets.ts";
import { dnsAnswer, dnsQuery } from "../support/talk.ts";

const CHECKSUM = 40;
const HOST = "10.0.0.5";

const question = (i: number, from = HOST): Frame =>
  udpFrame({
    from: `${from}:${40_000 + i}`,
    to: "10.0.0.53:53",
    data: dnsQuery("example.com", { id: i }),
    ms: i * 100,
  });
/** An answer of so many records. */
const answer = (i: number, records: number): Frame => {
  const all = Array.from({ length: records }, (_, n) => ({
    name: "example.com",
    type: "A" as const,
    data: `192.0.2.${n % 250}`,
  }));
  const data = dnsAnswer("example.com", all, { id: i });
  return udpFrame({ from: "10.0.0.53:53", to: `${HOST}:${40_000 + i}`, data, ms: i * 100 + 1 });
};

/** As a sender leaves it that has a network card for it: the pseudo header's sum alone. */
function left(frame: Frame): Frame {
  const { buf } = frame;
  const length = buf.length - 34;
  frame.buf.set(u16(~sum16(concat([buf.subarray(26, 34), u32(17), u32(length)])) & 0xffff), CHECKSUM);
  return frame;
}
function wrong(frame: Frame): Frame {
  frame.buf[CHECKSUM]! ^= 0x55;
  return frame;
}

function told(seen: Observation): Record<string, unknown> {
  const all = atEnd(seen);
  const quality = qualityOf(all, new Conversations(all));
  const names = /^(?:offload_senders|bad_checksum|large|offload_checksums)/;
  return Object.fromEntries(Object.entries(quality).filter(([name, value]) => names.test(name) && value !== 0));
}

const series = (make: (i: number) => Frame): Frame[] => Array.from({ length: 4 }, (_, i) => make(i));

test("one host's checksums are left to its card, the other's are whole: it is named", (t) => {
  const seen = observe(numbered([...series((i) => left(question(i))), ...series((i) => answer(i, 2))]));
  t.deepEqual(told(seen), { offload_checksums: 4, offload_senders: HOST });
  t.is(
    seen.identified.details.flatMap(({ sightings }) => sightings).some(({ fact }) => fact.kind === "query"),
    true,
  );
});

test("wrong ones are told apart from those, and one or two are nobody's habit", (t) => {
  t.deepEqual(told(observe(numbered(series((i) => wrong(question(i)))))), {
    bad_checksums: 4,
    bad_checksum_senders: HOST,
  });
  t.deepEqual(told(observe(numbered([wrong(question(1)), wrong(question(2)), question(3)]))), { bad_checksums: 2 });
  t.deepEqual(told(observe(numbered(series(question)))), {});
});

test("packets larger than Ethernet carries, by who sent them", (t) => {
  const large = answer(7, 100);
  t.true(large.buf.length > 1514);
  const size = large.buf.length - 14;
  t.deepEqual(told(observe(numbered([...series(question), ...series((i) => answer(i, 2)), large]))), {
    large_segments: 1,
    largest_segment: size,
    large_segment_senders: "10.0.0.53",
  });
});

test("slices, merged, and a database say the same", async (t) => {
  const frames = numbered([
    ...series((i) => left(question(i))),
    answer(7, 100),
    ...series((i) => wrong(question(i, "10.0.0.6"))),
  ]);
  const whole = observe(frames);
  const expected = told(whole);
  t.deepEqual(expected.offload_senders, HOST);
  t.deepEqual(told(await decodeObservation(encodeObservation(whole), DECODERS)), expected);
  for (const cut of [2, 5, 7]) {
    const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
    t.deepEqual(told(mergeObservations(parts, DECODERS)), expected, `cut before frame ${cut + 1}`);
  }
});
