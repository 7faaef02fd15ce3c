/**
 * What floods cost in memory: captures that are made as they are read, through standard input, of any length.
 *
 *     flows   that many million connections: a SYN each, 100 of each pair of hosts
 *     syn     that many million SYNs from as many made-up addresses: all are conversations of their own
 *     names   that many million names, each asked for once and answered, by 60,000 ports of one host
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { CLI } from "./peers.ts";

const FILE_HEADER = Buffer.from("d4c3b2a102000400000000000000000000000400" + "01000000", "hex");
const RECORD_HEADER = 16;
const LEAST_FRAME = 60;
const BLOCK = 1 << 20;
const START_SEC = 1_780_000_000;
const PER_SECOND = 1_000_000;

const GATEWAY = "10.20.0.5";
const GATEWAY_NUMBER = 0x0a140005;
const SERVER = 0xcb007107; // 203.0.113.7
const RESOLVER = 0xcb007135;
const NAME_LENGTH = 8;

export const FLOODS = ["flows", "syn", "names"] as const;
export type Flood = (typeof FLOODS)[number];

/** What a run of `check` over a flood came to. */
export interface FloodOutcome {
  exitCode: number;
  seconds: number;
  peakMB: number;
  /** Of the quality table: how often each cap was hit. */
  caps: Record<string, number>;
  flows: number;
  conversations: number;
  /** How many rules are called missing, which nobody may where something was not seen. */
  missing: number;
}

/** Frames of a flood, in blocks of a pcap file; every one is what a card would have received, but for its checksums. */
export function* framesOf(kind: Flood, count: number): Generator<Buffer> {
  yield FILE_HEADER;
  let block = Buffer.alloc(BLOCK);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 512 > BLOCK) {
      yield block.subarray(0, at);
      block = Buffer.alloc(BLOCK);
      at = 0;
    }
    if (kind === "names") {
      at = lookUp(block, at, i, 0);
      at = lookUp(block, at, i, 1);
    } else at = syn(block, at, i, kind === "syn");
  }
  yield block.subarray(0, at);
}

/** The first few are the judged host's, so that there is something to judge. */
function syn(block: Buffer, at: number, i: number, madeUp: boolean): number {
  const own = i < 4;
  const pair = Math.floor(i / 100);
  // An odd multiplier keeps addresses distinct; 64 ports more where there are more SYNs than addresses.
  const source = own
    ? GATEWAY_NUMBER
    : madeUp
      ? (Math.imul(i, 0x9e3779b1) >>> 2) | 0x40000000
      : 0xc6120000 + (pair % 100_000);
  const port = madeUp ? 1_024 + (i >>> 26) : 2_000 + (i % 100) + 100 * Math.floor(pair / 100_000);
  const ip = header(block, at, i, 6, 24, source, madeUp ? SERVER : SERVER + (pair % 50_000));
  block.writeUInt16BE(port + (own ? i : 0), ip + 20);
  block.writeUInt16BE(443, ip + 22);
  block.writeUInt32BE(i, ip + 24);
  block[ip + 32] = 0x60;
  block[ip + 33] = 0x02;
  block.writeUInt32BE(0x020405b4, ip + 40);
  return at + RECORD_HEADER + LEAST_FRAME;
}

