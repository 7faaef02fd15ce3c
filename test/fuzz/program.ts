/**
 * The whole program: a capture file in, a judged result out, printed in every form, explained, and stored now and then.
 * Held to: it ends by a code of the contract, says nothing that acts on a terminal, prints JSON that parses, counts every
 * record, and keeps within its processor time.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { explain, jsonReport, openStore, storeRun, textReport } from "../../src/index.ts";
import { unjudged } from "../../src/judging.ts";
import { type RunOptions, type RunOutcome, run } from "../../src/pipeline.ts";
import { readCases } from "../e2e/case.ts";
import { writePcap } from "../support/capture-writer.ts";
import { concat } from "../support/hex.ts";
import { optionsOf } from "../support/judged.ts";
import { bulkPcap, recordsOf, splitPcap } from "./bulk.ts";
import { mutateFrame } from "./frames.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";
import { corpusFiles, fixtureMessages, formatFiles, type Sample, samplesOf } from "./samples.ts";
import { Broken, type Input, secondsAllowed, type Target } from "./target.ts";

export interface About {
  /** The case whose command judges the capture; none: it is described and judged against nothing. */
  judgedAs: string | null;
  /** False where bytes of the container were changed too, so that nobody knows how many records it holds. */
  wholeRecords: boolean;
  packed: boolean;
  stored: boolean;
  /** Frames that were changed; where it is not there, all count as changed. */
  changed?: number;
}

