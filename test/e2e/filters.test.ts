/**
 * The tshark commands of `explain`, run over every case: they are accepted, and show exactly the frames that are meant.
 */
import { spawnSync } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import test from "ava";
import { formatIpv4, formatIpv6Bytes } from "../../src/address.ts";
import { ICMP, ICMP6, type Packet, SCTP, TCP, UDP } from "../../src/dissect/packet.ts";
import { DEFAULT_REALM } from "../../src/observe/observation.ts";
import { run } from "../../src/pipeline.ts";
import { absenceCommands, conversationCommands, frameCommands } from "../../src/report/explain/filters.ts";
import type { ConversationRow, FrameRef, RunResult } from "../../src/report/result.ts";
import { innermostOf, optionsOf, readTrial, type Trial } from "../support/judged.ts";
import { type Case, readCases } from "./case.ts";
import { askSharkd, hasSharkd } from "./tshark.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP, icmp: ICMP, icmp6: ICMP6 };
/** A packet that an ICMP error quotes has its addresses and ports as well; it is shown beside the conversation that it is about. */
const QUOTING = [3, 4, 5, 11, 12].map((type) => `icmp.type == ${type}`).join(" || ");
const NO_QUOTES = ` && !(${QUOTING}) && !(icmpv6.type < 128)`;

/** A filter of a command about a capture, and what is to be said of the frames that it shows. */
interface Meant {
  path: string;
  filter: string;
  holds: (shown: readonly number[]) => boolean;
}

const cases = hasSharkd() ? readCases() : [];
const meant = new Map<string, Meant[]>();
const shown = new Map<Meant, readonly number[]>();

test.before(async () => {
  for (const one of cases) meant.set(one.name, await commandsOf(one));
  const all = [...meant.values()].flat();
  const answers = askSharkd(all.map(({ path, filter }) => ({ path, filter, fields: ["frame.number"] })));
  for (const [i, frames] of answers.entries()) {
    shown.set(
      all[i]!,
      frames.map(({ number }) => number),
    );
  }
});

for (const { name } of cases) {
  test(name, (t) => {
    t.true(meant.has(name)); // some cases have nothing to look at
    for (const one of meant.get(name)!) {
      const frames = shown.get(one)!;
      t.true(one.holds(frames), `${one.filter} shows ${frames.join(" ")}`);
    }
  });
}

test("Wireshark is there to try the commands", (t) => {
  if (cases.length === 0) t.log("SKIPPED: sharkd is not installed");
  t.pass();
});

/** What `explain` gives for each conversation of a case, for the longest evidence, and for what is missing. */
async function commandsOf(one: Case): Promise<Meant[]> {
  const { captures, ...options } = await optionsOf(one);
  const { result } = await run({
    ...options,
    captures: captures.map(({ path }) => ({ path, realm: DEFAULT_REALM })),
  });
  const trial = await readTrial(one);
  if (result.judged.length === 0 && result.rules.length === 0) throw new Error(`${one.name}: nothing is judged`);
  return result.captures.flatMap(({ path }, id) => commandsAbout(result, trial, id, path));
}

function commandsAbout(result: RunResult, trial: Trial, id: number, path: string): Meant[] {
  const own = { ...result.captures[id]! };
  const evidence = result.judged.map((row) => [...(row.evidence?.support ?? []), ...(row.evidence?.against ?? [])]);
  const [most = []] = [...evidence, ...result.rules.map((rule) => rule.evidence)]
    .map((frames) => frames.filter(({ capture_id }) => capture_id === own.capture_id))
    .sort((a, b) => b.length - a.length);
  const missing = result.rules.find(({ status }) => status === "missing");
  const [named, absent, filters] = filtersOf(
    most.length === 0 ? [] : frameCommands([own], most),
    missing === undefined ? [] : absenceCommands([own], missing),
    result.judged.map(
      (row) => conversationCommands([own], own.parts.length > 0 ? row : { ...row, realm: own.realm })[0]!,
    ),
  );
  const about = (filter: string, holds: Meant["holds"]): Meant => ({ path, filter, holds });
  return [
    ...named.map((filter) => about(filter, (shown) => isDeepStrictEqual(shown, numbersOf(most)))),
    ...absent.map((filter) => about(filter, () => true)), // nothing need be left of it
    ...result.judged.flatMap((row, i) => {
      const filter = filters[i]!;
      if (row.transport === "eth") return about(filter, (shown) => shown.length > 0);
      const frames = trial.frames
        .filter((frame) => frame.capture === id && isBetween(row, frame) && isIn(row, own, frame))
        .map(({ number }) => number);
      if (!row.transport.startsWith("icmp"))
        return about(filter + NO_QUOTES, (shown) => isDeepStrictEqual(shown, frames));
      // Errors may be its own: all of it is shown, and nothing but them beside it.
      const all = about(filter, (shown) => frames.every((frame) => shown.includes(frame)));
      return [all, about(filter + NO_QUOTES, (shown) => shown.every((frame) => frames.includes(frame)))];
    }),
  ];
}

