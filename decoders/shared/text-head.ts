/**
 * Heads of text protocols in HTTP's manner (SSDP, SIP): a start line and header fields up to an empty line.
 * Lines end by CRLF, or by a bare LF as recipients take them; a field goes on in a line that begins with a blank.
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";

export interface TextHead {
  start: string;
  /** By name in lower case; of fields that come more than once the first. */
  fields: Map<string, string>;
  /** The empty line was there. */
  whole: boolean;
}

const LF = 10;
const CR = 13;
const MOST_FIELDS = 128;

/**
 * Reads a head at the cursor and leaves the cursor behind it. Without its empty line what is whole is told, and the
 * cursor stands at its end. Null where the bytes are no text.
 */
export function readTextHead(c: Cursor): TextHead | null {
  c.part = "head";
  const head: TextHead = { start: "", fields: new Map(), whole: false };
  let name = "";
  for (let first = true; c.left > 0; first = false) {
    const line = readLine(c);
    if (line === null) return head;
    if (line === "") {
      if (first) return null;
      head.whole = true;
      return head;
    }
    if (first) head.start = line;
    else if ((line.startsWith(" ") || line.startsWith("\\x09")) && name !== "") continue;
    else {
      const colon = line.indexOf(":");
      if (colon <= 0) return null;
      name = line.slice(0, colon).trim().toLowerCase();
      if (!head.fields.has(name) && head.fields.size < MOST_FIELDS) head.fields.set(name, line.slice(colon + 1).trim());
    }
  }
  return head;
}

/** A line without its end; null, and the cursor at the end, where that is not there. */
function readLine(c: Cursor): string | null {
  const end = c.find(LF);
  if (end < 0) {
    c.pos = c.end;
    return null;
  }
  const stop = end > c.pos && c.buf[end - 1] === CR ? end - 1 : end;
  const text = escapeBytes(c.buf, c.pos, stop);
  c.pos = end + 1;
  return text;
}

/** Whether the bytes begin with the text, as far as they go. Allocates nothing. */
export function beginsWith(buf: Uint8Array, off: number, len: number, text: string): boolean {
  const count = Math.min(len, text.length);
  for (let i = 0; i < count; i++) if (buf[off + i] !== text.charCodeAt(i)) return false;
  return true;
}
