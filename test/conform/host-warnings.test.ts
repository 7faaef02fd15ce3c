/** Who looks like a bound host that never appears. */
import test from "ava";
import { HOST, play } from "./scene.ts";
import { api, busy, good, tlsRule } from "./stage.ts";

const ABSENT = "10.0.0.9";

/** The host that is there is bound to `peer`, and calls what the rules give. */
async function warnings(
  rules: readonly Record<string, unknown>[],
  filters: readonly string[] = [],
  begins = ABSENT,
): Promise<string[]> {
  const endpoints = { ...api, ws: { hosts: ["ws.example.com"] } };
  const bind = [`host=${ABSENT}`, `peer=${HOST}`];
  const { said } = await play({ endpoints, bind, rules, filters, frames: [...good, ...busy] });
  return said.result.run.warnings.filter((text) => text.startsWith(begins));
}

test("who plays another role that may do the same looks like nobody else", async (t) => {
  t.deepEqual(await warnings([tlsRule, { ...tlsRule, id: "s", from: "peer" }]), [
    `${ABSENT}, bound to host, never appears in the capture.`,
  ]);
});

test("who does what the absent one alone may is said, whatever it is bound to", async (t) => {
  const [text] = await warnings([tlsRule, { ...tlsRule, id: "s", from: "peer", to: "ws" }]);
  t.regex(text!, /what looks like host: 10\.0\.0\.5 \(/);
});

test("what a filter may have kept out is said beside who never appears", async (t) => {
  const filtered = (filter: string) => warnings([tlsRule], [filter], "The capture was filtered (");
  t.is((await filtered(`host ${HOST}`)).length, 1);
  t.deepEqual(await filtered(`host ${HOST} or host ${ABSENT}`), []);
});
