/**
 * What a site calls its hosts, and at which side of a wire it was captured, changes nothing else: tried on every case's
 * capture. Beside `invariance.test.ts`, which changes the packets themselves.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { UDP } from "../../src/dissect/packet.ts";
import {
  changes,
  isSetBack,
  judgeFrames,
  optionsOf,
  packetOf,
  readTrial,
  type Trial,
  verdictsOf,
} from "../support/judged.ts";
import { copyFrame } from "../support/observe.ts";
import { renamed } from "../support/retouch.ts";
import { type Case, readCases } from "./case.ts";

const cases = readCases().filter(({ args }) => args.some((word) => !word.includes("/") && word.includes(".pcap")));

for (const one of cases) {
  test(`${one.name}: hosts by other addresses`, async (t) => {
    const names = otherNames(one);
    if (names.size === 0 || one.args.includes("--site")) {
      t.log("SKIPPED: no host is bound by one IPv4 address on the command line");
      return t.pass();
    }
    const trial = await readTrial(one);
    const say = (text: string): string =>
      [...names].reduce((said, [from, to]) => said.replaceAll(new RegExp(`\\b${from}\\b`, "g"), to), text);
    const args = one.args.map((word, i) => (one.args[i - 1] === "--bind" ? say(word) : word));
    const other: Trial = { ...trial, options: await optionsOf({ ...one, args }) };
    const after = judgeFrames(
      other,
      trial.frames.map((frame) => renamed(frame, names)),
    );
    const before = Object.entries(withoutIds(verdictsOf(judgeFrames(trial, trial.frames))));
    const expected = Object.fromEntries(before.map(([what, verdict]) => [say(what), say(verdict)]));
    t.deepEqual(changes(expected, withoutIds(verdictsOf(after))), []);
  });

  test(`${one.name}: each direction in a capture of its own, whichever comes first`, async (t) => {
    const trial = await readTrial(one);
    const [info] = trial.captures;
    if (trial.captures.length > 1 || info === undefined || isSetBack(trial)) {
      t.log("SKIPPED: several captures already, or a clock that is set back");
      return t.pass();
    }
    const whole = verdictsOf(judgeFrames(trial, trial.frames));
    for (const first of [0, 1]) {
      const captures = [info, { ...info, path: "the other side", drops: null }];
      const frames = trial.frames.map((frame) =>
        Object.assign({ ...frame }, { capture: isUpward(frame) ? first : 1 - first }),
      );
      const sides = first === 0 ? frames : [...frames].sort((a, b) => timeOf(a) - timeOf(b) || a.capture - b.capture);
      t.deepEqual(changes(whole, verdictsOf(judgeFrames({ ...trial, captures }, sides))), [], `side ${first} first`);
    }
  });
}

for (const one of cases) {
  test(`${one.name}: DNS answers under other ids, or to other ports, prove no more than none`, async (t) => {
    const trial = await readTrial(one);
    if (!trial.frames.some(isDnsAnswer)) return t.pass();
    const proved = (frames: readonly Frame[]): string[] =>
      Object.entries(verdictsOf(judgeFrames(trial, frames))).flatMap(([what, verdict]) =>
        /^(?:documented|met)/.test(verdict) ? [what] : [],
      );
    const without = new Set(proved(trial.frames.filter((frame) => !isDnsAnswer(frame))));
    for (const change of [otherId, otherPort]) {
      const frames = trial.frames.map((frame) => (isDnsAnswer(frame) ? change(frame) : frame));
      t.deepEqual(
        proved(frames).filter((what) => !without.has(what)),
        [],
        change.name,
      );
    }
  });
}

test("most cases bind a host that can be called otherwise", (t) => {
  const some = cases.filter((one) => otherNames(one).size > 0 && !one.args.includes("--site"));
  t.true(some.length > cases.length / 2, `${some.length} of ${cases.length}`);
});

/** Single addresses of 10/8 that the command binds, with others of the same length that no case has. */
function otherNames({ args }: Case): Map<string, string> {
  const bound = args.flatMap((word, i) =>
    args[i - 1] === "--bind" ? (word.match(/\b10(?:\.\d+){3}\b(?!\/)/g) ?? []) : [],
  );
  return new Map(
    bound.map((address) => [address, address.replace(/^10\.(\d+)/, (_, net: string) => `10.${moved(net)}`)]),
  );
}

/** Another number of as many digits. */
function moved(net: string): string {
  const most = net.length === 1 ? 9 : net.length === 2 ? 99 : 255;
  const least = net.length === 1 ? 1 : 10 ** (net.length - 1);
  const next = Number(net) + 3;
  return String(next > most ? least : next);
}

/** From the lower address to the higher: one fibre of a TAP. */
function isUpward(frame: Frame): boolean {
  const p = packetOf(frame);
  if (p === null) return true;
  const size = p.family === 4 ? 4 : 16;
  return Buffer.compare(p.buf.subarray(p.srcOff, p.srcOff + size), p.buf.subarray(p.dstOff, p.dstOff + size)) < 0;
}

/** By UDP, from the port of DNS, with the bit of an answer. */
function isDnsAnswer(frame: Frame): boolean {
  const p = packetOf(frame);
  return p?.proto === UDP && p.srcPort === 53 && p.payLen > 2 && p.buf[p.payOff + 2]! >= 0x80;
}

function otherId(frame: Frame): Frame {
  return changed(frame, 0);
}

/** The port that it is sent to stands in the six bytes before the message. */
function otherPort(frame: Frame): Frame {
  return changed(frame, -6);
}

/** `at`: of a byte to change, from the payload on. */
function changed(frame: Frame, at: number): Frame {
  const copy = copyFrame(frame);
  copy.buf[packetOf(frame)!.payOff - frame.off + at]! ^= 0x15;
  return copy;
}

const timeOf = ({ sec, nsec }: Frame): number => sec * 1e9 + nsec;

/** An id is made of the addresses. */
function withoutIds(verdicts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(verdicts).map(([what, verdict]) => [what.replace(/^[0-9a-f]{16} /, ""), verdict]),
  );
}
