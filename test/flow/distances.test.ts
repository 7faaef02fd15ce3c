import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { addressKey, isNearer, movedKey } from "../../src/flow/distances.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { readCases } from "../e2e/case.ts";
import { judged, observeFrames, readTrial } from "../support/judged.ts";

const range = (least: number, most = least): number => least | (most << 8);

test("nearer is who passed fewer routers, whatever number its TTL began with", (t) => {
  t.deepEqual(isNearer(64, range(63)), { nearer: true, usual: 63 }, "the router in front of the host");
  t.deepEqual(isNearer(128, range(52)), { nearer: true, usual: 52 });
  t.deepEqual(isNearer(63, range(63)), { nearer: false, usual: 63 });
  t.deepEqual(
    isNearer(243, range(52)),
    { nearer: false, usual: 52 },
    "twelve routers both times: RSTs begin at 255 here",
  );
  t.deepEqual(isNearer(55, range(52, 56)), { nearer: false, usual: 56 }, "no nearer than the closest of its answers");
  t.deepEqual(isNearer(40, range(52)), { nearer: false, usual: 52 }, "farther is not nearer");
});

test("an address is the same in another observation, by its number there", (t) => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const realm = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(word, realm, realm, (address, from, to) => {
      const v4 = 6 | (4 << 8);
      const key = addressKey(v4 | (from << 16), address);
      const moved = movedKey(
        key,
        () => 1,
        () => to,
      );
      return moved === addressKey(v4 | (to << 16), address) && Number.isSafeInteger(moved);
    }),
  );
  const v6 = 6 | (6 << 8);
  const moved = movedKey(
    addressKey(v6, 7),
    (index) => index + 2,
    (r) => r,
  );
  t.is(moved, addressKey(v6, 9));
});

test("a filter's RST is told from the far end's, in slices too; a port that is closed is not a filter", async (t) => {
  const said = async (name: string, cut: number): Promise<string> => {
    const trial = await readTrial(readCases().find((one) => one.name === name)!);
    const parts = [trial.frames.slice(0, cut), trial.frames.slice(cut)].filter((part) => part.length > 0);
    const seen = mergeObservations(
      parts.map((frames) => observeFrames(trial, frames)),
      DECODERS,
    );
    return [...judged(seen, trial.options).rules.values()].map(({ reason }) => reason).join("\n");
  };
  for (const cut of [0, 20, 34, 60])
    t.regex(await said("blocked-filter", cut), /something nearer sent in its name: TTL 64/, `cut before frame ${cut}`);
  t.notRegex(await said("blocked-rst", 0), /nearer/, "nothing that the far end sent itself is there to compare with");
});
