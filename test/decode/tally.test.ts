/** Operations counted by kind: what is paired, what is not, and slices that are joined to the whole. */
import test from "ava";
import fc from "fast-check";
import type { OperationFact } from "../../src/decode/facts.ts";
import { OperationTally } from "../../src/decode/tally.ts";
import { stackOf } from "../../src/decode/tally-kinds.ts";
import { copyTally } from "../../src/decode/tally-plain.ts";
import { LIMITS } from "../../src/limits.ts";

interface Said {
  dir: 0 | 1;
  fact: OperationFact;
  frame: number;
}

const ask = (id: string | number | null, target = "a", changes: Partial<OperationFact> = {}): OperationFact => ({
  kind: "operation",
  ...{ protocol: "modbus", role: "request", code: "3", operation: "read", class: "read", target, id, failed: false },
  ...changes,
});
const answer = (id: string | number | null, changes: Partial<OperationFact> = {}): OperationFact =>
  ask(id, "a", { role: "response", target: null, ...changes });

function tally(said: readonly (OperationFact | Said)[]): OperationTally {
  const all = new OperationTally();
  said.forEach((one, i) => {
    const { dir, fact, frame } = "fact" in one ? one : { fact: one, dir: dirOf(one), frame: i + 1 };
    all.add(fact, dir, 0, frame, frame >> 4, frame);
  });
  return all;
}
const dirOf = (fact: OperationFact): 0 | 1 => (fact.role === "request" ? 0 : 1);

/** `role target count/failed/unanswered`, open requests counted as unanswered. */
function lines(all: OperationTally): string[] {
  const copy = copyTally(all, 0);
  for (const open of copy.open)
    for (const top of open.values()) for (const { kinds } of stackOf(top)) for (const kind of kinds) kind.unanswered++;
  return copy.kinds
    .map((k) => `${k.role} ${k.target} ${k.count}/${k.failed}/${k.unanswered} ${k.answer ?? "-"}`)
    .sort();
}

test("a question and its answer, a failure, and no answer", (t) => {
  const all = tally([ask(1), answer(1), ask(2), answer(2, { failed: true, answer: "no such address" }), ask(3)]);
  t.deepEqual(lines(all), ["request a 3/1/1 success", "response null 2/1/0 -"]);
  t.is(all.runs.longest, 1);
});

test("pipelined requests are paired by their id, in whatever order the answers come", (t) => {
  const all = tally([ask(1, "a"), ask(2, "b"), ask(3, "c"), answer(3, { failed: true }), answer(1)]);
  t.deepEqual(lines(all), [
    "request a 1/0/0 success",
    "request b 1/0/1 -",
    "request c 1/1/0 failure",
    "response null 2/1/0 -",
  ]);
  t.is(all.runs.longest, 3);
});

test("an answer of a wrong id belongs to nobody", (t) => {
  const all = tally([ask(1), answer(9)]);
  t.deepEqual(lines(all), ["request a 1/0/1 -", "response null 1/0/0 -"]);
  t.is(all.early.length + all.unasked, 1);
});

test("an answer belongs to the newest request of its id", (t) => {
  const all = tally([ask(0, "a"), ask(0, "b"), answer(0)]);
  t.deepEqual(lines(all), ["request a 1/0/1 -", "request b 1/0/0 success", "response null 1/0/0 -"]);
});

test("answers that were read late are paired by the time at which they came", (t) => {
  // All of one id; the answers waited behind a hole in their stream and are read at once.
  const at = (fact: OperationFact, frame: number): Said => ({ dir: dirOf(fact), fact, frame });
  const said = [at(ask(0, "a"), 1), at(ask(0, "b"), 3), at(ask(0, "c"), 5), at(answer(0), 2), at(answer(0), 6)];
  t.deepEqual(lines(tally(said)).slice(0, 3), [
    "request a 1/0/0 success",
    "request b 1/0/1 -",
    "request c 1/0/0 success",
  ]);
  const waited = [at(answer(0), 2), at(answer(0), 4), at(ask(0, "a"), 1), at(ask(0, "b"), 3)];
  t.deepEqual(lines(tally(waited)).slice(0, 2), ["request a 1/0/0 success", "request b 1/0/0 success"]);
});

test("several requests of one message are answered one by one", (t) => {
  const one = (fact: OperationFact, frame: number): Said => ({ dir: dirOf(fact), fact, frame });
  const all = tally([
    one(ask(7, "a", { code: "14" }), 1),
    one(ask(7, "b", { code: "16" }), 1),
    one(answer(7, { code: "16", failed: true }), 2),
    one(answer(7, { code: "14" }), 2),
  ]);
  t.deepEqual(lines(all).slice(0, 2), ["request a 1/0/0 success", "request b 1/1/0 failure"]);
});

test("of several in one message that ask the same each answer is one's, and of those that differ nobody says whose", (t) => {
  const one = (fact: OperationFact, frame: number): Said => ({ dir: dirOf(fact), fact, frame });
  const answers = (count: number): Said[] =>
    Array.from({ length: count }, (_, i) => one(answer(7, { code: "answer" }), 4 + i));
  const same = tally([one(ask(7), 1), one(ask(7), 1), one(ask(7), 1), ...answers(4)]);
  t.deepEqual(lines(same)[0], "request a 3/0/0 success");
  t.is(same.unasked + same.early.length, 1);
  const two = tally([one(ask(7), 1), one(ask(7, "a", { code: "6", class: "write" }), 1), ...answers(1)]);
  t.deepEqual(
    lines(two).filter((line) => line.startsWith("request")),
    ["request a 1/0/1 -", "request a 1/0/1 -"],
  );
  t.is(two.unasked, 1);
});

