/**
 * `--keep-packets`: the packets that a finding rests on and the first ones of their flows, a pcapng file a finding, in a folder
 * that never outgrows its size.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Frame, NEXT_FRAME } from "../capture/frame.ts";
import { type CaptureInput, openCaptures } from "../capture/open.ts";
import { systemReason, UsageError } from "../errors.ts";
import { placeKey } from "../report/places.ts";
import type { CaptureRow, FrameRef, RunResult } from "../report/result.ts";
import { findDatabase } from "../store/select.ts";
import { VERSION } from "../version.ts";
import { eachFinding, type Finding } from "./findings.ts";
import { FirstPackets, type HeldFrame, type PacketsOf } from "./first-packets.ts";
import { FlowKeys } from "./flow-keys.ts";
import { type KeptPacket, pcapngOf } from "./pcapng-writer.ts";
import { findingLine } from "./status.ts";

/** Only files of this form are counted and dropped: what else lies in the folder is somebody's. */
const OURS = /^(undocumented|violation|inconclusive|lookup|rule)-[\w.-]+\.pcapng(\.part)?$/;

/** Milliseconds after which the folder is looked through again, in case others write or delete there. */
const LOOK_AGAIN_MS = 60_000;

export class EvidenceFolder {
  readonly #folder: string;
  readonly #mostBytes: number;
  /** Sizes of what lies there, by path, the oldest first: with thousands of findings nobody can look for each. */
  #files = new Map<string, number>();
  #bytes = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  private constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
  }

  /** Makes the folder where it is not there. UsageError where it cannot be written. */
  static async open(folder: string, mostBytes: number): Promise<EvidenceFolder> {
    try {
      await makeFolder(folder);
      if (!(await stat(folder)).isDirectory()) throw new Error("it is no folder");
      const probe = join(folder, `.wirepact-${process.pid}`);
      await writeFile(probe, "");
      await rm(probe);
    } catch (error) {
      throw new UsageError(`--keep-packets ${folder}: nothing can be written there: ${systemReason(error)}`);
    }
    const opened = new EvidenceFolder(folder, mostBytes);
    await opened.#makeRoom(0); // an earlier run may have been allowed more
    return opened;
  }

  /** One finding's packets, as far as they are there; false where none is, or the folder is too small for them. */
  async keep(finding: Finding, captures: readonly CaptureRow[], packetsOf: PacketsOf): Promise<boolean> {
    const proof = framesOf(finding);
    if (proof.length === 0) return true; // of what is missing there is nothing to show
    const says = new Map(proof.map((ref) => [placeKey(ref), ref.what]));
    const held = inOrder(packetsOf(proof));
    const gone = proof.length - held.filter((packet) => says.has(placeKey(packet))).length;
    if (gone === proof.length) return false;
    const line = `${findingLine(finding, "→")}${gone === 0 ? "" : ` (${gone} of ${proof.length} packets that prove it were not held any more)`}`;
    const packets = held.map((packet, i): KeptPacket => {
      const from = captures[packet.capture_id]?.path ?? "";
      const what = says.get(placeKey(packet));
      const own = `${from}#${packet.frame}${what === undefined ? "" : `: ${what}`}`;
      return { ...packet, from, comment: i === 0 ? `${line}\n${own}` : own };
    });
    const bytes = pcapngOf(line, `wirepact ${VERSION}`, packets);
    if (bytes.length > this.#mostBytes) return false;
    const path = join(this.#folder, nameOf(finding));
    await this.#makeRoom(bytes.length);
    const part = `${path}.part`;
    try {
      await writeFile(part, bytes);
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true }).catch(() => {}); // a full disk keeps nothing of it
      throw error;
    }
    this.#note(path, bytes.length);
    return true;
  }

  /** Before anything is written: the folder holds no more than it may at any moment, not only afterwards. */
  async #makeRoom(needed: number): Promise<void> {
    if (performance.now() - this.#lookedAt > LOOK_AGAIN_MS) await this.#look();
    for (const [path, bytes] of this.#files) {
      if (this.#bytes + needed <= this.#mostBytes) return;
      await rm(path, { force: true });
      this.#files.delete(path);
      this.#bytes -= bytes;
    }
  }

  async #look(): Promise<void> {
    const found: { path: string; bytes: number; at: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!OURS.test(name)) continue;
      const path = join(this.#folder, name);
      const info = await stat(path).catch(() => null);
      if (info?.isFile()) found.push({ path, bytes: info.size, at: info.mtimeMs });
    }
    found.sort((a, b) => a.at - b.at);
    this.#files = new Map(found.map(({ path, bytes }) => [path, bytes]));
    this.#bytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#lookedAt = performance.now();
  }

  #note(path: string, bytes: number): void {
    this.#bytes += bytes - (this.#files.get(path) ?? 0);
    this.#files.delete(path); // so that it is the newest
    this.#files.set(path, bytes);
  }
}

