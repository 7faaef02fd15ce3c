/**
 * Flows whose operations the compiled walk may count by itself for a while. What a glance needs stands in typed arrays, which
 * move to the arena once; the few numbers beside them are written into the flow's ledger (`flow/ledger.ts`) when it is lent,
 * and read back as soon as anybody asks for the flow's detail:
 *
 *     a glance in JavaScript ──lend──▶ the walk counts ──▶ a packet that it leaves ──take back──▶ the long way
 *
 * So no two ever count at once, and whoever looks sees everything.
 */
import type { Arena } from "../flow/arena.ts";
import * as L from "../flow/ledger.ts";
import { type Piece, Room } from "../flow/room.ts";
import { DETAIL } from "../flow/row.ts";
import type { Stream } from "../flow/stream.ts";
import { LIMITS } from "../limits.ts";
import { type FlowDetail, isFull } from "./details.ts";
import type { Shapes } from "./likeness.ts";

/** Flows with facts beyond so many are read packet by packet: there is room for fewer ledgers anyway. */
const ENTRIES = 1 << 16;
const SIDES = [0, 1] as const;

export class Ledgers {
  /** An address by the DETAIL word of a flow's row; 0 where its ledger is not lent. */
  readonly table: { readonly at: number; readonly entries: number };
  readonly #table: Int32Array;
  readonly #room: Room;
  readonly #shapes: Shapes;
  /** Where the shapes begin in the arena. */
  readonly #shapesAt: number;
  #all: Ledger[] = [];
  #lent = 0;
  /** How often there was no room since it was last looked for. */
  #refused = 0;

  /** Null where the arena has no room, or no decoder a shape. */
  static make(arena: Arena | null, shapes: Shapes): Ledgers | null {
    if (arena === null || shapes.words.length === 0) return null;
    const at = arena.take(ENTRIES * 4);
    const shapesAt = at < 0 ? -1 : arena.take(shapes.words.byteLength);
    return shapesAt < 0 ? null : new Ledgers(arena, shapes, at, shapesAt);
  }

  private constructor(arena: Arena, shapes: Shapes, at: number, shapesAt: number) {
    this.table = { at, entries: ENTRIES };
    this.#table = new Int32Array(arena.buffer, at, ENTRIES).fill(0);
    this.#room = new Room(arena, LIMITS.ledgerBytes);
    this.#shapes = shapes;
    this.#shapesAt = shapesAt;
    new Int32Array(arena.buffer, shapesAt, shapes.words.length).set(shapes.words);
  }

  /**
   * Lends a flow's ledger: to be used for packets of its row later than `seamEnds`, or any where its beginning is known. False
   * where nothing but the long way knows how it goes on, or there is no room.
   */
  lend(row: Int32Array, at: number, detail: FlowDetail, seamEnds: number): boolean {
    const entry = row[at + DETAIL]!;
    if (detail.operations === null || entry >= ENTRIES) return false;
    detail.ledger ??= this.#open(detail);
    const { ledger } = detail;
    if (ledger === null || !detail.operations.lend(ledger.words, this.#room)) {
      this.#makeRoom();
      return false;
    }
    let any = false;
    for (const dir of SIDES) if (this.#lendSide(ledger, detail, dir, seamEnds)) any = true;
    if (!any) return false;
    this.#table[entry] = ledger.at;
    ledger.entry = entry;
    this.#lent++;
    return true;
  }

  #open(detail: FlowDetail): Ledger | null {
    const piece = this.#room.take(L.LEDGER_BYTES / 4);
    if (piece === null) return null;
    const ledger = new Ledger(this, piece, detail);
    this.#all.push(ledger);
    return ledger;
  }

  /**
   * Takes what stands for connections that are closed or silent: each in which nothing was counted since the last look. One
   * look for so many refusals that what it costs is nothing beside them.
   */
  #makeRoom(): void {
    if (++this.#refused < this.#all.length) return;
    this.#refused = 0;
    this.#all = this.#all.filter((ledger) => {
      if (ledger.hasMoved()) return true;
      ledger.close(this.#room);
      return false;
    });
  }

