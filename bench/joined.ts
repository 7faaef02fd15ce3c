/**
 * One long file of real traffic: all captures of a folder, one behind the other, again and again until it is as long as was
 * asked for, and `check` of it beside tshark.
 *
 *     node dist/bench/joined.js [--folder ../shared/captures] [--megabytes 1024] [--runs 3]
 *
 * Each round comes after the one before it in time, so what was a flow is another one then. tshark prints the protocols of each
 * packet and the names in it; it takes minutes for what one round holds, so it gets one, and its time a byte counts. (More
 * would take it longer a byte: it keeps all that it has seen.)
 */
import { closeSync, existsSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { NEXT_FRAME } from "../src/capture/frame.ts";
import { openCaptures } from "../src/capture/open.ts";
import { PcapngBlocks } from "../test/support/capture-writer.ts";
import { capturesOf, tsharkFields } from "./corpus-peers.ts";
import { type Measurement, measure, median, warm } from "./measure.ts";

const CLI = new URL("../src/main.js", import.meta.url).pathname;
const DATABASE = "bench/data/joined.sqlite";
const TARGET = 200;
/** Seconds between two captures, and the most that one of them takes: clocks in captures jump by years. */
const GAP_SEC = 1;
const LONGEST_SEC = 3600;
const START_SEC = 1_780_000_000;
const NANOSECONDS = 9;
const BLOCKS = new PcapngBlocks();

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: "../shared/captures" },
    megabytes: { type: "string", default: "1024" },
    runs: { type: "string", default: "3" },
  },
});
const least = Number(values.megabytes) * 2 ** 20;

/** A packet as it goes into the file: its block, and seconds from the round's beginning, which are written in each round. */
interface Packet {
  block: Buffer;
  sec: number;
  nsec: number;
}

const { linkTypes, packets, seconds, refused } = await oneRound();
const part = "bench/data/joined-round.pcapng";
const whole = `bench/data/joined-${values.megabytes}.pcapng`;
const rounds = write(whole, least);
write(part, 0);
console.log(
  `${whole}: ${rounds} rounds of ${packets.length} packets and ${(statSync(part).size / 1e6).toFixed(1)} MB; ${refused} captures refused`,
);

const ours: Measurement[] = [];
const theirs: Measurement[] = [];
await warm(whole);
for (let run = 0; run < Number(values.runs); run++) {
  rmSync(DATABASE, { force: true });
  ours.push(await measure([process.execPath, CLI, "check", whole, "--model", "opswat-sdp", "--db", DATABASE]));
  if (run === 0) theirs.push(await measure(tsharkFields(part)));
}
rmSync(DATABASE, { force: true });
const failed = ours.find(({ exitCode }) => ![0, 1, 3, 4].includes(exitCode));
if (failed !== undefined) {
  console.error(`bench: FAILED: check exits ${failed.exitCode}: ${failed.lastWords}`);
  process.exitCode = 1;
}
const size = statSync(whole).size;
const mine = median(ours.map(cpuOf));
const tshark = (median(theirs.map(cpuOf)) / statSync(part).size) * size;
const memory = Math.max(...ours.map(({ peakMB }) => peakMB ?? 0)).toFixed(0);
const clock = median(ours.map((run) => run.seconds)).toFixed(1);
console.log(
  `  wirepact check   ${mine.toFixed(1).padStart(9)} s of processor time, ${clock} s by the clock, ${memory} MB`,
);
console.log(
  `  tshark           ${tshark.toFixed(1).padStart(9)} s, reckoned from ${cpuOf(theirs[0]!).toFixed(1)} s for one round`,
);
const ratio = tshark / mine;
console.log(`  ${ratio.toFixed(0)} × (target: at least ${TARGET})${ratio >= TARGET ? "" : ": not reached"}`);

function cpuOf({ cpuSeconds, seconds }: Measurement): number {
  return cpuSeconds ?? seconds;
}

/** Every packet of the folder once, in the order of its table. */
async function oneRound(): Promise<{ linkTypes: number[]; packets: Packet[]; seconds: number; refused: number }> {
  const linkTypes: number[] = [];
  const packets: Packet[] = [];
  let at = 0;
  let refused = 0;
  for (const path of capturesOf(values.folder, 1)) {
    try {
      const reader = await openCaptures([{ path }]);
      let first: number | null = null;
      let last = at;
      while (await reader.more()) {
        while (reader.next() === NEXT_FRAME) {
          const { buf, off, capLen, wireLen, sec, nsec, linkType } = reader.frame;
          if (!linkTypes.includes(linkType)) linkTypes.push(linkType);
          first ??= sec;
          const since = at + Math.min(LONGEST_SEC, Math.max(0, sec - first));
          last = Math.max(last, since);
          const frame = { data: buf.slice(off, off + capLen), wireLen, interface: linkTypes.indexOf(linkType) };
          packets.push({ block: Buffer.from(BLOCKS.enhancedPacket(frame)), sec: since, nsec });
        }
      }
      await reader.close();
      at = last + GAP_SEC;
    } catch {
      refused++;
    }
  }
  return { linkTypes, packets, seconds: at, refused };
}

/** Rounds, at least one, until the file has `least` bytes; how many. pcapng, because the captures are of many link types. */
function write(path: string, least: number): number {
  if (existsSync(path)) rmSync(path);
  const file = openSync(path, "w");
  const heads = [
    BLOCKS.section(),
    ...linkTypes.map((linkType) => BLOCKS.interface({ linkType, tsresol: NANOSECONDS })),
  ];
  let size = 0;
  for (const head of heads) size += writeSync(file, head);
  let rounds = 0;
  do {
    let pieces: Buffer[] = [];
    let held = 0;
    const flush = (): void => {
      if (held > 0) size += writeSync(file, Buffer.concat(pieces));
      pieces = [];
      held = 0;
    };
    for (const { block, sec, nsec } of packets) {
      const time = BigInt(START_SEC + rounds * seconds + sec) * 1_000_000_000n + BigInt(nsec);
      block.writeUInt32LE(Number(time >> 32n), 12);
      block.writeUInt32LE(Number(time & 0xffffffffn), 16);
      pieces.push(Buffer.from(block));
      held += block.length;
      if (held > 1 << 22) flush();
    }
    flush();
    rounds++;
  } while (size < least);
  closeSync(file);
  return rounds;
}
