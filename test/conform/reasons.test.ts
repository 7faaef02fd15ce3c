/**
 * Every verdict, status and reason of the closed lists, each by a scene as small as it can be. What a reason means stands
 * in `reasons.ts`; the last test here holds the list to these scenes.
 */
import test from "ava";
import { CONVERSATION_REASONS, RULE_REASONS } from "../../src/conform/reasons.ts";
import { CONVERSATIONS, NEAREST } from "./conversation-scenes.ts";
import { RULES } from "./rule-scenes.ts";
import { HOST, PEER, play } from "./scene.ts";
import { api, datagram, FAR, tlsRule } from "./stage.ts";

const reachedCodes = new Set<string>();

for (const [what, scene] of Object.entries(CONVERSATIONS)) {
  test.serial(`conversation: ${what}`, async (t) => {
    const { said } = await play(scene);
    const rows = [...said.conversations.values()].filter(
      (row) => row.responder === (scene.with ?? FAR) && (scene.port === undefined || row.port === scene.port),
    );
    t.deepEqual(
      rows.map((row) => `${row.verdict} ${row.reason_code}`),
      [scene.says],
    );
    reachedCodes.add(rows[0]!.reason_code!);
  });
}

for (const [what, { rule, frames, clause }] of Object.entries(NEAREST)) {
  test(`nearest miss: ${what}`, async (t) => {
    const scene = { endpoints: api, rules: [rule], frames, bind: [`host=${HOST}`, `peer=${PEER}`] };
    const { said } = await play(scene);
    const rows = [...said.conversations.values()];
    t.deepEqual(
      rows.map((row) => [row.verdict, row.evidence?.nearest?.rule_id, row.evidence?.nearest?.clause]),
      [["undocumented", "r", clause]],
    );
  });
}

test("nearest miss: none where nothing is shared", async (t) => {
  const { said } = await play({ endpoints: api, rules: [tlsRule], frames: [datagram(0)] });
  t.is([...said.conversations.values()][0]!.evidence!.nearest, null);
});

for (const [what, scene] of Object.entries(RULES)) {
  test.serial(`rule: ${what}`, async (t) => {
    const { said } = await play(scene);
    const rule = said.rules.get("m/r")!;
    t.is(`${rule.status} ${rule.reason_code}`, scene.says, rule.reason);
    reachedCodes.add(rule.reason_code);
  });
}

test.serial("every reason of the lists is reached", (t) => {
  const all = [...Object.keys(CONVERSATION_REASONS), ...Object.keys(RULE_REASONS)];
  // A published list is a file of the site's; proxies: proxy.test.ts; caps, of conversations and of rules: caps/verdicts.test.ts.
  const elsewhere = ["cap-reached", "cap-reached", "inner-unseen", "judged-before", "listed-range", "proxy-leg"];
  t.deepEqual(all.filter((code) => !reachedCodes.has(code)).sort(), elsewhere);
});
