/** What fixtures can't show of QUIC: the specifications' own keys, hellos over datagrams, versions and lies. */
import { createCipheriv } from "node:crypto";
import test from "ava";
import { quic } from "../../decoders/quic.ts";
import { CryptoStream } from "../../decoders/shared/quic-crypto.ts";
import { isForcing, longType, mayBeVersion, quicVersion } from "../../decoders/shared/quic-versions.ts";
import { Cursor } from "../../src/decode/cursor.ts";
import { DATAGRAM_MORE, type DatagramResult } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const AT = datagramAt(40_001, 443);
const DCID = hex`83 94 c8 f0 3e 51 57 08`; // of the samples in RFC 9001 appendix A and RFC 9369 appendix A

interface Keys {
  version: Uint8Array;
  type: number;
  key: Uint8Array;
  iv: Uint8Array;
  hp: Uint8Array;
}
/** RFC 9001 appendix A.1: the client's keys. */
const V1: Keys = {
  version: hex`00 00 00 01`,
  type: 0,
  key: hex`1f369613dd76d5467730efcbe3b1a22d`,
  iv: hex`fa044b2f42a3fd3b46fb255c`,
  hp: hex`9f50449e04a0e810283a1e9933adedd2`,
};
/** RFC 9369 appendix A.1. */
const V2: Keys = {
  version: hex`6b 33 43 cf`,
  type: 1,
  key: hex`8b1a0bc121284290a29e0971b5cd045d`,
  iv: hex`91f73e2351d8fa91660e909f`,
  hp: hex`45b95e15235d6f45a6b19cbcb0294ba9`,
};

/** An Initial packet of these frames, protected with keys that are written down, not derived. */
function initial({ version, type, key, iv, hp }: Keys, number: number, frames: Uint8Array, cid = DCID): Uint8Array {
  const length = 4 + frames.length + 16;
  const flags = 0xc0 | (type << 4) | 3;
  const header = concat([
    Uint8Array.of(flags),
    version,
    Uint8Array.of(cid.length),
    cid,
    Uint8Array.of(0, 0, 0x40 | (length >> 8), length & 255, 0, 0, 0, number),
  ]);
  const nonce = Uint8Array.from(iv);
  nonce[11]! ^= number;
  const gcm = createCipheriv("aes-128-gcm", key, nonce).setAAD(header);
  const sealed = concat([gcm.update(frames), gcm.final(), gcm.getAuthTag()]);
  const mask = createCipheriv("aes-128-ecb", hp, null).update(sealed.subarray(0, 16));
  header[0]! ^= mask[0]! & 15;
  for (let i = 0; i < 4; i++) header[header.length - 4 + i]! ^= mask[1 + i]!;
  return concat([header, sealed]);
}

const crypto = (at: number, bytes: Uint8Array): Uint8Array =>
  concat([Uint8Array.of(6, 0x40 | (at >> 8), at & 255, 0x40 | (bytes.length >> 8), bytes.length & 255), bytes]);

const NAME = ascii("gw7.rollout.example");
const EXTENSION = concat([hex`00 00 00 18 00 16 00 00 13`, NAME]);
const HELLO = concat([hex`01 00 00 47 03 03`, new Uint8Array(32), hex`00 00 02 13 01 01 00 00 1c`, EXTENSION]);

/** Datagrams of one direction as the driver gives them: those that were kept, again with the next one. */
function direction(datagrams: readonly Uint8Array[]): { facts: Fact[]; results: DatagramResult[] } {
  const facts: Fact[] = [];
  const results: DatagramResult[] = [];
  const before: Uint8Array[] = [];
  for (const bytes of datagrams) {
    const result = quic.datagram!(new Cursor().set(bytes, 0, bytes.length), (f) => facts.push(f), { ...AT, before });
    results.push(result);
    if (result === DATAGRAM_MORE) before.push(bytes);
  }
  return { facts, results };
}
const names = (facts: readonly Fact[]): string[] => facts.flatMap((f) => (f.kind === "name" ? [f.name] : []));

test("packets made with the keys in RFC 9001 and RFC 9369 are opened", (t) => {
  for (const keys of [V1, V2]) {
    const { facts } = direction([initial(keys, 2, crypto(0, HELLO))]);
    t.deepEqual(names(facts), ["gw7.rollout.example"]);
    t.true(facts.some((f) => f.kind === "role" && f.sender === "client"));
  }
});

