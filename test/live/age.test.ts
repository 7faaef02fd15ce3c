import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { Tally } from "../../src/capture/tally.ts";
import { describe } from "../../src/conform/conform.ts";
import { CapCounter } from "../../src/limits.ts";
import { Ager } from "../../src/live/age.ts";
import { type Observation, Observer } from "../../src/observe/observation.ts";
import { START_SEC, udpFrame } from "../support/frames.ts";
import { dnsAnswer, dnsQuery } from "../support/talk.ts";

const SERVER = "10.0.0.53:53";
const ROLLOUT = "fixtures/cases/rollout/rollout.pcap";

/** The capture several times, each three hours after the last, so that flows end and come again. */
async function observed(path: string, times: number, agedEvery: number): Promise<Observation> {
  const caps = new CapCounter();
  let observer: Observer | null = null;
  let ager: Ager | null = null;
  let seen = 0;
  let shiftedBy = 0;
  for (let time = 0; time < times; time++) {
    const reader = await openCaptures([{ path }], { caps });
    observer ??= new Observer(reader.captures, DECODERS, caps);
    ager ??= new Ager(observer.observation, 0);
    const [capture] = observer.observation.captures;
    while (await reader.more()) {
      while (reader.next() === NEXT_FRAME) {
        reader.frame.sec += shiftedBy;
        observer.frame(reader.frame);
        capture!.lastSec = reader.frame.sec;
        if (agedEvery > 0 && ++seen % agedEvery === 0) ager.age();
      }
    }
    await reader.close();
    shiftedBy += 3 * 3600;
  }
  return observer!.observation;
}

/** What people read of it, without frame numbers. */
function read(seen: Observation): unknown {
  const { rest, lookups } = describe(seen);
  const rows = [...rest.rows()].map(({ names, evidence: _evidence, operations: _operations, ...row }) => ({
    ...row,
    // What DNS told others by then: a row speaks for the first of its flows, so it may know less of that.
    names: names
      .filter(({ source }) => source !== "dns-other")
      .map(({ name, source }) => `${source} ${name}`)
      .sort(),
  }));
  const asked = lookups.map(({ first_frame: _frame, answers, ...lookup }) => ({
    ...lookup,
    answers: [...answers].sort(),
  }));
  const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return { rows: rows.sort(byText), asked: asked.sort(byText) };
}

for (const agedEvery of [1, 37, 400]) {
  test(`flows that fall silent are kept in less, and say the same: every ${agedEvery} frames`, async (t) => {
    const whole = await observed(ROLLOUT, 3, 0);
    const aged = await observed(ROLLOUT, 3, agedEvery);
    t.deepEqual(read(aged), read(whole));
    t.true(aged.flows.table.count < whole.flows.table.count);
    const facts = (seen: Observation): number =>
      seen.identified.details.reduce((sum, d) => sum + d.sightings.length, 0);
    t.true(facts(aged) < facts(whole), `${facts(aged)} of ${facts(whole)}`);
  });
}

test("under churn rows and facts stay bounded, and every flow is counted", (t) => {
  const caps = new CapCounter();
  const capture = new Tally("wire", "default");
  const observer = new Observer([capture], DECODERS, caps);
  const seen = observer.observation;
  const ager = new Ager(seen, 1000);
  const perSecond = 40;
  const seconds = 1500;
  let flows = 0;
  let mostRows = 0;
  let mostFacts = 0;
  // A name server that is asked the same few things again and again, from ever new ports.
  for (let sec = 0; sec < seconds; sec++) {
    for (let i = 0; i < perSecond; i++) {
      const client = `10.0.0.${1 + (flows % 5)}:${1024 + (flows % 60_000)}`;
      const name = `host-${flows % 7}.example.com`;
      const [ms, id] = [sec * 1000 + i, flows % 0xffff];
      observer.frame(udpFrame({ from: client, to: SERVER, data: dnsQuery(name, { id }), ms }));
      observer.frame(
        udpFrame({
          from: SERVER,
          to: client,
          data: dnsAnswer(name, [{ name, type: "A", ttl: 60 + (flows % 50), data: "192.0.2.7" }], { id }),
          ms,
        }),
      );
      flows++;
    }
    capture.lastSec = START_SEC + sec;
    capture.packets = flows * 2;
    if (sec % 5 === 0) ager.age();
    mostRows = Math.max(mostRows, seen.flows.table.count);
    mostFacts = Math.max(mostFacts, seen.identified.details.length);
  }
  t.is(caps.hits.size, 0);
  // Five minutes of flows, a fifth more, and what may come before rows are gone through again.
  t.true(mostRows <= (perSecond * 300 * 1.2 + 1000) * 1.2, `${mostRows} rows`);
  t.true(mostFacts <= perSecond * 30, `${mostFacts} details`);
  const { rest, lookups } = describe(seen);
  t.is(
    [...rest.rows()].reduce((sum, row) => sum + row.flows, 0),
    flows,
  );
  t.is(
    [...rest.rows()].reduce((sum, row) => sum + row.packets, 0),
    flows * 2,
  );
  t.is(
    lookups.reduce((sum, { count }) => sum + count, 0),
    flows,
  );
});
