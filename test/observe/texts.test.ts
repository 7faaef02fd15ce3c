/** Texts that are made faster than by the plain way are the same texts. */
import test from "ava";
import fc from "fast-check";
import { formatIpv4 } from "../../src/address.ts";
import { FAMILY_ETH } from "../../src/dissect/packet.ts";
import { AddressTable } from "../../src/flow/addresses.ts";
import { idText } from "../../src/observe/conversations.ts";
import { addressText } from "../../src/observe/flow-view.ts";

const word = fc.oneof(fc.constantFrom(0, 1, 9, 10, 0xffffffff, 0x80000000, 0x9abcdef0), fc.nat(0xffffffff));

test("a conversation's id is 16 hex digits", (t) => {
  const plain = (half: number): string => half.toString(16).padStart(8, "0");
  fc.assert(fc.property(word, word, (high, low) => idText([high, low]) === plain(high) + plain(low)));
  t.is(idText([0, 0xabcdef]), "0000000000abcdef");
});

test("an address has its own text, however many were asked for between", (t) => {
  const table = new AddressTable();
  // So many that each place of the remembered texts is asked for several.
  const words = fc.sample(word, 100_000).map((one) => one | 0);
  for (const one of [...words, ...words.slice(0, 1_000), ...words.slice(0, 1_000)])
    if (addressText(table, 4, one) !== formatIpv4(one >>> 0)) t.fail(`${one}: ${addressText(table, 4, one)}`);
  t.is(addressText(table, 4, 0x0a000001), "10.0.0.1");
  t.not(FAMILY_ETH as number, 4, "MAC addresses are no IPv4 addresses");
});
