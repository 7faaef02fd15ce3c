/** A host that asks for ever new names: what nothing rests on leaves memory, and nothing of it is lost. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Ager } from "../../src/live/age.ts";
import { NameAttic } from "../../src/live/names.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { judge, judgeInSteps } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { DEPARTED } from "../../src/store/store.ts";
import { HOST, RESOLVER, trialOf } from "../conform/scene.ts";
import { udpFrame } from "../support/frames.ts";
import { observeFrames, type Trial } from "../support/judged.ts";
import { withLimits } from "../support/limits.ts";
import { clientHello, lookUp, tlsConnection } from "../support/talk.ts";

const [WEB, SHOP] = ["203.0.113.7", "203.0.113.8"];
const NAMES = 300;
const LATER_MS = 600_000;
const many = Array.from({ length: NAMES }, (_, i) => i);

const scene = (): Promise<Trial> =>
  trialOf({
    rules: [{ id: "web", to: "web", over: "tcp/443", app: "tls" }],
    endpoints: { web: { hosts: ["www.example.com"] } },
    frames: [
      ...many.flatMap((i) => lookUp(HOST, RESOLVER, `n${i}.example.net`, [], i * 10)),
      ...many.flatMap((i) => lookUp(HOST, RESOLVER, `a${i}.example.net`, [`198.51.100.${i % 200}`], i * 10 + 5)),
      ...lookUp(HOST, RESOLVER, "www.example.com", [WEB], 9_000),
      ...lookUp(HOST, RESOLVER, "shop.example.net", [SHOP], 9_100),
      ...tlsConnection(`${HOST}:50000`, `${WEB}:443`, 10_000, clientHello(null)),
      ...tlsConnection(`${HOST}:50001`, `${SHOP}:443`, 11_000, clientHello(null)),
      udpFrame({ from: `${HOST}:9999`, to: "10.0.0.9:9999", ms: LATER_MS, data: new Uint8Array(8) }),
    ],
  });

function said({ judged, rest, lookups, quality }: RunResult): unknown {
  const rows = [...judged, ...rest.rows()].map((c) =>
    [c.conversation_id, c.verdict, c.reason_code, c.flows, c.packets, c.bytes, c.first_seen, c.last_seen].join(" "),
  );
  const asked = lookups.map((one) => [one.client, one.name, one.result, one.verdict, one.count].join(" "));
  return [rows.sort(), asked.sort(), quality.flows, quality.packets];
}

const names = ({ lookups }: RunResult): string[] => lookups.map(({ name }) => name).sort();

function letGo(trial: Trial): { seen: Observation; attic: NameAttic; result: RunResult } {
  const seen = observeFrames(trial, trial.frames);
  const kept = new KeptJudgements();
  const ager = new Ager(seen, 0);
  const attic = new NameAttic(seen, kept, 0);
  const judged = (): RunResult => atOnce(judgeInSteps(seen, trial.options, "", false, kept));
  if (attic.clear(judged())) ager.takeOut(new Set(), kept.documented);
  return { seen, attic, result: judged() };
}

test("names without an address leave; what gave one, is documented or was spoken to stays, and the database has the rest", async (t) => {
  const trial = await scene();
  const whole = judge(observeFrames(trial, trial.frames), trial.options, "", false);
  t.is(whole.judged.find(({ responder }) => responder === WEB)?.verdict, "documented");
  const { seen, attic, result } = letGo(trial);
  t.is(attic.count, NAMES);
  t.is(attic.undocumented, NAMES);
  t.deepEqual(
    names(result),
    names(whole).filter((name) => !name.startsWith("n")),
  );
  const [rows, , ...counts] = said(result) as unknown[];
  const [wholeRows, , ...wholeCounts] = said(whole) as unknown[];
  t.deepEqual([rows, ...counts], [wholeRows, ...wholeCounts]);

  const parts = attic.leaving.map(({ seq, part }) => ({ kind: DEPARTED, seq, data: part }));
  const again = await decodeObservation([...encodeObservation(seen), ...parts], DECODERS);
  t.deepEqual(said(judge(again, trial.options, "", false)), said(whole));
});

test("of answers that gave an address so many stay: the oldest beyond it leave, and are counted", async (t) => {
  const trial = await scene();
  const { seen, attic, result } = withLimits({ answersKept: 100 }, () => letGo(trial));
  t.is(attic.count, 2 * NAMES - 100);
  t.is(seen.caps.hits.get("answersKept"), NAMES - 100);
  const stayed = names(result).filter((name) => name.startsWith("a"));
  t.deepEqual(
    stayed,
    many
      .slice(-100)
      .map((i) => `a${i}.example.net`)
      .sort(),
  );
  t.true(names(result).includes("shop.example.net"), "somebody spoke to its address");
  t.is(result.judged.find(({ responder }) => responder === WEB)?.verdict, "documented");
});
