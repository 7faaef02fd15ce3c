/** The folder of real captures that benches read, and what tshark is asked of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const NAMES = [
  "tls.handshake.extensions_server_name",
  "http.host",
  "http2.headers.authority",
  "dns.qry.name",
  "dhcp.option.hostname",
];

/** Every capture that the folder's table lists, or a share of them. */
export function capturesOf(folder: string, share: number): string[] {
  return readFileSync(join(folder, "captures.tsv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .filter((_, i) => Math.floor((i + 1) * share) > Math.floor(i * share))
    .map((line) => join(folder, line.slice(0, line.indexOf("\t"))));
}

/** The protocols of each packet and the names in it. */
export function tsharkFields(path: string): string[] {
  const fields = ["frame.protocols", ...NAMES].flatMap((name) => ["-e", name]);
  return ["tshark", "-n", "-r", path, "-T", "fields", ...fields];
}
