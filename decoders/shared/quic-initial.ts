/**
 * Opens QUIC's Initial packets. Their keys come from the connection id that the client chose first, so everyone who
 * sees the packet can make them (RFC 9001 section 5): they keep off accidents, not readers.
 *
 *     ┌───────┬─────────┬──────┬──────┬───────┬────────┬───────────────┬──────────────────────┬──────────┐
 *     │ flags │ version │ DCID │ SCID │ token │ length │ packet number │ frames               │ tag 16   │
 *     └──*────┴────4────┴─1+n──┴─1+n──┴───────┴────────┴───*── 1 to 4 ─┴── AES-128-GCM ───────┴──────────┘
 *     * masked by AES-ECB of 16 bytes that begin 4 behind the packet number's start; the header is authenticated
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import type { QuicVersion } from "./quic-versions.ts";

const TAG_LENGTH = 16;
const SAMPLE_OFFSET = 4;
const SAMPLE_LENGTH = 16;

interface Keys {
  key: Uint8Array;
  iv: Uint8Array;
  hp: Uint8Array;
}

/** Keys of the packets that the client sends. `cid`: the first destination connection id, or that of a Retry. */
function clientKeys(version: QuicVersion, cid: Uint8Array): Keys | null {
  if (version.salt === null) return null;
  const initial = createHmac("sha256", version.salt).update(cid).digest(); // HKDF-Extract
  const client = expandLabel(initial, "client in", 32);
  return {
    key: expandLabel(client, `${version.label} key`, 16),
    iv: expandLabel(client, `${version.label} iv`, 12),
    hp: expandLabel(client, `${version.label} hp`, 16),
  };
}

/** HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) for 32 bytes at most, which one block of HMAC gives. */
function expandLabel(secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = `tls13 ${label}`;
  const info = Buffer.from(`\0${String.fromCharCode(length, name.length)}${name}\0\x01`, "latin1");
  return createHmac("sha256", secret).update(info).digest().subarray(0, length);
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
  const keys = clientKeys(version, cid);
  if (keys === null) return null;
  const ecb = createCipheriv("aes-128-ecb", keys.hp, null);
  const mask = ecb.update(buf.subarray(sample, sample + SAMPLE_LENGTH));
  const flags = buf[start]! ^ (mask[0]! & 0x0f);
  const numberLength = (flags & 3) + 1;
  const header = buf.slice(start, numberAt + numberLength);
  header[0] = flags;
  const nonce = Uint8Array.from(keys.iv);
  for (let i = 0; i < numberLength; i++) {
    const b = buf[numberAt + i]! ^ mask[1 + i]!;
    header[numberAt - start + i] = b;
    nonce[nonce.length - numberLength + i]! ^= b; // the first packets' numbers are not shortened
  }
  const body = numberAt + numberLength;
  if (body + TAG_LENGTH > end) return null;
  const gcm = createDecipheriv("aes-128-gcm", keys.key, nonce);
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
