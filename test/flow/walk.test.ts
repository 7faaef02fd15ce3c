/**
 * The compiled walk against the long way: captures of common packets with something uncommon here and there, read into an
 * arena and observed frame by frame. Every count and every row must be the same, word for word.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { Ahead, type BlockAsked } from "../../src/flow/ahead.ts";
import { AheadBlocks, type AheadExports } from "../../src/flow/ahead-block.ts";
import type { AheadTask } from "../../src/flow/ahead-thread.ts";
import { DONE, FREE, STATE } from "../../src/flow/ahead-words.ts";
import { Arena, webAssembly } from "../../src/flow/arena.ts";
import { ALL_LANES } from "../../src/flow/lanes.ts";
import { countersOf } from "../../src/observe/codec.ts";
import { type Observation, Observer } from "../../src/observe/observation.ts";
import { writePcap } from "../support/capture-writer.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { concat } from "../support/hex.ts";
import { observeFile } from "../support/observe.ts";
import { ethernet, ipv4, tcp, udp } from "../support/packets.ts";

const FLOWS = 12;
const START = 1_700_000_000;
/** Openings of a few protocols, more than a table of forms can tell apart. */
const BEGINNINGS = DECODERS.flatMap(({ id }) => fixturesOf(id).map(({ bytes }) => bytes)).filter((_, i) => i % 7 === 0);
const OPENINGS = BEGINNINGS.length;

/** A packet as it usually is, and what may be odd about it. */
const packet = fc.record({
  flow: fc.nat(FLOWS),
  back: fc.boolean(),
  payload: fc.constantFrom(0, 0, 6, 6, 40),
  /** What the payload is: no protocol's, bytes of any kind, or how some protocol begins. */
  says: fc.oneof(fc.constant(-1), fc.nat(0xffff), fc.integer({ min: 0x10000, max: 0x10000 + OPENINGS - 1 })),
  /** Microseconds since the packet before. */
  after: fc.constantFrom(0, 1, 1, 50, 900_000, 1_500_000, 9_999_999, 10_000_001, 400_000_000, -1, -2_000_000),
  odd: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "again",
        "hole",
        "late",
        "syn",
        "fin",
        "rst",
        "no-ack",
        "short",
        "lying",
        "longer-on-wire",
        "no-wire-length",
        "fragment",
        "options",
        "vlan",
        "arp",
        "other-path",
        "icmp",
        "same-ends",
        "syn-ack",
        "cut-payload",
        "copy",
      ),
    },
  ),
});
interface Made {
  flow: number;
  back: boolean;
  payload: number;
  says: number;
  after: number;
  odd: string | null;
}

/** The capture that such a description means. */
function capture(packets: readonly Made[], nanos: boolean): Uint8Array {
  const next = new Map<string, number>();
  let micros = START * 1e6;
  let last: Uint8Array | null = null;
  const frames = packets.map(({ flow, back, payload, says, after, odd }, i) => {
    micros += after;
    const copied = last !== null && (odd === "again" || odd === "copy");
    const data = copied ? copyOf(last!, odd === "copy") : frameOf({ flow, back, payload, says, odd, i }, next);
    last = data;
    const whole = data.subarray(
      0,
      odd === "short" ? 40 : odd === "cut-payload" ? Math.max(60, data.length - 3) : data.length,
    );
    const sec = Math.floor(micros / 1e6);
    const wireLen = odd === "longer-on-wire" ? whole.length + 900 : odd === "no-wire-length" ? 0 : whole.length;
    return { data: whole, sec, nsec: (micros - sec * 1e6) * 1000, wireLen };
  });
  return writePcap(frames, { nanos });
}

/** The same packet once more, where asked for behind a router. */
function copyOf(frame: Uint8Array, routed: boolean): Uint8Array {
  const copy = frame.slice();
  if (routed) copy[22]! -= 1; // its TTL
  return copy;
}

