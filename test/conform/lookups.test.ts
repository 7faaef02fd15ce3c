/** What a judged host asked for, and what of that is no look-up of anybody else. */
import test from "ava";
import { udpFrame } from "../support/frames.ts";
import { dnsAnswer, dnsQuery, lookUp } from "../support/talk.ts";
import { HOST, PEER, play, RESOLVER } from "./scene.ts";
import { busy } from "./stage.ts";

const rules = [{ id: "r", to: "api", over: "tcp/443", app: "tls" }];
const endpoints = { api: { hosts: ["api.example.com"] } };

for (const [what, server, type, verdict] of [
  [
    "a host asks its link whether anybody else has its name (RFC 4795 section 4.1)",
    "224.0.0.252:5355",
    "ANY",
    "ignored",
  ],
  ["a host asks its link for another host", "224.0.0.252:5355", "A", "undocumented"],
  ["whoever asks a resolver for all there is means no name of its own", `${RESOLVER}:53`, "ANY", "undocumented"],
] as const) {
  test(what, async (t) => {
    const frames = [udpFrame({ from: `${HOST}:50000`, to: server, ms: 10, data: dnsQuery("printer", { type }) })];
    const { said } = await play({ rules, endpoints, frames });
    t.deepEqual(
      said.result.lookups.map((row) => [row.name, row.verdict]),
      [["printer", verdict]],
    );
  });
}

test("what another device asks for, whose realm has the same address, is no attempt of the bound one", async (t) => {
  const [from, to] = [`${HOST}:20000`, `${RESOLVER}:53`];
  const asked = (capture: number) =>
    [dnsQuery("api.example.com"), dnsAnswer("api.example.com", [], { rcode: 3 })].map((data, i) =>
      Object.assign(udpFrame({ from: i === 0 ? from : to, to: i === 0 ? to : from, ms: i, data }), { capture }),
    );
  const statusOf = async (capture: number): Promise<string> => {
    const frames = [...busy, ...asked(capture)];
    const { said } = await play({ rules, endpoints, bind: [`host=a/${HOST}`], realms: ["a", "b"], frames });
    return said.rules.get("m/r")!.status;
  };
  t.is(await statusOf(0), "blocked");
  t.is(await statusOf(1), "missing");
});

test("a public name that leads to a host bound in that realm leads nowhere wrong", async (t) => {
  const frames = [...lookUp(HOST, RESOLVER, "api.example.com", [PEER], 0), ...busy];
  const statusOf = async (...bind: string[]): Promise<string> =>
    (await play({ rules, endpoints, bind: [`host=a/${HOST}`, ...bind], realms: ["a"], frames })).said.rules.get("m/r")!
      .status;
  t.is(await statusOf(), "blocked");
  t.is(await statusOf(`peer=a/${PEER}`), "missing");
});
