/**
 * Sends frames on an interface as fast as the kernel takes them, or at a rate: filler of known flows, and among it new
 * connections whose first packets are a real TLS connection's. Prints how many were sent, as JSON.
 *
 *     node live-sender.js IFACE SECONDS PACKETS_PER_SECOND NEW_FLOWS_PER_SECOND CAPTURE [FILLER_FLOWS [FLOWS_PER_HOST]]
 *
 * CAPTURE gives the connection: its first TLS connection is sent again and again from other ports and addresses; "" for none. A
 * rate of 0 is as fast as it goes. Filler comes from 10.77.0.2, in 1,000 flows to 16 hosts where nothing else is said. Linux on 64
 * bits, as root.
 */
import koffi from "koffi";
import { NEXT_FRAME } from "../src/capture/frame.ts";
import { openCaptures } from "../src/capture/open.ts";

const [device = "", seconds = "5", rate = "0", newFlows = "0", capture = "", filling = "1000", perHost = "64"] =
  process.argv.slice(2);

const BATCH = 256;
const ROOM = 2048;
const MSG = 64; // struct mmsghdr: a msghdr of 56, a length, padding
const IOV = 16;
const FILLER_FLOWS = Number(filling);
const FLOWS_PER_HOST = Number(perHost);
/** Filler's ports: above those that applications are known by. */
const FIRST_PORT = 20_000;
const PORTS = 40_000;
const FILLER_BYTES = 60;

const c = koffi.load(null);
const socket = c.func("socket", "int", ["int", "int", "int"]);
const bind = c.func("bind", "int", ["int", "uint8_t *", "uint"]);
const sendmmsg = c.func("sendmmsg", "int", ["int", "void *", "uint", "int"]);
const index: number = c.func("if_nametoindex", "uint", ["str"])(device);

const AF_PACKET = 17;
const descriptor: number = socket(AF_PACKET, 3, 0);
const address = new Uint8Array(20); // struct sockaddr_ll
const at = new DataView(address.buffer);
at.setUint16(0, AF_PACKET, true);
at.setUint16(2, 0x0003);
at.setInt32(4, index, true);
if (descriptor < 0 || bind(descriptor, address, 20) !== 0) throw new Error(`${device} cannot be sent on`);

const bytes = BATCH * (MSG + IOV + ROOM);
const memory: bigint = koffi.alloc("uint8_t", bytes);
const view = new DataView(koffi.view(memory, bytes));
const all = new Uint8Array(view.buffer);
const iovAt = BATCH * MSG;
const dataAt = iovAt + BATCH * IOV;
all.fill(0);
for (let i = 0; i < BATCH; i++) {
  view.setBigUint64(i * MSG + 16, memory + BigInt(iovAt + i * IOV), true); // msg_iov
  view.setBigUint64(i * MSG + 24, 1n, true); // msg_iovlen
  view.setBigUint64(iovAt + i * IOV, memory + BigInt(dataAt + i * ROOM), true);
}

const connection = capture === "" ? [] : await firstTlsConnection(capture);
let sent = 0;
let connections = 0;
/** Frames of connections that are still to be sent. */
const waiting: { frame: Uint8Array; number: number }[] = [];
const perSecond = Number(rate);
const began = performance.now();
const endsAt = began + Number(seconds) * 1000;
for (let now = began; now < endsAt; now = performance.now()) {
  const elapsed = (now - began) / 1000;
  const due = perSecond === 0 ? BATCH : Math.min(BATCH, Math.floor(elapsed * perSecond) - sent);
  if (due <= 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    continue;
  }
  while (connection.length > 0 && connections < elapsed * Number(newFlows) && waiting.length < 10_000) {
    for (const frame of connection) waiting.push({ frame, number: connections });
    connections++;
  }
  for (let i = 0; i < due; i++) {
    // Every second frame belongs to a connection while one waits, so that both kinds flow.
    const next = (i & 1) === 0 ? waiting.shift() : undefined;
    view.setBigUint64(
      iovAt + i * IOV + 8,
      BigInt(next === undefined ? filler(i) : copy(i, next.frame, next.number)),
      true,
    );
  }
  const came: number = sendmmsg(descriptor, memory, due, 0);
  if (came > 0) sent += came;
}
process.stdout.write(`${JSON.stringify({ sent, connections, seconds: (performance.now() - began) / 1000 })}\n`);

function filler(slot: number): number {
  const off = dataAt + slot * ROOM;
  const flow = (sent + slot) % FILLER_FLOWS;
  all.fill(0, off, off + FILLER_BYTES);
  all.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46], off);
  view.setUint16(off + 18, (sent + slot) & 0xffff); // IP ID
  all.set([64, 17], off + 22);
  view.setUint32(off + 26, 0x0a4d0002);
  view.setUint32(off + 30, 0x0a4d0100 + Math.floor(flow / FLOWS_PER_HOST));
  view.setUint16(off + 34, FIRST_PORT + (flow % PORTS));
  view.setUint16(off + 36, 9);
  view.setUint16(off + 38, 26);
  view.setUint32(off + 42, sent + slot);
  return FILLER_BYTES;
}

/** A frame of the connection, as if from its `number`th client port. */
function copy(slot: number, frame: Uint8Array, number: number): number {
  const off = dataAt + slot * ROOM;
  const length = Math.min(frame.length, ROOM);
  all.set(frame.subarray(0, length), off);
  const port = 1024 + (number % 60_000);
  const host = Math.floor(number / 60_000) & 0xff;
  const transport = off + 14 + ((all[off + 14]! & 15) << 2);
  const toServer = view.getUint16(transport + 2) === 443;
  view.setUint16(transport + (toServer ? 0 : 2), port);
  all[(toServer ? off + 26 : off + 30) + 2] = host;
  return length;
}

/** Frames of the first TLS connection of a capture, without a VLAN tag. */
async function firstTlsConnection(path: string): Promise<Uint8Array[]> {
  const reader = await openCaptures([{ path }]);
  const frames: Uint8Array[] = [];
  let key = -1;
  while (await reader.more()) {
    while (reader.next() === NEXT_FRAME) {
      const { buf, off, capLen } = reader.frame;
      const tagged = buf[off + 12] === 0x81 && buf[off + 13] === 0;
      const plain = new Uint8Array(capLen - (tagged ? 4 : 0));
      plain.set(buf.subarray(off, off + 12));
      plain.set(buf.subarray(off + (tagged ? 16 : 12), off + capLen), 12);
      const ip = new DataView(plain.buffer);
      if (ip.getUint16(12) !== 0x0800 || plain[23] !== 6) continue;
      const transport = 14 + ((plain[14]! & 15) << 2);
      const [from, to] = [ip.getUint16(transport), ip.getUint16(transport + 2)];
      if (from !== 443 && to !== 443) continue;
      const client = from === 443 ? to : from;
      if (key < 0 && to === 443 && (plain[transport + 13]! & 0x12) === 2) key = client;
      if (client === key) frames.push(plain);
    }
  }
  await reader.close();
  return frames.slice(0, 40);
}
