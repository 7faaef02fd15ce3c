/**
 * Headers for tests, put together from their fields: lengths and checksums are right unless given otherwise, so that
 * tshark reads them too. What is a test's point stands in the test as hex.
 */
import { concat, hex } from "./hex.ts";

export interface Ipv4Fields {
  src?: string;
  dst?: string;
  id?: number;
  /** In bytes. */
  offset?: number;
  more?: boolean;
  ttl?: number;
  /** Total length as it stands in the header. */
  total?: number;
  options?: Uint8Array;
}

/** 192.0.2.1 to 198.51.100.2 unless given. */
export function ipv4(proto: number, payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const options = fields.options ?? hex``;
  const flags = (fields.more === true ? 0x2000 : 0) | ((fields.offset ?? 0) >> 3);
  const header = concat([
    bytes(0x45 + options.length / 4, 0),
    u16(fields.total ?? 20 + options.length + payload.length),
    u16(fields.id ?? 7),
    u16(flags),
    bytes(fields.ttl ?? 64, proto, 0, 0),
    ipv4Address(fields.src ?? "192.0.2.1"),
    ipv4Address(fields.dst ?? "198.51.100.2"),
    options,
  ]);
  header.set(u16(sum16(header)), 10);
  return concat([header, payload]);
}

/** 2001:db8::1 to 2001:db8::2, hop limit 64. */
export function ipv6(next: number, payload: Uint8Array, length = payload.length, hosts = [1, 2]): Uint8Array {
  const address = (host: number) => hex`20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 ${host}`;
  return concat([hex`60 00 00 00`, u16(length), bytes(next, 64), address(hosts[0]!), address(hosts[1]!), payload]);
}

/** UDP without a checksum, which IPv4 allows. */
export function udp(srcPort: number, dstPort: number, payload: Uint8Array, length = 8 + payload.length): Uint8Array {
  return concat([u16(srcPort), u16(dstPort), u16(length), u16(0), payload]);
}

/** A TCP segment; `flags` as its byte stands in the header. */
export function tcp(srcPort: number, dstPort: number, payload: Uint8Array, seq = 1000, flags = 0x18): Uint8Array {
  return concat([u16(srcPort), u16(dstPort), u32(seq), u32(2000), bytes(0x50, flags), u16(1024), u32(0), payload]);
}

/** An Ethernet frame between two hosts of the documentation range of RFC 7042. */
export function ethernet(type: number, payload: Uint8Array, hosts = [1, 2]): Uint8Array {
  return concat([hex`00 00 5e 00 53 ${hosts[0]!} 00 00 5e 00 53 ${hosts[1]!}`, u16(type), payload]);
}

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const u16 = (value: number): Uint8Array => bytes((value >> 8) & 255, value & 255);
export const u32 = (value: number): Uint8Array => concat([u16(value >>> 16), u16(value & 0xffff)]);

function ipv4Address(text: string): Uint8Array {
  return Uint8Array.from(text.split(".").map(Number));
}

/** The Internet checksum of bytes whose own checksum field is zero. */
export function sum16(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += (data[i]! << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
