/** Every link layer and tunnel, by one frame each: what it dissects to, cut anywhere, and what tshark says of it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { PACKET, TUNNELS } from "../../src/dissect/packet.ts";
import { hasTshark } from "../e2e/tshark.ts";
import { writePcap } from "../support/capture-writer.ts";
import { Bench, dissected } from "../support/dissect.ts";
import { innermost } from "./peer.ts";
import { SAMPLES } from "./samples.ts";

/** Radio frames end in one; cut there, nothing is missing. */
const CHECKSUM = 4;

for (const { name, linkType, frame, line } of SAMPLES) {
  test(`${name}: read`, (t) => t.is(dissected(frame, { linkType }), line));

  test(`${name}: cut anywhere, nothing is claimed that was not read`, (t) => {
    for (let length = 0; length < frame.length; length++) {
      const cut = frame.subarray(0, length);
      const options = { linkType, wireLen: frame.length };
      const dark = dissected(cut, { ...options, around: 0x00 });
      t.is(dissected(cut, { ...options, around: 0xff }), dark, `${length} bytes`);
      if (length < frame.length - CHECKSUM) t.not(dark, line);
    }
  });

  test(`${name}: what follows the packet in its frame is no payload`, (t) => {
    const padded = new Uint8Array(frame.length + 9).fill(0x5a);
    padded.set(frame);
    if (!/802\.3|radiotap/.test(name)) t.is(dissected(padded, { linkType }), line);
    else t.true(dissected(padded, { linkType }).startsWith("udp"));
  });
}

test("one dissector reads all of them in turn: nothing is left over from the frame before", (t) => {
  const bench = new Bench();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < SAMPLES.length; i++) {
      const { name, linkType, frame, line } = SAMPLES[(i * (2 * round + 1) * 7) % SAMPLES.length]!;
      t.is(bench.line(frame, { linkType }), line, name);
    }
  }
});

test("every way through has a path of its own, so that a copy within a tunnel is told from a repeat", (t) => {
  const bench = new Bench();
  const paths = new Map<string, number>();
  for (const { name, frame } of SAMPLES.filter(({ linkType }) => linkType === 1)) {
    t.is(bench.code(frame), PACKET, name);
    const { tunnel, vlan, path } = bench.packet;
    paths.set(`${vlan} ${TUNNELS[tunnel]}`, path);
  }
  t.true(paths.size >= TUNNELS.length);
  t.is(new Set(paths.values()).size, paths.size);
});

const folder = mkdtempSync(join(tmpdir(), "wirepact-layers-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const asked = hasTshark() ? test : test.skip;
asked("tshark sees the same addresses", (t) => {
  const peers = SAMPLES.filter(({ noPeer }) => noPeer === undefined);
  for (const linkType of new Set(peers.map((sample) => sample.linkType))) {
    const samples = peers.filter((sample) => sample.linkType === linkType);
    const path = join(folder, `${linkType}.pcap`);
    writeFileSync(
      path,
      writePcap(
        samples.map(({ frame }) => ({ data: frame })),
        { linkType },
      ),
    );
    const frames = innermost(path);
    samples.forEach(({ name, line }, index) => {
      const [, from, , to] = line.split(" ");
      const seen = frames.get(index + 1);
      t.is(seen?.source, hostOf(from!), name);
      t.is(seen?.target, hostOf(to!), name);
    });
  }
});

const hostOf = (end: string): string => end.replace(/^\[?(.*?)\]?:\d+$/, "$1");