function frameOf(
  { flow, back, payload, says, odd, i }: Pick<Made, "flow" | "back" | "payload" | "says" | "odd"> & { i: number },
  next: Map<string, number>,
): Uint8Array {
  const [a, b] =
    flow % 2 === 0 ? ["10.0.0.1", "10.0.0.2"] : ["10.0.0.4", odd === "same-ends" ? "10.0.0.4" : "10.0.0.3"];
  const client = 40_000 + flow;
  const server = flow === FLOWS ? 4789 : 9_999; // VXLAN's: the last flow is never walked
  const [srcPort, dstPort] = back ? [server, client] : [client, server];
  const text = payloadOf(payload, says, i);
  let segment: Uint8Array;
  let proto = 17;
  if (flow < FLOWS / 2) {
    proto = 6;
    const key = `${flow}${back}`;
    const seq = next.get(key) ?? 1000;
    const shift = odd === "hole" ? 100 : odd === "late" ? -20 : 0;
    // Most connections begin as they should: each side's first packet opens it.
    const opens = flow % 3 !== 0 && !next.has(key);
    const answers = next.has(`${flow}${!back}`);
    const options = flow % 2 === 0 ? 8 : 12;
    const flags = opens ? (answers ? 0x12 : 0x02) : (FLAGS[odd ?? ""] ?? 0x18);
    segment = tcp(srcPort, dstPort, opens ? OPTIONS.subarray(0, options) : text, seq + shift, flags);
    if (opens) segment[12] = 0x50 + options * 4;
    segment.set([i >> 8, i & 255], 16); // in the place of the checksum: no two packets are the same
    next.set(key, seq + Math.max(0, shift) + (opens ? 0 : text.length) + ((flags & 0x03) !== 0 ? 1 : 0));
  } else {
    segment = udp(srcPort, dstPort, text, odd === "lying" ? 60 + payload : undefined);
    segment.set([i >> 8, i & 255], 6);
  }
  if (odd === "icmp") {
    proto = 1;
    segment = Uint8Array.of(8, 0, 0, 0, 0, flow, 0, i & 255, ...new Uint8Array(40));
  }
  const body = ipv4(proto, segment, {
    src: back ? b! : a!,
    dst: back ? a! : b!,
    id: i + 1,
    ttl: odd === "other-path" ? 63 : flow % 5 === 1 ? 127 : 64,
    more: odd === "fragment",
    ...(odd === "options" && { options: new Uint8Array(4) }),
  });
  // Ethernet's shortest frame: what comes behind the packet is no payload.
  const padded = concat([body, new Uint8Array(Math.max(0, 46 - body.length))]);
  if (odd === "arp") return ethernet(0x0806, new Uint8Array(46));
  if (odd === "vlan") return ethernet(0x8100, concat([Uint8Array.of(0, 5, 8, 0), padded]));
  return ethernet(0x0800, padded, back ? [2, 1] : [1, 2]);
}

/** NOPs (RFC 9293 section 3.1), of which some SYNs have as many as operating systems ask by. */
const OPTIONS = new Uint8Array(12).fill(1);
const FLAGS: Record<string, number> = { syn: 0x02, "syn-ack": 0x12, fin: 0x11, rst: 0x14, "no-ack": 0x08 };

function payloadOf(length: number, says: number, i: number): Uint8Array {
  if (says >= 0x10000) return BEGINNINGS[says - 0x10000]!.slice(0, Math.max(length, 1) * 4);
  // No protocol's first bytes, so that both directions are soon given up.
  if (says < 0) return Uint8Array.from({ length }, (_, n) => 0x80 + ((i * 7 + n * 31) & 0x7f));
  return Uint8Array.from({ length }, (_, n) => (Math.imul(says + n + 1, 0x9e3779b1) >>> 13) & 0xff);
}

const COMMON: readonly Made[] = Array.from({ length: 600 }, (_, i) => {
  return { flow: i % FLOWS, back: i % 3 === 0, payload: 6, says: -1, after: 1, odd: null };
});

function ttlsOf({ flows }: Observation): string[] {
  const all: string[] = [];
  flows.ttls.each((...told) => all.push(told.join()));
  return all.sort();
}

function everything(seen: Observation): string {
  const { table } = seen.flows;
  const [info] = seen.captures;
  return JSON.stringify({
    counters: countersOf(seen),
    notPackets: [...seen.notPackets],
    answers: [...seen.flows.distances.answers],
    hops: [...seen.flows.hops.known],
    ttls: ttlsOf(seen),
    watch: [seen.flows.watch.lanes, [...seen.flows.watch.heads], [...seen.flows.watch.tails].sort(([a], [b]) => a - b)],
    details: seen.identified.details.map(({ sightings, undecoded }) => ({ sightings, undecoded })),
    info: { ...info, size: null, path: null },
    rows: table.chunks.map((chunk) => [...chunk.subarray(0, 2048 * Math.ceil(table.count / 64))]),
  });
}

