/** A database in a capture's place: what one of its runs observed, to be judged again. */
import type { Decoder } from "../decode/decoder.ts";
import { decodeObservation } from "../observe/codec.ts";
import type { Observation } from "../observe/observation.ts";
import { VERSION } from "../version.ts";
import { LOOKUP_TEXT, lookupHeads, STORED_LOOKUPS } from "./copied-lookups.ts";
import { restHeads, STORED_HEADS, STORED_TEXT } from "./copied-rest.ts";
import { openInput } from "./open.ts";
import type { DatabaseRef } from "./select.ts";
import {
  DEPARTED,
  type LookupHead,
  type ObservationPart,
  type RestHead,
  type RestText,
  type Store,
  type StoredObservation,
  StoreError,
} from "./store.ts";

export interface Observed {
  seen: Observation;
  /** Its parts as they stand there, read once more, for whoever stores them; null where it is put together of others or may still change. */
  parts: (() => StoredObservation) | null;
}

/** `run`: null for the newest finished one. Throws `StoreError` where there is none, or where it holds no observation. */
export function readObserved(database: DatabaseRef, decoders: readonly Decoder[]): Promise<Observed> {
  return reading(database, async (store) => {
    const run = await runOf(store, database);
    let isWhole = run.status === "finished";
    async function* parts(): AsyncIterable<ObservationPart> {
      for await (const part of store.readObservation(run.run_id)) {
        if (part.kind === DEPARTED) isWhole = false;
        yield part;
      }
    }
    const seen = await decodeObservation(parts(), decoders, true);
    return { seen, parts: isWhole ? () => new StoredParts(database.path, run.run_id) : null };
  });
}

class StoredParts implements StoredObservation {
  readonly path: string;
  readonly run: number;
  #store: Promise<Store> | null = null;

  constructor(path: string, run: number) {
    this.path = path;
    this.run = run;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<ObservationPart> {
    const store = await openInput(this.path);
    try {
      yield* store.readObservation(this.run);
    } finally {
      await store.close();
    }
  }

  async restHeads(): Promise<ReadonlyMap<number, RestHead>> {
    return restHeads((await this.#opened()).query(STORED_HEADS, [this.run, VERSION]));
  }

  async restText(seq: number): Promise<RestText> {
    const { data, alike } = await this.#text(STORED_TEXT, seq);
    return { rows: data, alike: typeof alike === "string" ? alike : null };
  }

  async lookupHeads(): Promise<readonly LookupHead[]> {
    return lookupHeads((await this.#opened()).query(STORED_LOOKUPS, [this.run, VERSION]));
  }

  async lookupText(seq: number): Promise<Uint8Array> {
    return (await this.#text(LOOKUP_TEXT, seq)).data;
  }

  async #text(sql: string, seq: number): Promise<{ data: Uint8Array; alike?: unknown }> {
    const [row] = await (await this.#opened()).query(sql, [this.run, seq]);
    if (!(row?.data instanceof Uint8Array)) throw new StoreError(`${this.path} has lost a part of run ${this.run}`);
    return { data: row.data, alike: row.alike };
  }

  #opened(): Promise<Store> {
    this.#store ??= openInput(this.path);
    return this.#store;
  }

  async close(): Promise<void> {
    await (await this.#store)?.close();
    this.#store = null;
  }
}

async function reading<Value>({ path }: DatabaseRef, read: (store: Store) => Promise<Value>): Promise<Value> {
  const store = await openInput(path);
  try {
    return await read(store);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await store.close();
  }
}

async function runOf(store: Store, { path, run }: DatabaseRef): Promise<{ run_id: number; status: string }> {
  const runs = await store.runs();
  const wanted = runs.findLast(({ run_id, status }) => (run === null ? status === "finished" : run_id === run));
  if (wanted !== undefined) return wanted;
  const there = runs.map(({ run_id, status }) => `${run_id} (${status})`).join(", ") || "none";
  throw new StoreError(`${path}: no ${run === null ? "finished run" : `run ${run}`}; runs there: ${there}`);
}
