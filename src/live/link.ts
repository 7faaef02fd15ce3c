/** What an interface is at the moment: libpcap waits for one that went down without saying so. */
import type { Native } from "./libpcap.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCGIFFLAGS = 0x8913;
/** `struct ifreq`: a name of 16 bytes, then the flags. */
const REQUEST_BYTES = 40;
const FLAGS_AT = 16;
const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const IFF_RUNNING = 0x40;

let descriptor = -1;

/** True where it is up and a cable is in it, or where the system does not say. */
export function linkIsUp(native: Native, name: string): boolean {
  const wanted = IFF_UP | IFF_RUNNING;
  return ((flagsOf(native, name) ?? wanted) & wanted) === wanted;
}

export function isLoopback(native: Native, name: string): boolean {
  return ((flagsOf(native, name) ?? 0) & IFF_LOOPBACK) !== 0;
}

/** netdevice(7); null where the system does not say. */
function flagsOf(native: Native, name: string): number | null {
  const { openSocket, ioctl } = native.c;
  if (openSocket === null || ioctl === null) return null;
  if (descriptor < 0) descriptor = openSocket(AF_INET, SOCK_DGRAM, 0);
  const request = new Uint8Array(REQUEST_BYTES);
  request.set(new TextEncoder().encode(name).subarray(0, FLAGS_AT - 1));
  if (descriptor < 0 || ioctl(descriptor, SIOCGIFFLAGS, request) !== 0) return null;
  return new DataView(request.buffer).getUint16(FLAGS_AT, true);
}
