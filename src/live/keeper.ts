/** What a live run leaves in its database, and what an earlier one that was killed has left there. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { encodeObservation } from "../observe/codec.ts";
import type { Observation } from "../observe/observation.ts";
import type { RunResult } from "../report/result.ts";
import type { CheckpointWriter, Moves, ObservationPart, PartChange, Store } from "../store/store.ts";
import type { AtticHooks } from "./attic.ts";
import type { FindingLog } from "./findings.ts";

/** Beside the parts of an observation: which process writes the run. Whoever reads observations passes it over. */
const OWNER = "live";

interface Owner {
  host: string;
  pid: number;
  /** When the process began, as the system counts: a number may be given to another process later. */
  began: string;
}

export class Keeper {
  readonly #store: Store;
  #writer: CheckpointWriter | null = null;
  /** By part: a hash of what is in the database. */
  #written = new Map<string, string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Everything, in one transaction. Gives the run its id. Rejects with StoreError, or with the signal's reason where it is
   * given up, and then the last checkpoint stands. `meanwhile`: called while the database is written, where it was written before.
   */
  async checkpoint(
    result: RunResult,
    seen: Observation,
    moves?: Moves,
    signal?: AbortSignal,
    meanwhile?: () => void,
  ): Promise<void> {
    this.#writer ??= await this.#store.startCheckpoints();
    const written = new Map<string, string>();
    result.run.run_id ??= this.#writer.runId;
    await this.#writer.checkpoint(result, this.#changed(seen, written), moves, signal, meanwhile);
    result.run.run_id = this.#writer.runId;
    this.#written = written;
  }

  /** Its number; null before the first checkpoint. */
  get run(): number | null {
    return this.#writer?.runId ?? null;
  }

  /** Parts of conversations that have left, by their numbers; null: of all. Rejects with StoreError. */
  async departed(seqs: readonly number[] | null): Promise<Uint8Array[]> {
    return (await this.#writer?.departed(seqs)) ?? [];
  }

  *#changed(seen: Observation, written: Map<string, string>): Generator<PartChange> {
    for (const { kind, seq, data } of parts(seen)) {
      const key = `${kind} ${seq}`;
      const hash = createHash("sha256").update(data).digest("base64");
      written.set(key, hash);
      yield { kind, seq, data: this.#written.get(key) === hash ? null : data };
    }
  }
}

function* parts(seen: Observation): Generator<ObservationPart> {
  yield* encodeObservation(seen);
  yield { kind: OWNER, seq: 0, data: new TextEncoder().encode(JSON.stringify(thisProcess())) };
}

/**
 * Runs in the database that say that they are running while their process is gone: marked interrupted, and returned.
 * Runs of other machines and of processes that live are left alone.
 */
export async function closeKilledRuns(store: Store): Promise<{ run_id: number; last_time: string | null }[]> {
  const killed: { run_id: number; last_time: string | null }[] = [];
  for (const { run_id, status } of await store.runs()) {
    if (status !== "running") continue;
    const owner = await ownerOf(store, run_id);
    if (owner === null || owner.host !== hostname() || beganAt(owner.pid) === owner.began) continue;
    await store.markInterrupted(run_id);
    const [row] = await store.query("SELECT last_time FROM runs WHERE run_id = ?", [run_id]);
    killed.push({ run_id, last_time: typeof row?.last_time === "string" ? row.last_time : null });
  }
  return killed;
}

async function ownerOf(store: Store, run: number): Promise<Owner | null> {
  const [row] = await store.query("SELECT data FROM observation WHERE run_id = ? AND kind = ?", [run, OWNER]);
  if (!(row?.data instanceof Uint8Array)) return null;
  const owner: unknown = JSON.parse(new TextDecoder().decode(row.data));
  if (typeof owner !== "object" || owner === null || !("host" in owner) || !("pid" in owner) || !("began" in owner))
    return null;
  return { host: String(owner.host), pid: Number(owner.pid), began: String(owner.began) };
}

function thisProcess(): Owner {
  return { host: hostname(), pid: process.pid, began: beganAt(process.pid) ?? "" };
}

/** Null where there is no such process; empty where the system does not say when one began. */
function beganAt(pid: number): string | null {
  try {
    // proc(5): the 22nd field; the second is a name in brackets that may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/s, "").trim().split(" ");
    return fields[19] ?? "";
  } catch {
    try {
      process.kill(pid, 0);
      return process.platform === "linux" ? null : "";
    } catch {
      return null;
    }
  }
}

/** Conversations that leave a run go to its database, and what was told of them stays known. */
export function atticOf(keeper: Keeper, log: FindingLog): AtticHooks {
  return {
    departed: (seqs) => keeper.departed(seqs),
    isSettled: (id) => log.isSettled(id),
    left: (id) => log.left(id),
    back: (id) => log.back(id),
  };
}
