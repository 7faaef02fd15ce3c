import test from "ava";
import { editDistance, nearest, quote, unknownWord } from "../src/words.ts";

for (const [a, b, distance] of [
  ["", "", 0],
  ["", "abc", 3],
  ["region", "region", 0],
  ["regoin", "region", 1],
  ["kitten", "sitting", 3],
  ["ca", "abc", 3],
  ["gp4.com", "gp4f.com", 1],
] as const) {
  test(`${quote(a)} is ${distance} from ${quote(b)}`, (t) => {
    t.is(editDistance(a, b), distance);
    t.is(editDistance(b, a), distance);
  });
}

test("the nearest word, where one is near", (t) => {
  const words = ["client", "gateway", "tls"];
  t.is(nearest("gatway", words), "gateway");
  t.is(nearest("GATEWAY", words), "gateway");
  t.is(nearest("tsl", words), "tls");
  t.is(nearest("server", words), null);
  t.is(nearest("x".repeat(10_000), words), null);
});

test("an unknown word is told with what is known", (t) => {
  t.is(
    unknownWord("role", "clint", ["client", "gateway"]),
    'unknown role "clint", did you mean "client"? Known: client, gateway',
  );
  t.is(unknownWord("role", "server", ["client"]), 'unknown role "server". Known: client');
  t.is(unknownWord("role", "server", []), 'unknown role "server", none is known here');
  const many = Array.from({ length: 40 }, (_, i) => `word-${i}`);
  t.is(unknownWord("word", "elephant", many), 'unknown word "elephant"');
});

test("what people typed cannot act on a terminal", (t) => {
  t.is(quote("a\u001b[31m"), '"a\\u001b[31m"');
  t.is(quote("x".repeat(100)).length, 80);
});
