/** Silence is "blocked" only where answers would have been seen: in a private network, those of the far end itself. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { tcpFrame } from "../support/frames.ts";
import { clientHello, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play } from "./scene.ts";

const rules = [{ id: "r", to: "role:peer", over: "tcp/5000", app: "any" }];
const bind = [`host=${HOST}`, `peer=${PEER}`];
const tries: Frame[] = [1_000, 2_000, 4_000].map((ms) =>
  tcpFrame({ from: `${HOST}:40000`, to: `${PEER}:5000`, flags: "S", seq: 7, ms }),
);
const answered = (by: string, ms: number) =>
  tlsConnection(`${HOST}:40001`, `${by}:443`, ms, clientHello("any.example.com"));

async function status(frames: readonly Frame[], asWritten = false): Promise<string> {
  const { said } = await play({ rules, bind, frames, asWritten });
  const { status, reason_code } = said.rules.get("m/r")!;
  return `${status} ${reason_code}`;
}

test("another port of the same host answers at that time", async (t) => {
  t.is(await status([...tries, ...answered(PEER, 10_000)]), "blocked unanswered");
});

test("nothing of that host is answered, or not at that time", async (t) => {
  t.is(await status([...tries, ...answered("10.0.0.9", 10_000)]), "not-evaluable replies-not-visible");
  t.is(await status([...tries, ...answered(PEER, 3_600_000)]), "not-evaluable replies-not-visible");
  t.is(await status(tries), "not-evaluable replies-not-visible");
});

test("a capture whose clock was set back does not say what was answered at that time", async (t) => {
  const others = (from: number) =>
    Array.from({ length: 20 }, (_, i) => lookUp("10.0.0.77", "10.0.0.53", "any.example.com", [PEER], from + i * 100));
  const frames = [...tries, ...answered(PEER, 10_000), ...others(20_000).flat()];
  t.is(await status(frames), "blocked unanswered");
  t.is(await status([...frames, ...others(0).flat()], true), "not-evaluable clock-set-back");
});
