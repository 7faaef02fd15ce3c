/** The checksum of SCTP (RFC 9260 appendix A): Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
let table: Uint32Array | null = null;
const makeTable = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? POLYNOMIAL : 0);
    return crc;
  });

/** Of bytes of which four, from `zeroed` on, count as zeros: where the sum itself stands. */
export function crc32c(buf: Uint8Array, from: number, to: number, zeroed: number): number {
  table ??= makeTable();
  const sums = table;
  let crc = 0xffffffff;
  for (let i = from; i < to; i++) {
    const byte = i >= zeroed && i < zeroed + 4 ? 0 : buf[i]!;
    crc = sums[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
