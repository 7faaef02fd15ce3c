/** What the capture could and could not show, as the quality table has it: every count that limits a verdict. */
import { commonPauses } from "../capture/pauses.ts";
import { DISSECT_NAMES, NO_ETHERTYPE, TOO_DEEP } from "../dissect/packet.ts";
import type { Cap } from "../limits.ts";
import type { Quality } from "../report/result.ts";
import { formatInstant } from "../time.ts";
import type { Conversations } from "./conversations.ts";
import type { Observation } from "./observation.ts";
import { offloadOf } from "./offload.ts";

/** Frames that are no packets and yet were understood, or have a measure of their own. */
const KNOWN_OTHERWISE: ReadonlySet<string> = new Set(["no-ip", "malformed", "fragment-copy"]);

/** How often each cap was reached. A frame in too many layers is counted where frames are that are no packets. */
export function capsOf({ caps, notPackets }: Observation): ReadonlyMap<Cap, number> {
  const deep = notPackets.get(DISSECT_NAMES[TOO_DEEP]!) ?? 0;
  return deep === 0 ? caps.hits : new Map([...caps.hits, ["layers", deep]]);
}

export function qualityOf(seen: Observation, conversations: Conversations): Quality {
  const { captures, flows, identified, notPackets, departed } = seen;
  const caps = capsOf(seen);
  const sum = (of: (capture: (typeof captures)[number]) => number): number =>
    captures.reduce((total, capture) => total + of(capture), 0);
  const read = captures.filter((capture) => capture.packets > 0);
  const counted = captures.filter((capture) => capture.drops !== null);
  const first = [...read].sort((a, b) => a.firstSec - b.firstSec || a.firstNsec - b.firstNsec)[0];
  const last = [...read].sort((a, b) => b.lastSec - a.lastSec || b.lastNsec - a.lastNsec)[0];
  const undecoded = [...notPackets].reduce(
    (total, [name, count]) => total + (KNOWN_OTHERWISE.has(name) ? 0 : count),
    0,
  );
  const messages = identified.details.reduce((total, detail) => total + detail.undecoded, 0);
  const repeated = conversations.repeatsAreCopies ? flows.repeats : 0;
  const pauses = commonPauses(captures);
  const quality: Quality = {
    packets: sum((capture) => capture.packets),
    bytes: sum((capture) => capture.bytes),
    first_time: first === undefined ? null : formatInstant(first.firstSec, first.firstNsec),
    last_time: last === undefined ? null : formatInstant(last.lastSec, last.lastNsec),
    drops: counted.length === 0 ? null : counted.reduce((total, capture) => total + capture.drops!, 0),
    frames_cut: sum((capture) => capture.framesCut),
    file_cut: sum((capture) => (capture.cut ? 1 : 0)),
    file_damaged: sum((capture) => (capture.damage === null ? 0 : 1)),
    undecoded: undecoded + messages + (departed?.undecoded ?? 0),
    malformed: (notPackets.get("malformed") ?? 0) + identified.counts.malformed,
    duplicates: flows.watch.copies + repeated + (notPackets.get("fragment-copy") ?? 0) + conversations.copiedPackets(),
    repeats: flows.repeats - repeated,
    one_sided: conversations.oneSided + (departed?.oneSided ?? 0),
    lost_segments: flows.holes.left,
    out_of_order: flows.outOfOrder,
    tcp_conflicts: identified.counts.conflicts,
    time_reversed: seen.clockSteps,
    clock_set_back: seen.clockJumps,
    clock_back_seconds: seen.clockBackSec,
    pauses: pauses.length,
    paused_seconds: pauses.reduce((total, { fromSec, toSec }) => total + toSec - fromSec, 0),
    bad_checksums: identified.counts.badChecksums,
    offload_checksums: identified.counts.partialChecksums,
    offload_lengths: seen.offloads,
    cut_messages: identified.counts.cutMessages,
    fragments_incomplete: seen.fragmentsIncomplete,
    fragment_overlaps: seen.fragmentOverlaps,
    untracked: flows.untracked,
    caps_hit: [...caps.values()].reduce((total, hits) => total + hits, 0),
    flows: [...flows.weights.values()].reduce(
      (total, weight) => total + Math.max(-1, weight),
      flows.table.count + (departed?.flows ?? 0),
    ),
    conversations: conversations.count + (departed?.conversations ?? 0),
  };
  Object.assign(quality, offloadOf(seen));
  for (const [name, count] of notPackets) {
    if (count > 0 && name !== "malformed" && name !== "fragment-copy") quality[`frames:${name}`] = count;
  }
  for (const [type, count] of [...seen.etherTypes].sort(([a], [b]) => a - b)) {
    const name = type === NO_ETHERTYPE ? "none" : type === 0 ? "llc" : `0x${type.toString(16).padStart(4, "0")}`;
    quality[`ethertype:${name}`] = count;
  }
  for (const [name, count] of seen.linkTypes) quality[`linktype:${name}`] = count;
  for (const [cap, hits] of caps) quality[`cap:${cap}`] = hits;
  return quality;
}
