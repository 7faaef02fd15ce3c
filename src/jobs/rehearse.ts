/**
 * A rehearsal before a long capture: a few hundred made-up packets of every common kind, shown to an observer that is then
 * thrown away.
 *
 * V8 compiles a hot function for what it has seen of it. A capture begins with handshakes, so what reads packets one by one
 * was compiled without what data needs, thrown away when data came, compiled again without what comes at a connection's end,
 * and so on, each time with thousands of packets read the slow way meanwhile: 0.1 to 0.2 s of `small` in the bench. After a
 * rehearsal it is compiled once.
 */
import { PcapInput } from "../capture/pcap.ts";
import { readPcapHeader } from "../capture/pcap-header.ts";
import { Slab } from "../capture/slab.ts";
import type { ByteSource } from "../capture/source.ts";
import { Tally } from "../capture/tally.ts";
import type { Decoder } from "../decode/decoder.ts";
import { CapCounter } from "../limits.ts";
import { Observer } from "../observe/observation.ts";

const ROUNDS = 3;
const FLOWS = 4;
const EXCHANGES = 16;
const TCP = 6;
const UDP = 17;
const SYN = 0x02;
const ACK = 0x10;
const PUSH_ACK = 0x18;
const FIN_ACK = 0x11;
const RECORD = 16;
const FRAME = 60;
const START_SEC = 1_700_000_000;

/** Costs a few milliseconds. */
export async function rehearse(decoders: readonly Decoder[]): Promise<void> {
  const file = madeUp();
  for (let round = 0; round < ROUNDS; round++) {
    const header = readPcapHeader(file, 0, file.length);
    if (typeof header === "string") return;
    const slab = new Slab(file.length);
    const source = new Bytes(file);
    await slab.fill(source);
    const info = new Tally("", "");
    const caps = new CapCounter();
    const reader = new PcapInput(header, { info, packed: "", source, slab, caps, warn: () => {} });
    const observer = new Observer(reader.captures, decoders, caps, { watch: round * FLOWS });
    while (await reader.more()) observer.block(reader);
  }
}

/** Bytes in memory, in the place of a file. */
class Bytes implements ByteSource {
  readonly size: number;
  readonly cut = false;
  bytesRead = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }
  read(into: Uint8Array, at: number, length: number): number {
    const piece = this.#bytes.subarray(this.bytesRead, this.bytesRead + length);
    into.set(piece, at);
    this.bytesRead += piece.length;
    return piece.length;
  }
  async close(): Promise<void> {}
}

/** A capture of connections from their first packet to their last, and of datagrams, whose payload is no protocol. */
function madeUp(): Uint8Array {
  const packets: { flow: number; proto: number; back: boolean; flags: number; payload: number }[] = [];
  const all = (of: { back: boolean; flags: number; payload: number }) => {
    for (let flow = 0; flow < FLOWS; flow++) {
      const proto = flow % 2 === 0 ? TCP : UDP;
      if (proto === TCP || of.flags === PUSH_ACK) packets.push({ flow, proto, ...of });
    }
  };
  all({ back: false, flags: SYN, payload: 0 });
  all({ back: true, flags: SYN | ACK, payload: 0 });
  all({ back: false, flags: ACK, payload: 0 });
  for (let i = 0; i < EXCHANGES; i++) {
    all({ back: false, flags: PUSH_ACK, payload: 6 });
    all({ back: true, flags: PUSH_ACK, payload: 6 });
    all({ back: false, flags: ACK, payload: 0 });
  }
  all({ back: false, flags: FIN_ACK, payload: 0 });
  all({ back: true, flags: FIN_ACK, payload: 0 });

  const file = new Uint8Array(24 + packets.length * (RECORD + FRAME));
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 0xffff, true);
  view.setUint32(20, 1, true);
  const next = new Map<string, number>(); // sequence numbers
  packets.forEach(({ flow, proto, back, flags, payload }, i) => {
    const at = 24 + i * (RECORD + FRAME);
    view.setUint32(at, START_SEC, true);
    view.setUint32(at + 4, i, true);
    view.setUint32(at + 8, FRAME, true);
    view.setUint32(at + 12, FRAME, true);
    const ip = at + RECORD + 14;
    view.setUint16(ip - 2, 0x0800);
    view.setUint8(ip, 0x45);
    const transport = proto === TCP ? 20 : 8;
    view.setUint16(ip + 2, 20 + transport + payload);
    view.setUint16(ip + 4, i + 1);
    view.setUint8(ip + 8, 64);
    view.setUint8(ip + 9, proto);
    // Both orders of addresses, so that both directions are seen as either.
    const [client, server] = flow < FLOWS / 2 ? [0x0a000001, 0x0a000002] : [0x0a000004, 0x0a000003];
    view.setUint32(ip + 12, back ? server : client);
    view.setUint32(ip + 16, back ? client : server);
    view.setUint16(ip + 20, back ? 9_999 : 40_000 + flow);
    view.setUint16(ip + 22, back ? 40_000 + flow : 9_999);
    if (proto === UDP) {
      view.setUint16(ip + 24, 8 + payload);
    } else {
      const key = `${flow}${back}`;
      const seq = next.get(key) ?? 1_000;
      next.set(key, seq + payload + ((flags & (SYN | 1)) === 0 ? 0 : 1));
      view.setUint32(ip + 24, seq);
      view.setUint32(ip + 28, next.get(`${flow}${!back}`) ?? 0);
      view.setUint8(ip + 32, 0x50);
      view.setUint8(ip + 33, flags);
    }
    for (let b = 0; b < payload; b++) view.setUint8(ip + 20 + transport + b, 0x80 + ((i * 7 + b * 31) & 0x7f));
  });
  return file;
}
