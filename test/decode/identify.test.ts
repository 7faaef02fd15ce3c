/**
 * One hello in every way that TCP can deliver it, and what becomes of flows that nobody knows. What was said is what
 * the decoders' facts say; how it came is this file's matter.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { NEXT, S_FEED, STATE } from "../../src/flow/row.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { flowLines } from "../support/flows.ts";
import { numbered, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { u16 } from "../support/packets.ts";
import { alert, clientHello, dnsAnswer, dnsQuery, ntp, serverHello, stun } from "../support/talk.ts";

const A = "10.0.0.1:40000";
const HELLO = clientHello("www.example.com");

/** Segments of a client's first bytes, each at an offset of them; a SYN before and a SYN-ACK. */
interface Piece {
  at: number;
  data: Uint8Array;
  /** Bytes that the capture cut off. */
  cut?: number;
}

function client(pieces: readonly Piece[], options: { isn?: number; port?: number; syn?: boolean } = {}): Frame[] {
  const { isn = 1000, port = 443, syn = true } = options;
  const to = `10.0.0.2:${port}`;
  const opening = [
    tcpFrame({ from: A, to, flags: "S", seq: isn, ms: 0 }),
    tcpFrame({ from: to, to: A, flags: "SA", seq: 1, ack: isn + 1, ms: 1 }),
  ];
  const segments = pieces.map(({ at, data, cut = 0 }, i) => {
    const frame = tcpFrame({ from: A, to, flags: "PA", seq: isn + 1 + at, ack: 2, ms: 10 + i, data });
    frame.capLen -= cut;
    return frame;
  });
  return numbered([...(syn ? opening : []), ...segments]);
}

const slice = (from: number, to = HELLO.length): Piece => ({ at: from, data: HELLO.slice(from, to) });
const other = (from: number, to: number): Piece => ({ at: from, data: new Uint8Array(to - from).fill(0x55) });
const bytewise = Array.from(HELLO, (_, at) => slice(at, at + 1));

/** The name that the client sent, and the frames that carried it. */
function heard(seen: Observation): string {
  for (const { sightings } of seen.identified.details) {
    const name = sightings.find(({ fact }) => fact.kind === "name");
    if (name?.fact.kind === "name") return [name.fact.name, ...(name.parts ?? []), name.frame].join(" ");
  }
  return "nothing";
}

const WAYS: Record<string, { frames: Frame[]; heard: string }> = {
  "in one segment": { frames: client([slice(0)]), heard: "www.example.com 3" },
  "in order": { frames: client([slice(0, 20), slice(20, 60), slice(60)]), heard: "www.example.com 3 4 5" },
  "out of order": { frames: client([slice(60), slice(20, 60), slice(0, 20)]), heard: "www.example.com 5 4 3" },
  "the last first": { frames: client([slice(60), slice(0, 20), slice(20, 60)]), heard: "www.example.com 4 5 3" },
  "overlapping, the same bytes": {
    frames: client([slice(0, 40), slice(20, 70), slice(50)]),
    heard: "www.example.com 3 4 5",
  },
  "overlapping a later segment": {
    frames: client([slice(60), slice(0, 70), slice(60)]),
    heard: "www.example.com 4 3",
  },
  "sent again": { frames: client([slice(0, 40), slice(0, 40), slice(40)]), heard: "www.example.com 3 5" },
  "sent again, longer": { frames: client([slice(0, 40), slice(0)]), heard: "www.example.com 3 4" },
  "overlapping, other bytes: the first stay": {
    frames: client([slice(0, 40), other(20, 40), slice(40)]),
    heard: "www.example.com 3 5",
  },
  "a keep-alive's byte before the first": {
    frames: client([other(-1, 0), slice(0)]),
    heard: "www.example.com 4",
  },
  "one byte a segment": {
    frames: client(bytewise),
    heard: `www.example.com ${Array.from({ length: LIMITS.evidenceFrames }, (_, i) => i + 3).join(" ")} ${HELLO.length + 2}`,
  },
  "over the end of sequence numbers": {
    frames: client([slice(0, 20), slice(20, 60), slice(60)], { isn: 0xffff_ffff - 30 }),
    heard: "www.example.com 3 4 5",
  },
  "over their end, out of order": {
    frames: client([slice(60), slice(20, 60), slice(0, 20)], { isn: 0xffff_ffff - 30 }),
    heard: "www.example.com 5 4 3",
  },
  "with a hole": { frames: client([slice(0, 40), slice(60)]), heard: "nothing" },
  "with its beginning missing": { frames: client([slice(20)]), heard: "nothing" },
  "mid-stream": { frames: client([slice(0)], { syn: false }), heard: "www.example.com 1" },
  "behind other bytes, mid-stream": {
    frames: client([{ at: -14, data: ascii("something else") }, slice(0)], { syn: false }),
    heard: "www.example.com 2",
  },
  "on another protocol's port": { frames: client([slice(0)], { port: 53 }), heard: "www.example.com 3" },
  "on no protocol's port": { frames: client([slice(0)], { port: 40_404 }), heard: "www.example.com 3" },
};

