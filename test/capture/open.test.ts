import { execFileSync } from "node:child_process";
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { writeFile as writeAsync } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import test from "ava";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { writePcap, writePcapng } from "../support/capture-writer.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { drain, readBytes, readFile, readFiles } from "../support/read-captures.ts";

const folder = mkdtempSync(join(tmpdir(), "wirepact-open-"));
test.after.always(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const FRAME = hex`02 00 00 00 00 02  02 00 00 00 00 01  08 00  45`;
const frameAt = (sec: number, mark = 0) => ({ data: Uint8Array.of(mark, ...FRAME), sec });

/** An event trace's buffer header, system event and log header, as far as they tell it. */
const ETL = concat([
  hex`00 00 01 00`,
  new Uint8Array(68),
  hex`02 00 02 c0 ${new Uint8Array(28)} 00 00 01 00`,
  new Uint8Array(400),
]);

const NO_CAPTURES: [string, Uint8Array, RegExp][] = [
  ["empty", new Uint8Array(0), /^This is an empty file/],
  ["SQLite", concat([ascii("SQLite format 3\0"), new Uint8Array(84)]), /SQLite database/],
  ["zip", ascii("PK\x03\x04...."), /zip archive, not a capture: unpack it/],
  ["xz", hex`fd 37 7a 58 5a 00 00`, /xz file.*xz -d/],
  ["ELF", ascii("\x7fELF\x02\x01"), /program \(ELF\)/],
  ["ETL", ETL, /Windows event trace \(ETL\).*etl2pcapng/],
  ["HAR", ascii('{\n  "log": { "version": "1.2", "entries": [] } }'), /HAR file.*tcpdump -w/],
  ["JSON", ascii('[{"a": 1}]'), /is JSON/],
  ["HTML", ascii("<!DOCTYPE html>\n<html>"), /HTML page/],
  ["PDML", ascii('<?xml version="1.0"?>\n<pdml>'), /PDML/],
  ["XML", ascii('<?xml version="1.0"?>\n<a/>'), /is XML/],
  ["printed by tcpdump", ascii("12:00:00.123456 IP 10.0.0.1.53 > 10.0.0.2.53: UDP"), /what tcpdump prints/],
  ["hex dump", ascii("00000000: d4c3 b2a1 0200 0400 0000\n"), /hex dump.*text2pcap/],
  ["text", ascii("Good day, ä\n"), /is a text, not a capture: give a pcap or pcapng file$/],
  ["text in UTF-16", hex`ff fe 47 00 6f 00 6f 00 64 00`, /is a text/],
  ["tar", concat([new Uint8Array(257).fill(65), ascii("ustar")]), /tar archive/],
  ["Network Monitor", ascii("GMBU\x03\x02"), /Network Monitor capture.*editcap/],
  ["pcapng after a text transfer", hex`0d 0a 0d 0d 0d 0a 1c 00`, /transfer in text mode/],
  ["zeros", new Uint8Array(100), /nothing but zero bytes/],
  ["unknown", hex`de ad be ef 00 01 02 03 04`, /unknown kind of file \(its first bytes are de ad be ef 00 01 02 03\)/],
];
for (const [name, bytes, reason] of NO_CAPTURES) {
  test(`not a capture: ${name}`, async (t) => {
    const { frames, info, warnings } = await readFile(file(`no-${name}`, bytes));
    t.is(frames.length, 0);
    t.is(info.damage?.offset, 0);
    t.is(info.format, "unknown");
    t.regex(info.damage?.message ?? "", reason);
    t.deepEqual(warnings, []);
    const streamed = await readBytes(bytes);
    t.deepEqual(streamed.info.damage, info.damage, "the same over standard input");
  });
}

test("not a capture: what is inside of a packed file is told", async (t) => {
  const text = await readFile(file("text.gz", gzipSync("Good day\n")));
  t.regex(text.info.damage?.message ?? "", /^This is packed with gzip, and inside is a text, not a capture/);
  const twice = await readFile(file("twice.gz", gzipSync(gzipSync(writePcap([frameAt(1)])))));
  t.regex(twice.info.damage?.message ?? "", /inside is gzip within a compressed file, not a capture: unpack it once/);
  const broken = await readFile(file("broken.gz", hex`1f 8b ff 00 00 00 00 00 00 00`));
  t.regex(broken.info.damage?.message ?? "", /gzip stream is damaged/);
  const cut = await readFile(file("cut.gz", gzipSync(writePcap([frameAt(1)])).subarray(0, 12)));
  t.regex(cut.info.damage?.message ?? "", /gzip file is cut before anything/);
});

test("what can't be opened says why, and the others are read", async (t) => {
  const good = file("good.pcap", writePcap([frameAt(1), frameAt(2)]));
  const missing = join(folder, "missing.pcap");
  const { frames, captures } = await readFiles([
    { path: missing },
    { path: good, realm: "plant" },
    { path: folder },
    { path: join(good, "below") },
  ]);
  t.deepEqual(
    frames.map(({ sec, capture }) => [sec, capture]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  t.deepEqual(
    captures.map(({ damage }) => damage?.message),
    [
      "There is no such file",
      undefined,
      "This is a folder; give the captures in it, such as FOLDER/*.pcap",
      "There is no such file: a part of its path is no folder",
    ],
  );
  t.is(captures[1]?.realm, "plant");
  t.is(captures[1]?.size, statSync(good).size);
});

const unreadable = "/proc/self/mem"; // reading its first bytes is an input/output error, for everybody
(existsSync(unreadable) ? test : test.skip)("an input/output error is damage", async (t) => {
  const { info } = await readFile(unreadable);
  t.regex(info.damage?.message ?? "", /EIO: input\/output error/);
});

test("a file that becomes shorter while it is read is damage, after what was read", async (t) => {
  const frame = { data: new Uint8Array(1 << 20) };
  const path = file("shrinks.pcap", writePcap(new Array(8).fill(frame)));
  const reader = await openCaptures([{ path }]);
  t.true(await reader.more());
  let frames = 0;
  while (reader.next() === NEXT_FRAME) frames++;
  truncateSync(path, 4 << 20);
  t.is((await drain(reader)).length + frames, 3);
  t.regex(reader.captures[0]?.damage?.message ?? "", /became shorter while it was read: \d+ bytes at first, \d+ now/);
});

test("several captures are one, in time order across and in file order within", async (t) => {
  const one = file("one.pcap", writePcap([frameAt(10, 1), frameAt(30, 2), frameAt(20, 3), frameAt(40, 4)]));
  const two = file("two.pcapng", writePcapng([frameAt(10, 5), frameAt(25, 6), frameAt(35, 7)]));
  const three = file("three.pcap.gz", gzipSync(writePcap([frameAt(5, 8), frameAt(50, 9)], { nanos: true })));
  const none = file("none.pcap", writePcap([]));
  const { frames, captures } = await readFiles([one, two, three, none].map((path) => ({ path })));
  t.deepEqual(
    frames.map(({ data, capture, number }) => [Number(data.slice(0, 2)), capture, number]),
    [
      [8, 2, 1],
      [1, 0, 1],
      [5, 1, 1],
      [6, 1, 2],
      [2, 0, 2],
      [3, 0, 3], // later in its file, though earlier in time
      [7, 1, 3],
      [4, 0, 4],
      [9, 2, 2],
    ],
  );
  t.deepEqual(
    captures.map(({ packets, format, damage }) => [packets, format, damage]),
    [
      [4, "pcap", null],
      [3, "pcapng", null],
      [2, "pcap-ns+gzip", null],
      [0, "pcap", null],
    ],
  );
});

test("a stream among several captures is read once", async (t) => {
  const one = file("with-stream.pcap", writePcap([frameAt(1, 1), frameAt(3, 3)]));
  const bytes = writePcap([frameAt(2, 2), frameAt(4, 4)]).subarray(0, -1);
  const { frames, captures, warnings } = await readFiles([{ path: one }, { path: "-" }], {
    stdin: createReadStream(file("stream.pcap", bytes)),
  });
  t.deepEqual(
    frames.map(({ data }) => data.slice(0, 2)),
    ["01", "02", "03"],
  );
  t.is(captures[1]?.cut, true);
  t.is(warnings.length, 1);
});

test("a long row of rotated files needs neither their memory nor their descriptors at once", async (t) => {
  const paths = Array.from({ length: 200 }, (_, i) =>
    file(`rotated-${i}.pcap`, writePcap([frameAt(i * 10, i & 255), frameAt(i * 10 + 9)])),
  );
  const reader = await openCaptures(paths.toReversed().map((path) => ({ path })));
  let mostOpen = openFiles("rotated-");
  const times: number[] = [];
  while (await reader.more()) {
    while (reader.next() === NEXT_FRAME) times.push(reader.frame.sec);
    mostOpen = Math.max(mostOpen, openFiles("rotated-"));
  }
  t.deepEqual(
    times,
    paths.flatMap((_, i) => [i * 10, i * 10 + 9]),
  );
  t.true(mostOpen <= 2, `${mostOpen} open at a time`);
});

/** How many of this process's descriptors are files of this name; 0 where the system does not tell. */
function openFiles(name: string): number {
  const own = "/proc/self/fd";
  if (!existsSync(own)) return 0;
  return readdirSync(own).filter((fd) => {
    try {
      return readlinkSync(join(own, fd)).includes(name);
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

test("every warning of several captures is told once", async (t) => {
  const bytes = writePcap([frameAt(1), frameAt(2)]).subarray(0, -1);
  const empty = writePcap([]);
  const cutHeader = concat([empty, hex`00 00`]);
  const paths = [file("w1.pcap", bytes), file("w2.pcap", cutHeader)];
  const { warnings } = await readFiles(paths.map((path) => ({ path })));
  t.deepEqual(warnings.toSorted(), [
    "The file ends in record 2, 15 of its 16 bytes; it was left out",
    "The file ends in the header of record 1, 2 of 16 bytes; it was left out",
  ]);
});

test("a named pipe is read as a stream", async (t) => {
  const pipe = join(folder, "pipe");
  try {
    execFileSync("mkfifo", [pipe]);
  } catch {
    t.pass("no named pipes on this system");
    return;
  }
  const reading = readFile(pipe);
  await writeAsync(pipe, writePcap([frameAt(1)])); // opening a pipe waits for its reader
  const { frames, info } = await reading;
  t.is(frames.length, 1);
  t.is(info.size, null);
});

test("progress: the bytes used up end at the size of the file", async (t) => {
  for (const bytes of [writePcap([frameAt(1)]), gzipSync(writePcap([frameAt(1)]))]) {
    const path = file("progress", bytes);
    const reader = await openCaptures([{ path }]);
    await drain(reader);
    t.is(reader.bytesRead, bytes.length);
    t.is(reader.captures[0]?.size, bytes.length);
  }
});

test("no capture at all gives no frame", async (t) => {
  t.deepEqual(await drain(await openCaptures([])), []);
});

test("closing before the end is no error, and ends it", async (t) => {
  for (const count of [1, 3]) {
    const path = file("early.pcap.gz", gzipSync(writePcap([frameAt(1), frameAt(2)])));
    const reader = await openCaptures(new Array(count).fill({ path }));
    await reader.more();
    reader.next();
    await reader.close();
    t.not(reader.next(), NEXT_FRAME);
    t.false(await reader.more());
  }
});

test("closing while a stream says nothing ends the wait, and is no damage", async (t) => {
  const bytes = writePcap([frameAt(1)]);
  const silent = new Readable({ read() {} });
  silent.push(concat([bytes, new Uint8Array(8)]));
  const opening = openCaptures([{ path: "-" }], { stdin: silent });
  silent.push(new Uint8Array(5000));
  const reader = await opening;
  t.true(await reader.more());
  while (reader.next() === NEXT_FRAME);
  const waiting = reader.more();
  await reader.close();
  t.false(await waiting);
  t.is(reader.captures[0]?.damage, null);
});
