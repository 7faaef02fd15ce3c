import test from "ava";
import fc from "fast-check";
import { Frame } from "../../src/capture/frame.ts";
import { PcapngInterface } from "../../src/capture/pcapng-interface.ts";
import { CapCounter, LIMITS } from "../../src/limits.ts";
import { type PcapngInterface as Clock, PcapngBlocks, writePcapng } from "../support/capture-writer.ts";
import { concat, hex } from "../support/hex.ts";
import { readBytes } from "../support/read-captures.ts";

const FRAME = hex`02 00 00 00 00 02  02 00 00 00 00 01  08 00  45`;
const FRAME_HEX = Buffer.from(FRAME).toString("hex");

test("a section, an interface, a packet: every field where it stands in the file", async (t) => {
  const { frames, info } = await readBytes(hex`
    0a 0d 0d 0a  1c 00 00 00   # section header, 28 bytes
      4d 3c 2b 1a              # little-endian
      01 00 00 00              # version 1.0
      ff ff ff ff ff ff ff ff  # length not given
    1c 00 00 00
    01 00 00 00  20 00 00 00   # interface description, 32 bytes
      71 00 00 00              # Linux cooked
      60 00 00 00              # snap length 96
      09 00 01 00 09 00 00 00  # if_tsresol: nanoseconds
      00 00 00 00              # end of options
    20 00 00 00
    06 00 00 00  24 00 00 00   # enhanced packet, 36 bytes
      00 00 00 00              # interface 0
      ee 0d 9a 17              # time, upper half
      15 cd 5b 07              # time, lower half
      03 00 00 00              # 3 captured
      40 00 00 00              # of 64
      aa bb cc 00              # padded
    24 00 00 00`);
  const ticks = (0x179a0deen << 32n) | 0x075bcd15n;
  t.deepEqual(frames, [
    {
      data: "aabbcc",
      sec: Number(ticks / 1_000_000_000n),
      nsec: Number(ticks % 1_000_000_000n),
      wireLen: 64,
      linkType: 113,
      number: 1,
      capture: 0,
    },
  ]);
  t.like(info, { format: "pcapng", linkTypes: [113], snapLength: 96, packets: 1, framesCut: 1, damage: null });
});

test("an interface's filter is told: by its text, or that it is a program", async (t) => {
  const filtered = (option: Uint8Array) =>
    readBytes(
      concat([
        hex`0a 0d 0d 0a 1c 00 00 00 4d 3c 2b 1a 01 00 00 00 ff ff ff ff ff ff ff ff 1c 00 00 00`,
        hex`01 00 00 00 20 00 00 00  01 00 00 00 00 00 00 00`, // interface description, Ethernet
        option,
        hex`00 00 00 00 20 00 00 00`,
      ]),
    );
  const text = await filtered(hex`0b 00 04 00 00 75 64 70`); // if_filter: a string, "udp"
  t.deepEqual(text.info.filters, ["udp"]);
  const program = await filtered(hex`0b 00 02 00 01 06 00 00`); // if_filter: instructions
  t.deepEqual(program.info.filters, ["a compiled program"]);
  t.deepEqual((await filtered(hex`09 00 01 00 09 00 00 00`)).info.filters, []);
});

const CLOCKS: [string, Clock, number, number][] = [
  ["microseconds unless given", {}, 1_700_000_000, 123_456_000],
  ["nanoseconds", { tsresol: 9 }, 1_700_000_000, 123_456_789],
  ["milliseconds", { tsresol: 3 }, 1_700_000_000, 123_000_000],
  ["seconds", { tsresol: 0 }, 1_700_000_000, 0],
  ["picoseconds", { tsresol: 12 }, 15_000_000, 123_456_789],
  ["2 to the -20", { tsresol: 0x80 | 20 }, 1_700_000_000, 123_456_000],
  ["2 to the -32", { tsresol: 0x80 | 32 }, 1_700_000_000, 123_456_789],
  ["whole seconds, as a power of two", { tsresol: 0x80 }, 1_700_000_000, 0],
  ["an offset", { tsresol: 9, tsoffset: 1_600_000_000 }, 1_700_000_000, 123_456_789],
  ["a negative offset", { tsresol: 6, tsoffset: -3600 }, 1_700_000_000, 123_456_000],
];
for (const bigEndian of [false, true]) {
  for (const [name, clock, sec, nsec] of CLOCKS) {
    test(`times, ${bigEndian ? "big" : "little"}-endian: ${name}`, async (t) => {
      const written = { data: FRAME, sec, nsec: 123_456_789 };
      const { frames } = await readBytes(writePcapng([written], { bigEndian, interfaces: [clock] }));
      t.is(frames[0]?.sec, sec);
      const unit = clock.tsresol !== undefined && clock.tsresol & 0x80 ? 1e9 / 2 ** (clock.tsresol & 0x7f) : 1;
      t.true(Math.abs(frames[0]!.nsec - nsec) <= Math.ceil(unit), `${frames[0]!.nsec} ns`);
      t.is(frames[0]?.data, FRAME_HEX);
    });
  }
}

