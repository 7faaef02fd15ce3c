/** What to do where an interface cannot be captured from: the sentence has the command to type. */
import { CaptureError, UsageError } from "../errors.ts";
import { nearest } from "../words.ts";
import { FileFilter } from "./file-filter.ts";
import { listInterfaces } from "./interfaces.ts";
import type { Native } from "./libpcap.ts";

export function missingInterface(native: Native, name: string, said: string): string {
  let there: string[] = [];
  try {
    there = listInterfaces(native).map((each) => each.name);
  } catch {
    // then the sentence goes without them
  }
  const near = nearest(name, there);
  const meant = near === null ? "" : `; did you mean ${near}?`;
  const list =
    there.length === 0 ? "" : `${near === null ? ". There" : " There"} are: ${there.slice(0, 12).join(", ")}`;
  return `there is no interface ${name}${meant}${list} (wirepact live --list-interfaces; libpcap: ${said})`;
}

export function missingRights(name: string, said: string): CaptureError {
  const why = `this user may not capture on ${name} (libpcap: ${said.replaceAll("\n", " ")}).`;
  if (process.platform !== "linux")
    return new CaptureError(
      `${why} Run it with sudo, or pipe a capture in: tcpdump -i ${name} -w - | wirepact check -`,
    );
  return new CaptureError(`${why} One of these helps:`, [
    `  sudo wirepact live -i ${name} …                       the rights are dropped again once it is open`,
    `  sudo setcap cap_net_raw,cap_net_admin+eip ${process.execPath}   gives every script of this node the right`,
    `  sudo usermod -aG wireshark $USER                      and --engine child: dumpcap holds the right`,
    `  ssh root@sensor tcpdump -i ${name} -w - | wirepact check - …`,
  ]);
}

/** What to do where this user may start tcpdump or dumpcap, and they may not capture. */
export const CHILD_RIGHTS: readonly string[] = [
  "One of these helps:",
  "  sudo wirepact live --engine child …       root starts it; the rights are dropped once it captures",
  "  sudo usermod -aG wireshark $USER          where the package lets that group run dumpcap with the right",
  "  sudo setcap cap_net_raw,cap_net_admin+eip $(command -v dumpcap)",
];

/** A program that captures says what is wrong with a filter; where libpcap is here as well, it is asked where. */
export async function refusedFilter(program: string, said: string, filter: string): Promise<UsageError> {
  const shown = await FileFilter.of(filter).then(
    () => null,
    (error: unknown) => (error instanceof UsageError && error.message.startsWith("-f:") ? error : null),
  );
  return shown ?? new UsageError(`-f: ${program} does not take this filter: ${said}\n  ${filter}`);
}
