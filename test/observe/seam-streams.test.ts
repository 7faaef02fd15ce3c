/**
 * Slices cut anywhere in a TCP connection say what the whole says: messages of real programs (the decoders' fixtures), and
 * what a cut makes hard: first bytes in the SYN, first bytes that are missing, clocks that stand still, packets seen twice.
 */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";
import { frameOfBytes, numbered, START_SEC, tcpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { ethernet, ipv4, u32 } from "../support/packets.ts";
import { connection, type Line } from "../support/talk.ts";

const CLIENT = "10.0.0.5:41234";
const SERVER = "10.0.0.9:42321";
const REQUEST = ascii("GET /status HTTP/1.1\r\nHost: rollout.example\r\n\r\n");
const RESPONSE = ascii("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

/** What was not told at some cut; empty where every slice, merged with the other, says what the whole says. */
function differences(frames: readonly Frame[], anyOrder = true): string[] {
  const whole = JSON.stringify(told(observe(frames)));
  const found: string[] = [];
  for (let cut = 1; cut < frames.length; cut++) {
    const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
    for (const order of anyOrder ? [parts, [...parts].reverse()] : [parts]) {
      const merged = JSON.stringify(told(mergeObservations(order, DECODERS)));
      if (merged !== whole) found.push(`cut before frame ${cut + 1}:\n${merged}\ninstead of\n${whole}`);
    }
  }
  return found;
}

/** Both directions of a file's fixtures in segments of so many bytes, in turns. */
function lines(messages: readonly Fixture[], size: number): Line[] {
  const port = messages[0]!.at.receiverPort;
  const sides = ([">", "<"] as const).map((side) => {
    const mine = messages.filter(({ at }) => (at.receiverPort === port) === (side === ">"));
    const data = concat(mine.map(({ bytes }) => bytes));
    const pieces: Line[] = [];
    for (let from = 0; from < data.length; from += size) pieces.push([side, data.subarray(from, from + size)]);
    return pieces;
  });
  const [up, down] = [sides[0]!, sides[1]!];
  return Array.from({ length: Math.max(up.length, down.length) }, (_, i) => [up[i], down[i]])
    .flat()
    .filter((line) => line !== undefined);
}

for (const { id } of DECODERS) {
  const streams = fixturesOf(id).filter(({ at, cutOff }) => at.transport === "tcp" && at.fromStart && cutOff === 0);
  for (const file of new Set(streams.map((fixture) => fixture.file))) {
    test(`${file}: every single cut`, (t) => {
      const messages = streams.filter((fixture) => fixture.file === file).slice(0, 2);
      for (const size of [1_460, 150]) {
        const frames = numbered(connection(CLIENT, SERVER, 0, lines(messages, size).slice(0, 20)));
        t.deepEqual(differences(frames).slice(0, 1), [], `segments of ${size} bytes`);
      }
    });
  }
}

test("the first bytes in the SYN (fast open)", (t) => {
  const from = { from: CLIENT, to: SERVER };
  const back = { from: SERVER, to: CLIENT };
  const [first, rest] = [REQUEST.subarray(0, 20), REQUEST.subarray(20)];
  const frames = [
    tcpFrame({ ...from, flags: "S", seq: 1000, data: first, ms: 0 }),
    tcpFrame({ ...back, flags: "SA", seq: 5000, ack: 1021, ms: 1 }),
    tcpFrame({ ...from, flags: "PA", seq: 1021, ack: 5001, data: rest.subarray(0, 8), ms: 2 }),
    tcpFrame({ ...from, flags: "PA", seq: 1029, ack: 5001, data: rest.subarray(8), ms: 3 }),
    tcpFrame({ ...back, flags: "PA", seq: 5001, ack: 1001 + REQUEST.length, data: RESPONSE, ms: 4 }),
  ];
  t.true(JSON.stringify(told(observe(numbered(frames)))).includes("rollout.example"));
  t.deepEqual(differences(frames), []);
});

test("first bytes that nobody captured", (t) => {
  const talk = connection(CLIENT, SERVER, 0, [
    [">", ascii("lost")],
    [">", REQUEST],
    ["<", RESPONSE],
  ]);
  t.deepEqual(differences(numbered(talk.filter((_, i) => i !== 3))), []);
  t.deepEqual(differences(numbered(talk.filter((_, i) => i !== 3 && i !== 0))), []);
});

test("a handshake whose answer is sent again behind the first words", (t) => {
  const talk = connection(CLIENT, SERVER, 0, [
    [">", REQUEST],
    ["<", RESPONSE],
  ]);
  const again = tcpFrame({ from: SERVER, to: CLIENT, flags: "SA", seq: 5000, ack: 1001, ms: 10 });
  const words = tcpFrame({ from: CLIENT, to: SERVER, flags: "PA", seq: 1001, ack: 5001, data: REQUEST, ms: 11 });
  const late = talk.slice(4).map((frame) => Object.assign(frame, { nsec: frame.nsec + 20_000_000 }));
  t.deepEqual(differences(numbered([...talk.slice(0, 4), again, words, ...late])), []);
});

test("a whole connection that another path shows once more, later than copies come", (t) => {
  const talk = connection(CLIENT, SERVER, 0, [
    [">", REQUEST],
    ["<", RESPONSE],
  ]);
  const again = (ms: number, flags: string, seq: number, data?: Uint8Array): Frame =>
    tcpFrame({ from: CLIENT, to: SERVER, flags, seq, ack: 5001, ms, ...(data && { data }) });
  const late = talk.slice(4).map((frame) => Object.assign(frame, { nsec: frame.nsec + 80_000_000 }));
  const repeated = [again(50, "S", 1000), again(51, "A", 1001), again(52, "PA", 1001, REQUEST)];
  t.deepEqual(differences(numbered([...talk.slice(0, 4), ...repeated, ...late])), []);
});

test("a clock that stands still", (t) => {
  const messages = fixturesOf("dnp3").filter(({ at }) => at.transport === "tcp");
  const frames = numbered(connection(CLIENT, SERVER, 0, lines(messages.slice(0, 2), 40)));
  for (const frame of frames) frame.nsec = 0;
  t.deepEqual(differences(frames, false), []); // which slice is the first, nobody can tell but whoever gives them
});

test("packets that the capture holds twice, on one path and on two", (t) => {
  const talk = connection(CLIENT, SERVER, 0, [
    [">", REQUEST],
    ["<", RESPONSE],
    [">", "FA"],
    ["<", "FA"],
  ]);
  const twice = talk.flatMap((frame) => [frame, later(frame, 400)]);
  t.deepEqual(differences(numbered(twice)), []);
  const other = talk.flatMap((frame) => {
    const copy = later(frame, 400);
    copy.buf[5] = 9; // another receiver on the link
    return [frame, copy];
  });
  t.deepEqual(differences(numbered(other)), []);
});

test("packets of a protocol without checksums are copies where their bytes are equal, and no others", (t) => {
  const esp = (sequence: number, ms: number): Frame =>
    frameOfBytes(ethernet(0x0800, ipv4(50, concat([u32(0x1234), u32(sequence)]), { id: 1 })), ms);
  const frames = [esp(1, 0), esp(2, 1), esp(3, 2), later(esp(3, 2), 500), esp(4, 3), later(esp(4, 3), 500)];
  const [conversation] = told(observe(numbered(frames))).conversations as [{ packets: number }];
  t.is(conversation.packets, 6, "repeats on one path, and nothing else shows copying");
  t.deepEqual(differences(frames), []);
});

test("a clock that is beyond 2038", (t) => {
  const frames = numbered(
    connection(CLIENT, SERVER, 0, [
      [">", REQUEST],
      ["<", RESPONSE],
    ]),
  );
  for (const frame of frames) frame.sec = 3_370_564_299;
  const [conversation] = told(observe(frames)).conversations as [
    { flows: number; first_seen: string; packets: number },
  ];
  t.is(conversation.flows, 1);
  t.is(conversation.packets, frames.length);
  t.true(conversation.first_seen.startsWith("2076-10-22"));
  t.deepEqual(differences(frames), []);
});

/** The same packet again, so many microseconds later. */
function later(frame: Frame, usec: number): Frame {
  const again = frameOfBytes(frame.buf.slice(), 0);
  again.sec = START_SEC;
  again.nsec = frame.nsec + usec * 1_000;
  return again;
}
