/**
 * A message is a few bytes of a slab of megabytes. A decoder that searches the slab for a line's end, and not the message,
 * says the same and takes a thousand times as long for each message without one: no fixture shows it but this.
 */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";

/** Bytes that can be read one by one, or copied, and not be searched to their end. */
class Slab extends Uint8Array {
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }
  override indexOf(): number {
    throw new Error("the whole slab was searched: Cursor.find looks no farther than the message");
  }
  override lastIndexOf = (): number => this.indexOf();
  override includes = (): boolean => this.indexOf() >= 0;
}

const nothing = (): void => undefined;

for (const decoder of DECODERS) {
  test(`${decoder.id}: looks no farther than its message`, (t) => {
    for (const { bytes, at, cutOff, file, title } of fixturesOf(decoder.id)) {
      const slab = new Slab(bytes.length + 64);
      slab.set(bytes);
      for (let length = 1; length <= bytes.length; length += 1 + (length >> 5)) {
        const cursor = new Cursor().set(slab, 0, length, cutOff);
        const read = (): void => {
          try {
            if (at.transport === "tcp") {
              for (const started of [false, true]) {
                if (!started && decoder.looksStream?.(slab, 0, length) !== true) continue;
                decoder.stream?.(cursor.set(slab, 0, length, cutOff), nothing, { ...at, started, state: 0 });
              }
            } else if (decoder.looksDatagram?.(slab, 0, length) === true)
              decoder.datagram?.(cursor, nothing, { ...at });
          } catch (fault) {
            if (!(fault instanceof Fault)) throw fault;
          }
        };
        t.notThrows(read, `${file}: ${title}, ${length} bytes`);
      }
    }
  });
}
