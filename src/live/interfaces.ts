/** The interfaces that can be captured from, as libpcap lists them. */
import { formatIpv4, formatIpv6 } from "../address.ts";
import { CaptureError } from "../errors.ts";
import type { InterfaceInfo } from "./engine.ts";
import { ERROR_BYTES, errorText, type Native, type Pointer } from "./libpcap.ts";

/** `struct pcap_if`: next, name, description, addresses, flags (pcap_findalldevs(3PCAP)), and `struct pcap_addr`. */
const WORD = 8;
const IF = { next: 0, name: WORD, description: 2 * WORD, addresses: 3 * WORD, flags: 4 * WORD, bytes: 4 * WORD + 4 };
const ADDRESS = { next: 0, address: WORD, bytes: 2 * WORD };
const LOOPBACK = 1;
const UP = 2;
/** Addresses and interfaces listed at most: a list that points back at itself must end. */
const MOST = 4096;
const AF_INET = 2;
const AF_INET6 = process.platform === "linux" ? 10 : 30;

export function listInterfaces(native: Native): InterfaceInfo[] {
  const list = new Uint8Array(WORD);
  const error = new Uint8Array(ERROR_BYTES);
  if (native.pcap.findAll(list, error) !== 0)
    throw new CaptureError(`interfaces cannot be listed: ${errorText(error)}`);
  const first = word(list, 0);
  const found: InterfaceInfo[] = [];
  try {
    for (let at = first; at !== 0n && found.length < MOST; ) {
      const item = native.view(at, IF.bytes);
      const flags = new DataView(item.buffer).getUint32(IF.flags, true);
      found.push({
        name: native.text(word(item, IF.name)),
        description: word(item, IF.description) === 0n ? null : native.text(word(item, IF.description)),
        addresses: addressesOf(native, word(item, IF.addresses)),
        up: (flags & UP) !== 0,
        loopback: (flags & LOOPBACK) !== 0,
      });
      at = word(item, IF.next);
    }
  } finally {
    if (first !== 0n) native.pcap.freeAll(first);
  }
  return found;
}

function addressesOf(native: Native, first: Pointer): string[] {
  const found: string[] = [];
  for (let at = first, steps = 0; at !== 0n && steps < MOST; steps++) {
    const item = native.view(at, ADDRESS.bytes);
    const address = word(item, ADDRESS.address);
    if (address !== 0n) {
      const bytes = native.view(address, 28);
      const view = new DataView(bytes.buffer);
      const family = process.platform === "linux" ? view.getUint16(0, true) : view.getUint8(1);
      if (family === AF_INET) found.push(formatIpv4(view.getUint32(4)));
      if (family === AF_INET6)
        found.push(formatIpv6(view.getUint32(8), view.getUint32(12), view.getUint32(16), view.getUint32(20)));
    }
    at = word(item, ADDRESS.next);
  }
  return found;
}

function word(bytes: Uint8Array, at: number): Pointer {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
}