for (const [way, { frames, heard: expected }] of Object.entries(WAYS)) {
  test(`a hello ${way}`, (t) => t.is(heard(observe(frames)), expected));
}

test("bytes that contradict those before are counted", (t) => {
  t.is(observe(client([slice(0, 40), other(20, 40), slice(40)])).identified.counts.conflicts, 1);
  t.is(observe(client([slice(0, 40), slice(20, 40), slice(40)])).identified.counts.conflicts, 0);
});

test("a hello that the capture cut is nobody's name, and is not taken for another protocol", (t) => {
  const seen = observe(client([{ ...slice(0), cut: 10 }]));
  t.is(heard(seen), "nothing");
  t.deepEqual(flowLines(seen).length, 1);
});

test("DNS over TCP: pipelined, split in every place", (t) => {
  const message = (id: number): Uint8Array => {
    const query = dnsQuery(`host${id}.example`, { id });
    return concat([u16(query.length), query]);
  };
  const stream = concat([message(1), message(2), message(3)]);
  for (let cut = 1; cut < stream.length; cut++) {
    const seen = observe(
      client(
        [
          { at: 0, data: stream.slice(0, cut) },
          { at: cut, data: stream.slice(cut) },
        ],
        { port: 53 },
      ),
    );
    const asked = seen.identified.details[0]!.sightings.flatMap(({ fact }) => (fact.kind === "query" ? fact.name : []));
    t.deepEqual(asked, ["host1.example", "host2.example", "host3.example"], `cut at ${cut}`);
  }
});

test("an alert behind the server's hello, split over segments", (t) => {
  const said = concat([serverHello(), alert(40)]);
  const frames = client([slice(0)]);
  for (let at = 0; at < said.length; at += 9) {
    const piece = { flags: "PA", seq: 2 + at, ack: 1001 + HELLO.length, ms: 50 + at, data: said.slice(at, at + 9) };
    frames.push(tcpFrame({ from: "10.0.0.2:443", to: A, ...piece }));
  }
  t.regex(flowLines(observe(numbered(frames)))[0]!, / failed .* tls$/);
});

const datagram = (data: Uint8Array, ms: number, port = 9999): Frame =>
  udpFrame({ from: A, to: `10.0.0.2:${port}`, ms, data });
const fed = (seen: Observation, dir: 0 | 1): boolean => {
  const { table } = seen.flows;
  return (table.rows(0)[table.at(0) + STATE]! & (S_FEED << dir)) !== 0;
};

test("datagrams that nobody knows: some are tried, then the direction is let go", (t) => {
  const noise = Array.from({ length: 7 }, (_, i) => datagram(ascii(`noise ${i} of no protocol`), i));
  t.true(fed(observe(noise.slice(0, LIMITS.identifyDatagrams - 1)), 0));
  t.false(fed(observe(noise.slice(0, LIMITS.identifyDatagrams)), 0));
  t.deepEqual(flowLines(observe(noise)), ["10.0.0.1:40000 > 10.0.0.2:9999 port unanswered 7/0"]);
});

