/** Prefixes by arithmetic against `ip-num`. */
import test from "ava";
import fc from "fast-check";
import { formatIpv4 } from "../../src/address.ts";
import { parsePrefix, parseRange } from "../../src/model/ranges.ts";

/** What was read, or what is wrong. */
function read(parse: typeof parseRange, text: string): unknown {
  const said: unknown[] = [];
  const range = parse(text, (message, at) => said.push([message, at]));
  return { range, said };
}

const word = fc.nat({ max: 0xffff_ffff });
const network = fc
  .tuple(word, fc.nat({ max: 32 }))
  .map(([address, length]) => `${formatIpv4(length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0)}/${length}`);
const anything = fc
  .tuple(
    fc.array(fc.nat({ max: 300 }), { minLength: 3, maxLength: 5 }),
    fc.constantFrom("0", "01", "8", "24", "33", "x", ""),
  )
  .map(([parts, length]) => `${parts.join(".")}/${length}`);

test("a plain IPv4 network is what ip-num makes of it", (t) => {
  fc.assert(
    fc.property(network, (text) => {
      t.deepEqual(read(parseRange, text), read(parsePrefix, text));
    }),
  );
});

test("so is whatever is no network, with the same words", (t) => {
  fc.assert(
    fc.property(anything, (text) => {
      t.deepEqual(read(parseRange, text), read(parsePrefix, text));
    }),
  );
});

for (const text of ["0.0.0.0/0", "255.255.255.255/32", "128.0.0.0/1", "10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/08"]) {
  test(`${text} either way`, (t) => t.deepEqual(read(parseRange, text), read(parsePrefix, text)));
}
