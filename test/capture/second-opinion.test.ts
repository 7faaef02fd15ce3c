/** The `pcap-parser` package, frame by frame: it knows classic captures with microseconds, and reads them its own way. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { writePcap } from "../support/capture-writer.ts";
import { readFile } from "../support/read-captures.ts";

interface ParsedPacket {
  header: {
    timestampSeconds: number;
    timestampMicroseconds: number;
    capturedLength: number;
    originalLength: number;
  };
  data: Buffer;
}
interface Parser {
  on(event: "packet", listener: (packet: ParsedPacket) => void): Parser;
  on(event: "end", listener: () => void): Parser;
  on(event: "error", listener: (error: Error) => void): Parser;
}
// It is older than types and modules: what it emits is written down above.
const { parse } = createRequire(import.meta.url)("pcap-parser") as { parse(input: NodeJS.ReadableStream): Parser };

const folder = mkdtempSync(join(tmpdir(), "wirepact-second-"));
test.after.always(() => rmSync(folder, { recursive: true }));

function secondOpinion(path: string): Promise<object[]> {
  const packets: object[] = [];
  return new Promise((resolve, reject) => {
    parse(createReadStream(path))
      .on("packet", ({ header, data }) => {
        packets.push({
          sec: header.timestampSeconds,
          nsec: header.timestampMicroseconds * 1000,
          wireLen: header.originalLength,
          data: data.toString("hex"),
        });
      })
      .on("end", () => resolve(packets))
      .on("error", reject);
  });
}

function written(name: string, bigEndian: boolean): string {
  const frames = Array.from({ length: 300 }, (_, i) => ({
    data: new Uint8Array((i * 37) % 1500).map((_, at) => i + at),
    sec: 1_700_000_000 + i,
    nsec: ((i * 7919) % 1_000_000) * 1000,
    wireLen: ((i * 37) % 1500) + (i % 3),
  }));
  const path = join(folder, name);
  writeFileSync(path, writePcap(frames, { bigEndian }));
  return path;
}

for (const [name, path] of [
  ["a capture of tcpdump", () => "fixtures/capture/dns.pcap"],
  ["frames of all lengths, little-endian", () => written("little.pcap", false)],
  ["frames of all lengths, big-endian", () => written("big.pcap", true)],
] as const) {
  test(`pcap-parser reads the same: ${name}`, async (t) => {
    const file = path();
    const { frames } = await readFile(file);
    t.true(frames.length >= 6);
    t.deepEqual(
      frames.map(({ sec, nsec, wireLen, data }): object => ({ sec, nsec, wireLen, data })),
      await secondOpinion(file),
    );
  });
}
