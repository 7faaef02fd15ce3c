import test from "ava";
import { writePcap } from "../support/capture-writer.ts";
import { concat, hex } from "../support/hex.ts";
import { readBytes } from "../support/read-captures.ts";

const FRAME = hex`02 00 00 00 00 02  02 00 00 00 00 01  08 00  45`;

test("microseconds, little-endian: every field where it stands in the file", async (t) => {
  const { frames, info, warnings } = await readBytes(hex`
    d4 c3 b2 a1                # magic a1b2c3d4
    02 00 04 00                # version 2.4
    00 00 00 00  00 00 00 00   # zone, accuracy
    60 00 00 00                # snap length 96
    01 00 00 00                # Ethernet
      80 5d 5e 65              # 1700683136 s
      15 cd 07 00              # 511253 µs
      03 00 00 00              # 3 captured
      40 00 00 00              # of 64
      aa bb cc`);
  t.deepEqual(frames, [
    { data: "aabbcc", sec: 1_700_683_136, nsec: 511_253_000, wireLen: 64, linkType: 1, number: 1, capture: 0 },
  ]);
  t.like(info, { format: "pcap", linkTypes: [1], snapLength: 96, packets: 1, bytes: 64, framesCut: 1 });
  t.like(info, { cut: false, damage: null, drops: null, size: null });
  t.deepEqual(warnings, []);
});

test("nanoseconds, big-endian: every field where it stands in the file", async (t) => {
  const { frames, info } = await readBytes(hex`
    a1 b2 3c 4d                # magic, nanoseconds
    00 02 00 04                # version 2.4
    00 00 00 00  00 00 00 00
    00 00 ff ff                # snap length
    00 00 00 71                # Linux cooked
      65 5e 5d 80              # 1700683136 s
      3b 9a c9 ff              # 999999999 ns
      00 00 00 02  00 00 00 02
      aa bb`);
  t.deepEqual(frames, [
    { data: "aabb", sec: 1_700_683_136, nsec: 999_999_999, wireLen: 2, linkType: 113, number: 1, capture: 0 },
  ]);
  t.like(info, { format: "pcap-ns", linkTypes: [113], firstNsec: 999_999_999, lastNsec: 999_999_999 });
});

test("snap lengths say nothing about the frames: 0 and huge ones are read", async (t) => {
  for (const snapLength of [0, 14, 0x7fffffff, 0xffffffff]) {
    const { frames, info } = await readBytes(writePcap([{ data: FRAME }, { data: FRAME }], { snapLength }));
    t.is(frames.length, 2, `snap length ${snapLength}`);
    t.like(info, { snapLength, damage: null, cut: false });
  }
});

test("the upper half of the link type, for check sequences, is no part of it", async (t) => {
  const { frames } = await readBytes(writePcap([{ data: FRAME }], { linkType: 0x5400_0001 }));
  t.is(frames[0]?.linkType, 1);
});

test("empty frames, a wire length of 0, and fractions beyond their second on either side", async (t) => {
  const { frames, info } = await readBytes(
    writePcap([
      { data: new Uint8Array(0), sec: 5 },
      { data: FRAME, sec: 6, wireLen: 0 },
      { data: FRAME, sec: 7, nsec: 2_500_000_000 },
      { data: FRAME, sec: 0xffffffff, nsec: 4_294_967_295_000 },
    ]),
  );
  t.deepEqual(
    frames.map(({ sec, nsec, wireLen }) => [sec, nsec, wireLen]),
    [
      [5, 0, 0],
      [6, 0, FRAME.length],
      [9, 500_000_000, FRAME.length],
      [0xfffffffe, 999_999_000, FRAME.length],
    ],
  );
  t.is(info.framesCut, 0);
});

test("first and last time are the earliest and the latest, in whatever order the frames stand", async (t) => {
  const times = [50, 40, 90, 60, 40].map((sec, nsec) => ({ data: FRAME, sec, nsec }));
  const { info } = await readBytes(writePcap(times, { nanos: true }));
  t.like(info, { firstSec: 40, firstNsec: 1, lastSec: 90, lastNsec: 2 });
});

