/**
 * Silence is "blocked" only where answers would have been seen: in a private network, those of the far end itself, or of
 * somebody else beyond the same router.
 */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { arpFrame, icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { judged, observeFrames } from "../support/judged.ts";
import { clientHello, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, trialOf } from "./scene.ts";

const rules = [{ id: "r", to: "role:peer", over: "tcp/5000", app: "any" }];
const bind = [`host=${HOST}`, `peer=${PEER}`];
/** Last bytes of MAC addresses: the two routers', and the host's. */
const [ROUTER, SECOND, OWN] = [1, 2, 5];
const OTHER = "10.60.0.9";

const triesBy = (hop: number): Frame[] =>
  [1_000, 2_000, 4_000].map((ms) =>
    tcpFrame({ from: `${HOST}:40000`, to: `${PEER}:5000`, flags: "S", seq: 7, ms, macs: [hop, OWN] }),
  );
const tries = triesBy(ROUTER);
const answered = (by: string, ms: number) =>
  tlsConnection(`${HOST}:40001`, `${by}:443`, ms, clientHello("any.example.com"));

/** A connection that comes up: what is sent goes to `hop`, and the answer comes from another MAC address, as a VRRP router's. */
function opened(by: string, hop: number, ms = 10_000): Frame[] {
  const [host, far] = [`${HOST}:${40_000 + ms / 1_000}`, `${by}:22`];
  return [
    tcpFrame({ from: host, to: far, flags: "S", seq: 1, ms, macs: [hop, OWN] }),
    tcpFrame({ from: far, to: host, flags: "SA", seq: 9, ack: 2, ms: ms + 5, ttl: 62, macs: [OWN, 77] }),
    tcpFrame({ from: host, to: far, flags: "A", seq: 2, ack: 10, ms: ms + 6, macs: [hop, OWN] }),
  ];
}

async function rule(frames: readonly Frame[], asWritten = false) {
  const { said } = await play({ rules, bind, frames, asWritten });
  return said.rules.get("m/r")!;
}
async function status(frames: readonly Frame[], asWritten = false): Promise<string> {
  const { status, reason_code } = await rule(frames, asWritten);
  return `${status} ${reason_code}`;
}

test("a hello that gets nowhere is silence where it was sent three times at least, and nothing of the far end followed its SYN-ACK", async (t) => {
  const [host, far] = [`${HOST}:40007`, `${PEER}:5000`];
  const data = clientHello(`${"long.".repeat(40)}example.com`);
  const open = [
    tcpFrame({ from: host, to: far, flags: "S", seq: 1, ms: 1_000 }),
    tcpFrame({ from: far, to: host, flags: "SA", seq: 9, ack: 2, ms: 1_005 }),
    tcpFrame({ from: host, to: far, flags: "A", seq: 2, ack: 10, ms: 1_006 }),
  ];
  const hello = (ms: number) => tcpFrame({ from: host, to: far, flags: "PA", seq: 2, ack: 10, ms, data });
  const acknowledged = tcpFrame({ from: far, to: host, flags: "A", seq: 10, ack: 2 + data.length, ms: 9_000 });
  const given = async (frames: readonly Frame[]): Promise<string> => {
    const { said } = await play({ rules: [{ ...rules[0]!, app: "tls" }], bind, frames: [...open, ...frames] });
    const { status: is, reason_code } = said.rules.get("m/r")!;
    return `${is} ${reason_code}`;
  };
  const again = [1_010, 1_300, 1_900, 4_000].map(hello);
  const inDoubt = "not-evaluable candidate-inconclusive";
  t.is(await given(again), "blocked unanswered");
  t.is(await given(again.slice(0, 3)), "blocked unanswered");
  t.is(await given(again.slice(0, 2)), inDoubt, "once more may be a loss on the way");
  t.is(await given([...again, acknowledged]), inDoubt, "it came there");
});

test("another port of the same host answers at that time", async (t) => {
  t.is(await status([...tries, ...answered(PEER, 10_000)]), "blocked unanswered");
});

test("nothing of that host is answered, or not at that time", async (t) => {
  t.is(await status([...tries, ...opened("10.0.0.9", SECOND)]), "not-evaluable replies-not-visible");
  t.is(await status([...tries, ...answered(PEER, 3_600_000)]), "not-evaluable replies-not-visible");
  t.is(await status(tries), "not-evaluable replies-not-visible");
});

test("somebody else beyond the same router answers at that time, whoever sends its answers on", async (t) => {
  const { status: is, reason } = await rule([...tries, ...opened(OTHER, ROUTER)]);
  t.is(is, "blocked");
  t.regex(reason ?? "", /while 10\.60\.0\.9 answered 10\.0\.0\.5 at that time, through the same router/);
  const [far, host] = [{ macs: [ROUTER, OWN] as [number, number] }, { macs: [OWN, 77] as [number, number] }];
  const ping = [
    icmpFrame({ from: `${HOST}:0`, to: `${OTHER}:0`, type: 8, ms: 6_000, ...far }),
    icmpFrame({ from: `${OTHER}:0`, to: `${HOST}:0`, type: 0, ms: 6_001, ...host }),
  ];
  t.is(await status([...tries, ...ping]), "blocked unanswered");
  const datagrams = [
    udpFrame({ from: `${HOST}:40002`, to: `${OTHER}:7000`, ms: 6_000, data: Uint8Array.of(1, 2, 3), ...far }),
    udpFrame({ from: `${OTHER}:7000`, to: `${HOST}:40002`, ms: 6_001, data: Uint8Array.of(4, 5, 6), ...host }),
  ];
  t.is(await status([...tries, ...datagrams]), "blocked unanswered");
});

test("a connection that was there before the capture tells it too, whichever end is seen first", async (t) => {
  const [host, far] = [`${HOST}:40001`, `${OTHER}:22`];
  const data = Uint8Array.of(0x90, 0x91);
  const asks = tcpFrame({ from: host, to: far, flags: "PA", seq: 2, ack: 10, ms: 6_000, macs: [ROUTER, OWN], data });
  const says = tcpFrame({ from: far, to: host, flags: "PA", seq: 10, ack: 4, ms: 6_001, macs: [OWN, 77], data });
  t.is(await status([...tries, asks, says]), "blocked unanswered");
  t.is(await status([...tries, says, asks], true), "blocked unanswered");
});

test("what answers through another router, much later or to somebody else says nothing of this one", async (t) => {
  const silent = "not-evaluable replies-not-visible";
  t.is(await status([...tries, ...opened(OTHER, SECOND)]), silent);
  t.is(await status([...tries, ...opened(OTHER, ROUTER, 3_600_000)]), silent);
  t.is(await status([...tries, ...opened(OTHER, ROUTER), ...opened(OTHER, SECOND, 400_000)]), silent, "by both");
  const theirs = opened(OTHER, ROUTER).map((frame) => {
    const copy = frame.buf.slice();
    for (const at of [26, 30]) if (copy[at + 3] === 5 && copy[at + 1] === 0) copy[at + 3] = 8; // 10.0.0.8 in place of the host
    return Object.assign(Object.create(Object.getPrototypeOf(frame)) as Frame, frame, { buf: copy });
  });
  t.is(await status([...tries, ...theirs]), silent);
});

test("the Internet, and the far end itself, answer for one router only", async (t) => {
  const silent = "not-evaluable replies-not-visible";
  const [far, other] = ["198.51.100.7", "203.0.113.9"];
  const via = (hop: number): Frame[] =>
    [1_000, 2_000, 4_000].map((ms) =>
      tcpFrame({ from: `${HOST}:40000`, to: `${far}:5000`, flags: "S", seq: 7, ms, macs: [hop, OWN] }),
    );
  const ofFar = async (frames: readonly Frame[]): Promise<string> => {
    const { said } = await play({ rules, bind: [`host=${HOST}`, `peer=${far}`], frames });
    const { status: is, reason_code } = said.rules.get("m/r")!;
    return `${is} ${reason_code}`;
  };
  for (const by of [other, far]) {
    t.is(await ofFar([...via(ROUTER), ...opened(by, ROUTER)]), "blocked unanswered", by);
    t.is(await ofFar([...via(SECOND), ...opened(by, ROUTER)]), silent, by);
  }
  t.is(
    await ofFar([...via(SECOND), ...opened(other, ROUTER), ...opened("203.0.113.8", SECOND, 20_000)]),
    "blocked unanswered",
  );
});

test("the router's own answers, and those of the link, show nothing of what is beyond it", async (t) => {
  const silent = "not-evaluable replies-not-visible";
  const own = (address: string, operation: number) =>
    arpFrame({ mac: `00005e0053${ROUTER.toString(16).padStart(2, "0")}`, address, operation, ms: 500 });
  for (const operation of [1, 2]) {
    t.is(await status([own(OTHER, operation), ...tries, ...opened(OTHER, ROUTER)]), silent, "the router answers");
    t.is(
      await status([own(PEER, operation), ...tries, ...opened(OTHER, ROUTER)]),
      silent,
      "the silent one is on the link",
    );
  }
  t.is(
    await status([own("10.0.0.1", 1), ...tries, ...opened(OTHER, ROUTER)]),
    "blocked unanswered",
    "a router's, and not asked",
  );
});

test("slices and stored slices say the same, wherever the capture is cut", async (t) => {
  const frames = [...tries, ...opened(OTHER, ROUTER), ...opened("10.60.0.10", ROUTER, 20_000)];
  const trial = await trialOf({ rules, bind, frames });
  const of = (part: readonly Frame[]) => observeFrames(trial, part);
  const reason = (seen: ReturnType<typeof of>) => judged(seen, trial.options).rules.get("m/r")!.reason;
  const hops = ({ flows }: ReturnType<typeof of>) => [...flows.hops.known].sort(([a], [b]) => a - b);
  const whole = of(trial.frames);
  const said = reason(whole);
  t.regex(said ?? "", /through the same router/);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(trial.frames.length), { maxLength: 4 }), fc.boolean(), async (cuts, stored) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), trial.frames.length];
      const slices = ends.slice(1).map((end, i) => of(trial.frames.slice(ends[i]!, end)));
      const kept = stored
        ? await Promise.all(slices.map((seen) => decodeObservation([...encodeObservation(seen)], DECODERS)))
        : slices;
      const merged = mergeObservations(kept, DECODERS);
      // A slice may begin with an answer, and then knows besides how the host itself is reached.
      t.deepEqual(
        hops(merged).filter(([key]) => whole.flows.hops.known.has(key)),
        hops(whole),
      );
      t.is(reason(merged), said);
    }),
    { numRuns: 40 },
  );
});

test("a capture whose clock was set back does not say what was answered at that time", async (t) => {
  const others = (from: number) =>
    Array.from({ length: 20 }, (_, i) => lookUp("10.0.0.77", "10.0.0.53", "any.example.com", [PEER], from + i * 100));
  const frames = [...tries, ...answered(PEER, 10_000), ...others(20_000).flat()];
  t.is(await status(frames), "blocked unanswered");
  t.is(await status([...frames, ...others(0).flat()], true), "not-evaluable clock-set-back");
});