test("a hello over several datagrams, as quiche sent it, in either order", (t) => {
  const [first, second] = fixturesOf("quic")
    .filter((f) => f.file.endsWith("/long.md"))
    .map((f) => f.bytes);
  for (const datagrams of [
    [first!, second!],
    [second!, first!],
    [first!, first!, second!],
  ]) {
    const { facts, results } = direction(datagrams);
    t.deepEqual(names(facts), ["gw7.rollout.example"]);
    t.is(results.at(-1), true);
    t.true(results.slice(0, -1).every((result) => result === DATAGRAM_MORE));
    t.is(facts.filter((f) => f.kind === "role").length, 1);
  }
});

test("frames in pieces, out of order, between others, over coalesced packets", (t) => {
  const pieces = [crypto(40, HELLO.subarray(40)), hex`01 00 00`, crypto(0, HELLO.subarray(0, 20))];
  const other = concat([hex`02 01 00 00 00 00`, crypto(15, HELLO.subarray(15, 45))]); // ACK, and what overlaps
  const one = concat([initial(V1, 0, concat(pieces)), initial(V1, 1, other), new Uint8Array(40)]);
  t.deepEqual(names(direction([one]).facts), ["gw7.rollout.example"]);
});

test("behind the server's answer the client goes on with the keys of its first id", (t) => {
  const { facts } = direction([
    initial(V1, 0, crypto(0, HELLO.subarray(0, 30))),
    initial(V1, 1, crypto(30, HELLO.subarray(30)), hex`5e 5e 5e 5e`),
  ]);
  t.deepEqual(names(facts), ["gw7.rollout.example"]);
});

test("a frame that can't be in an Initial packet is a problem, and a hello that is none too", (t) => {
  const kinds = (frames: Uint8Array): string[] => direction([initial(V1, 0, frames)]).facts.map((f) => f.kind);
  t.deepEqual(kinds(concat([crypto(0, HELLO), hex`1e`, new Uint8Array(20)])).filter((k) => k === "problem").length, 1);
  t.true(kinds(crypto(0, hex`02 00 00 01 00`)).includes("problem"));
  t.true(kinds(crypto(0, hex`06 00 00`)).includes("role"), "not whole yet");
});

test("one byte changed, and the tag does not hold: QUIC all the same, and nobody's hello", (t) => {
  const bytes = initial(V1, 0, crypto(0, HELLO));
  bytes[60]! ^= 1;
  const { facts, results } = direction([bytes]);
  t.deepEqual(facts, [{ kind: "field", field: "quic.version", value: "v1" }]);
  t.deepEqual(results, [DATAGRAM_MORE]);
  t.is(direction([bytes, bytes, bytes, bytes]).results.at(-1), true, "patience ends");
});

test("lengths that lie", (t) => {
  const lies: [string, Uint8Array][] = [
    ["a payload beyond the datagram", concat([hex`c0 00 00 00 01 08`, DCID, hex`00 00 44 00`, new Uint8Array(48)])],
    ["a connection id of 21 bytes", concat([hex`c0 00 00 00 01 15`, new Uint8Array(21), hex`00 00 10`, DCID, DCID])],
    ["a token of 2^62 bytes", concat([hex`c0 00 00 00 01 08`, DCID, hex`00 ff ff ff ff ff ff ff ff`, DCID])],
    ["Google's Q024 with a long header", concat([hex`c8 51 30 32 34 08`, DCID, new Uint8Array(60)])],
  ];
  for (const [what, bytes] of lies) t.false(decodeDatagram(quic, bytes, AT).recognised, what);
});

test("a version that forces negotiation needs a client's first datagram around it", (t) => {
  const head = concat([hex`c0 1a 2a 3a 4a 08`, DCID, hex`00 00`]);
  const whole = concat([head, hex`44 a0`, new Uint8Array(1184)]);
  t.true(decodeDatagram(quic, whole, AT).recognised);
  t.false(decodeDatagram(quic, whole.subarray(0, 800), AT).recognised);
  t.false(decodeDatagram(quic, concat([head, hex`7f ff`, new Uint8Array(1184)]), AT).recognised);
});

test("the server's answer is known by the client's question", (t) => {
  const server = fixturesOf("quic").find((f) => f.file.endsWith("/plain.md") && f.title.startsWith("server"))!;
  const facts = decodeDatagram(quic, server.bytes, { ...server.at, peerStarted: true }).facts;
  t.deepEqual(facts.at(-1), { kind: "field", field: "tls.version", value: 0x0304 });
});

test("Google's packets without a version are known by the client's", (t) => {
  const bytes = concat([hex`08`, DCID, hex`01`, new Uint8Array(40)]);
  t.false(decodeDatagram(quic, bytes, AT).recognised);
  t.true(decodeDatagram(quic, bytes, { ...AT, peerStarted: true }).recognised);
});