for (const [name, magic, recordExtra] of [
  ["Kuznetzov's", 0xa1b2cd34, 8],
  ["SuSE 6.3's", 0xa1b2cd34, 12],
  ["Red Hat 6.1's", 0xa1b2c3d4, 8],
  ["Nokia's", 0xa1b2c3d4, 4],
] as const) {
  for (const bigEndian of [false, true]) {
    test(`${name} variant, ${bigEndian ? "big" : "little"}-endian, is told by what makes sense`, async (t) => {
      const written = [1, 2, 3, 4].map((sec) => ({ data: FRAME, sec, nsec: 7000 }));
      const { frames, info } = await readBytes(writePcap(written, { magic, recordExtra, bigEndian }));
      t.is(info.format, "pcap-modified");
      t.deepEqual(
        frames.map(({ data, sec, nsec }) => ({ data, sec, nsec })),
        written.map(({ sec, nsec }) => ({ data: Buffer.from(FRAME).toString("hex"), sec, nsec })),
      );
    });
  }
}

for (const [name, version] of [
  ["2.2", hex`02 00 02 00`],
  ["543.0, DG/UX", hex`1f 02 00 00`],
] as const) {
  test(`version ${name} has its two lengths the other way round`, async (t) => {
    const { frames } = await readBytes(
      concat([
        hex`d4 c3 b2 a1 ${version} 00 00 00 00 00 00 00 00 60 00 00 00 01 00 00 00`,
        hex`01 00 00 00  02 00 00 00  40 00 00 00  03 00 00 00  aa bb cc`,
      ]),
    );
    t.like(frames[0], { data: "aabbcc", wireLen: 64 });
  });
}

test("a header that can't be followed is refused with its reason", async (t) => {
  const rest = hex`00 00 00 00 00 00 00 00 60 00 00 00 01 00 00 00`;
  const refused: [Uint8Array, RegExp][] = [
    [hex`d4 c3 b2 a1 07 00 01 00 ${rest}`, /pcap version 7\.1/],
    [hex`ac 01 00 1c 02 00 04 00 ${rest}`, /Ixia's variant.*editcap/],
    [hex`1c 00 01 ab 00 02 00 04 ${rest}`, /Ixia's variant/],
    [hex`d4 c3 b2 a1 02 00`, /header has 24 bytes and this file ends after 6/],
  ];
  for (const [bytes, reason] of refused) {
    const { frames, info } = await readBytes(bytes);
    t.is(frames.length, 0);
    t.regex(info.damage?.message ?? "", reason);
    t.is(info.damage?.offset, 0);
  }
});

test("a nonsense length in the middle is damage, at its place, after what stands before it", async (t) => {
  const bytes = writePcap([1, 2, 3, 4].map((sec) => ({ data: FRAME, sec })));
  const third = 24 + 2 * (16 + FRAME.length);
  bytes.set(hex`ff ff ff ff`, third + 8);
  const { frames, info, warnings } = await readBytes(bytes);
  t.is(frames.length, 2);
  t.is(info.damage?.offset, third);
  t.regex(info.damage?.message ?? "", /^Record 3 would take 4294967311 bytes/);
  t.is(info.cut, false);
  t.deepEqual(warnings, []);
});

test("a length that no capture has, beyond the end, is damage and not a cut", async (t) => {
  const bytes = writePcap([{ data: FRAME }, { data: FRAME }], { snapLength: 65_535 });
  bytes.set(hex`00 00 10 00`, 24 + 16 + FRAME.length + 8); // 1 MiB
  const { frames, info } = await readBytes(bytes);
  t.is(frames.length, 1);
  t.regex(info.damage?.message ?? "", /^Record 2 claims 1048576 bytes, and the file has 15 left/);
});

test("a last record that is cut is a warning", async (t) => {
  const bytes = writePcap([{ data: FRAME }, { data: FRAME }]);
  const body = await readBytes(bytes.subarray(0, bytes.length - 1));
  t.is(body.frames.length, 1);
  t.like(body.info, { cut: true, damage: null });
  t.deepEqual(body.warnings, ["The file ends in record 2, 14 of its 15 bytes; it was left out"]);

  const header = await readBytes(bytes.subarray(0, bytes.length - FRAME.length - 6));
  t.like(header.info, { cut: true, damage: null, packets: 1 });
  t.deepEqual(header.warnings, ["The file ends in the header of record 2, 10 of 16 bytes; it was left out"]);
});

test("a record larger than a block of the slab is read whole", async (t) => {
  const large = new Uint8Array(9 << 20).map((_, index) => index * 7);
  const written = [{ data: FRAME }, { data: large }, { data: FRAME }];
  const { frames, info } = await readBytes(writePcap(written), [1000, 5 << 20]);
  t.deepEqual(
    frames.map(({ data }) => data.length / 2),
    written.map(({ data }) => data.length),
  );
  t.is(frames[1]?.data, Buffer.from(large).toString("hex"));
  t.is(frames[2]?.data, Buffer.from(FRAME).toString("hex"));
  t.is(info.damage, null);
});
