/**
 * HMAC with SHA-256 (FIPS 180-4, RFC 2104) of messages that fit one block, as keys are derived: no object is made for any
 * of them. `node:crypto` takes eight times as long for as little, nearly all of it for its objects.
 */

// biome-ignore format: eight a line
const ROUND = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);
const START = Int32Array.of(
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a],
  ...[0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
);
const BLOCK = 64;
const DIGEST = 32;
/** A message's end takes a bit and its length: 9 bytes. */
const LONGEST = BLOCK - 9;

/** The block at hand, and what its rounds are given. */
const BYTES = new Uint8Array(BLOCK);
const VIEW = new DataView(BYTES.buffer);
const WORDS = new Int32Array(64);
const STATE = new Int32Array(8);

/** HMAC under one key of 64 bytes at most; what the key makes of both hashes is kept. */
export class ShortHmac {
  readonly #inner = new Int32Array(8);
  readonly #outer = new Int32Array(8);

  key(key: Uint8Array): this {
    this.#begin(this.#inner, key, 0x36);
    this.#begin(this.#outer, key, 0x5c);
    return this;
  }

  /** Writes the 32 bytes of a message's HMAC, of 55 bytes at most, to `to`, which may be the message. */
  digest(message: Uint8Array, to: Uint8Array): void {
    if (message.length > LONGEST) throw new RangeError(`${message.length} bytes are more than a block`);
    BYTES.fill(0);
    BYTES.set(message);
    finish(this.#inner, message.length);
    for (let i = 0; i < 8; i++) VIEW.setInt32(4 * i, STATE[i]!);
    BYTES.fill(0, DIGEST);
    finish(this.#outer, DIGEST);
    for (let i = 0; i < DIGEST; i++) to[i] = STATE[i >> 2]! >>> (24 - 8 * (i & 3));
  }

  #begin(state: Int32Array, key: Uint8Array, pad: number): void {
    BYTES.fill(pad);
    for (let i = 0; i < key.length; i++) BYTES[i]! ^= key[i]!;
    state.set(START);
    compress(state);
  }
}

/** Hashes what stands in the block as the last one behind a first of 64 bytes. */
function finish(begun: Int32Array, length: number): void {
  BYTES[length] = 0x80;
  VIEW.setInt32(BLOCK - 4, 8 * (BLOCK + length));
  STATE.set(begun);
  compress(STATE);
}

/** FIPS 180-4 section 6.2.2, over the block at hand. */
function compress(state: Int32Array): void {
  for (let i = 0; i < 16; i++) WORDS[i] = VIEW.getInt32(4 * i);
  for (let i = 16; i < 64; i++) {
    const x = WORDS[i - 15]!;
    const y = WORDS[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    WORDS[i] = WORDS[i - 16]! + s0 + WORDS[i - 7]! + s1;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i]! + WORDS[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}
