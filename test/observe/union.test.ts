import test from "ava";
import fc from "fast-check";
import type { Frame } from "../../src/capture/frame.ts";
import { describe } from "../../src/conform/conform.ts";
import { ALL_LANES } from "../../src/flow/lanes.ts";
import { countersOf } from "../../src/observe/codec.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { uniteShares } from "../../src/observe/union.ts";
import { frameOfBytes } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { caseCaptures, observe, observeFile, readFrames } from "../support/observe.ts";
import { bytes, ethernet, ipv4, ipv6, u16, udp } from "../support/packets.ts";

/** All that is said of an observation, in the order in which it is said. */
function said(seen: Observation): string {
  const { rest, lookups } = describe(seen);
  const { watch, repeatsOf, quotes } = seen.flows;
  const counts = { ...countersOf(seen), caps: [...seen.caps.hits], notPackets: [...seen.notPackets] };
  const edges = [watch.heads, watch.tails, repeatsOf].map((map) => [...map].sort(([a], [b]) => a - b));
  return JSON.stringify([
    [...rest.rows()],
    lookups,
    counts,
    edges,
    quotes.length,
    [...seen.etherTypes],
    [...seen.neighbours.claims],
  ]);
}

function shared(frames: readonly Frame[], masks: readonly number[], watch: number): Observation {
  return uniteShares(masks.map((lanes) => observe(frames, { lanes, watch })));
}

for (const path of caseCaptures()) {
  test(`${path}: however the lanes are shared, the whole is the same`, async (t) => {
    const frames = await readFrames(path);
    const watches = fc.constantFrom(0, 10, 20_000);
    const sharing = fc.uniqueArray(fc.integer({ min: 1, max: 15 }), { minLength: 0, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(watches, sharing, fc.integer({ min: 0, max: ALL_LANES }), async (watch, cuts, mask) => {
        const one = said(observe(frames, { watch }));
        const masks = cuts.length === 0 ? [mask | 1, ALL_LANES & ~(mask | 1)] : rangesOf(cuts);
        t.is(said(shared(frames, masks, watch)), one);
      }),
      { numRuns: 6 },
    );
  });
}

test("a tunnel and what is in it begin with one frame, and stand in one order however the lanes are shared", (t) => {
  const gre = (payload: Uint8Array): Uint8Array => concat([bytes(0, 0), u16(0x6558), payload]);
  const frames = Array.from({ length: 40 }, (_, i) => {
    const plain = ethernet(0x0800, ipv4(17, udp(4_000 + i, 9, ascii("hi")), { src: `192.0.2.${i + 1}` }));
    const once = ethernet(0x0800, ipv4(47, gre(plain), { src: `198.51.100.${i + 1}`, dst: "203.0.113.1" }));
    const twice = ethernet(0x86dd, ipv6(47, gre(once), undefined, [i + 1, 99]));
    return Object.assign(frameOfBytes([plain, once, twice][i % 3]!, i), { sec: 1_764_000_000 + i });
  });
  const one = said(observe(frames));
  for (const mask of [0x0001, 0x5555, 0x00ff, 0x7fff])
    t.is(said(shared(frames, [mask, ALL_LANES & ~mask], 20_000)), one, `lanes ${mask.toString(16)}`);
});

test("a share that has none of the first packets behind the beginning takes the short way all the same", async (t) => {
  const path = "fixtures/cases/rollout/rollout.pcap";
  for (let watch = 0; watch < 60; watch += 7) {
    const whole = await observeFile(path, { watch });
    const shares = [0x5555, 0xaaaa].map((lanes) => observeFile(path, { lanes, watch }));
    const all = await Promise.all(shares);
    t.is(said(uniteShares(all)), said(whole));
    t.is(all[0]!.flows.watch.lanes | all[1]!.flows.watch.lanes, whole.flows.watch.lanes);
  }
});

/** Lanes cut into ranges, as masks; the first has lane 0. */
function rangesOf(cuts: readonly number[]): number[] {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), 16];
  return edges.slice(1).map((end, i) => ((1 << end) - 1) & ~((1 << edges[i]!) - 1));
}
