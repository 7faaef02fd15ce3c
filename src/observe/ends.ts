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
import { type FlowDetail, isLeft, waits } from "../decode/details.ts";
import type { Fact, Sighting } from "../decode/facts.ts";
import { Identifier } from "../decode/identify.ts";
import * as R from "../flow/row.ts";
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
  const { details } = seen.identified;
  const waiting = details.map(waits);
  if (!waiting.includes(true)) return withSaid(seen);
  const readers = seen.decoders.filter(({ left }) => left !== undefined);
  const scratch = new Identifier(seen.decoders, new CapCounter());
  const ends = new Map<number, FlowEnd>();
  const { table } = seen.flows;
  for (let flow = 0; flow < table.count; flow++) {
    const [row, at] = [table.rows(flow), table.at(flow)];
    const index = row[at + R.DETAIL]! - 1;
    if (index < 0 || waiting[index] !== true) continue;
    const end = isHoled(details[index]!)
      ? behindHoles(details[index]!, row, at, scratch, readers)
      : withLeft(details[index]!, row, at, readers);
    if (end !== null) ends.set(flow, end);
  }
  return withSaid(ends.size === 0 ? seen : { ...seen, ends });
}

function isHoled({ streams: [low, high] }: FlowDetail): boolean {
  return (low !== null && low.pending.length > 0) || (high !== null && high.pending.length > 0);
}

function behindHoles(
  detail: FlowDetail,
  row: Int32Array,
  at: number,
  scratch: Identifier,
  readers: readonly Decoder[],
): FlowEnd {
  const words = new Int32Array(R.ROW_SPAN);
  R.copyRow(row, at, words, 0);
  words[R.DETAIL] = 1;
  const read = copyDetail(detail, 0);
  scratch.replaceDetails([read]);
  for (const dir of [0, 1] as const) scratch.close(words, 0, dir);
  const state = words[R.STATE]!;
  if (state >>> R.APP_SHIFT === 0) read.sightings.push(...leftIn(readers, read, words, 0));
  return endOf(state, { ...read, streams: detail.streams });
}

/** Null where nothing is told by what is left: nearly always. */
function withLeft(detail: FlowDetail, row: Int32Array, at: number, readers: readonly Decoder[]): FlowEnd | null {
  const state = row[at + R.STATE]!;
  if (state >>> R.APP_SHIFT !== 0) return null;
  const left = leftIn(readers, detail, row, at);
  if (left.length === 0) return null;
  return endOf(state, { ...copyDetail(detail, 0), sightings: [...detail.sightings, ...left], streams: detail.streams });
}

function endOf(state: number, detail: FlowDetail): FlowEnd {
  return { app: state >>> R.APP_SHIFT, midstream: (state & R.S_MIDSTREAM) !== 0, detail };
}

const LEFT = new Cursor();

/** What stands before a message that never came: whom a proxy was asked for, and that it did not let it. */
function leftIn(readers: readonly Decoder[], { streams }: FlowDetail, row: Int32Array, at: number): Sighting[] {
  const sightings: Sighting[] = [];
  for (const dir of [0, 1] as const) {
    const stream = streams[dir];
    if (stream === null || !isLeft(stream)) continue;
    const [sec, nsec] = [row[at + R.LAST + dir * 2]!, row[at + R.LAST + dir * 2 + 1]!];
    const capture = (row[at + R.CAPTURES]! >>> (dir * 16)) & 0xffff;
    const frame = stream.parts.at(-1) ?? row[at + R.FRAME + dir]!;
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
        sightings.push({ fact, dir, capture, frame, sec, nsec, ...(parts.length > 0 && { parts }) });
    }
  }
  return sightings;
}

const withSaid = (seen: Observation): Observation => ({ ...seen, said: new Said(seen) });
