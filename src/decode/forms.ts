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
import { ANY_BYTE, type ByteSet, type Decoder, type Form, isOnlyEther } from "./decoder.ts";
import { hintsOf } from "./hints.ts";

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
  const { udp, tcp } = hintsOf(decoders);
  const gates = {
    hinted: { udp: portBits(udp), tcp: portBits(tcp) },
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

function portBits(hints: ArrayLike<number>): Int32Array {
  const bits = new Int32Array(PORTS / 32);
  for (let port = 0; port < PORTS; port++) if (hints[port] !== 0) bits[port >>> 5]! |= 1 << (port & 31);
  return bits;
}

export function gateOf(forms: readonly Form[]): Uint8Array {
  const index = new Uint16Array(FIRST_BYTES);
  const bytes: number[] = listOf(forms.filter(isAny).map(written));
  const lists: number[][] = Array.from({ length: FIRST_BYTES }, () => []);
  const others = forms.filter((form) => !isAny(form));
  const own = others.map(written);
  others.forEach(({ first }, i) => {
    for (const part of first) {
      const [from, to] = typeof part === "number" ? [part, part] : part;
      for (let byte = from; byte <= to; byte++) if (lists[byte]!.at(-1) !== i) lists[byte]!.push(i);
    }
  });
  const known = new Map<string, number>();
  lists.forEach((list, first) => {
    const key = list.join();
    const at = known.get(key) ?? bytes.length;
    if (at === bytes.length) bytes.push(...listOf(list.map((i) => own[i]!)));
    known.set(key, at);
    index[first] = 2 * FIRST_BYTES + at;
  });
  const table = new Uint8Array(2 * FIRST_BYTES + bytes.length);
  index.forEach((at, first) => {
    table[2 * first] = at & 0xff;
    table[2 * first + 1] = at >> 8;
  });
  table.set(bytes, 2 * FIRST_BYTES);
  return table;
}

function isAny({ first: [part, ...others] }: Form): boolean {
  return others.length === 0 && typeof part === "object" && part[0] === 0 && part[1] === 255;
}

const listOf = (forms: readonly number[][]): number[] => [forms.length, ...forms.flat()];

function written(form: Form): number[] {
  const least = leastOf(form);
  const { bytes = [], fits, some = [0, 0, 0] } = form;
  const tests = bytes.flatMap(([at, mask, from, to = from]) => [at, mask, from, to]);
  return [least & 0xff, least >> 8, fits?.at ?? NONE, fits?.more ?? 0, ...some, bytes.length, ...tests];
}
