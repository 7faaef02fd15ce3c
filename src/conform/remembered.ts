/**
 * Judgements told again: of conversations that are alike in all that is judged (`alike-key.ts`) the first is judged, and the
 * others are what it was, with their own ends, names, frames, times and counts. What is told of them is packed at once: no
 * sentence is made and no rule is tried. The result is the same as without (`test/conform/remembered.test.ts`).
 *
 *     judged    initiator 10.0.0.5 · the client asked for a.example.com · SYN 17 · hello 20     kind 3, fillings: SYN, hello
 *     alike     initiator 10.0.0.8 · …………………………… b.example.com · … 31 · ……… 39     kind 3: 31, 39
 *
 * One is judged by itself where it is the first of its kind, where it tells a rule's status something new, and where its
 * judging asked for what is not in the key: other addresses' names, clocks, counts.
 */
import * as C from "../observe/conversations.ts";
import { addressKey, type DnsEvidence, nameKey } from "../observe/dns-evidence.ts";
import type { FlowView } from "../observe/flow-view.ts";
import { OPERATIONS } from "../report/kinds.ts";
import type { PackedRows } from "../report/packed-rows.ts";
import type { OperationRow } from "../report/result.ts";
import { Tuples } from "../report/tuples.ts";
import type { RowText } from "../row-text.ts";
import type { Classes } from "./alike-classes.ts";
import { AlikeKey } from "./alike-key.ts";
import type { CastHost, Played } from "./cast.ts";
import type { ClockTable } from "./clocks.ts";
import type { WhoIsWho } from "./conform.ts";
import type { Counts } from "./expect.ts";
import type { FirstCandidates } from "./first-candidates.ts";
import type { Judgement, RuleUse } from "./judge.ts";
import type { Judged } from "./judged.ts";
import { isLean, type LeanUses } from "./lean-uses.ts";
import { addressesOf, type Subject } from "./subject.ts";
import { type CountedFlow, recount } from "./subject-flow.ts";

/** Kinds of conversations that are kept. */
const MOST_KINDS = 1 << 15;
/** From so many on that were not there one in a few has to have been, or nobody looks any more. */
const MANY = 4_096;
const ONE_IN = 8;

interface Told {
  judged: Judged;
  uses: readonly RuleUse[];
  /** By use: whether the member that it went to is the far end by its address. */
  toAddress: readonly boolean[];
  kind: number;
  /** What fills the gaps of the kind that not every kind has. */
  fillings: readonly Filling[];
}

/** A frame or a name by its place in the key, a text that all of a key have, or pieces of operations. */
type Filling = { frame: number } | { name: number } | string | { pieces: readonly Piece[] };
/** JSON that all of a key have, or what stands between, each with a comma behind it: a frame, a target, the conversation's id. */
type Piece = string | { frame: number } | { target: number } | typeof ID;
const ID = Symbol("id");
/** The name that the client sent; those of DNS have their own places. */
const SENT = -1;

/** What decides whether a use tells something new. */
interface Statuses {
  firsts: FirstCandidates;
  many: LeanUses;
}

export class Remembered {
  readonly #all: C.Conversations;
  readonly #dns: DnsEvidence;
  readonly #clocks: ClockTable;
  readonly #counts: Counts;
  readonly #packed: PackedRows;
  readonly #statuses: Statuses;
  readonly #classes: Classes;
  readonly #key: AlikeKey;
  readonly #view: FlowView;
  readonly #keys = new Tuples();
  /** By the key's number; null for those that are judged one by one. */
  readonly #told: (Told | null)[] = [];
  #met = 0;
  #missed = 0;
  /** Whether what was judged last is the first of its key, and whether its judging asked for more than that. */
  #isFirst = false;
  #askedMore = false;

  constructor(
    {
      conversations,
      dns,
      clocks,
      counts,
      hidden,
    }: Pick<WhoIsWho, "conversations" | "dns" | "clocks" | "counts" | "hidden">,
    classes: Classes,
    packed: PackedRows,
    statuses: Statuses,
  ) {
    this.#all = conversations;
    this.#dns = dns;
    this.#clocks = clocks;
    this.#counts = counts;
    this.#packed = packed;
    this.#statuses = statuses;
    this.#classes = classes;
    this.#key = new AlikeKey(conversations, dns, classes, hidden);
    this.#view = conversations.view();
  }

