/** A DHCP lease that gives a bound address to another device ends the binding there, and is told. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { arpFrame, udpFrame } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { bytes, u32 } from "../support/packets.ts";
import { clientHello, dnsAnswer, dnsQuery, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, type Scene } from "./scene.ts";

const SERVER = "10.0.0.1";
const [OLD, NEW] = [bytes(2, 0, 0, 0, 0, 5), bytes(2, 0, 0, 0, 0, 6)];
const API = "203.0.113.10:443";
const endpoints = { api: { hosts: ["api.example.com"] } };
const rules = [{ id: "api", to: "api", over: "tcp/443", app: "tls" }];

/** RFC 2131: a server's word to everybody about `HOST`. 5: ACK, 2: OFFER. */
function lease(mac: Uint8Array, ms: number, type = 5): Frame {
  const fixed = new Uint8Array(236);
  fixed.set(bytes(2, 1, 6, 0));
  fixed.set(u32(ms), 4);
  fixed.set(bytes(10, 0, 0, 5), 16);
  fixed.set(mac, 28);
  const data = concat([fixed, bytes(0x63, 0x82, 0x53, 0x63, 53, 1, type, 255)]);
  return udpFrame({ from: `${SERVER}:67`, to: "255.255.255.255:68", ms, data });
}

const opens = (name: string, ms: number, port: number): Frame[] =>
  tlsConnection(`${HOST}:${port}`, API, ms, clientHello(name));

const early = opens("api.example.com", 100, 40000);
const late = opens("x.example.net", 2_000, 40001);

async function verdicts(
  frames: Scene["frames"],
  bind?: readonly string[],
): Promise<{ said: string[]; warned: boolean }> {
  const { said } = await play({ endpoints, rules, frames, ...(bind === undefined ? {} : { bind }) });
  const rows = [...said.conversations.values()].filter(({ port }) => port === 443);
  return {
    said: rows.map((row) => `${row.server_name} ${row.verdict}`).sort(),
    warned: said.result.run.warnings.some((text) => text.startsWith(`${HOST}, bound to host, was 02:00:00:00:00:05's`)),
  };
}

test("what began before the move is judged, what began after it is another host's", async (t) => {
  const moved = await verdicts([lease(OLD, 0), ...early, lease(NEW, 1_000), ...late]);
  t.deepEqual(moved, { said: ["api.example.com documented", "x.example.net unrelated"], warned: true });
});

test("what the new holder of the address looks up is not judged", async (t) => {
  const asks = (name: string, ms: number): Frame[] => lookUp(HOST, "10.0.0.53", name, ["203.0.113.20"], ms);
  const frames = [lease(OLD, 0), ...asks("a.example.net", 500), lease(NEW, 1_000), ...asks("b.example.net", 2_000)];
  const { said } = await play({ endpoints, rules, frames });
  const verdicts = said.result.lookups.map(({ name, verdict }) => `${name} ${verdict}`).sort();
  t.deepEqual(verdicts, ["a.example.net undocumented", "b.example.net unrelated"]);
});

const KEPT: Record<string, Frame[]> = {
  "the same device renews": [lease(OLD, 0), lease(OLD, 1_000)],
  "an offer is no lease": [lease(OLD, 0), lease(NEW, 1_000, 2)],
  "who had it before is not in the capture": [lease(NEW, 1_000)],
};
for (const [what, leases] of Object.entries(KEPT)) {
  test(`no move: ${what}`, async (t) => {
    const kept = await verdicts([...leases, ...early, ...late]);
    t.deepEqual(kept, { said: ["api.example.com documented", "x.example.net undocumented"], warned: false });
  });
}

test("who is bound by a whole network is still in it", async (t) => {
  const all = await verdicts([lease(OLD, 0), ...early, lease(NEW, 1_000), ...late], ["host=10.0.0.0/24"]);
  t.deepEqual(all, { said: ["api.example.com documented", "x.example.net undocumented"], warned: false });
});

/** Whoever asks by ARP as `HOST` has that address. */
const announced = (mac: string, ms: number): Frame => arpFrame({ mac, address: HOST, operation: 1, ms });

