import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type InputName, writeInput } from "../../bench/inputs.ts";
import { median } from "../../bench/measure.ts";

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
  writeInput(path, name, { frames: 2_000, flows: 50 });
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  return bytes;
}

const NAMES: InputName[] = ["small", "mix"];
for (const name of NAMES) {
  test(`${name}: as many frames and flows as asked for, each length and checksum right`, (t) => {
    const packets = readPackets(makeSmallest(name));
    t.is(packets.length, 2_000);
    t.true(packets.every((packet) => packet.checksumsHold));
    t.true(packets.every(({ length }) => length >= 60 && length <= (name === "small" ? 60 : 1_514)));
    const key = (p: Packet): string =>
      [`${p.source}:${p.sourcePort}`, `${p.target}:${p.targetPort}`, p.protocol].sort().join(" ");
    t.is(new Set(packets.map(key)).size, 50);
    t.is(packets.filter(({ protocol }) => protocol === 6).length, 1_000);
    t.is(packets.filter(({ protocol }) => protocol === 17).length, 1_000);
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

test("median: the middle, or the mean of the middle two", (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 3, 2]), 2.5);
  t.is(median([]), Number.NaN);
});
