import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { LIMITS } from "../../src/limits.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { FlowView } from "../../src/observe/flow-view.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { flowLines } from "../support/flows.ts";
import { numbered, tcpFrame } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { u16 } from "../support/packets.ts";
import { clientHello, dnsQuery } from "../support/talk.ts";

const A = "10.0.0.1:40000";

/** A connection whose client sends these bytes, each at an offset of the stream. */
function client(port: number, pieces: readonly [at: number, data: Uint8Array][]): Frame[] {
  const to = `10.0.0.2:${port}`;
  return numbered([
    tcpFrame({ from: A, to, flags: "S", seq: 1000, ms: 0 }),
    tcpFrame({ from: to, to: A, flags: "SA", seq: 1, ack: 1001, ms: 1 }),
    ...pieces.map(([at, data], i) => tcpFrame({ from: A, to, flags: "PA", seq: 1001 + at, ack: 2, ms: 10 + i, data })),
  ]);
}

/** DNS questions, 100 bytes from one's start to the next one's. */
const questions = (from: number, to: number): [number, Uint8Array][] =>
  Array.from({ length: to - from }, (_, i) => {
    const query = dnsQuery(`host${from + i}.example`, { id: from + i });
    return [(from + i) * 100, concat([u16(query.length), query])];
  });

function asked(seen: Observation): number[] {
  const sightings = new FlowView(seen).move(0).detail?.sightings ?? [];
  return sightings.flatMap(({ fact }) => (fact.kind === "query" ? [fact.id] : []));
}

const record = (type: number, length: number): Uint8Array =>
  concat([Uint8Array.of(type, 3, 3, length >> 8, length & 255), new Uint8Array(length).fill(0x5a)]);

test("what waits behind a hole is read where nothing more comes, and the observation stays as it was", (t) => {
  const seen = observe(client(53, questions(0, 10)));
  t.deepEqual(asked(seen), [0]);
  t.deepEqual(asked(atEnd(seen)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.deepEqual(asked(seen), [0]);
  t.deepEqual(asked(atEnd(seen)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("it can still be joined to what fills the hole", (t) => {
  const hello = clientHello("www.example.com");
  const frames = client(443, [
    [0, hello.slice(0, 20)],
    [60, hello.slice(60)],
    [20, hello.slice(20, 60)],
  ]);
  const parts = [observe(frames.slice(0, 4)), observe(frames.slice(4))] as const;
  for (const part of parts) atEnd(part);
  const merged = atEnd(mergeObservations(parts, DECODERS));
  const names = new FlowView(merged)
    .move(0)
    .detail!.sightings.flatMap(({ fact }) => (fact.kind === "name" ? [fact.name] : []));
  t.deepEqual(names, ["www.example.com"]);
});

test("an observation in which nothing waits is judged as it is", (t) => {
  const seen = observe(client(53, questions(0, 1)));
  const { said, ...same } = atEnd(seen);
  t.deepEqual(same, seen);
  t.deepEqual([...said!.flows], [0]);
});

test("where a connection's first bytes were lost, the rest is read as if joined amid it", (t) => {
  const behind: [number, Uint8Array][] = [
    [300, record(22, 60)],
    [365, record(23, 200)],
  ];
  const seen = observe(client(40_404, behind));
  t.regex(flowLines(seen)[0]!, / 3\/1$/);
  t.regex(flowLines(atEnd(seen))[0]!, / 3\/1 tls$/);
  const noise = observe(client(40_404, [[300, new Uint8Array(100).fill(0x55)]]));
  t.regex(flowLines(atEnd(noise))[0]!, / 2\/1$/);
});

test("a beginning that is lost for good is not waited for until the end", (t) => {
  const late = Array.from({ length: LIMITS.pendingSegments + 1 }, (_, i): [number, Uint8Array] => [
    300 + i * 205,
    record(23, 200),
  ]);
  t.regex(flowLines(observe(client(40_404, late)))[0]!, / tls$/);
});
