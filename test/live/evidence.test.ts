import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import test from "ava";
import fc from "fast-check";
import { Frame } from "../../src/capture/frame.ts";
import { EvidenceFolder } from "../../src/live/evidence.ts";
import type { HeldFrame } from "../../src/live/first-packets.ts";
import { FrameRing } from "../../src/live/frame-ring.ts";
import { JudgedEnds } from "../../src/live/judged-ends.ts";
import { pcapngOf } from "../../src/live/pcapng-writer.ts";
import { findUser } from "../../src/live/rights.ts";
import { scratch, wirepact } from "../cli/command.ts";
import { rollout } from "../report/sample.ts";
import { readFile } from "../support/read-captures.ts";

const held = (ring: FrameRing, capture_id: number, frame: number): HeldFrame | undefined =>
  ring.packetsOf([{ capture_id, frame }]).find((packet) => packet.frame === frame && packet.capture_id === capture_id);

test("packets come back as they were written, with their times and from where", async (t) => {
  const path = join(scratch(t), "kept.pcapng");
  const packets = [1, 2, 3].map((n) => ({
    from: n === 2 ? "eth1" : "eth0",
    linkType: n === 2 ? 276 : 1,
    bytes: new Uint8Array(n * 7).fill(n),
    wireLen: n * 9,
    sec: 1_800_000_000 + n,
    nsec: 999_999_990 + n,
    comment: `the ${n}th`,
  }));
  writeFileSync(path, pcapngOf("a finding", "wirepact", packets));
  const { frames, captures } = await readFile(path);
  t.deepEqual(
    frames.map(({ sec, nsec, wireLen, linkType, data }) => ({ sec, nsec, wireLen, linkType, data })),
    packets.map(({ sec, nsec, wireLen, linkType, bytes }) => {
      return { sec, nsec, wireLen, linkType, data: Buffer.from(bytes).toString("hex") };
    }),
  );
  t.is(captures[0]?.damage, null);
});

test("what the ring still holds is what was put in, and the newest is always held", (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 34, max: 9000 }), { minLength: 1, maxLength: 200 }), (lengths) => {
      const ring = new FrameRing();
      const frame = new Frame();
      frame.linkType = 1;
      for (const [i, length] of lengths.entries()) {
        // Another flow each: addresses are the number.
        frame.buf = new Uint8Array(length).fill(i & 0xff);
        frame.buf.set([8, 0, 0x45], 12);
        new DataView(frame.buf.buffer).setUint32(26, i);
        frame.capLen = length;
        frame.wireLen = length;
        frame.number = i + 1;
        ring.take(frame);
        t.is(held(ring, 0, i + 1)?.bytes.length, length);
      }
      for (const [i, length] of lengths.entries()) {
        const there = held(ring, 0, i + 1);
        if (there !== undefined) t.deepEqual([there.bytes.length, there.bytes[0]], [length, i & 0xff]);
      }
    }),
    { numRuns: 20 },
  );
});

test("the ring goes round: old packets are not held any more, and none is mixed up", (t) => {
  const ring = new FrameRing();
  const frame = new Frame();
  frame.linkType = 1;
  const length = 9000;
  const packets = Math.ceil((40 << 20) / length);
  for (let i = 0; i < packets; i++) {
    frame.buf = new Uint8Array(length).fill(i & 0xff);
    frame.buf.set([8, 0, 0x45], 12);
    new DataView(frame.buf.buffer).setUint32(26, i);
    frame.capLen = length;
    frame.number = i + 1;
    ring.take(frame);
  }
  t.is(held(ring, 0, 1), undefined);
  for (let i = 0; i < packets; i++) {
    const there = held(ring, 0, i + 1);
    if (there !== undefined) t.is(there.bytes[0], i & 0xff);
  }
  t.not(held(ring, 0, packets), undefined);
});

test("what others say pushes out nothing of whoever is judged", (t) => {
  const address = (text: string, first: string, last: string) => ({ text, family: 4 as const, first, last });
  const bound = { name: null, internet: false, single: false, text: "10.0.0.0/24" };
  const hosts = [{ ...bound, addresses: [address("10.0.0.0/24", "0a000000", "0a0000ff")] }];
  const [how, made] = ["given" as const, { model: "m", role: "r", realm: null, outside: false }];
  const judged = JudgedEnds.of([{ ...made, hosts, how }]);
  const edges = [0x0a000000, 0x0a0000ff, 0x09ffffff, 0x0a000100].map((word) => judged?.has(word | 0));
  t.deepEqual(edges, [true, true, false, false]);
  const ring = new FrameRing([], judged);
  const frame = new Frame();
  frame.linkType = 1;
  frame.buf = new Uint8Array(9000);
  frame.buf.set([8, 0, 0x45], 12);
  frame.buf[23] = 17;
  frame.capLen = frame.buf.length;
  const packets = Math.ceil((40 << 20) / frame.capLen);
  for (frame.number = 1; frame.number <= packets; frame.number++) {
    new DataView(frame.buf.buffer).setUint32(26, frame.number === 7 ? 0x0a000007 : frame.number);
    ring.take(frame);
  }
  const there = [1, 7, packets].map((number) => held(ring, 0, number) !== undefined);
  t.deepEqual(there, [false, true, true]);
});

