/** What is near to a conversation, and what is not: a rule that shares nothing that counts is not told. */
import test from "ava";
import { ascii } from "../support/hex.ts";
import { clientHello, connection, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, RESOLVER } from "./scene.ts";
import { datagram, FAR, syn } from "./stage.ts";

const missOf = async (scene: Parameters<typeof play>[0]) => {
  const { said } = await play(scene);
  return [...said.conversations.values()].map(({ verdict, evidence, reason }) => ({
    verdict,
    near: evidence?.nearest?.rule_id ?? null,
    reason,
  }));
};

test("that a role may be anywhere in the Internet is nothing in common", async (t) => {
  const anywhere = { id: "p2p", to: "peer", over: "udp/1024-65535", app: "stun", peer: "internet" };
  const frames = [datagram(0), datagram(5, `${FAR}:9000`, `${HOST}:40000`)];
  t.deepEqual(await missOf({ rules: [anywhere], frames }), [
    { verdict: "undocumented", near: null, reason: "no rule is near it" },
  ]);
  const bound = await missOf({ rules: [anywhere], frames, bind: [`host=${HOST}`, `peer=${FAR}`] });
  t.is(bound[0]!.near, "p2p", "the far end is bound to it");
});

test("that the far end of a rule opens something elsewhere is nothing in common; that it opens it to the rule's other end is", async (t) => {
  const rules = [{ id: "api", from: "peer", to: "host", over: "tcp/443", app: "tls" }];
  const near = async (to: string) => {
    const frames = tlsConnection(`${HOST}:40000`, `${to}:443`, 0, clientHello("a.example"));
    return (await missOf({ rules, frames, bind: [`host=${HOST}`, `peer=${PEER}`] }))[0]!.near;
  };
  t.is(await near(FAR), null);
  t.is(await near(PEER), "api");
});

test("another name of a domain that a rule has is nearer than its application", async (t) => {
  const endpoints = { a: { hosts: ["api.example.org"] }, b: { hosts: ["one.example.com", "two.example.com"] } };
  const rules = [
    { id: "a", to: "a", over: "tcp/443", app: "tls" },
    { id: "b", to: "b", over: "tcp/443", app: "any" },
  ];
  const near = async (name: string) =>
    (await missOf({ rules, endpoints, frames: tlsConnection(`${HOST}:40000`, `${FAR}:443`, 0, clientHello(name)) }))[0]!
      .near;
  t.is(await near("three.example.com"), "b");
  t.is(await near("three.example.net"), "a");
});

test("a port's number over another transport needs something else of the rule", async (t) => {
  const rules = [{ id: "nac", to: "nac", over: "tcp/9000", app: "any" }];
  const frames = [datagram(0), datagram(5, `${FAR}:9000`, `${HOST}:40000`)];
  t.is((await missOf({ rules, endpoints: { nac: { addresses: ["203.0.113.77"] } }, frames }))[0]!.near, null);
  t.is((await missOf({ rules, endpoints: { nac: { addresses: [FAR] } }, frames }))[0]!.near, "nac", "its address");
});

test("what else a rule expects is not told of a conversation that is not its own anyway", async (t) => {
  const rules = [{ id: "p", to: "peer", over: "tcp/5562", app: "any", expect: { operations: "at most read" } }];
  const request = ascii("POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
  const answer = ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const frames = connection(`${HOST}:40000`, `${PEER}:80`, 0, [
    [">", request],
    ["<", answer],
  ]);
  const [one] = await missOf({ rules, frames, bind: [`host=${HOST}`, `peer=${PEER}`] });
  t.is(one!.near, "p");
  t.is(one!.reason, "tcp/80 instead of tcp/5562");
});

test("a lone SYN to a name that nobody documents is near the rules of its very port, and of no range of ports", async (t) => {
  const endpoints = { api: { hosts: ["api.example.com"] } };
  const frames = [...lookUp(HOST, RESOLVER, "telemetry.example.net", [FAR], 10), syn(20)];
  const near = async (over: string) => {
    const misses = await missOf({ rules: [{ id: "r", to: "api", over, app: "tls" }], endpoints, frames });
    return misses.map((miss) => miss.near);
  };
  t.true((await near("tcp/443")).includes("r"));
  t.true((await near("tcp/80,443")).includes("r"));
  t.false((await near("tcp/80-1024")).includes("r"));
  t.false((await near("tcp/8443")).includes("r"));
});