test("a datagram that is known behind some that are not", (t) => {
  const seen = observe([datagram(ascii("noise"), 0), datagram(stun(0x0001), 1)]);
  t.deepEqual(flowLines(seen), ["10.0.0.1:40000 > 10.0.0.2:9999 message unanswered 2/0 stun"]);
});

test("content decides, wherever it runs", (t) => {
  const said = (data: Uint8Array, port: number): string =>
    flowLines(observe([datagram(data, 0, port)]))[0]!
      .split(" ")
      .at(-1)!;
  t.is(said(ntp(3), 53), "ntp");
  t.is(said(dnsQuery("a.example"), 123), "dns");
  t.is(said(stun(0x0001), 53), "stun");
  t.is(said(dnsAnswer("a.example", []), 3478), "dns");
});

test("a stream that nobody knows is let go with its first bytes", (t) => {
  const seen = observe(client([{ at: 0, data: ascii("\0\0\0\0no protocol at all") }]));
  t.false(fed(seen, 0));
  t.is(seen.identified.details.filter(({ streams }) => streams[0] !== null).length, 0);
});

test("a hello that never ends is given up, and that is counted", (t) => {
  const record = concat([Uint8Array.of(22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff), new Uint8Array(0x4000 - 4).fill(1)]);
  const stream = concat([record, record, record]);
  const pieces = Array.from({ length: Math.floor(stream.length / 1000) }, (_, i) => ({
    at: i * 1000,
    data: stream.slice(i * 1000, i * 1000 + 1000),
  }));
  const seen = observe(client(pieces));
  t.false(fed(seen, 0));
  t.true((seen.caps.hits.get("identifyBytes") ?? 0) > 0 || heard(seen) === "nothing");
});

test("segments behind a hole are held up to the cap, then the stream is given up", (t) => {
  const pieces = [
    slice(0, 10),
    ...Array.from({ length: LIMITS.pendingSegments + 2 }, (_, i) => other(1000 + i * 10, 1010 + i * 10)),
  ];
  const waiting = observe(client(pieces.slice(0, LIMITS.pendingSegments + 1)));
  t.true(fed(waiting, 0));
  const seen = observe(client(pieces));
  t.false(fed(seen, 0));
  const { table } = seen.flows;
  t.is(table.rows(0)[table.at(0) + NEXT]!, 1001 + 1010 + (LIMITS.pendingSegments + 1) * 10);
});

test("where every segment has a hole before it, none behind the cap is forgotten", (t) => {
  const count = 2 * LIMITS.pendingSegments;
  const pieces = Array.from({ length: count }, (_, i) => {
    const query = dnsQuery(`host${i}.example`, { id: i });
    return { at: i * 100, data: concat([u16(query.length), query]) };
  });
  const seen = observe(client(pieces, { port: 53 }));
  const asked = seen.identified.details.flatMap(({ sightings }) =>
    sightings.flatMap(({ fact }) => (fact.kind === "query" ? [fact.id] : [])),
  );
  t.deepEqual(
    asked,
    Array.from({ length: count - LIMITS.pendingSegments }, (_, i) => i),
  );
});

test("a connection that goes on in another protocol says so, with the frame", (t) => {
  const request = ascii("GET / HTTP/1.1\r\nHost: rollout.example\r\n\r\n");
  const goesOn = (data: Uint8Array): string[] => {
    const seen = observe(
      client([
        { at: 0, data: request },
        { at: request.length, data },
      ]),
    );
    return seen.identified.details.flatMap(({ sightings }) =>
      sightings.flatMap(({ fact, frame }) => (fact.kind === "problem" ? [`${frame}: ${fact.what}: ${fact.why}`] : [])),
    );
  };
  const fault = "4: malformed: start line: no HTTP message where one should begin at 0";
  t.deepEqual(goesOn(ascii("SSH-2.0-OpenSSH_9.2\r\n")), [`${fault}; what begins here is ssh`]);
  t.deepEqual(goesOn(HELLO), [`${fault}; what begins here is tls`]);
  t.deepEqual(goesOn(ascii("neither this nor that\r\n")), [fault]);
  t.deepEqual(goesOn(request), []);
});
