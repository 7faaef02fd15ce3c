/** What tshark says of a capture's frames, as a second opinion on the frame numbers that verdicts name. */
import { spawnSync } from "node:child_process";

export interface FrameEnds {
  source: string;
  target: string;
  dns: boolean;
}

const FIELDS = ["frame.number", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "dns.flags"];

export function hasTshark(): boolean {
  return spawnSync("tshark", ["--version"]).status === 0;
}

/** Ends of every frame that tshark could read, by number; frames without IP have empty ends. */
export function readEnds(path: string): Map<number, FrameEnds> {
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const args = ["-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=f", ...fields];
  const { stdout } = spawnSync("tshark", args, { encoding: "utf8", maxBuffer: 64 << 20 });
  const frames = new Map<number, FrameEnds>();
  for (const line of stdout.split("\n")) {
    const [number = "", source4 = "", target4 = "", source6 = "", target6 = "", dns = ""] = line.split("|");
    if (number === "") continue;
    frames.set(Number(number), { source: source4 || source6, target: target4 || target6, dns: dns !== "" });
  }
  return frames;
}
