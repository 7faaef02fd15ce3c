/** The store as the rest of Wirepact sees it. Two drivers stand behind it and write the same file. */
import type { ConversationRow, LookupRow, RunInfo, RunResult } from "../report/result.ts";

/** A storage failure: exit code 5. The message says what to do. */
export class StoreError extends Error {
  override name = "StoreError";
}

/** One piece of an observation, opaque to the store; see `observe/codec.ts`. */
export interface ObservationPart {
  kind: string;
  seq: number;
  data: Uint8Array;
}

/** All pieces of one, in order: made one by one, or read from where they are stored. */
export type ObservationParts = Iterable<ObservationPart> | AsyncIterable<ObservationPart> | StoredObservation;

/** One that is stored already. Its parts are read from there, and so are texts of conversations that nobody judged. */
export interface StoredObservation extends AsyncIterable<ObservationPart> {
  readonly path: string;
  readonly run: number;
  /** What can be copied of conversations that nobody judged, by its number. */
  restHeads(): Promise<ReadonlyMap<number, RestHead>>;
  /** The text of that number. */
  restText(seq: number): Promise<RestText>;
  /** What can be copied of look-ups, in order; and the text of a number. */
  lookupHeads(): Promise<readonly LookupHead[]>;
  lookupText(seq: number): Promise<Uint8Array>;
  /** Nothing more is asked for. */
  close(): Promise<void>;
}

/** A text of a thousand look-ups. */
export interface LookupHead {
  seq: number;
  /** Prints of who asked (`client-prints.ts`). */
  clients: Uint32Array;
  /** Whether one of them was judged. */
  isJudged: boolean;
}

/** A text of rows, encoded, and JSON of what many of them have alike; null where they say all of it themselves. */
export interface RestText {
  rows: Uint8Array;
  alike: string | null;
}

/** As a `RestChunk` has it. */
export interface RestHead {
  leftOut: Uint8Array | null;
  ends: string;
}

/** Parts that hold one conversation each, which left a live run's memory (`observe/departed.ts`). */
export const DEPARTED = "departed";
/** Their numbers, and those of their texts among all that nobody judged, are made from ids; all others are counted up from 0. */
export const FIRST_DEPARTED = 2 ** 52;

/** A conversation that left a live run's memory, to be written down. */
export interface DepartingRow {
  /** Of its part, and of its text. */
  seq: number;
  part: Uint8Array;
  /** Its row where it was judged, else its text as `RestConversations.chunks` has them; null of what was only said. */
  row: ConversationRow | string | null;
}

export interface RunWriter {
  readonly runId: number;
  /**
   * Begins to store what was seen, which may go on while it is judged, and resolves as soon as it is under way. Where it is
   * so much that others would wait for it meanwhile, it is left to `write`; what is stored elsewhere is copied bit by bit.
   */
  begin(observation: ObservationParts): Promise<void>;
  /**
   * Everything of a result, and of the observation what `begin` has not, in transactions of bounded size; ends with the run's status.
   * Where that is much, `meanwhile` is called once all is handed over, for a database with a thread of its own is still at work.
   */
  write(result: RunResult, observation: ObservationParts, meanwhile?: () => void): Promise<void>;
  /** Marks the run failed or interrupted, keeping what is there. */
  fail(status: "interrupted" | "failed"): Promise<void>;
}

/** A run that is written again and again while it goes on; each time in one transaction. */
export interface CheckpointWriter {
  /** Null until the first checkpoint is written. */
  readonly runId: number | null;
  /**
   * Everything of a result, in place of what the last call wrote; `data` null: that part is as it was. Readers see the
   * state before or the state after, and where it throws nothing has changed. Rejects with the signal's reason where it is
   * given up.
   */
  checkpoint(
    result: RunResult,
    parts: Iterable<PartChange>,
    moves?: Moves,
    signal?: AbortSignal,
    meanwhile?: () => void,
  ): Promise<void>;
  /** Parts of departed conversations, by their numbers; those that are not there are left out. Null: all of them. */
  departed(seqs: readonly number[] | null): Promise<Uint8Array[]>;
}

/** Conversations that leave with a checkpoint, and numbers and ids of those that have come back since the last one. */
export interface Moves {
  leave: readonly DepartingRow[];
  back: readonly { seq: number; id: string }[];
}
export type PartChange = Omit<ObservationPart, "data"> & { data: Uint8Array | null };

export interface Store {
  readonly path: string;
  readonly driver: "node:sqlite" | "sqlite3";
  startRun(run: RunInfo): Promise<RunWriter>;
  /** For a run that goes on: it is there from its first checkpoint on. */
  startCheckpoints(): Promise<CheckpointWriter>;
  /** Marks a run whose writer is gone; what it wrote last stays. */
  markInterrupted(run: number): Promise<void>;
  /** Run ids, newest last, with status and start. */
  runs(): Promise<{ run_id: number; status: string; started_at: string; command: string }[]>;
  /** A run's result as it was written; `run` omitted: the newest finished one. Throws StoreError where there is none. */
  read(run?: number): Promise<RunResult>;
  readObservation(run: number): AsyncIterable<ObservationPart>;
  /** Plain SQL over the public views, for tests and reports. */
  query(sql: string, parameters?: readonly (string | number | null)[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}
export type { LookupRow, RunInfo, RunResult };
