/** Bound addresses that open connections with several TTLs at once: what is told, and what of one host's own is not. */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { uniteShares } from "../../src/observe/union.ts";
import { arpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { judged, observeFrames } from "../support/judged.ts";
import { observe } from "../support/observe.ts";
import { HOST, PEER, type Scene, trialOf } from "./scene.ts";

const MINUTE = 60_000;
const SERVER = "192.0.2.1:443";
/** Last byte of the MAC address of who sends a host's frames. */
const NAT = 7;
let ports = 20_000;

/** A SYN at a minute, as an operating system sends it, unless told otherwise. */
function syn(ttl: number, minute: number, fields: { from?: string; mac?: number; options?: number } = {}): Frame {
  const { from = HOST, mac = NAT, options = 20 } = fields;
  const seq = ports * 1000;
  return tcpFrame({
    from: `${from}:${ports++}`,
    to: SERVER,
    flags: "S",
    seq,
    ttl,
    options,
    macs: [1, mac],
    ms: minute * MINUTE + ttl * 10,
  });
}
/** Of each TTL one SYN a minute. */
const every = (ttls: readonly number[], minutes: readonly number[], fields?: Parameters<typeof syn>[2]): Frame[] =>
  minutes.flatMap((minute) => ttls.map((ttl) => syn(ttl, minute, fields)));
const THREE = [0, 1, 2];

const rules = [{ id: "r", to: "server", over: "tcp/443", app: "any" }];
const endpoints = { server: { addresses: ["192.0.2.1"] } };

async function told(frames: readonly Frame[], scene: Partial<Scene> = {}): Promise<string[]> {
  const trial = await trialOf({ rules, endpoints, frames, ...scene });
  const { warnings } = judged(observeFrames(trial, trial.frames), trial.options).result.run;
  return warnings.filter((warning) => /several hosts behind|several TTLs/.test(warning));
}

const own = arpFrame({ mac: `00005e0053${NAT.toString(16).padStart(2, "0")}`, address: HOST });

test("hosts of two kinds of systems, and hosts at several distances behind the address's own device, are told", async (t) => {
  t.deepEqual(await told(every([127, 63], THREE)), [
    "10.0.0.5, bound to host, opens connections with TTL 127 and with TTL 63 in the same minutes " +
      "(Windows begins with 128, most others with 64): probably NAT, with several hosts behind that address.",
  ]);
  t.is((await told(every([115, 51], THREE))).length, 1, "far away");
  t.deepEqual(await told(every([64, 62], THREE)), [
    "10.0.0.5, bound to host, opens connections with TTL 64 and with TTL 62 in the same minutes " +
      "(some come from 2 routers behind it): probably NAT, with several hosts behind that address.",
  ]);
  t.is((await told([own, ...every([63, 62], THREE)])).length, 1, "by ARP the address is the device's own");
  t.is((await told(every([127, 63], THREE), { bind: [`host=${HOST}+10.0.0.9`] })).length, 1, "one of its addresses");
});

test("one host with one system is not", async (t) => {
  const silent = async (why: string, frames: readonly Frame[], scene?: Partial<Scene>) =>
    t.deepEqual(await told(frames, scene), [], why);
  await silent("one TTL", every([64], THREE));
  await silent("containers", every([64, 63], THREE));
  await silent("containers beyond a router", every([62, 61], THREE));
  await silent("shared load over routes of several lengths", every([61, 57], THREE));
  await silent("its router answers for it", [
    arpFrame({ mac: `00005e0053${NAT.toString(16).padStart(2, "0")}`, address: HOST, operation: 2 }),
    ...every([61, 57], THREE),
  ]);
  await silent("another route, another system", [...every([63], THREE), ...every([127], [2, 3, 4])]);
  await silent("twice in the same minute", every([127, 63], [0, 1]));
  await silent("by two senders of frames", [...every([64], THREE), ...every([127], THREE, { mac: 8 })]);
  await silent("traceroute by TCP", every([1, 2, 3, 4, 64], THREE));
  await silent("a scanner's own", every([64], THREE).concat(every([128], THREE, { options: 4 })));
  await silent("a scanner that makes up more than that", every([64, 37, 59, 44, 51, 40], THREE));
  await silent("sessions between routers", every([255, 64], THREE));
  await silent("another host", every([127, 63], THREE, { from: "10.0.0.77" }));
  await silent("beyond the site's own NAT", every([127, 63], THREE, { from: PEER }), {
    site: { outside: { host: [PEER] } },
  });
  const pings = THREE.map((minute) => udpFrame({ from: `${HOST}:40000`, to: "192.0.2.1:33434", ttl: 128, ms: minute }));
  await silent("other protocols", [...every([64], THREE), ...pings]);
});

test("the same is said of slices and of stored slices, whoever shares the flows", async (t) => {
  const frames = every(
    [127, 63, 62],
    [...Array(40).keys()].map((i) => (i * 7) % 45),
  );
  const trial = await trialOf({ rules, endpoints, frames });
  const of = (part: readonly Frame[]) => observeFrames(trial, part);
  const ttls = ({ flows }: ReturnType<typeof of>): string[] => {
    const all: string[] = [];
    flows.ttls.each((...said) => all.push(said.join()));
    return all.sort();
  };
  const whole = ttls(of(trial.frames));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(trial.frames.length), { maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (cuts, stored, backwards) => {
        const ends = [0, ...cuts.sort((a, b) => a - b), trial.frames.length];
        const slices = ends.slice(1).map((end, i) => of(trial.frames.slice(ends[i]!, end)));
        if (backwards) slices.reverse();
        const kept = stored
          ? await Promise.all(slices.map((seen) => decodeObservation([...encodeObservation(seen)], DECODERS)))
          : slices;
        t.deepEqual(ttls(mergeObservations(kept, DECODERS)), whole);
        t.deepEqual(ttls(mergeObservations([...kept, ...kept], DECODERS)), whole);
      },
    ),
    { numRuns: 40 },
  );
  const shares = [0x5555, 0xaaaa].map((lanes) => observe(trial.frames, { lanes }));
  t.deepEqual(ttls(uniteShares(shares)), ttls(observe(trial.frames)));
});