  /** What is known of a conversation, its row packed; null where it is to be judged, which `learn` is to be told. */
  find(c: number, initiatorRoles: readonly Played[], responderRoles: readonly Played[]): Judged | null {
    this.#isFirst = false;
    if (this.#missed >= MANY && this.#met * ONE_IN < this.#missed) return null;
    const key = this.#key;
    if (!key.take(c, initiatorRoles, responderRoles)) return null;
    const known = this.#keys.find(key.words, key.length);
    if (known < 0) {
      this.#missed++;
      if (this.#told.length < MOST_KINDS) this.#listen();
      return null;
    }
    const told = this.#told[known]!;
    return told === null ? null : this.#again(told, c, initiatorRoles, responderRoles);
  }
  /** What was judged instead. `row`: its number among the packed ones. `isCounted`: what is told of it has a number that each packet changes. */
  learn(judgement: Judgement, subject: Subject, judged: Judged, row: number, isCounted: boolean): void {
    if (!this.#isFirst) return;
    this.#dns.onAsk = this.#clocks.onAsk = this.#counts.onAsk = null;
    const isOwn = this.#askedMore || isCounted || judgement.subject !== subject || this.#saysFrame(row);
    if (isOwn || !isTellable(judgement)) {
      this.#keys.add(this.#told.push(null) - 1);
      return;
    }
    const told = this.#toldOf(judgement, subject, judged, row);
    // What it says may be mistaken for its own names: the next one tells it as well.
    if (told !== null) this.#keys.add(this.#told.push(told) - 1);
  }

  /** Hears what judging asks for beside the key. */
  #listen(): void {
    const { initiator, responder, server, realm } = this.#key;
    const known = [addressKey(realm, initiator), addressKey(realm, responder)];
    if (server !== null) known.push(nameKey(realm, initiator, server));
    this.#isFirst = true;
    this.#askedMore = false;
    const more = (): void => {
      this.#askedMore = true;
    };
    this.#clocks.onAsk = this.#counts.onAsk = more;
    this.#dns.onAsk = (asked) => {
      if (!known.includes(asked)) more();
    };
  }

  /** Whether a sentence names a frame: that has no gap in it. */
  #saysFrame(row: number): boolean {
    const text = this.#packed.kinds.textOf(this.#packed.kindOf(row));
    const frames = this.#key.frames.subarray(0, this.#key.frameCount);
    return [...text.matchAll(FRAME)].some(([, frame]) => frames.includes(Number(frame)));
  }

