/** The title of a page that a controller serves: what it says it is to whoever opens it in a browser. */
import { escapeBytes } from "../../src/decode/cursor.ts";
import type { HttpHead } from "./http-head.ts";

/** How far into a page its title is looked for. */
export const TITLE_WITHIN = 4_096;
const TITLE = /<title[^>]{0,64}>([^<]*)<\/title/i;

/** An answer whose body is a page in clear, the server's own. */
export function isPage({ status, fields, cut }: HttpHead): boolean {
  const type = fields.get("content-type")?.[0] ?? "";
  if (cut || status !== 200 || !/^(?:text\/html|application\/xhtml\+xml)\b/i.test(type)) return false;
  return !fields.has("via") && !fields.has("content-encoding");
}

/** The title in these bytes of a page, its white space made single spaces; null where none has come yet. */
export function titleOf(buf: Uint8Array, from: number, to: number): string | null {
  const title = TITLE.exec(escapeBytes(buf, from, to))?.[1];
  return title === undefined ? null : title.replaceAll(/(?:\\x0[9ad]|\s)+/g, " ").trim();
}