const byNumber = (a: number, b: number): number => a - b;

const numbersOf = (frames: readonly FrameRef[]): number[] =>
  [...new Set(frames.map(({ frame }) => frame))].sort(byNumber);

/** The display filters of commands, `tshark -r FILE -Y FILTER`, list by list as they were given, as one shell reads them. */
function filtersOf<Lists extends string[][]>(...lists: Lists): { [I in keyof Lists]: string[] } {
  const words = lists.flat().map((command) => command.slice(command.indexOf(" -Y ") + 4));
  const script = words.map((word) => `printf '%s\\0' ${word}`).join("\n");
  const filters = spawnSync("sh", { input: script, encoding: "utf8" }).stdout.split("\0");
  return lists.map((list) => filters.splice(0, list.length)) as { [I in keyof Lists]: string[] };
}

const protocolOf = (transport: string): number => PROTOCOLS[transport] ?? Number(transport);

/** Whether a frame passed between the two ends of a conversation, over its transport and port, or is of what folds into it. */
function isBetween(row: ConversationRow, frame: Trial["frames"][number]): boolean {
  const channels = (row.fields.channels ?? []).map((text) => {
    const [transport, ...ends] = String(text).split(" ") as [string, string, string];
    const [one, other] = ends.map((end) => /^\[?(.*?)\]?:(\d+)$/.exec(end)!) as [RegExpExecArray, RegExpExecArray];
    const ports = new Set([Number(one[2]), Number(other[2])]);
    return { row: { ...row, transport, initiator: one[1]!, responder: other[1]!, port: Number(one[2]) }, ports };
  });
  return isOf(row, frame) || channels.some(({ row: own, ports }) => isOf(own, frame, ports));
}

function isOf(row: ConversationRow, frame: Trial["frames"][number], ports: ReadonlySet<number> | null = null): boolean {
  const layers: Packet[] = [];
  for (let p = innermostOf(frame); p !== null; p = p.outer) layers.push(p);
  // A filter asks of each layer by itself: what a tunnel between the two hosts carries shows as theirs, where it has no ports.
  const isThere = layers.some(({ proto }) => proto === protocolOf(row.transport));
  return (
    isThere &&
    layers.some(
      (p) =>
        (row.port === null || p.proto === protocolOf(row.transport)) &&
        hasEnds(row, p) &&
        (ports === null || (ports.has(p.srcPort) && ports.has(p.dstPort))),
    )
  );
}

/** Whether its VLAN is one of the conversation's realm. */
function isIn(
  { realm }: ConversationRow,
  { parts }: RunResult["captures"][number],
  frame: Trial["frames"][number],
): boolean {
  const vlan = innermostOf(frame)?.vlan ?? 0;
  const own = parts.find(({ vlans }) => vlans.some(([first, last]) => first <= vlan && vlan <= last));
  return parts.length === 0 || own?.realm === realm;
}

function hasEnds(row: ConversationRow, p: Packet): boolean {
  const ends = [p.srcOff, p.dstOff].map((off) =>
    p.family === 4
      ? formatIpv4(new DataView(p.buf.buffer, p.buf.byteOffset).getUint32(off))
      : formatIpv6Bytes(p.buf, off),
  );
  if (ends.sort().join() !== [row.initiator, row.responder].sort().join()) return false;
  const hasPorts = p.proto === TCP || p.proto === UDP || p.proto === SCTP;
  return !hasPorts || row.port === null || p.srcPort === row.port || p.dstPort === row.port;
}
