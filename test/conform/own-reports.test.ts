/** What a device tells of itself while somebody reads from it, as "operations at most" sees it. */
import test from "ava";
import { udpFrame } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { u16 } from "../support/packets.ts";
import { HOST, PEER, trialOf } from "./scene.ts";

const bacnet = (apdu: Uint8Array): Uint8Array => concat([hex`81 0a`, u16(apdu.length + 6), hex`01 00`, apdu]);
/** ReadProperty of analog-input 1's present-value, and its answer. */
const READ = bacnet(hex`00 05 01 0c 0c 00 00 00 01 19 55`);
const VALUE = bacnet(hex`30 01 0c 0c 00 00 00 01 19 55 3e 44 42 28 00 00 3f`);
/** An alarm of binary-input 1 of device 5 (ANSI/ASHRAE 135 clause 13.9): class 1, priority 100, change of state. */
const EVENT = bacnet(
  hex`10 03 09 01 1c 02 00 00 05 2c 00 c0 00 01 3e 19 07 3f 49 01 59 64 69 01 89 00 99 00 a9 00 b9 02`,
);
/** A change of the value that process 1 has subscribed to (clause 13.7). */
const CHANGE = bacnet(hex`10 02 09 01 1c 02 00 00 05 2c 00 00 00 01 39 3c 4e 09 55 2e 44 42 2a 00 00 2f 4f`);
const [SENSOR, DEVICE] = [`${HOST}:47808`, `${PEER}:47808`];

async function verdict(...messages: readonly [from: string, data: Uint8Array][]): Promise<string> {
  const frames = messages.map(([from, data], i) =>
    udpFrame({ from, to: from === SENSOR ? DEVICE : SENSOR, data, ms: i * 20 }),
  );
  const rules = [
    { id: "r", to: "role:peer", over: "udp/47808", app: "bacnet", expect: { operations: "at most read" } },
  ];
  const trial = await trialOf({ rules, bind: [`host=${HOST}`, `peer=${PEER}`], frames });
  const [row] = judgeFrames(trial, trial.frames).conversations.values();
  return `${row?.verdict}: ${row?.reason}`;
}

test("an event that the device tells is nothing that was asked of it", async (t) => {
  t.regex(await verdict([SENSOR, READ], [DEVICE, VALUE], [DEVICE, EVENT]), /^documented/);
  t.regex(await verdict([SENSOR, READ], [DEVICE, VALUE]), /^documented/);
});

test("an event that is told to the device may be acted upon by it", async (t) => {
  const said = await verdict([SENSOR, READ], [DEVICE, VALUE], [SENSOR, EVENT]);
  t.regex(said, /^inconclusive: .*UnconfirmedEventNotification.*nobody can say what it does/);
});

test("whoever is told of changes of a value has subscribed to them, and that is a write", async (t) => {
  const said = await verdict([SENSOR, READ], [DEVICE, VALUE], [DEVICE, CHANGE]);
  t.regex(said, /^inconclusive: .*UnconfirmedCOVNotification.*asked by the responder itself/);
});
