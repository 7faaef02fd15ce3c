/** What fixtures can't show of SSH: versions 1.x, banners that are none, what stands behind them. */
import test from "ava";
import { ssh } from "../../decoders/ssh.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const banner = (line: string) => decodeStream(ssh, ascii(`${line}\r\n`), at);
const field = (said: ReturnType<typeof banner>, name: string) =>
  said.facts.find((fact) => fact.kind === "field" && fact.field === name);

test("a banner without a comment, and one whose line ends by LF alone", (t) => {
  t.like(field(banner("SSH-2.0-dropbear_2022.83"), "ssh.software"), { value: "dropbear_2022.83" });
  const bare = decodeStream(ssh, ascii("SSH-1.99-Cisco-1.25\n"), at);
  t.like(field(bare, "ssh.version"), { value: "1.99" });
  t.is(field(bare, "ssh.comment"), undefined);
});

test("lines that are no banner, and one longer than a banner may be", (t) => {
  for (const line of ["SSH-two-OpenSSH", "SSH-2.0", "SSH", "ssh-2.0-OpenSSH"]) t.false(banner(line).recognised, line);
  t.false(banner(`SSH-2.0-${"x".repeat(250)}`).recognised);
  t.true(banner(`SSH-2.0-${"x".repeat(240)}`).recognised);
});

test("in version 1 the server sends its key first, the client the session's", (t) => {
  const packet = (type: number) =>
    concat([hex`00 00 00 09`, new Uint8Array(7), Uint8Array.of(type), new Uint8Array(8)]);
  for (const [type, sender] of [
    [2, "server"],
    [3, "client"],
  ] as const) {
    const { facts, end } = decodeStream(ssh, concat([ascii("SSH-1.5-1.2.27\n"), packet(type)]), at);
    t.true(facts.some((fact) => fact.kind === "role" && fact.sender === sender));
    t.is(end, "done");
  }
});

test("what is no packet ends the direction, and the banner holds", (t) => {
  const { facts, end } = decodeStream(ssh, concat([ascii("SSH-2.0-x\r\n"), hex`ff ff ff ff 00 14`]), at);
  t.is(end, "bad");
  t.true(facts.some((fact) => fact.kind === "problem" && fact.what === "malformed"));
  t.true(facts.some((fact) => fact.kind === "field"));
});
