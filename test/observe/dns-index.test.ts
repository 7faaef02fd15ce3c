/** What DNS said in an observation that a database holds: made of its bytes where somebody asks, and the same as all that was said. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { DnsEvidence } from "../../src/observe/dns-evidence.ts";
import { collectLookups } from "../../src/observe/lookups.ts";
import { numbered, START_SEC, udpFrame } from "../support/frames.ts";
import { observe } from "../support/observe.ts";
import { dnsQuery, lookUp, type RecordToWrite } from "../support/talk.ts";

const HOSTS = 40;
const NAMES = 30;
const host = (i: number): string => `10.0.0.${i + 1}`;
const ADDRESSES = Array.from({ length: 20 }, (_, i) => (i % 4 === 0 ? `2001:db8::${i + 1}` : `192.0.2.${i}`));

/** Some names have an alias, some two addresses, some none. */
function records(name: string, i: number): RecordToWrite[] {
  const data = ADDRESSES[i % ADDRESSES.length]!;
  const owner = i % 3 === 0 ? `alias.${name}` : name;
  const address = (text: string): RecordToWrite => ({
    ...{ name: owner, type: text.includes(":") ? "AAAA" : "A", data: text, ttl: 60 * i },
  });
  if (i % 7 === 0) return [];
  const alias: RecordToWrite[] = owner === name ? [] : [{ name, type: "CNAME", data: owner }];
  if (i % 11 === 0) alias.push({ name, type: "HTTPS", data: "cover.example" });
  return [...alias, address(data), ...(i % 5 === 0 ? [address("192.0.2.200")] : [])];
}

const frames = numbered([
  ...Array.from({ length: HOSTS * NAMES }, (_, i) => {
    const name = `n${i % NAMES}.example`;
    return lookUp(host(i % HOSTS), "10.9.9.9", name, [], i * 10, records(name, i));
  }).flat(),
  udpFrame({ from: `${host(3)}:5353`, to: "224.0.0.251:5353", ms: 60_000, data: dnsQuery("device.local") }),
]);
const seen = observe(frames);
const stored = await decodeObservation(encodeObservation(seen), DECODERS);

test("names of addresses, and answers to clients, whether a few are asked for or all", (t) => {
  const whole = new DnsEvidence(seen);
  const some = new DnsEvidence(stored);
  t.is(some.isEmpty, whole.isEmpty);
  const cover = (dns: DnsEvidence, of: string): unknown => dns.echPublicName(0, new Set([of]), "cover.example");
  t.not(cover(whole, host(11)), null);
  t.deepEqual(cover(some, host(11)), cover(whole, host(11)));
  let [names, answers] = [0, 0];
  for (let i = 0; i < HOSTS; i++) {
    const clients = new Set([host(i)]);
    for (const address of [...ADDRESSES, "192.0.2.200", "203.0.113.9"]) {
      const known = whole.namesOf(0, address, clients, START_SEC + 100, 0);
      names += known.own.length;
      t.deepEqual(some.namesOf(0, address, clients, START_SEC + 100, 0), known);
    }
    for (let n = 0; n < NAMES; n++) {
      const known = whole.answersFor(0, clients, `n${n}.example`, START_SEC + 100);
      answers += known.length;
      t.deepEqual(some.answersFor(0, clients, `n${n}.example`, START_SEC + 100), known);
    }
  }
  t.true(names > 100 && answers > 100);
  t.deepEqual(some.addressesOf("n4.example"), whole.addressesOf("n4.example"));
});

test("look-ups of some clients are those among all", (t) => {
  const wanted = new Set([host(3), host(8)]);
  const words = new Set([0x0a000004, 0x0a000009]);
  const all = collectLookups(stored).filter(({ client }) => wanted.has(client));
  t.true(all.some(({ name }) => name === "device.local") && all.length > 5);
  t.deepEqual(
    collectLookups(stored, null, (_, word) => words.has(word)),
    all,
  );
  t.deepEqual(collectLookups(stored), collectLookups(seen));
});
