/**
 * A message put together from pieces that come in any order, with gaps and doubles (QUIC's CRYPTO frames, fragments of DTLS).
 * Where two bring other bytes for the same place the first one's stay, and it is said: which of them the receiver took no
 * capture tells, and a name read from either proves nothing.
 */
export interface Piece {
  at: number;
  bytes: Uint8Array;
}

export interface Joined {
  /** All bytes without a gap from the first on. */
  whole: Uint8Array;
  disagrees: boolean;
}

/** Bytes beyond `most` are left out. */
export function join(pieces: readonly Piece[], most: number): Joined {
  const [only] = pieces;
  if (pieces.length === 1 && only!.at === 0) return { whole: only!.bytes.subarray(0, most), disagrees: false };
  const whole = new Uint8Array(
    pieces.reduce((end, { at, bytes }) => Math.max(end, Math.min(most, at + bytes.length)), 0),
  );
  const filled = new Uint8Array(whole.length);
  let disagrees = false;
  for (const { at, bytes } of pieces) {
    const end = Math.min(bytes.length, whole.length - at);
    for (let i = 0; i < end; i++) {
      if (filled[at + i] === 0) whole[at + i] = bytes[i]!;
      else if (whole[at + i] !== bytes[i]) disagrees = true;
      filled[at + i] = 1;
    }
  }
  const gap = filled.indexOf(0);
  return { whole: gap < 0 ? whole : whole.subarray(0, gap), disagrees };
}
