/** Initial packets of QUIC version 1 as a client seals them (RFC 9001 section 5): the other half of `quic-initial.ts`. */
import { createCipheriv, createHmac } from "node:crypto";
import { concat, hex } from "./hex.ts";
import { bytes, u16, u32 } from "./packets.ts";

const SALT = hex`38 76 2c f7 f5 59 34 b3 4d 17 9a e6 a4 c8 0c ad cc bb 7f 0a`;
/** A datagram with an Initial has at least so many bytes (RFC 9000 section 14.1). */
const SHORTEST = 1_200;

const sized = (id: Uint8Array): Uint8Array => concat([bytes(id.length), id]);

/** A CRYPTO frame (RFC 9000 section 19.6). */
export const crypto = (at: number, data: Uint8Array): Uint8Array =>
  concat([bytes(6), u16(0x4000 | at), u16(0x4000 | data.length), data]);

/** A datagram of one Initial packet, padded. `id`: the destination connection id, of which its keys are made. */
export function initial(id: Uint8Array, frames: readonly Uint8Array[], number = 0): Uint8Array {
  const secret = expand(createHmac("sha256", SALT).update(id).digest(), "client in", 32);
  const [key, iv, mask] = [
    expand(secret, "quic key", 16),
    expand(secret, "quic iv", 12),
    expand(secret, "quic hp", 16),
  ];
  const start = concat([bytes(0xc1), u32(1), sized(id), sized(new Uint8Array(0)), bytes(0)]); // packet numbers of two bytes
  const plain = concat(frames);
  const rest = Math.max(0, SHORTEST - start.length - 2 - 2 - 16 - plain.length);
  const body = concat([plain, new Uint8Array(rest)]);
  const header = concat([start, u16(0x4000 | (2 + body.length + 16)), u16(number)]);
  const nonce = Uint8Array.from(iv);
  nonce[10]! ^= number >> 8;
  nonce[11]! ^= number & 255;
  const gcm = createCipheriv("aes-128-gcm", key, nonce);
  gcm.setAAD(header);
  const sealed = concat([gcm.update(body), gcm.final(), gcm.getAuthTag()]);
  // The header is masked by bytes of what is sealed, 4 behind the packet number's start (section 5.4).
  const sum = createCipheriv("aes-128-ecb", mask, null).update(sealed.subarray(2, 18));
  header[0]! ^= sum[0]! & 0x0f;
  header[header.length - 2]! ^= sum[1]!;
  header[header.length - 1]! ^= sum[2]!;
  return concat([header, sealed]);
}

/** HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1), of one block. */
function expand(secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = `tls13 ${label}`;
  const info = Buffer.from(`\0${String.fromCharCode(length, name.length)}${name}\0\x01`, "latin1");
  return createHmac("sha256", secret).update(info).digest().subarray(0, length);
}
