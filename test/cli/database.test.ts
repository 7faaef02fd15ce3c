/** A database in a capture's place: judged again with the same result, merged, and refused clearly where it can't be. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "ava";
import { withStore } from "../store/support.ts";
import { writePcap } from "../support/capture-writer.ts";
import { readFrames } from "../support/observe.ts";
import { scratch, wirepact } from "./command.ts";

const ROLLOUT = resolve("fixtures/cases/rollout/rollout.pcap");
const MODEL = ["--model", "opswat-sdp", "--bind", "gateway=10.20.0.5", "--bind", "client=10.30.0.0/16"];
const SET = ["--set", "region=us", "--set", "platform=aws", "--format", "json"];

/** What was printed, without the run's own line (its id, start and command) and without where frames stand. */
function findings(stdout: string, frames: boolean): unknown {
  const { run: _, captures: _captures, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  if (frames) return rest;
  const text = JSON.stringify(rest, (key, value: unknown) => {
    if (["frame", "first_frame", "capture_id", "first_capture_id"].includes(key)) return 0;
    // Lists of frames stand in frame order, which the slices' own numbers change: what they are is compared.
    return ["support", "against"].includes(key) ? (value as { what: string }[]).map(({ what }) => what).sort() : value;
  });
  return JSON.parse(text) as unknown;
}

test("a stored run is judged again as the capture was", async (t) => {
  const cwd = scratch(t);
  const first = await wirepact(["check", ROLLOUT, ...MODEL, ...SET, "--db", "first.sqlite"], { cwd });
  t.is(first.code, 1, first.stderr);
  const again = await wirepact(["check", "first.sqlite", ...MODEL, ...SET, "--db", "again.sqlite"], { cwd });
  t.is(again.code, 1, again.stderr);
  t.deepEqual(findings(again.stdout, true), findings(first.stdout, true));
  const third = await wirepact(["check", "again.sqlite@1", ...MODEL, ...SET, "--db", "third.sqlite"], { cwd });
  t.deepEqual(findings(third.stdout, true), findings(first.stdout, true), "and what was judged again is kept whole");
});

test("whoever is judged now, the others are those that the capture shows, by views and to who reads the run", async (t) => {
  const cwd = scratch(t);
  const kept = async (input: string, bind: string, db: string): Promise<object> => {
    const binds = bind.split(" ").flatMap((one) => ["--bind", one]);
    await wirepact(["check", input, "--model", "opswat-sdp", ...binds, ...SET, "--db", db], { cwd });
    return withStore(join(cwd, db), { readOnly: true }, async (store) => ({
      rows: await store.query("SELECT * FROM conversation_verdicts ORDER BY conversation_id"),
      operations: await store.query("SELECT * FROM operations ORDER BY conversation_id, first_frame"),
      rest: [...(await store.read()).rest.rows()].map(({ conversation_id }) => conversation_id),
      masked: (await store.query("SELECT count(*) AS texts FROM rest_mask"))[0]?.texts,
    }));
  };
  const gateway = "gateway=10.20.0.5";
  const both = `${gateway} client=10.30.0.0/16`;
  await wirepact(["observe", ROLLOUT, "--db", "0.sqlite"], { cwd });
  const fromCapture: Record<string, object> = {
    [gateway]: await kept(ROLLOUT, gateway, "g.sqlite"),
    [both]: await kept(ROLLOUT, both, "b.sqlite"),
  };
  const turns = [
    { from: "0.sqlite", bind: gateway, masked: 1 },
    { from: "1.sqlite", bind: both, masked: 1 },
    { from: "2.sqlite", bind: gateway, masked: 1 },
    { from: "g.sqlite", bind: both, masked: 1 },
    { from: "b.sqlite", bind: gateway, masked: 0 },
  ];
  for (const [i, { from, bind, masked }] of turns.entries())
    t.deepEqual(await kept(from, bind, `${i + 1}.sqlite`), { ...fromCapture[bind], masked }, `${from} ${bind}`);
});

test("runs over slices, put together, are the run over the whole", async (t) => {
  const cwd = scratch(t);
  const frames = await readFrames(ROLLOUT);
  const whole = await wirepact(["check", ROLLOUT, ...MODEL, ...SET, "--db", "whole.sqlite"], { cwd });
  const slices = [frames.slice(0, 213), frames.slice(213, 601), frames.slice(601)];
  for (const [i, slice] of slices.entries()) {
    const records = slice.map(({ buf, sec, nsec, wireLen }) => ({ data: buf, sec, nsec, wireLen }));
    writeFileSync(join(cwd, `${i}.pcap`), writePcap(records, { linkType: 1 }));
  }
  for (const i of [0, 2]) await wirepact(["observe", `${i}.pcap`, "--db", `${i}.sqlite`], { cwd });
  const merged = await wirepact(["check", "2.sqlite", "1.pcap", "0.sqlite", ...MODEL, ...SET, "--db", "m.sqlite"], {
    cwd,
  });
  t.is(merged.code, whole.code, merged.stderr);
  const [got, wanted] = [findings(merged.stdout, false), findings(whole.stdout, false)] as Record<string, unknown>[];
  t.deepEqual(got!.rules, wanted!.rules);
  t.deepEqual(got!.conversations, wanted!.conversations);
});

test("a run that is not there is named, with those that are", async (t) => {
  const cwd = scratch(t);
  await wirepact(["observe", ROLLOUT, "--db", "one.sqlite"], { cwd });
  const ran = await wirepact(["observe", "one.sqlite@7", "--db", "other.sqlite"], { cwd });
  t.is(ran.code, 5);
  t.regex(ran.stderr, /no run 7; runs there: 1 \(finished\)/);
});
