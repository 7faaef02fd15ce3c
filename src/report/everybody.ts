/** Questions to everybody on a link, and who answered, for people. */
import { parseAddress } from "../address.ts";
import type { ConversationRow } from "./result.ts";

/** Devices that answered what everybody was asked. */
export function answerers({ operations }: ConversationRow): Set<string> {
  return new Set(operations.flatMap(({ sender_address }) => sender_address ?? []));
}

/** Groups, and what ends in 255: a question to it is one to all who hear it, and they are devices where they answer. */
export function isEverybody(text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  const first = Number.parseInt(address.hex.slice(0, 2), 16);
  if (address.family === "mac") return (first & 1) === 1;
  return address.family === 6 ? first === 0xff : first >= 224 || address.hex.endsWith("ff");
}

/** Hosts that answered and are named in a few words. */
const NAMED = 4;

/** `; answered by 10.0.0.6, 10.0.0.7`, or nothing. */
export function whoAnswered(addresses: readonly string[]): string {
  if (addresses.length === 0) return "";
  const more = addresses.length > NAMED ? ` and ${addresses.length - NAMED} more` : "";
  return `; answered by ${addresses.slice(0, NAMED).join(", ")}${more}`;
}