test("who had the address before is known by ARP too", async (t) => {
  const moved = await verdicts([announced("020000000005", 0), ...early, lease(NEW, 1_000), ...late]);
  t.deepEqual(moved, { said: ["api.example.com documented", "x.example.net unrelated"], warned: true });
  const same = await verdicts([announced("020000000006", 0), ...early, lease(NEW, 1_000), ...late]);
  t.deepEqual(same, { said: ["api.example.com documented", "x.example.net undocumented"], warned: false });
});

const [BEFORE, AFTER] = [lease(OLD, 0), lease(NEW, 60_000)];

test("what the former holder was told proves nothing of the new one", async (t) => {
  const told = lookUp(HOST, "10.0.1.53", "api.example.com", ["203.0.113.10"], 100);
  const opened = tlsConnection(`${HOST}:40002`, API, 70_000, clientHello(null));
  const bind = ["host=10.0.0.0/24"];
  const verdictOf = async (frames: Frame[]): Promise<string | null | undefined> =>
    [...(await play({ endpoints, rules, bind, frames })).said.conversations.values()].find(({ port }) => port === 443)
      ?.verdict;
  t.is(await verdictOf([BEFORE, ...told, AFTER, ...opened]), "inconclusive");
  t.is(await verdictOf([BEFORE, ...told, lease(OLD, 60_000), ...opened]), "documented");
});

test("of a host's several addresses the one that moved is told nothing more for it, and what it was told before stays", async (t) => {
  const told = lookUp(HOST, "10.0.1.53", "api.example.com", ["203.0.113.10"], 1_000);
  const opened = tlsConnection(`${PEER}:40002`, API, 70_000, clientHello(null));
  const verdictOf = async (moves: number): Promise<string | null | undefined> => {
    const frames = [BEFORE, lease(NEW, moves), ...told, ...opened];
    const { said } = await play({ endpoints, rules, bind: [`host=${PEER}+${HOST}`], frames });
    return [...said.conversations.values()].find(({ port }) => port === 443)?.verdict;
  };
  t.is(await verdictOf(60_000), "documented");
  t.is(await verdictOf(500), "inconclusive");
});

test("the name that the new holder asks for in vain is no attempt of the former one", async (t) => {
  const [from, to] = [`${HOST}:20000`, "10.0.1.53:53"];
  const refused = (ms: number): Frame[] => [
    udpFrame({ from, to, ms, data: dnsQuery("api.example.com") }),
    udpFrame({ from: to, to: from, ms: ms + 1, data: dnsAnswer("api.example.com", [], { rcode: 3 }) }),
  ];
  const statusOf = async (frames: Frame[]): Promise<string> =>
    (await play({ endpoints, rules, frames })).said.rules.get("m/api")!.status;
  t.is(await statusOf([BEFORE, ...refused(100), AFTER]), "blocked");
  t.is(await statusOf([BEFORE, ...opens("x.example.net", 100, 40000), AFTER, ...refused(70_000)]), "not-evaluable");
});

test("how long the new holder is seen does not count for the former one", async (t) => {
  const frames = [100, 400_000].flatMap((ms, i) => opens("x.example.net", ms, 40000 + i));
  const codeOf = async (moved: Frame[]): Promise<string> =>
    (await play({ endpoints, rules, frames: [BEFORE, ...frames, ...moved] })).said.rules.get("m/api")!.reason_code;
  t.is(await codeOf([]), "missing");
  t.is(await codeOf([AFTER]), "too-short");
});

test("a bound far end that the new holder calls as the former one did is called by nobody known", async (t) => {
  const calls = [100, 70_000].flatMap((ms, i) =>
    tlsConnection(`${HOST}:${40_000 + i}`, `${PEER}:443`, ms, clientHello(null)),
  );
  const toPeer = [{ id: "r", to: "role:peer", over: "tcp/443", app: "tls" }];
  const bind = [`host=${HOST}`, `peer=${PEER}`];
  const verdictOf = async (frames: Frame[]): Promise<string | null | undefined> =>
    [...(await play({ rules: toPeer, bind, frames })).said.conversations.values()].find(({ port }) => port === 443)
      ?.verdict;
  t.is(await verdictOf([BEFORE, ...calls]), "documented");
  t.is(await verdictOf([BEFORE, ...calls, AFTER]), "undocumented");
});
