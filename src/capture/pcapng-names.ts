import { formatIpv4, formatIpv6Bytes } from "../address.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import { u16be, u16le, u32be } from "./bytes.ts";

/** Types of name resolution records (draft-ietf-opsawg-pcapng, section 4.5), and the bytes of their addresses. */
const IPV4 = 1;
const IPV6 = 2;

/** Longest name in DNS (RFC 1035, section 2.3.4); a longer text is none. */
const NAME_BYTES = 255;

const TEXT = new TextDecoder();

/**
 * Reads the records of a name resolution block's body: an address, then one or more names that end with a zero byte.
 * A broken record ends the list and nothing else; names are only hints. Beyond `LIMITS.captureNames` they are counted.
 */
export function addHosts(
  hosts: { address: string; name: string }[],
  buf: Uint8Array,
  from: number,
  end: number,
  bigEndian: boolean,
  caps: CapCounter,
): void {
  let at = from;
  while (at + 4 <= end) {
    const type = bigEndian ? u16be(buf, at) : u16le(buf, at);
    const length = bigEndian ? u16be(buf, at + 2) : u16le(buf, at + 2);
    const value = at + 4;
    if (type === 0 || value + length > end) return;
    const addressBytes = type === IPV4 ? 4 : type === IPV6 ? 16 : length;
    if (addressBytes < length) {
      const address = type === IPV4 ? formatIpv4(u32be(buf, value)) : formatIpv6Bytes(buf, value);
      for (const name of names(buf.subarray(value + addressBytes, value + length))) {
        if (hosts.length >= LIMITS.captureNames) caps.hit("captureNames");
        else hosts.push({ address, name });
      }
    }
    at = value + ((length + 3) & ~3);
  }
}

function names(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    if (at > from && at - from <= NAME_BYTES) texts.push(TEXT.decode(bytes.subarray(from, at)));
    from = at + 1;
  }
  return texts;
}