  #lendSide(ledger: Ledger, detail: FlowDetail, dir: 0 | 1, seamEnds: number): boolean {
    const { words } = ledger;
    const side = dir * L.SIDE;
    words[side + L.SHAPE] = 0;
    const stream = detail.streams[dir];
    if (stream === null || !isBetweenMessages(stream)) return false;
    const shape = this.#shapes.find(stream.decoder, stream.state);
    const after = stream.fromStart || isFull(detail.heads[dir]) ? -1 : seamEnds;
    if (shape < 0 || after > 0x7fff_ffff) return false;
    words[side + L.SHAPE] = this.#shapesAt + shape * 4;
    detail.operations?.lendSide(words, dir, this.#shapes.number(shape));
    words[side + L.BASE] = stream.base;
    words[side + L.AFTER] = after;
    stream.rewind?.moveTo(ledger.windows[dir]);
    words[side + L.REWOUND] = stream.rewind?.length ?? -1;
    return true;
  }

  /** A ledger comes back: only its owner calls this. */
  cameBack(entry: number): void {
    this.#table[entry] = 0;
    this.#lent--;
  }

  /** All that is lent comes back. */
  takeBack(): void {
    if (this.#lent > 0) for (const ledger of this.#all) ledger.takeBack();
  }
}

/** One flow's part of the arena. */
export class Ledger {
  readonly at: number;
  readonly words: Int32Array;
  /** Where each direction's last bytes are kept. */
  readonly windows: readonly [Uint8Array, Uint8Array];
  readonly #owner: Ledgers;
  readonly #detail: FlowDetail;
  readonly #piece: Piece;
  /** How far its directions were read when that was last asked. */
  readonly #bases: [number | null, number | null] = [null, null];
  /** Where the table has it while it is lent, else 0. */
  entry = 0;

  constructor(owner: Ledgers, piece: Piece, detail: FlowDetail) {
    const { at, words } = piece;
    this.at = at;
    this.words = words;
    this.#piece = piece;
    const first = new Uint8Array(words.buffer, at + L.REWIND_AT, L.REWIND_BYTES);
    this.windows = [first, new Uint8Array(words.buffer, at + L.REWIND_AT + L.REWIND_BYTES, L.REWIND_BYTES)];
    this.#owner = owner;
    this.#detail = detail;
  }

  /** Whether anything was counted here since this was asked before. */
  hasMoved(): boolean {
    let moved = false;
    for (const dir of SIDES) {
      const base = this.words[dir * L.SIDE + L.BASE]!;
      if (this.#bases[dir] !== base) moved = true;
      this.#bases[dir] = base;
    }
    return moved;
  }

  /** Gives its memory back; the flow goes on without it, and may get another. */
  close(room: Room): void {
    this.takeBack();
    for (const stream of this.#detail.streams) stream?.rewind?.moveOut();
    this.#detail.operations?.comeHome();
    this.#detail.ledger = null;
    room.giveBack(this.#piece);
  }

  /** What the walk has counted is the detail's, and goes on there. */
  takeBack(): void {
    if (this.entry === 0) return;
    this.#owner.cameBack(this.entry);
    this.entry = 0;
    const { words } = this;
    const { operations, streams } = this.#detail;
    operations?.takeBack(words);
    for (const dir of SIDES) {
      const side = dir * L.SIDE;
      const stream = streams[dir];
      if (stream === null || words[side + L.SHAPE] === 0) continue;
      stream.base = words[side + L.BASE]!;
      if (stream.rewind !== null) stream.rewind.length = words[side + L.REWOUND]!;
    }
  }
}

/** Whether nothing is kept or missing before the next byte, and a decoder knows what begins there. */
function isBetweenMessages({ decoder, length, pending, lost, handed }: Stream): boolean {
  return decoder >= 0 && length === 0 && pending.length === 0 && lost === 0 && !handed;
}