test("versions", (t) => {
  const named = [1, 0x6b3343cf, 0xff000016, 0xff00001d, 0xff000022, 0xfaceb002, 0x51303433, 0x51303436, 0x54303531];
  t.deepEqual(
    named.map((number) => quicVersion(number)?.name),
    ["v1", "v2", "draft-22", "draft-29", "draft-34", "mvfst-2", "Q043", "Q046", "T051"],
  );
  t.true(named.every(mayBeVersion));
  for (const number of [0, 2, 0xff000015, 0xff000023, 0x51303137, 0x51303539, 0x12345678]) {
    t.is(quicVersion(number), null, number.toString(16));
  }
  t.true(isForcing(0x1a2a3a4a) && !isForcing(0x1a2a3a4b));
  const [v1, v2] = [quicVersion(1)!, quicVersion(0x6b3343cf)!];
  t.deepEqual(
    [0, 1, 2, 3].map((bits) => longType(v1, bits)),
    ["initial", "0-rtt", "handshake", "retry"],
  );
  t.deepEqual(
    [0, 1, 2, 3].map((bits) => longType(v2, bits)),
    ["retry", "initial", "0-rtt", "handshake"],
  );
});

test("handshake bytes: gaps end them, doubles keep what came first, and there is an end to all of it", (t) => {
  const stream = new CryptoStream();
  stream.add(0, ascii("abc"));
  stream.add(5, ascii("fgh"));
  t.deepEqual(stream.joined(), { whole: ascii("abc"), disagrees: false });
  stream.add(2, ascii("XXXXX"));
  t.deepEqual(stream.joined(), { whole: ascii("abcXXfgh"), disagrees: true });
  stream.add(1 << 20, ascii("far away"));
  for (let i = 0; i < 1000; i++) stream.add(8, ascii("i"));
  t.deepEqual(stream.joined().whole, ascii("abcXXfghi"));
});

const ID = hex`5e 91 c3 0a 77 b4 e2 d8`;
/** Packets behind the handshake: bytes without a pattern, from a generator of this test's own. */
function shorts(count: number, change: (packet: Uint8Array, i: number) => void = () => {}): Uint8Array[] {
  let state = 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  };
  return Array.from({ length: count }, (_, i) => {
    const packet = concat([Uint8Array.of(0x40 | (random() & 0x1f)), ID, Uint8Array.from({ length: 40 }, random)]);
    change(packet, i);
    return packet;
  });
}
const recognised = (packets: readonly Uint8Array[]): boolean => direction(packets).results.includes(true);

test("packets behind the handshake show QUIC by their connection id, several of them and nothing less", (t) => {
  t.true(recognised(shorts(4)));
  t.true(recognised(shorts(4).flatMap((packet) => [packet, packet])), "sent twice");
  t.false(recognised(shorts(3)));
  t.false(recognised(shorts(3).flatMap((packet) => [packet, packet])), "three, sent twice");
});

test("what looks like packets behind the handshake and is none", (t) => {
  const others: [string, (packet: Uint8Array, i: number) => void][] = [
    ["another id in each", (packet, i) => packet.fill(i * 31 + 7, 3, 4)],
    ["a counter behind the id", (packet, i) => packet.set([0, 0, 0, i], 9)],
    ["a length behind the id", (packet) => packet.set([0, 40], 12)],
    ["a first byte that stays", (packet) => packet.fill(0x48, 0, 1)],
    ["a first byte that counts from 0 to 1", (packet, i) => packet.fill(0x40 | (i & 1), 0, 1)],
    ["an id that is a small number", (packet) => packet.set([0, 0, 0, 0, 0, 0, 1, 2], 1)],
    ["text", (packet) => packet.set(packet.map((byte) => 0x40 | (byte & 0x1f)))],
  ];
  for (const [what, change] of others) t.false(recognised(shorts(8, change)), what);
});

test("Google's server is known by its refusal, and by nothing that only begins so", (t) => {
  const bytes = fixturesOf("quic").find((f) => f.title === "Google's server refuses a hello")!.bytes;
  const as = (change: (copy: Uint8Array) => void): boolean => {
    const copy = bytes.slice();
    change(copy);
    return decodeDatagram(quic, copy, AT).recognised;
  };
  t.true(as(() => {}));
  t.false(
    as((copy) => copy.set(ascii("RED"), 34)),
    "another message",
  );
  t.false(
    as((copy) => copy.fill(0x20, 30, 31)),
    "no STREAM frame",
  );
  t.false(
    as((copy) => copy.fill(0xff, 38, 39)),
    "entries beyond counting",
  );
});
