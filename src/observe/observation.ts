/**
 * What a run has seen: flows in columns, their facts, and what was counted. It is a value: stored whole, merged with
 * others (`merge.ts`), judged as often as one likes. Nothing in it depends on a model.
 */
import type { CaptureInfo, Frame } from "../capture/frame.ts";
import type { Decoder } from "../decode/decoder.ts";
import { Identifier } from "../decode/identify.ts";
import { Dissector, LINK_TYPES } from "../dissect/dissect.ts";
import { DISSECT_NAMES, ETHER, LINK_UNSUPPORTED, NO_IP, PACKET, Packet } from "../dissect/packet.ts";
import { FastPath } from "../flow/fast.ts";
import { FlowTracker } from "../flow/tracker.ts";
import { CapCounter } from "../limits.ts";
import { EtherFrames } from "./ether.ts";

/** The realm of captures that are given none. */
export const DEFAULT_REALM = "default";

export interface Observation {
  captures: readonly CaptureInfo[];
  realms: readonly string[];
  decoders: readonly Decoder[];
  flows: FlowTracker;
  identified: Identifier;
  caps: CapCounter;
  /** Frames by what became of them, where that was not a packet: `no-ip`, `cut` … */
  notPackets: Map<string, number>;
  /** Frames without IP by EtherType (0: LLC; `NO_ETHERTYPE`: none), and frames of unread link types by their name. */
  etherTypes: Map<number, number>;
  linkTypes: Map<string, number>;
  frames: number;
  offloads: number;
  /** Frames whose time is before the frame before them in the same capture. */
  clockSteps: number;
  /** Datagrams whose fragments were not all seen, and fragments that contradict or partly overlap earlier ones. */
  fragmentsIncomplete: number;
  fragmentOverlaps: number;
}

/** Nothing seen yet. */
export function newObservation(
  captures: readonly CaptureInfo[],
  realms: readonly string[],
  decoders: readonly Decoder[],
  caps: CapCounter,
  watch?: number,
): Observation {
  const identified = new Identifier(decoders, caps);
  return {
    captures,
    realms,
    decoders,
    flows: new FlowTracker(identified, caps, watch),
    identified,
    caps,
    notPackets: new Map(),
    etherTypes: new Map(),
    linkTypes: new Map(),
    frames: 0,
    offloads: 0,
    clockSteps: 0,
    fragmentsIncomplete: 0,
    fragmentOverlaps: 0,
  };
}

/** For tests: the result never depends on either. */
export interface ObserverOptions {
  fastPath?: boolean;
  /** See `FlowTracker`. */
  watch?: number;
}

/** Makes an observation of frames, one at a time. */
export class Observer {
  readonly observation: Observation;
  readonly #packet = new Packet();
  readonly #dissector: Dissector;
  readonly #ether: EtherFrames;
  readonly #fast: FastPath;
  readonly #short: boolean;
  readonly #realmOf: number[] = [];
  #lastSec = 0;
  #lastNsec = 0;
  #lastCapture = -1;

  constructor(
    captures: readonly CaptureInfo[],
    decoders: readonly Decoder[],
    caps = new CapCounter(),
    options: ObserverOptions = {},
  ) {
    const realms: string[] = [];
    for (const capture of captures) {
      let realm = realms.indexOf(capture.realm);
      if (realm < 0) realm = realms.push(capture.realm) - 1;
      this.#realmOf.push(realm);
    }
    this.observation = newObservation(captures, realms, decoders, caps, options.watch);
    const { flows, identified } = this.observation;
    this.#dissector = new Dissector(this.#packet, { caps, etherTypes: identified.etherTypes });
    this.#ether = new EtherFrames(flows, identified);
    this.#short = options.fastPath !== false;
    this.#fast = new FastPath(this.observation.flows, this.#packet.tunnelBits);
  }

  /** Called for every frame. */
  frame(frame: Frame): void {
    const seen = this.observation;
    seen.frames++;
    if (
      frame.capture === this.#lastCapture &&
      (frame.sec < this.#lastSec || (frame.sec === this.#lastSec && frame.nsec < this.#lastNsec))
    ) {
      seen.clockSteps++;
    }
    this.#lastSec = frame.sec;
    this.#lastNsec = frame.nsec;
    this.#lastCapture = frame.capture;
    const realm = this.#realmOf[frame.capture]!;
    if (this.#short && this.#fast.take(frame, realm)) return;
    const code = this.#dissector.dissect(frame, realm);
    if (this.#packet.special) this.#special(code);
    if (code === PACKET) {
      seen.flows.packet(frame, this.#packet, realm);
    } else if (code !== ETHER) {
      this.#other(code, frame);
    } else if (!this.#ether.take(frame, this.#packet, realm)) {
      this.#other(NO_IP, frame);
    }
  }

  /** Counts what plain traffic does not have. */
  #special(code: number): void {
    const seen = this.observation;
    const { offload, released } = this.#packet;
    const { incomplete, overlaps } = this.#dissector.fragments;
    if (offload && code === PACKET) seen.offloads++;
    seen.fragmentsIncomplete = incomplete;
    seen.fragmentOverlaps = overlaps;
    if (released > 0) seen.notPackets.set("fragment", (seen.notPackets.get("fragment") ?? 0) - released);
  }

  #other(code: number, frame: Frame): void {
    const seen = this.observation;
    count(seen.notPackets, DISSECT_NAMES[code]!);
    if (code === NO_IP) count(seen.etherTypes, this.#dissector.etherType);
    else if (code === LINK_UNSUPPORTED)
      count(seen.linkTypes, LINK_TYPES[frame.linkType]?.name ?? `link type ${frame.linkType}`);
  }
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
