/** The default engine: libpcap in this process, with nanoseconds and exact counts of what was lost. */
import type { LiveEngine, LiveRequest, LiveSource } from "./engine.ts";
import { loadNative } from "./libpcap.ts";
import { PcapSource } from "./pcap-source.ts";

export async function pcapEngine(): Promise<LiveEngine> {
  const native = await loadNative();
  return {
    name: "libpcap",
    limits: null,
    async open(requests: readonly LiveRequest[]): Promise<LiveSource[]> {
      const sources: PcapSource[] = [];
      try {
        for (const request of requests) sources.push(new PcapSource(native, request));
      } catch (error) {
        for (const source of sources) await source.close();
        throw error;
      }
      return sources;
    },
  };
}