/** Standard input in pieces of a size. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

test("walked packets are counted as those that go the long way", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(packet, { minLength: 1, maxLength: 120 }),
      fc.boolean(),
      fc.constantFrom(100, 1000, 1 << 20),
      fc.constantFrom(ALL_LANES, 0x00ff, 0x5555),
      fc.constantFrom(0, 30, 20_000),
      async (packets, nanos, size, lanes, watch) => {
        const bytes = capture(packets, nanos);
        const read = (short: boolean) =>
          observeFile("-", { watch, lanes, fastPath: short, ...(!short && { arena: null }) }, pieces(bytes, size));
        t.is(everything(await read(true)), everything(await read(false)));
      },
    ),
    { numRuns: 400 },
  );
});

/** The thread ahead, without a thread: what it is asked for is there at once. Counts what it made. */
class Beside extends Ahead {
  total = 0;
  #blocks: AheadBlocks | null = null;

  override prepare({ memory, module, tunnelsAt, seed, lanes }: AheadTask): void {
    const { exports } = new (webAssembly()!.Instance)(module, { env: { memory } });
    this.#blocks = new AheadBlocks(memory.buffer, exports as AheadExports, tunnelsAt, seed, lanes);
    this.#blocks.words[STATE] = FREE;
  }

  override ready(): boolean {
    return true;
  }

  override ask(block: BlockAsked): void {
    super.ask(block);
    this.#blocks!.take();
    this.#blocks!.words[STATE] = DONE;
    this.total += this.made;
  }
}

test("entries that were made ahead are those that the walk makes, wherever blocks end", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wirepact-"));
  const path = join(folder, "a.pcap");
  let made = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(packet, { minLength: 100, maxLength: 300, size: "max" }),
        fc.boolean(),
        fc.integer({ min: 4096, max: 4500 }),
        fc.constantFrom(0, 30),
        async (packets, nanos, block, watch) => {
          await writeFile(path, capture(packets, nanos));
          const arena = Arena.make(512)!; // as large as `observeFile` has it
          const ahead = new Beside(arena);
          const seen = await observeFile(path, { watch, block, arena, ahead });
          made += ahead.total;
          t.is(everything(seen), everything(await observeFile(path, { watch, fastPath: false, arena: null })));
        },
      ),
      { numRuns: 200 },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
  t.true(made > 2000, `${made} entries`);
});

class Counted extends Ahead {
  total = 0;

  override get made(): number {
    this.total += super.made;
    return super.made;
  }
}

test("a thread ahead reads a file, and what it makes of it is used", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wirepact-"));
  const path = join(folder, "a.pcap");
  const arena = Arena.make(512)!; // as large as `observeFile` has it
  const ahead = new Counted(arena);
  try {
    await writeFile(path, capture(COMMON, false));
    const reader = await openCaptures([{ path, realm: "default" }], { arena, ahead, block: 4096 });
    const observer = new Observer(reader.captures, DECODERS, undefined, { arena, ahead });
    while (!ahead.ready()) await setTimeout(5);
    while (await reader.more()) observer.block(reader);
    t.is(everything(observer.observation), everything(await observeFile(path, { fastPath: false, arena: null })));
    t.true(ahead.total > 500, `${ahead.total} entries`);
  } finally {
    ahead.close();
    await rm(folder, { recursive: true });
  }
});

test("most packets of a common capture are walked, in whatever pieces it comes", async (t) => {
  const { FastPath } = await import("../../src/flow/fast.ts");
  const { run } = FastPath.prototype;
  let walked = 0;
  FastPath.prototype.run = function (records, realm, most, frames) {
    const count = run.call(this, records, realm, most, frames);
    walked += count;
    return count;
  };
  try {
    await observeFile("-", { watch: 0 }, pieces(capture(COMMON, false), 999));
  } finally {
    FastPath.prototype.run = run;
  }
  t.true(walked > 500, `${walked} packets`);
});

test("where the arena has no room, everything is read all the same", async (t) => {
  const bytes = capture(COMMON, false);
  const long = everything(await observeFile("-", { watch: 0, fastPath: false, arena: null }, pieces(bytes, 999)));
  // Two pages are the walk's own; 16 have room for a small slab or for rows, not for both.
  for (const pages of [2, 16, 40]) {
    const arena = Arena.make(pages);
    t.is(everything(await observeFile("-", { watch: 0, arena }, pieces(bytes, 999))), long, `${pages} pages`);
  }
});
