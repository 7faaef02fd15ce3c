/**
 * Slices cut anywhere in a conversation of datagrams say what the whole says: messages of real programs (the decoders'
 * fixtures), those among them that only several datagrams prove, hellos in several datagrams, and datagrams in fragments.
 */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";
import { fragments, frameOfBytes, icmpFrame, numbered, START_SEC, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { bytes, u16 } from "../support/packets.ts";
import { dnsAnswer, dnsQuery } from "../support/talk.ts";

/** The messages of one file between two hosts, in order: who sends from the port that sent first is the first host. */
function talk(messages: readonly Fixture[]): Frame[] {
  const first = messages[0]!.at.senderPort;
  return numbered(
    messages.map(({ at, bytes: data }, i) => {
      const [from, to] = at.senderPort === first ? ["10.0.0.5", "10.0.0.9"] : ["10.0.0.9", "10.0.0.5"];
      return udpFrame({ from: `${from}:${at.senderPort}`, to: `${to}:${at.receiverPort}`, ms: i * 20, data });
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

test("what comes behind datagrams of nobody's is as unknown as in the whole, wherever it is cut", (t) => {
  const media = fixturesOf("rtp").slice(0, 3);
  for (const strangers of [3, 4, 5, 6, 9]) {
    const noise = Array.from({ length: strangers }, () => ascii("noise"));
    const frames = [...noise, ...media.map(({ bytes }) => bytes)].flatMap((data, i) => [
      udpFrame({ from: "10.0.0.5:40010", to: "10.0.0.9:40020", ms: i * 20, data }),
      udpFrame({ from: "10.0.0.9:40020", to: "10.0.0.5:40010", ms: i * 20 + 9, data: ascii("other noise") }),
    ]);
    numbered(frames);
    const whole = told(observe(frames));
    t.is(JSON.stringify(whole).includes('"rtp"'), strangers < 5, `${strangers} strangers`);
    for (let cut = 1; cut < frames.length; cut++) {
      const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
      t.deepEqual(told(mergeObservations(parts, DECODERS)), whole, `${strangers} strangers, cut before ${cut + 1}`);
    }
  }
});

test("a message that nobody reads counts as unread, though the cut hid what the flow is", (t) => {
  const [hello] = fixturesOf("bacnet").filter(({ at }) => at.transport === "udp");
  const say = (data: Uint8Array, ms: number): Frame =>
    udpFrame({ from: "10.0.0.5:47808", to: "10.0.0.9:47808", ms, data });
  const frames = numbered(
    [hello!.bytes, ascii("noise"), ascii("noise"), hello!.bytes].map((data, i) => say(data, i * 20)),
  );
  const unread = (seen: Observation): number => seen.identified.details.reduce((sum, one) => sum + one.undecoded, 0);
  t.is(unread(observe(frames)), 2);
  for (let cut = 1; cut < frames.length; cut++) {
    const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
    t.is(unread(mergeObservations(parts, DECODERS)), 2, `cut before frame ${cut + 1}`);
  }
});

/** In the order given, 20 ms apart. */
function inTime(frames: readonly Frame[]): Frame[] {
  frames.forEach((frame, i) => {
    frame.sec = START_SEC;
    frame.nsec = i * 20_000_000;
  });
  return numbered(frames);
}

const NAME = `${"long.".repeat(12)}example.com`;
const records = Array.from({ length: 12 }, (_, i) => ({ name: NAME, type: "A" as const, data: `192.0.2.${i + 1}` }));
const question = (v6 = false): Frame => {
  const [from, to] = v6 ? ["[2001:db8::5]:40000", "[2001:db8::53]:53"] : ["10.0.0.5:40000", "10.0.0.53:53"];
  return udpFrame({ from, to, data: dnsQuery(NAME, { id: 7 }) });
};
const answer = (v6 = false): Frame[] => {
  const [from, to] = v6 ? ["[2001:db8::53]:53", "[2001:db8::5]:40000"] : ["10.0.0.53:53", "10.0.0.5:40000"];
  return fragments(udpFrame({ from, to, data: dnsAnswer(NAME, records, { id: 7 }) }), 160, 77);
};
const echo = (from: string, to: string, type: number): Frame =>
  icmpFrame({ from, to, type, data: new Uint8Array(300).fill(0x61) });
const segment = (): Frame[] => {
  const ends = { from: "10.0.0.5:40001", to: "10.0.0.9:80" };
  const back = { from: ends.to, to: ends.from };
  const get = ascii(`GET /status HTTP/1.1\r\nHost: gw7.rollout.example\r\nX-Filler: ${"x".repeat(300)}\r\n\r\n`);
  return [
    tcpFrame({ ...ends, flags: "S", seq: 100 }),
    tcpFrame({ ...back, flags: "SA", seq: 500, ack: 101 }),
    tcpFrame({ ...ends, seq: 101, ack: 501 }),
    ...fragments(tcpFrame({ ...ends, flags: "PA", seq: 101, ack: 501, data: get }), 128, 9),
    tcpFrame({ ...back, seq: 501, ack: 101 + get.length }),
  ];
};
/** An outer packet of GRE, in fragments, with one of IP inside. */
const tunnelled = (inner: Frame): Frame[] => {
  const outer = udpFrame({ from: "192.0.2.1:1", to: "192.0.2.2:1" }).buf.slice(0, 34);
  const packet = concat([bytes(0, 0), u16(0x0800), inner.buf.subarray(14)]);
  outer[23] = 47;
  return fragments(frameOfBytes(concat([outer, packet]), 0), 200, 5);
};

const FRAGMENTED: Record<string, () => Frame[]> = {
  "an answer": () => [question(), ...answer()],
  "an answer, the last fragment first": () => [question(), ...answer().reverse()],
  "an answer, its middle last": () => {
    const [first, ...others] = answer();
    return [question(), ...others.slice(1), first!, others[0]!];
  },
  "an answer, and its flow goes on amid it": () => {
    const [first, second, ...others] = answer();
    return [question(), first!, question(), second!, udpFrame({ from: "10.0.0.5:9", to: "10.0.0.6:9" }), ...others];
  },
  "an answer without one of its fragments": () => [question(), ...answer().filter((_, i) => i !== 1), question()],
  "an answer without its first fragment": () => [question(), ...answer().slice(1), question()],
  "a fragment that overlaps, and one that comes twice": () => {
    const [first, second, third, ...others] = answer();
    const longer = frameOfBytes(concat([second!.buf, new Uint8Array(16)]), 0);
    longer.buf.set(u16(20 + 176), 16);
    return [question(), first!, second!, longer, frameOfBytes(third!.buf, 0), third!, ...others];
  },
  "an answer over IPv6": () => [question(true), ...answer(true)],
  "both ways of an echo": () => [
    ...fragments(echo("10.0.0.5", "10.0.0.9", 8), 128, 3),
    ...fragments(echo("10.0.0.9", "10.0.0.5", 0), 128, 4),
  ],
  "a request over TCP": segment,
  "a tunnel's packets": () => [...tunnelled(question()), ...tunnelled(answer()[0]!), ...answer().slice(1)],
};

for (const [what, scene] of Object.entries(FRAGMENTED)) {
  const counts = (seen: Observation): unknown => ({
    ...told(seen),
    fragments: [seen.fragmentsIncomplete, seen.fragmentOverlaps, seen.notPackets.get("fragment") ?? 0],
  });
  test(`in fragments: ${what}`, async (t) => {
    const frames = inTime(scene());
    const whole = counts(observe(frames));
    for (let cut = 1; cut < frames.length; cut++) {
      const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
      t.deepEqual(counts(mergeObservations(parts, DECODERS)), whole, `cut before frame ${cut + 1}`);
    }
    const [first, ...single] = frames.map((frame) => observe([frame]));
    t.deepEqual(counts(mergeObservations([first!, ...single], DECODERS)), whole, "a slice for each frame");
    const stored: Observation[] = [];
    for (const one of [first!, ...single]) stored.push(await decodeObservation([...encodeObservation(one)], DECODERS));
    const pairs = stored.reduce((all, one) => mergeObservations([all, one], DECODERS));
    t.deepEqual(counts(pairs), whole, "stored, and merged one by one");
  });
}
