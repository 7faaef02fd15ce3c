/** Which SYNs are kept, and that what is kept is a set: in any order, in any parts, however full it gets. */
import test from "ava";
import fc from "fast-check";
import { Arena } from "../../src/flow/arena.ts";
import { Ttls } from "../../src/flow/ttls.ts";
import { tcpFrame } from "../support/frames.ts";
import { observe } from "../support/observe.ts";

type Sent = readonly [address: number, who: number, low: number, when: number];

const listed = (ttls: Ttls): string[] => {
  const all: string[] = [];
  ttls.each((...said) => all.push(said.join()));
  return all.sort();
};
const of = (sent: readonly Sent[], level = 0, arena: Arena | null = null): Ttls => {
  const ttls = new Ttls(arena);
  ttls.restore(Int32Array.from([level, ...sent.flat()]));
  return ttls;
};
/** So many hosts that each open connections in so many minutes. */
const many = (hosts: number, minutes: number): Sent[] =>
  Array.from({ length: hosts * minutes }, (_, i) => [
    0x0a000001 + (i % hosts),
    0x5e00,
    7,
    ((27_000_000 + Math.floor(i / hosts)) << 6) | (i % 64),
  ]);

test("SYNs of an operating system are kept, with a TTL that a host's may have come to", (t) => {
  const seen = (fields: Partial<Parameters<typeof tcpFrame>[0]>) =>
    listed(
      observe([tcpFrame({ from: "10.0.0.5:40000", to: "192.0.2.1:443", flags: "S", options: 12, ...fields })]).flows
        .ttls,
    );
  const minute = Math.floor(1_772_442_000 / 64);
  for (const ttl of [33, 63, 64, 97, 127, 128])
    t.deepEqual(seen({ ttl }), [`0,${0x0a000005},${0x5e005302},${ttl},${minute}`]);
  for (const ttl of [1, 32, 65, 96, 129, 254, 255]) t.deepEqual(seen({ ttl }), [], `TTL ${ttl}`);
  for (const flags of ["SA", "A", "R", "F"]) t.deepEqual(seen({ flags }), [], flags);
  t.deepEqual(seen({ options: 8 }), [], "a scanner's");
  t.deepEqual(seen({ from: "0.0.0.0:40000" }), []);
  t.deepEqual(
    seen({ from: "[2001:db8::5]:40000", to: "[2001:db8::1]:443" }),
    [],
    "IPv6: routers tell hosts what to begin with",
  );
  t.deepEqual(seen({ from: "203.0.113.5:40000", vlan: 5 }).length, 1, "an address whose first bit is set");
});

test("minutes are left out where there are too many, the same ones in any order and in any parts", (t) => {
  const all = many(1_500, 100);
  const whole = of(all);
  const left = listed(whole);
  t.true(left.length > 20_000 && left.length < 100_000);
  const minutes = new Set(left.map((line) => line.split(",").at(-1)));
  for (const minute of minutes)
    t.is(left.filter((line) => line.endsWith(`,${minute}`)).length, 1_500, "a minute whole or not at all");
  const parts = [of(all.slice(0, 90_000)), of(all.slice(60_000)), of([])];
  const merged = new Ttls();
  for (const part of parts) merged.merge(part, (realm) => realm);
  t.deepEqual(listed(merged), left);
  t.deepEqual(listed(of([...all].reverse())), left);
  t.deepEqual(listed(of(all, 0, Arena.make(4_096))), left, "in the arena");
  const again = new Ttls();
  again.restore(whole.stored());
  t.deepEqual(listed(again), left);
});

test("more hosts in one minute than there is room for leave nothing, and end", (t) => {
  t.deepEqual(listed(of(many(100_000, 1))), []);
});

test("what is stored and damaged is read without harm", (t) => {
  fc.assert(
    fc.property(fc.int32Array({ maxLength: 40 }), (words) => {
      const ttls = new Ttls();
      ttls.restore(words);
      listed(ttls);
      t.pass();
    }),
  );
});
