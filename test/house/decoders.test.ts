/**
 * What is promised of every decoder: it is listed with its specifications, the ports that suggest it and its fields; each of
 * these fields is said of some fixture, or in its test; fixtures come from real programs or have their meaning beside their bytes; and no
 * decoder believes a single byte. That they are cut at every length and tried on other ports is `test/decoders/fixtures.test.ts`.
 */
import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Decoder, FieldDoc } from "../../src/decode/decoder.ts";
import { wirepact } from "../cli/command.ts";
import { decodeDatagram, decodeStream } from "../support/decode.ts";
import { FIXTURES, fixturesOf } from "../support/decoder-fixtures.ts";

type Listed = Pick<Decoder, "id" | "title" | "specs" | "ports"> & { fields: FieldDoc[] };

/** Words as they stand in a text, wherever its lines end. */
const words = (text: string): string => text.replace(/\s+/g, " ").trim();

const filesOf = (id: string): string[] => readdirSync(`${FIXTURES}/${id}`).filter((name) => name.endsWith(".md"));

test("`wirepact decoders` lists each with its specifications, hints and fields, as text and as JSON", async (t) => {
  const text = words((await wirepact(["decoders"])).stdout);
  const listed = JSON.parse((await wirepact(["decoders", "--format", "json"])).stdout) as Listed[];
  t.deepEqual(
    listed.map(({ id }) => id),
    DECODERS.map(({ id }) => id),
  );
  for (const [i, { id, title, specs, ports, fields }] of DECODERS.entries()) {
    const { [i]: own } = listed;
    t.deepEqual(own, JSON.parse(JSON.stringify({ id, title, specs, ports, fields })));
    const hints = [
      ...(ports.tcp ?? []).map((port) => `tcp/${port}`),
      ...(ports.udp ?? []).map((port) => `udp/${port}`),
      ...(ports.sctp ?? []).map((port) => `sctp/${port}`),
      ...(ports.eth ?? []).map((type) => `eth 0x${type.toString(16).padStart(4, "0")}`),
    ];
    const line = [title, specs.join(", "), hints.join(", ")].filter((part) => part !== "").join(" · ");
    t.true(text.includes(words(`${id} ${line}`)), `${id}: ${line}`);
    for (const { field, about } of fields) t.true(text.includes(words(`${field} ${about}`)), field);
  }
});

for (const { id, fields } of DECODERS) {
  test(`${id}: each of its fields is said of a fixture, or in its test`, (t) => {
    // What two protocols share is one's own and the other's to say: TLS's fields stand in DTLS and QUIC too.
    const said = new Set<string>();
    for (const { id: other } of DECODERS)
      for (const name of filesOf(other))
        for (const [, field] of readFileSync(`${FIXTURES}/${other}/${name}`, "utf8").matchAll(
          /^field field=(\S+) value=/gm,
        ))
          said.add(field!);
    const own = readFileSync(`test/decoders/${id}.test.ts`, "utf8");
    for (const { field } of fields) if (own.includes(`"${field}"`)) said.add(field); // or of bytes in its own test
    t.deepEqual(
      fields.map(({ field }) => field).filter((field) => !said.has(field)),
      [],
    );
  });

  test(`${id}: its fixtures say where they come from, and those by hand what their bytes mean`, (t) => {
    for (const name of filesOf(id)) {
      const text = readFileSync(`${FIXTURES}/${id}/${name}`, "utf8");
      const [title = "", , from = ""] = text.split("\n");
      t.regex(title, /^# \S/, name);
      t.true(from.length > 10, `${name}: where it comes from`);
      if (!/^By hand/i.test(from)) continue;
      const blocks = [...text.matchAll(/```hex .*\n([\s\S]*?)\n```/g)].map(([, bytes]) => bytes!);
      t.true(blocks.length > 0, name);
      for (const bytes of blocks) t.regex(bytes.split("\n")[0]!, / # \S/, `${name}: ${bytes.split("\n")[0]}`);
    }
  });

  test(`${id}: it says something of a fixture, and nothing of its first byte alone`, (t) => {
    const decoder = DECODERS.find((each) => each.id === id)!;
    let told = 0;
    for (const { at, bytes, cutOff, file, title } of fixturesOf(id)) {
      const read = at.transport === "tcp" ? decodeStream : decodeDatagram;
      told += read(decoder, bytes, at, cutOff).facts.length > 0 ? 1 : 0;
      if (bytes.length > 1) t.false(read(decoder, bytes.subarray(0, 1), at).recognised, `${file}: ${title}`);
    }
    t.true(told > 0);
  });
}