/** Frames of one made capture. */
const MOST_FRAMES = 300;
/** Captures that lend frames to one of tens of thousands. */
const SOURCES = 8;
/** What a terminal may be given: no control character but the line's end, nothing that turns its direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ACTS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

export function programTargets(): Target[] {
  const cases = readCases().filter(({ args, expected }) => args[0] === "check" && expected.exit !== 2);
  const judging = new Map<string, Promise<RunOptions>>();
  const files = corpusFiles();
  const messages = fixtureMessages();
  const formats = formatFiles();
  const folder = mkdtempSync(join(tmpdir(), "wirepact-fuzz-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const optionsFor = (name: string): Promise<RunOptions> => {
    const known = judging.get(name) ?? optionsOf(cases.find((one) => one.name === name)!);
    judging.set(name, known);
    return known;
  };
  const own = cases.map((one) => one.name);

  return [
    { name: "program", batch: 1, make: makeFrames, try: attempt },
    { name: "bulk", batch: 1, make: makeBulk, split: splitPcap, try: attempt },
    { name: "container", batch: 8, make: makeContainer, try: attempt },
  ];

  async function makeFrames(random: Random): Promise<Input> {
    const judgedAs = random.pick(own);
    const foreign = files.length > 0 && random.once(2);
    // Frames of a few captures, one behind the other: what one leaves in the tables the next one meets.
    const some: Sample[] = [];
    for (let left = 1 + random.few(3); left > 0; left--) {
      const paths = foreign ? files : (await optionsFor(random.pick(own))).captures.map(({ path }) => path);
      const from = await samplesOf(random.pick(paths));
      const first = random.below(from.length);
      some.push(...from.slice(first, first + 1 + random.below(MOST_FRAMES)));
    }
    const linkType = random.once(30) ? random.below(300) : (some[0]?.linkType ?? 1);
    const oneIn = random.pick([1, 2, 5, 20]); // few changes reach deep, many break early
    const records = some.map((sample) => {
      const data = random.once(oneIn) ? mutateFrame(sample.data, random, messages) : sample.data;
      const sec = random.once(200) ? random.below(2 ** 32) : sample.sec;
      const wireLen = data.length + (random.once(20) ? random.below(3_000) : 0);
      return writePcap([{ data, sec, nsec: sample.nsec, wireLen }]).subarray(24);
    });
    for (let moves = random.few(8); moves > 0; moves--) {
      const piece = records.slice(random.below(records.length)).slice(0, 1 + random.few(10));
      records.splice(random.below(records.length), random.once(2) ? piece.length : 0, ...piece);
    }
    const about: About = { judgedAs, wholeRecords: true, packed: random.once(20), stored: random.once(20) };
    const parts = [writePcap([], { linkType }), ...records];
    return { target: "program", about: JSON.stringify(about), parts, own: !foreign };
  }

  /** Tens of thousands of frames of a few captures, our own or others'. */
  async function makeBulk(random: Random): Promise<Input> {
    const foreign = files.length > 0 && random.once(2);
    const sources: (readonly Sample[])[] = [];
    for (let left = SOURCES; left > 0; left--) {
      const paths = foreign ? files : (await optionsFor(random.pick(own))).captures.map(({ path }) => path);
      sources.push(await samplesOf(random.pick(paths)));
    }
    const { bytes, changed } = bulkPcap(sources, random, messages);
    // Judging takes most of the time; what is only described goes deeper into the reading.
    const judgedAs = random.once(4) ? random.pick(own) : null;
    const about: About = { judgedAs, wholeRecords: true, packed: false, stored: random.once(50), changed };
    return { target: "bulk", about: JSON.stringify(about), parts: [bytes], own: !foreign };
  }

  function makeContainer(random: Random): Input {
    const others = formats.map((file) => file.bytes);
    const bytes = mutate(random.pick(others), random, others);
    const about: About = { judgedAs: null, wholeRecords: false, packed: random.once(10), stored: false };
    return { target: "container", about: JSON.stringify(about), parts: [bytes], own: true };
  }

  async function attempt({ about, parts }: Input): Promise<number> {
    const { judgedAs, wholeRecords, packed, stored, changed } = JSON.parse(about) as About; // written above
    const bytes = concat(parts);
    const path = join(folder, "fuzz.pcap");
    writeFileSync(path, packed ? gzipSync(bytes, { level: 1 }) : bytes);
    const options = judgedAs === null ? { ...unjudged(), command: "fuzz" } : await optionsFor(judgedAs);
    const begun = process.cpuUsage();
    const outcome = await run({ ...options, captures: [{ path }], jobs: 1, infer: judgedAs !== null });
    look(outcome);
    if (stored) await store(outcome, join(folder, "fuzz.sqlite"));
    const frames = Number(outcome.result.quality.packets);
    const broken = outcome.result.captures.some(({ damage, cut }) => damage !== null || cut);
    if (wholeRecords && !broken && frames !== recordsOf(bytes))
      throw new Broken(`${frames} packets counted of ${recordsOf(bytes)}`);
    const { user, system } = process.cpuUsage(begun);
    const seconds = (user + system) / 1e6;
    if (seconds > secondsAllowed(frames)) throw new Broken(`${seconds.toFixed(1)} s for ${frames} frames`);
    return changed ?? frames;
  }
}

/** Every form of a result that people and programs read. */
function look({ result, exitCode }: RunOutcome): void {
  if (![0, 1, 3, 4].includes(exitCode)) throw new Broken(`exit code ${exitCode}`);
  harmless("the report", textReport(result, { all: true }));
  JSON.parse([...jsonReport(result)].join(""));
  for (const { conversation_id } of result.judged.slice(0, 3)) harmless("explain", explain(result, conversation_id));
  for (const { model, rule_id } of result.rules.slice(0, 1))
    harmless("explain", explain(result, `${model}/${rule_id}`));
}

function harmless(what: string, text: string): void {
  const acts = ACTS.exec(text);
  if (acts !== null) throw new Broken(`${what} holds U+${acts[0].codePointAt(0)!.toString(16)}`);
}

async function store(outcome: RunOutcome, path: string): Promise<void> {
  rmSync(path, { force: true });
  const database = await openStore(path);
  try {
    const run = await storeRun(database, outcome);
    const back = await database.read(run);
    if (back.judged.length !== outcome.result.judged.length) throw new Broken("the store kept another number of rows");
    const [{ integrity_check: state } = {}] = await database.query("PRAGMA integrity_check");
    if (state !== "ok") throw new Broken(`the database: ${state}`);
  } finally {
    await database.close();
  }
}
