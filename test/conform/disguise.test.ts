/**
 * What somebody would do who wants to look documented. None of it comes out `documented` or `met`; what no capture can
 * tell apart is not here but in SECURITY.md.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { clientHello, connection, dnsQuery, type Line, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, play, RESOLVER, type Scene } from "./scene.ts";
import { api, FAR, FROM, TO, tlsRule } from "./stage.ts";

const ELSEWHERE = "203.0.113.66";
const good = clientHello("api.example.com");
const evil = clientHello("evil.example.net");
const request = (host: string): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const RESPONSE = ascii("HTTP/1.1 204 No Content\r\n\r\n");
const web = { id: "w", to: "api", over: "tcp/80", app: "http" };
const WEB = `${FAR}:80`;
const asked = (hosts: readonly string[]): Line[] =>
  hosts.flatMap((host): Line[] => [
    [">", request(host)],
    ["<", RESPONSE],
  ]);

type Played = Awaited<ReturnType<typeof play>>["said"];
const all = (said: Played) => said.result.judged;
/** What a scene's verdicts must be, as a sentence that a failed test shows. */
interface Disguise {
  scene: Omit<Scene, "rules"> & { rules?: Scene["rules"] };
  /** True where the disguise was seen through. */
  seen: (said: Played) => boolean;
}
const notDocumented = (said: Played): boolean =>
  all(said).length > 0 && all(said).every((row) => row.verdict !== "documented");
const names = (said: Played, name: string): boolean =>
  all(said).some((row) => row.server_name === name && row.verdict !== "documented");

/** A connection in which the client's bytes come as segments of its own choosing: offset from the first byte, and bytes. */
function segmented(pieces: readonly (readonly [offset: number, bytes: Uint8Array])[]): Frame[] {
  const opened = connection(FROM, TO, 0, []);
  const sent = pieces.map(([offset, data], i) =>
    tcpFrame({ from: FROM, to: TO, flags: "PA", seq: 1001 + offset, ack: 5001, ms: 10 + i, data }),
  );
  return [...opened, ...sent];
}

const DISGUISES: Record<string, Disguise> = {
  "a documented name towards an address that DNS gave for another": {
    scene: {
      endpoints: api,
      frames: [
        ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 1),
        ...lookUp(HOST, RESOLVER, "evil.example.net", [ELSEWHERE], 5),
        ...tlsConnection(FROM, `${ELSEWHERE}:443`, 20, good),
      ],
    },
    seen: (said) => all(said).every((row) => row.transport !== "tcp" || row.verdict !== "documented"),
  },
  "a documented port with another protocol": {
    scene: {
      endpoints: api,
      frames: connection(FROM, TO, 0, [
        ["<", ascii("SSH-2.0-OpenSSH_9.2\r\n")],
        [">", ascii("SSH-2.0-OpenSSH_9.2\r\n")],
      ]),
    },
    seen: notDocumented,
  },
  "a hello of TLS, and a server that speaks something else": {
    scene: {
      endpoints: api,
      frames: connection(FROM, TO, 0, [
        [">", good],
        ["<", ascii("SSH-2.0-OpenSSH_9.2\r\n")],
        [">", ascii("SSH-2.0-OpenSSH_9.2\r\n")],
      ]),
    },
    seen: (said) => said.rules.get("m/r")!.status !== "met",
  },
  "a name nearly the documented one": {
    scene: { endpoints: api, frames: tlsConnection(FROM, TO, 0, clientHello("api.example.com.evil.example.net")) },
    seen: notDocumented,
  },
  "a documented name with a zero byte and another behind it": {
    scene: { endpoints: api, frames: tlsConnection(FROM, TO, 0, clientHello("api.example.com\0.evil.example.net")) },
    seen: notDocumented,
  },
  "another host behind a documented one on one connection": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, asked(["api.example.com", "evil.example.net", "api.example.com"])),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "another host behind a hundred documented ones on one connection": {
    scene: {
      endpoints: { api: { hosts: ["*.example.com"] } },
      rules: [web],
      frames: connection(
        FROM,
        WEB,
        0,
        asked([...Array.from({ length: 100 }, (_, i) => `n${i}.example.com`), "evil.example.net"]),
      ),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "another host behind more requests than facts are kept of": {
    scene: {
      endpoints: { api: { hosts: ["*.example.com"] } },
      rules: [web],
      frames: connection(
        FROM,
        WEB,
        0,
        asked([...Array.from({ length: 2_000 }, (_, i) => `n${i}.example.com`), "evil.example.net"]),
      ),
    },
    seen: (said) => Number(said.result.quality["cap:factsPerFlow"]) > 0 && names(said, "evil.example.net"),
  },
  "a hidden request in the same segment": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, [
        [">", concat([request("api.example.com"), request("evil.example.net")])],
        ["<", concat([RESPONSE, RESPONSE])],
      ]),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "two hosts in one request": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, [
        [">", ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\nHost: evil.example.net\r\n\r\n")],
        ["<", RESPONSE],
      ]),
    },
    seen: notDocumented,
  },
  "a documented host, and an absolute target elsewhere": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, [
        [">", ascii("GET http://evil.example.net/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n")],
        ["<", RESPONSE],
      ]),
    },
    seen: notDocumented,
  },
  "an undocumented name in DNS beside documented ones, over one port": {
    scene: {
      endpoints: api,
      frames: ["api.example.com", "secret.evil.example.net"].map((name, i) =>
        udpFrame({ from: `${HOST}:20000`, to: `${RESOLVER}:53`, ms: i, data: dnsQuery(name, { id: i + 1 }) }),
      ),
    },
    seen: ({ result }) =>
      result.lookups.some((row) => row.name === "secret.evil.example.net" && row.verdict !== "documented"),
  },
  "pieces that overlap with other bytes, while they wait": {
    scene: {
      endpoints: api,
      frames: segmented([
        [20, good.subarray(20, 60)],
        [20, evil.subarray(20, 60)],
        [0, good.subarray(0, 20)],
        [60, good.subarray(60)],
      ]),
    },
    seen: ({ result }) => Number(result.quality.tcp_conflicts) > 0,
  },
  "a packet that looks like a copy of another and asks something else": {
    scene: {
      endpoints: api,
      frames: ["api.example.com", "evil.example.net"].map((name, i) =>
        udpFrame({ from: `${HOST}:20000`, to: `${RESOLVER}:53`, ms: i, id: 9, vlan: i + 1, data: dnsQuery(name) }),
      ),
    },
    seen: ({ result }) => result.lookups.some((row) => row.name === "evil.example.net"),
  },
};

for (const [what, { scene, seen }] of Object.entries(DISGUISES)) {
  test(what, async (t) => {
    const { said } = await play({ rules: [tlsRule], ...scene });
    t.true(
      seen(said),
      JSON.stringify([
        all(said).map(({ server_name, app, verdict, reason }) => [server_name, app, verdict, reason]),
        [...said.rules.values()].filter(({ model }) => model === "m").map(({ status }) => status),
        said.result.quality.caps_hit,
      ]),
    );
  });
}
