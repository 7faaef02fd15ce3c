/**
 * Proof, not absence: parts of every case's capture, made by deleting frames, hold the four promises against the whole.
 * The parts are the same in every run; a failure names the frames that were deleted. Of the parts of a case some are tried, of
 * each case others: a promise that is broken is broken in many cases, and `test/conform/promises.test.ts` goes deep in small
 * ones. `WIREPACT_ALL=1` tries all parts.
 */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { Frame } from "../../src/capture/frame.ts";
import { TCP } from "../../src/dissect/packet.ts";
import { once } from "../../src/once.ts";
import { type Judged, judgeFrames, keyOf, packetOf, readTrial, type Trial } from "../support/judged.ts";
import { brokenPromises, supported } from "../support/promises.ts";
import { someOf, TRY_ALL } from "../support/some.ts";
import { readCases } from "./case.ts";

/** Parts of one kind and capture. */
const MOST = 16;
/** Of all kinds together so many are tried, and of long captures fewer: so many that all of them have these frames. */
const TRIED = 32;
const LEAST_TRIED = 8;
const TRIED_FRAMES = 4_000;
const SEED = 20_260_302;

const cases = readCases().filter((one) => one.args.some((word) => !word.includes("/") && word.includes(".pcap")));

for (const [i, one] of cases.entries()) {
  const read = once(async () => {
    const trial = await readTrial(one);
    return { trial, whole: judgeFrames(trial, trial.frames) };
  });

  test(`${one.name}: what is documented or met stands by its support alone`, async (t) => {
    const { trial, whole } = await read();
    const claims = grouped(supported(whole), ({ support }) => [...support].sort().join(" "));
    for (const [named, alike] of claims) {
      const { support } = alike[0]!;
      const kept = trial.frames.filter((frame) => support.has(keyOf(frame)));
      t.is(kept.length, support.size);
      const part = judgeFrames(trial, kept);
      for (const { what, holds } of alike) t.true(holds(part), `${what}, kept were ${named}`);
    }
    t.pass(); // some cases have nothing that is documented
  });

  test(`${one.name}: no part says more than the whole`, async (t) => {
    const { trial, whole } = await read();
    // Of a host that only sends one datagram, that one, its direction and all of its payload are the same part.
    const parts = new Map<string, { how: string; lost: Frame[] }>();
    for (const [how, lost] of partsOf(trial)) if (lost.length > 0) parts.set(lost.map(keyOf).join(), { how, lost });
    const most = TRY_ALL
      ? parts.size
      : Math.max(LEAST_TRIED, Math.min(TRIED, Math.floor(TRIED_FRAMES / trial.frames.length)));
    for (const { how, lost } of someOf([...parts.values()], most, one.name)) holdTo(t, trial, whole, how, lost);
    t.true(parts.size > 10);
  });

  test(`${one.name}: no random part says more than the whole`, async (t) => {
    const { trial, whole } = await read();
    const runs = TRY_ALL ? 10 : Math.max(2, Math.min(4, Math.floor(600 / trial.frames.length)));
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 95 }), (salt, percent) => {
        const lost = trial.frames.filter((frame) => chance(frame, salt) < percent);
        const said = broken(trial, whole, lost);
        if (said.length > 0) throw new Error(`without ${lost.map(keyOf).join(" ")}: ${said.join("; ")}`);
      }),
      { numRuns: runs, seed: SEED + i, includeErrorInReport: true },
    );
    t.pass();
  });
}

/** The frames that a part lacks, and in words which. */
function* partsOf({ frames }: Trial): Generator<[string, Frame[]]> {
  const step = Math.max(1, Math.floor(frames.length / MOST));
  for (let i = 0; i < frames.length; i += step) yield ["a frame", [frames[i]!]];
  yield ["all DNS", frames.filter((frame) => portsOf(frame).includes(53))];
  for (let i = 1; i < 8; i++) yield ["the tail", frames.slice(Math.floor((frames.length * i) / 8))];
  for (let i = 0; i < 8; i++) {
    const [from, to] = [Math.floor((frames.length * i) / 8), Math.floor((frames.length * (i + 1)) / 8)];
    yield ["a time slice", frames.slice(from, to)];
  }
  const directions = grouped(frames, directionOf);
  const few = Math.max(1, Math.floor(directions.size / MOST));
  for (const [i, [direction, lost]] of [...directions].entries()) {
    if (i % few !== 0) continue;
    yield [direction, lost];
    yield [`${direction} with payload`, lost.filter((frame) => (packetOf(frame)?.payWire ?? 0) > 0)];
    yield [`${direction} but its first`, lost.slice(1)];
  }
  const senders = grouped(frames, (frame) => directionOf(frame).split(" ")[0]!);
  for (const [sender, lost] of senders) yield [`all from ${sender}`, lost];
  yield ["all handshakes", frames.filter((frame) => ((packetOf(frame)?.tcpFlags ?? 0) & 2) !== 0)];
  yield ["all payload over TCP", frames.filter((frame) => hasTcpPayload(frame))];
}

function holdTo(t: ExecutionContext, trial: Trial, whole: Judged, how: string, lost: readonly Frame[]): void {
  const said = broken(trial, whole, lost);
  if (said.length > 0) t.fail(`without ${how} (${lost.map(keyOf).join(" ")}):\n${said.join("\n")}`);
}

function broken(trial: Trial, whole: Judged, lost: readonly Frame[]): string[] {
  const deleted = new Set(lost.map(keyOf));
  const part = judgeFrames(
    trial,
    trial.frames.filter((frame) => !deleted.has(keyOf(frame))),
  );
  return brokenPromises(whole, part, deleted);
}

/** 0 to 99, the same for a frame and a salt on every machine. */
function chance(frame: Frame, salt: number): number {
  let h = Math.imul(frame.number ^ (frame.capture << 20), 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return ((h ^ (h >>> 13)) >>> 0) % 100;
}

/** Who sent it to whom, ports included: `10.20.0.5:40000 …`. */
function directionOf(frame: Frame): string {
  const p = packetOf(frame);
  if (p === null) return "none none";
  const size = p.family === 4 ? 4 : 16;
  const address = (off: number) => Buffer.from(p.buf.subarray(off, off + size)).toString("hex");
  return `${address(p.srcOff)} to ${address(p.dstOff)} ${p.proto} ${p.srcPort} ${p.dstPort}`;
}

function portsOf(frame: Frame): number[] {
  const p = packetOf(frame);
  return p === null ? [] : [p.srcPort, p.dstPort];
}

function hasTcpPayload(frame: Frame): boolean {
  const p = packetOf(frame);
  return p !== null && p.proto === TCP && p.payWire > 0;
}

function grouped<T>(all: readonly T[], keyed: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyed(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
