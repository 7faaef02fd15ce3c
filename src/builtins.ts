/** Parts of Node that many runs never use, loaded when they are first wanted: each takes some milliseconds of a start. */
import type * as Crypto from "node:crypto";
import type * as V8 from "node:v8";
import type * as Zlib from "node:zlib";

let crypto: typeof Crypto | null = null;
let zlib: typeof Zlib | null = null;
let v8: typeof V8 | null = null;

export function nodeCrypto(): typeof Crypto {
  crypto ??= process.getBuiltinModule("node:crypto");
  return crypto;
}

export function nodeZlib(): typeof Zlib {
  zlib ??= process.getBuiltinModule("node:zlib");
  return zlib;
}

/** Brings streams with it. */
export function nodeV8(): typeof V8 {
  v8 ??= process.getBuiltinModule("node:v8");
  return v8;
}

/** 32 bits that nobody outside of this process knows. */
export function secretWord(): number {
  return nodeCrypto().randomInt(2 ** 32) | 0;
}
