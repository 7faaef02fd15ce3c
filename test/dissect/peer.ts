/** What tshark holds to be the innermost addresses of a capture's frames. */
import { spawnSync } from "node:child_process";

export interface Ends {
  source: string;
  target: string;
}

const FIELDS = ["frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst"];

/** By frame number; frames without IP are left out. */
export function innermost(path: string): Map<number, Ends> {
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const args = ["-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=l", ...fields];
  const { stdout } = spawnSync("tshark", args, { encoding: "utf8", maxBuffer: 64 << 20 });
  const frames = new Map<number, Ends>();
  for (const line of stdout.split("\n")) {
    const [number = "", protocols = "", src4 = "", dst4 = "", src6 = "", dst6 = ""] = line.split("|");
    const last = protocols.split(":").findLast((name) => name === "ip" || name === "ipv6");
    if (last === "ip") frames.set(Number(number), { source: src4, target: dst4 });
    else if (last === "ipv6") frames.set(Number(number), { source: src6, target: dst6 });
  }
  return frames;
}
