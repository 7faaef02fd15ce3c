/** What tshark says of a capture's frames, as a second opinion on the frame numbers that verdicts name. */
import { spawnSync } from "node:child_process";

export interface FrameSeen {
  source: string;
  target: string;
  dns: boolean;
  /** Every address that a DNS answer in it holds. */
  answers: string[];
  /** The name in a TLS hello that ends in it; empty where tshark sees none. */
  serverName: string;
}

const FIELDS = [
  ...["frame.number", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "dns.flags", "dns.a", "dns.aaaa"],
  "tls.handshake.extensions_server_name",
];

export function hasTshark(): boolean {
  return spawnSync("tshark", ["--version"]).status === 0;
}

/** Every frame that tshark could read, by number; frames without IP have empty ends. */
export function readFrames(path: string): Map<number, FrameSeen> {
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const args = ["-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a", ...fields];
  const { stdout } = spawnSync("tshark", args, { encoding: "utf8", maxBuffer: 64 << 20 });
  const frames = new Map<number, FrameSeen>();
  // An ICMP error quotes a packet: the first value of each field is the frame's own.
  const first = (text: string): string => text.split(",")[0] ?? "";
  for (const line of stdout.split("\n")) {
    const [number = "", src4 = "", dst4 = "", src6 = "", dst6 = "", dns = "", a = "", aaaa = "", sni = ""] =
      line.split("|");
    if (number === "") continue;
    const [source, target] = [first(src4 || src6), first(dst4 || dst6)];
    const answers = [...a.split(","), ...aaaa.split(",")];
    frames.set(Number(number), { source, target, dns: dns !== "", answers, serverName: first(sni) });
  }
  return frames;
}
