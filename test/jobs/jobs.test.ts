import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { describe } from "../../src/conform/conform.ts";
import { hintsOf } from "../../src/decode/hints.ts";
import { check, observe } from "../../src/index.ts";
import { jobsFor, MOST_JOBS, shareLanes } from "../../src/jobs/plan.ts";
import { Progress } from "../../src/jobs/protocol.ts";
import { isWorthSharing } from "../../src/jobs/sample.ts";
import { sizesOf } from "../../src/jobs/sizes.ts";
import { LIMITS } from "../../src/limits.ts";
import { decodeObservation } from "../../src/observe/codec.ts";
import { atEnd } from "../../src/observe/ends.ts";
import type { RunOutcome } from "../../src/pipeline.ts";
import { writePcap, writePcapng } from "../support/capture-writer.ts";
import { udpFrame } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { caseCaptures } from "../support/observe.ts";
import { ethernet, ipv4, udp } from "../support/packets.ts";

const folder = mkdtempSync(join(tmpdir(), "wirepact-jobs-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** The whole result as text, without what no two runs share. */
function textOf({ result, exitCode }: RunOutcome): string {
  const { rest, run, ...others } = result;
  return JSON.stringify(
    [others, [...rest.rows()], [...rest.chunks()], { ...run, started_at: null }, exitCode],
    (_, value) => (value instanceof Map ? [...value] : value),
  );
}

/** What a database would say of it. */
async function storedText({ observation }: RunOutcome): Promise<string> {
  const { rest, lookups } = describe(atEnd(await decodeObservation(observation(), DECODERS)));
  return JSON.stringify([[...rest.rows()], lookups]);
}

test("lanes are shared out among threads, each to one of them", (t) => {
  for (let jobs = 1; jobs <= MOST_JOBS; jobs++) {
    const masks = shareLanes(jobs);
    t.is(masks.length, jobs);
    t.is(
      masks.reduce((sum, mask) => sum + mask, 0),
      0xffff,
    );
    t.is(
      masks.reduce((all, mask) => all | mask, 0),
      0xffff,
    );
    t.is(masks[0]! & 1, 1);
  }
});

test("small captures are read by one thread, unless asked otherwise", (t) => {
  const small = [{ path: "small.pcap", size: 1 << 20 }];
  t.is(jobsFor(undefined, small), 1);
  t.is(jobsFor(2, small), 2);
  t.is(jobsFor(99, small), MOST_JOBS);
});

test("a long capture is shared where it has much that decoders read, or nobody can tell", (t) => {
  const hinted = hintsOf(DECODERS).udp;
  const worth = (port: number, pcapng = false): boolean => {
    const frames = Array.from({ length: 4_000 }, (_, i) => ({
      data: udpFrame({ from: "10.0.0.1:40001", to: `10.0.0.2:${port}`, data: new Uint8Array(i % 50).fill(i) }).buf,
      sec: 1_700_000_000 + (i >> 8),
    }));
    const path = join(folder, `worth-${port}.pcap`);
    writeFileSync(path, pcapng ? writePcapng(frames) : writePcap(frames));
    return isWorthSharing(path, statSync(path).size, hinted);
  };
  t.true(worth(53));
  t.false(worth(50_001));
  t.true(worth(50_001, true));
});

test("only files can be read by several threads", (t) => {
  t.is(sizesOf(["-"]), null);
  t.is(sizesOf([folder]), null);
  t.is(sizesOf([join(folder, "nothing.pcap")]), null);
  t.deepEqual(sizesOf(["package.json", "package.json"])?.length, 2);
});

test("threads stop at one frame, further than any of them can have come", (t) => {
  const progress = new Progress(2);
  t.is(progress.tell(0, 100), Number.MAX_SAFE_INTEGER);
  progress.tell(1, 5_000);
  const end = progress.stop();
  t.true(end > 5_000 + LIMITS.slabBytes / 16);
  t.is(progress.stop(), end, "once said it stands");
  t.is(progress.tell(0, 200), end);
});

for (const path of caseCaptures().filter((_, i) => i % 6 === 0)) {
  test.serial(`${path}: read by three threads, the result is the same`, async (t) => {
    const options = { captures: [path], models: ["opswat-sdp"], scope: "all" } as const;
    const three = await check({ ...options, jobs: 3 });
    const one = await check({ ...options, jobs: 1 });
    t.is(textOf(three), textOf(one));
    t.is(await storedText(three), await storedText(one));
  });
}

test.serial("every thread reads VXLAN on the site's own port", async (t) => {
  const path = join(folder, "overlay.pcap");
  const site = join(folder, "site.yaml");
  const talks = Array.from({ length: 40 }, (_, i) => udpFrame({ from: `10.0.0.${i + 1}:4000`, to: "10.0.0.99:53" }));
  const frames = talks.map(({ buf }) => {
    const tunnel = udp(50_000, 14_789, concat([hex`08 00 00 00 00 00 2a 00`, buf]));
    return { data: ethernet(0x0800, ipv4(17, tunnel, { src: "203.0.113.1", dst: "203.0.113.2" })) };
  });
  writeFileSync(path, writePcap(frames));
  for (const [text, expected] of [
    ["vxlan: 14789", 41],
    ["vxlan: []", 1],
  ] as const) {
    writeFileSync(site, text);
    for (const jobs of [1, 3]) {
      const options = { captures: [path], models: ["opswat-sdp"], site, scope: "all", jobs } as const;
      const { result } = await check(options);
      t.is([...result.rest.rows()].length + result.judged.length, expected, `${text}, ${jobs} threads`);
    }
  }
});

test.serial("every thread tells the site's realms apart", async (t) => {
  const path = join(folder, "trunk.pcap");
  const site = join(folder, "realms.yaml");
  const frames = [10, 20, 30].flatMap((vlan) =>
    Array.from({ length: 40 }, (_, i) =>
      udpFrame({ from: `10.0.0.${i + 1}:4000`, to: "10.0.0.99:53", vlan, ms: vlan * 1000 }),
    ),
  );
  writeFileSync(path, writePcap(frames.map(({ buf, sec, nsec }) => ({ data: buf, sec, nsec }))));
  writeFileSync(site, "realms: [{ name: a, vlans: 10 }, { name: b, vlans: 20 }, { name: c, vlans: 40 }]");
  const options = { captures: [path], models: ["opswat-sdp"], site, scope: "all" } as const;
  const one = await check({ ...options, jobs: 1 });
  t.deepEqual(
    new Set([...one.result.rest.rows(), ...one.result.judged].map(({ realm }) => realm)),
    new Set(["a", "b", "default"]),
  );
  t.true(one.result.run.warnings.some((text) => text.startsWith("No packet is of the realm c (VLAN 40)")));
  t.is(textOf(await check({ ...options, jobs: 3 })), textOf(one));
});

test.serial("several files and a damaged one, read by two threads", async (t) => {
  const broken = join(folder, "broken.pcap");
  writeFileSync(
    broken,
    Buffer.concat([
      writePcap([{ data: udpFrame({ from: "10.0.0.1:4000", to: "10.0.0.2:53" }).buf }]),
      new Uint8Array(40).fill(0xff),
    ]),
  );
  const captures = [...caseCaptures().slice(0, 4), broken];
  t.is(textOf(await observe({ captures, jobs: 2 })), textOf(await observe({ captures, jobs: 1 })));
});

test.serial("interrupted, all threads stop at the same frame, and what was read is told", async (t) => {
  const path = join(folder, "long.pcap");
  const frames = Array.from({ length: 50 }, (_, i) => ({
    data: udpFrame({ from: `10.0.0.${i + 1}:4000`, to: "10.0.0.99:53" }).buf,
  }));
  const file = writePcap(frames);
  const header = file.slice(0, 24);
  const records = file.slice(24);
  writeFileSync(path, Buffer.concat([header, ...Array.from({ length: 20_000 }, () => records)]));
  for (const jobs of [1, 2]) {
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const { result } = await observe({ captures: [path], jobs, onProgress, signal: stop.signal });
    t.is(result.run.status, "interrupted");
    const { packets } = result.captures[0]!;
    t.true(packets > 0 && packets < 1_000_000, `${packets}`);
    // The same frames again and again: each is counted once, by the thread that has its flow, and else as a copy.
    const counted = [...result.rest.rows()].reduce((sum, row) => sum + row.packets, 0);
    t.is(counted + Number(result.quality.duplicates), packets);
  }
});
