import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type InputName, writeInput } from "../../bench/inputs.ts";
import { median } from "../../bench/measure.ts";
import { observe } from "../../src/index.ts";

interface Packet {
  length: number;
  source: number;
  target: number;
  protocol: number;
  sourcePort: number;
  targetPort: number;
  flags: number;
  sequence: number;
  acknowledges: number;
  payload: number;
  checksumsHold: boolean;
}

/** A plain reader of what the generator writes, so that neither the generator nor Wirepact vouches for itself. */
function readPackets(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const frame = bytes.subarray(at + 16, at + 16 + length);
    const ip = frame.subarray(14, 14 + frame.readUInt16BE(16));
    const transport = ip.subarray(20);
    const protocol = ip[9] ?? 0;
    const header = protocol === 6 ? (transport[12]! >> 4) * 4 : 8;
    const pseudo = Buffer.alloc(12);
    ip.copy(pseudo, 0, 12, 20);
    pseudo.writeUInt16BE(protocol, 8);
    pseudo.writeUInt16BE(transport.length, 10);
    packets.push({
      length,
      source: ip.readUInt32BE(12),
      target: ip.readUInt32BE(16),
      protocol,
      sourcePort: transport.readUInt16BE(0),
      targetPort: transport.readUInt16BE(2),
      flags: protocol === 6 ? transport[13]! : 0,
      sequence: protocol === 6 ? transport.readUInt32BE(4) : 0,
      acknowledges: protocol === 6 ? transport.readUInt32BE(8) : 0,
      payload: transport.length - header,
      checksumsHold:
        internetSum(ip.subarray(0, 20)) === 0xffff && internetSum(Buffer.concat([pseudo, transport])) === 0xffff,
    });
    at += 16 + length;
  }
  return packets;
}

/** The folded sum of 16-bit words, RFC 1071: 0xffff over anything that holds its own checksum. */
function internetSum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? bytes[i]! << 8 : bytes[i]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function makeSmallest(name: InputName): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-inputs-"));
  const path = join(folder, "made.pcap");
  writeInput(path, name, { frames: SIZES[name].frames, flows: 50 });
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  return bytes;
}

/** Frames of 50 flows, and their lengths. */
const SIZES: Record<InputName, { frames: number; shortest: number; longest: number }> = {
  small: { frames: 2_000, shortest: 60, longest: 60 },
  mix: { frames: 2_000, shortest: 60, longest: 1_514 },
  web: { frames: 360, shortest: 60, longest: 1_514 },
};
const NAMES = Object.keys(SIZES) as InputName[];
for (const name of NAMES) {
  test(`${name}: as many frames and flows as asked for, each length and checksum right`, (t) => {
    const packets = readPackets(makeSmallest(name));
    const { frames, shortest, longest } = SIZES[name];
    t.is(packets.length, frames);
    t.true(packets.every((packet) => packet.checksumsHold));
    t.is(Math.min(...packets.map(({ length }) => length)), shortest);
    t.is(Math.max(...packets.map(({ length }) => length)), longest);
    const key = (p: Packet): string =>
      [`${p.source}:${p.sourcePort}`, `${p.target}:${p.targetPort}`, p.protocol].sort().join(" ");
    t.is(new Set(packets.map(key)).size, 50);
    t.is(new Set(packets.filter(({ protocol }) => protocol === 6).map(key)).size, 25);
    t.is(new Set(packets.filter(({ protocol }) => protocol === 17).map(key)).size, 25);
  });

  test(`${name}: TCP opens with a handshake, ends with FINs and leaves no hole`, (t) => {
    const next = new Map<string, number>();
    const opened = new Map<string, number[]>();
    for (const p of readPackets(makeSmallest(name)).filter(({ protocol }) => protocol === 6)) {
      const mine = `${p.source}:${p.sourcePort}`;
      const other = `${p.target}:${p.targetPort}`;
      const way = `${mine} ${other}`;
      const back = `${other} ${mine}`;
      t.is(p.sequence, next.get(way) ?? p.sequence);
      if (p.flags & 0x10) t.is(p.acknowledges, next.get(back) ?? -1);
      next.set(way, (p.sequence + p.payload + (p.flags & 3 ? 1 : 0)) >>> 0);
      const flow = [mine, other].sort().join(" ");
      opened.set(flow, [...(opened.get(flow) ?? []), p.flags]);
    }
    for (const flags of opened.values()) {
      t.deepEqual(flags.slice(0, 3), [0x02, 0x12, 0x10]);
      t.deepEqual(flags.slice(-3), [0x11, 0x11, 0x10]);
    }
  });

  test(`${name}: the same bytes each time`, (t) => {
    t.true(makeSmallest(name).equals(makeSmallest(name)));
  });
}

test("web: every conversation is told by its content, and says a name", async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), "wirepact-inputs-")), "web.pcap");
  writeInput(path, "web", { frames: 360, flows: 50 });
  const { result } = await observe({ captures: [path] });
  const flows = new Map<string, number>();
  const rows = [...result.rest.rows()];
  for (const { app, flows: count } of rows) flows.set(`${app}`, (flows.get(`${app}`) ?? 0) + count);
  t.deepEqual(
    flows,
    new Map([
      ["dns", 20],
      ["tls", 25],
      ["quic", 5],
    ]),
  );
  t.true(rows.every(({ app, server_name }) => app === "dns" || server_name !== null));
  t.is(
    result.lookups.reduce((sum, { count }) => sum + count, 0),
    20,
  );
  t.is(result.quality.malformed, 0);
});

test("median: the middle, or the mean of the middle two", (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 3, 2]), 2.5);
  t.is(median([]), Number.NaN);
});
