import { execFileSync } from "node:child_process";
import test from "ava";
import { FilteredReader } from "../../src/capture/filtered.ts";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { BpfProgram } from "../../src/live/bpf.ts";
import { FileFilter } from "../../src/live/file-filter.ts";
import { faultAt } from "../../src/live/filter.ts";
import { loadNative } from "../../src/live/libpcap.ts";

const ROLLOUT = "fixtures/cases/rollout/rollout.pcap";
const native = await loadNative().catch((error: unknown) => String(error));
if (typeof native === "string") process.stderr.write(`filters: tests with libpcap are skipped: ${native}\n`);
const withLibpcap = typeof native === "string" ? test.skip : test;
const hasTcpdump = (() => {
  try {
    execFileSync("tcpdump", ["--version"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
})();
if (!hasTcpdump) process.stderr.write("filters: comparing with tcpdump is skipped: it is not installed\n");

async function count(filter: string): Promise<number> {
  const reader = new FilteredReader(await openCaptures([{ path: ROLLOUT }]), await FileFilter.of(filter));
  let passed = 0;
  while (await reader.more()) while (reader.next() === NEXT_FRAME) passed++;
  await reader.close();
  return passed;
}

withLibpcap("a filter stands in what is known of the capture", async (t) => {
  const reader = new FilteredReader(await openCaptures([{ path: ROLLOUT }]), await FileFilter.of("udp port 53"));
  t.deepEqual(reader.captures[0]!.filters, ["udp port 53"]);
  await reader.close();
});

for (const filter of [
  "udp port 53",
  "host 10.20.0.5 and tcp[tcpflags] & tcp-syn != 0",
  "vlan",
  "ip6 or arp",
  "tcp portrange 1-1024 and greater 100",
  "ip[8] > 60 and len <= 200",
  "net 203.0.113.0/24 and not port 443",
  "ether[6:4] & 0xff = 2 or (ip[2:2] - ((ip[0] & 15) << 2)) > 300",
  "ip[2:2] / 3 * 2 % 7 = 1",
]) {
  (typeof native === "string" || !hasTcpdump ? test.skip : test)(
    `the frames that tcpdump lets through: ${filter}`,
    async (t) => {
      const lines = execFileSync("tcpdump", ["-r", ROLLOUT, "-w", "-", filter], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      let expected = 0;
      for (let at = 24; at < lines.length; at += 16 + lines.readUInt32LE(at + 8)) expected++;
      t.is(await count(filter), expected);
    },
  );
}

for (const [filter, column] of [
  ["tcp prot 80", 4],
  ["tcp port 80 adn host 1.2.3.4", 12],
  ["tcp port 80 and prot 3", 16],
  ["port htttp", 5],
  ["host", 4],
  ["not (tcp and", 12],
] as const) {
  withLibpcap(`the caret under what is wrong in: ${filter}`, async (t) => {
    const error = await t.throwsAsync(FileFilter.of(filter), { name: "UsageError" });
    const [, shown = "", caret = ""] = error?.message.split("\n") ?? [];
    t.is(shown, `  ${filter}`);
    t.is(caret, `${" ".repeat(column + 2)}^`);
  });
}

test("where libpcap quotes a word, the caret is there", (t) => {
  t.is(
    faultAt("tcp and port htttp", "unknown port 'htttp'", () => false),
    13,
  );
});

test("a load beyond what was captured, a division by zero, a program without an end: nothing passes", (t) => {
  const frame = new Uint8Array([1, 2, 3, 4]);
  const returns = { code: 6, jt: 0, jf: 0, k: 1 };
  const passes = (...program: ConstructorParameters<typeof BpfProgram>[0]): boolean =>
    new BpfProgram(program).matches(frame, 0, 4, 4);
  t.true(passes({ code: 0x20, jt: 0, jf: 0, k: 0 }, returns));
  t.false(passes({ code: 0x20, jt: 0, jf: 0, k: 1 }, returns));
  t.false(passes({ code: 0x20, jt: 0, jf: 0, k: 0xffff_fffe }, returns));
  t.false(passes({ code: 0x34, jt: 0, jf: 0, k: 0 }, returns));
  t.false(passes({ code: 0x05, jt: 0, jf: 0, k: 0xffff_ffff }, returns));
  t.false(passes());
});
