/**
 * The end of reading. Segments that wait behind a hole in their stream are kept, so that an observation may be joined to the
 * one that has the missing bytes. Where it is judged instead, nothing more will come, and they are read as they stand:
 *
 *     ──message── ┆  hole  ┆ ─message─ ─message─ ┆ end      kept in the observation: both messages, as bytes
 *                                                           told to those who judge: what both of them say
 *
 * The observation itself does not change: it can be stored, merged, added to and judged again.
 */
import { Cursor, Fault } from "../decode/cursor.ts";
import type { Decoder } from "../decode/decoder.ts";
import type { FlowDetail } from "../decode/details.ts";
import type { Fact } from "../decode/facts.ts";
import { Identifier } from "../decode/identify.ts";
import * as R from "../flow/row.ts";
import type { Stream } from "../flow/stream.ts";
import { CapCounter } from "../limits.ts";
import { copyDetail } from "./merge-facts.ts";
import type { Observation } from "./observation.ts";
import { Said } from "./said.ts";

/** What a flow says, its waiting segments included. */
export interface FlowEnd {
  /** Index + 1 of the identified decoder, or 0. */
  app: number;
  /** True where a direction's first bytes were lost. */
  midstream: boolean;
  /** With the streams as they were: that something waits behind a hole is what tells a judge of the hole. */
  detail: FlowDetail;
}

/** The observation as it is judged: nothing may be added to it meanwhile. */
export function atEnd(seen: Observation): Observation {
  const waiting = new Set<number>();
  const readers = seen.decoders.filter(({ left }) => left !== undefined);
  seen.identified.details.forEach((detail, index) => {
    if (detail.streams.some((stream) => stream !== null && (stream.pending.length > 0 || isLeft(stream))))
      waiting.add(index);
  });
  if (waiting.size === 0) return withSaid(seen);
  const ends = new Map<number, FlowEnd>();
  const scratch = new Identifier(seen.decoders, new CapCounter());
  const { table } = seen.flows;
  for (let flow = 0; flow < table.count; flow++) {
    const index = table.rows(flow)[table.at(flow) + R.DETAIL]! - 1;
    if (!waiting.has(index)) continue;
    const words = new Int32Array(R.ROW_SPAN);
    R.copyRow(table.rows(flow), table.at(flow), words, 0);
    words[R.DETAIL] = 1;
    const waits = seen.identified.details[index]!;
    const read = copyDetail(waits, 0);
    scratch.replaceDetails([read]);
    for (const dir of [0, 1] as const) scratch.close(words, 0, dir);
    const state = words[R.STATE]!;
    const midstream = (state & R.S_MIDSTREAM) !== 0;
    if (state >>> R.APP_SHIFT === 0) tellLeft(readers, read, words);
    ends.set(flow, { app: state >>> R.APP_SHIFT, midstream, detail: { ...read, streams: waits.streams } });
  }
  return withSaid({ ...seen, ends });
}

/** True where nobody has accepted what stands at a direction's beginning, and nothing is missing there. */
function isLeft({ length, decoder, fromStart, cutOff, pending }: Stream): boolean {
  return length > 0 && decoder < 0 && fromStart && cutOff === 0 && pending.length === 0;
}

const LEFT = new Cursor();

/** What stands before a message that never came: whom a proxy was asked for, and that it did not let it. */
function tellLeft(readers: readonly Decoder[], detail: FlowDetail, words: Int32Array): void {
  for (const dir of [0, 1] as const) {
    const stream = detail.streams[dir];
    if (stream === null || !isLeft(stream)) continue;
    const [sec, nsec] = [words[R.LAST + dir * 2]!, words[R.LAST + dir * 2 + 1]!];
    const capture = (words[R.CAPTURES]! >>> (dir * 16)) & 0xffff;
    const frame = stream.parts.at(-1) ?? words[R.FRAME + dir]!;
    const parts = stream.parts.slice(0, -1);
    for (const { left } of readers) {
      const said: Fact[] = [];
      try {
        left!(LEFT.set(stream.data, 0, stream.length), (fact) => said.push(fact));
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        continue;
      }
      for (const fact of said)
        detail.sightings.push({ fact, dir, capture, frame, sec, nsec, ...(parts.length > 0 && { parts }) });
    }
  }
}

const withSaid = (seen: Observation): Observation => ({ ...seen, said: new Said(seen) });
