/** Which decoder a port suggests: it orders the tries and fills `hint`, and never decides. */
import type { Decoder } from "./decoder.ts";

export interface Hints {
  udp: Uint8Array;
  tcp: Uint8Array;
  /** By EtherType: indices of the decoders that read it, in the registry's order. */
  eth: ReadonlyMap<number, readonly number[]>;
  /** Indices of the decoders that read SCTP's packets. */
  sctp: readonly number[];
}
const HINTS = new WeakMap<readonly Decoder[], Hints>();

/** Decoder index + 1 by port, made once for a list of decoders; the first of two with one port keeps it. */
export function hintsOf(decoders: readonly Decoder[]): Hints {
  const known = HINTS.get(decoders);
  if (known !== undefined) return known;
  const eth = new Map<number, number[]>();
  const sctp: number[] = [];
  const hints = { udp: new Uint8Array(65_536), tcp: new Uint8Array(65_536), eth, sctp };
  decoders.forEach((decoder, i) => {
    for (const port of decoder.ports.udp ?? []) hints.udp[port] ||= i + 1;
    for (const port of decoder.ports.tcp ?? []) hints.tcp[port] ||= i + 1;
    if (decoder.ports.sctp !== undefined) sctp.push(i);
    for (const type of decoder.ports.eth ?? []) eth.set(type, [...(eth.get(type) ?? []), i]);
  });
  HINTS.set(decoders, hints);
  return hints;
}
