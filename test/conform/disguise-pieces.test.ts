/** As `disguise.test.ts`: hellos over UDP whose pieces (CRYPTO frames of QUIC, fragments of DTLS) disagree. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { udpFrame } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { bytes, u16 } from "../support/packets.ts";
import { crypto, initial } from "../support/quic.ts";
import { clientHello } from "../support/talk.ts";
import { play } from "./scene.ts";
import { api, FAR, FROM } from "./stage.ts";

const good = clientHello("api.example.com").subarray(5); // without TLS's record
const evil = clientHello("evl.example.com").subarray(5); // as long as the documented one
const ID = new Uint8Array(8).fill(0xd1);
const half = good.length >> 1;
const send = (data: Uint8Array, ms: number): Frame => udpFrame({ from: FROM, to: `${FAR}:443`, ms, data });
/** The server's first packets, of a real program: those by which it takes part in the handshake. */
const answer = (app: "quic" | "dtls"): Frame => {
  const [port, inFile] = app === "quic" ? [4433, "/plain.md"] : [41_001, "/by-hand.md"];
  const said = fixturesOf(app).find(({ at, file }) => at.senderPort === port && file.endsWith(inFile!))!;
  return udpFrame({ from: `${FAR}:443`, to: FROM, ms: 20, data: said.bytes });
};
/** A fragment of a ClientHello in a record of its own (RFC 6347 section 4.2.2). */
function fragment(hello: Uint8Array, from: number, to: number, number: number, length = hello.length - 4): Uint8Array {
  const u24 = (value: number): Uint8Array => bytes(0, value >> 8, value & 255);
  const piece = concat([bytes(1), u24(length), u16(0), u24(from), u24(to - from), hello.subarray(4 + from, 4 + to)]);
  return concat([bytes(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number), u16(piece.length), piece]);
}
/** The cookie that DTLS's hello has and TLS's has not (RFC 6347 section 4.2.1), empty: behind version, random and session. */
const withCookie = (hello: Uint8Array): Uint8Array => {
  const body = concat([bytes(0xfe, 0xfd), hello.subarray(6, 4 + 35), bytes(0), hello.subarray(4 + 35)]);
  return concat([bytes(1, 0), u16(body.length), body]);
};
/** A record of the next epoch: the client's Finished. */
const finished = concat([bytes(22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 40), new Uint8Array(40).fill(0xab)]);
const goodDtls = withCookie(good);
const evilDtls = withCookie(evil);
const end = goodDtls.length - 4;

const QUIC: Record<string, Uint8Array[]> = {
  "in frames of one packet": [initial(ID, [crypto(0, good), crypto(half, evil.subarray(half))])],
  "in packets of their own": [
    initial(ID, [crypto(half, good.subarray(half))]),
    initial(ID, [crypto(half, evil.subarray(half))], 1),
    initial(ID, [crypto(0, good.subarray(0, half))], 2),
  ],
};
const DTLS: Record<string, Uint8Array[]> = {
  "in fragments of one datagram": [concat([fragment(goodDtls, 0, end, 0), fragment(evilDtls, end - 30, end, 1)])],
  "in datagrams of their own": [
    fragment(goodDtls, 40, end, 0),
    fragment(evilDtls, 40, end, 1),
    fragment(goodDtls, 0, 40, 2),
  ],
  "one of them of another length": [
    concat([fragment(goodDtls, 0, end, 0), fragment(evilDtls, 0, end - 20, 1, end + 10)]),
  ],
};
const rule = (app: string) => ({ id: "r", to: "api", over: "udp/443", app });

for (const [app, disguises] of [["quic", QUIC] as const, ["dtls", DTLS] as const]) {
  for (const [what, said] of Object.entries(disguises)) {
    test(`${app}: pieces of a hello that disagree, ${what}`, async (t) => {
      const frames = [...said.map(send), answer(app)];
      const { said: judged } = await play({ rules: [rule(app)], endpoints: api, frames });
      t.deepEqual(
        judged.result.judged.map(({ verdict, reason_code }) => [verdict, reason_code]),
        [["inconclusive", "overlap"]],
        JSON.stringify(judged.result.judged.map(({ reason, app: as, server_name }) => [as, server_name, reason])),
      );
    });
  }
}

test("pieces that come twice as they were disguise nothing", async (t) => {
  const quic = [initial(ID, [crypto(half, good.subarray(half)), crypto(0, good)]), initial(ID, [crypto(0, good)], 1)];
  const dtls = [concat([fragment(goodDtls, 0, end - 20, 0), fragment(goodDtls, end - 30, end, 1)])];
  for (const [app, said] of [["quic", quic] as const, ["dtls", dtls] as const]) {
    const frames = [...said.map(send), answer(app), ...(app === "dtls" ? [send(finished, 30)] : [])];
    const { said: judged } = await play({ rules: [rule(app)], endpoints: api, frames });
    t.deepEqual(
      judged.result.judged.map(({ app: as, server_name, reason_code }) => [as, server_name, reason_code]),
      [[app, "api.example.com", "rule-proved"]],
      JSON.stringify(judged.result.judged.map(({ reason }) => reason)),
    );
  }
});
