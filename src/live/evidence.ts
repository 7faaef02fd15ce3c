/** `--keep-packets`: the packets that a finding rests on, a pcapng file a finding, in a folder that never outgrows its size. */
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Frame, NEXT_FRAME } from "../capture/frame.ts";
import { type CaptureInput, openCaptures } from "../capture/open.ts";
import { systemReason, UsageError } from "../errors.ts";
import type { CaptureRow, FrameRef, RunResult } from "../report/result.ts";
import { VERSION } from "../version.ts";
import { eachFinding, type Finding } from "./findings.ts";
import type { HeldFrame } from "./frame-ring.ts";
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
      await mkdir(folder, { recursive: true });
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

  /** One finding's packets, as far as they are there. Nothing is written where there are none. */
  async keep(
    finding: Finding,
    captures: readonly CaptureRow[],
    frameAt: (ref: FrameRef) => HeldFrame | null,
  ): Promise<void> {
    const wanted = framesOf(finding);
    const packets: KeptPacket[] = [];
    for (const ref of wanted) {
      const held = frameAt(ref);
      if (held === null) continue;
      const from = captures[ref.capture_id]?.path ?? "";
      packets.push({ ...held, from, comment: `${from}#${ref.frame}: ${ref.what}` });
    }
    if (packets.length === 0) return;
    const gone = wanted.length - packets.length;
    const note = gone === 0 ? "" : ` (${gone} of ${wanted.length} packets were not held any more)`;
    const bytes = pcapngOf(`${findingLine(finding, "→")}${note}`, `wirepact ${VERSION}`, packets);
    if (bytes.length > this.#mostBytes) return;
    const path = join(this.#folder, nameOf(finding));
    await this.#makeRoom(bytes.length);
    await writeFile(`${path}.part`, bytes);
    await rename(`${path}.part`, path);
    this.#note(path, bytes.length);
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

/** The packets of all findings of captures that were read: the files are read once more. Standard input is gone by then. */
export async function keepFromFiles(
  folder: EvidenceFolder,
  result: RunResult,
  strict: boolean,
  inputs: readonly CaptureInput[],
): Promise<void> {
  const findings: Finding[] = [];
  eachFinding(result, strict, (_key, finding) => findings.push(finding));
  const wanted = new Set(findings.flatMap((finding) => framesOf(finding).map(placeOf)));
  if (wanted.size === 0) return;
  const held = new Map<string, HeldFrame>();
  for (const [id, capture] of result.captures.entries()) {
    const input = inputs.find(({ path }) => path === capture.path);
    if (input === undefined || input.path === "-") continue;
    const reader = await openCaptures([input]);
    while (await reader.more()) {
      while (reader.next() === NEXT_FRAME) {
        const place = placeOf({ capture_id: id, frame: reader.frame.number });
        if (wanted.has(place)) held.set(place, copyOf(reader.frame));
      }
    }
    await reader.close();
  }
  for (const finding of findings) await folder.keep(finding, result.captures, (ref) => held.get(placeOf(ref)) ?? null);
}

/** What speaks for it and against it, in the order of the wire; each frame once. */
export function framesOf(finding: Finding): FrameRef[] {
  const frames = new Map<string, FrameRef>();
  const add = (ref: FrameRef): void => void (frames.has(placeOf(ref)) || frames.set(placeOf(ref), ref));
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

function placeOf({ capture_id, frame }: { capture_id: number; frame: number }): string {
  return `${capture_id}#${frame}`;
}

function copyOf({ buf, off, capLen, wireLen, linkType, sec, nsec }: Frame): HeldFrame {
  return { bytes: buf.slice(off, off + capLen), wireLen, linkType, sec, nsec };
}