/** A question, or its answer. */
function lookUp(block: Buffer, at: number, i: number, side: 0 | 1): number {
  const question = 12 + 1 + NAME_LENGTH + 1 + 7 + 1 + 3 + 1 + 4;
  const length = 8 + question + (side === 1 ? 16 : 0);
  const [from, to] = side === 0 ? [GATEWAY_NUMBER, RESOLVER] : [RESOLVER, GATEWAY_NUMBER];
  const ip = header(block, at, i, 17, length, from, to);
  const port = 2_000 + (i % 60_000);
  block.writeUInt16BE(side === 0 ? port : 53, ip + 20);
  block.writeUInt16BE(side === 0 ? 53 : port, ip + 22);
  block.writeUInt16BE(length, ip + 24);
  const dns = ip + 28;
  block.writeUInt16BE(Math.floor(i / 60_000) & 0xffff, dns);
  block.writeUInt16BE(side === 0 ? 0x0100 : 0x8180, dns + 2);
  block.writeUInt16BE(1, dns + 4);
  block.writeUInt16BE(side, dns + 6);
  block[dns + 12] = NAME_LENGTH;
  block.write(i.toString(36).padStart(NAME_LENGTH, "0"), dns + 13, "latin1");
  block.write("\x07example\x03org\0\0\x01\0\x01", dns + 13 + NAME_LENGTH, "latin1");
  if (side === 1) {
    const answer = dns + question;
    block.writeUInt32BE(0xc00c0001, answer);
    block.writeUInt32BE(0x00010000, answer + 4);
    block.writeUInt32BE(0x012c0004, answer + 8);
    block.writeUInt32BE(0xc6130000 + (i & 0xffff), answer + 12);
  }
  return at + RECORD_HEADER + Math.max(LEAST_FRAME, 14 + 20 + length);
}

/** Record header, Ethernet and IPv4 of a packet with `length` bytes behind them; returns where IP begins. */
function header(
  block: Buffer,
  at: number,
  i: number,
  protocol: number,
  length: number,
  from: number,
  to: number,
): number {
  const frame = Math.max(LEAST_FRAME, 14 + 20 + length);
  block.writeUInt32LE(START_SEC + Math.floor(i / PER_SECOND), at);
  block.writeUInt32LE(i % PER_SECOND, at + 4);
  block.writeUInt32LE(frame, at + 8);
  block.writeUInt32LE(frame, at + 12);
  const ethernet = at + RECORD_HEADER;
  block.writeUIntBE(0x020000000002, ethernet, 6);
  block.writeUIntBE(0x020000000001, ethernet + 6, 6);
  block.writeUInt16BE(0x0800, ethernet + 12);
  const ip = ethernet + 14;
  block.writeUInt16BE(0x4500, ip);
  block.writeUInt16BE(20 + length, ip + 2);
  block.writeUInt16BE(i & 0xffff, ip + 4);
  block.writeUInt16BE((64 << 8) | protocol, ip + 8);
  block.writeUInt32BE(from >>> 0, ip + 12);
  block.writeUInt32BE(to >>> 0, ip + 16);
  return ip;
}

/** Runs `check` over a flood of `count`; its database goes to `database`, which is removed. */
export async function flood(kind: Flood, count: number, database: string): Promise<FloodOutcome> {
  const started = performance.now();
  const options = ["--model", "opswat-sdp", "--bind", `gateway=${GATEWAY}`, "--set", "region=us", "--db", database];
  const child = spawn(process.execPath, [CLI, "check", "-", ...options, "--format", "json"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let peakKB = 0;
  const look = setInterval(() => {
    peakKB = highWater(child.pid!) ?? peakKB;
  }, 50);
  let text = "";
  let tail = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    // All rows of a flood are far too many to keep: what is wanted stands at the report's beginning and end.
    if (text.length < 1 << 16) text += piece;
    tail = (tail + piece).slice(-(1 << 18));
  });
  const ended = once(child, "close");
  for (const block of framesOf(kind, count)) if (!child.stdin.write(block)) await once(child.stdin, "drain");
  child.stdin.end();
  const [exitCode] = await ended;
  clearInterval(look);
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(database + end, { force: true });
  const quality = JSON.parse(/"quality":(\{[^}]*\})/.exec(tail)?.[1] ?? "{}") as Record<string, number>;
  const caps = Object.fromEntries(Object.entries(quality).filter(([name]) => name.startsWith("cap:")));
  return {
    exitCode: Number(exitCode),
    seconds: (performance.now() - started) / 1e3,
    peakMB: (peakKB * 1_024) / 1e6,
    caps,
    flows: quality.flows ?? 0,
    conversations: quality.conversations ?? 0,
    missing: tail.match(/"status":"missing"/g)?.length ?? 0,
  };
}

function highWater(pid: number): number | null {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return null;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8"))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes);
}
