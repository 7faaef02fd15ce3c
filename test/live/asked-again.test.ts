/**
 * A host that asks for the names of its documents for days, from a resolver that balances: look-ups leave memory, and whoever is
 * spoken to is judged as if they had stayed.
 */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { Observer } from "../../src/observe/observation.ts";
import { judge } from "../../src/pipeline.ts";
import { HOST, PEER, RESOLVER, trialOf } from "../conform/scene.ts";
import { udpFrame } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { observeFrames, type Trial } from "../support/judged.ts";
import { u16 } from "../support/packets.ts";
import { clientHello, connection, dnsAnswer, dnsQuery, tlsConnection } from "../support/talk.ts";
import { LettingGo, verdicts } from "./shelf.ts";

const HOUR_MS = 3_600_000;
const DAYS = 5;
/** Names and the addresses that they are given: one that nobody documents is given all of them. */
const POOLS = {
  "www.example.com": ["203.0.113.1", "203.0.113.2", "203.0.113.3"],
  "api.example.com": ["203.0.113.4", "203.0.113.5"],
  "cdn.example.net": ["203.0.113.6", "203.0.113.7"],
} as const;
const POOL = Object.values(POOLS).flat();
const OTHER = "other.test";
const NAMES = [...Object.keys(POOLS), OTHER];
const SERVFAIL = 2;
const NXDOMAIN = 3;

interface Asked {
  kind: "asked";
  ms: number;
  client: string;
  name: string;
  addresses: readonly string[];
  how: "answered" | "aliased" | "failed" | "denied" | "silent" | "tcp";
  ttl: number;
}
interface Spoken {
  kind: "spoken";
  ms: number;
  client: string;
  address: string;
  sni: string | null;
}
type Event = Asked | Spoken;

/** What a client's resolver sends for one of them; `place`: makes ports and ids differ. */
function framesOf(event: Event, place: number): Frame[] {
  const { ms, client } = event;
  const port = 20_000 + place;
  if (event.kind === "spoken")
    return tlsConnection(`${client}:${port}`, `${event.address}:443`, ms, clientHello(event.sni));
  const { name, addresses, how, ttl } = event;
  const id = place + 1;
  const alias = `${name}.edge.test`;
  const owner = how === "aliased" ? alias : name;
  const records = addresses.map((data) => ({ name: owner, type: "A" as const, data, ttl }));
  const chain = how === "aliased" ? [{ name, type: "CNAME" as const, data: alias, ttl }] : [];
  const rcode = how === "failed" ? SERVFAIL : how === "denied" ? NXDOMAIN : 0;
  const answer = dnsAnswer(name, rcode === 0 ? [...chain, ...records] : [], { id, rcode });
  const query = dnsQuery(name, { id });
  const [from, to] = [`${client}:${port}`, `${RESOLVER}:53`];
  if (how === "tcp") {
    const sized = (message: Uint8Array): Uint8Array => concat([u16(message.length), message]);
    const lines = [
      [">", sized(query)],
      ["<", sized(answer)],
      [">", "FA"],
      ["<", "FA"],
    ] as const;
    return connection(from, to, ms, lines);
  }
  const asked = udpFrame({ from, to, ms, data: query });
  return how === "silent" ? [asked] : [asked, udpFrame({ from: to, to: from, ms: ms + 2, data: answer })];
}

const when = fc.integer({ min: 0, max: DAYS * 24 * HOUR_MS });
const client = fc.constantFrom(HOST, HOST, PEER);
const askedFor = (name: string, pool: readonly string[]): fc.Arbitrary<Asked> =>
  fc.record({
    kind: fc.constant("asked" as const),
    ms: when,
    client,
    name: fc.constant(name),
    addresses: fc.subarray([...pool], { minLength: 1, maxLength: 2 }),
    how: fc.constantFrom("answered", "answered", "answered", "aliased", "failed", "denied", "silent", "tcp"),
    ttl: fc.constantFrom(30, 300, 2 * 86_400),
  });
const asked = fc.oneof(...Object.entries(POOLS).map(([name, pool]) => askedFor(name, pool)), askedFor(OTHER, POOL));
const spoken: fc.Arbitrary<Spoken> = fc.record({
  kind: fc.constant("spoken" as const),
  ms: when,
  client,
  address: fc.constantFrom(...POOL),
  sni: fc.constantFrom(null, null, null, ...NAMES),
});
const session = fc.array(fc.oneof({ weight: 3, arbitrary: asked }, { weight: 1, arbitrary: spoken }), {
  minLength: 20,
  maxLength: 60,
});

const trialFor = (events: readonly Event[]): Promise<Trial> =>
  trialOf({
    rules: [
      { id: "web", to: "web", over: "tcp/443", app: "tls" },
      { id: "cdn", to: "cdn", over: "tcp/443", app: "tls" },
    ],
    endpoints: { web: { hosts: ["www.example.com", "api.example.com"] }, cdn: { hosts: ["*.example.net"] } },
    frames: [
      ...events.flatMap((event, place) => framesOf(event, place)),
      udpFrame({ from: `${HOST}:9`, to: `${PEER}:9`, ms: (DAYS * 24 + 1) * HOUR_MS, data: new Uint8Array(8) }),
    ],
  });

/** Of several flows that are inconclusive the first says why, and one that came back stands behind the new ones. */
function said(...told: Parameters<typeof verdicts>): ReturnType<typeof verdicts> {
  const all = verdicts(...told);
  return { ...all, counts: all.counts.map((row) => row.replace(/ inconclusive \S* \S* /, " inconclusive ")) };
}

test("whatever is asked again and again: names that left prove what they proved", async (t) => {
  let told = 0;
  let most = 0;
  await fc.assert(
    fc.asyncProperty(session, fc.integer({ min: 5, max: 60 }), async (events, every) => {
      const trial = await trialFor(events);
      const whole = judge(observeFrames(trial, trial.frames), trial.options, "", false);
      const run = new LettingGo(trial.options);
      const captures = trial.captures.map((info) => ({ ...info, lastSec: 0 }));
      const observer = new Observer(captures, DECODERS);
      const seen = observer.observation;
      for (const [place, frame] of trial.frames.entries()) {
        observer.frame(frame);
        captures[0]!.lastSec = frame.sec;
        if (place % every === 0) await run.letGo(seen);
      }
      await run.letGo(seen);
      await run.isAs(t, seen, whole, said);
      told += [...(seen.departed?.said.lookups.values() ?? [])].reduce((sum, { count }) => sum + count, 0);
      most = Math.max(most, seen.departed?.said.names.size ?? 0);
    }),
    { numRuns: 25, endOnFailure: true },
  );
  t.true(told > 300, `${told}`);
  t.true(most > 5, `${most}`);
});
