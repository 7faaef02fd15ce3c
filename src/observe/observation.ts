/**
 * What a run has seen: flows in columns, their facts, and what was counted. It is a value: stored whole, merged with
 * others (`merge.ts`), judged as often as one likes. Nothing in it depends on a model.
 */
import { type CaptureInfo, type CaptureReader, type Frame, NEXT_FRAME, type PlainRecords } from "../capture/frame.ts";
import type { Decoder } from "../decode/decoder.ts";
import { Identifier } from "../decode/identify.ts";
import { Dissector, LINK_TYPES, realmOf } from "../dissect/dissect.ts";
import { DISSECT_NAMES, ETHER, ICMP6, LINK_UNSUPPORTED, NO_IP, PACKET, Packet } from "../dissect/packet.ts";
import type { Ahead } from "../flow/ahead.ts";
import type { Arena } from "../flow/arena.ts";
import { WATCH_FRAMES } from "../flow/copy-watch.ts";
import { FastPath } from "../flow/fast.ts";
import { ALL_LANES, laneOfPacket } from "../flow/lanes.ts";
import { FlowTracker } from "../flow/tracker.ts";
import { CapCounter } from "../limits.ts";
import { ClockSteps } from "./clock-steps.ts";
import type { Departed } from "./departed.ts";
import type { FlowEnd } from "./ends.ts";
import { EtherFrames } from "./ether.ts";
import { FragmentSeam } from "./fragment-seam.ts";
import { Layers } from "./layers.ts";
import { readDiscovery } from "./neighbour-discovery.ts";
import { ETHERTYPE_ARP, Neighbours } from "./neighbours.ts";
import { realmsOf } from "./realms.ts";
import type { Said } from "./said.ts";

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
  /** What ARP says of addresses. */
  neighbours: Neighbours;
  frames: number;
  offloads: number;
  /** Frames whose time is before the frame before them in the same capture. */
  clockSteps: number;
  /** How often captures' clocks were set back, and by how many seconds in all, see `clock-steps.ts`. */
  clockJumps: number;
  clockBackSec: number;
  /** Datagrams whose fragments were not all seen, and fragments that contradict or partly overlap earlier ones. */
  fragmentsIncomplete: number;
  fragmentOverlaps: number;
  /** Fragments of datagrams that another slice may have the rest of. */
  fragments: FragmentSeam;
  /** By flow: what it says once nothing more will come (`ends.ts`); only while it is judged, and never stored or merged. */
  ends?: ReadonlyMap<number, FlowEnd>;
  /** What kinds of facts flows say; only while it is judged, when nothing is added to it. */
  said?: Said;
  /** Of a live run: what conversations that left it for its database still count for. Its other parts are without them. */
  departed?: Departed;
}

/** Nothing seen yet. */
export function newObservation(
  captures: readonly CaptureInfo[],
  realms: readonly string[],
  decoders: readonly Decoder[],
  caps: CapCounter,
  watch = true,
  arena: Arena | null = null,
): Observation {
  const identified = new Identifier(decoders, caps, arena);
  return {
    captures,
    realms,
    decoders,
    flows: new FlowTracker(identified, caps, watch, arena),
    identified,
    caps,
    notPackets: new Map(),
    etherTypes: new Map(),
    linkTypes: new Map(),
    neighbours: new Neighbours(caps),
    frames: 0,
    offloads: 0,
    clockSteps: 0,
    clockJumps: 0,
    clockBackSec: 0,
    fragmentsIncomplete: 0,
    fragmentOverlaps: 0,
    fragments: new FragmentSeam(),
  };
}

export interface ObserverOptions {
  /** For tests: false takes the long way for every packet, with the same result. */
  fastPath?: boolean;
  /** For tests: for how many frames every packet is looked at for being a copy, where none was seen yet. */
  watch?: number;
  /** Lanes whose flows are kept, a bit each; all unless several threads share them. What belongs to no flow is counted anyway. */
  lanes?: number;
  /** UDP ports that carry VXLAN beside the usual ones. */
  vxlanPorts?: readonly number[];
  /** The memory that the captures are read into: with it, common packets of plain files are walked by compiled code. */
  arena?: Arena | null;
  /** The thread that reads ahead. */
  ahead?: Ahead | null;
}

/** Makes an observation of frames, one at a time. */
export class Observer {
  readonly observation: Observation;
  readonly #packet = new Packet();
  readonly #dissector: Dissector;
  readonly #ether: EtherFrames;
  readonly #layers: Layers;
  readonly #fast: FastPath;
  readonly #short: boolean;
  /** By capture: the realm of frames without a tag. */
  readonly #realmOf: readonly number[];
  readonly #clocks: ClockSteps;
  readonly #lanes: number;
  /** Frames of the beginning, in which every packet is looked at for being a copy. */
  readonly #watched: number;
  #settled = false;
  #lastCapture = -1;

