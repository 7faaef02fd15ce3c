/** UTF-16 as Windows sends it, lowest byte first, or as BACnet does, highest first. */
import type { Cursor } from "../../src/decode/cursor.ts";

/** Text of `bytes` bytes up to its first zero: printable ASCII as it is, a backslash doubled, all else `\uNNNN`. */
export function readUtf16(c: Cursor, bytes: number, highestFirst = false): string {
  let text = "";
  let ended = false;
  for (let i = 0; i + 1 < bytes; i += 2) {
    const unit = highestFirst ? c.u16() : c.u16le();
    ended ||= unit === 0;
    if (ended) continue;
    if (unit === 0x5c) text += "\\\\";
    else if (unit >= 0x20 && unit < 0x7f) text += String.fromCharCode(unit);
    else text += `\\u${unit.toString(16).padStart(4, "0")}`;
  }
  if (bytes % 2 === 1) c.skip(1);
  return text;
}
