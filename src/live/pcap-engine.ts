/** The default engine: libpcap in this process, with nanoseconds and exact counts of what was lost. */
import { type LiveEngine, openEach } from "./engine.ts";
import { loadNative } from "./libpcap.ts";
import { PcapSource } from "./pcap-source.ts";

export async function pcapEngine(): Promise<LiveEngine> {
  const native = await loadNative();
  return {
    name: "libpcap",
    limits: null,
    open: (requests) => openEach(requests, (request) => new PcapSource(native, request)),
  };
}
