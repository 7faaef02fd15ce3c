/** The captures that real programs wrote, against each other. */
import { readFileSync } from "node:fs";
import test from "ava";
import { type ReadFrame, readBytes, readFile } from "../support/read-captures.ts";

const here = (name: string) => `fixtures/capture/${name}`;
const bytesAndMicros = ({ data, sec, nsec, wireLen }: ReadFrame) => [data, sec, Math.floor(nsec / 1000), wireLen];

for (const [name, format] of [
  ["dns-ns.pcap", "pcap-ns"],
  ["dns-modpcap.pcap", "pcap-modified"],
  ["dns-rh6_1pcap.pcap", "pcap-modified"],
  ["dns-suse6_3pcap.pcap", "pcap-modified"],
  ["dns-nokiapcap.pcap", "pcap-modified"],
  ["dns.snoop", "snoop"],
  ["dns.pcap.gz", "pcap+gzip"],
] as const) {
  test(`${name} has the frames and times of dns.pcap`, async (t) => {
    const plain = await readFile(here("dns.pcap"));
    const other = await readFile(here(name));
    t.is(plain.frames.length, 6);
    t.deepEqual(other.frames.map(bytesAndMicros), plain.frames.map(bytesAndMicros));
    t.like(other.info, { format, damage: null, cut: false, linkTypes: [1] });
  });
}

test("dns.pcapng has the frames of dns-ns.pcap on its first interface, and cooked ones on its second", async (t) => {
  const plain = await readFile(here("dns-ns.pcap"));
  const { frames, info } = await readFile(here("dns.pcapng"));
  t.like(info, { format: "pcapng", linkTypes: [1, 113], drops: 0, packets: 12, damage: null });
  const strip = ({ data, sec, nsec }: ReadFrame) => [data, sec, nsec];
  t.deepEqual(frames.filter(({ linkType }) => linkType === 1).map(strip), plain.frames.map(strip));
  const cooked = frames.filter(({ linkType }) => linkType === 113);
  t.deepEqual(
    cooked.map(({ sec, nsec }) => [sec, nsec]),
    plain.frames.map(({ sec, nsec }) => [sec, nsec]),
  );
});

test("dns.pcapng.zst has the frames of dns.pcapng", async (t) => {
  const plain = await readFile(here("dns.pcapng"));
  const packed = await readFile(here("dns.pcapng.zst"));
  t.deepEqual(packed.frames, plain.frames);
  t.is(packed.info.format, "pcapng+zstd");
});

test("dns-60.pcap has frames that are cut at 60 bytes", async (t) => {
  const { frames, info } = await readFile(here("dns-60.pcap"));
  const plain = await readFile(here("dns.pcap"));
  t.deepEqual(
    frames.map(({ data, wireLen }) => [data, wireLen]),
    plain.frames.map(({ data, wireLen }) => [data.slice(0, 120), wireLen]),
  );
  t.is(info.framesCut, 6);
});

for (const name of ["dns.pcap", "dns.pcapng", "dns.snoop", "dns-modpcap.pcap", "dns.pcap.gz", "dns.pcapng.zst"]) {
  test(`${name} cut at every length: it ends, and no whole frame before the cut is missing`, async (t) => {
    const bytes = readFileSync(here(name));
    const whole = await readBytes(bytes);
    let frames = 0;
    for (let length = 0; length < bytes.length; length++) {
      const part = await readBytes(bytes.subarray(0, length));
      t.deepEqual(part.frames, whole.frames.slice(0, part.frames.length), `${length} bytes`);
      t.true(part.frames.length >= frames, `${length} bytes: fewer frames than of a shorter file`);
      if (length > 24) t.is(part.info.damage?.message.includes("zero bytes") ?? false, false);
      frames = part.frames.length;
    }
  });
}
