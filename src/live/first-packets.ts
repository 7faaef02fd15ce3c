/**
 * The packets that prove a finding, and what belongs beside them so that they can be read: the first packets of their flow,
 * of both directions, and the next ones behind each.
 *
 *     SYN ─ SYN-ACK ─ ACK ─ hello ─ … ─ 16th          5,001st: a write ─ 5,002nd: its answer
 *     └────────────── first ──────────┘               └──── proof ────┘ └───── behind ─────┘
 */
import type { Frame } from "../capture/frame.ts";
import { IDLE_SEC, IDLE_TCP_SEC } from "../flow/tracker.ts";
import { type Place, placeKey } from "../report/places.ts";
import type { FlowKeys } from "./flow-keys.ts";

/** Packets of a flow from its beginning on, of both directions together, and those behind each that proves something. */
export const FIRST_PACKETS = 16;
const PACKETS_BEHIND = 2;

/** A frame's own copy. */
export interface HeldFrame extends Place {
  bytes: Uint8Array;
  wireLen: number;
  linkType: number;
  sec: number;
  nsec: number;
}

/** Hands out the packets that prove something and those beside them, as far as they are there: each once, in any order. */
export type PacketsOf = (proof: readonly Place[]) => HeldFrame[];

interface Proof {
  held: HeldFrame;
  first: readonly HeldFrame[];
  behind: HeldFrame[];
}

interface OpenFlow {
  first: HeldFrame[];
  /** Number of the SYN that it began with. */
  seq: number | null;
  lastSec: number;
  /** What was proved last in it. */
  proof: Proof | null;
}

export class FirstPackets {
  readonly #wanted: ReadonlySet<string>;
  readonly #keys: FlowKeys;
  /** Hashes and keys of flows in which something is wanted. */
  readonly #hashes = new Set<number>();
  readonly #known = new Set<string | null>([null]);
  readonly #flows = new Map<string, OpenFlow>();
  readonly #proofs = new Map<string, Proof>();
  #room: number;

  /** `wanted`: places of what proves something; `mostBytes`: how much may be held; `keys`: whose packets they are. */
  constructor(wanted: ReadonlySet<string>, mostBytes: number, keys: FlowKeys) {
    this.#wanted = wanted;
    this.#keys = keys;
    this.#room = mostBytes;
  }

  /** Where it is wanted, its flow is noted. All frames are shown here before the first is taken. */
  look(frame: Frame, capture_id: number): void {
    if (!this.#wanted.has(placeKey({ capture_id, frame: frame.number }))) return;
    this.#hashes.add(this.#keys.hash(frame));
    this.#known.add(this.#keys.of(frame));
  }

  /** In the order of the wire. */
  take(frame: Frame, capture_id: number): void {
    if (!this.#hashes.has(this.#keys.hash(frame))) return;
    const key = this.#keys.of(frame);
    if (!this.#known.has(key)) return;
    const place = { capture_id, frame: frame.number };
    const isProof = this.#wanted.has(placeKey(place));
    const flow = this.#flowOf(frame, key);
    const { first, proof } = flow;
    const isFirst = first.length < FIRST_PACKETS;
    const isBehind = proof !== null && proof.behind.length < PACKETS_BEHIND;
    if (!isProof && (key === null || !(isFirst || isBehind))) return;
    if (this.#room < frame.capLen) return;
    this.#room -= frame.capLen;
    const held = copyOf(frame, place);
    if (isFirst) first.push(held);
    if (isBehind) proof.behind.push(held);
    if (!isProof) return;
    flow.proof = { held, first, behind: [] };
    this.#proofs.set(placeKey(place), flow.proof);
  }

  readonly of: PacketsOf = (proof) => {
    const all = new Map<string, HeldFrame>();
    for (const place of proof) {
      const found = this.#proofs.get(placeKey(place));
      if (found === undefined) continue;
      for (const held of [found.held, ...found.first, ...found.behind]) all.set(placeKey(held), held);
    }
    return [...all.values()];
  };

  /** The flow that is under way, or the one that begins with this frame: the bounds are those of flows everywhere. */
  #flowOf({ sec }: Frame, key: string | null): OpenFlow {
    const { begins, seq, isTcp } = this.#keys;
    const flow: OpenFlow = { first: [], seq: begins ? seq : null, lastSec: sec, proof: null };
    if (key === null) return flow;
    const under = this.#flows.get(key);
    const idle = isTcp ? IDLE_TCP_SEC : IDLE_SEC;
    if (under !== undefined && sec - under.lastSec <= idle && !(begins && under.seq !== seq)) {
      under.lastSec = Math.max(under.lastSec, sec);
      return under;
    }
    // Nobody asks any more for what was held of one that proved nothing.
    if (under?.proof === null) for (const held of under.first) this.#room += held.bytes.length;
    this.#flows.set(key, flow);
    return flow;
  }
}

function copyOf({ buf, off, capLen, wireLen, linkType, sec, nsec }: Frame, place: Place): HeldFrame {
  return { ...place, bytes: buf.slice(off, off + capLen), wireLen, linkType, sec, nsec };
}