/** With the folders that it stands in. Node's own way of that never ends where a folder is there and takes none (`/proc`). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST") return;
    const parent = dirname(folder);
    if (code !== "ENOENT" || parent === folder || existsSync(parent)) throw error;
    await makeFolder(parent);
    await mkdir(folder);
  }
}

/** Bytes of packets that are held at once. */
const MOST_HELD = 256 << 20;

/**
 * The packets of all findings of captures that were read: the files are read twice more, once to see whose packets prove
 * something. Standard input is gone by then, and a database has no packets. Returns how many findings have none.
 */
export async function keepFromFiles(
  folder: EvidenceFolder,
  result: RunResult,
  strict: boolean,
  inputs: readonly CaptureInput[],
  vxlanPorts: readonly number[] = [],
): Promise<number> {
  const findings: Finding[] = [];
  eachFinding(result, strict, (_key, finding) => findings.push(finding));
  const wanted = new Set(findings.flatMap((finding) => framesOf(finding).map(placeKey)));
  if (wanted.size === 0) return 0;
  const ids = idsOf(result.captures, inputs);
  const files = inputs.filter((_, i) => ids[i]! >= 0);
  const idsOfFiles = ids.filter((id) => id >= 0);
  const first = new FirstPackets(wanted, MOST_HELD, new FlowKeys(vxlanPorts));
  await eachFrame(files, (frame) => first.look(frame, idsOfFiles[frame.capture]!));
  await eachFrame(files, (frame) => first.take(frame, idsOfFiles[frame.capture]!));
  let without = 0;
  for (const finding of findings) if (!(await folder.keep(finding, result.captures, first.of))) without++;
  return without;
}

/** By input: its number in the result; -1 of what cannot be read again as a capture. */
function idsOf(captures: readonly CaptureRow[], inputs: readonly CaptureInput[]): number[] {
  const left = [...captures.keys()];
  return inputs.map(({ path }) => {
    const at = path === "-" || findDatabase(path) !== null ? -1 : left.findIndex((id) => captures[id]!.path === path);
    return at < 0 ? -1 : left.splice(at, 1)[0]!;
  });
}

async function eachFrame(inputs: readonly CaptureInput[], take: (frame: Frame) => void): Promise<void> {
  if (inputs.length === 0) return;
  const reader = await openCaptures(inputs);
  try {
    while (await reader.more()) while (reader.next() === NEXT_FRAME) take(reader.frame);
  } finally {
    await reader.close();
  }
}

/** Each capture's in their order; of several captures the earlier packet first. */
function inOrder(held: readonly HeldFrame[]): HeldFrame[] {
  const captures = [...new Set(held.map(({ capture_id }) => capture_id))].map((id) =>
    held.filter(({ capture_id }) => capture_id === id).sort((a, b) => a.frame - b.frame),
  );
  const ordered: HeldFrame[] = [];
  for (let left = held.length; left > 0; left--) {
    const heads = captures.filter((packets) => packets.length > 0);
    const next = heads.reduce((a, b) => (isEarlier(b[0]!, a[0]!) ? b : a));
    ordered.push(next.shift()!);
  }
  return ordered;
}

function isEarlier(a: HeldFrame, b: HeldFrame): boolean {
  return a.sec < b.sec || (a.sec === b.sec && a.nsec < b.nsec);
}

/** What speaks for it and against it, in the order of the wire; each frame once. */
export function framesOf(finding: Finding): FrameRef[] {
  const frames = new Map<string, FrameRef>();
  const add = (ref: FrameRef): void => void (frames.has(placeKey(ref)) || frames.set(placeKey(ref), ref));
  switch (finding.kind) {
    case "undocumented":
    case "violation":
    case "inconclusive":
      for (const ref of finding.row.evidence?.support ?? []) add(ref);
      for (const ref of finding.row.evidence?.against ?? []) add(ref);
      break;
    case "lookup":
      add({ capture_id: finding.row.first_capture_id, frame: finding.row.first_frame, what: "the question" });
      break;
    case "rule":
      for (const ref of finding.row.evidence) add(ref);
      break;
    default:
      finding satisfies never;
  }
  return [...frames.values()].sort((a, b) => a.capture_id - b.capture_id || a.frame - b.frame);
}

function nameOf(finding: Finding): string {
  const id =
    finding.kind === "rule"
      ? `${finding.row.model}-${finding.row.rule_id}-${finding.row.status}`
      : finding.kind === "lookup"
        ? `${finding.row.client}-${finding.row.name}`
        : finding.row.conversation_id;
  return `${finding.kind}-${id.replaceAll(/[^\w.-]/g, "_").slice(0, 150)}.pcapng`;
}
