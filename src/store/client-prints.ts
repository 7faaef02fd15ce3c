/** Who asked, as 32 bits: which of a thousand look-ups' clients are judged is found out without their text. Two may share a print. */
import type { LookupRow } from "../report/result.ts";

export function clientPrint(realm: string, client: string): number {
  return textPrint(client, textPrint(realm, FIRST));
}

/** Of these rows, each once. */
export function clientPrints(rows: readonly LookupRow[]): Uint8Array {
  const prints = new Set<number>();
  for (const { realm, client } of rows) prints.add(clientPrint(realm, client));
  return new Uint8Array(Uint32Array.from(prints).buffer);
}

/** FNV-1a over code units. */
function textPrint(text: string, before: number): number {
  let print = before;
  for (let i = 0; i < text.length; i++) print = Math.imul(print ^ text.charCodeAt(i), 0x01000193);
  return print >>> 0;
}
const FIRST = 0x811c9dc5;
