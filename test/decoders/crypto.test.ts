/** What QUIC's keys are made with, held against Node's own. */
import { createCipheriv, createHmac } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { encryptBlock } from "../../decoders/shared/aes.ts";
import { ShortHmac } from "../../decoders/shared/sha256.ts";

const bytes = (least: number, most = least) => fc.uint8Array({ minLength: least, maxLength: most });

test("HMAC of short messages is node:crypto's", (t) => {
  const hmac = new ShortHmac();
  const property = fc.property(bytes(0, 64), bytes(0, 55), bytes(0, 55), (key, ...messages) => {
    hmac.key(key);
    for (const message of messages) {
      const digest = new Uint8Array(32);
      hmac.digest(message, digest);
      t.deepEqual(Buffer.from(digest), createHmac("sha256", key).update(message).digest());
    }
  });
  fc.assert(property);
});

test("a secret may be replaced by its own digest", (t) => {
  const secret = new Uint8Array(32).fill(7);
  const expected = createHmac("sha256", "key").update(secret).digest();
  new ShortHmac().key(Buffer.from("key")).digest(secret, secret);
  t.deepEqual(Buffer.from(secret), expected);
});

test("a message of more than a block is refused", (t) => {
  t.throws(() => new ShortHmac().key(new Uint8Array(1)).digest(new Uint8Array(56), new Uint8Array(32)), {
    instanceOf: RangeError,
  });
});

test("a block of AES-128 is node:crypto's", (t) => {
  const property = fc.property(bytes(16), bytes(20), fc.integer({ min: 0, max: 4 }), (key, from, at) => {
    const block = new Uint8Array(16);
    encryptBlock(key, from, at, block);
    const cipher = createCipheriv("aes-128-ecb", key, null);
    t.deepEqual(Buffer.from(block), cipher.update(from.subarray(at, at + 16)));
  });
  fc.assert(property);
});
