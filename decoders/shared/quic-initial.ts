/**
 * Opens QUIC's Initial packets. Their keys come from the connection id that the client chose first, so everyone who
 * sees the packet can make them (RFC 9001 section 5): they keep off accidents, not readers.
 *
 *     ┌───────┬─────────┬──────┬──────┬───────┬────────┬───────────────┬──────────────────────┬──────────┐
 *     │ flags │ version │ DCID │ SCID │ token │ length │ packet number │ frames               │ tag 16   │
 *     └──*────┴────4────┴─1+n──┴─1+n──┴───────┴────────┴───*── 1 to 4 ─┴── AES-128-GCM ───────┴──────────┘
 *     * masked by AES-ECB of 16 bytes that begin 4 behind the packet number's start; the header is authenticated
 */
import { nodeCrypto } from "../../src/builtins.ts";
import { encryptBlock } from "./aes.ts";
import type { QuicVersion } from "./quic-versions.ts";
import { ShortHmac } from "./sha256.ts";

const TAG_LENGTH = 16;
const SAMPLE_OFFSET = 4;
const SAMPLE_LENGTH = 16;
const RESERVED = 0x0c; // bits of an Initial's first byte that are zero beneath the mask (RFC 9000 section 17.2)

/** For one packet at a time: the secrets, what they are made with, and what comes of them. */
const SALTED = new Map<Uint8Array, ShortHmac>();
const KEYED = new ShortHmac();
const SECRET = new Uint8Array(32);
const HEADER_KEY = new Uint8Array(32);
const MASK = new Uint8Array(16);
const IV_LENGTH = 12;

/** Gets ready to derive the keys of packets that the client sends. `cid`: the first destination connection id, or a Retry's. */
function deriveFrom(salt: Uint8Array, cid: Uint8Array): void {
  let salted = SALTED.get(salt);
  if (salted === undefined) {
    salted = new ShortHmac().key(salt);
    SALTED.set(salt, salted);
  }
  salted.digest(cid, SECRET); // HKDF-Extract
  KEYED.key(SECRET).digest(label("client in", 32), SECRET);
  KEYED.key(SECRET);
}

const LABELS = new Map<string, Uint8Array>();

/** What HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) hashes for 32 bytes at most, which one block of HMAC gives. */
function label(text: string, length: number): Uint8Array {
  let info = LABELS.get(text);
  if (info === undefined) {
    const name = `tls13 ${text}`;
    info = Buffer.from(`\0${String.fromCharCode(length, name.length)}${name}\0\x01`, "latin1");
    LABELS.set(text, info);
  }
  return info;
}

/** A key of its own: a cipher keeps it. */
function derived(text: string, length: number): Uint8Array {
  const key = new Uint8Array(32);
  KEYED.digest(label(text, length), key);
  return key.subarray(0, length);
}

/**
 * The frames of a client's Initial packet in `buf` from `start` to `end`, whose packet number begins at `numberAt`; null
 * where these are not its keys, or a byte of it is not as it was sent.
 */
export function openInitial(
  version: QuicVersion,
  cid: Uint8Array,
  buf: Uint8Array,
  start: number,
  numberAt: number,
  end: number,
): Uint8Array | null {
  const sample = numberAt + SAMPLE_OFFSET;
  if (sample + SAMPLE_LENGTH > end) return null;
  if (version.salt === null) return null;
  deriveFrom(version.salt, cid);
  KEYED.digest(label(`${version.label} hp`, 16), HEADER_KEY);
  encryptBlock(HEADER_KEY, buf, sample, MASK);
  const flags = buf[start]! ^ (MASK[0]! & 0x0f);
  if ((flags & RESERVED) !== 0) return null; // three of four packets that have other keys end here
  const numberLength = (flags & 3) + 1;
  const body = numberAt + numberLength;
  if (body + TAG_LENGTH > end) return null;
  const header = buf.slice(start, body);
  header[0] = flags;
  const nonce = derived(`${version.label} iv`, IV_LENGTH);
  for (let i = 0; i < numberLength; i++) {
    const b = buf[numberAt + i]! ^ MASK[1 + i]!;
    header[numberAt - start + i] = b;
    nonce[IV_LENGTH - numberLength + i]! ^= b; // the first packets' numbers are not shortened
  }
  const gcm = nodeCrypto().createDecipheriv("aes-128-gcm", derived(`${version.label} key`, 16), nonce);
  gcm.setAAD(header);
  gcm.setAuthTag(buf.subarray(end - TAG_LENGTH, end));
  const frames = gcm.update(buf.subarray(body, end - TAG_LENGTH));
  try {
    gcm.final();
  } catch {
    return null; // the tag does not hold: that is what it is for
  }
  return frames;
}
