/** What walking all ranges would find. */
import test from "ava";
import fc from "fast-check";
import { AddressIndex, Ipv4Set } from "../../src/conform/address-index.ts";
import type { AddressRange } from "../../src/model/types.ts";

const hex = (word: number): string => word.toString(16).padStart(8, "0");
/** Few addresses, and the ends of all, so that ranges touch and lie in each other. */
const word = fc.oneof(fc.nat(12), fc.constantFrom(0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff));
const range = fc.tuple(word, word).map(([a, b]): AddressRange => {
  const [first, last] = [Math.min(a, b), Math.max(a, b)];
  return { text: `${first}-${last}`, family: 4, first: hex(first), last: hex(last) };
});
const has = ({ first, last }: AddressRange, address: number): boolean => first <= hex(address) && hex(address) <= last;

test("an index finds all ranges that hold an address, and a set says whether there is one", (t) => {
  const property = fc.property(fc.array(range, { maxLength: 8 }), word, (ranges, address) => {
    const holding = ranges.filter((one) => has(one, address));
    const index = new AddressIndex(ranges.map((one) => [one, one.text] as const));
    t.deepEqual(index.at(4, hex(address)).sort(), holding.map(({ text }) => text).sort());
    for (const signed of [address, address | 0]) t.is(new Ipv4Set(ranges).has(signed), holding.length > 0);
  });
  fc.assert(property, { numRuns: 2000 });
});

test("addresses of other families are in no set of IPv4", (t) => {
  const v6: AddressRange = { text: "::/0", family: 6, first: "0".repeat(32), last: "f".repeat(32) };
  t.false(new Ipv4Set([v6]).has(0));
});