test("times are exact for every resolution and every count of ticks", (t) => {
  const frame = new Frame();
  const half = fc.integer({ min: 0, max: 0xffffffff });
  const resolution = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0x80, max: 0x80 + 40 }));
  const property = fc.property(half, half, half, resolution, (high, low, later, tsresol) => {
    const clock = new PcapngInterface(1, 0, tsresol, 0);
    const perSecond = tsresol & 0x80 ? 2n ** BigInt(tsresol & 0x7f) : 10n ** BigInt(tsresol);
    for (const [h, l] of [
      [high, low],
      [high, later],
      [later, low],
    ] as const) {
      const ticks = (BigInt(h) << 32n) | BigInt(l);
      clock.setTime(frame, h, l);
      const sec = Number(ticks / perSecond);
      if (Number.isSafeInteger(sec)) t.is(frame.sec, sec);
      else t.true(Math.abs(frame.sec / sec - 1) < 1e-15); // as near as a double comes to it
      t.is(frame.nsec, Number(((ticks % perSecond) * 1_000_000_000n) / perSecond));
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test("times at the ends of what fits do no harm", async (t) => {
  for (const tsresol of [0, 6, 9, 12, 127, 0x80, 0x80 | 23, 0x80 | 24, 0xff]) {
    const blocks = new PcapngBlocks();
    const { u32 } = blocks.out;
    const packet = blocks.block(6, u32(0), u32(0xffffffff), u32(0xffffffff), u32(3), u32(3), FRAME.subarray(0, 3));
    const { frames } = await readBytes(concat([blocks.section(), blocks.interface({ tsresol }), packet]));
    t.is(frames.length, 1, `resolution ${tsresol}`);
    t.true(Number.isFinite(frames[0]!.sec));
  }
});

test("sections each have their own byte order and their own interfaces", async (t) => {
  const little = new PcapngBlocks(false);
  const big = new PcapngBlocks(true);
  const { frames, info } = await readBytes(
    concat([
      little.section(),
      little.interface({ linkType: 1 }),
      little.interface({ linkType: 113, tsresol: 9 }),
      little.enhancedPacket({ data: FRAME, sec: 1, interface: 1 }, { tsresol: 9 }),
      big.section(),
      big.interface({ linkType: 101 }),
      big.enhancedPacket({ data: FRAME, sec: 2 }),
      little.section(),
      little.interface({ linkType: 0, tsresol: 3 }),
      little.enhancedPacket({ data: FRAME, sec: 3 }, { tsresol: 3 }),
    ]),
  );
  t.deepEqual(
    frames.map(({ linkType, sec, number }) => [linkType, sec, number]),
    [
      [113, 1, 1],
      [101, 2, 2],
      [0, 3, 3],
    ],
  );
  t.deepEqual(info.linkTypes, [1, 113, 101, 0]);
});

test("simple packets have the first interface, its snap length, and the time of the frame before", async (t) => {
  for (const bigEndian of [false, true]) {
    const blocks = new PcapngBlocks(bigEndian);
    const { frames } = await readBytes(
      concat([
        blocks.section(),
        blocks.interface({ linkType: 101, snapLength: 6 }),
        blocks.simplePacket({ data: FRAME.subarray(0, 6), wireLen: 1000 }),
        blocks.enhancedPacket({ data: FRAME, sec: 77, nsec: 5000 }),
        blocks.simplePacket({ data: FRAME.subarray(0, 2) }),
      ]),
    );
    t.deepEqual(
      frames.map(({ data, wireLen, sec, nsec, linkType }) => [data.length / 2, wireLen, sec, nsec, linkType]),
      [
        [6, 1000, 0, 0, 101],
        [15, 15, 77, 5000, 101],
        [2, 2, 77, 5000, 101],
      ],
    );
  }
});

test("the obsolete packet block is read, and its losses are counted", async (t) => {
  const blocks = new PcapngBlocks(true);
  const nanos = { tsresol: 9 };
  const { frames, info } = await readBytes(
    concat([
      blocks.section(),
      blocks.interface(nanos),
      blocks.obsoletePacket({ data: FRAME, sec: 1, nsec: 2 }, nanos, 3),
      blocks.obsoletePacket({ data: FRAME, sec: 3, nsec: 4 }, nanos, 0xffff), // not known
      blocks.obsoletePacket({ data: FRAME, sec: 5, nsec: 6 }, nanos, 4),
    ]),
  );
  t.deepEqual(
    frames.map(({ sec, nsec, data }) => [sec, nsec, data]),
    [
      [1, 2, FRAME_HEX],
      [3, 4, FRAME_HEX],
      [5, 6, FRAME_HEX],
    ],
  );
  t.is(info.drops, 7);
});

test("losses are those of the statistics or of the packets, whichever are more, summed over interfaces", async (t) => {
  const blocks = new PcapngBlocks();
  const lost = (count: bigint): [number, Uint8Array][] => [[4, blocks.out.u64(count)]];
  const capture = (...rest: Uint8Array[]) =>
    readBytes(concat([blocks.section(), blocks.interface(), blocks.interface(), ...rest]));
  t.is((await capture()).info.drops, null);
  t.is((await capture(blocks.statistics(0, 0))).info.drops, 0);
  t.is((await capture(blocks.statistics(0, 5), blocks.statistics(1, 2), blocks.statistics(0, 9))).info.drops, 11);
  const packet = blocks.enhancedPacket({ data: FRAME }, {}, lost(6n));
  t.is((await capture(packet, packet, blocks.statistics(0, 9))).info.drops, 12);
  t.is((await capture(packet, blocks.statistics(0, 9))).info.drops, 9);
  const unknown = blocks.block(5, blocks.out.u32(0), new Uint8Array(8), blocks.options([[5, hex`ffffffffffffffff`]]));
  t.is((await capture(unknown)).info.drops, null);
});

test("name resolution blocks give hosts; a broken record ends only its list", async (t) => {
  for (const bigEndian of [false, true]) {
    const blocks = new PcapngBlocks(bigEndian);
    const { u16 } = blocks.out;
    const { info, frames } = await readBytes(
      concat([
        blocks.section(),
        blocks.interface(),
        blocks.names([
          [hex`c0 00 02 05`, "gateway.example.com"],
          [hex`20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 05`, "gateway.example.com\0alias.example.com"],
        ]),
        blocks.block(4, u16(1), u16(4), hex`c0 00 02 06`, u16(1), u16(200), hex`c0 00 02 07`), // no name; then too long
        blocks.enhancedPacket({ data: FRAME }),
      ]),
    );
    t.deepEqual(info.hosts, [
      { address: "192.0.2.5", name: "gateway.example.com" },
      { address: "2001:db8::5", name: "gateway.example.com" },
      { address: "2001:db8::5", name: "alias.example.com" },
    ]);
    t.is(frames.length, 1);
  }
});

test("unknown blocks and secrets are skipped; those that tshark numbers as frames are numbered", async (t) => {
  const blocks = new PcapngBlocks();
  const packet = blocks.enhancedPacket({ data: FRAME });
  const { frames, info } = await readBytes(
    concat([
      blocks.section(),
      blocks.interface(),
      packet,
      blocks.block(0x80000001, new Uint8Array(64)), // reserved for local use
      blocks.block(10, new Uint8Array(300_000)), // decryption secrets
      packet,
      blocks.block(0x0bad, new Uint8Array(8)), // custom: frame 3 in tshark
      packet,
    ]),
  );
  t.deepEqual(
    frames.map(({ number }) => number),
    [1, 2, 4],
  );
  t.is(info.packets, 3);
});

test("a section of another version is read as far as its blocks agree, with a warning", async (t) => {
  const blocks = new PcapngBlocks();
  const rest = [blocks.interface(), blocks.enhancedPacket({ data: FRAME })];
  const { frames, info, warnings } = await readBytes(concat([blocks.section(2, 1), ...rest]));
  t.is(frames.length, 1);
  t.is(info.damage, null);
  t.deepEqual(warnings, ["A section of pcapng version 2.1 is read as version 1"]);
});

test("a length without its padding, as some writers put it, is followed", async (t) => {
  const blocks = new PcapngBlocks();
  const { u32 } = blocks.out;
  const body = concat([u32(0), u32(0), u32(0), u32(15), u32(15), FRAME]);
  const odd = concat([u32(6), u32(12 + body.length), body, new Uint8Array(1), u32(12 + body.length)]);
  const { frames } = await readBytes(
    concat([blocks.section(), blocks.interface(), odd, blocks.enhancedPacket({ data: FRAME })]),
  );
  t.is(frames.length, 2);
});

const blocks = new PcapngBlocks();
const { u16, u32 } = blocks.out;
const good = blocks.enhancedPacket({ data: FRAME });
const DAMAGES: [string, Uint8Array, number, RegExp][] = [
  ["a block that claims 4 GB", concat([u32(6), u32(0xfffffffc), u32(0)]), 0, /would take 4294967292 bytes/],
  ["a block that claims all there can be", concat([u32(6), u32(0xffffffff), u32(0)]), 0, /would take/],
  ["a block that claims less than its own frame", concat([u32(6), u32(8), u32(8)]), 4, /claims 8 bytes/],
  ["zeros", new Uint8Array(64), 4, /claims 0 bytes/],
  ["two lengths that differ", concat([good.subarray(0, -4), u32(99)]), 0, /by its first length and 99 by its last/],
  ["an interface that nothing describes", blocks.enhancedPacket({ data: FRAME, interface: 7 }), 8, /interface 7/],
  [
    "a packet larger than its block",
    blocks.block(6, u32(0), u32(0), u32(0), u32(999), u32(999), FRAME),
    20,
    /999 bytes/,
  ],
  ["a packet block without a packet's fields", blocks.block(6, u32(0)), 4, /too short/],
  ["a section header without a byte order", concat([hex`0a0d0d0a`, u32(28), new Uint8Array(20)]), 8, /byte-order mark/],
  ["statistics of an interface that nothing describes", blocks.statistics(4, 1), 8, /interface 4/],
  ["an interface description without its fields", blocks.block(1, u16(1), u16(0)), 4, /too short/],
];
for (const [name, broken, at, message] of DAMAGES) {
  test(`damage: ${name}`, async (t) => {
    const before = concat([blocks.section(), blocks.interface(), good]);
    const { frames, info } = await readBytes(concat([before, broken, good]));
    t.is(frames.length, 1);
    t.is(info.damage?.offset, before.length + at);
    t.regex(info.damage?.message ?? "", message);
    t.is(info.cut, false);
  });
}

test("a last block that is cut is a warning", async (t) => {
  const bytes = concat([blocks.section(), blocks.interface(), good, good.subarray(0, 30)]);
  const { frames, info, warnings } = await readBytes(bytes);
  t.is(frames.length, 1);
  t.like(info, { cut: true, damage: null });
  t.deepEqual(warnings, ["The file ends in a block, 30 of its 48 bytes; it was left out"]);
});

test("a broken length beyond the end is no cut where the packet within contradicts it", async (t) => {
  const broken = good.slice();
  broken.set(u32(1 << 20), 4);
  const { info } = await readBytes(concat([blocks.section(), blocks.interface(), good, broken, good]));
  t.regex(info.damage?.message ?? "", /A packet of 15 bytes stands in a block that claims 1048576/);
});

test("interfaces and names have a cap that is counted", async (t) => {
  const caps = new CapCounter();
  const many = new Array<Uint8Array>(LIMITS.interfaces + 1).fill(blocks.interface());
  const { info } = await readBytes(concat([blocks.section(), ...many]), [], { caps });
  t.regex(info.damage?.message ?? "", /more than 65536 interfaces/);
  t.is(caps.hits.get("interfaces"), 1);

  const list = blocks.names(new Array(1000).fill([hex`c0000205`, "a"]));
  const named = await readBytes(concat([blocks.section(), ...new Array<Uint8Array>(70).fill(list)]), [], { caps });
  t.is(named.info.hosts.length, LIMITS.captureNames);
  t.is(caps.hits.get("captureNames"), 70_000 - LIMITS.captureNames);
});
