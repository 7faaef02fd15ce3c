/** What ARP says of addresses: claims with their frames, side by side where they differ, and the same however a capture is cut. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { assetReport } from "../../src/report/assets.ts";
import { penFor } from "../../src/report/pen.ts";
import type { AssetRow, RunResult } from "../../src/report/result.ts";
import { arpFrame, frameOfBytes, numbered } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { observe } from "../support/observe.ts";

const OWNER = "00005e005301";
const OTHER = "00005e005366";
const TALK = numbered([
  arpFrame({ mac: OWNER, address: "10.0.0.9", ms: 0 }),
  arpFrame({ mac: OWNER, address: "10.0.0.9", operation: 2, ms: 5_000 }),
  arpFrame({ mac: OTHER, address: "10.0.0.9", operation: 2, ms: 7_000 }),
  arpFrame({ mac: OTHER, address: "10.0.0.10", ms: 8_000 }),
]);
const rowsOf = (seen: Observation): AssetRow[] => collectAssets(new Conversations(seen));
const rows = (frames: readonly Frame[]): AssetRow[] => rowsOf(observe(frames));
const plain = ({ address, mac, source, how, first_frame, first_seen, last_seen }: AssetRow): unknown[] => [
  ...[address, mac, source, how, first_frame, first_seen.slice(17, 19), last_seen.slice(17, 19)],
];
const EXPECTED = [
  ["10.0.0.10", "00:00:5e:00:53:66", "ARP", "heard", 4, "08", "08"],
  ["10.0.0.9", "00:00:5e:00:53:01", "ARP", "heard", 1, "00", "05"],
  ["10.0.0.9", "00:00:5e:00:53:66", "ARP", "heard", 3, "07", "07"],
];

test("each MAC address that was claimed for an address stands beside the others, with its first frame", (t) => {
  t.deepEqual(rows(TALK).map(plain), EXPECTED);
});

test("slices in any order, and a database, say the same", async (t) => {
  const { decoders } = observe([]);
  for (let cut = 1; cut < TALK.length; cut++) {
    const slices = [observe(TALK.slice(0, cut)), observe(TALK.slice(cut))];
    t.deepEqual(rowsOf(mergeObservations(slices, decoders)).map(plain), EXPECTED);
    t.deepEqual(rowsOf(mergeObservations(slices.toReversed(), decoders)).map(plain), EXPECTED);
  }
  const stored = await decodeObservation(encodeObservation(observe(TALK)), decoders);
  t.deepEqual(rowsOf(stored).map(plain), EXPECTED);
});

test("probes, groups, other protocols and what is cut claim nothing", (t) => {
  const good = arpFrame({ mac: OWNER, address: "10.0.0.9" });
  const changed = (at: number, bytes: Uint8Array): Frame => {
    const frame = frameOfBytes(good.buf.slice(), 0);
    frame.buf.set(bytes, 14 + at);
    return frame;
  };
  t.is(rows(numbered([good])).length, 1);
  for (const [what, frame] of Object.entries({
    probe: arpFrame({ mac: OWNER, address: "0.0.0.0" }),
    group: arpFrame({ mac: "01005e000001", address: "10.0.0.9" }),
    "no MAC": arpFrame({ mac: "000000000000", address: "10.0.0.9" }),
    hardware: changed(0, hex`00 06`),
    protocol: changed(2, hex`86 dd`),
    lengths: changed(4, hex`08`),
    operation: changed(6, hex`00 03`),
    cut: frameOfBytes(good.buf.slice(0, 14 + 27), 0),
  }))
    t.deepEqual(rows(numbered([frame])), [], what);
});

test("a cooked capture has no Ethernet header, and ARP names its sender all the same", (t) => {
  const whole = arpFrame({ mac: OWNER, address: "10.0.0.9" });
  const frame = frameOfBytes(concat([hex`00 01 00 01 00 06 00 00 5e 00 53 01 00 00 08 06`, whole.buf.slice(14)]), 0);
  frame.linkType = 113;
  t.deepEqual(
    rows(numbered([frame])).map((row) => [row.address, row.mac]),
    [["10.0.0.9", "00:00:5e:00:53:01"]],
  );
});

test("the page says where an address has several owners", (t) => {
  const result = { assets: rows(TALK), captures: [] } as unknown as RunResult; // all that this report reads
  const page = [...assetReport(result, "text", penFor({}, {}))].join("");
  t.regex(page, /10\.0\.0\.9 .*00:00:5e:00:53:01 \(frame 1\), 00:00:5e:00:53:66 \(frame 3\)/);
  t.is(page.match(/2 MAC addresses claim it/g)?.length, 1);
});
