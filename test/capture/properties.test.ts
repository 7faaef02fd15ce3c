/** Any frames, in any format, packed or not, in any pieces: the same frames. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { type FrameToWrite, writePcap, writePcapng } from "../support/capture-writer.ts";
import { concat } from "../support/hex.ts";
import { type ReadFrame, readBytes, readFiles } from "../support/read-captures.ts";

const folder = mkdtempSync(join(tmpdir(), "wirepact-properties-"));
test.after.always(() => rmSync(folder, { recursive: true }));

/** Frames as ordinary captures have them: within a day, and no longer on the wire than 64 KiB. */
const frames = fc.array(
  fc.record({
    data: fc.uint8Array({ maxLength: 200 }),
    sec: fc.integer({ min: 1_700_000_000, max: 1_700_086_000 }),
    nsec: fc.integer({ min: 0, max: 999_999_999 }),
    beyond: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 65_535 })),
  }),
  { maxLength: 20 },
);
const toWrite = (list: { data: Uint8Array; sec: number; nsec: number; beyond: number }[]): FrameToWrite[] =>
  list.map(({ beyond, ...frame }) => ({ ...frame, wireLen: frame.data.length + beyond }));

const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });

const asWritten = (list: FrameToWrite[], unit = 1): object[] =>
  list.map(({ data, sec, nsec, wireLen }, index) => ({
    data: Buffer.from(data).toString("hex"),
    sec,
    nsec: Math.floor(nsec! / unit) * unit,
    wireLen,
    linkType: 1,
    number: index + 1,
    capture: 0,
  }));

const plain = (list: ReadFrame[]): object[] => list.map((frame) => ({ ...frame }));

test("classic pcap", async (t) => {
  const property = fc.asyncProperty(
    frames.map(toWrite),
    pieces,
    fc.boolean(),
    fc.boolean(),
    async (list, sizes, nanos, bigEndian) => {
      const { frames: read, info } = await readBytes(writePcap(list, { nanos, bigEndian }), sizes);
      t.deepEqual(plain(read), asWritten(list, nanos ? 1 : 1000));
      t.like(info, { damage: null, cut: false, packets: list.length });
      t.is(
        info.bytes,
        list.reduce((sum, { wireLen }) => sum + wireLen!, 0),
      );
    },
  );
  await fc.assert(property, { numRuns: 150 });
});

test("pcapng", async (t) => {
  const property = fc.asyncProperty(
    frames.map(toWrite),
    pieces,
    fc.boolean(),
    fc.integer({ min: -1000, max: 1000 }),
    async (list, sizes, bigEndian, tsoffset) => {
      const bytes = writePcapng(list, { bigEndian, interfaces: [{ tsresol: 9, tsoffset }] });
      const { frames: read, info } = await readBytes(bytes, sizes);
      t.deepEqual(plain(read), asWritten(list));
      t.like(info, { damage: null, cut: false, packets: list.length });
    },
  );
  await fc.assert(property, { numRuns: 150 });
});

test("gzip, in one member or many, in any pieces", async (t) => {
  const property = fc.asyncProperty(frames.map(toWrite), pieces, fc.nat(), async (list, sizes, where) => {
    const bytes = writePcap(list, { nanos: true });
    const half = where % (bytes.length + 1);
    const packed = concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))]);
    const { frames: read, info } = await readBytes(packed, sizes);
    t.deepEqual(plain(read), asWritten(list));
    t.is(info.format, "pcap-ns+gzip");
  });
  await fc.assert(property, { numRuns: 60 });
});

test("frames dealt out to several files come back in order", async (t) => {
  const dealt = fc.array(fc.record({ sec: fc.nat(9), nsec: fc.nat(3), file: fc.nat(4) }), { maxLength: 40 });
  const property = fc.asyncProperty(dealt, async (list) => {
    const marked = list
      .map((frame, index) => ({ ...frame, data: Uint8Array.of(index) }))
      .toSorted((a, b) => a.sec - b.sec || a.nsec - b.nsec || a.file - b.file);
    const inputs = [0, 1, 2, 3, 4].map((file) => {
      const path = join(folder, `${file}.pcap`);
      const own = marked.filter((frame) => frame.file === file);
      writeFileSync(path, file % 2 === 0 ? writePcap(own, { nanos: true }) : writePcapng(own));
      return { path };
    });
    const { frames: read } = await readFiles(inputs);
    t.deepEqual(
      read.map(({ data, capture }) => [data, capture]),
      marked.map(({ data, file }) => [Buffer.from(data).toString("hex"), file]),
    );
  });
  await fc.assert(property, { numRuns: 100 });
});

test("mutated bytes end in frames, a cut or damage, and nothing else", async (t) => {
  const change = fc.record({ at: fc.nat(), to: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) });
  const property = fc.asyncProperty(
    frames.map(toWrite),
    fc.boolean(),
    fc.array(change, { minLength: 1, maxLength: 6 }),
    pieces,
    async (list, ng, changes, sizes) => {
      const bytes = ng ? writePcapng(list) : writePcap(list);
      for (const { at, to } of changes) bytes[at % bytes.length] = to;
      const { frames: read, info } = await readBytes(bytes, sizes);
      t.is(info.packets, read.length);
      const stored = read.reduce((sum, { data }) => sum + data.length / 2, 0);
      t.true(stored <= bytes.length, "no more bytes than the file has");
      if (info.damage !== null) t.true(info.damage.offset >= 0 && info.damage.offset <= bytes.length);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("mutated packed bytes end likewise", async (t) => {
  const list = Array.from({ length: 40 }, (_, i) => ({ data: new Uint8Array(50).fill(i), sec: i }));
  const packed = gzipSync(writePcap(list));
  const whole = (await readBytes(packed)).frames;
  const property = fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
    const bytes = Uint8Array.from(packed);
    bytes[at]! ^= flip;
    const { frames: read, info } = await readBytes(bytes);
    t.is(info.packets, read.length);
    // A change in the header that gzip has no check for may do no harm; anything else is told.
    if (info.damage === null && !info.cut) t.deepEqual(read, whole);
  });
  await fc.assert(property, { numRuns: 200 });
});
