/** Which engine captures: the one asked for, else libpcap, else a child process that may. */
import { CaptureError, UsageError } from "../errors.ts";
import { childEngine } from "./child-engine.ts";
import type { EngineName, LiveEngine, LiveRequest, LiveSource } from "./engine.ts";
import { pcapEngine } from "./pcap-engine.ts";

export interface Opened {
  engine: LiveEngine;
  sources: LiveSource[];
  /** Why it is not the engine that would have been first; null where it is. */
  instead: string | null;
}

/** Opens all interfaces by one engine. Rejects with what the first engine said where none can. */
export async function openSources(requests: readonly LiveRequest[], asked: EngineName | undefined): Promise<Opened> {
  if (asked !== undefined) {
    const engine = await engineOf(asked);
    return { engine, sources: await engine.open(requests), instead: null };
  }
  try {
    const engine = await pcapEngine();
    return { engine, sources: await engine.open(requests), instead: null };
  } catch (error) {
    // A wrong filter or a missing interface is as wrong for a child; rights and the library it may have.
    const mayHelp =
      (error instanceof CaptureError && error.message.includes("may not capture")) ||
      (error instanceof UsageError && !error.message.startsWith("-"));
    if (!mayHelp) throw error;
    const child = childEngine("dumpcap");
    const sources = await child.open(requests).catch(() => null);
    if (sources === null) throw error;
    const why = error.message.replace(/ One of these helps:$/, "");
    return { engine: child, sources, instead: `dumpcap captures, because ${why}` };
  }
}

async function engineOf(name: EngineName): Promise<LiveEngine> {
  switch (name) {
    case "libpcap":
      return pcapEngine();
    case "child":
      return childEngine();
    case "cap":
      return (await import("./cap-engine.ts")).capEngine();
    default:
      return name satisfies never;
  }
}
