/** Sizes as people type them. */
import { UsageError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** `64M`: binary units, as tcpdump and the kernel count. */
export function sizeOption(option: string, text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,12})([KMG]?)(?:i?B)?$/i.exec(text) ?? [];
  const bytes = Number(amount) * (UNITS[unit.toUpperCase()] ?? 1);
  if (amount === "" || bytes === 0) throw new UsageError(`${option} ${text}: expected a size such as 64M or 1G`);
  return bytes;
}
