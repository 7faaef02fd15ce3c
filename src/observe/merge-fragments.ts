/**
 * Datagrams whose fragments stand in several slices, put together as the whole would have done it. What comes of it is one
 * more slice, between the others: fragments that nobody could count count there, and the payload is read.
 *
 *     slice 1   first      counted, without payload       ─┐
 *     slice 2   last       nobody's: its ports were in 1  ─┴▶ between: one packet more, and what the payload says
 */
import { type CaptureInfo, Frame } from "../capture/frame.ts";
import type { Decoder } from "../decode/decoder.ts";
import { Dissector, realmOf } from "../dissect/dissect.ts";
import { PACKET, Packet } from "../dissect/packet.ts";
import { laneOfPacket } from "../flow/lanes.ts";
import * as R from "../flow/row.ts";
import { CapCounter } from "../limits.ts";
import { compareInstants } from "../time.ts";
import type { KeptFrame, OpenDatagram } from "./fragment-seam.ts";
import { frameOrder } from "./frame-order.ts";
import { newObservation, type Observation } from "./observation.ts";
import { type Realms, realmsOf } from "./realms.ts";
import { noteTunnel } from "./tunnels.ts";

/** What one slice kept, and where its captures begin in the merged list. */
export interface Kept {
  open: readonly OpenDatagram[];
  captureOffset: number;
}

interface Piece extends KeptFrame {
  /** Its datagram; the same for all slices. */
  key: string;
  counted: boolean;
}

/**
 * The slices between, without captures of their own: their frames are numbered by `captures`, the merged list. Empty where
 * no datagram stands in several slices. What is still open afterwards is given to `rest`.
 */
export function joinFragments(
  kept: readonly Kept[],
  captures: readonly CaptureInfo[],
  decoders: readonly Decoder[],
  rest: (open: readonly OpenDatagram[]) => void,
): Observation[] {
  const groups = new Map<string, OpenDatagram[]>();
  for (const { open, captureOffset } of kept) {
    for (const one of open) {
      const frames = one.frames.map((frame) => ({ ...frame, capture: frame.capture + captureOffset }));
      const key = `${one.realm ?? captures[frames[0]!.capture]!.realm} ${one.key}`;
      const group = groups.get(key) ?? [];
      if (!group.some((other) => isSame(other, frames))) group.push({ ...one, frames });
      groups.set(key, group);
    }
  }
  const parted = [...groups].filter(([, group]) => group.length > 1);
  rest([...groups.values()].filter((group) => group.length === 1).flat());
  if (parted.length === 0) return [];
  const pieces = parted.flatMap(([key, group]) =>
    group.flatMap(({ counted, frames }) => frames.map((frame): Piece => ({ ...frame, key, counted }))),
  );
  const between = new Between(captures, decoders);
  for (const piece of pieces.sort(frameOrder(captures))) between.piece(piece);
  rest(between.counts.fragments.open);
  const parts = parted.flatMap(([, group]) => group);
  return between.end(
    parts.length,
    parts.reduce((sum, { overlaps }) => sum + overlaps, 0),
  );
}

/** The same frames, from an observation that was given twice. */
const isSame = ({ frames }: OpenDatagram, others: readonly KeptFrame[]): boolean =>
  frames.length === others.length &&
  frames.every((frame, i) => frame.frame === others[i]!.frame && compareInstants(frame, others[i]!) === 0);

class Between {
  /** What counts anew. */
  readonly counts: Observation;
  /** Payload of packets that count already. */
  readonly #payload: Observation;
  readonly #packet = new Packet();
  readonly #dissector: Dissector;
  readonly #realms: Realms;
  readonly #frame = new Frame();
  /** By datagram: fragments that wait for its first one here and count already, and their bytes. */
  readonly #waiting = new Map<string, { packets: number; bytes: number }>();
  /** Frames that were nobody's. */
  #found = 0;

