/** What a judged host asked for, and what of that is no look-up of anybody else. */
import test from "ava";
import { udpFrame } from "../support/frames.ts";
import { dnsQuery } from "../support/talk.ts";
import { HOST, play, RESOLVER } from "./scene.ts";

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
