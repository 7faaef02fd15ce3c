/** Capture quality in sentences: what limits the verdicts, and the whole table for the end of the report. */
import type { LIMITS } from "../limits.ts";
import type { RunResult } from "./result.ts";
import { duration, number, plural } from "./words.ts";

/** A share of packets below which a shortcoming is only listed at the report's end. */
const NOTABLE_SHARE = 0.01;

/** A share of flows. Some are one-sided anywhere (traps, syslog, scans); more than that says that the mirror is. */
const ONE_SIDED_SHARE = 0.1;

const RECORD_CAP: keyof typeof LIMITS = "recordBytes";

/** What the first screen has to say of the capture, each with its effect on verdicts. */
export function qualityNotes(result: RunResult): string[] {
  const { quality } = result;
  const count = (measure: string): number => Number(quality[measure] ?? 0);
  const packets = Math.max(1, count("packets"));
  const notable = (measure: string): boolean => count(measure) / packets >= NOTABLE_SHARE;
  const notes: string[] = [];
  for (const { path, cut } of result.captures) {
    if (cut) notes.push(`${path} is cut in its last record (its writer was stopped): what came after is unknown.`);
  }
  if (count("drops") > 0) {
    notes.push(`The capture lost ${plural(count("drops"), "packet")}: what seems missing may only be unseen.`);
  }
  // A record that claims more than any has is damage, which is told with its file.
  const capsHit = count("caps_hit") - count(`cap:${RECORD_CAP}`);
  if (capsHit > 0) {
    const caps = Object.entries(quality).flatMap(([measure, value]) =>
      measure.startsWith("cap:") && measure !== `cap:${RECORD_CAP}` && Number(value) > 0
        ? [`${measure.slice(4)} ${number(Number(value))}`]
        : [],
    );
    const which = caps.length === 0 ? "" : ` (${caps.join(", ")})`;
    notes.push(
      `Wirepact reached a limit of its own ${plural(capsHit, "time")}${which}: verdicts may rest on less than was captured.`,
    );
  }
  if (notable("frames_cut")) {
    notes.push(
      `${plural(count("frames_cut"), "frame")} cut by the snap length: names in them may be unread. Capture whole frames (-s 0).`,
    );
  }
  if (notable("lost_segments")) {
    notes.push(
      `${plural(count("lost_segments"), "hole")} in TCP streams that go on behind them: the capture does not see every packet, and of those hosts nothing is called missing.`,
    );
  }
  if (count("pauses") > 0) {
    const times = count("pauses") === 1 ? "" : `, in ${number(count("pauses"))} stretches`;
    notes.push(
      `Nothing at all was captured for ${duration(count("paused_seconds"))}${times}: that time does not count as seen.`,
    );
  }
  if (count("clock_set_back") > 0) {
    notes.push(
      `The capture's clock was set back ${plural(count("clock_set_back"), "time")}, by ${duration(count("clock_back_seconds"))} in all: that much does not count as seen, silence proves no block, and dates may be off.`,
    );
  }
  if (count("one_sided") / Math.max(1, count("flows")) >= ONE_SIDED_SHARE) {
    notes.push(`${plural(count("one_sided"), "flow")} seen in one direction only: mirror both directions.`);
  }
  return notes;
}

/** What a measure of the quality table counts, for people. */
const COUNTS: Record<string, string> = {
  drops: "packets that the capture lost",
  frames_cut: "frames cut by the snap length",
  file_cut: "files cut in their last record",
  file_damaged: "files damaged, or not read",
  undecoded: "packets and messages that were not understood",
  malformed: "packets and messages that contradict themselves",
  duplicates: "copies of packets, counted once",
  repeats: "packets seen again on the same way",
  one_sided: "flows seen in one direction only",
  lost_segments: "holes in TCP streams that go on behind them",
  out_of_order: "TCP segments out of order",
  tcp_conflicts: "TCP segments that contradict earlier ones",
  time_reversed: "frames that are earlier than the one before",
  clock_set_back: "times that the capture's clock was set back",
  clock_back_seconds: "seconds by which it was, in all",
  pauses: "times of twenty minutes or more without a single packet",
  paused_seconds: "seconds of those times, which do not count as seen",
  bad_checksums: "packets with a wrong checksum",
  offload_checksums: "packets whose checksum was left to the network card",
  offload_lengths: "packets whose length was left to the network card",
  offload_senders:
    "leave checksums to their network card: captured on themselves, or on the machine that they run on; no verdict rests on it",
  bad_checksum_senders: "send wrong checksums: left to a network card, or damaged; no verdict rests on a checksum",
  large_segments:
    "messages in packets larger than Ethernet's 1500 bytes, which a network card cuts or has put together; read as they are",
  largest_segment: "bytes of the largest of them",
  large_segment_senders: "send them: captured on one of both ends, or on a link that carries more",
  cut_messages: "messages cut by the snap length",
  fragments_incomplete: "datagrams with fragments that were not seen",
  fragment_overlaps: "fragments that overlap others",
  untracked: "packets that found no place in the flow table",
  caps_hit: "times that a limit was reached",
  flows: "flows",
  conversations: "conversations",
  "frames:no-ip": "frames without IP",
  "ethertype:llc": "LLC frames (spanning tree and the like)",
  "ethertype:0x0806": "ARP",
  "ethertype:0x8100": "VLAN tags without content",
  "ethertype:0x8809": "LACP and other slow protocols",
  "ethertype:0x888e": "EAPOL",
  "ethertype:0x8892": "PROFINET",
  "ethertype:0x88b8": "GOOSE",
  "ethertype:0x88ba": "sampled values",
  "ethertype:0x88cc": "LLDP",
  "ethertype:0x88f7": "PTP",
};

/** Measures other than zero, as count, name and meaning (empty where none is known), for the report's end. Packets, bytes and times stand at its beginning. */
export function qualityRows(result: RunResult): { count: string; measure: string; about: string }[] {
  const skip = new Set(["packets", "bytes", "first_time", "last_time"]);
  return Object.entries(result.quality)
    .filter(([measure, value]) => !skip.has(measure) && value !== null && value !== 0 && value !== "")
    .map(([measure, value]) => ({
      count: typeof value === "number" ? number(value) : String(value),
      measure,
      about: COUNTS[measure] ?? "",
    }));
}
