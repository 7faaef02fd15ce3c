/** Programs that capture in this one's place: what they hand out, say and leave behind. They are shell scripts here, and no rights are needed. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { readPcapHeader } from "../../src/capture/pcap-header.ts";
import { type CapturingProgram, ChildSource } from "../../src/live/child-source.ts";
import type { LiveRequest } from "../../src/live/engine.ts";
import { RelayedProgram } from "../../src/live/relay.ts";
import { scratch } from "../cli/command.ts";
import { readFile } from "../support/read-captures.ts";

const ROLLOUT = "fixtures/cases/rollout/rollout.pcap";
const REQUEST: LiveRequest = {
  ...{ interface: "eth0", filter: "", snapLength: 96, bufferBytes: 1 << 20, promiscuous: true },
};

function program(script: string): CapturingProgram {
  return {
    name: "player",
    started: ["sh", "-c", script, "player"],
    arguments: ({ interface: name }) => [name],
    counts: (said) => ({ dropped: Number(/(\d+) lost/.exec(said)?.[1] ?? -1) }),
    refusal: (said) => new Error(`refused: ${said}`),
  };
}

async function all(source: ChildSource): Promise<Uint8Array> {
  const into = new Uint8Array(1 << 20);
  let at = 0;
  for (let count = -1; count !== 0; at += count) count = await source.read(into, at, into.length - at);
  return into.subarray(0, at);
}

test("a program's capture is read whole, with what it counted at its end, and how it ended", async (t) => {
  const source = await ChildSource.start(program(`cat ${ROLLOUT}; echo "player: 7 lost on $1" >&2`), REQUEST);
  const told: string[] = [];
  source.onNotice = (message) => told.push(message);
  const came = await all(source);
  t.deepEqual(Buffer.from(came), readFileSync(ROLLOUT));
  t.is(source.bytesRead, came.length);
  t.is(source.counts().dropped, 7);
  t.is(source.gone, "player on eth0 ended by itself: 7 lost on eth0");
  t.deepEqual(told, [source.gone]);
  await source.close();
});

test("one that is killed has ended by itself, and what it handed out stays", async (t) => {
  const source = await ChildSource.start(program(`cat ${ROLLOUT}; kill -9 $$`), REQUEST);
  t.is((await all(source)).length, readFileSync(ROLLOUT).length);
  t.is(source.gone, "player on eth0 ended by itself: signal 9 ended it");
  await source.close();
});

for (const [what, script] of [
  ["ends when it is told to", 'trap "exit 0" TERM; cat FILE; while :; do sleep 0.01; done'],
  ["does not", 'trap "" TERM; cat FILE; while :; do sleep 0.01; done'],
] as const) {
  test(`one that is stopped and ${what}`, async (t) => {
    const source = await ChildSource.start(program(script.replace("FILE", ROLLOUT)), REQUEST);
    source.stop();
    t.is((await all(source)).length, readFileSync(ROLLOUT).length);
    t.is(source.gone, null);
    await source.close();
  });
}

test("one that does not begin is refused with what it said", async (t) => {
  const refused = (script: string): Promise<unknown> => ChildSource.start(program(script), REQUEST);
  await t.throwsAsync(refused("echo 'player: no rights' >&2; exit 1"), { message: "refused: no rights" });
  await t.throwsAsync(refused("kill -15 $$"), { message: "refused: signal 15 ended it" });
  const missing = { ...program(""), started: ["wirepact-no-such-program"] as [string] };
  await t.throwsAsync(ChildSource.start(missing, REQUEST), { message: "refused: it is not installed" });
});

test("where whoever started it is gone, it ends", async (t) => {
  const left = join(scratch(t), "ended");
  const running = new RelayedProgram("sh", [
    "-c",
    `trap "echo > ${left}; exit" TERM; echo; while :; do sleep 0.01; done`,
  ]);
  for await (const _ of running.stdout) break;
  running.close();
  while (!existsSync(left)) await new Promise((resolve) => setTimeout(resolve, 10));
  t.is(await running.ended, null);
});

/** The package `cap` as it is called, with packets of its own; `open` is the body of that method. */
function capChild(t: ExecutionContext, open: string): { stdout: Buffer; stderr: string; status: number | null } {
  const folder = scratch(t);
  symlinkSync(fileURLToPath(new URL("../../src", import.meta.url)), join(folder, "src"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const cap = join(folder, "node_modules/cap");
  mkdirSync(cap, { recursive: true });
  writeFileSync(join(cap, "package.json"), '{ "name": "cap", "main": "index.cjs" }');
  const text = `exports.Cap = class extends require("events") { open(device, filter, bytes, buffer) { ${open} } close() {} }`;
  writeFileSync(join(cap, "index.cjs"), text);
  const found = ["--preserve-symlinks", "--preserve-symlinks-main"]; // packages beside the link, not where it leads
  const words = [join(folder, "src/live/cap-child.js"), "eth0", "1000", "96", "tcp"];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...found, ...words]);
  return { stdout, stderr: stderr.toString(), status };
}

const TWO = `setImmediate(() => {
  buffer.fill(7); this.emit("packet", 60, false); this.emit("packet", 96, true);
});`;

test("the package cap: its packets as a capture, with what it says of frames that were cut", async (t) => {
  const { stdout, status } = capChild(t, `${TWO} return "ETHERNET"`);
  t.is(status, 0);
  const path = join(scratch(t), "cap.pcap");
  writeFileSync(path, stdout);
  const { frames } = await readFile(path);
  t.deepEqual(
    frames.map(({ data, wireLen, linkType }) => [data, wireLen, linkType]),
    [
      ["07".repeat(60), 60, 1],
      ["07".repeat(96), 97, 1],
    ],
  );
});

test("the package cap: frames of other kinds are never taken for Ethernet", (t) => {
  for (const [says, linkType] of [
    ["IEEE802_11_RADIO", 127],
    ["LINKTYPE_LINUX_SLL", 113],
    ["Unknown linktype 276", 276],
  ] as const) {
    const { stdout } = capChild(t, `return ${JSON.stringify(says)}`);
    const header = readPcapHeader(stdout, 0, stdout.length);
    t.is(typeof header === "string" ? header : header.linkType, linkType);
  }
  const unnamed = capChild(t, 'return "TOKEN_RING"');
  t.deepEqual([unnamed.status, unnamed.stdout.length], [1, 0]);
  t.regex(unnamed.stderr, /does not name: TOKEN_RING/);
});

test("the package cap: why it does not begin is one line", (t) => {
  const { stderr, status } = capChild(t, 'throw new Error("socket: Operation\\nnot permitted")');
  t.deepEqual([stderr, status], ["socket: Operation not permitted\n", 1]);
});
