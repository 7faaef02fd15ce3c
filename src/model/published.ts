/**
 * Address lists that a provider publishes and a site supplies (`ranges:`): JSON in whatever shape (Amazon's, Google's and
 * Azure's differ only in it), or text with one prefix a line.
 */
import { parseAddress } from "../address.ts";
import { FILE_CAPS } from "./caps.ts";
import { parseRange } from "./ranges.ts";
import type { AddressRange } from "./types.ts";

/** Every address and prefix in it, each once, in order of appearance. Throws an Error that says why there is none. */
export function readPublishedRanges(text: string): AddressRange[] {
  if (text.length > FILE_CAPS.rangeCharacters) throw new Error(`more than ${FILE_CAPS.rangeCharacters} characters`);
  const found = new Map<string, AddressRange>();
  const take = (word: string): void => {
    const slash = word.indexOf("/");
    if (parseAddress(slash < 0 ? word : word.slice(0, slash)) === null) return;
    const range = parseRange(word, (message) => {
      throw new Error(message);
    });
    if (range !== null) found.set(range.text, range);
    if (found.size > FILE_CAPS.ranges) throw new Error(`more than ${FILE_CAPS.ranges} prefixes`);
  };
  if (/^\s*[[{]/.test(text)) walkStrings(JSON.parse(text), take);
  else for (const line of text.split("\n")) take(line.replace(/#.*/, "").trim());
  if (found.size === 0) throw new Error("no address and no prefix in it; expected JSON or one prefix a line");
  return [...found.values()];
}

/** Every string in a JSON value, depth first in order; with a stack of its own, because the nesting is the file's. */
function walkStrings(root: unknown, take: (text: string) => void): void {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") take(value);
    else if (typeof value === "object" && value !== null) {
      const inner: unknown[] = Object.values(value);
      for (let i = inner.length - 1; i >= 0; i--) waiting.push(inner[i]);
    }
  }
}
