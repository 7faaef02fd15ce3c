/** What fixtures can't show of NTP: what passes on its port and not elsewhere, and times in another era. */
import test from "ava";
import { ntp } from "../../decoders/ntp.ts";
import { datagramAt, decodeDatagram, type Outcome } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const NOW = 1_764_000_000;
const ON = { ...datagramAt(40_001, 123), sec: NOW };
const OFF = { ...datagramAt(40_001, 41_002), sec: NOW };
const of = (bytes: Uint8Array, at = OFF): Outcome => decodeDatagram(ntp, bytes, at);
const field = (said: Outcome, name: string): unknown =>
  said.facts.flatMap((f) => (f.kind === "field" && f.field === name ? [f.value] : []))[0];

/** A server's answer at this time, seconds since 1900. */
const server = (receive: number, transmit: number): Uint8Array => {
  const bytes = concat([hex`24 02 06 e9 00 00 01 00 00 00 02 00 c0 00 02 01`, new Uint8Array(32)]);
  new DataView(bytes.buffer).setUint32(32, receive);
  new DataView(bytes.buffer).setUint32(40, transmit);
  return bytes;
};
const ntpSeconds = (unix: number): number => (unix + 2_208_988_800) % 2 ** 32;

test("elsewhere a server's times have to be those of the capture", (t) => {
  const now = ntpSeconds(NOW);
  t.true(of(server(now, now)).recognised);
  t.true(of(server(now - 3600, now - 3600)).recognised, "a clock that is an hour off");
  t.false(of(server(now - 9e7, now - 9e7)).recognised, "years off");
  t.true(of(server(now - 9e7, now - 9e7), ON).recognised, "on its port a clock may be years off");
  t.false(of(server(now, now + 60)).recognised, "a minute between getting and sending");
  t.false(of(server(now, 0)).recognised, "no time at all");
});

test("a client's nothing counts on the port only", (t) => {
  const nothing = concat([hex`23`, new Uint8Array(47)]);
  t.true(of(nothing, ON).recognised);
  t.false(of(nothing).recognised);
  const time = Uint8Array.from(nothing);
  time.set(hex`59 45 e4 4a cc cc 18 d4`, 40);
  t.true(of(time).recognised, "a random transmit time is what many clients send");
});

test("versions, modes and lengths", (t) => {
  const first = (byte: number, length = 48): boolean =>
    of(concat([Uint8Array.of(byte), new Uint8Array(length - 1)]), ON).recognised;
  for (const version of [1, 2, 3, 4]) t.true(first((version << 3) | 3), `version ${version}`);
  for (const version of [0, 5, 6, 7]) t.false(first((version << 3) | 3), `version ${version}`);
  t.false(first(0x20), "mode 0");
  t.false(first(0x23, 47), "a byte short");
});

test("old DTLS begins like a control message", (t) => {
  const dtls = concat([hex`16 01 00 00 00 00 00 00 00 00 00 00 24`, new Uint8Array(35).fill(7)]);
  t.false(of(dtls).recognised);
  t.true(of(hex`16 02 00 01 00 00 00 00 00 00 00 00`).recognised, "a request for variables");
});

test("times are given in the era nearest to the capture", (t) => {
  const later = 2 ** 32 - 2_208_988_800 + 100; // 2036, a hundred seconds into the next era
  const said = of(server(50, 60), { ...ON, sec: later });
  t.is(field(said, "ntp.transmit"), `${later - 40}.000000000`);
  t.is(field(of(server(ntpSeconds(NOW), ntpSeconds(NOW)), ON), "ntp.receive"), `${NOW}.000000000`);
});