test("of several interfaces each packet is found by its own number, the same numbers in both", (t) => {
  const ring = new FrameRing();
  const frame = new Frame();
  frame.linkType = 1;
  const place = (capture: number, number: number): number => 100 + capture * 1_000 + (number % 900);
  const numbers = [1, 2, 70_000, 131_073, 131_074, 262_145];
  for (const number of numbers) {
    for (const capture of [0, 1, 2]) {
      frame.buf = new Uint8Array(place(capture, number));
      frame.buf.set([8, 0, 0x45], 12);
      new DataView(frame.buf.buffer).setUint32(26, number * 4 + capture);
      frame.capLen = frame.buf.length;
      frame.capture = capture;
      frame.number = number;
      ring.take(frame);
    }
  }
  for (const number of numbers)
    for (const capture of [0, 1, 2]) t.is(held(ring, capture, number)?.bytes.length, place(capture, number));
  t.is(held(ring, 3, 1), undefined);
  t.is(held(ring, 0, 3), undefined);
});

test("a folder never outgrows its size; the oldest go first, and what is not ours stays", async (t) => {
  const folder = scratch(t);
  // What an earlier run was allowed, and what one left that was killed while it wrote.
  for (const name of ["lookup-old.pcapng", "lookup-older.pcapng.part"])
    writeFileSync(join(folder, name), "x".repeat(2000));
  writeFileSync(join(folder, "mine.pcapng"), "x".repeat(5000));
  const evidence = await EvidenceFolder.open(folder, 3000);
  const { judged, captures } = rollout();
  const [row] = judged;
  const packet = { capture_id: 0, frame: 1, bytes: new Uint8Array(900), wireLen: 900, linkType: 1, sec: 1, nsec: 0 };
  const ours = (): number =>
    readdirSync(folder)
      .filter((name) => name !== "mine.pcapng")
      .reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  t.true(ours() <= 3000);
  let keeping = true;
  let most = 0;
  const watching = (async () => {
    for (; keeping; await setImmediate()) most = Math.max(most, ours());
  })();
  for (const id of ["a", "b", "c", "d"]) {
    const support = [{ capture_id: 0, frame: 1, what: "a packet" }];
    const finding = {
      kind: "undocumented" as const,
      key: id,
      row: { ...row!, conversation_id: id, evidence: { ...row!.evidence!, support, against: [] } },
    };
    await evidence.keep(finding, captures, () => [packet]);
  }
  keeping = false;
  await watching;
  const names = readdirSync(folder).sort();
  t.true(names.includes("mine.pcapng") && names.includes("undocumented-d.pcapng"));
  t.false(names.includes("undocumented-a.pcapng"));
  t.true(most > 0 && most <= 3000 && ours() <= 3000, `${most} bytes`);
});

test("check keeps the packets of its findings: what they prove is in them", async (t) => {
  const folder = scratch(t);
  const words = [
    "--model",
    "opswat-sdp",
    "--bind",
    "gateway=10.20.0.5",
    "--set",
    "region=us",
    "--db",
    join(folder, "a.sqlite"),
  ];
  const kept = join(folder, "kept");
  const ran = await wirepact(["check", "fixtures/cases/rollout/rollout.pcap", ...words, "--keep-packets", kept]);
  t.is(ran.code, 1);
  const names = readdirSync(kept);
  t.true(names.length >= 3);
  // From the SYN on, both directions: what Wireshark needs to show the handshake as one.
  const { frames } = await readFile(join(kept, "undocumented-a90587da959bb5fc.pcapng"));
  t.is(frames.length, 16);
  t.deepEqual(
    frames.slice(0, 3).map(({ data }) => Number.parseInt(data.slice(94, 96), 16)),
    [2, 0x12, 0x10], // SYN, SYN-ACK, ACK
  );
  const again = await wirepact([
    "observe",
    ...names.map((name) => join(kept, name)),
    "--db",
    join(folder, "b.sqlite"),
    "--format",
    "json",
  ]);
  t.regex(again.stdout, /telemetry\.example\.com/);
  t.is((await wirepact(["check", "x.pcap", ...words, "--keep-packets", kept, "--keep-size", "many"])).code, 2);
});

test("a folder is made with those that it stands in; one that cannot be made is refused", async (t) => {
  const folder = join(scratch(t), "a", "b");
  await EvidenceFolder.open(folder, 1000);
  t.true(statSync(folder).isDirectory());
  writeFileSync(join(folder, "file"), "");
  for (const wrong of [join(folder, "file"), join(folder, "file", "c"), "/proc/no/such"])
    await t.throwsAsync(EvidenceFolder.open(wrong, 1000), {
      name: "UsageError",
      message: /nothing can be written there/,
    });
});

test("users are found by name and by number", (t) => {
  const passwd = "root:x:0:0:root:/root:/bin/sh\nsensor:x:997:996::/var/lib/sensor:/usr/sbin/nologin\n";
  t.deepEqual(findUser(passwd, "sensor"), { name: "sensor", uid: 997, gid: 996 });
  t.deepEqual(findUser(passwd, "997"), { name: "sensor", uid: 997, gid: 996 });
  t.is(findUser(passwd, "nobody"), null);
  t.is(findUser(passwd, ""), null);
});
