/**
 * Forms: what messages of a protocol always have, declared as tests of single bytes, so that what nobody knows is found out
 * without calling any decoder. `gateOf` puts the forms of all decoders into a table by first byte, which compiled code
 * reads (`flow/wasm/opening.ts`):
 *
 *      0          512                                           offsets in bytes
 *     ┌──────────┬──────────────────────────────────────┐
 *     │ 256 × 2  │ lists of forms, shared where alike   │      the index: where the list of a first byte begins
 *     └──────────┴──────────────────────────────────────┘      the first list: forms that any byte may begin
 *     list   count 1 │ forms
 *     form   least 2 │ fits 1 (255: none) · more 1 │ some: from 1 · to 1 · mask 1 │ tests 1 │ tests × (at · mask · least · most)
 *
 * All numbers are in the machine's order, lowest byte first.
 */
import { ANY_BYTE, type ByteSet, type Decoder, eachByte, type Form, isOnlyEther } from "./decoder.ts";

/** Whether bytes have the form: a whole datagram, or the first bytes of a stream, of which what is not there yet may follow. */
export function hasForm(form: Form, buf: Uint8Array, off: number, len: number, whole: boolean): boolean {
  if (!holds(form.first, buf[off]!)) return false;
  if (whole && len < (form.least ?? 1)) return false;
  for (const [at, mask, least, most = least] of form.bytes ?? []) {
    if (at >= len) {
      if (whole) return false;
      continue;
    }
    const byte = buf[off + at]! & mask;
    if (byte < least || byte > most) return false;
  }
  if (whole && form.fits !== undefined) {
    const { at, more } = form.fits;
    if (at + 1 >= len || ((buf[off + at]! << 8) | buf[off + at + 1]!) + more > len) return false;
  }
  if (form.some === undefined) return true;
  const [from, to, mask] = form.some;
  if (whole && len < to) return false;
  for (let i = from; i < to && i < len; i++) if ((buf[off + i]! & mask) !== 0) return true;
  return false;
}

export function holds(set: ByteSet, byte: number): boolean {
  return set.some((part) => (typeof part === "number" ? part === byte : part[0] <= byte && byte <= part[1]));
}

/** Bytes that a whole message of the form has at least: as said, and as its tests need. `hasForm` finds the same as it goes. */
function leastOf({ least = 1, bytes = [], fits, some }: Form): number {
  return Math.max(least, fits === undefined ? 1 : fits.at + 2, some?.[1] ?? 1, ...bytes.map(([at]) => at + 1));
}

const FIRST_BYTES = 256;
const NONE = 255;
const PORTS = 65_536;

/** What the tables say, as bytes. */
export interface Gates {
  /** Datagrams on ports that suggest no decoder, in flows that have no name; and those that may be a later one of a decoder. */
  datagram: Uint8Array;
  later: Uint8Array;
  /** The first bytes of a direction of TCP. */
  stream: Uint8Array;
  /** A bit a port, of UDP and of TCP: those that suggest a decoder. */
  hinted: { udp: Int32Array; tcp: Int32Array };
}
const GATES = new WeakMap<readonly Decoder[], Gates>();

/** Made once for a list of decoders. */
export function gatesOf(decoders: readonly Decoder[]): Gates {
  const known = GATES.get(decoders);
  if (known !== undefined) return known;
  const opening = (opens: ByteSet | undefined): readonly Form[] => [{ first: opens ?? ANY_BYTE }];
  const gates = {
    hinted: { udp: portBits(decoders, "udp"), tcp: portBits(decoders, "tcp") },
    datagram: gateOf(
      decoders.flatMap((d) =>
        d.looksDatagram === undefined || isOnlyEther(d) ? [] : (d.forms?.datagram ?? opening(d.opens?.datagram)),
      ),
    ),
    later: gateOf(decoders.flatMap((d) => d.later ?? [])),
    stream: gateOf(
      decoders.flatMap((d) => (d.looksStream === undefined ? [] : (d.forms?.stream ?? opening(d.opens?.stream)))),
    ),
  };
  GATES.set(decoders, gates);
  return gates;
}

function portBits(decoders: readonly Decoder[], transport: "udp" | "tcp"): Int32Array {
  const bits = new Int32Array(PORTS / 32);
  for (const { ports } of decoders) for (const port of ports[transport] ?? []) bits[port >>> 5]! |= 1 << (port & 31);
  return bits;
}

export function gateOf(forms: readonly Form[]): Uint8Array {
  const others = forms.filter((form) => !isAny(form));
  const own = others.map(written);
  // The list that a byte begins, by what stands in it; most bytes have one that another has too.
  const keys: string[] = Array.from({ length: FIRST_BYTES }, () => "");
  others.forEach(({ first }, i) => {
    eachByte(first, (byte) => {
      keys[byte] += String.fromCharCode(i);
    });
  });
  const lists = [listOf(forms.filter(isAny).map(written))];
  let end = 2 * FIRST_BYTES + lists[0]!.length;
  const index = new Uint16Array(FIRST_BYTES);
  const known = new Map<string, number>();
  keys.forEach((key, first) => {
    let at = known.get(key);
    if (at === undefined) {
      at = end;
      known.set(key, at);
      const list = listOf(Array.from(key, (i) => own[i.charCodeAt(0)]!));
      lists.push(list);
      end += list.length;
    }
    index[first] = at;
  });
  const table = new Uint8Array(end);
  index.forEach((at, first) => {
    table[2 * first] = at & 0xff;
    table[2 * first + 1] = at >> 8;
  });
  let at = 2 * FIRST_BYTES;
  for (const list of lists) {
    table.set(list, at);
    at += list.length;
  }
  return table;
}

function isAny({ first: [part, ...others] }: Form): boolean {
  return others.length === 0 && typeof part === "object" && part[0] === 0 && part[1] === 255;
}

function listOf(forms: readonly Uint8Array[]): Uint8Array {
  const list = new Uint8Array(forms.reduce((length, form) => length + form.length, 1));
  list[0] = forms.length;
  let at = 1;
  for (const form of forms) {
    list.set(form, at);
    at += form.length;
  }
  return list;
}

function written(form: Form): Uint8Array {
  const { bytes = [], fits, some } = form;
  const words = new Uint8Array(8 + 4 * bytes.length);
  const least = leastOf(form);
  words[0] = least & 0xff;
  words[1] = least >> 8;
  words[2] = fits?.at ?? NONE;
  words[3] = fits?.more ?? 0;
  if (some !== undefined) words.set(some, 4);
  words[7] = bytes.length;
  bytes.forEach(([at, mask, from, to = from], i) => {
    words.set([at, mask, from, to], 8 + 4 * i);
  });
  return words;
}
