/**
 * Ports that the models at hand document, by transport: where no packet says who opened a flow, the end with such a port
 * is taken for the responder. One client's datagrams to two documented ports are then two conversations, even where its
 * own port is lower than either. Wide ranges say nothing about a port, so they are left out.
 */
import type { Over } from "../model/types.ts";

/** Most ports of a range that is still meant port by port. */
const WIDEST = 64;
const BITS: Readonly<Record<string, number>> = { tcp: 1, udp: 2, sctp: 4, any: 7 };
const BY_PROTO: Readonly<Record<number, number>> = { 6: 1, 17: 2, 132: 4 };

export class DocumentedPorts {
  readonly #bits = new Uint8Array(0x1_0000);

  /** `parameter`: the value of one that stands for a port, null where it was not given. */
  add(over: Over, parameter: (name: string) => string | null): void {
    const bit = BITS[over.transport] ?? 0;
    for (const range of over.ports) {
      if (range.first >= 0 && range.last - range.first < WIDEST)
        for (let port = range.first; port <= range.last; port++) this.#bits[port]! |= bit;
      const value = range.parameter === null ? null : Number(parameter(range.parameter) ?? Number.NaN);
      if (value !== null && value >= 0 && value <= 0xffff) this.#bits[value]! |= bit;
    }
  }

  has(proto: number, port: number): boolean {
    return (this.#bits[port]! & (BY_PROTO[proto] ?? 0)) !== 0;
  }
}