  constructor(captures: readonly CaptureInfo[], decoders: readonly Decoder[]) {
    this.#realms = realmsOf(captures);
    const { realms, realmTags } = this.#realms;
    this.counts = newObservation([], realms, decoders, new CapCounter(), false);
    this.#payload = newObservation([], realms, decoders, new CapCounter(), false);
    this.#dissector = new Dissector(this.#packet, { realmTags });
  }

  piece(piece: Piece): void {
    const frame = this.#frame;
    Object.assign(frame, { buf: piece.bytes, off: 0, capLen: piece.bytes.length, number: piece.frame });
    const { wireLen, linkType, capture, sec, nsec } = piece;
    Object.assign(frame, { wireLen, linkType, capture, sec, nsec });
    const p = this.#packet;
    const untagged = this.#realms.untagged[capture]!;
    const code = this.#dissector.dissect(frame, untagged);
    const realm = realmOf(p, untagged);
    const { latest } = this.#dissector.fragments;
    if (latest !== null) this.counts.fragments.note(frame, latest, this.#realms.realms[realm]!);
    this.#outside(frame, untagged, code === PACKET);
    const waiting = this.#waiting.get(piece.key) ?? { packets: 0, bytes: 0 };
    if (code !== PACKET) {
      if (piece.counted) {
        this.#waiting.set(piece.key, { packets: waiting.packets + 1, bytes: waiting.bytes + p.ipBytes });
      }
      return;
    }
    const held = p.pieces > 1 ? { packets: p.pieces - 1, bytes: p.heldBytes } : { packets: 0, bytes: 0 };
    if (held.packets > 0) this.#waiting.delete(piece.key);
    let packets = held.packets + 1;
    let bytes = held.bytes + p.ipBytes;
    if (held.packets > 0) {
      packets -= waiting.packets;
      bytes -= waiting.bytes;
    }
    if (piece.counted) {
      packets -= 1;
      bytes -= p.ipBytes;
    }
    this.#found += packets;
    p.pieces = packets;
    p.ipBytes = bytes;
    p.heldBytes = 0;
    if (packets > 0) this.counts.flows.packet(frame, p, realm, laneOfPacket(p));
    else if (p.payLen > 0) this.#payload.flows.packet(frame, p, realm, laneOfPacket(p));
  }

  /** Tunnels that had to wait for all of a datagram; of those that came whole the slices have counted each packet. */
  #outside(frame: Frame, untagged: number, read: boolean): void {
    for (let outer = this.#packet.outer; outer !== null; outer = outer.outer) {
      if (outer.buf === frame.buf) continue;
      this.#found += read ? outer.pieces - 1 : outer.pieces; // what is read counts itself
      const { flows, identified } = this.counts;
      const flow = flows.packet(frame, outer, realmOf(outer, untagged), laneOfPacket(outer));
      if (outer.carries !== 0 && flow >= 0) noteTunnel(flows, identified, flow, frame, outer);
    }
  }

  /** `parts`: datagrams that were begun, slice by slice; `overlaps`: what was counted of them there. */
  end(parts: number, overlaps: number): Observation[] {
    const { fragments } = this.#dissector;
    this.counts.fragmentsIncomplete = fragments.incomplete - parts;
    this.counts.fragmentOverlaps = fragments.overlaps - overlaps;
    if (this.#found > 0) this.counts.notPackets.set("fragment", -this.#found);
    const { table } = this.#payload.flows;
    for (let flow = 0; flow < table.count; flow++) withoutPackets(table.rows(flow), table.at(flow));
    return [this.counts, this.#payload];
  }
}

/** A row of which only the time and what was said are wanted. */
function withoutPackets(row: Int32Array, at: number): void {
  for (const field of [R.CAPTURES, R.VLANS, R.BYTES_HIGH]) row[at + field] = 0;
  const said = row[at + R.FIRST]! === 0 ? R.FIRST + 2 : R.FIRST;
  for (const dir of [0, 1]) {
    row[at + R.FRAME + dir] = 0;
    row[at + R.FIRST + dir * 2] = row[at + said]!;
    row[at + R.FIRST + dir * 2 + 1] = row[at + said + 1]!;
  }
}
