/** With which TTLs addresses open connections: what `Ttls.syn` does, in the same memory (`flow/ttls.ts`, which has the drawing). */
import { E_META, E_RECORD, half, IP, RECORD, word } from "./packets";

/** Bytes of a place, and of what stands before the places. */
const PLACE: usize = 16;
const HEADER: usize = 16;
const LEVEL: usize = 4;
const MASK: usize = 8;
const LAST_LEVEL: i32 = 32;

let ttls: usize = 0;

/** Once: where it is; 0 where it has memory of its own. */
export function prepareTtls(at: usize): void {
  ttls = at;
}

/** Whether one more has room. Else the long way makes some. */
export function hasRoom(): bool {
  return ttls !== 0 && load<i32>(ttls) < <i32>((<u32>load<i32>(ttls, MASK) + 1) >> 2) * 3;
}

/** A SYN without ACK, with the options of an operating system. */
export function noteTtl(entry: usize, sec: i32): void {
  const frame = <usize>load<u32>(entry, E_RECORD) + RECORD;
  const ttl = <i32>load<u8>(frame, IP + 8);
  const named = ttl >= 33 && ttl <= 64 ? ttl - 33 : ttl >= 97 && ttl <= 128 ? ttl - 65 : -1;
  const address = word(frame + IP + 12);
  if (named < 0 || address === 0) return;
  const minute = <i32>(<u32>sec >> 6);
  const level = load<i32>(ttls, LEVEL);
  if (level > LAST_LEVEL) return;
  if (level > 0 && <u32>(minute * <i32>0x9e3779b1) >> <u32>(LAST_LEVEL - level) !== 0) return;
  const who = (load<i32>(entry, E_META) & ~0xffff) | half(frame + 6);
  const low = word(frame + 8);
  const when = (minute << 6) | named;
  const mixed = (address ^ (when * <i32>0x85ebca6b) ^ ((low + who) * <i32>0xc2b2ae35)) * <i32>0x9e3779b1;
  const mask = load<i32>(ttls, MASK);
  let place = (mixed ^ <i32>(<u32>mixed >> 15)) & mask;
  for (;;) {
    const at = ttls + HEADER + <usize>place * PLACE;
    const known = load<i32>(at);
    if (known === 0) {
      store<i32>(at, address);
      store<i32>(at, who, 4);
      store<i32>(at, low, 8);
      store<i32>(at, when, 12);
      store<i32>(ttls, load<i32>(ttls) + 1);
      return;
    }
    if (known === address && load<i32>(at, 4) === who && load<i32>(at, 8) === low && load<i32>(at, 12) === when) return;
    place = (place + 1) & mask;
  }
}
