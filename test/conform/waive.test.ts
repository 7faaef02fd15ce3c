/** A rule that only waived conversations break is waived with them; one that is not waived counts it again. */
import test from "ava";
import { clientHello, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play } from "./scene.ts";
import { byAddress, reset, syn, TO, tlsRule } from "./stage.ts";

const [A, B] = ["203.0.113.10", "203.0.113.11"];
const old = (far: string, port: number, ms: number) =>
  tlsConnection(`${HOST}:${port}`, `${far}:443`, ms, clientHello("api.example.com"));

/** The waivers of the rule and of the conversations with each of the two, both of which speak TLS 1.2 where 1.3 is asked for. */
async function waivedBy(waivers: readonly Record<string, unknown>[]): Promise<unknown[]> {
  const { said } = await play({
    endpoints: { api: { hosts: ["api.example.com"] } },
    rules: [{ id: "r", to: "api", over: "tcp/443", app: "tls", expect: { "tls.version": "at least 1.3" } }],
    site: { waive: waivers.map((what, i) => ({ what, why: `why ${i}` })) },
    frames: [...old(A!, 40000, 0), ...old(B!, 40001, 1000)],
  });
  const rule = said.rules.get("m/r")!;
  const rows = [...said.conversations.values()];
  return [rule.status, rule.waived, ...[A, B].map((far) => rows.find(({ responder }) => responder === far)?.waived)];
}

test("nothing waived, one of two, both, the rule itself", async (t) => {
  t.deepEqual(await waivedBy([]), ["violated", null, null, null]);
  t.deepEqual(await waivedBy([{ to: A }]), ["violated", null, "why 0", null]);
  t.deepEqual(await waivedBy([{ to: A }, { to: B }]), ["violated", "why 0", "why 0", "why 1"]);
  t.deepEqual(await waivedBy([{ rule: "r" }]), ["violated", "why 0", "why 0", "why 0"]);
});

test("a rule that is waived for one host counts for another", async (t) => {
  const waivedFrom = async (from: string): Promise<string | null> => {
    const site = { models: ["m"], roles: { host: [HOST, PEER] }, waive: [{ what: { rule: "r", from }, why: "known" }] };
    const frames = [syn(0, `${PEER}:40000`), reset(1, TO, `${PEER}:40000`)];
    const { said } = await play({ endpoints: byAddress, rules: [tlsRule], site, bind: [], frames });
    return said.rules.get("m/r")!.waived;
  };
  t.is(await waivedFrom(PEER), "known");
  t.is(await waivedFrom("host"), "known");
  t.is(await waivedFrom(HOST), null);
});
