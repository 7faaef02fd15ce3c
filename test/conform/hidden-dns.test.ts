/** A host that resolves where nobody can read it: the verdict stays open, and the remedy says why waiting does not help. */
import test from "ava";
import { clientHello, tlsConnection } from "../support/talk.ts";
import { HOST, play } from "./scene.ts";

const endpoints = { wanted: { hosts: ["wanted.example.com"] } };
const rules = [{ id: "r", to: "wanted", over: "tcp/443", app: "tls" }];
const unnamed = tlsConnection(`${HOST}:40000`, "203.0.113.9:443", 10, clientHello(null));
const resolving = (address: string, name: string | null) =>
  tlsConnection(`${HOST}:40001`, address, 1_000, clientHello(name));

for (const [what, frames, remedy] of [
  ["over HTTPS", resolving("203.0.113.53:443", "dns.google"), /10\.0\.0\.5 resolves over HTTPS \(dns\.google\)/],
  ["over TLS", resolving("203.0.113.53:853", null), /resolves over TLS \(203\.0\.113\.53\)/],
  ["in clear, or not at all", resolving("203.0.113.53:443", "dns.example.com"), /restart the service/],
] as const) {
  test(`a host that resolves ${what}`, async (t) => {
    const { said } = await play({ rules, endpoints, frames: [...unnamed, ...frames] });
    const row = [...said.conversations.values()].find(({ responder }) => responder === "203.0.113.9")!;
    t.is(`${row.verdict} ${row.reason_code}`, "inconclusive address-unresolved");
    t.regex(row.reason ?? "", remedy);
    t.regex(said.rules.get("m/r")!.remedy ?? "", remedy);
  });
}
