/** The CAPTURE arguments: files, databases and `-`, each in its realm. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { FrameFilter } from "../capture/filtered.ts";
import { UsageError } from "../errors.ts";

export interface CaptureArgument {
  path: string;
  realm?: string;
}

/**
 * Captures with their realms. `--realm NAME=CAPTURE` puts a capture of the list into a realm, or adds it to the list.
 * Whether a file is there and is a capture is found out when it is read: that is no wrong usage, but exit code 3.
 */
export async function captureArguments(
  paths: readonly string[],
  realms: readonly string[],
): Promise<CaptureArgument[]> {
  const list: CaptureArgument[] = paths.map((path) => ({ path }));
  for (const text of realms) {
    const [, realm, path] = /^([A-Za-z0-9][\w.-]*)=(.+)$/s.exec(text) ?? [];
    if (realm === undefined || path === undefined) {
      throw new UsageError(
        `--realm ${text}: write NAME=CAPTURE, such as --realm plant-a=a.pcap (letters, digits, dots, dashes)`,
      );
    }
    const listed = list.find((capture) => capture.path === path && capture.realm === undefined);
    if (listed === undefined) list.push({ path, realm });
    else listed.realm = realm;
  }
  if (list.length === 0) throw new UsageError("no capture given; name a capture file, or - for standard input");
  if (list.filter((capture) => capture.path === "-").length > 1) {
    throw new UsageError("standard input (-) is given twice; it can be read once");
  }
  return list;
}

/** `-f` on captures, compiled before anything is read. libpcap is loaded only where there is a filter. */
export async function filterAsked(text: string | undefined): Promise<{ filter?: FrameFilter }> {
  if (text === undefined || text.trim() === "") return {};
  const { FileFilter } = await import("../live/file-filter.ts");
  return { filter: await FileFilter.of(text) };
}

/** Refuses to write results over an input, whatever way its path is spelled. */
export function refuseOverwrite(option: string, target: string | undefined, inputs: readonly string[]): void {
  if (target === undefined) return;
  const path = real(target);
  for (const input of inputs) {
    if (input !== "-" && real(input) === path) {
      throw new UsageError(`${option} ${target}: that file is read or written by this very command; name another one`);
    }
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** `--jobs N`. */
export function jobsAsked(text: string | undefined): { jobs?: number } {
  if (text === undefined) return {};
  const jobs = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  if (jobs === 0) throw new UsageError(`--jobs ${text}: expected a number of threads, such as 2`);
  return { jobs };
}
