/** The programs that a run is held against: what a user would otherwise pick, each doing the nearest thing that it can do. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { GATEWAY } from "./inputs.ts";

export interface Peer {
  name: string;
  /** What it does of Wirepact's work, for the table. */
  does: string;
  /** The program that must be on PATH, and Debian's package for it; null: it is here anyway. */
  needs: { program: string; debian: string } | null;
  command(capture: string): string[];
  /** Exit codes that mean that it did its work. */
  succeeds: readonly number[];
  /** The part of the bench's scale that it is given: 1, or less for programs that would take minutes. */
  share: number;
  /** Runs at most: a long run needs no repeating to be told from a short one. */
  runs: number;
  /** Whether the quick form runs it. */
  quick: boolean;
}

/** Where runs put their database; it is removed before each. */
export const DATABASE = "bench/data/bench.sqlite";
export const CLI = "dist/src/main.cjs";

/** What a rollout engineer types. */
export const check = (capture: string): string[] => [
  ...[process.execPath, CLI, "check", capture],
  ...["--model", "opswat-sdp", "--bind", `gateway=${GATEWAY}`, "--db", DATABASE],
];

/** The yardstick: each ratio is to this one. */
export const TCPDUMP: Peer = {
  name: "tcpdump filter",
  does: "C; one filter, no flows",
  needs: { program: "tcpdump", debian: "tcpdump" },
  command: (capture) => ["tcpdump", "-nr", capture, "host 1.2.3.4"],
  succeeds: [0],
  share: 1,
  runs: 99,
  quick: true,
};

export const WIREPACT: Peer = {
  name: "wirepact check",
  does: "the whole job, database included",
  needs: null,
  command: check,
  succeeds: [0, 1],
  share: 1,
  runs: 99,
  quick: true,
};

export const PEERS: readonly Peer[] = [
  TCPDUMP,
  WIREPACT,
  {
    name: "capinfos -c",
    does: "C; counts records",
    needs: { program: "capinfos", debian: "wireshark-common" },
    command: (capture) => ["capinfos", "-c", capture],
    succeeds: [0],
    share: 1,
    runs: 99,
    quick: false,
  },
  {
    name: "pcap-parser",
    does: "JavaScript; reads records, decodes nothing",
    needs: null,
    command: (capture) => [process.execPath, "bench/peers/pcap-parser.mjs", capture],
    succeeds: [0],
    share: 1,
    runs: 3,
    quick: false,
  },
  {
    name: "softflowd",
    does: "C; flows, no application",
    needs: { program: "softflowd", debian: "softflowd" },
    command: (capture) => ["softflowd", "-m", "200000", "-r", capture],
    succeeds: [0],
    share: 1,
    runs: 3,
    quick: false,
  },
  {
    name: "argus",
    does: "C; flows with metrics",
    needs: { program: "argus", debian: "argus-server" },
    command: (capture) => ["argus", "-r", capture, "-w", "/dev/null"],
    succeeds: [0],
    share: 1,
    runs: 3,
    quick: false,
  },
  {
    name: "ndpiReader -q",
    does: "C; flows and applications: the nearest peer",
    needs: { program: "ndpiReader", debian: "libndpi-bin" },
    command: (capture) => ["ndpiReader", "-q", "-i", capture],
    succeeds: [0],
    share: 1,
    runs: 3,
    quick: false,
  },
  {
    name: "tshark conv,ip",
    does: "C; full dissection, conversations",
    needs: { program: "tshark", debian: "tshark" },
    command: (capture) => ["tshark", "-q", "-z", "conv,ip", "-r", capture],
    succeeds: [0],
    share: 0.05,
    runs: 3,
    quick: false,
  },
];

/** Whether a peer's program is on PATH. */
export function isHere(peer: Peer): boolean {
  const program = peer.needs?.program;
  if (program === undefined) return true;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return [...folders, "/usr/sbin"].some((folder) => existsSync(join(folder, program)));
}
