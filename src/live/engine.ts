/**
 * What captures packets, behind one interface: libpcap in this process, a child process that holds the rights, or the
 * npm package `cap`. Each hands out the bytes of a capture stream, so that live traffic and files share one reader.
 */
import type { ByteSource } from "../capture/source.ts";

export const ENGINE_NAMES = ["libpcap", "child", "cap"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** What is asked of an engine for one interface. */
export interface LiveRequest {
  interface: string;
  /** A BPF expression, as tcpdump takes it; empty for none. */
  filter: string;
  /** Bytes captured of each frame at most. */
  snapLength: number;
  /** Bytes that the kernel may hold while nobody reads. */
  bufferBytes: number;
  promiscuous: boolean;
}

/** What the kernel counted since the source was opened, as far as it tells. */
export interface LiveCounts {
  /** Frames lost because nobody read fast enough; null where the engine cannot know. */
  dropped: number | null;
  /** Frames that came until the stop, where an engine can tell by it what was lost: all that were not read. */
  received?: number;
  /** Frames lost by the interface itself before anybody could read them. */
  droppedByInterface: number;
}

/**
 * One interface that is being read, as the bytes of a pcap file, its header first. `read` waits until there are bytes; it resolves to 0 only when there will be none any
 * more: after `stop`, or when the interface is gone, which `gone` then says.
 */
export interface LiveSource extends ByteSource {
  readonly interface: string;
  counts(): LiveCounts;
  /**
   * No new packets: what the kernel holds is still read, then `read` resolves to 0. What it still holds after `drainMs` is
   * counted as lost, where the engine can.
   */
  stop(drainMs?: number): void;
  /** Why it ended by itself, as a sentence for people; null while it runs and where it was stopped. */
  readonly gone: string | null;
  /** Tells of what ends nothing: the link went down, the interface was renamed. */
  onNotice: (message: string) => void;
}

export interface LiveEngine {
  readonly name: EngineName;
  /** One line for the run's warnings: what this engine cannot tell. */
  readonly limits: string | null;
  /**
   * Opens all of them. UsageError where an interface is not there, the filter is wrong or rights are missing, saying
   * exactly what to do.
   */
  open(requests: readonly LiveRequest[]): Promise<LiveSource[]>;
}

/** All of them or none: where one cannot be opened, those that are open are closed again. Rejects with what `open` says. */
export async function openEach(
  requests: readonly LiveRequest[],
  open: (request: LiveRequest) => LiveSource | Promise<LiveSource>,
): Promise<LiveSource[]> {
  const sources: LiveSource[] = [];
  try {
    for (const request of requests) sources.push(await open(request));
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  return sources;
}

export interface InterfaceInfo {
  name: string;
  description: string | null;
  addresses: string[];
  up: boolean;
  loopback: boolean;
}
