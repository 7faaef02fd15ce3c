/** Strangers are not looked at where all roles are bound: what is inferred and said is the same as where all are. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { whoIsWho } from "../../src/conform/conform.ts";
import { severalRoles, unsettled } from "../../src/conform/host-warnings.ts";
import { inferredBindings, type Likeness } from "../../src/conform/infer.ts";
import { Observer } from "../../src/observe/observation.ts";
import { readCases } from "../e2e/case.ts";
import { readTrial } from "../support/judged.ts";

let fewer = 0;
for (const one of readCases().filter(({ args }) => args[0] === "check")) {
  test.serial(`${one.name}: of whom nothing is to be said nothing is asked`, async (t) => {
    const { captures, frames, options } = await readTrial(one);
    const observer = new Observer(
      captures.map((info) => ({ ...info })),
      DECODERS,
    );
    for (const frame of frames) observer.frame(frame);
    const { models, background, bindings: bound, site } = options;
    const { given, found, open } = whoIsWho(observer.observation, { models, background, bound, site });
    const said = (likenesses: Likeness[]): unknown => {
      const inferred = inferredBindings(likenesses, given);
      return [inferred, severalRoles(likenesses, given), unsettled(likenesses, inferred.used, given, given)];
    };
    t.deepEqual(said(open()), said(found()));
    if (open().length < found().length) fewer++;
  });
}

test.serial("in some of them somebody is left out", (t) => {
  t.true(fewer > 0);
});
