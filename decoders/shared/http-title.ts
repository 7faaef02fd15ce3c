/** What a controller says it is to whoever opens it in a browser: the title of its page, and for what it asks a password. */
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

/** Of the first of several challenges that has one (RFC 9110 section 11.6.1); some devices leave the quotes out. */
export function realmOf(challenges: readonly string[]): string {
  for (const challenge of challenges) {
    const found = /\brealm\s*=\s*(?:"([^"]+)"|([^\s",]+))/i.exec(challenge);
    const realm = (found?.[1] ?? found?.[2] ?? "").trim();
    if (realm !== "") return realm;
  }
  return "";
}
