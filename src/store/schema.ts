/**
 * The physical schema, chosen by measuring (`test/store/measure.ts`): judged conversations are rows with indexes, because they are
 * looked up, and kinds of them; all others, rules and look-ups are JSON texts of about 1,000 each, because they may be many; an observation is
 * opaque parts. `views.ts` makes the contract's columns of them.
 */
import { CONVERSATION_SQL, KIND_SQL } from "./conversation-table.ts";
import { ASSET, CAPTURE, RUN } from "./tables.ts";
import { VIEWS } from "./views.ts";

/** `PRAGMA user_version`. Any change of a table, of a view's text or of what texts of nobody's conversations say is a new version. */
export const SCHEMA_VERSION = 13;
/** `PRAGMA application_id`: the letters WIRE. */
export const APPLICATION_ID = 0x57495245;
/** Bytes of a page. With texts of 100 to 200 kB 8 KiB writes a million conversations in half the time of SQLite's 4 KiB; 16 KiB gains little more. */
export const PAGE_SIZE = 8192;

const OF_RUN = "run_id INTEGER NOT NULL";

const TABLES: readonly string[] = [
  RUN.create("run_id INTEGER PRIMARY KEY AUTOINCREMENT"),
  CAPTURE.create(OF_RUN),
  "CREATE INDEX capture_run ON capture(run_id);",
  CONVERSATION_SQL,
  KIND_SQL,
  "CREATE INDEX conversation_verdict ON conversation(run_id, verdict);",
  // `exact` holds the text as it was handed over where `data` had to be made storable, else NULL. `made_by`: the version whose text it
  // is; NULL where no other run can copy it. `left_out`: as a `RestChunk` has it, of what the text has not. `ends`: likewise. `verdict`: of
  // all rows that have none of their own. `alike`: objects of what many rows say last, by the numbers that stand there in its place.
  `CREATE TABLE rest_chunk (
  ${OF_RUN},
  seq INTEGER NOT NULL,
  made_by TEXT,
  left_out BLOB,
  ends TEXT,
  verdict TEXT,
  has_operations INTEGER NOT NULL,
  alike TEXT,
  data TEXT NOT NULL,
  exact TEXT,
  UNIQUE (run_id, seq)
);`,
  // Of a text that stands as another run wrote it, a byte a row: 1 where it counts for nothing, because it is judged.
  `CREATE TABLE rest_mask (
  ${OF_RUN},
  seq INTEGER NOT NULL,
  masked BLOB NOT NULL,
  PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;`,
  `CREATE TABLE rule_chunk (
  ${OF_RUN},
  seq INTEGER NOT NULL,
  data TEXT NOT NULL,
  exact TEXT,
  UNIQUE (run_id, seq)
);`,
  // `clients`: prints of who asked. `has_verdicts`: whether a row has one of its own. The others as those of `rest_chunk`.
  `CREATE TABLE lookup_chunk (
  ${OF_RUN},
  seq INTEGER NOT NULL,
  made_by TEXT,
  verdict TEXT,
  clients BLOB NOT NULL,
  has_verdicts INTEGER NOT NULL,
  data TEXT NOT NULL,
  exact TEXT,
  UNIQUE (run_id, seq)
);`,
  ASSET.create(OF_RUN),
  "CREATE INDEX asset_run ON asset(run_id);",
  `CREATE TABLE observation (
  ${OF_RUN},
  kind TEXT NOT NULL,
  seq INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (run_id, kind, seq)
);`,
];

export const SCHEMA = [
  ...TABLES,
  ...VIEWS,
  `PRAGMA application_id = ${APPLICATION_ID};`,
  `PRAGMA user_version = ${SCHEMA_VERSION};`,
].join("\n");
