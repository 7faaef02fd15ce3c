/**
 * The literate fixtures of fixtures/decoders/NAME/*.md: for each message a heading, a block of annotated hex, and a block
 * of the facts that a decoder has to say of it.
 *
 *     ## answer
 *     ```hex udp 53 > 40001 at 1764000000.123456789        or: eth 0x8892 at 1764000000.123456789
 *     81 94          # Transaction ID
 *     ```
 *     ```facts
 *     role sender=server why="DNS QR 1"
 *     ```
 *
 * Words after the time: `mid-stream` (the connection's first bytes were not captured), `cut=N` (the capture cut N bytes
 * off), `after=N` (the N messages before it in the file came the same way and were kept). `UPDATE_FIXTURES=1` writes what the decoders say now; a person reads the difference.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Context } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import type { Outcome } from "./decode.ts";
import { hex } from "./hex.ts";

export const FIXTURES = "fixtures/decoders";

export interface Fixture {
  decoder: string;
  file: string;
  title: string;
  at: Context;
  /** How many messages before it in the file `at.before` holds. */
  after: number;
  cutOff: number;
  bytes: Uint8Array;
  expected: string;
}

const MESSAGE = /^## (.+)\n+```hex (.+)\n([\s\S]*?)\n```\n+```facts\n([\s\S]*?)```$/gm;
const WHERE = /^(?:(udp|tcp|sctp) (\d+) > (\d+)|eth 0x([\da-f]{4})) at (\d+)\.(\d{9})((?: [\w=-]+)*)$/;

export function fixturesOf(decoder: string): Fixture[] {
  const files = readdirSync(`${FIXTURES}/${decoder}`).filter((name) => name.endsWith(".md"));
  return files.sort().flatMap((name) => parse(decoder, `${FIXTURES}/${decoder}/${name}`));
}

function parse(decoder: string, file: string): Fixture[] {
  const text = readFileSync(file, "utf8");
  const found = [...text.matchAll(MESSAGE)].map(([, title, where, bytes, expected]) => {
    const parts = WHERE.exec(where!);
    if (parts === null) throw new Error(`${file}: ${title}: not understood: ${where}`);
    const [, transport = "eth", senderPort = 0, receiverPort = 0, etherType, sec, nsec, words] = parts;
    const at: Context = {
      transport: transport as "udp" | "tcp" | "sctp" | "eth", // the pattern has no other
      ...(etherType === undefined ? {} : { etherType: Number.parseInt(etherType, 16) }),
      senderPort: Number(senderPort),
      receiverPort: Number(receiverPort),
      sec: Number(sec),
      nsec: Number(nsec),
      started: false,
      fromStart: !words!.includes("mid-stream"),
      peerStarted: false,
    };
    return {
      decoder,
      file,
      title: title!,
      at,
      after: Number(/after=(\d+)/.exec(words!)?.[1] ?? 0),
      cutOff: Number(/cut=(\d+)/.exec(words!)?.[1] ?? 0),
      bytes: hex(bytes!),
      expected: expected!,
    };
  });
  found.forEach((fixture, i) => {
    const before = found.slice(i - fixture.after, i).map(({ bytes }) => bytes);
    if (before.length !== fixture.after) throw new Error(`${file}: ${fixture.title}: not so many messages before it`);
    if (fixture.after > 0) fixture.at.before = before;
  });
  const headings = text.match(/^## /gm)?.length ?? 0;
  if (found.length === 0 || found.length !== headings)
    throw new Error(`${file}: ${headings} headings, ${found.length} messages`);
  return found;
}

/** What an outcome reads like in a facts block. */
export function describe(outcome: Outcome): string {
  if (!outcome.recognised) return `not recognised${outcome.end === "more" ? ", wants more" : ""}\n`;
  const lines = outcome.facts.map(factText);
  if (outcome.end !== "none") lines.push(`then ${outcome.end}`);
  return lines.map((line) => `${line}\n`).join("");
}

function factText(fact: Fact): string {
  const words: string[] = [fact.kind];
  const below: string[] = [];
  for (const [key, value] of Object.entries(fact)) {
    if (key === "kind") continue;
    if (fact.kind === "answer" && key === "records") {
      for (const r of fact.records) {
        const ech = r.echPublicName === undefined ? "" : ` ech-public-name=${r.echPublicName}`;
        below.push(`\n  ${r.name} ${r.ttl} ${r.type} ${r.data}${ech}`);
      }
    } else {
      words.push(`${key}=${typeof value === "string" && /[\s"]|^$/.test(value) ? JSON.stringify(value) : value}`);
    }
  }
  return words.join(" ") + below.join("");
}

/** Puts new facts into the fixture's file. */
export function refresh(fixture: Fixture, facts: string): void {
  const text = readFileSync(fixture.file, "utf8");
  const from = text.indexOf("```facts\n", text.indexOf(`## ${fixture.title}\n`)) + "```facts\n".length;
  writeFileSync(fixture.file, text.slice(0, from) + facts + text.slice(text.indexOf("```", from)));
}
