import test from "ava";
import fc from "fast-check";
import { formatHex, formatIpv4, formatIpv6, formatIpv6Bytes, formatMac, parseAddress } from "../src/address.ts";

test("IPv4 as text", (t) => {
  t.is(formatIpv4(0), "0.0.0.0");
  t.is(formatIpv4(0xffffffff), "255.255.255.255");
  t.is(formatIpv4(0x0a140005), "10.20.0.5");
});

// The examples of RFC 5952, section 1 and 4, and the corners of its run rule.
const IPV6: [string, string][] = [
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:DB8::ABCD", "2001:db8::abcd"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["1:0:0:0:0:0:0:0", "1::"],
  ["0:0:1:0:0:0:0:0", "0:0:1::"],
  ["0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ["::ffff:c000:201", "::ffff:192.0.2.1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["::1.2.3.4", "::102:304"],
  ["fe80::1", "fe80::1"],
];
for (const [given, canonical] of IPV6) {
  test(`IPv6 ${given} is ${canonical}`, (t) => {
    const parsed = parseAddress(given);
    t.is(parsed?.family, 6);
    t.is(formatHex(6, parsed!.hex), canonical);
    const bytes = Buffer.from(`ff${parsed!.hex}`, "hex");
    t.is(formatIpv6Bytes(bytes, 1), canonical);
    const view = new DataView(bytes.buffer, bytes.byteOffset + 1);
    t.is(formatIpv6(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)), canonical);
  });
}

test("MAC in both spellings", (t) => {
  t.deepEqual(parseAddress("00-1B-21-3c-9D-F8"), { family: "mac", hex: "001b213c9df8" });
  t.is(formatHex("mac", "001b213c9df8"), "00:1b:21:3c:9d:f8");
  t.is(formatMac(Uint8Array.of(9, 0, 0x1b, 0x21, 0x3c, 0x9d, 0xf8), 1), "00:1b:21:3c:9d:f8");
});

for (const bad of [
  "",
  "10.0.0",
  "10.0.0.256",
  "10.0.0.01",
  "10.0.0.1/8",
  "10.0.0.1.2",
  "0x0a.0.0.1",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7::8",
  "12345::",
  "fe80::1%eth0",
  "1.2.3.4::",
  "::1.2.3",
  "00:11:22:33:44",
  "00:11-22:33:44:55",
  "example.com",
]) {
  test(`no address: ${JSON.stringify(bad)}`, (t) => {
    t.is(parseAddress(bad), null);
  });
}

test("what is formatted parses back to itself", (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.integer({ min: 0, max: 0xffff }),
      (bytes, zeros) => {
        // Zero groups are what the notation is about, so make them common.
        for (let i = 0; i < 16; i++) if ((zeros >> i) & 1) bytes[i] = 0;
        const hex = Buffer.from(bytes).toString("hex");
        t.is(parseAddress(formatIpv6Bytes(bytes, 0))?.hex, hex);
        t.is(parseAddress(formatIpv4(Number.parseInt(hex.slice(0, 8), 16)))?.hex, hex.slice(0, 8));
      },
    ),
  );
});
