/** Other addresses of a bound host by its MAC address: what ARP and Neighbour Discovery prove, and what they do not. */
import test from "ava";
import { parseAddress } from "../../src/address.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { arpFrame, icmpFrame } from "../support/frames.ts";
import { judgeFrames } from "../support/judged.ts";
import { clientHello, tlsConnection } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";
import { api, tlsRule } from "./stage.ts";

const V6 = "2001:db8::77";
const ROUTER = "2001:db8::1";
const OWNER = "00005e005302"; // of frames that are given no MAC addresses
const OTHER = "00005e005366";
const sixteen = (address: string): Uint8Array => Uint8Array.from(Buffer.from(parseAddress(address)!.hex, "hex"));

interface Said {
  type?: number;
  from?: string;
  target?: string;
  mac?: number;
  ttl?: number;
  flags?: number;
}
/** A solicitation of the host for the router unless told otherwise. */
const discovery = ({ type = 135, from = V6, target = ROUTER, mac = 2, ttl = 255, flags = 0 }: Said = {}): Frame => {
  const frame = icmpFrame({ from, to: "ff02::1:ff00:1", type, macs: [1, mac], ttl, data: sixteen(target), ms: 5 });
  frame.buf[14 + 40 + 4] = flags;
  return frame;
};
const asked = (mac = OWNER, operation = 1): Frame => arpFrame({ mac, address: HOST, operation, ms: 1 });
const talk = tlsConnection(`[${V6}]:40000`, "[2001:db8:100::10]:443", 100, clientHello("api.example.com"));

async function verdictOf(shown: readonly Frame[], infer = true): Promise<string> {
  const trial = await trialOf({ endpoints: api, rules: [tlsRule], frames: [...shown, ...talk] });
  const said = judgeFrames({ ...trial, options: { ...trial.options, infer } }, trial.frames);
  const row = [...said.conversations.values()].find(({ responder }) => responder === "2001:db8:100::10");
  return row?.verdict ?? "unrelated";
}

test("a device that asks by both addresses has both", async (t) => {
  t.is(await verdictOf([asked(), discovery()]), "documented");
  const taking = discovery({ from: "::", target: V6 });
  t.is(await verdictOf([asked(), taking]), "documented", "it makes sure that nobody has the address, and takes it");
  const announcing = discovery({ type: 136, target: V6, flags: 0x20 });
  t.is(await verdictOf([asked(), announcing]), "documented", "it announces the address that it speaks by");
});

test("it is told, with its frames, and --no-infer leaves it out", async (t) => {
  const trial = await trialOf({ endpoints: api, rules: [tlsRule], frames: [asked(), discovery(), ...talk] });
  const { result } = judgeFrames({ ...trial, options: { ...trial.options, infer: true } }, trial.frames);
  t.true(result.run.warnings.some((text) => text.startsWith(`${HOST}, bound to host, also has ${V6}`)));
  const support = result.judged.find(({ app }) => app === "tls")!.evidence!.support;
  t.deepEqual(
    support.slice(0, 2).map(({ frame }) => frame),
    [1, 2],
  );
  const kept = trial.frames.filter(({ number }) => support.some(({ frame }) => frame === number));
  const alone = judgeFrames({ ...trial, options: { ...trial.options, infer: true } }, kept);
  t.true(
    [...alone.conversations.values()].some(({ verdict }) => verdict === "documented"),
    "its support alone keeps it",
  );
  t.is(await verdictOf([asked(), discovery()], false), "unrelated");
});

test("what proves nothing", async (t) => {
  for (const [what, frames] of Object.entries({
    "another device's address": [asked(), discovery({ mac: 0x66 })],
    "an answer, which may be given in another's name": [asked(), discovery({ type: 136, from: "fe80::1", target: V6 })],
    "an answer of ARP alone": [asked(OWNER, 2), discovery()],
    "two devices with one address": [asked(), asked(OTHER), discovery()],
    "two devices that claim the other address": [asked(), discovery(), discovery({ mac: 0x66 })],
    "a router": [asked(), discovery(), discovery({ type: 136, from: ROUTER, target: ROUTER, flags: 0xa0 })],
    "from beyond a router": [asked(), discovery({ ttl: 64 })],
  }))
    t.is(await verdictOf(frames), "unrelated", what);
});
