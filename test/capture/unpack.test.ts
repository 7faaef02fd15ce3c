import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import test from "ava";
import { StreamSource } from "../../src/capture/source.ts";
import { fzstdUnpacker, packingOf, UnpackSource } from "../../src/capture/unpack.ts";
import { ZstdBlocks } from "../../src/capture/zstd-blocks.ts";
import { concat, hex } from "../support/hex.ts";

const folder = mkdtempSync(join(tmpdir(), "wirepact-unpack-"));
test.after.always(() => rmSync(folder, { recursive: true }));

/** Text that packs well and repeats at long distances, so that windows matter. */
const content = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `record ${i} of ${(i * i) % 977}\n`).join(""));

/** Unpacks a source to its end in reads of 100,000 bytes. */
async function unpack(source: UnpackSource): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(100_000);
    const count = await source.read(part, 0, part.length);
    if (count === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, count));
  }
}

const over = (bytes: Uint8Array) => new StreamSource(Readable.from([bytes]));

function zstd(bytes: Uint8Array, ...options: string[]): Uint8Array | null {
  try {
    const input = join(folder, `in-${options.join("")}`);
    writeFileSync(input, bytes);
    return execFileSync("zstd", ["-q", "-c", ...options, input], { maxBuffer: 1 << 28 });
  } catch {
    return null;
  }
}

test("the packing is told by its first bytes", (t) => {
  t.is(packingOf(hex`1f 8b 08 00`), "gzip");
  t.is(packingOf(hex`28 b5 2f fd 00`), "zstd");
  t.is(packingOf(hex`d4 c3 b2 a1`), null);
  t.is(packingOf(new Uint8Array(0)), null);
});

test("gzip: whole, cut, and damaged", async (t) => {
  const packed = zlib.gzipSync(content);
  const whole = new UnpackSource("gzip", over(packed));
  t.true((await unpack(whole)).equals(content));
  t.false(whole.cut);
  t.is(whole.bytesRead, packed.length);

  const cut = new UnpackSource("gzip", over(packed.subarray(0, packed.length >> 1)));
  const half = await unpack(cut);
  t.true(cut.cut);
  t.true(half.length > content.length / 3 && content.subarray(0, half.length).equals(half));

  const wrong = Uint8Array.from(packed);
  wrong[packed.length - 6]! ^= 1; // the check sum
  const damaged = new UnpackSource("gzip", over(wrong));
  await t.throwsAsync(() => unpack(damaged), { message: /gzip stream is damaged here \(incorrect data check\)/ });
});

test("a small file that unpacks to much streams through little memory", async (t) => {
  const bomb = concat(new Array(40).fill(zlib.gzipSync(Buffer.alloc(16 << 20), { level: 9 })));
  const source = new UnpackSource("gzip", over(bomb));
  const into = new Uint8Array(1 << 20);
  let total = 0;
  let most = 0;
  for (let count = -1; count !== 0; total += count) {
    count = await source.read(into, 0, into.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  t.is(total, 640 << 20);
  t.true(most < 200 << 20, `${most >> 20} MiB of buffers`);
});

for (const [name, options] of [
  ["plain", []],
  ["with no check sum", ["--no-check"]],
  ["with a large window", ["-19", "--long=24"]],
  ["hardly packed", ["-1"]],
] as const) {
  const packed = zstd(content, ...options);
  (packed === null ? test.skip : test)(
    `zstd ${name}: Node's decoder and fzstd, in one frame and in several`,
    async (t) => {
      const frames = concat([packed!, hex`50 2a 4d 18 03 00 00 00 aa bb cc`, packed!]); // a skippable frame between
      const twice = Buffer.concat([content, content]);
      t.true((await unpack(new UnpackSource("zstd", over(frames)))).equals(twice));
      t.true((await unpack(new UnpackSource("zstd", over(frames), fzstdUnpacker))).equals(twice));
      for (const length of [5, 20, packed!.length >> 1, packed!.length - 1]) {
        for (const unpacker of [undefined, fzstdUnpacker]) {
          const source = new UnpackSource("zstd", over(packed!.subarray(0, length)), unpacker);
          const part = await unpack(source);
          t.true(source.cut, `${length} bytes`);
          t.true(content.subarray(0, part.length).equals(part));
        }
      }
    },
  );
}

test("zstd: blocks are cut where they end, whatever the pieces that they come in", (t) => {
  const packed = zstd(content);
  if (packed === null) {
    t.pass("no zstd program here");
    return;
  }
  const expected = new ZstdBlocks().push(packed).map(({ bytes }) => bytes.length);
  t.true(expected.length > 5);
  for (const size of [1, 7, 1000, 4096]) {
    const blocks = new ZstdBlocks();
    const lengths: number[] = [];
    for (let at = 0; at < packed.length; at += size) {
      lengths.push(...blocks.push(packed.subarray(at, at + size)).map(({ bytes }) => bytes.length));
      t.is(blocks.whole, at + size >= packed.length);
    }
    t.deepEqual(lengths, expected);
  }
});

test("zstd: a header that wants much memory, a block too large, and what is no frame are refused", (t) => {
  const magic = hex`28 b5 2f fd`;
  t.throws(() => new ZstdBlocks().push(hex`${magic} 00 ${0xa8} 00 00 00`), {
    message: /wants 2147483648 bytes of memory/,
  });
  t.throws(() => new ZstdBlocks().push(hex`${magic} e0 ff ff ff ff ff ff 00 00`), { message: /bytes of memory/ });
  t.throws(() => new ZstdBlocks().push(hex`${magic} 00 58 fd ff ff`), { message: /block claims/ });
  t.throws(() => new ZstdBlocks().push(hex`01 02 03 04 05 06`), { message: /no zstd frame/ });
});

test("a failure of what is packed reaches whoever reads", async (t) => {
  const source = new UnpackSource("gzip", new StreamSource(createReadStream(join(folder, "missing"))));
  await t.throwsAsync(() => unpack(source), { code: "ENOENT" });
  await source.close();
});
