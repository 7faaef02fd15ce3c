/** Parts of Node that many runs never use, loaded when they are first wanted: each takes some milliseconds of a start. */
import type * as Crypto from "node:crypto";
import type * as Zlib from "node:zlib";

let crypto: typeof Crypto | null = null;
let zlib: typeof Zlib | null = null;

export function nodeCrypto(): typeof Crypto {
  crypto ??= process.getBuiltinModule("node:crypto");
  return crypto;
}

export function nodeZlib(): typeof Zlib {
  zlib ??= process.getBuiltinModule("node:zlib");
  return zlib;
}

/** 32 bits that nobody outside of this process knows. */
export function secretWord(): number {
  return nodeCrypto().randomInt(2 ** 32) | 0;
}
