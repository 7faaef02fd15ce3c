/**
 * What Wireshark's dissection says of captures' frames, as a second opinion. It is asked by `sharkd`, which comes with tshark:
 * one start answers for all captures, and a start takes longer than reading most of them.
 */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** Frames of a capture that a display filter lets through; all of them where it is null. */
export interface Asked {
  path: string;
  filter: string | null;
  /** Fields to show, each with all values that the frame has of it. */
  fields: readonly string[];
}

export interface Shown {
  number: number;
  /** A text for each field that was asked for; several values with commas between. */
  fields: readonly string[];
}

interface Reply {
  id: number;
  result?: { num: number; c: string[] }[];
  error?: { message: string };
}

export function hasTshark(): boolean {
  return spawnSync("tshark", ["--version"]).status === 0;
}

export function hasSharkd(): boolean {
  return spawnSync("sharkd", ["--version"]).status === 0;
}

/** The frames that each question is answered by, in order. Throws where a filter is none. */
export function askSharkd(questions: readonly Asked[]): Shown[][] {
  const lines: string[] = [];
  const ask = (id: number, method: string, params: object): void => {
    lines.push(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  };
  let loaded = "";
  let loads = 0;
  for (const [i, { path, filter, fields }] of questions.entries()) {
    // A capture that is damaged is read as far as it goes, and answered with an error of its own.
    if (path !== loaded) {
      ask(LOADING, "load", { file: resolve(path) });
      loaded = path;
      loads++;
    }
    const columns = Object.fromEntries(fields.map((field, column) => [`column${column}`, `${field}:0`]));
    // What a filter shows is remembered by its text, whatever was loaded since: so it reads otherwise in each capture.
    ask(LOADING + 1 + i, "frames", { ...columns, ...(filter !== null && { filter: filter + " ".repeat(loads) }) });
  }
  const done = spawnSync("sharkd", ["-"], { input: lines.join("\n"), encoding: "utf8", maxBuffer: 256 << 20 });
  const replies = done.stdout.split("\n").filter((line) => line.startsWith("{"));
  const answers = new Map(replies.map((line) => JSON.parse(line) as Reply).map((reply) => [reply.id, reply]));
  return questions.map(({ path, filter }, i) => {
    const { result, error } = answers.get(LOADING + 1 + i) ?? {};
    if (result === undefined) throw new Error(`${path}: ${filter}: ${error?.message ?? done.stderr}`);
    return result.map(({ num, c }) => ({ number: num, fields: c }));
  });
}
/** Ids are whole numbers from 1 on. */
const LOADING = 1;

export interface FrameSeen {
  source: string;
  target: string;
  dns: boolean;
  /** Every address that a DNS answer in it holds. */
  answers: string[];
  /** The name in a TLS hello that ends in it; empty where none is seen. */
  serverName: string;
}

const FIELDS = [
  ...["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "dns.flags", "dns.a", "dns.aaaa"],
  "tls.handshake.extensions_server_name",
];

/** Of each capture every frame that could be read, by number; frames without IP have empty ends. */
export function framesSeen(paths: readonly string[]): Map<string, Map<number, FrameSeen>> {
  const all = askSharkd(paths.map((path) => ({ path, filter: null, fields: FIELDS })));
  return new Map(paths.map((path, i) => [path, new Map(all[i]!.map((frame) => [frame.number, frameSeen(frame)]))]));
}

function frameSeen({ fields }: Shown): FrameSeen {
  // An ICMP error quotes a packet: the first value of each field is the frame's own.
  const first = (text: string): string => text.split(",")[0] ?? "";
  const [src4 = "", dst4 = "", src6 = "", dst6 = "", dns = "", a = "", aaaa = "", name = ""] = fields;
  const [source, target] = [first(src4 || src6), first(dst4 || dst6)];
  return { source, target, dns: dns !== "", answers: [...a.split(","), ...aaaa.split(",")], serverName: first(name) };
}
