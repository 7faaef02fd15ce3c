/** What Linux is told of a capture's socket beside libpcap (socket(7), packet(7)). Elsewhere nothing is done. */
import type { Native, Pointer } from "./libpcap.ts";

/** A `struct sock_filter`: `BPF_RET | BPF_K` of 0 bytes, which lets nothing through. */
const NOTHING = Uint8Array.of(0x06, 0, 0, 0, 0, 0, 0, 0);

const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;

/**
 * From now on the kernel puts nothing more into the buffer; what is there can still be read. False where that cannot be asked
 * for.
 */
export function takeNoMore({ c, pcap }: Native, handle: Pointer): boolean {
  return c.attachFilter !== null && c.attachFilter(pcap.descriptor(handle), NOTHING) === 0;
}

/** A packet of a loopback interface comes twice, going out and coming in: libpcap passes one of them over, but counts both. */
export function onlyArrivals({ c, pcap }: Native, handle: Pointer): void {
  c.setOption?.(pcap.descriptor(handle), SOL_PACKET, PACKET_IGNORE_OUTGOING, Uint8Array.of(1, 0, 0, 0), 4);
}