  /** Null where something that it says may be taken for its own, or where what is its own stands among what it says. */
  #toldOf(
    { uses }: Judgement,
    { responder, responderRoles, flows }: Subject,
    judged: Judged,
    row: number,
  ): Told | null {
    const key = this.#key;
    const { kinds } = this.#packed;
    const kind = this.#packed.kindOf(row);
    const text = kinds.textOf(kind);
    const facts = flows[0]!.sightings.flatMap(({ fact }) => {
      if (fact.kind === "name") return [];
      const target = fact.kind === "operation" && key.targets.includes(fact.target ?? "");
      return [JSON.stringify(target ? { ...fact, target: null } : fact)];
    });
    const own = [...new Set([key.initiator, key.responder, key.server ?? key.initiator, ...key.names, ...key.targets])];
    const says = (one: string): boolean => text.includes(one) || facts.some((fact) => fact.includes(one));
    if (own.some((one) => says(one) || own.some((other) => other !== one && other.includes(one)))) return null;
    if (key.strangers.some((one) => text.includes(one))) return null;
    const ports = [key.port, key.otherPort].filter((port) => this.#classes.isPortShared(key.isTcp, port));
    if (text.match(/\d+/g)?.some((number) => ports.includes(Number(number)))) return null;
    const fillings: Filling[] = [];
    for (const value of kinds.filled) {
      if (value === null) return null;
      if (value !== OPERATIONS) fillings.push(this.#fillingOf(value));
      else fillings.push({ pieces: this.#piecesOf(this.#packed.row(row).operations) });
    }
    const isAddress = responderRoles.some(({ host }) => host.host.text === responder);
    const toAddress = uses.map(({ member }) => isAddress && member === responder);
    return { judged, uses, toAddress, kind, fillings };
  }

  #fillingOf(value: string | number): Filling {
    const { frames, frameCount, server, names } = this.#key;
    if (typeof value === "number") return { frame: frames.subarray(0, frameCount).indexOf(value) };
    return value === server ? { name: SENT } : names.includes(value) ? { name: names.indexOf(value) } : value;
  }

  #piecesOf(operations: readonly OperationRow[]): Piece[] {
    const pieces: Piece[] = [];
    let text = "[";
    for (const operation of operations) {
      text += "{";
      for (const [column, value] of Object.entries(operation)) {
        const gap = this.#gapOf(column, value);
        text += `"${column}":`;
        if (gap === null) {
          text += `${JSON.stringify(value)},`;
        } else {
          pieces.push(text, gap);
          text = "";
        }
      }
      text = `${text.slice(0, -1)}},`;
    }
    pieces.push(`${text.slice(0, -1)}],`);
    return pieces;
  }

  /** Of a column of an operation that is not the last. */
  #gapOf(column: string, value: string | number): Piece | null {
    const { frames, frameCount, targets } = this.#key;
    if (column === "conversation_id") return ID;
    if (column === "first_frame") return { frame: frames.subarray(0, frameCount).indexOf(Number(value)) };
    const target = column === "target" ? targets.indexOf(String(value)) : -1;
    return target < 0 ? null : { target };
  }

  #again(told: Told, c: number, initiatorRoles: readonly Played[], responderRoles: readonly Played[]): Judged | null {
    const uses = this.#usesOf(told, c, initiatorRoles);
    if (uses === null) return null;
    this.#met++;
    this.#pack(told, c);
    const { verdict, code, realm, family, transport, holed, carrier, sealed } = told.judged;
    const { port, initiator, responder, server: serverName } = this.#key;
    return {
      conversation: c,
      verdict,
      code,
      realm,
      family,
      transport,
      port,
      initiator,
      responder,
      serverName,
      initiatorRoles,
      responderRoles,
      uses,
      holed,
      carrier:
        carrier === null ? null : { flows: [this.#counted()], addresses: addressesOf(initiator, initiatorRoles) },
      sealed,
      row: null,
      waived: null,
    };
  }

  #counted(): CountedFlow {
    const { flow, there } = this.#key;
    const leads = null;
    const counted: CountedFlow = { flow, there, lastSec: 0, lastNsec: 0, asked: 0, answered: 0, bursts: [0, 0], leads };
    recount(counted, this.#all, this.#view.move(flow));
    return counted;
  }

  /** Null where one of them tells a status something new. */
  #usesOf({ uses, toAddress }: Told, c: number, initiatorRoles: readonly Played[]): RuleUse[] | null {
    const { firsts, many } = this.#statuses;
    let counted: RuleUse[] = NO_USES;
    for (let i = 0; i < uses.length; i++) {
      const use = uses[i]!;
      const fromHost = use.fromHost === null ? null : hostOf(use, initiatorRoles);
      const member = toAddress[i] === true ? this.#key.responder : use.member;
      if (use.how === "candidate") {
        if (!firsts.isTold(use.rule, fromHost, member)) return null;
        continue;
      }
      const again = many.again(use, c, fromHost, member);
      if (again === null) return null;
      counted = [again];
    }
    return counted;
  }

  #pack({ kind, fillings }: Told, c: number): void {
    const all = this.#all;
    const row = all.rows(c);
    const at = all.at(c);
    const { initiator, responder, port, server, names, frames } = this.#key;
    const id = C.idText(all.id(c));
    const into = this.#packed.begin(id, kind, timeOf(row, at + C.C_FIRST));
    into.whole(timeOf(row, at + C.C_LAST) - timeOf(row, at + C.C_FIRST));
    into.json(initiator);
    into.json(responder);
    into.whole(port);
    into.whole(row[at + C.C_FLOWS]!);
    into.whole(row[at + C.C_PACKETS]! >>> 0);
    into.whole(C.bytesIn(row, at));
    for (const filling of fillings) {
      if (typeof filling === "string") into.json(filling);
      else if ("frame" in filling) into.whole(frames[filling.frame]!);
      else if ("name" in filling) into.json(filling.name === SENT ? server! : names[filling.name]!);
      else this.#packPieces(filling.pieces, id, into);
    }
    this.#packed.end();
  }

  #packPieces(pieces: readonly Piece[], id: string, into: RowText): void {
    const { frames, targets } = this.#key;
    for (const piece of pieces) {
      if (typeof piece === "string") into.text(piece);
      else if (piece === ID) into.json(id);
      else if ("frame" in piece) into.whole(frames[piece.frame]!);
      else into.json(targets[piece.target]!);
    }
  }
}

/** As operations are told (`operations.ts`). */
const FRAME = /frame (\d+)/g;

/** In microseconds since 1970. */
function timeOf(row: Int32Array, at: number): number {
  return (row[at]! >>> 0) * 1_000_000 + Math.floor(row[at + 1]! / 1_000);
}

function hostOf({ loaded, fromHost }: RuleUse, roles: readonly Played[]): CastHost | null {
  return roles.find(({ model, role }) => model === loaded.model.name && role === fromHost!.role)?.host ?? null;
}

/** What it leaves to the statuses of rules is no more than that it was. */
function isTellable({ uses, verdict, code }: Judgement): boolean {
  const counted = uses.filter(({ how }) => how !== "candidate");
  const [only] = counted;
  if (counted.length > 1 || uses.some(({ alike }) => alike !== null)) return false;
  return only === undefined || isLean(only, verdict, code);
}

const NO_USES: RuleUse[] = [];