  constructor(
    captures: readonly CaptureInfo[],
    decoders: readonly Decoder[],
    caps = new CapCounter(),
    options: ObserverOptions = {},
  ) {
    const { realms, untagged, realmTags } = realmsOf(captures);
    this.#realmOf = untagged;
    this.#watched = options.watch ?? WATCH_FRAMES;
    this.#lanes = options.lanes ?? ALL_LANES;
    this.observation = newObservation(captures, realms, decoders, caps, this.#watched > 0, options.arena);
    this.#clocks = new ClockSteps(this.observation);
    const { flows, identified } = this.observation;
    // What happens to a frame before it is known whose it is happens in every thread, and is counted by the one with lane 0.
    const dissectCaps = (this.#lanes & 1) !== 0 ? caps : new CapCounter();
    const { vxlanPorts = [] } = options;
    const etherTypes = [...identified.etherTypes, ETHERTYPE_ARP];
    this.#dissector = new Dissector(this.#packet, { caps: dissectCaps, etherTypes, vxlanPorts, realmTags });
    this.#ether = new EtherFrames(flows, identified);
    this.#layers = new Layers(flows, identified, this.#lanes);
    this.#short = options.fastPath !== false;
    this.#fast = new FastPath(flows, identified, this.#packet.tunnelBits, this.#lanes, options.arena, options.ahead);
  }

  /** All frames that the reader has in memory, `most` of them at most; false where there were more. */
  block(reader: CaptureReader, most = Number.POSITIVE_INFINITY): boolean {
    const seen = this.observation;
    const end = seen.frames + most;
    while (seen.frames < end) {
      if (seen.frames >= this.#watched) this.#settle();
      const fast = this.#fast;
      const until = this.#settled ? end : Math.min(end, this.#watched);
      const refused = this.#short && fast.runs && this.#run(reader.plain, until - seen.frames);
      if (!this.#settled && seen.frames >= this.#watched) continue;
      if (seen.frames >= end) break;
      if (reader.next() !== NEXT_FRAME) return true;
      this.#frame(reader.frame, this.#short && (!refused || fast.glances));
    }
    return false;
  }

  /** One frame. */
  frame(frame: Frame): void {
    this.#frame(frame, this.#short);
  }

  /** `short`: whether it may be a common packet; else that has been found out. */
  #frame(frame: Frame, short: boolean): void {
    const seen = this.observation;
    if (seen.frames++ >= this.#watched) this.#settle();
    const fast = this.#fast;
    this.#clocks.frame(frame.capture, frame.sec, frame.nsec);
    fast.sec = frame.sec;
    fast.nsec = frame.nsec;
    this.#lastCapture = frame.capture;
    const realm = this.#realmOf[frame.capture]!;
    if (short && fast.take(frame, realm)) return;
    this.#dissected(this.#dissector.dissect(frame, realm), frame, realm, true);
    while (this.#packet.special && this.#packet.nextOff > 0)
      this.#dissected(this.#dissector.next(frame, realm), frame, realm, false);
  }

  /** A packet of a frame, or why it is none. `first`: whether reading the frame again would begin with it. */
  #dissected(code: number, frame: Frame, untagged: number, first: boolean): void {
    const seen = this.observation;
    const realm = realmOf(this.#packet, untagged);
    const lane = code === PACKET ? laneOfPacket(this.#packet) : 0;
    const mine = ((this.#lanes >>> lane) & 1) !== 0;
    if (this.#packet.special) this.#special(code, mine, frame, realm, first);
    if (this.#packet.outer !== null) {
      seen.flows.now = seen.frames;
      this.#layers.take(frame, this.#packet, untagged, code === PACKET);
    }
    if (code === PACKET) {
      if (this.#packet.proto === ICMP6) readDiscovery(seen.neighbours, frame, this.#packet, realm);
      if (this.#packet.outer !== null) return;
      seen.flows.now = seen.frames;
      if (mine) seen.flows.packet(frame, this.#packet, realm, lane);
    } else if (code !== ETHER) {
      this.#other(code, frame, realm);
    } else if (mine) {
      seen.flows.now = seen.frames;
      if (!this.#ether.take(frame, this.#packet, realm)) this.#other(NO_IP, frame, realm);
    }
  }

  /** The capture's beginning is over. */
  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.observation.flows.watch.settle();
  }

  /** Common packets of a plain file; true where the next frame is none. */
  #run(records: PlainRecords | null, most: number): boolean {
    if (records === null || records.capture !== this.#lastCapture) return false;
    const { frames } = this.observation;
    const fast = this.#fast;
    const ran = fast.run(records, this.#realmOf[records.capture]!, Math.min(most, this.#clocks.room), frames);
    if (ran > 0) this.#clocks.ran(ran, fast.sec, fast.nsec);
    this.observation.frames += ran;
    return true;
  }

  /** Counts what plain traffic does not have. */
  #special(code: number, mine: boolean, frame: Frame, realm: number, first: boolean): void {
    const seen = this.observation;
    const { offload, released } = this.#packet;
    const { fragments } = this.#dissector;
    const { incomplete, overlaps, latest } = fragments;
    if (latest !== null) {
      if (first) seen.fragments.note(frame, latest, seen.realms[realm]!);
      fragments.latest = null;
    }
    if (offload && code === PACKET && mine) seen.offloads++;
    seen.fragmentsIncomplete = incomplete;
    seen.fragmentOverlaps = overlaps;
    if (released > 0) seen.notPackets.set("fragment", (seen.notPackets.get("fragment") ?? 0) - released);
  }

  #other(code: number, frame: Frame, realm: number): void {
    const seen = this.observation;
    count(seen.notPackets, DISSECT_NAMES[code]!);
    if (code === NO_IP) {
      count(seen.etherTypes, this.#dissector.etherType);
      if (this.#dissector.etherType === ETHERTYPE_ARP) seen.neighbours.take(frame, this.#packet, realm);
    } else if (code === LINK_UNSUPPORTED)
      count(seen.linkTypes, LINK_TYPES[frame.linkType]?.name ?? `link type ${frame.linkType}`);
  }
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
