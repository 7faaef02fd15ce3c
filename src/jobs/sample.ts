/**
 * Looks into a long capture, before anybody reads it, for what threads can share: messages that decoders read. Of packets that
 * are only counted each thread has to walk all, and two take longer than one.
 *
 *     file   ├────────▓────────────────▓────────────────▓────────────────▓────────┤      ▓ a sample
 *
 * Not its beginning, where flows that were open before all look new. Records have no mark to find them by: where three in a row
 * make sense, they are taken for such. A wrong guess costs time and nothing else.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { u16be, u32le } from "../capture/bytes.ts";
import { FILE_HEADER, isPcap, RECORD, RECORD_HEADER, readPcapHeader } from "../capture/pcap-header.ts";
import { SYN, TCP, UDP } from "../dissect/packet.ts";

const SAMPLES = 8;
const SAMPLE_BYTES = 32 << 10;
/** Of so many packets one that begins a connection, or goes to a port that decoders know: of short conversations it is every third. */
const ONE_IN = 32;

const ETHERNET = 1;
const IPV4 = 0x0800;
const IP = 14;
/** Longer than a frame that is captured whole. */
const LARGEST = 1 << 18;
const ENOUGH = 3;
const HOUR = 3_600;

/** Whether threads gain by sharing a file's flows; true where nobody can tell. `hinted`: decoders by UDP port. */
export function isWorthSharing(path: string, size: number, hinted: Uint8Array): boolean {
  const file = openSync(path, "r");
  try {
    const buf = new Uint8Array(SAMPLE_BYTES);
    const from = (at: number): number => readSync(file, buf, 0, SAMPLE_BYTES, at);
    const there = from(0);
    const header = isPcap(buf, 0, there) ? readPcapHeader(buf, 0, there) : "another format";
    if (typeof header === "string" || header.bigEndian || header.recordHeader !== RECORD_HEADER) return true;
    if (header.linkType !== ETHERNET) return true;
    const count = { packets: 0, telling: 0 };
    for (let i = 0; i < SAMPLES; i++) {
      const place = FILE_HEADER + Math.floor(((size - FILE_HEADER) * (2 * i + 1)) / (2 * SAMPLES));
      addSample(buf, from(place), hinted, count);
    }
    return count.packets === 0 || count.telling * ONE_IN > count.packets;
  } finally {
    closeSync(file);
  }
}

function addSample(
  buf: Uint8Array,
  end: number,
  hinted: Uint8Array,
  count: { packets: number; telling: number },
): void {
  let at = 0;
  while (at < end && !areRecords(buf, at, end)) at++;
  for (let next = nextOf(buf, at, end); next >= 0; next = nextOf(buf, at, end)) {
    count.packets++;
    if (isTelling(buf, at + RECORD_HEADER, next, hinted)) count.telling++;
    at = next;
  }
}

/** Whether some records in a row begin here, of times that are near each other. */
function areRecords(buf: Uint8Array, from: number, end: number): boolean {
  let at = from;
  for (let i = 0; i < ENOUGH; i++) {
    const next = nextOf(buf, at, end);
    if (next < 0 || Math.abs(u32le(buf, at) - u32le(buf, from)) > HOUR) return false;
    at = next;
  }
  return true;
}

/** Where the record at `at` ends; below 0 where it makes no sense, or is not all there. */
function nextOf(buf: Uint8Array, at: number, end: number): number {
  if (at + RECORD_HEADER > end) return -1;
  const capLen = u32le(buf, at + RECORD.capLen);
  const wireLen = u32le(buf, at + RECORD.wireLen);
  if (capLen === 0 || capLen > wireLen || wireLen > LARGEST || u32le(buf, at + RECORD.fraction) >= 1e9) return -1;
  const next = at + RECORD_HEADER + capLen;
  return next > end ? -1 : next;
}

/** Whether a frame of plain IPv4 begins a connection, or is a datagram that decoders will want to see. */
function isTelling(buf: Uint8Array, at: number, end: number, hinted: Uint8Array): boolean {
  if (at + IP + 20 > end || u16be(buf, at + IP - 2) !== IPV4) return false;
  const transport = at + IP + (buf[at + IP]! & 15) * 4;
  if (transport + 14 > end) return false;
  const proto = buf[at + IP + 9];
  if (proto === TCP) return (buf[transport + 13]! & SYN) !== 0;
  return proto === UDP && (hinted[u16be(buf, transport)] !== 0 || hinted[u16be(buf, transport + 2)] !== 0);
}
