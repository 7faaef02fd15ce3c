/** Hosts bound by MAC address: which addresses of IP are theirs, as ARP says, and when none is. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { arpFrame } from "../support/frames.ts";
import { judgeFrames } from "../support/judged.ts";
import { clientHello, tlsConnection } from "../support/talk.ts";
import { HOST, play } from "./scene.ts";
import { api, tlsRule } from "./stage.ts";

const MAC = "00005e005377";
const bind = ["host=mac:00:00:5e:00:53:77"];
const asks = (address = HOST, mac = MAC): Frame => arpFrame({ mac, address, operation: 1, ms: 1 });
const answers = (address = HOST, mac = MAC): Frame => arpFrame({ mac, address, operation: 2, ms: 1 });
const talk = tlsConnection(`${HOST}:40000`, "203.0.113.10:443", 100, clientHello("api.example.com"));

async function said(frames: readonly Frame[]) {
  const { trial, said } = await play({ endpoints: api, rules: [tlsRule], bind, frames: [...frames, ...talk] });
  const row = [...said.conversations.values()].find(({ app }) => app === "tls");
  return { trial, row, verdict: row?.verdict ?? "unrelated", warnings: said.result.run.warnings, rules: said.rules };
}

test("whoever asks by ARP has that address, and so has who alone answers for it", async (t) => {
  for (const frames of [[asks()], [answers()]]) {
    const { verdict, rules, warnings } = await said(frames);
    t.is(verdict, "documented");
    t.is(rules.get("m/r")!.status, "met");
    t.true(warnings.some((text) => text.startsWith(`00:00:5e:00:53:77, bound to host, has ${HOST}`)));
  }
});

test("what shows it is among the frames that carry the verdict", async (t) => {
  const { trial, row } = await said([asks()]);
  const numbers = new Set(row!.evidence!.support.map(({ frame }) => frame));
  t.true(numbers.has(1));
  const alone = judgeFrames(
    trial,
    trial.frames.filter(({ number }) => numbers.has(number)),
  );
  t.is([...alone.conversations.values()].find(({ app }) => app === "tls")?.verdict, "documented");
});

test("nothing says which address it has, or it answers for several, or another has it as well", async (t) => {
  const { verdict, warnings } = await said([]);
  t.is(verdict, "unrelated");
  t.true(warnings.some((text) => text.includes("nothing in it says which IP address it has")));
  t.is((await said([answers(), answers("10.0.0.6")])).verdict, "unrelated");
  t.is((await said([asks(), asks(HOST, "00005e005378")])).verdict, "unrelated");
});
