/** What a host that is bound by IP does without IP: whose a MAC address is shown to be, and when nothing shows it. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { profileOf } from "../../src/report/profile.ts";
import { arpFrame, frameOfBytes, icmpFrame } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { ethernet } from "../support/packets.ts";
import { HOST, PEER, trialOf } from "./scene.ts";
import { busy } from "./stage.ts";

const OWNER = "00005e005302";
const DEVICE = "00005e005311";
const OTHER = "00005e005366";
const last = (mac: string): number => Number.parseInt(mac.slice(-2), 16);

/** PROFINET DCP, IEC 61158-6-10: the host names a device's station anew, or asks everybody who they are. */
const setName = ethernet(
  0x8892,
  hex`fe fd 04 00      # Get/Set, Set, request
      00 00 00 07      # xid
      00 00 00 0c      # 12 bytes of blocks
      02 02 00 08      # name of station
      00 00 70 6c 63 2d 31 32`,
  [last(DEVICE), last(OWNER)],
);
const done = ethernet(0x8892, hex`fe fd 04 01 00 00 00 07 00 00 00 08 05 04 00 03 02 02 00 00`, [
  last(OWNER),
  last(DEVICE),
]);
const written = [frameOfBytes(setName, 50), frameOfBytes(done, 55)];
const asks = (mac = OWNER, address = HOST): Frame => arpFrame({ mac, address, operation: 1, ms: 1 });
const answers = (mac = OWNER, address = HOST): Frame => arpFrame({ mac, address, operation: 2, ms: 1 });

const modbus = { id: "modbus", to: "peer", over: "tcp/502", app: "modbus" };

interface Told {
  bind?: string[];
  infer?: boolean;
  rules?: Record<string, unknown>[];
}
async function toldOf(shown: readonly Frame[], { bind = [`host=${HOST}`], infer = true, rules = [modbus] }: Told = {}) {
  const trial = await trialOf({ rules, bind, frames: [...shown, ...written] });
  const said = judgeFrames({ ...trial, options: { ...trial.options, infer } }, trial.frames);
  const row = [...said.conversations.values()].find(({ app }) => app === "profinet-dcp");
  return { row, verdict: row?.verdict ?? "unrelated", said, trial };
}

test("a write without IP is the host's own, and it is said why", async (t) => {
  const { row, said } = await toldOf([asks()]);
  t.is(row?.verdict, "undocumented");
  t.regex(row?.reason ?? "", /00:00:5e:00:53:02 is host, as the device 10\.0\.0\.5 has it too/);
  t.true(
    row?.evidence?.support.some(({ frame }) => frame === 1),
    "ARP is among the frames that it rests on",
  );
  t.true(said.result.run.warnings.some((text) => text.startsWith(`What ${HOST}, bound to host, sends and hears`)));
  t.is((await toldOf([asks()], { infer: false })).verdict, "unrelated");
});

test("the proof page has it among what the role asked", async (t) => {
  const { said } = await toldOf([asks()]);
  t.deepEqual(said.result.run.bindings[0]?.others, ["00:00:5e:00:53:02"]);
  const { verdict, beyond } = profileOf(said.result, "host");
  t.is(verdict, "not-read-only");
  t.deepEqual(
    beyond.map(({ operation, device }) => `${operation} ${device}`),
    ["Set 00:00:5e:00:53:11"],
  );
});

test("a rule over Ethernet takes it by the address of IP", async (t) => {
  const rules = [{ id: "dcp", to: "peer", over: "eth", app: "profinet-dcp", expect: { operations: "at most write" } }];
  const bind = [`host=${HOST}`, `peer=${PEER}`];
  const { said, row } = await toldOf([asks(), asks(DEVICE, PEER)], { rules, bind });
  t.is(row?.verdict, "documented");
  t.is(said.rules.get("m/dcp")?.status, "met");
  const read = rules.map((rule) => ({ ...rule, expect: { operations: "at most read" } }));
  t.is((await toldOf([asks(), asks(DEVICE, PEER)], { rules: read, bind })).verdict, "violation");
});

test("whoever answers for one address alone has it, and so has every host of a network that is bound", async (t) => {
  t.is((await toldOf([answers()])).verdict, "undocumented");
  const { row, verdict } = await toldOf([asks(DEVICE, "10.0.7.9")], { bind: ["host=10.0.7.0/24"] });
  t.is(verdict, "undocumented");
  t.regex(row?.reason ?? "", /00:00:5e:00:53:11 is host, as the device 10\.0\.7\.9 has it too/);
});

test("the narrowest binding of an address is its MAC address's as well", async (t) => {
  const { row } = await toldOf([asks()], { bind: ["peer=10.0.0.0/24", `host=${HOST}`] });
  t.regex(row?.reason ?? "", /is host, as/);
  t.notRegex(row?.reason ?? "", /is peer/);
});

test("what shows nothing", async (t) => {
  const router = icmpFrame({
    from: "fe80::2",
    to: "ff02::1",
    type: 134,
    macs: [1, 2],
    ttl: 255,
    data: new Uint8Array(8),
  });
  for (const [what, shown] of Object.entries({
    "nobody says whose address it is": [],
    "another host's address": [asks(OWNER, "10.0.0.77")],
    "answers for several, which may be given in their names": [answers(), answers(OWNER, "10.0.0.77")],
    "two devices with the address": [asks(), asks(OTHER)],
    "a router": [asks(), router],
  }))
    t.is((await toldOf(shown)).verdict, "unrelated", what);
});

test("of what a filter let through by IP alone, rules over IP may be missed, and those over Ethernet not", async (t) => {
  const rules = [modbus, { id: "goose", to: "peer", over: "eth", app: "goose" }];
  const bind = [`host=${HOST}`, `peer=${PEER}`];
  const trial = await trialOf({ rules, bind, frames: [asks(), ...busy, ...written], filters: [`host ${HOST}`] });
  const said = judgeFrames({ ...trial, options: { ...trial.options, infer: true } }, trial.frames);
  t.is(said.rules.get("m/modbus")?.reason_code, "missing");
  t.is(said.rules.get("m/goose")?.reason_code, "filtered");
});
