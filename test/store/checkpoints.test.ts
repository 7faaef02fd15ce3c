/** A run that goes on: after each checkpoint its database holds what the checkpoint was given, however little of it was written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { compareConversations } from "../../src/report/order.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { conversation, restOf, SAMPLE } from "./samples.ts";
import { folder, plain, testEach, withStore } from "./support.ts";

const IDS = 12;
/** Of each conversation: gone, as it was, changed, or gone on with nothing but counts, as another row or in the one that it has. */
const anySteps = fc.array(
  fc.array(fc.constantFrom("gone", "same", "same", "counted", "recounted", "changed"), {
    minLength: IDS,
    maxLength: IDS,
  }),
  { minLength: 1, maxLength: 6 },
);

/** The first one says something that no column can show as it is, the second has no such times. */
function anew(id: number, number: number): ConversationRow {
  const row = { conversation_id: `${id}`.padStart(16, "0"), packets: number };
  return conversation(id === 0 ? { ...row, reason: "NUL \0" } : id === 1 ? { ...row, last_seen: "@9.000" } : row);
}

function goneOn(row: ConversationRow, number: number): ConversationRow {
  const last_seen = row.last_seen.startsWith("@") ? `@${number}.000` : `2026-03-02T08:00:0${number}.000001Z`;
  return { ...row, packets: row.packets + number, bytes: 2 ** 33 + number, last_seen };
}

testEach("conversations that come, change, stay and go, and a checkpoint that is given up", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await fc.assert(
      fc.asyncProperty(anySteps, fc.nat(5), async (steps, givenUp) => {
        const writer = await store.startCheckpoints();
        const known = new Map<number, ConversationRow>();
        let stands: ConversationRow[] = [];
        for (const [number, step] of steps.entries()) {
          for (const [id, what] of step.entries()) {
            if (what === "gone") known.delete(id);
            else if (what === "changed" || !known.has(id)) known.set(id, anew(id, number));
            else if (what === "counted") known.set(id, goneOn(known.get(id)!, number));
            else if (what === "recounted") Object.assign(known.get(id)!, goneOn(known.get(id)!, number));
          }
          const judged = [...known.values()].sort(compareConversations);
          const result = { ...SAMPLE, run: { ...SAMPLE.run, status: "running" as const }, judged, rest: restOf([]) };
          const broken = number === givenUp;
          const written = writer.checkpoint(result, parts(broken));
          if (broken) await assert.rejects(written, /given up/);
          else {
            await written;
            stands = structuredClone(judged);
          }
          if (number === 0 && broken) {
            assert.equal(writer.runId, null); // it is not there yet
            continue;
          }
          const { judged: read } = await store.read(writer.runId!);
          assert.deepStrictEqual(plain({ ...result, judged: read }), plain({ ...result, judged: stands }));
        }
      }),
      { numRuns: 30 },
    );
    t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  });
});

function parts(broken: boolean): Iterable<never> {
  if (!broken) return [];
  return {
    [Symbol.iterator](): Iterator<never> {
      throw new Error("given up");
    },
  };
}
