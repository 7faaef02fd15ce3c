/** What fixtures can't show of PostgreSQL: lone letters, refusals, and what is never told. */
import test from "ava";
import { postgresql } from "../../decoders/postgresql.ts";
import type { Outcome } from "../support/decode.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { bytes, u32 } from "../support/packets.ts";

const CLIENT = streamAt(40_001, 41_000);
const server = (data: Uint8Array, peerStarted = false): Outcome =>
  decodeStream(postgresql, data, { ...streamAt(41_000, 40_001), peerStarted });
const fields = (said: Outcome): string[] =>
  said.facts.flatMap((f) => (f.kind === "field" ? [`${f.field}=${f.value}`] : []));
const message = (type: string, body: Uint8Array): Uint8Array => concat([ascii(type), u32(body.length + 4), body]);
const startup = (code: number, text: string): Uint8Array => {
  const body = concat([u32(code), ascii(text)]);
  return concat([u32(body.length + 4), body]);
};
const OK = message("R", u32(0));

test("a lone letter is an answer where the client asked, and nothing else", (t) => {
  for (const letter of ["S", "N", "G"]) {
    t.false(server(ascii(letter)).recognised, letter);
    t.true(server(ascii(letter), true).recognised, letter);
  }
  t.deepEqual(fields(server(ascii("N"), true)), ["postgresql.ssl=refused"]);
  t.true(server(concat([ascii("N"), OK])).recognised, "a refusal and a first message");
  t.false(server(ascii("Nothing of that kind")).recognised);
  t.false(server(ascii("SSH-2.0-OpenSSH_9.2\r\n")).recognised);
});

test("first messages of a server", (t) => {
  t.true(server(OK).recognised);
  t.true(server(message("R", concat([u32(5), bytes(1, 2, 3, 4)]))).recognised);
  t.false(server(message("R", u32(4))).recognised, "no way to log in");
  t.false(server(message("R", concat([u32(0), u32(0)]))).recognised, "longer than it can be");
  t.true(server(message("E", ascii("SFATAL\0C53300\0Mtoo many\0\0"))).recognised);
  t.false(server(message("E", ascii("SFATAL\0Mtoo many\0\0"))).recognised, "an error without its state");
});

test("first words of a client", (t) => {
  const is = (data: Uint8Array): boolean => decodeStream(postgresql, data, CLIENT).recognised;
  t.true(is(startup(0x0003_0000, "user\0gw7\0\0")));
  t.true(is(startup(0x0003_0002, "user\0gw7\0\0")), "protocol 3.2");
  t.true(is(hex`00 00 00 10 04 d2 16 2e 00 00 00 01 00 00 00 02`), "cancel");
  t.false(is(startup(0x0003_0000, "database\0gw7\0\0")), "nobody logs in");
  t.false(is(startup(0x0003_0000, "user\0gw7\0")), "no end");
  t.false(is(startup(0x0002_0000, "user\0gw7\0\0")));
  t.false(is(hex`00 00 00 09 04 d2 16 2f 00`));
});

test("behind a refused upgrade the session begins in clear, and users and passwords are told nobody", (t) => {
  const said = decodeStream(
    postgresql,
    concat([
      hex`00 00 00 08 04 d2 16 2f`,
      startup(0x0003_0000, "user\0gw7\0database\0reports\0\0"),
      message("p", ascii("secret\0")),
      message("Q", ascii("select 1\0")),
    ]),
    CLIENT,
  );
  t.deepEqual(fields(said), ["postgresql.ssl=asked for", "postgresql.version=3.0", "postgresql.database=reports"]);
  t.is(said.end, "done");
  t.notRegex(JSON.stringify(said.facts), /gw7|secret|select/);
});