test("what has nothing to pair by is counted and neither answered nor unanswered", (t) => {
  t.deepEqual(lines(tally([ask(null), ask(null), answer(null)])), ["request a 2/0/0 -", "response null 1/0/0 -"]);
});

test("directions are kept apart: two masters behind one connection's two ends", (t) => {
  const all = tally([
    { dir: 0, fact: ask(1, "a"), frame: 1 },
    { dir: 1, fact: ask(1, "b"), frame: 2 },
    { dir: 0, fact: answer(1, { failed: true }), frame: 3 },
  ]);
  t.deepEqual(lines(all), ["request a 1/0/1 -", "request b 1/1/0 failure", "response null 1/1/0 -"]);
});

test("a hidden write keeps its frames and its target among more targets than are told apart", (t) => {
  const all = new OperationTally();
  for (let i = 0; i < LIMITS.operationKinds * 3; i++) all.add(ask(null, `register ${i}`), 0, 0, i + 1, 0, 0);
  all.add(ask(null, "register 40", { code: "6", operation: "write", class: "write" }), 0, 0, 9_999, 0, 0);
  t.true(all.kinds.length <= LIMITS.operationKinds + 2);
  t.is(all.hit, "operationKinds");
  t.is(all.dropped, 0);
  const write = all.kinds.find((kind) => kind.class === "write");
  t.deepEqual([write?.target, write?.frames], ["register 40", [{ capture: 0, frame: 9_999 }]]);
  t.is(
    all.kinds.reduce((sum, kind) => sum + kind.count, 0),
    LIMITS.operationKinds * 3 + 1,
  );
});

test("no more requests wait than the cap allows, the oldest go unanswered", (t) => {
  const all = new OperationTally();
  for (let i = 0; i < LIMITS.operationsOpen + 10; i++) all.add(ask(i), 0, 0, i + 1, 0, 0);
  t.is(all.open[0].size, LIMITS.operationsOpen);
  t.is(all.kinds[0]!.unanswered, 10);
  t.is(all.hit, "operationsOpen");
});

const anyFact = fc.record({
  dir: fc.constantFrom<0 | 1>(0, 1),
  request: fc.boolean(),
  id: fc.option(fc.integer({ min: 0, max: 4 }), { nil: null }),
  target: fc.constantFrom("a", "b", null),
  code: fc.constantFrom("3", "6"),
  failed: fc.boolean(),
  same: fc.boolean(),
});

test("a question's answer in the next slice comes before the answers to that slice's own questions, or behind them", (t) => {
  const failure = { failed: true, answer: "no such address" };
  for (const said of [
    [ask(1), answer(1, failure), ask(2), answer(2)],
    [ask(1), ask(2), answer(2), answer(1, failure)],
  ]) {
    const whole = tally(said);
    const [first, ...rest] = said.map((fact, i) => ({ dir: dirOf(fact), fact, frame: i + 1 }));
    const joined = new OperationTally();
    joined.append(copyTally(tally([first!]), 0));
    joined.append(copyTally(tally(rest), 0));
    t.deepEqual(lines(joined), lines(whole));
  }
});

test("slices that are joined say what the whole says, wherever the cuts are", (t) => {
  fc.assert(
    fc.property(fc.array(anyFact, { maxLength: 40 }), fc.array(fc.nat(40), { maxLength: 3 }), (facts, cuts) => {
      let frame = 0;
      const said = facts.map(({ dir, request, id, target, code, failed, same }, i): Said => {
        // Several facts of one frame are one message: never cut, all of one kind.
        const before = facts[i - 1];
        if (!same || before?.dir !== dir || before.request !== request) frame++;
        const changes = { code, ...(request ? { target } : { failed }) };
        return { dir, fact: request ? ask(id, "a", changes) : answer(id, changes), frame };
      });
      const places = [...new Set(cuts)].map((cut) => said.findIndex((one) => one.frame > cut)).filter((at) => at > 0);
      const bounds = [0, ...[...new Set(places)].sort((a, b) => a - b), said.length];
      const joined = new OperationTally();
      for (let i = 1; i < bounds.length; i++) joined.append(copyTally(tally(said.slice(bounds[i - 1], bounds[i])), 0));
      const whole = tally(said);
      t.deepEqual(lines(joined), lines(whole));
      t.is(joined.unasked + joined.early.length, whole.unasked + whole.early.length);
      t.deepEqual([...joined.seconds], [...whole.seconds]);
      t.deepEqual(joined.runs, whole.runs);
    }),
    { numRuns: 2_000 },
  );
});

test("what stands in a message that was told is asked together with it", (t) => {
  const alone = tally([ask("1"), ask("2"), ask("3")]);
  t.deepEqual([alone.runs.longest, [...alone.seconds.values()]], [3, [3]]);
  const carried = tally([ask("1"), ask("2", "a", { within: true }), ask("3", "a", { within: true })]);
  t.deepEqual([carried.runs.longest, [...carried.seconds.values()]], [1, [1]]);
  t.is(carried.kinds[0]!.count, 3);
});

test("who counted less of the same flow at once adds what only it saw, and no count is summed", (t) => {
  const write = { code: "6", operation: "write", class: "write" } as const;
  const all = tally([ask(1), answer(1), ask(2), answer(2)]);
  all.unite(tally([ask(2), answer(2), ask(9, "b", write)]));
  t.deepEqual(lines(all), ["request a 2/0/0 success", "request b 1/0/1 -", "response null 2/0/0 -"]);
});
