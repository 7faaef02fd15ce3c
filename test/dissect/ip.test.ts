/** IP and transport: lengths that lie, options, extension headers, offload, depth. */
import test from "ava";
import { checksumHolds, checksumIsPartial } from "../../src/dissect/checksum.ts";
import { LIMITS } from "../../src/limits.ts";
import { Bench, dissected } from "../support/dissect.ts";
import { concat, hex } from "../support/hex.ts";
import { ethernet, ipv4, ipv6, sum16, tcp, u16, udp } from "../support/packets.ts";

const RAW = { linkType: 101 };

test("an IPv4 packet with options, byte by byte", (t) => {
  const bench = new Bench();
  const line = bench.line(
    hex`46 00 00 2e     # version 4, 6 words of header, total length 46
        12 34 40 00     # identification, "don't fragment"
        3f 06 00 00     # TTL 63, TCP
        c0 00 02 01     # 192.0.2.1
        c6 33 64 02     # 198.51.100.2
        94 04 00 00     # router alert
        c3 50 01 bb     # 50000 to 443
        00 00 03 e8     # sequence number 1000
        ff ff ff fe     # acknowledgement
        50 18 04 00     # 5 words of header, PSH and ACK
        ab cd 00 00     # checksum
        68 69           # "hi"`,
    RAW,
  );
  t.is(line, 'tcp 192.0.2.1:50000 > 198.51.100.2:443 "hi"');
  const { ttl, ipId, ipBytes, seq, ack, tcpFlags, checksum, payWire, transportWire } = bench.packet;
  t.deepEqual(
    { ttl, ipId, ipBytes, seq, ack, tcpFlags, checksum, payWire, transportWire },
    {
      ttl: 63,
      ipId: 0x1234,
      ipBytes: 46,
      seq: 1000,
      ack: -2,
      tcpFlags: 0x18,
      checksum: 0xabcd,
      payWire: 2,
      transportWire: 22,
    },
  );
});

test("an IPv6 packet through a chain of extension headers", (t) => {
  const chain = hex`2b 00 01 04 00 00 00 00   # hop by hop, padding; next: routing
                    3c 00 00 00 00 00 00 00   # routing; next: destination options
                    11 00 01 04 00 00 00 00   # destination options; next: UDP`;
  const frame = ethernet(0x86dd, ipv6(0, concat([chain, udp(40_000, 53, hex`68 69`)])));
  t.is(dissected(frame), 'udp [2001:db8::1]:40000 > [2001:db8::2]:53 "hi"');
});

test("padding of an Ethernet frame is no payload", (t) => {
  const padded = concat([ethernet(0x0800, ipv4(6, tcp(50_000, 443, hex``, 1000, 0x10))), hex`de ad be ef de ad`]);
  t.is(dissected(padded), "tcp 192.0.2.1:50000 > 198.51.100.2:443");
});

test("a UDP length below that of the packet bounds the payload, one beyond it is bounded by the packet", (t) => {
  t.is(dissected(ipv4(17, udp(1, 2, hex`68 69 2e 2e`, 10)), RAW), 'udp 192.0.2.1:1 > 198.51.100.2:2 "hi"');
  t.is(dissected(ipv4(17, udp(1, 2, hex`68 69`, 600)), RAW), 'udp 192.0.2.1:1 > 198.51.100.2:2 "hi"');
});

test("lengths and versions that contradict themselves are malformed", (t) => {
  const packet = ipv4(17, udp(1, 2, hex`68 69`));
  const patched = (at: number, ...values: number[]): Uint8Array => {
    const copy = packet.slice();
    copy.set(values, at);
    return copy;
  };
  t.is(dissected(patched(0, 0x44), RAW), "malformed", "a header of four words");
  t.is(dissected(patched(0, 0x55), RAW), "malformed", "version 5");
  t.is(dissected(patched(2, 0, 19), RAW), "malformed", "shorter than its header");
  t.is(dissected(patched(2, 0, 27), RAW), "malformed", "shorter than UDP's header");
  t.is(dissected(patched(24, 0, 7), RAW), "malformed", "a UDP length below 8");
  t.is(
    dissected(ipv4(6, concat([tcp(1, 2, hex``).subarray(0, 12), hex`40 10 00 00 00 00 00 00`])), RAW),
    "malformed",
    "a TCP header of four words",
  );
  t.is(
    dissected(ipv4(6, concat([tcp(1, 2, hex``).subarray(0, 12), hex`f0 10 00 00 00 00 00 00`])), RAW),
    "malformed",
    "a TCP header beyond the packet",
  );
  t.is(dissected(ethernet(0x86dd, ipv6(60, hex`11 01 01 04 00 00 00 00`))), "malformed", "options beyond the packet");
});

