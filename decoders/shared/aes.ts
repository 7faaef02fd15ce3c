/**
 * One block of AES-128 (FIPS 197), for QUIC's header protection. `node:crypto` takes ten times as long for a single block,
 * nearly all of it for making a cipher.
 */
const ROUNDS = 10;
const SBOX = substitutions();

const KEY = new Uint8Array(16);
const NEXT = new Uint8Array(16);

/** Encrypts the 16 bytes of `from` at `at` under `key`, 16 bytes, into `block`. */
export function encryptBlock(key: Uint8Array, from: Uint8Array, at: number, block: Uint8Array): void {
  for (let i = 0; i < 16; i++) {
    KEY[i] = key[i]!;
    block[i] = from[at + i]! ^ KEY[i]!;
  }
  let constant = 1;
  for (let round = 1; round <= ROUNDS; round++) {
    // The rows of the state, byte i in row i mod 4, are shifted as they are substituted.
    for (let i = 0; i < 16; i++) NEXT[i] = SBOX[block[(i * 5) & 15]!]!;
    nextKey(constant);
    constant = double(constant);
    for (let i = 0; i < 16; i += 4) {
      const a = NEXT[i]!;
      const b = NEXT[i + 1]!;
      const c = NEXT[i + 2]!;
      const d = NEXT[i + 3]!;
      const mixes = round < ROUNDS;
      const all = a ^ b ^ c ^ d;
      block[i] = (mixes ? a ^ all ^ double(a ^ b) : a) ^ KEY[i]!;
      block[i + 1] = (mixes ? b ^ all ^ double(b ^ c) : b) ^ KEY[i + 1]!;
      block[i + 2] = (mixes ? c ^ all ^ double(c ^ d) : c) ^ KEY[i + 2]!;
      block[i + 3] = (mixes ? d ^ all ^ double(d ^ a) : d) ^ KEY[i + 3]!;
    }
  }
}

/** The key of the next round in the place of this one's. */
function nextKey(constant: number): void {
  KEY[0]! ^= SBOX[KEY[13]!]! ^ constant;
  KEY[1]! ^= SBOX[KEY[14]!]!;
  KEY[2]! ^= SBOX[KEY[15]!]!;
  KEY[3]! ^= SBOX[KEY[12]!]!;
  for (let i = 4; i < 16; i++) KEY[i]! ^= KEY[i - 4]!;
}

/** Times x in GF(2⁸). */
function double(value: number): number {
  return ((value << 1) ^ ((value >> 7) * 0x11b)) & 0xff;
}

/** Section 5.1.1: inverses in GF(2⁸), and an affine map; walked as powers of 3 and of its inverse. */
function substitutions(): Uint8Array {
  const box = new Uint8Array(256);
  let power = 1;
  let inverse = 1;
  do {
    power ^= double(power);
    inverse ^= inverse << 1;
    inverse ^= inverse << 2;
    inverse ^= inverse << 4;
    inverse &= 0xff;
    if ((inverse & 0x80) !== 0) inverse ^= 0x09;
    const turned = inverse * 0x101; // so that shifts turn
    box[power] = 0x63 ^ turned ^ (turned >> 7) ^ (turned >> 6) ^ (turned >> 5) ^ (turned >> 4);
  } while (power !== 1);
  box[0] = 0x63;
  return box;
}
