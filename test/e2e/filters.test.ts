/**
 * The tshark commands of `explain`, run over every case: they are accepted, and show exactly the frames that are meant. One
 * start of tshark a capture: it shows the frames of one command, and counts those that each of the others would show.
 */
import { spawnSync } from "node:child_process";
import test, { type ExecutionContext } from "ava";
import { formatIpv4, formatIpv6Bytes } from "../../src/address.ts";
import { ICMP, ICMP6, type Packet, SCTP, TCP, UDP } from "../../src/dissect/packet.ts";
import { DEFAULT_REALM } from "../../src/observe/observation.ts";
import { run } from "../../src/pipeline.ts";
import { absenceCommands, conversationCommands, frameCommands } from "../../src/report/explain/filters.ts";
import type { ConversationRow, FrameRef, RunResult } from "../../src/report/result.ts";
import { innermostOf, optionsOf, readTrial, type Trial } from "../support/judged.ts";
import { type Case, readCases } from "./case.ts";
import { hasTshark } from "./tshark.ts";

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP, icmp: ICMP, icmp6: ICMP6 };
/** A packet that an ICMP error quotes has its addresses and ports as well; it is shown beside the conversation that it is about. */
const QUOTING = [3, 4, 5, 11, 12].map((type) => `icmp.type == ${type}`).join(" || ");
const NO_QUOTES = ` && !(${QUOTING}) && !(icmpv6.type < 128)`;

for (const one of readCases()) {
  test(one.name, async (t) => {
    if (!hasTshark()) {
      t.log("SKIPPED: tshark is not installed");
      return t.pass();
    }
    const { captures, ...options } = await optionsOf(one);
    const { result } = await run({
      ...options,
      captures: captures.map(({ path }) => ({ path, realm: DEFAULT_REALM })),
    });
    const trial = await readTrial(one);
    const rows = result.judged;
    t.true(rows.length > 0 || result.rules.length > 0);
    for (const [id, { path }] of result.captures.entries()) checkCapture(t, one, result, trial, id, path);
  });
}

/** Every command about one capture. */
function checkCapture(t: ExecutionContext, one: Case, result: RunResult, trial: Trial, id: number, path: string): void {
  const own = { ...result.captures[id]! };
  const filters = result.judged.map((row) =>
    filterOf(conversationCommands([own], own.parts.length > 0 ? row : { ...row, realm: own.realm })[0]!),
  );
  const evidence = result.judged.map((row) => [...(row.evidence?.support ?? []), ...(row.evidence?.against ?? [])]);
  const [most = []] = [...evidence, ...result.rules.map((rule) => rule.evidence)]
    .map((frames) => frames.filter(({ capture_id }) => capture_id === own.capture_id))
    .sort((a, b) => b.length - a.length);
  const [frames = "frame.number == 0"] = frameCommands([own], most).map(filterOf);
  const quotes = result.judged.map(({ transport }) => (transport.startsWith("icmp") ? "" : NO_QUOTES));
  const { shown, counts } = tshark(
    path,
    frames,
    filters.map((filter, i) => filter + quotes[i]!),
  );
  t.deepEqual([...shown].sort(byNumber), numbersOf(most), "every frame that is named, and no other");
  for (const [i, row] of result.judged.entries()) {
    const meant = trial.frames.filter(
      (frame) => frame.capture === id && isBetween(row, frame) && isIn(row, own, frame),
    ).length;
    if (row.transport === "eth") t.true(counts[i]! > 0, filters[i]);
    else t.is(counts[i], meant, `${one.name}: ${filters[i]}`);
  }
  const missing = result.rules.find(({ status }) => status === "missing");
  const [absence] = missing === undefined ? [] : absenceCommands([own], missing).map(filterOf);
  if (absence !== undefined) t.notThrows(() => tshark(path, absence, []));
}

const byNumber = (a: number, b: number): number => a - b;

const numbersOf = (frames: readonly FrameRef[]): number[] =>
  [...new Set(frames.map(({ frame }) => frame))].sort(byNumber);

/** The display filter of a command: `tshark -r FILE -Y FILTER`. */
function filterOf(command: string): string {
  const { stdout } = spawnSync("sh", ["-c", `printf %s ${command.slice(command.indexOf(" -Y ") + 4)}`], {
    encoding: "utf8",
  });
  return stdout;
}

/** The frames that a filter shows, and how many each of the others would show. */
function tshark(path: string, filter: string, others: readonly string[]): { shown: number[]; counts: number[] } {
  const statistics = others.length === 0 ? [] : ["-z", ["io,stat,0", ...others].join(",")];
  const args = ["-n", "-r", path, "-Y", filter, "-T", "fields", "-e", "frame.number", ...statistics];
  const done = spawnSync("tshark", args, { encoding: "utf8", maxBuffer: 64 << 20 });
  // A capture that is damaged is read as far as it goes, with another status.
  if (done.status !== 0 && !/damaged or corrupt|cut short/.test(done.stderr))
    throw new Error(`${filter}: ${done.stderr}`);
  const lines = done.stdout.split("\n");
  const shown = lines.filter((line) => /^\d+$/.test(line)).map(Number);
  const cells = (lines.find((line) => line.includes("<>")) ?? "").split("|").slice(2, -1);
  return { shown, counts: cells.filter((_, i) => i % 2 === 0).map(Number) };
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