test("what the wire had and the capture did not is counted as cut", (t) => {
  const packet = ipv4(17, udp(40_000, 53, hex`68 69 2e`));
  t.is(dissected(packet.subarray(0, 29), { ...RAW, wireLen: 31 }), 'udp 192.0.2.1:40000 > 198.51.100.2:53 "h" cut 2');
  t.is(dissected(packet.subarray(0, 27), { ...RAW, wireLen: 31 }), "cut");
});

test("a length of zero is offload: the frame's length, and said so", (t) => {
  const segment = tcp(50_000, 443, hex`68 69`);
  t.is(
    dissected(ethernet(0x0800, ipv4(6, segment, { total: 0 }))),
    'tcp 192.0.2.1:50000 > 198.51.100.2:443 "hi" offload',
  );
  t.is(dissected(ethernet(0x86dd, ipv6(6, segment, 0))), 'tcp [2001:db8::1]:50000 > [2001:db8::2]:443 "hi" offload');
});

test("question and answer of ICMP share a name: the question's type", (t) => {
  const bench = new Bench();
  for (const [proto, type, question] of [
    [1, 8, 8],
    [1, 0, 8],
    [1, 14, 13],
    [1, 3, 3],
  ] as const) {
    bench.code(ipv4(proto, hex`${type} 00 00 00 00 00 00 00`), RAW);
    t.deepEqual([bench.packet.srcPort, bench.packet.dstPort], [question, question]);
  }
  bench.code(ethernet(0x86dd, ipv6(58, hex`81 00 00 00 00 00 00 00`)));
  t.is(bench.packet.srcPort, 128);
});

test("protocols without ports are packets: SCTP has its own, ESP is opaque", (t) => {
  t.is(
    dissected(ipv4(132, hex`0b 59 0b 5a 00 00 00 00 00 00 00 00 01`), RAW),
    'sctp 192.0.2.1:2905 > 198.51.100.2:2906 "\\u0001"',
  );
  t.is(
    dissected(ipv4(50, hex`00 00 00 01 00 00 00 02`), RAW).split(" ", 4).join(" "),
    "proto-50 192.0.2.1 > 198.51.100.2",
  );
});

test("depth is bounded: tags, labels, headers and tunnels alike", (t) => {
  const packet = ipv4(17, udp(40_000, 53, hex`68 69`));
  const times = (n: number, piece: Uint8Array) => Array.from({ length: n }, () => piece);
  const tagged = (n: number) => ethernet(0x8100, concat([...times(n - 1, hex`00 07 81 00`), hex`00 07 08 00`, packet]));
  const labelled = (n: number) =>
    ethernet(0x8847, concat([...times(n - 1, hex`00 02 00 40`), hex`00 02 01 40`, packet]));
  const chained = (n: number) =>
    ethernet(0x86dd, ipv6(60, concat([...times(n - 1, hex`3c 00 01 04 00 00 00 00`), hex`3b 00 01 04 00 00 00 00`])));
  const nested = (n: number) =>
    ethernet(
      0x0800,
      times(n, hex``).reduce((inner) => ipv4(4, inner), packet),
    );
  for (const [name, build] of Object.entries({ tagged, labelled, chained, nested })) {
    t.not(dissected(build(LIMITS.layers - 1)), "too-deep", name);
    t.is(dissected(build(LIMITS.layers + 1)), "too-deep", name);
    t.is(dissected(build(400)), "too-deep", name);
  }
});

test("a transport checksum holds, is wrong, or was left to the network card", (t) => {
  const pseudo = hex`c0 00 02 01 c6 33 64 02 00 11 00 0a`; // both addresses, UDP, its length
  const plain = udp(40_000, 53, hex`68 69`);
  const check = (checksum: number): [boolean, boolean] => {
    const datagram = plain.slice();
    datagram.set(u16(checksum), 6);
    const bench = new Bench();
    bench.code(ipv4(17, datagram), RAW);
    return [checksumHolds(bench.packet, bench.packet.buf), checksumIsPartial(bench.packet, bench.packet.buf)];
  };
  const right = sum16(concat([pseudo, plain]));
  t.deepEqual(check(right), [true, false]);
  t.deepEqual(check(right ^ 1), [false, false]);
  t.deepEqual(check(0), [true, false]); // none
  t.deepEqual(check(~sum16(pseudo) & 0xffff), [false, true]);
});

test("a link type that is not read is refused, an unknown one as well", (t) => {
  t.is(dissected(hex`00 00 00 00`, { linkType: 189 }), "link-unsupported");
  t.is(dissected(hex`00 00 00 00`, { linkType: 9999 }), "link-unsupported");
});

test("frames without IP are known by their EtherType", (t) => {
  t.is(dissected(ethernet(0x0806, hex`00 01`)), "no-ip 806");
  t.is(dissected(ethernet(0x0026, hex`42 42 03 00 00`)), "no-ip 0");
  t.is(
    dissected(hex`08 40 00 00 00 00 5e 00 53 02 00 00 5e 00 53 01 00 00 5e 00 53 02 00 00 aa aa`, { linkType: 105 }),
    "no-ip none",
  );
});
