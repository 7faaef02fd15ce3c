/**
 * Runs `wirepact live` for a long time under churn and looks at its memory and its losses: not part of CI.
 *
 *     node dist/bench/soak.js MINUTES PACKETS_PER_SECOND NEW_FLOWS_PER_SECOND
 *
 * As root on Linux: it makes two namespaces with a veth pair and takes them away again. Prints a line a minute; exits with 1
 * where the last third takes over a tenth more memory than the third before or the run took more than 300 MB at any moment,
 * where packets that arrived are unaccounted for, or where the run's end is not what it should be.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [minutes = "30", rate = "30000", flows = "1000"] = process.argv.slice(2);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const MAIN = join(HERE, "../src/main.js");
const CONNECTION = "fixtures/cases/rollout/rollout.pcap";
const NAMES = [`soak-${process.pid}-a`, `soak-${process.pid}-b`] as const;
const SAMPLE_MS = 10_000;
const MOST_MEGABYTES = 300;

/** Nobody documents the filler. */
const DRIFT = 1;

const folder = mkdtempSync(join(tmpdir(), "wirepact-soak-"));
const ip = (...words: string[]): void => void execFileSync("ip", words, { stdio: "pipe" });
const inside = (name: string, script: string, words: string[]) =>
  spawn("ip", ["netns", "exec", name, process.execPath, script, ...words], { stdio: ["ignore", "pipe", "pipe"] });

removeNamespaces();
for (const name of NAMES) {
  ip("netns", "add", name);
  // What the kernel says by itself on a new link would count as arrived, or as read, and not as both.
  execFileSync("ip", ["netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]);
}
ip("link", "add", "soak-a", "netns", NAMES[0], "type", "veth", "peer", "name", "soak-b", "netns", NAMES[1]);
ip("-n", NAMES[0], "link", "set", "soak-a", "up");
ip("-n", NAMES[1], "link", "set", "soak-b", "up");

/** The filler's sender is judged, all else is only observed. */
const judged = ["--model", "opswat-sdp", "--bind", "gateway=10.77.0.2", "--set", "region=us", "--set", "platform=aws"];
const database = join(folder, "soak.sqlite");
const live = inside(NAMES[0], MAIN, ["live", "-i", "soak-a", "--db", database, "--format", "json", ...judged]);
let said = "";
live.stdout.setEncoding("utf8").on("data", (text: string) => {
  said = (said + text).slice(-1_000_000);
});
live.stderr.setEncoding("utf8").on("data", (text: string) => process.stderr.write(text));
const liveEnds = new Promise<number | null>((resolve) => live.on("close", resolve));
await new Promise((resolve) => setTimeout(resolve, 3000));

const seconds = Number(minutes) * 60;
const sender = inside(NAMES[1], join(HERE, "live-sender.js"), ["soak-b", `${seconds}`, rate, flows, CONNECTION]);
let sent = "";
sender.stdout.setEncoding("utf8").on("data", (text: string) => {
  sent += text;
});
sender.stderr.setEncoding("utf8").on("data", (text: string) => process.stderr.write(text));

const samples: number[] = [];
const cpuBefore = processorSeconds();
const timer = setInterval(() => {
  samples.push(residentMegabytes());
  if (samples.length % 6 === 0) process.stdout.write(`${samples.length / 6} min: ${samples.at(-1)} MB\n`);
}, SAMPLE_MS);
await new Promise((resolve) => sender.on("close", resolve));
clearInterval(timer);
const cpu = processorSeconds() - cpuBefore;
await new Promise((resolve) => setTimeout(resolve, 1000));
const peak = residentMegabytes("VmHWM");
const stoppedAt = performance.now();
live.kill("SIGINT");
const code = await liveEnds;
const endSeconds = (performance.now() - stoppedAt) / 1000;
const [arrived, onTheWay] = [linkCounts(NAMES[0], "soak-a"), linkCounts(NAMES[1], "soak-b")];
removeNamespaces();
rmSync(folder, { recursive: true, force: true });

const { quality } = JSON.parse(said.trim().split("\n").at(-1) ?? "{}") as { quality: Record<string, number> };
const total = (JSON.parse(sent) as { sent: number }).sent;
// The kernel may lose what was sent before it reaches the interface: that is the network's loss, and its counters say so.
const unaccounted = arrived.packets - (quality.packets ?? 0) - (quality.drops ?? 0);
const third = Math.floor(samples.length / 3);
const mean = (list: number[]): number => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
const before = mean(samples.slice(third, 2 * third));
const last = mean(samples.slice(2 * third));
process.stdout.write(
  `sent ${total}, lost on the way ${onTheWay.dropped}, arrived ${arrived.packets}: read ${quality.packets}, lost ${quality.drops}, ` +
    `unaccounted for ${unaccounted}; flows ${quality.flows}, conversations ${quality.conversations}\n` +
    `memory: ${peak} MB at most, ${before.toFixed(0)} MB in the second third, ${last.toFixed(0)} MB in the last\n` +
    `processor: ${((cpu / seconds) * 100).toFixed(1)} % of a core; exit code ${code}, ${endSeconds.toFixed(1)} s after the signal\n`,
);
const flat = last <= before * 1.1 && peak <= MOST_MEGABYTES;
const well = flat && unaccounted === 0 && code === DRIFT;
process.stdout.write(well ? "passed\n" : "FAILED\n");
process.exitCode = well ? 0 : 1;

/** What came in at the one end, and what the kernel lost between the two, counted at the other. */
function linkCounts(name: string, device: string): { packets: number; dropped: number } {
  const said = execFileSync("ip", ["-n", name, "-s", "-j", "link", "show", device], { encoding: "utf8" });
  const [{ stats64 }] = JSON.parse(said) as [{ stats64: { rx: { packets: number }; tx: { dropped: number } } }];
  return { packets: stats64.rx.packets, dropped: stats64.tx.dropped };
}

/** `ip netns exec` becomes the program that it starts, so the child's number is the run's. */
function residentMegabytes(what: "VmRSS" | "VmHWM" = "VmRSS"): number {
  const [, kib = "0"] = new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${live.pid}/status`, "utf8")) ?? [];
  return Math.round((Number(kib) * 1024) / 1e6);
}

function processorSeconds(): number {
  const fields = readFileSync(`/proc/${live.pid}/stat`, "latin1").replace(/^.*\)/s, "").trim().split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function removeNamespaces(): void {
  for (const name of NAMES) {
    try {
      ip("netns", "del", name);
    } catch {
      // it was not there
    }
  }
}
